"""Counting tokens and speed, by a clock that stands still between two looks."""

from __future__ import annotations

from chat.events.types import Usage
from chat.generation.meter import Meter
from chat.providers.types import Done


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def counted(deltas: int, each_s: float) -> tuple[Meter, Clock]:
    clock = Clock()
    meter = Meter(clock)
    for number in range(deltas):
        clock.now += each_s * (number > 0)
        meter.count()
    return meter, clock


def test_it_works() -> None:
    meter, _ = counted(11, 0.1)
    meter.window = 4096
    assert meter.running_usage() == Usage(None, 11, 10.0, None, 4096)


def test_the_servers_figures_win() -> None:
    meter, _ = counted(5, 0.1)
    done = Done("stop", prompt_tokens=20, completion_tokens=40, completion_s=2.0)
    assert meter.usage(done) == [Usage(20, 40, 20.0, 60, None)]


def test_without_figures_deltas_are_tokens() -> None:
    meter, _ = counted(3, 1.0)
    assert meter.usage(Done("stop")) == [Usage(None, 3, 1.0, None, None)]


def test_nothing_written_is_nothing_to_say() -> None:
    assert Meter(Clock()).usage() == []


def test_one_delta_has_no_speed() -> None:
    meter, _ = counted(1, 0.1)
    assert meter.usage() == [Usage(None, 1, None, None, None)]


def test_the_speed_is_said_once_a_second() -> None:
    meter, clock = counted(1, 0.0)
    assert not meter.due()
    clock.now += 1.0
    assert meter.due() and not meter.due()
