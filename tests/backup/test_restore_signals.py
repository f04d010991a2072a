"""A signal that ends the program is obeyed behind what InfluxDB must not be left in the middle of.

| fault | test |
|---|---|
| a torn request leaves a shard closed | test_what_is_under_way_comes_to_its_end |
| a signal is lost | the same |
| the program can never be ended again | test_afterwards_signals_are_what_they_were |
"""

import os
import signal

import pytest

from wattline_backup.restore.signals import ENDING, obeyed_afterwards


@pytest.mark.parametrize("number", ENDING, ids=str)
def test_what_is_under_way_comes_to_its_end(number):
    steps = []
    with pytest.raises(KeyboardInterrupt), obeyed_afterwards():  # noqa: PT012 - what is behind the signal is the claim
        os.kill(os.getpid(), number)
        steps.append("end")
    assert steps == ["end"]


def test_afterwards_signals_are_what_they_were():
    before = [signal.getsignal(number) for number in ENDING]
    with pytest.raises(ZeroDivisionError), obeyed_afterwards():
        _ = 1 / 0
    assert [signal.getsignal(number) for number in ENDING] == before
