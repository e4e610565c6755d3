"""Random questions about AppProjects: half of them to be answered with yes, and broken patterns, unparsable URLs and Unicode in many."""

import random
from collections.abc import Callable, Iterator
from typing import Any

SCHEMES = ["https://", "http://", "ssh://git@", "git@", "oci://", "ssh://", "", "file://", "git://", "HTTPS://", "https:", "a+b://", "1x://"]
HOSTS = [
    "github.com",
    "GitHub.com",
    "gitlab.example.com",
    "10.0.0.1:5000",
    "ghcr.io",
    "my_reg:5000",
    "localhost:5000",
    "[::1]:80",
    "h",
    "é.example",
    "git.x:443",
    "user:tok@github.com",
    "a b.com",
    "h:x",
    "h:",
    "[fe80::1%25en0]",
    "[::ffff:1.2.3.4%25]:8",
    "[1:2:3:4:5:6:7::%25a%20%41]:",
    "[1.2.3.4]",
    "x.y@z",
]
ORGS = [
    "org",
    "Org",
    "team-a",
    "a",
    "über",
    "x y",
    "%41b",
    "a%2Fb",
    "..",
    "a:b",
    "a|b",
    "{org}",
    "o*",
    "a[b]",
    "~u",
    "a;b",
    "a!b",
    "",
    "a\\b",
    "(a)",
    "日本",
]
REPOS = [
    "repo",
    "Repo.git",
    "infra",
    "charts",
    "x",
    "repo.git/",
    "repo/",
    "deep/er/path",
    "r?q=1",
    "r#f",
    "r?",
    "é",
    "r%zz",
    "r.git.git",
    ".git",
    "a,b",
]
NAMES = [
    "prod",
    "dev",
    "in-cluster",
    "staging-1",
    "team-a",
    "team-b",
    "kube-system",
    "default",
    "a",
    "ab",
    "",
    "Ünï",
    "payments",
    "prod-eu",
    "x.y",
    "a/b",
    "ant",
    "anant",
    "argocd",
]
SERVERS = [
    "https://kubernetes.default.svc",
    "https://prod.example:6443",
    "https://dev.example",
    "https://1.2.3.4",
    "https://a/b",
    "https://x/",
    "HTTPS://X",
    "",
]
GROUPS = ["", "apps", "batch", "rbac.authorization.k8s.io", "argoproj.io", "example.com", "a/b", "core", "*.x"]
KINDS = ["Deployment", "Pod", "Namespace", "ClusterRole", "Secret", "deployment", "Job", "X", "É", "Network-Policy", "A]"]
CHARACTERS = "ab/.-*?[]{},!\\^é日\u0130\u212a \t\n%:@#~A1ß_"
BROKEN = [
    "[",
    "[]",
    "[!]",
    "{",
    "{a",
    "a\\",
    "[a-cx]",
    "[z-a]",
    "[a-",
    "!",
    "!!x",
    "!*",
    "!**",
    "!{",
    "![",
    "**",
    "***",
    "*",
    "?",
    "",
    "{}",
    "{,}",
    "[^a]",
    "[!a]*",
    "{a,b}",
    "[ab]c",
    "a*ant",
    "*a*b*",
    "{*,a}/x",
    "*/*",
    "{a,{b,c}}d",
    "[--0]",
    "[!-a]",
    "\\*",
    "[\\]]",
    "a}b",
    "a]b",
    "a,b",
]
EXPRESSIONS = [
    "/team-.*/",
    "/^team-[ab]$/",
    "/a|b/",
    "/(/",
    "/[/",
    "//",
    "/",
    "/x",
    "/\\d+/",
    "/^(?!kube-).*$/",
    "/(a)\\1/",
    "/a{2,3}/",
    "/./",
    "/^$/",
    "/[a-z]+-[0-9]/",
    "/(?i)PROD/",
    "/\\bprod\\b/",
    "/a**/",
    "/*/",
    "/p.o/",
    "/^prod/",
    "/eu$/",
    "/[^a-z]/",
    "/(dev|prod)-?.*/",
]
FIELDS = [
    "*",
    "0",
    "*/5",
    "1-5",
    "0-59",
    "30",
    "?",
    "5/10",
    "mon",
    "MON-fri",
    "1,15",
    ",",
    "*/0",
    "7",
    "-1",
    "1-",
    "60",
    "24",
    "jan",
    "2-1",
    "*-x",
    "+5",
    "*/2",
    "0,,30",
    "1/2/3",
    "a",
    "31",
    "30",
    "2",
    "12",
    "23",
    "*/1",
    "?/3",
]
ZONES = [
    "",
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Nowhere/Else",
    "Local",
    "America",
    "../etc",
    "Australia/Lord_Howe",
    "EST",
    "europe/berlin",
]
DURATIONS = [
    "1h",
    "30m",
    "24h",
    "0",
    "-1h",
    "1h30m",
    "8h",
    "1d",
    "",
    "1.5h",
    "10",
    "1 h",
    "90s",
    "100h",
    "8760h",
    "1ns",
    ".5h",
    "2540400h",
    "9999999h",
    "1µs",
    "1hh",
    "+2h",
    "h",
    "1.h",
    "1000000h30m",
]
TOKENS = [
    "p",
    "proj:p:r",
    "applications",
    "get",
    "p/*",
    "allow",
    "deny",
    "*",
    "g",
    "sync",
    "action/x",
    "p/a/b",
    "p/é",
    "logs",
    "override",
    "rollback",
    "applicationsets",
    "projects",
    "p/a b",
    '"p"',
    "q/*",
    " proj:p:r",
    "exec",
    "clusters",
    "repositories",
    "update/x",
    "xdelete/",
    "p/[a]",
    "",
    "#",
    '"a',
    'a"b',
    '"a,b"',
    "e",
    "m",
    "r",
    "proj:p:x",
    "p/a\n",
    "\tp",
]


class Questions:
    """Lines of questions, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def lines(self, count: int) -> Iterator[dict[str, Any]]:
        """Lines with about `count` questions in all."""
        makers: list[tuple[int, Callable[[], dict[str, Any]]]] = [
            (30, self.sources), (24, self.destinations), (16, self.resources), (10, self.namespaces), (8, self.validity), (8, self.syncs),
            (5, self.policies), (4, self.accounts), (4, self.integrity), (12, self.globs), (8, self.urls),
        ]  # fmt: skip
        asked = 0
        while asked < count:
            (maker,) = self.random.choices([maker for _, maker in makers], [weight for weight, _ in makers])
            line = maker()
            asked += len(line["asks"])
            yield line

    def pick(self, pool: list[str]) -> str:
        return self.random.choice(pool)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def some(self, make: Callable[[], Any], most: int = 4) -> list[Any]:
        return [make() for _ in range(min(most, self.random.choice([0, 1, 1, 2, 2, 3, 3, 4, 4])))]

    def noise(self) -> str:
        return "".join(self.random.choice(CHARACTERS) for _ in range(self.random.randint(0, 6)))

    def mutated(self, text: str) -> str:
        """The text with one small change."""
        at = self.random.randint(0, len(text))
        how = self.random.randrange(7)
        if how == 0:
            return text[:at] + self.random.choice(CHARACTERS) + text[at:]
        if how == 1:
            return text[:at] + text[at + 1 :]
        if how == 2:
            return text.upper()
        if how == 3:
            return text + "/"
        if how == 4:
            return text + ".git"
        if how == 5:
            return text.removesuffix("/")
        return text[:at] + self.noise() + text[at:]

    def generalized(self, text: str) -> str:
        """A glob that is meant to match the text; sometimes it is broken, sometimes it denies."""
        for _ in range(self.random.randint(0, 2)):
            at = self.random.randint(0, len(text))
            to = self.random.randint(at, len(text))
            piece = text[at:to]
            how = self.random.randrange(8)
            if how <= 2:
                piece = "*"
            elif how == 3:
                piece = "**"
            elif how == 4:
                piece = "?" * len(piece)
            elif how == 5:
                piece = "{" + piece + "," + self.noise() + "}"
            elif how == 6 and piece:
                piece = f"[{piece[0]}{self.pick(['b', 'z', '-z', ''])}]" + piece[1:]
            else:
                piece = "[!" + self.pick(["x", "a", "a-c"]) + "]" + piece[1:]
            text = text[:at] + piece + text[to:]
        if self.chance(0.04):
            text = self.mutated(text)
        if self.chance(0.1):
            text = "!" + text
        return text

    def pattern(self, texts: list[str]) -> str:
        if self.chance(0.1):
            return self.pick(BROKEN)
        if self.chance(0.02):
            return self.noise()
        return "*" if self.chance(0.15) else self.generalized(self.pick(texts))

    def url(self) -> str:
        if self.chance(0.03):
            return self.noise()
        separator = ":" if self.chance(0.2) else "/"
        url = self.pick(SCHEMES) + self.pick(HOSTS) + separator + self.pick(ORGS) + "/" + self.pick(REPOS)
        return self.mutated(url) if self.chance(0.1) else url

    def plain_url(self) -> str:
        return self.pick(SCHEMES[:4]) + self.pick(HOSTS[:3]) + "/" + self.pick(ORGS[:4]) + "/" + self.pick(REPOS[:5])

    def project(self, **spec: Any) -> dict[str, Any]:
        return {"metadata": {"name": "p"}, "spec": spec}

    def sources(self) -> dict[str, Any]:
        urls = [self.plain_url() if self.chance(0.6) else self.url() for _ in range(2)]
        project = self.project(sourceRepos=self.some(lambda: self.pattern(urls)))
        asks = [self.pick(urls) if self.chance(0.85) else self.mutated(self.pick(urls)) for _ in range(self.random.randint(1, 6))]
        return {"project": project, "asks": [{"source": {"repoURL": url}} for url in asks]}

    def destinations(self) -> dict[str, Any]:
        names, servers, namespaces = ([self.pick(pool) for _ in range(2)] for pool in (NAMES, SERVERS, NAMES))

        def entry() -> dict[str, str]:
            made = {}
            if self.chance(0.85):
                made["server"] = self.pattern(servers)
            if self.chance(0.4):
                made["name"] = self.pattern(names)
            if self.chance(0.93):
                made["namespace"] = "*" if self.chance(0.4) else self.pattern(namespaces)
            return made

        def ask() -> dict[str, Any]:
            wanted = {"server": self.pick(servers), "name": self.pick(names), "namespace": self.pick(namespaces)}
            scoped = [{"server": self.pick(servers), "name": self.pick(names)} for _ in range(self.random.randint(0, 2))]
            return {"destination": wanted, "scoped": scoped}

        project = self.project(destinations=self.some(entry), permitOnlyProjectScopedClusters=self.chance(0.15))
        return {"project": project, "asks": [ask() for _ in range(self.random.randint(1, 6))]}

    def resources(self) -> dict[str, Any]:
        groups, kinds, names = ([self.pick(pool) for _ in range(self.random.choice([1, 2]))] for pool in (GROUPS, KINDS, NAMES))

        def pattern(texts: list[str]) -> str:
            made = "*" if self.chance(0.4) else self.pattern(texts)
            return made.replace("[!", "[^") if self.chance(0.5) else made

        def entry() -> dict[str, str]:
            return {"group": pattern(groups), "kind": pattern(kinds)}

        def named() -> dict[str, str]:
            return entry() | ({"name": pattern(names)} if self.chance(0.3) else {})

        spec: dict[str, Any] = {}
        for field, make in (("clusterResourceWhitelist", named), ("clusterResourceBlacklist", named), ("namespaceResourceWhitelist", entry), ("namespaceResourceBlacklist", entry)):  # fmt: skip
            if self.chance(0.3 if "Black" in field else 0.8):
                spec[field] = self.some(make, 2 if "Black" in field else 4)

        def ask() -> dict[str, Any]:
            return {"group": self.pick(groups), "kind": self.pick(kinds), "name": self.pick(names), "namespaced": self.chance(0.5)}

        return {"project": self.project(**spec), "asks": [{"resource": ask()} for _ in range(self.random.randint(1, 6))]}

    def expression(self) -> str:
        """A regular expression from pieces that are common, sometimes with one that is not."""
        pieces = ["a", "team", "-", ".", ".*", "[a-z]", "[^k]", "\\d", "\\w+", "(", ")", "|", "^", "$", "?", "*", "+", "{2}", "{1,3}", "{,2}", "(?:", "(?=", "(?!kube)", "(?<=t)", "\\b", "\\.", "\\1", "[", "]", "prod", "b", "(?i)", "\\", "??", "{", "}", "(?<n>a)", "[]a]", "[a-", "\\x61", "(?>a)", "é", "/"]  # fmt: skip
        return "/" + "".join(self.pick(pieces) for _ in range(self.random.randint(1, 5))) + "/"

    def namespaces(self) -> dict[str, Any]:
        names = [self.pick(NAMES) for _ in range(3)]
        entries = self.some(lambda: self.pick([self.pick(EXPRESSIONS), self.expression()]) if self.chance(0.5) else self.pattern(names))
        return {"project": self.project(sourceNamespaces=entries), "asks": [{"appNamespace": self.pick(names)} for _ in range(3)]}

    def window(self) -> dict[str, Any]:
        likely = [f"0 {self.random.randint(0, 23)} * * *", "* * * * *", "*/15 * * * 1-5", "0 22 * * fri", "30 2 1 * *"]
        fields = " ".join(self.pick(FIELDS) if self.chance(0.3) else "*" for _ in range(5))
        schedule = self.pick(likely) if self.chance(0.6) else fields
        if self.chance(0.06):
            schedule = self.pick(["", "@daily", "* * * *", "* * * * * *", " 0 0 * * * ", "TZ=Europe/Berlin 0 0 * * *", "CRON_TZ=Nowhere 0 0 * * *", "TZ=UTC", "0\u00a00\u00a0*\u00a0* *", "CRON_TZ=America/New_York 30 2 * * *"])  # fmt: skip
        made: dict[str, Any] = {
            "kind": self.pick(["allow", "deny"]) if self.chance(0.96) else self.pick(["Allow", "", "block"]),
            "schedule": schedule,
            "duration": self.pick(DURATIONS[:3] + DURATIONS[5:7]) if self.chance(0.7) else self.pick(DURATIONS),
        }
        for field in ("applications", "namespaces", "clusters"):
            if self.chance(0.5):
                made[field] = self.some(lambda: self.pattern(NAMES) if self.chance(0.5) else "*", 2)
        for field, share in (("manualSync", 0.3), ("andOperator", 0.3), ("syncOverrun", 0.4)):
            if self.chance(share):
                made[field] = True
        if self.chance(0.4):
            made["timeZone"] = self.pick(ZONES)
        if self.chance(0.05):
            made["description"] = self.pick(["x" * 255, "é" * 128, "maintenance"])
        return made

    def syncs(self) -> dict[str, Any]:
        windows = [self.window() for _ in range(self.random.choice([1, 1, 2, 3]))]

        def ask() -> dict[str, Any]:
            destination = {"server": self.pick(SERVERS)} if self.chance(0.6) else {"name": self.pick(NAMES)}
            application = {"metadata": {"name": self.pick(NAMES)}, "spec": {"destination": destination | {"namespace": self.pick(NAMES)}}}
            asked: dict[str, Any] = {"at": self.moment(), "manual": self.chance(0.5), "application": application}
            if self.chance(0.4):
                asked["started"] = self.moment()
            return {"sync": asked}

        return {"project": self.project(syncWindows=windows), "asks": [ask() for _ in range(3)]}

    def moment(self) -> str:
        """On the hour more often than not, where windows begin and end."""
        second = self.pick(["00:00", "00:00", "30:00", "29:59", "15:30"])
        fraction = self.pick(["", "", "", ".5", ".000000001"])
        return f"{self.random.choice([2026, 2027, 2028])}-{self.random.randint(1, 12):02}-{self.random.randint(1, 28):02}T{self.random.randint(0, 23):02}:{second}{fraction}Z"

    def policy(self) -> str:
        usual = f"p, proj:p:r, {self.pick(TOKENS)}, {self.pick(TOKENS)}, p/{self.pick(['*', 'a', 'a/b', 'é', 'a b'])}, {self.pick(['allow', 'deny', 'no'])}"
        good = f"p, proj:p:r, {self.pick(['applications', 'logs', 'exec', 'repositories'])}, {self.pick(['get', '*', 'sync', 'action/x', 'update/*', 'rollback'])}, p/{self.pick(['*', 'a', 'n/a'])}, {self.pick(['allow', 'deny'])}"
        made = (
            good
            if self.chance(0.6)
            else usual
            if self.chance(0.6)
            else self.pick([",", ", "]).join(self.pick(TOKENS) for _ in range(self.random.choice([3, 5, 6, 6, 7])))
        )
        return self.mutated(made) if self.chance(0.1) else made

    def role(self) -> dict[str, Any]:
        groups = ["admins", "a,b", '"a,b"', "", " x", "x ", '"', '""', 'a"b', "a\tb", "org:team", " ", '"x\ny"', "é", "\u0085x"]
        return {
            "name": "r" if self.chance(0.85) else self.pick(["", "-a", "a b", "r2", "é", "a_b-c", "a-"]),
            "policies": self.some(self.policy, 3),
            "groups": self.some(lambda: self.pick(groups[:1] + groups if self.chance(0.3) else ["admins", "dev", "ops", "qa"]), 3),
        }

    def policies(self) -> dict[str, Any]:
        return {"project": self.project(roles=self.some(self.role, 2)), "asks": [{"policy": True}, {"validate": True}]}

    def account(self) -> dict[str, str]:
        return {
            "server": self.pattern(SERVERS).lstrip("!" if self.chance(0.9) else ""),
            "namespace": "*" if self.chance(0.3) else self.pattern(NAMES).lstrip("!" if self.chance(0.9) else ""),
            "defaultServiceAccount": "deployer" if self.chance(0.7) else self.pick(["", " ", "a:b", "a*", "a/b", "{x}", "é", "x y"]),
        }

    def accounts(self) -> dict[str, Any]:
        def ask() -> dict[str, Any]:
            application = {"metadata": {"namespace": self.pick(["argocd", "apps", ""])}, "spec": {"destination": {"namespace": self.pick(NAMES)}}}
            return {"account": {"server": self.pick(SERVERS), "application": application}}

        return {"project": self.project(destinationServiceAccounts=self.some(self.account)), "asks": [ask() for _ in range(3)]}

    def integrity(self) -> dict[str, Any]:
        urls = [self.plain_url() for _ in range(2)]

        def policy() -> dict[str, Any]:
            made: dict[str, Any] = {"repos": self.some(lambda: {"url": self.pattern(urls)}, 2)}
            if self.chance(0.9):
                made["gpg"] = {"mode": self.pick(["head", "none", "strict", "", "Head"]), "keys": self.some(lambda: self.pick(["0" * 16, "x"]), 1)}
            return made

        spec: dict[str, Any] = {}
        if self.chance(0.4):
            spec["signatureKeys"] = self.some(lambda: {"keyID": "4AEE18F83AFDEB23"}, 1)
        if self.chance(0.7):
            spec["sourceIntegrity"] = {"git": {"policies": self.some(policy, 3)}} if self.chance(0.9) else {}
        extra = [{}, {}, {}, {"chart": "c"}, {"path": "x"}]
        asks = [{"integrity": [{"repoURL": self.pick([*urls, "oci://x/y", ""])} | self.random.choice(extra)]} for _ in range(3)]
        return {"project": self.project(**spec), "asks": asks}

    def validity(self) -> dict[str, Any]:
        """Projects of few entries, so that the first mistake is not always the same one."""
        spec: dict[str, Any] = {}
        pool = ["a", "b", "!*", "*", "a/b", ""]
        makers: list[tuple[str, Callable[[], Any]]] = [
            ("destinations", lambda: {key: self.pick(pool) for key in ("server", "name", "namespace") if self.chance(0.7)}),
            ("sourceNamespaces", lambda: self.pick(["a", "b", "c", "d", "!*"])),
            ("sourceRepos", lambda: self.pick(["a", "A", "b", "c", "d", "*", "!x"]) if self.chance(0.95) else "!*"),
            ("roles", self.role),
            ("syncWindows", self.window),
            ("destinationServiceAccounts", self.account),
        ]
        for field, make in makers:
            if self.chance(0.35):
                spec[field] = self.some(make, 3)
        if "syncWindows" in spec and spec["syncWindows"] and self.chance(0.3):
            spec["syncWindows"].append(spec["syncWindows"][0] | {"manualSync": True} | ({"timeZone": "UTC"} if self.chance(0.3) else {}))
        return {"project": self.project(**spec), "asks": [{"validate": True}]}

    def globs(self) -> dict[str, Any]:
        def ask() -> dict[str, Any]:
            text = self.pick([self.noise(), self.pick(NAMES), self.plain_url(), self.noise() + self.noise()])
            return {"glob": {"pattern": self.pattern([text, text, self.noise()]), "text": text, "separators": self.pick(["", "/", "/."])}}

        return {"asks": [ask() for _ in range(4)]}

    def urls(self) -> dict[str, Any]:
        def ask() -> dict[str, Any]:
            if self.chance(0.3):
                url = self.url()
                return {"same": [url, self.mutated(url) if self.chance(0.7) else self.url()]}
            return {"url": self.url() if self.chance(0.7) else self.pattern([self.url()])}

        return {"asks": [ask() for _ in range(4)]}


class Worlds(Questions):
    """Lines about control planes: clusters, scoped repositories and clusters, global projects, whole Applications."""

    def lines(self, count: int) -> Iterator[dict[str, Any]]:
        asked = 0
        while asked < count:
            line = self.world()
            asked += len(line["asks"])
            yield line

    def world(self) -> dict[str, Any]:
        servers = self.random.sample([*SERVERS[:5], "https://x"], self.random.randint(0, 4))
        clusters = [{"name": self.pick(NAMES), "server": server + self.pick(["", "", "/", "//"])} for server in servers]
        for cluster in clusters:
            if self.chance(0.3):
                cluster["project"] = self.pick(["p", "q", ""])
            if self.chance(0.3):
                cluster["namespaces"] = self.pick(["a,b", " a , ,b", "", "team-a"])
        repositories = [
            {"url": self.plain_url()} | ({"project": self.pick(["p", "q"])} if self.chance(0.6) else {}) for _ in range(self.random.randint(0, 3))
        ]
        settings = {}
        if self.chance(0.2):
            settings["cluster.inClusterEnabled"] = self.pick(["false", "true", "False", ""])
        if self.chance(0.7):
            settings["globalProjects"] = self.global_projects()
        urls = [self.plain_url() for _ in range(3)] + [repository["url"] for repository in repositories]
        projects = [self.named_project(name, urls) for name in ("p", "q", "g", "h", "default") if self.chance(0.95)]
        asks: list[dict[str, Any]] = [{"effective": project["metadata"]["name"]} for project in projects]
        asks += [{"cluster": self.destination(clusters)} for _ in range(6)]
        asks += [{"permissions": self.application(urls, clusters)} for _ in range(30)]
        return {"world": {"clusters": clusters, "repositories": repositories, "settings": settings, "projects": projects}, "asks": asks}

    def named_project(self, name: str, urls: list[str]) -> dict[str, Any]:
        spec: dict[str, Any] = {}
        if self.chance(0.95):
            spec["sourceRepos"] = ["*"] if self.chance(0.5) else self.some(lambda: self.pattern(urls))
        if self.chance(0.95):
            spec["destinations"] = (
                [{"server": "*", "namespace": "*"}]
                if self.chance(0.5)
                else self.some(
                    lambda: (
                        {"server": self.pattern(SERVERS[:5]), "namespace": self.pick(["*", "*", "team-*", "a"])}
                        if self.chance(0.7)
                        else {"name": self.pattern(NAMES[:6]), "namespace": "*"}
                    )
                )
            )
        for field in ("clusterResourceWhitelist", "namespaceResourceWhitelist", "namespaceResourceBlacklist"):
            if self.chance(0.4):
                spec[field] = self.some(lambda: {"group": self.pick(GROUPS), "kind": self.pick(KINDS)}, 2)
        if self.chance(0.1):
            spec["permitOnlyProjectScopedClusters"] = True
        if self.chance(0.3):
            spec["destinationServiceAccounts"] = self.some(self.account, 1)
        labels = {key: self.pick(["1", "2", ""]) for key in ("team", "env") if self.chance(0.5)}
        return {"metadata": {"name": name, "labels": labels}, "spec": spec}

    def global_projects(self) -> str:
        if self.chance(0.05):
            return self.pick(["- projectName: [", "projectName: g", "- projectName: 1", "[]", "- projectName: g\n  labelSelector: x"])
        entries = []
        for _ in range(self.random.randint(0, 3)):
            selector = self.pick(
                [
                    "{}",
                    "{matchLabels: {team: '1'}}",
                    "{matchExpressions: [{key: env, operator: Exists}]}",
                    "{matchExpressions: [{key: env, operator: NotIn, values: ['1']}]}",
                    "{matchExpressions: [{key: env, operator: In, values: ['1', '2']}, {key: team, operator: DoesNotExist}]}",
                    "{matchExpressions: [{key: env, operator: in, values: ['1']}]}",
                    "{matchExpressions: [{key: env, operator: In}]}",
                    "{matchLabels: {'-bad': x}}",
                    "{matchLabels: {team: 'not a value'}}",
                ]
            )
            entries.append(f"- projectName: {self.pick(['g', 'h', 'p', 'missing'])}\n  labelSelector: {selector}\n")
        return "".join(entries)

    def destination(self, clusters: list[dict[str, str]]) -> dict[str, str]:
        made = {}
        known = self.random.choice(clusters) if clusters and self.chance(0.85) else {"name": self.pick(NAMES), "server": self.pick(SERVERS)}
        if self.chance(0.5):
            made["server"] = known["server"]
        elif self.chance(0.9):
            made["name"] = known["name"]
        if self.chance(0.05):
            made["name"] = self.pick(NAMES)
        if self.chance(0.35):
            made = {"server": "https://kubernetes.default.svc" + self.pick(["", "/"])} if self.chance(0.5) else {"name": "in-cluster"}
        return made

    def source(self, urls: list[str]) -> dict[str, str]:
        made = {}
        if self.chance(0.98):
            made["repoURL"] = self.pick(urls)
        if self.chance(0.95):
            made["path"] = "apps"
        if self.chance(0.1):
            made["chart"] = "c"
        if self.chance(0.6):
            made["targetRevision"] = "1"
        if self.chance(0.15):
            made["ref"] = "values"
        return made

    def application(self, urls: list[str], clusters: list[dict[str, str]]) -> dict[str, Any]:
        spec: dict[str, Any] = {"project": self.pick(["p", "p", "q", "g", "default", ""]) if self.chance(0.97) else "nope"}
        how = self.random.random()
        if how < 0.6:
            spec["source"] = self.source(urls)
        elif how < 0.85:
            spec["sources"] = [self.source(urls) for _ in range(self.random.randint(0, 3))]
            spec["source"] = self.source(urls)
        else:
            hydrator: dict[str, Any] = {
                "drySource": {"repoURL": self.pick(urls) if self.chance(0.9) else "", "path": "x", "targetRevision": "main"},
                "syncSource": {"targetBranch": "env" if self.chance(0.9) else "", "path": "x"},
            }
            if self.chance(0.4):
                hydrator["syncSource"]["repoURL"] = self.pick(urls)
            if self.chance(0.3):
                hydrator["hydrateTo"] = {"targetBranch": self.pick(["next", ""])}
            spec["sourceHydrator"] = hydrator
        spec["destination"] = self.destination(clusters) | {"namespace": self.pick(NAMES)}
        return spec
