"""One page that needs nothing else: no script or style from elsewhere, light or dark as the reader has it."""

from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from html import escape
from itertools import groupby

from gitguard import __version__
from gitguard.model.finding import LEVELS, Failure, Finding, Report
from gitguard.output.headline import headline
from gitguard.output.printing import printable
from gitguard.output.ranking import counted

_STYLE = """
:root{color-scheme:light dark;--line:#8884;--faint:#777;--error:#c62828;--warning:#b26a00;--note:#1565c0}
@media(prefers-color-scheme:dark){:root{--error:#ff8a80;--warning:#ffb74d;--note:#82b1ff;--faint:#999}}
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}h2{font:600 1rem ui-monospace,monospace;margin:1.6rem 0 .4rem;overflow-wrap:anywhere}
article{border-left:4px solid var(--line);padding:.3rem .8rem;margin:.5rem 0;content-visibility:auto;contain-intrinsic-size:auto 5rem}
article.error{border-color:var(--error)}article.warning{border-color:var(--warning)}article.note{border-color:var(--note)}
.level{font-weight:600}.error>.level{color:var(--error)}.warning>.level{color:var(--warning)}.note>.level{color:var(--note)}
.faint,dt{color:var(--faint)}p{margin:.2rem 0;overflow-wrap:anywhere}code{font-family:ui-monospace,monospace}
fieldset{border:1px solid var(--line);border-radius:.4rem;margin:1rem 0;display:flex;gap:1.2rem;flex-wrap:wrap;align-items:center}
.old article.is-old,.error-off article.error,.warning-off article.warning,.note-off article.note,.hidden{display:none}
"""
_SCRIPT = """
const boxes=[...document.querySelectorAll("input[type=checkbox]")],find=document.querySelector("input[type=search]"),
main=document.querySelector("main");
function show(){for(const box of boxes)main.classList.toggle(box.value,!box.checked);
const text=find.value.toLowerCase();for(const file of main.querySelectorAll("section")){let any=false;
for(const one of file.querySelectorAll("article")){const hit=!text||(file.dataset.path+one.textContent).toLowerCase().includes(text);
one.classList.toggle("hidden",!hit);any=any||(hit&&getComputedStyle(one).display!=="none")}file.classList.toggle("hidden",!any)}}
for(const box of boxes)box.onchange=show;find.oninput=show;show();
"""


def render(report: Report) -> str:
    """The whole page."""
    allowed = " ".join(f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in (_SCRIPT,))
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src {allowed}; base-uri 'none'; form-action 'none'"
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width,initial-scale=1"><title>gitguard</title>',
            f"<style>{_STYLE}</style></head><body>",
            f"<h1>gitguard: {headline(report)}</h1>",
            *map(_failure, report.failures),
            *(f'<p class="faint">{_text(remark)}</p>' for remark in report.remarks),
            *([_filters(report)] if report.findings else []),
            "<main>",
            *_files(report.findings),
            "</main>",
            *_section("Fixed by this change", (_finding(finding) for finding in report.fixed or ())),
            *_section("Undetermined", (_paragraph(str(item.object), item.reason, f"needs {item.needs}") for item in report.undetermined)),
            *_section("Suppressed", (_paragraph(item.finding.rule, item.finding.site.path, item.reason) for item in report.suppressed)),
            f'<p class="faint">{_read(report)}; gitguard {_text(__version__)}</p>',
            *([f"<script>{_SCRIPT}</script>"] if report.findings else []),
            "</body></html>",
            "",
        ]
    )


def _text(text: str) -> str:
    return escape(printable(text))


def _read(report: Report) -> str:
    read = report.counts
    kinds = (counted(read.manifests, "manifest"), counted(read.applications, "Application"), counted(read.projects, "AppProject"))
    more = (f"{len(report.skipped)} skipped", f"{len(report.undetermined)} undetermined", f"{len(report.suppressed)} suppressed")
    return ", ".join((counted(read.files, "file"), *kinds, f"{read.judged} judged", *more))


def _filters(report: Report) -> str:
    boxes = [(f"{level}-off", f"{level}s", True) for level in reversed(LEVELS) if any(one.level == level for one in report.findings)]
    boxes += [("old", "old findings", False)] if any(one.status == "old" for one in report.findings) else []
    shown = "".join(f'<label><input type="checkbox" value="{value}"{" checked" if on else ""}> {name}</label>' for value, name, on in boxes)
    return f'<fieldset>{shown}<label>Find <input type="search"></label></fieldset>'


def _files(findings: Iterable[Finding]) -> Iterable[str]:
    for path, members in groupby(findings, key=lambda finding: finding.site.path):
        yield f'<section data-path="{_text(path)}"><h2>{_text(path) or "the repository"}</h2>'
        yield from map(_finding, members)
        yield "</section>"


def _finding(finding: Finding) -> str:
    old = " is-old" if finding.status == "old" else ""
    where = f"line {finding.site.line}" if finding.site.line else ""
    about = ", ".join(part for part in (where, str(finding.object), finding.status) if part)
    related = "".join(f'<p class="faint">see {_text(f"{one.site.path}:{one.site.line}")}: {_text(one.message)}</p>' for one in finding.related)
    fix = f'<p class="faint">fix: {_text(finding.fix)}</p>' if finding.fix else ""
    head = f'<span class="level">{finding.level}</span> <code>{_text(finding.rule)}</code> <span class="faint">{_text(about)}</span>'
    return f'<article class="{finding.level}{old}">{head}<p>{_text(finding.message)}</p>{related}{fix}</article>'


def _failure(failure: Failure) -> str:
    return f'<article class="error"><span class="level">not judged</span> {_text(failure.path)}<p>{_text(failure.message)}</p></article>'


def _section(title: str, articles: Iterable[str]) -> Iterable[str]:
    listed = list(articles)
    return [f"<details><summary>{title}: {len(listed)}</summary>", *listed, "</details>"] if listed else []


def _paragraph(*parts: str) -> str:
    return f"<p>{_text(': '.join(part for part in parts if part))}</p>"
