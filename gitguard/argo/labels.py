"""Kubernetes' label selectors (apimachinery's LabelSelectorAsSelector), with which argocd-cm says which AppProjects inherit from a global one."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

_PART = re.compile(r"(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_SUBDOMAIN = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")
_LONGEST_PART = 63
_LONGEST_PREFIX = 253
_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


class SelectorError(ValueError):
    """Kubernetes refuses the selector."""


class Requirement(NamedTuple):
    """One condition: `operator` is In, NotIn, Exists or DoesNotExist."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


Selector = tuple[Requirement, ...]


def selector(match_labels: Mapping[str, str], match_expressions: Sequence[Requirement]) -> Selector:
    """All conditions of a selector; none of them selects everything."""
    conditions = (*(Requirement(key, "In", (value,)) for key, value in match_labels.items()), *match_expressions)
    for condition in conditions:
        _check(condition)
    return conditions


def selects(conditions: Selector, labels: Mapping[str, str]) -> bool:
    """Do labels meet every condition?"""
    return all(_meets(condition, labels) for condition in conditions)


def _meets(condition: Requirement, labels: Mapping[str, str]) -> bool:
    if condition.operator == "Exists":
        return condition.key in labels
    if condition.operator == "DoesNotExist":
        return condition.key not in labels
    inside = condition.key in labels and labels[condition.key] in condition.values
    return inside if condition.operator == "In" else not inside


def _check(condition: Requirement) -> None:
    if condition.operator not in _OPERATORS:
        raise SelectorError(f"`{condition.operator}` is no operator of a label selector: {', '.join(_OPERATORS)}")
    if (condition.operator in ("In", "NotIn")) != bool(condition.values):
        raise SelectorError(f"`{condition.operator}` {'needs values' if not condition.values else 'takes no values'}")
    prefix, slash, name = condition.key.rpartition("/")
    if (slash and (len(prefix) > _LONGEST_PREFIX or not _SUBDOMAIN.fullmatch(prefix))) or len(name) > _LONGEST_PART or not _PART.fullmatch(name):
        raise SelectorError(f"`{condition.key}` is no label key")
    for value in condition.values:
        if value and (len(value) > _LONGEST_PART or not _PART.fullmatch(value)):
            raise SelectorError(f"`{value}` is no label value")
