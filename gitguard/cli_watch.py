"""The command line of the watch: `gitguard reconcile`."""

import gc
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import click

from gitguard.cli_finish import finish
from gitguard.commands.options import Options
from gitguard.model.errors import UsageError

_PACKAGES = ("cryptography", "kubernetes", "prometheus_client", "rfc8785")


@click.command()
@click.option("--repo", default=".", show_default=True, metavar="PATH|URL", help="The config repository.")
@click.option("--ref", default="main", show_default=True, help="Its branch (or tag) that Argo CD deploys.")
@click.option("--kubeconfig", type=click.Path(path_type=Path), help="Which kubeconfig (default: the usual one, or the pod's service account).")
@click.option("--context", default="", help="Which context of it (default: the contexts in the configuration's clusters, else the current one).")
@click.option("--ledger", default="", metavar="DIR", help="The ledger: a folder, or s3://BUCKET/PREFIX. Several clusters have one each below it.")
@click.option("--private", type=click.Path(path_type=Path), help="The file of the ledger's private key (default: DIR.key; made where there is none).")
@click.option(
    "--mode",
    type=click.Choice(["observe", "enforce"]),
    default="observe",
    show_default=True,
    help="enforce puts git's word back; observe only tells.",
)
@click.option("--once", is_flag=True, help="Make one pass and exit.")
@click.option("--dry-run", is_flag=True, help="Make one pass, show what enforce would do, write nothing: neither to the cluster nor to the ledger.")
@click.option("--audit-log", default="", metavar="FILE", help="Kubernetes' audit log, JSON lines, followed across rotation; - is stdin.")
@click.option("--audit-webhook", default="", metavar="HOST:PORT", help="Listen there for the audit that the API server posts.")
@click.option("--audit-token-file", type=click.Path(path_type=Path), help="The bearer token that it has to send (or $GITGUARD_AUDIT_TOKEN).")
@click.option("--audit-cert", type=click.Path(path_type=Path), help="The webhook's certificate chain, PEM; needed elsewhere than on 127.0.0.1.")
@click.option("--audit-key", type=click.Path(path_type=Path), help="Its private key, PEM.")
@click.option("--argocd-log", default="", metavar="FILE", help="The log of Argo CD's API server, followed like the audit: whom it wrote for.")
@click.option(
    "--resync", default=600.0, show_default=True, type=click.FloatRange(1.0), metavar="SECONDS", help="How often everything is listed anew."
)
@click.option("--metrics", default="", metavar="HOST:PORT", help="Serve /metrics, /healthz and /readyz there.")
@click.option("--verify-signatures", is_flag=True, help="Only a commit that `git verify-commit` accepts is git's word.")
@click.option("--config", type=click.Path(path_type=Path), help="Use this file instead of the repository's .gitguard.yaml.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True, help="With --once or --dry-run.")
@click.option("--verbose", "-v", is_flag=True, help="Tell also what is not enforced, and why.")
@click.option("--no-cache", is_flag=True, help="Do not keep what is rendered.")
def reconcile(**given: Any) -> None:
    """Watch clusters: find what did not come from git, say who did it, put git's word back, and record all of it.

    Without --once it runs until SIGTERM, finishes the act in hand and leaves the ledger valid. What it does is told on stderr, one JSON object a
    line.

    Exit codes: 0 nothing was found (or it was told to end), 1 drift, 2 wrong command line, repository or configuration, 3 a cluster or a ledger
    can't be used.
    """
    from importlib.util import find_spec

    missing = [package for package in _PACKAGES if find_spec(package) is None]
    if missing:
        raise UsageError(f"the watch takes {', '.join(missing)}, not installed here", "pip install 'gitguard-gitops[watch,render]'")
    from gitguard.commands import reconcile as command
    from gitguard.edges import logs

    if bool(given["audit_cert"]) != bool(given["audit_key"]):
        raise UsageError("a certificate needs its key", "--audit-cert and --audit-key belong together")
    asked = command.Asked(
        repository=given["repo"], ref=given["ref"], kubeconfig=given["kubeconfig"], context=given["context"], ledger=given["ledger"],
        private=given["private"], enforce=given["mode"] == "enforce" or given["dry_run"], once=given["once"], dry_run=given["dry_run"],
        audit_log=given["audit_log"], audit_webhook=given["audit_webhook"], audit_token=_token(given["audit_token_file"]),
        audit_certificate=(given["audit_cert"], given["audit_key"]) if given["audit_cert"] else None,
        argocd_log=given["argocd_log"], resync=given["resync"],
        metrics=given["metrics"], verify=given["verify_signatures"],
    )  # fmt: skip
    command.checked(asked)
    # It runs for months, and makes cycles.
    gc.enable()
    logs.configure(sys.stderr, given["verbose"], errors_only=asked.once or asked.dry_run)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    options = Options(dict(os.environ), given["config"], given["format_"], verbose=given["verbose"], cache=not given["no_cache"])
    finish(command.run(asked, options, stop), None)


def _token(file: Path | None) -> str:
    if file is None:
        return os.environ.get("GITGUARD_AUDIT_TOKEN", "")
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: {getattr(error, 'strerror', '') or 'no text'}", "--audit-token-file names a file with the token") from error
