"""What is known of the cluster that renderings are for."""

from gitguard.commands.reading import Reader
from gitguard.edges import data
from gitguard.model.repository import Repository
from gitguard.render.plans import Cluster
from gitguard.schema import Schemas
from gitguard.schema.lifecycle import served


def cluster(reader: Reader, repository: Repository) -> Cluster:
    """What renderings are told of the cluster: Kubernetes as configured, with the kinds that the repository's CRDs define."""
    configuration = repository.configuration
    schemas = Schemas(configuration.kubernetes, configuration.argocd.version, data.load)
    custom = {name for facts in repository.files.values() for name in facts.custom_resources}
    custom |= {name.rpartition("/")[0] for name in custom}
    versions = tuple(sorted({*served(schemas, repository.scopes), *custom}))
    return Cluster(f"{schemas.kubernetes}.0", versions, configuration.argocd.namespace, _build_options(repository))


def _build_options(repository: Repository) -> str | None:
    """What every argocd-cm of the repository says of kustomize; None where there is none, or where they differ."""
    settings = [(item.content or {}).get("settings") for facts in repository.files.values() for item in facts.objects]
    said = {str(one.get("kustomize.buildOptions", "")) for one in settings if one is not None}
    return said.pop() if len(said) == 1 else None
