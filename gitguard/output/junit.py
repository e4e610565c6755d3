"""JUnit XML: a test suite a rule, a case a finding."""

from collections import Counter
from collections.abc import Iterable

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from gitguard.model.finding import Finding, Report
from gitguard.output.printing import printable
from gitguard.rules import CATALOGUE


def render(report: Report) -> str:
    """Errors are failures, and what could not be judged errors; there is no warning in JUnit, and so warnings, notes, old findings, and what is
    undetermined or suppressed are skipped cases with their text."""
    by_rule: dict[str, list[Finding]] = {}
    for finding in report.findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    document = JUnitXml("gitguard")
    if report.failures:
        document.add_testsuite(
            _suite("incomplete", (_named(item.path or "gitguard", "incomplete", Error(printable(item.message))) for item in report.failures))
        )
    order = {rule.id: number for number, rule in enumerate(CATALOGUE)}
    for rule in sorted(by_rule, key=lambda name: (order.get(name, len(order)), name)):
        document.add_testsuite(_suite(rule, map(_case, by_rule[rule])))
    undetermined = [
        _named(f"{item.site.path} {item.object}", item.rule, Skipped(printable(f"undetermined: {item.reason}; needs {item.needs}")))
        for item in report.undetermined
    ]
    suppressed = [_named(_title(item.finding), item.finding.rule, Skipped(printable(f"suppressed: {item.reason}"))) for item in report.suppressed]
    for name, cases in (("undetermined", undetermined), ("suppressed", suppressed)):
        if cases:
            document.add_testsuite(_suite(name, cases))
    good = [TestCase(f"fixed: {printable(_title(finding))}", printable(finding.rule)) for finding in report.fixed or ()]
    good += [TestCase(printable(remark), "remark") for remark in report.remarks]
    if good:
        document.add_testsuite(_suite("passed", good))
    if not by_rule and not report.failures and not good:
        # Some systems take a report without a case for one that is broken.
        document.add_testsuite(_suite("gitguard", [TestCase("nothing to report", "gitguard")]))
    document.update_statistics()  # type: ignore[no-untyped-call]
    text: bytes = document.tostring()  # type: ignore[no-untyped-call]
    return text.decode() + "\n"


def _suite(name: str, cases: Iterable[TestCase]) -> TestSuite:
    suite = TestSuite(printable(name))
    seen: Counter[str] = Counter()
    named = []
    for case in cases:
        seen[case.name] += 1
        # GitLab drops what has a name that it has seen.
        case.name += f" (#{seen[case.name]})" if seen[case.name] > 1 else ""
        named.append(case)
    # All at once: the suite counts its cases anew whenever some are added.
    suite.add_testcases(named)
    return suite


def _case(finding: Finding) -> TestCase:
    said = printable(finding.message)
    counts = finding.level == "error" and finding.status != "old"
    result = Failure(said, finding.level) if counts else Skipped(f"{'old ' if finding.status == 'old' else ''}{finding.level}: {said}")
    related = [f"see {one.site.path}:{one.site.line}: {one.message}" for one in finding.related]
    result.text = "\n".join(map(printable, [_place(finding), *related, *([f"fix: {finding.fix}"] if finding.fix else [])]))
    return _named(_title(finding), finding.rule, result)


def _named(name: str, rule: str, result: Error | Failure | Skipped) -> TestCase:
    case = TestCase(printable(name), printable(rule))
    case.result = [result]
    return case


def _title(finding: Finding) -> str:
    named = str(finding.object)
    return f"{finding.site.path}: {named}" if named else finding.site.path


def _place(finding: Finding) -> str:
    return f"{finding.site.path}:{finding.site.line}:{finding.site.column}"
