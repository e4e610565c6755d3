"""The git generator, over the tree under judgement (applicationset/generators/git.go and repo_path_utils.go)."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from gitguard.applicationsets import paths
from gitguard.applicationsets.model import Context, Refused, Unknowable
from gitguard.applicationsets.rendering import Language, escaped
from gitguard.applicationsets.selectors import flattened
from gitguard.applicationsets.shapes import flag, items, mapping, text, texts
from gitguard.gotemplate import StringMap, Strings, from_json
from gitguard.gotemplate.texts import normalize, path_base, path_directory
from gitguard.parse.exact import read_exactly

Parameters = dict[str, Any]


class _Naming(NamedTuple):
    """How the parameters are named, and the generator's own `values`."""

    prefix: str
    values: dict[str, str]
    language: Language
    pointer: str


def from_git(body: dict[str, Any], pointer: str, context: Context, language: Language, project: str) -> list[Parameters]:
    """One set of parameters a directory, or an object in a file. `project` is the one of the ApplicationSet's own template."""
    url, revision = text(body, "repoURL", pointer), text(body, "revision", pointer)
    directories, files = _rules(body, "directories", pointer), _rules(body, "files", pointer)
    # Argo CD looks the project up for its signature keys, whatever the template of the generator says.
    if "{{" not in project and context.has_project(project) is False:
        raise Refused(
            f"a git generator needs the AppProject `{project}` of the ApplicationSet's template, which does not exist", "/spec/template/spec/project"
        )
    naming = _Naming(text(body, "pathParamPrefix", pointer), texts(body.get("values"), f"{pointer}/values"), language, pointer)
    if not directories and not files:
        raise Refused("a git generator needs `directories` or `files`", pointer)
    if not context.is_here(url, revision):
        raise Unknowable("the git generator reads another repository, or another revision", f"{url} at {revision or 'HEAD'}", pointer)
    if directories:
        return [_from_path(path, naming) for path in paths.directories(directories, context.directories())]
    return [one for path in _files(files, context, pointer) for one in _from_file(path, context.read(path), naming)]


def _rules(body: dict[str, Any], key: str, pointer: str) -> list[paths.Rule]:
    at = f"{pointer}/{key}"
    found = [mapping(item, f"{at}/{number}") for number, item in enumerate(items(body.get(key), at))]
    return [paths.Rule(text(item, "path", f"{at}/{number}"), flag(item, "exclude", f"{at}/{number}")) for number, item in enumerate(found)]


def _files(rules: Sequence[paths.Rule], context: Context, pointer: str) -> list[str]:
    taken: set[str] = set()
    for exclude in (False, True):
        for number, rule in enumerate(rules):
            if rule.exclude == exclude:
                found = _listed(rule.pattern, context, f"{pointer}/files/{number}/path")
                taken = taken - found if exclude else taken | found
    return sorted(taken)


def _listed(pattern: str, context: Context, pointer: str) -> set[str]:
    try:
        if not context.doublestar:
            return set(paths.by_pathspec(pattern, context.files()))
        folders = set(context.directories())
        found = set(paths.by_doublestar(pattern, [*context.files(), *sorted(folders)]))
    except paths.BadPath as error:
        raise Refused(str(error), pointer) from error
    except paths.UnknownPath as error:
        raise Unknowable(f"{error} is not followed", "git itself", pointer) from error
    if found & folders:
        raise Refused(f"the pattern finds the directory `{min(found & folders)}`, which is read as a file", pointer)
    return found


def _from_path(path: str, naming: _Naming) -> Parameters:
    if naming.language.go:
        own: Parameters = {
            "path": path,
            "basename": path_base(path),
            "basenameNormalized": normalize(path_base(path)),
            "segments": Strings(path.split("/")),
        }
        return _with_values({naming.prefix: {"path": own}} if naming.prefix else {"path": own}, naming)
    name = f"{naming.prefix}.path" if naming.prefix else "path"
    made = {name: path, f"{name}.basename": path_base(path), f"{name}.basenameNormalized": normalize(path_base(path))}
    return _with_values(made | _segments(name, path), naming)


def _segments(name: str, path: str) -> Parameters:
    return {f"{name}[{number}]": part for number, part in enumerate(path.split("/")) if part}


def _from_file(path: str, content: bytes, naming: _Naming) -> list[Parameters]:
    folder, file = path_directory(path), path_base(path)
    made = []
    for found in _objects(path, content, naming.pointer):
        if naming.language.go:
            own: Parameters = {
                "path": folder,
                "basename": path_base(folder),
                "filename": file,
                "basenameNormalized": normalize(path_base(folder)),
                "filenameNormalized": normalize(file),
                "segments": Strings(folder.split("/")),
            }
            made.append(_with_values(found | ({naming.prefix: {"path": own}} if naming.prefix else {"path": own}), naming))
            continue
        name = f"{naming.prefix}.path" if naming.prefix else "path"
        flat = {
            name: folder,
            f"{name}.basename": path_base(folder),
            f"{name}.filename": file,
            f"{name}.basenameNormalized": normalize(path_base(folder)),
            f"{name}.filenameNormalized": normalize(file),
        }
        made.append(_with_values(flattened(found) | flat | _segments(name, folder), naming))
    return made


def _objects(path: str, content: bytes, pointer: str) -> list[Parameters]:
    try:
        there, value, faults = read_exactly(content.decode())
    except UnicodeDecodeError as error:
        raise Refused(f"{path} is no UTF-8", pointer) from error
    if any(fault.rule == "yaml-invalid" for fault in faults):
        raise Refused(f"{path} can't be read as YAML or JSON", pointer)
    value = value if there else None
    objects = value if isinstance(value, list) else [value]
    if any(item is not None and not isinstance(item, dict) for item in objects):
        raise Refused(f"{path} holds no mapping and no list of mappings", pointer)
    return [from_json(item or {}) for item in objects]


def _with_values(parameters: Parameters, naming: _Naming) -> Parameters:
    return with_values(parameters, naming.values, naming.language, naming.pointer)


def with_values(parameters: Parameters, values: dict[str, str], language: Language, pointer: str) -> Parameters:
    """The parameters with a generator's `values`, in which they are filled in; values don't see each other."""
    filled = {key: language.fill(value, parameters, f"{pointer}/values/{escaped(key)}") for key, value in values.items()}
    if not language.go:
        return parameters | {f"values.{key}": value for key, value in filled.items()}
    return parameters | {"values": StringMap(filled)} if filled else parameters
