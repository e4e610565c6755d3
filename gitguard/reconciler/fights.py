"""How often one object has been put back lately: people repeat an edit a few times, and another controller without end."""

from math import exp
from typing import NamedTuple

# Reverts that cool off with time. A person's repeats stay below; whoever writes on a timer of less than six seconds does not.
THRESHOLD = 10.0
_COOLS_WITHIN = 60.0
# Written again within this time after it could be put back: the fight goes on, however long it paused.
_AT_ONCE = 6.0
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 300.0


class Heat(NamedTuple):
    """How hot an object was at a time (seconds of any clock), and how often it was put back while it was hot."""

    degrees: float = 0.0
    at: float = 0.0
    fought: int = 0

    def cooled(self, now: float) -> float:
        """How hot it is now: each revert warms it by one, and is forgotten evenly within a minute's time constant."""
        return self.degrees * exp(-(now - self.at) / _COOLS_WITHIN)

    def after_revert(self, now: float) -> "Heat":
        """One revert more."""
        degrees = self.cooled(now) + 1.0
        goes_on = self.is_fight and now - self.at <= self.pause + _AT_ONCE
        return Heat(degrees, now, self.fought + 1 if goes_on or degrees >= THRESHOLD else 0)

    @property
    def is_fight(self) -> bool:
        """Does somebody write it again each time?"""
        return self.fought > 0

    @property
    def pause(self) -> float:
        """Seconds to wait before the next revert: none at first, then longer each time, so that a fight is no storm."""
        return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** (self.fought - 1)) if self.fought else 0.0
