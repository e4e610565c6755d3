"""What is remembered of rendered Applications: what is in use, and not every version that there ever was."""

from gitguard.commands.remembering import Results
from gitguard.model.desired import Desired, Wanted
from gitguard.model.drift import ObjectKey


def made(count: int) -> Desired:
    keys = [ObjectKey("", "ConfigMap", "shop", f"settings-{number}") for number in range(count)]
    return Desired("c", {key: Wanted(key, {}, "", "c") for key in keys})


def test_versions_of_a_large_application_are_not_all_kept() -> None:
    results = Results()
    for version in range(20):
        results.keep(f"large {version}", made(4_000))
        results.forget({f"large {version}"})
    held = [version for version in range(20) if f"large {version}" in results]
    assert held[-1] == 19
    assert len(held) < 5


def test_what_is_used_stays_however_old_it_is() -> None:
    results = Results()
    results.keep("old", made(4_000))
    for version in range(20):
        results.keep(f"new {version}", made(4_000))
        results.forget({"old", f"new {version}"})
    assert "old" in results
    assert results["new 19"].objects
    assert "new 0" not in results


def test_small_ones_are_all_kept() -> None:
    results = Results()
    for number in range(500):
        results.keep(str(number), made(2))
        results.forget({str(number)})
    assert all(str(number) in results for number in range(500))
