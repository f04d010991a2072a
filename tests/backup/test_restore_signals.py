"""A signal that ends the program is obeyed behind what InfluxDB must not be left in the middle of.

| fault | test |
|---|---|
| a torn request leaves a shard closed | test_what_is_under_way_comes_to_its_end |
| a signal is lost | the same |
| SIGTERM ends it without a word | test_all_of_them_interrupt_alike |
| the way back is cut off as well | test_the_way_back_obeys_none |
| a restore under nohup ends with its terminal | test_what_is_ignored_stays_ignored |
| the program can never be ended again | test_afterwards_signals_are_what_they_were |
"""

import os
import signal

import pytest

from wattline_backup.restore.signals import ENDING, disregarded, obeyed_afterwards, obeyed_alike


@pytest.mark.parametrize("number", ENDING, ids=str)
def test_what_is_under_way_comes_to_its_end(number):
    steps = []
    with pytest.raises(KeyboardInterrupt), obeyed_afterwards():  # noqa: PT012 - what is behind the signal is the claim
        os.kill(os.getpid(), number)
        steps.append("end")
    assert steps == ["end"]


@pytest.mark.parametrize("number", ENDING, ids=str)
def test_all_of_them_interrupt_alike(number):
    with pytest.raises(KeyboardInterrupt), obeyed_alike():
        os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", ENDING, ids=str)
def test_the_way_back_obeys_none(number):
    with disregarded():
        os.kill(os.getpid(), number)


def test_what_is_ignored_stays_ignored():
    """By nohup, for one."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        for obeyed in (obeyed_alike, obeyed_afterwards):
            with obeyed():
                os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_afterwards_signals_are_what_they_were():
    before = [signal.getsignal(number) for number in ENDING]
    with pytest.raises(ZeroDivisionError), obeyed_afterwards():
        _ = 1 / 0
    assert [signal.getsignal(number) for number in ENDING] == before
