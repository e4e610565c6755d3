"""Random kustomizations and random kustomize options of Applications, some of them broken; a seed makes a case come back."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import yaml

from gitguard.render.source import KUSTOMIZATIONS

T = TypeVar("T")

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: d, labels: {own: x}}
spec:
  replicas: 1
  selector: {matchLabels: {app: d}}
  template:
    metadata: {labels: {app: d}}
    spec: {containers: [{name: c, image: "nginx:1"}, {name: s, image: "quay.io:5000/a/b@sha256:0f"}, {name: t, image: "*"}]}
"""
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -{}\n"
STRATEGIC = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {replicas: 7}\n"
FILES = {
    "web/d.yaml": DEPLOYMENT,
    "web/patch.yaml": STRATEGIC,
    "base/kustomization.yaml": "resources: [cm.yaml]\n",
    "base/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\ndata: {it: $(NAME)}\n",
    "components/a/kustomization.yaml": COMPONENT.format("a"),
    "components/b/kustomization.yml": COMPONENT.format("b"),
    "components/.hidden/kustomization.yaml": COMPONENT.format("hidden"),
    "components/none/cm.yaml": "a: b\n",
    "components/file.yaml": "a: b\n",
    "web/parts/x/Kustomization": COMPONENT.format("x"),
    "web/parts/[y]/kustomization.yaml": COMPONENT.format("y"),
}
NAMES = ["nginx", "quay.io:5000/a/b", "*", "redis", "docker.io/library/nginx", "a.b/c", "d"]
TAGS = ["2", "v1.2_3-x", "*", "", "a b", "07", "1e3", "true"]
DIGESTS = ["sha256:abc", "*", "", "sha256"]
KEYS = ["team", "own", "app", "example.com/x", "a.b", "team", "env"]
VALUES = ["web", "", "1", "true", "a,b", "a:b", "a,b:c", '"q"', '"', "'s'", " x ", "$ARGOCD_APP_NAME", "${ARGOCD_APP_NAME}-$$x", "$NO", "é", "~"]
COMPONENTS = [
    "../components/a",
    "../components/b",
    "../components/*",
    "../components/[ab]",
    "../*/b",
    "../components/a/",
    "./../components/a",
    "../components/.*",
    "../components/none",
    "../components/file.yaml",
    "../components/no",
    "../no/*",
    "parts/x",
    "parts/*",
    "parts/[y]",
    "parts/?",
    "kustomization.yaml",
    "*.yaml",
    "[",
    "",
    ".",
    "..",
    "../web",
    "-x",
    "../components/a",
]
GOOD_COMPONENTS = ["../components/a", "../components/b", "../components/[ab]", "parts/x", "parts/*", "./parts/x", "../components/a/"]
WRONG: list[Any] = [None, 5, "text", [], ["text"], [5], [None], {}, {"a": 1}, {"a": None}, [{"nope": "x"}], [{}], True, ""]


class Case(NamedTuple):
    """A repository whose folder `web` an Application deploys with options."""

    files: dict[str, str]
    options: dict[str, Any]


class Kustomizations:
    """An endless source of cases."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._careful = False

    def cases(self, count: int) -> Iterator[Case]:
        for _ in range(count):
            # Most cases are mostly right: where everything is refused, little is compared.
            self._careful = self._chance(0.75)
            name = self._pick((*KUSTOMIZATIONS, KUSTOMIZATIONS[0]))
            files = {**FILES, f"web/{name}": self.text()}
            if self._wrong(0.05):
                files |= {f"web/{self._pick(KUSTOMIZATIONS)}": "resources: [d.yaml]\n"}
            if self._wrong(0.03):
                del files[f"web/{name}"]
            yield Case(files, self.options())

    def text(self) -> str:
        if self._wrong(0.08):
            return self._pick(
                ("", "# nothing\n", "{}\n", "null\n", "[]\n", "a: [\n", "text\n", "5\n", "---\nresources: [d.yaml]\n---\nresources: [no.yaml]\n")
            )
        value = self.kustomization()
        if self._chance(0.3):
            return json.dumps(value, indent=self._pick((None, 1)))
        parts = [yaml.safe_dump({key: said}, sort_keys=False, allow_unicode=True) for key, said in value.items()]
        return "".join(self._pick(("", "", "# a comment\n", "\n")) + part for part in parts) or "{}\n"

    def kustomization(self) -> dict[str, Any]:
        value: dict[str, Any] = {}
        if self._chance(0.4):
            value |= {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
        elif self._wrong(0.1):
            value |= {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component"}
        value["resources"] = self._pick((["d.yaml"], ["d.yaml"], ["d.yaml"], ["../base", "d.yaml"], *([] if self._careful else [["../base"], []])))
        fields: dict[str, Callable[[], Any]] = {
            "bases": lambda: [] if self._careful and "../base" in value["resources"] else ["../base"],
            "namePrefix": lambda: self._pick(("p-", "")),
            "nameSuffix": lambda: self._pick(("-s", "")),
            "namespace": lambda: self._pick(("team", "")),
            "images": self.images,
            "imageTags": self.images,
            "replicas": lambda: (
                [{"name": "d", "count": self._pick((0, 3, 5))} for _ in range(self._number(2))] + self._bad({"name": "e", "count": "3"})
            ),
            "labels": lambda: [self.label() for _ in range(self._number(3))],
            "commonLabels": self.pairs,
            "commonAnnotations": self.pairs,
            "patches": lambda: [self.patch() for _ in range(self._number(2))],
            "patchesStrategicMerge": lambda: [self._pick(("patch.yaml", STRATEGIC))],
            "patchesJson6902": lambda: [self.json_patch()],
            "vars": lambda: (
                [{"name": "NAME", "objref": {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"}}] if "../base" in value["resources"] else []
            ),
            "components": lambda: self._some(("../components/a", "../components/b", "parts/x"), 1) + self._bad("../components/*"),
            "configMapGenerator": lambda: [{"name": "g", "literals": ["a=b"]}],
            "sortOptions": lambda: self._pick(({"order": "fifo"}, *self._bad({}))),
            "generatorOptions": lambda: self._pick(({}, {"disableNameSuffixHash": True})),
            "buildMetadata": lambda: self._pick(([], ["originAnnotations"])),
        }
        for field, make in fields.items():
            if self._chance(0.15):
                value[field] = make()
        if self._wrong(0.3):
            value[self._pick((*fields, "resources", "kind", "nope"))] = self._pick(WRONG)
        if self._chance(0.1):
            field = self._pick(tuple(value))
            value[self._pick((field.lower(), field.upper(), field[0].upper() + field[1:]))] = value.pop(field)
        pairs = list(value.items())
        if self._chance(0.3):
            self._random.shuffle(pairs)
        return dict(pairs)

    def images(self) -> list[Any]:
        made = []
        for _ in range(self._number(3)):
            image: dict[str, Any] = {"name": self._pick(NAMES)}
            for field, values in (("newName", NAMES), ("newTag", TAGS), ("digest", DIGESTS), ("tagSuffix", ["-x", ""])):
                if self._chance(0.35):
                    image[field] = self._pick(values)
            if self._chance(0.06):
                field = self._pick(tuple(image))
                image[self._pick((field.upper(), field.lower()))] = image.pop(field)
            if self._wrong(0.1):
                image[self._pick(("name", "newTag", "nope", "newTag"))] = self._pick((1.5, None, 7, True))
            made.append(image)
        return made

    def label(self) -> Any:
        label: dict[str, Any] = {"pairs": self.pairs()}
        for field in ("includeSelectors", "includeTemplates"):
            if self._chance(0.3):
                label[field] = self._chance(0.6)
        if self._chance(0.1):
            label["fields"] = [{"path": "spec/x", "create": True, "kind": "Deployment"}]
        if self._wrong(0.2):
            del label["pairs"]
        if self._wrong(0.1):
            label[self._pick(("includeTemplates", "nope", "pairs", "INCLUDETEMPLATES"))] = self._pick((None, True, "true", {"a": 1}))
        return label

    def pairs(self) -> dict[str, Any]:
        pairs: dict[str, Any] = {self._pick(KEYS): self._pick(("x", "y", "")) for _ in range(self._number(3))}
        if self._wrong(0.1):
            pairs[self._pick(KEYS)] = self._pick((1, None, True))
        return pairs

    def json_patch(self) -> dict[str, Any]:
        operation = f"- {{op: replace, path: /spec/replicas, value: {self._number(9)}}}\n"
        return {"target": {"version": "v1", "group": "apps", "kind": "Deployment", "name": "d"}, "patch": operation}

    def patch(self) -> dict[str, Any]:
        return self._pick((self.json_patch(), {"path": "patch.yaml"}, {"patch": STRATEGIC}, {"patch": STRATEGIC, "target": {"kind": "Deployment"}}))

    def options(self) -> dict[str, Any]:
        made: dict[str, Any] = {}
        choices: dict[str, Callable[[], Any]] = {
            "namePrefix": lambda: self._pick(("a-", "-", "", "--help", "é")),
            "nameSuffix": lambda: self._pick(("-z", "-h")),
            "images": lambda: [self.image() for _ in range(self._number(3))],
            "replicas": lambda: [self.replica() for _ in range(self._number(3))],
            "commonLabels": self.strings,
            "commonAnnotations": self.strings,
            "namespace": lambda: self._pick(("other", "", "Not Valid", "-n")),
            "patches": lambda: [self.own_patch() for _ in range(self._number(2))],
            "components": lambda: self._some(GOOD_COMPONENTS if self._careful else COMPONENTS, 2),
        }
        for field, make in choices.items():
            if self._chance(0.25):
                made[field] = make()
        for switch in ("labelWithoutSelector", "labelIncludeTemplates", "forceCommonLabels", "forceCommonAnnotations"):
            if self._chance(0.45):
                made[switch] = True
        if self._careful and made.get("labelIncludeTemplates"):
            made["labelWithoutSelector"] = True
        for switch in ("commonAnnotationsEnvsubst", "ignoreMissingComponents"):
            if self._chance(0.3):
                made[switch] = True
        return made

    def image(self) -> str:
        tag = self._pick((*self._bad(""), f":{self._pick(TAGS)}", f":{self._pick(TAGS)}", f":{self._pick(TAGS)}"))
        digest = self._pick(("", "", "", f"@{self._pick(DIGESTS)}"))
        name = self._pick((*NAMES, "", "$ARGOCD_APP_NAME", "x:y@z:1", "-n") if self._wrong(0.2) else NAMES)
        target = f"{name}{tag}{digest}"
        return (
            f"{self._pick((*NAMES, *self._bad('')))}={target}{self._pick(('', *self._bad('='), *self._bad('=x')))}" if self._chance(0.5) else target
        )

    def replica(self) -> dict[str, Any]:
        name = self._pick(("d", "d", "e", "cm", "a=b", "", "-d") if self._wrong(0.3) else ("d",))
        return {
            "name": name,
            "count": self._pick(
                (0, 3, 4, -1, "5", "+6", "-2", "07", "x", "", "1.5", " 1", "1_0", "٣", "99999999999999999999")
                if self._wrong(0.4)
                else (3, "4", "+6", "07", 0)
            ),
        }

    def strings(self) -> dict[str, str]:
        return {
            self._pick((*KEYS, "", "a:b", "-f", "--force", '"k"', "a,b") if self._wrong(0.2) else KEYS): self._pick(VALUES)
            for _ in range(self._number(3))
        }

    def own_patch(self) -> dict[str, Any]:
        patch = self.patch()
        if self._chance(0.2):
            patch = {**patch, "options": {"allowNameChange": True}}
        if self._chance(0.1):
            patch = {**patch, "nope": 1, "target": {"kind": "Deployment", "nope": "x"}}
        return patch

    def _some(self, values: Sequence[T], most: int) -> list[T]:
        return [self._pick(values) for _ in range(1 + self._number(most))]

    def _number(self, most: int) -> int:
        return self._random.randint(0, most)

    def _pick(self, values: Sequence[T]) -> T:
        return self._random.choice(values)

    def _bad(self, value: T) -> list[T]:
        """The value where a case may be wrong."""
        return [] if self._careful else [value]

    def _wrong(self, share: float) -> bool:
        return not self._careful and self._chance(share)

    def _chance(self, share: float) -> bool:
        return self._random.random() < share
