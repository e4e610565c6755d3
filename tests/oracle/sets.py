"""Random ApplicationSets with the repositories and control planes that they are expanded in: seeded, and often wrong."""

import random
from collections.abc import Iterator
from typing import Any

TREES: tuple[dict[str, str], ...] = (
    {
        "apps/web/kustomization.yaml": "kind: Kustomization\n",
        "apps/api/kustomization.yaml": "kind: Kustomization\n",
        "apps/api/overlays/Prod_1/config.json": '{"name": "api", "port": 8080, "on": true, "cluster": {"name": "prod", "address": "https://prod.example"}}',
        "apps/web/overlays/dev/config.json": '{"name": "web", "port": 1000000, "tags": ["a", "b"], "cluster": {"name": "dev", "address": "https://dev.example"}, "none": null}',
        "apps/.hidden/x/file.yaml": "a: 1\n",
        "teams/a/config.yaml": "name: team-a\nkeys: {env: prod}\nratio: 0.5\n",
        "teams/b/config.yaml": "- name: b-one\n  env: dev\n- name: b-two\n  env: prod\n  values: {x: y}\n",
        "teams/c/empty.yaml": "",
        "teams/c/deep/er/config.yaml": "name: c\nenv: dev\n",
        "root.yaml": "name: root\n",
    },
    {
        "clusters/prod/eu/values.yaml": "name: eu\nenv: prod\nserver: https://eu.example\nnumber: 7\n",
        "clusters/prod/us/values.yaml": "name: us\nenv: prod\nserver: https://us.example\nnumber: 8\n",
        "clusters/dev/values.yaml": "name: dev\nenv: dev\n",
        "clusters/dev/broken.yaml": "a: [\n",
        "clusters/dev/text.yaml": "just text\n",
        "charts/a-b/Chart.yaml": "name: a-b\n",
        "charts/a/b/Chart.yaml": "name: b\n",
        "charts/weird [x]/Chart.yaml": "name: weird\n",
    },
)
CLUSTERS: tuple[list[dict[str, Any]], ...] = (
    [],
    [
        {
            "name": "prod",
            "server": "https://prod.example",
            "labels": {"env": "prod", "tier": "1"},
            "annotations": {"owner": "a", "argocd.argoproj.io/refresh": "hard"},
        },
        {"name": "Dev_2", "server": "https://dev.example", "labels": {"env": "dev"}, "annotations": {}, "project": "team"},
        {"name": "bare", "server": "https://bare.example", "labels": {}, "annotations": {}},
    ],
    [{"name": "here", "server": "https://kubernetes.default.svc", "labels": {"env": "prod"}, "annotations": {"note": "{{name}}"}}],
)
DIRECTORIES = (
    "apps/*",
    "apps/*/overlays/*",
    "*",
    "*/*",
    "teams/?",
    "clusters/*/*",
    "charts/*",
    "charts/**",
    "apps/w*",
    "[",
    "gone/*",
    "charts/a*/*",
    "teams/[ab]",
    "clusters/{{env}}/*",
    "clusters/{{ .env }}/*",
    "apps/{{name}}",
)
FILES = (
    "**/config.json",
    "apps/**/config.json",
    "teams/*/config.yaml",
    "teams/**/config.yaml",
    "clusters/**/values.yaml",
    "clusters/*/*.yaml",
    "root.yaml",
    "*.yaml",
    "teams",
    "teams/c/*",
    "gone/*.json",
    "apps/*/overlays/*/config.json",
    "clusters/{{env}}/**/values.yaml",
    "clusters/{{ .env }}/**/values.yaml",
    "*/config.?aml",
    "teams/[ab]/*",
    "./root.yaml",
    "clusters/dev/",
    "../x",
)
NAMES = ("web", "api", "team-a", "prod", "eu", "b-one", "x y", "")
KEYS = ("name", "env", "cluster", "url", "values.env", "path.basename")


class Sets:
    """An endless source of ApplicationSets."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._go = self._careful = False

    def lines(self, count: int) -> Iterator[dict[str, Any]]:
        """Questions for the test bed."""
        for _ in range(count):
            made = self.application_set()
            # Argo CD lists clusters in an order that changes from run to run.
            flat = "flatList" in str(made)
            yield {
                "applicationSet": made,
                "files": self._random.choice(TREES),
                "doublestar": self._random.random() < 0.3,
                "clusters": self._random.choice([world for world in CLUSTERS if len(world) < 2 or not flat]),
                "projects": ["default", "team"],
            }

    def application_set(self) -> dict[str, Any]:
        self._go = self._chance(0.6)
        # Most sets are mostly right: where everything is refused, little is compared.
        self._careful = self._chance(0.75)
        spec: dict[str, Any] = {"generators": [self.generator(0) for _ in range(self._pick((1, 1, 1, 2)))], "template": self.template()}
        if self._go:
            spec["goTemplate"] = True
            options = self._pick(([], [], ["missingkey=error"], ["missingkey=zero"], ["missingkey=invalid"], ["missingkey=default"]))
            spec |= {"goTemplateOptions": options} if options else {}
            if self._chance(0.01):
                spec["goTemplateOptions"] = [self._pick(("missingkey=what", "x", ""))]
        if self._chance(0.2):
            spec["templatePatch"] = self.patch()
        if self._chance(0.1):
            spec["syncPolicy"] = {"preserveResourcesOnDeletion": True}
        return {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "ApplicationSet",
            "metadata": {"name": "set", "namespace": self._pick(("argocd", "team"))},
            "spec": spec,
        }

    def _pick(self, choices: Any) -> Any:
        return self._random.choice(choices)

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def generator(self, depth: int) -> dict[str, Any]:
        kinds = ["list", "list", "directories", "directories", "files", "files", "clusters"] + (
            ["matrix", "merge"] * 2 if depth < 2 or self._chance(0.02) else []
        )
        kind = self._pick(kinds)
        if self._chance(0.01):
            return self._pick(({}, {"gone": {}}, {"list": {}, "clusters": {}}, {"git": {"repoURL": "x", "revision": "y"}}))
        body = {
            "list": self.list_body,
            "directories": self.directories_body,
            "files": self.files_body,
            "clusters": self.clusters_body,
            "matrix": lambda: {"generators": [self.generator(depth + 1) for _ in range(self._pick((2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 1)))]},
            "merge": lambda: self.merge_body(depth),
        }[kind]()
        if self._chance(0.12):
            body["template"] = self.override()
        made = {"git" if kind in ("directories", "files") else kind: body}
        if self._chance(0.15):
            made["selector"] = self.selector()
        return made

    def reference(self) -> str:
        if self._go:
            return self._pick(
                (
                    ".name",
                    ".env",
                    ".cluster",
                    ".path.path",
                    ".path.basename",
                    ".path.basenameNormalized",
                    "index .path.segments 1",
                    ".server",
                    ".values.env",
                    ".metadata.labels.env",
                    'index .metadata.labels "env"',
                    ".gone",
                    "$.name",
                    ".number",
                    ".nameNormalized",
                    ".path.filename",
                    ".url",
                    ".pre.path.basename",
                    ".cluster.name",
                )
            )
        return self._pick(
            (
                "name",
                "env",
                "cluster",
                "path",
                "path.basename",
                "path.basenameNormalized",
                "path[1]",
                "path[0]",
                "server",
                "values.env",
                "metadata.labels.env",
                "gone",
                "number",
                "nameNormalized",
                "path.filename",
                "url",
                "pre.path.basename",
                "cluster.name",
                "keys.env",
                "tags.0",
                "metadata.annotations.owner",
            )
        )

    def text(self) -> str:
        if self._careful and self._chance(0.5):
            name = self._pick(("name", "env"))
            return self._pick((f"{{{{ .{name} }}}}", f"x-{{{{ .{name} }}}}", f'{{{{ default "n" .{name} }}}}')) if self._go else f"{{{{{name}}}}}"
        reference = self.reference()
        if not self._go:
            return (
                self._pick(("{{%s}}", "{{ %s }}", "a-{{%s}}", "{{%s}}-{{name}}", "{{{%s}}}", "{{%s}", "{{%s", "plain%.0s", "{{\n%s}}", "{{}}%s"))
                % reference
                if self._chance(0.15)
                else "{{" + reference + "}}"
            )
        if self._chance(0.5):
            return "{{ " + reference + " }}"
        forms = (
            "{{ %s | lower }}",
            "{{ %s | normalize }}",
            "{{- %s -}}",
            '{{ default "none" %s }}',
            "{{ if %s }}yes{{ else }}no{{ end }}",
            "{{ %s | quote }}",
            '{{ %s | replace "-" "_" }}',
            "{{ toJson %s }}",
            '{{ printf "%%s-x" (%s) }}',
            "{{ %s | slugify }}",
            "{{ with %s }}{{ . }}{{ end }}",
            "{{ %s | toYaml }}",
            "{{ %s | trunc 3 }}",
            '{{ (%s) | upper | trimSuffix "A" }}',
            "{{ range . }}{{ . }}{{ end }}%.0s",
            "{{ %s | nope }}",
            "{{ .name }}-{{ %s }}",
            "plain%.0s",
            '{{ index . "name" }}%.0s',
            '{{ eq %s "prod" }}',
            '{{ hasKey . "env" }}%.0s',
            '{{ ternary "a" "b" (eq .name "web") }}%.0s',
        )
        return self._pick(forms) % reference

    def value(self) -> Any:
        if self._go:
            return self._pick((*NAMES, 3, 1000000, 0.5, True, None, ["a", "b"], {"name": "n", "deep": {"er": 1}}, {"env": "prod"}, self.text()))
        return self._pick((*NAMES, *NAMES, self.text())) if self._chance(0.98) else self._pick((1, None, {}))

    def list_body(self) -> dict[str, Any]:
        elements = []
        for _ in range(self._pick((0, 1, 2, 2, 3))):
            element = {key: self.value() for key in ("name", "env", "cluster", "url") if self._chance(0.6)}
            if self._chance(0.3):
                element["values"] = {"env": self._pick(NAMES), "zone": "z"} if self._chance(0.9) else self._pick(("x", None, {"n": 1}))
            elements.append(element)
        body: dict[str, Any] = {"elements": elements}
        if self._chance(0.15):
            body["elementsYaml"] = self._pick(
                (
                    "- name: yaml\n  env: dev\n- {name: two, number: 5, on: yes}\n",
                    "[]",
                    "a: b",
                    "- x",
                    "- [",
                    "",
                    "{{ .list | toJson }}",
                    "- {name: '{{name}}'}",
                    "- name: {{ .name }}\n",
                    "# nothing",
                )
            )
        if self._chance(0.03):
            del body["elements"]
        return body

    def git_body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"repoURL": "https://git.example.com/here.git", "revision": "HEAD"}
        if self._chance(0.15):
            body["pathParamPrefix"] = "pre"
        if self._chance(0.25):
            body["values"] = self.values()
        return body

    def values(self) -> dict[str, str]:
        return {key: self._pick((self.text(), "fixed", self.text())) for key in ("env", "zone", "x") if self._chance(0.6)}

    def rules(self, patterns: tuple[str, ...]) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = [{"path": self._pick(patterns)} for _ in range(self._pick((1, 1, 2)))]
        if self._chance(0.3):
            made.append({"path": self._pick(patterns), "exclude": True})
        return made

    def directories_body(self) -> dict[str, Any]:
        return {**self.git_body(), "directories": self.rules(DIRECTORIES)}

    def files_body(self) -> dict[str, Any]:
        return {**self.git_body(), "files": self.rules(FILES)}

    def clusters_body(self) -> dict[str, Any]:
        body: dict[str, Any] = {}
        if self._chance(0.5):
            body["selector"] = self._pick(
                (
                    {},
                    {"matchLabels": {"env": "prod"}},
                    {"matchLabels": {"env": "{{env}}"}},
                    {"matchLabels": {"env": "{{ .env }}"}},
                    {"matchExpressions": [{"key": "tier", "operator": "Exists"}]},
                    {"matchExpressions": [{"key": "env", "operator": "NotIn", "values": ["dev"]}]},
                    {"matchExpressions": [{"key": "env", "operator": "In"}]},
                    {"matchLabels": {"a b": "x"}},
                )
            )
        if self._chance(0.35):
            body["values"] = self.values()
        if self._chance(0.08):
            body["flatList"] = True
        return body

    def merge_body(self, depth: int) -> dict[str, Any]:
        children = [self.generator(depth + 1) for _ in range(self._pick((2, 2, 2, 3, 1)))]
        if self._chance(0.6):
            key = self._pick(("name", "env"))
            first = [{key: name, "url": f"u-{name}", "values": {"env": "base"}} for name in ("web", "prod", "dev", "bare", "eu")]
            second = [{key: name, "url": "overridden", "values": {"env": self._pick(NAMES)}} for name in ("prod", "web", "none") if self._chance(0.8)]
            children = [self._pick(({"list": {"elements": first}}, {"clusters": {}})), {"list": {"elements": second}}]
            return {"generators": children, "mergeKeys": [key] if self._chance(0.95) else self._pick(([], ["values.env"], [key, "url"]))}
        return {"generators": children, "mergeKeys": [self._pick(KEYS)] if self._chance(0.9) else []}

    def selector(self) -> dict[str, Any]:
        return self._pick(
            (
                {"matchLabels": {"env": "prod"}},
                {"matchLabels": {self._pick(KEYS): self._pick(NAMES)}},
                {"matchLabels": {"server": "https://prod.example"}},
                {"matchExpressions": [{"key": self._pick(KEYS), "operator": "In", "values": ["prod", "web", "https://a b"]}]},
                {"matchExpressions": [{"key": self._pick(KEYS), "operator": "NotIn", "values": ["dev"]}]},
                {"matchExpressions": [{"key": "path.basename", "operator": "Exists"}]},
                {"matchExpressions": [{"key": "metadata.labels.env", "operator": "DoesNotExist"}]},
                {"matchExpressions": [{"key": "env", "operator": self._pick(("Exists", "Gt", "in")), "values": ["x"]}]},
                {"matchLabels": {"path[0]": "apps"}},
                {},
            )
        )

    def template(self) -> dict[str, Any]:
        spec: dict[str, Any] = {
            "project": self._pick(("default", "team")) if self._careful else self._pick(("default", "team", "gone", "", self.text())),
            "destination": self._pick(
                (
                    {"server": self.text(), "namespace": self.text()},
                    {"name": "in-cluster", "namespace": "x"},
                    {"server": "https://kubernetes.default.svc"},
                )
            ),
            "source": {"repoURL": "https://git.example.com/here.git", "path": self.text(), "targetRevision": "HEAD"},
        }
        if self._chance(0.3):
            spec["source"]["helm"] = self._pick(
                (
                    {"valuesObject": {"a": self.text(), self.text(): [self.text(), None, 3, True], "n": None, "deep": {"er": {"x": 1}}}},
                    {"values": self.text(), "parameters": [{"name": "p", "value": self.text()}]},
                    {"valueFiles": ["a.yaml", self.text()]},
                )
            )
        if self._chance(0.2):
            spec["sources"] = [{"repoURL": self.text(), "path": "."}]
        if self._chance(0.4):
            spec["syncPolicy"] = self._pick(
                ({"automated": {}}, {"automated": {"prune": True, "selfHeal": True}}, {"syncOptions": ["CreateNamespace=true", self.text()]})
            )
        metadata: dict[str, Any] = {"name": self.text()}
        if self._chance(0.3):
            metadata["labels"] = {"fixed": "x", self.text(): self.text()}
        if self._chance(0.2):
            metadata["annotations"] = {"a": self.text()}
        if self._chance(0.2):
            metadata["finalizers"] = self._pick(([], ["x/y"], [self.text()]))
        if self._chance(0.1):
            metadata["namespace"] = "elsewhere"
        return {"metadata": metadata, "spec": spec}

    def override(self) -> dict[str, Any]:
        return self._pick(
            (
                {"metadata": {"name": "own-" + self.text()}, "spec": {}},
                {"metadata": {"labels": {"own": "yes", "fixed": ""}}, "spec": {"project": self._pick(("team", ""))}},
                {"metadata": {}, "spec": {"source": {"path": "own", "repoURL": ""}, "syncPolicy": {"automated": {"prune": False}}}},
                {
                    "metadata": {"annotations": {}},
                    "spec": {"destination": {"namespace": self.text()}, "source": {"helm": {"valuesObject": {"own": 1}}}},
                },
                {"metadata": {"finalizers": ["own/f"]}, "spec": {"sources": [{"repoURL": "r", "path": "p"}]}},
            )
        )

    def patch(self) -> str:
        text = self.text()
        patches = (
            f"metadata:\n  labels:\n    patched: {text}\n",
            f'{{"metadata": {{"annotations": {{"p": "{self.reference() if self._chance(0.1) else "x"}"}}}}}}',
            f"spec:\n  project: other\n  source:\n    path: {text}\n    helm:\n      valueFiles: [x.yaml]\n",
            "spec:\n  syncPolicy:\n    automated: null\n    syncOptions: [A=b]\n",
            "spec:\n  source: null\n  sources:\n  - repoURL: x\n    path: y\n    helm: null\n",
            "spec:\n  source:\n    targetRevision: 1.5\n",
            "spec:\n  source:\n    helm:\n      valuesObject:\n        deep:\n          er: {y: 2}\n        a: z\n",
            "spec:\n  source:\n    helm:\n      valuesObject:\n        new: {x: null, y: 1}\n",
            "metadata:\n  finalizers: [f/g]\n  namespace: other\n  name: patched\n",
            "spec:\n  destination:\n    $patch: replace\n    name: x\n",
            "spec:\n  syncPolicy:\n    $patch: delete\n",
            "spec:\n  destination: {$patch: what}\n",
            "",
            "{}",
            "text",
            "- a",
            "a: [",
            "{{ if true }}spec: {}{{ end }}",
            "spec: 5",
            '{"a": ',
            "metadata:\n  labels: null\n",
            "metadata:\n  labels: {a: null, fixed: null}\n",
            "spec:\n  info:\n  - name: x\n    value: y\n  revisionHistoryLimit: 3\n",
            "spec:\n  revisionHistoryLimit: three\n",
            "spec:\n  unknown: 5\n",
            "spec:\n  syncPolicy:\n    automated:\n      prune: 'true'\n",
        )
        return self._pick(patches[:4] if self._careful and self._chance(0.5) else patches)


PATTERN_PIECES = (
    "*",
    "**",
    "?",
    "/",
    "/",
    "/",
    ".",
    "..",
    "apps",
    "web",
    "teams",
    "a",
    "b",
    "c",
    "config",
    ".json",
    ".yaml",
    "*.yaml",
    "[ab]",
    "[!a]",
    "[^a-b]",
    "[a",
    "]",
    "{a,b}",
    "{apps,teams}",
    "{",
    "}",
    "\\",
    "\\*",
    "overlays",
    "[[:alpha:]]",
    "é",
    "charts",
    "a-b",
    "weird [x]",
)


def patterns(seed: int, count: int) -> Iterator[dict[str, Any]]:
    """Questions about which files a pattern names."""
    chance = random.Random(seed)
    for _ in range(count):
        pattern = "".join(chance.choice(PATTERN_PIECES) for _ in range(chance.randint(1, 7))) if chance.random() < 0.7 else chance.choice(FILES)
        yield {"pattern": pattern, "files": chance.choice(TREES), "doublestar": chance.random() < 0.5}
