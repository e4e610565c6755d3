"""The two ways in which planning ends early."""

from collections.abc import Iterator
from contextlib import contextmanager

from gitguard.model.rendering import Remote


class Refused(Exception):
    """Argo CD, or the tool that it runs, would refuse; the message is for the Application's author."""


class Needed(Exception):
    """It can't be told here; `reason` says why, `needs` what it would take.

    `elsewhere`: it lies outside of the repository; `remotes` are what has to be fetched.
    """

    def __init__(self, reason: str, needs: str, *, elsewhere: bool = False, remotes: tuple[Remote, ...] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.needs = needs
        self.elsewhere = elsewhere
        self.remotes = remotes


class Needs:
    """Collects what is needed, so that all of it can be fetched at once: `with needs.one(): …` for each, then `needs.raise_all()`."""

    def __init__(self) -> None:
        self._found: list[Needed] = []

    @contextmanager
    def one(self) -> Iterator[None]:
        """Remember what is needed in it instead of raising it."""
        try:
            yield
        except Needed as error:
            self._found.append(error)

    def raise_all(self) -> None:
        """Raise the first that was found, with what all of them have to have fetched."""
        if self._found:
            first = self._found[0]
            remotes = tuple(dict.fromkeys(remote for one in self._found for remote in one.remotes))
            raise Needed(first.reason, first.needs, elsewhere=first.elsewhere, remotes=remotes)
