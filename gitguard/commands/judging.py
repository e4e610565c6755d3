"""What schemas say of the objects that charts and kustomizations make: Kubernetes', Argo CD's, and CustomResourceDefinitions', made ones too."""

from collections.abc import Iterator, Mapping, Sequence

from gitguard.commands.reading import Reader
from gitguard.manifests.facts import defined
from gitguard.model.files import Entry, Violation
from gitguard.model.rendering import RenderedObject
from gitguard.model.repository import Deployed, Repository
from gitguard.schema import Schemas


def judged(deployed: Sequence[Deployed], repository: Repository, reader: Reader, entries: Mapping[str, Entry]) -> tuple[Deployed, ...]:
    """Each with the rules that its objects break by themselves. What lies in a file as it is was judged there."""
    schemas = _schemas(deployed, repository, reader, entries)
    return tuple(one._replace(violations=tuple(_violations(one, repository, reader, schemas))) for one in deployed)


def _schemas(deployed: Sequence[Deployed], repository: Repository, reader: Reader, entries: Mapping[str, Entry]) -> Schemas:
    """With every CRD of a kind that occurs. As with files, an object need fit one of them: which one its cluster has is not known."""
    kinds = {(item.api_version, item.kind) for item in _objects(deployed) if _is_made(item)}
    wanted = {f"{api_version}/{kind}" for api_version, kind in kinds if not reader.is_built_in(api_version, kind)}
    files = [entries[path] for path, facts in repository.files.items() if wanted.intersection(facts.custom_resources)]
    # Sources of several Applications that are one rendering share their objects.
    crds = {id(item.manifest): item.manifest for item in _objects(deployed) if item.kind == "CustomResourceDefinition"}
    return reader.schemas(files, [crd for crd in crds.values() if wanted.intersection(defined(crd))])


def _objects(deployed: Sequence[Deployed]) -> Iterator[RenderedObject]:
    return (item for one in deployed for result in one.sources for item in result.objects)


def _is_made(item: RenderedObject) -> bool:
    return item.origin.document < 0


def _violations(one: Deployed, repository: Repository, reader: Reader, schemas: Schemas) -> Iterator[tuple[RenderedObject, Violation]]:
    for item in filter(_is_made, _objects([one])):
        facts = repository.files.get(item.origin.path)
        said = {(found.rule, found.message) for found in facts.violations} if facts else set()
        for found in reader.violations(item.manifest, item.api_version, item.kind, schemas):
            if (found.rule, found.message) not in said:
                yield item, found
