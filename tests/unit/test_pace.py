"""Windows grow with how busy the process is."""

from __future__ import annotations

import pytest

from chat.conf import conf
from chat.generation.pace import MEASURE_S, Pace


class Machine:
    """A clock and a CPU that go as the test says."""

    def __init__(self) -> None:
        self.now = self.spent = 0.0

    def pass_(self, busy: float) -> None:
        self.now += MEASURE_S
        self.spent += MEASURE_S * busy


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def pace(machine: Machine) -> Pace:
    return Pace(clock=lambda: machine.now, cpu=lambda: machine.spent)


def test_it_works(machine: Machine, pace: Pace) -> None:
    machine.pass_(busy=0.25)
    assert pace.window_s() == pytest.approx(conf.window_max_s / 2)


def test_an_idle_process_hardly_waits(machine: Machine, pace: Pace) -> None:
    assert pace.window_s() == conf.window_min_s
    machine.pass_(busy=0.001)
    assert pace.window_s() == conf.window_min_s


def test_a_full_core_waits_no_longer_than_allowed(machine: Machine, pace: Pace) -> None:
    machine.pass_(busy=1.0)
    assert pace.window_s() == conf.window_max_s


def test_it_shortens_again(machine: Machine, pace: Pace) -> None:
    machine.pass_(busy=1.0)
    pace.window_s()
    machine.pass_(busy=0.0)
    assert pace.window_s() == conf.window_min_s


def test_it_keeps_its_mind_between_two_measurements(machine: Machine, pace: Pace) -> None:
    machine.pass_(busy=1.0)
    before = pace.window_s()
    machine.now += MEASURE_S / 10
    assert pace.window_s() == before
