"""Which service account syncs an Application, where impersonation is on: Argo CD's DeriveServiceAccountToImpersonate (util/settings)."""

from gitguard.argo.glob import compiles, match
from gitguard.model.argo import Project, Verdict

_FORBIDDEN = frozenset("!*[]{}\\/")


def account_problem(account: str) -> str:
    """What is wrong with the name of a service account; "" where it is fine."""
    if not account.strip(" "):
        return "the service account is empty"
    wrong = sorted(_FORBIDDEN.intersection(account))
    return f"the service account `{account}` has {', '.join(f'`{character}`' for character in wrong)}" if wrong else ""


def service_account(project: Project, server: str, namespace: str, application_namespace: str, version: str = "3.6") -> Verdict:
    """`server` is the resolved cluster's, `namespace` the destination's. Permitted: the reason is the account, "" where no entry matches.

    Not permitted: every sync fails, for the reason given. The first entry that matches wins; a glob that does not compile on the way to it
    stops the search.
    """
    for number, entry in enumerate(project.destination_service_accounts):
        pointer = f"/spec/destinationServiceAccounts/{number}"
        for pattern, field in ((entry.server, "server"), (entry.namespace, "namespace")):
            if compiles(pattern, version):
                return Verdict(False, f"the {field} `{pattern}` is no glob: {compiles(pattern, version)}", f"{pointer}/{field}")
        if match(entry.server, server, version=version) and match(entry.namespace, namespace, version=version):
            problem = account_problem(entry.account)
            if problem:
                return Verdict(False, problem, f"{pointer}/defaultServiceAccount")
            account = entry.account if ":" in entry.account else f"{namespace or application_namespace}:{entry.account}"
            return Verdict(True, f"system:serviceaccount:{account}", pointer)
    return Verdict(True, "", "")
