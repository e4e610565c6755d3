"""People repeat an edit a few times; another controller does so without end."""

from hypothesis import given
from hypothesis import strategies as st

from gitguard.reconciler.fights import THRESHOLD, Heat


def after(*times: float) -> Heat:
    heat = Heat()
    for time in times:
        heat = heat.after_revert(time)
    return heat


def test_six_repeats_at_once_are_no_fight() -> None:
    assert not after(*[0.0] * 6).is_fight


def test_one_each_minute_never_is() -> None:
    assert not after(*(minute * 60.0 for minute in range(500))).is_fight


def test_a_writer_without_end_is_put_back_less_and_less_often() -> None:
    heat, now, pauses = Heat(), 0.0, []
    for _ in range(30):
        heat = heat.after_revert(now)
        now += max(heat.pause, 0.05)
        pauses.append(heat.pause)
    assert pauses[0] == 0.0
    fought = [pause for pause in pauses if pause]
    assert fought == [min(300.0, 2.0**number) for number in range(len(fought))]
    assert fought[-1] == 300.0


def test_a_fight_is_over_when_nobody_writes_again() -> None:
    heat = after(*[0.0] * 12)
    assert heat.after_revert(heat.pause + 5.0).is_fight
    assert not heat.after_revert(heat.pause + 60.0).is_fight


@given(st.lists(st.floats(0, 100), max_size=40))
def test_only_many_reverts_in_a_short_time_are_a_fight(pauses: list[float]) -> None:
    now, heat = 0.0, Heat()
    for count, pause in enumerate(pauses, 1):
        now += pause
        heat = heat.after_revert(now)
        assert heat.degrees <= count
        assert heat.is_fight or heat.degrees < THRESHOLD
        # Who comes once in a while does not begin one.
        assert not heat.is_fight or count >= THRESHOLD
