"""How many objects, and which: in as many words as a message has room for."""

from collections import Counter
from collections.abc import Sequence

from gitguard.model.rendering import RenderedObject
from gitguard.repository.losses import loss

_SHOWN = 3


def title(item: RenderedObject) -> str:
    """The object by kind, namespace and name."""
    return f"{item.kind} {item.namespace}/{item.name}" if item.namespace else f"{item.kind} {item.name}"


def named(objects: Sequence[RenderedObject]) -> str:
    """How many, of which kinds, and the names of some: the ones that are missed most first."""
    listed = sorted(objects, key=lambda item: (not loss(item), item.kind, item.namespace, item.name))
    kinds = Counter(item.kind for item in listed)
    shown = ", ".join(title(item) for item in listed[:_SHOWN])
    rest = (
        f" and {len(listed) - _SHOWN} more ({', '.join(f'{number} {kind}' for kind, number in kinds.most_common(4))})" if len(listed) > _SHOWN else ""
    )
    return f"{len(listed)} {'object' if len(listed) == 1 else 'objects'}: {shown}{rest}"


def losses_named(losses: Sequence[tuple[RenderedObject, str]]) -> str:
    """What git can't bring back, with what goes along."""
    shown = ", ".join(f"{title(item)} ({what})" for item, what in losses[:_SHOWN])
    return f"{shown}{f' and {len(losses) - _SHOWN} more' if len(losses) > _SHOWN else ''}"


def moved_named(moved: Sequence[tuple[RenderedObject, str]], *, goes: bool) -> str:
    """What another Application deploys now: what is made of it hangs on which sync comes first (see vanishing). `goes`: nobody has to do anything."""
    owners = sorted({key for _, key in moved})
    shown = ", ".join(owners[:_SHOWN]) + (f" and {len(owners) - _SHOWN} more" if len(owners) > _SHOWN else "")
    are, them, they_are = ("is", "it", "it is") if len(moved) == 1 else ("are", "them", "they are")
    sync = "its sync takes" if len(owners) == 1 else "their syncs take"
    otherwise = f"{'else' if goes else 'or'} {they_are} deleted and made anew"
    return f"{len(moved)} of them {are} deployed by {shown} now: {sync} {them} over, if first, {otherwise}"
