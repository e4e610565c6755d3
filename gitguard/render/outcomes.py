"""The two ways in which planning ends early."""

from gitguard.model.rendering import Remote


class Refused(Exception):
    """Argo CD, or the tool that it runs, would refuse; the message is for the Application's author."""


class Needed(Exception):
    """It can't be told here; `reason` says why, `needs` what it would take.

    `elsewhere`: it lies outside of the repository; `remote` is what has to be fetched.
    """

    def __init__(self, reason: str, needs: str, *, elsewhere: bool = False, remote: Remote | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.needs = needs
        self.elsewhere = elsewhere
        self.remote = remote
