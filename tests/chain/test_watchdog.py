"""What systemd hears of the real Telegraf and the plugin under it, by the socket that Telegraf hands on.

systemd is played by the socket: that it restarts a unit that says nothing is its own affair, what is said is ours.

| fault | test |
|---|---|
| Telegraf does not hand the socket on, or the plugin does not use it | test_the_plugin_feeds_through_telegraf |
| a Telegraf that reads no more is fed for, or the plugin meters no more | test_a_telegraf_that_stands_still_is_not_fed_for |
| a plugin that stands still is fed for, by whomever | test_a_plugin_that_stands_still_feeds_no_more |
"""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from wattline.watchdog import EVERY_S, UNTAKEN_S

pytestmark = [pytest.mark.chain, pytest.mark.timeout(120)]

Hear = Callable[[float], list[str]]


@pytest.fixture(scope="module")
def hear(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hear]:
    """Gives all that comes within so many seconds."""
    path = tmp_path_factory.mktemp("systemd") / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd, pytest.MonkeyPatch.context() as patch:
        systemd.bind(str(path))
        patch.setenv("NOTIFY_SOCKET", str(path))

        def listen(seconds: float) -> list[str]:
            messages, deadline_s = [], time.monotonic() + seconds
            while (left_s := deadline_s - time.monotonic()) > 0:
                systemd.settimeout(left_s)
                try:
                    messages.append(systemd.recv(8192).decode())
                except TimeoutError:
                    break
            return messages

        yield listen


@pytest.fixture(scope="module")
def telegraf(chain: Any, hear: Hear) -> Any:
    """Telegraf with a meter, fed for."""
    link, _ = chain.start_simulator("house")
    telegraf = chain.start_telegraf("watched", link)
    chain.wait_until("the plugin is there", lambda: telegraf.plugins, 10)
    return telegraf


def feeding(messages: list[str]) -> list[str]:
    return [message for message in messages if "WATCHDOG=1" in message]


def test_the_plugin_feeds_through_telegraf(telegraf: Any, hear: Hear) -> None:
    """Telegraf itself says that it is ready, and no more."""
    messages = hear(2 * EVERY_S + 6)
    assert len([message for message in messages if "READY=1" in message]) == 1
    fed = feeding(messages)
    assert len(fed) >= 3
    assert fed[-1].startswith("WATCHDOG=1\nSTATUS=")
    assert "1 of 1 meters answer (house " in fed[-1]


def test_a_telegraf_that_stands_still_is_not_fed_for(chain: Any, telegraf: Any, hear: Hear) -> None:
    """Long before the pipe is full; afterwards no second is missing."""
    telegraf.process.send_signal(signal.SIGSTOP)
    hear(UNTAKEN_S + EVERY_S + 1)
    stopped = hear(2 * EVERY_S + 1)
    telegraf.process.send_signal(signal.SIGCONT)
    again = hear(EVERY_S + 2)
    assert feeding(stopped) == []
    assert "Telegraf has taken no line for " in stopped[-1]
    assert feeding(again)
    continued = time.time()

    def seconds() -> list[int]:
        series = chain.influxdb.series("energy", "watched", "electricity")
        return sorted(stamp // 10**9 for points in series.values() for stamp in points)

    chain.wait_until("what waited is stored", lambda: seconds()[-1] > continued, 30)
    stored = seconds()
    assert stored == list(range(stored[0], stored[-1] + 1))


def test_a_plugin_that_stands_still_feeds_no_more(telegraf: Any, hear: Hear) -> None:
    (plugin,) = telegraf.plugins
    os.kill(plugin, signal.SIGSTOP)
    hear(0.2)
    assert hear(2 * EVERY_S + 1) == []
    os.kill(plugin, signal.SIGCONT)
    assert feeding(hear(EVERY_S + 2))
