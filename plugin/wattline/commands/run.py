"""``wattline run``: the plugin for Telegraf's ``inputs.execd``.

Threads, so that none waits for another: the loop talks to the bus, the output writes to Telegraf, where there is a journal
one writes into that, and this one watches them and everything by which the process is asked to end: the end of stdin (the
only notice that Telegraf gives in every case), SIGTERM, SIGINT, and a stdout that nobody reads any more.
"""

import argparse
import os
import select
import signal
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from wattline import __version__, log
from wattline.clock import Clock
from wattline.errors import WattlineError, WordError
from wattline.hold import LONGEST_S, Hold
from wattline.journal import words as journal
from wattline.keys import WHOLE_TIMES
from wattline.log import LOG
from wattline.loop import Loop
from wattline.options import one_of
from wattline.output import Output
from wattline.runs import ASK, HOST, METER, Run, run_name
from wattline.stop import Stop
from wattline.systems import Conditions, System, system_of
from wattline.watchdog import Watchdog
from wattline.words import add_port_and_meters, parse_interval

if TYPE_CHECKING:
    from wattline.journal.journal import Journal

SUMMARY = "the plugin for Telegraf: writes line protocol every second"
EXAMPLE = "wattline run /dev/ttyRS485 house=orno-we515@1"
ERROR_PREFIX = "E! "

STDIN, STDOUT = 0, 1
WATCH_S = 1.0
HUNG_S = 30.0
# A watch that was away for so many of its turns did not run, and neither did the loop: the process was stopped.
TURNS_MISSED = 5
NOBODY_READS = "nobody reads standard output any more"
# What the loop gets to leave a read before the process goes on to its end without it.
LEAVE_S = 0.25


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    add_port_and_meters(parser)
    parser.add_argument(
        "--interval",
        default="1s",
        metavar="TIME",
        type=parse_interval,
        help="from slot to slot, 1s to 1h (default: %(default)s)",
    )
    parser.add_argument(
        "--clock-wait",
        default=f"{LONGEST_S:.0f}s",
        metavar="TIME",
        type=_parse_clock_wait,
        help="how long readings wait for a clock that is not synchronised, 0s to 1h (default: %(default)s)",
    )
    parser.add_argument(
        "--proven", action="store_true", help="ask only for what is known to be answered, and try nothing wider"
    )
    parser.add_argument(
        "--run",
        metavar="NAME",
        help=f"what this run is called, in a point of its own: any text, {HOST}, {METER} (behind a Rainforest stick), or "
        f"{ASK} on a terminal",
    )
    parser.add_argument("--run-tags", action="store_true", help="put the name and the id of the run on each reading")
    parser.add_argument(
        "--record", metavar="FILE", type=Path, help="append all that a Rainforest stick says, with its keys masked"
    )
    journal.configure(parser)
    parser.add_argument(
        "--log-level",
        default="info",
        choices=log.LEVELS,
        type=one_of(log.LEVELS),
        help="what is told on stderr (default: %(default)s)",
    )


def execute(arguments: argparse.Namespace) -> int:
    """Run until asked to end; returns 0, or 1 after a bug or a hang.

    Raises:
        WordError: the words are wrong.
    """
    log.start(arguments.log_level)
    interval_s = arguments.interval
    system = system_of(arguments)
    system.check(arguments.port, interval_s)
    run = _run_of(arguments, system)
    stop = Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda caught, _: stop.set(f"{signal.Signals(caught).name} came"))
    clock, output, hold = Clock(interval_s, stop), Output(), Hold(arguments.clock_wait)
    conditions = Conditions(stop, interval_s, arguments.proven, hold.believes, arguments.record)
    kept = _journal_of(arguments, system, hold.believes)
    source = system.source(arguments.port, conditions)
    loop = Loop(clock, source, hold, output, arguments.port, run=run, journal=kept)
    LOG.info(
        "wattline %s reads %s on %s every %d s.",
        __version__,
        ", ".join(meter.name for meter in system.meters),
        arguments.port,
        interval_s,
    )
    return _supervise(loop, clock, output, stop, kept)


def _journal_of(arguments: argparse.Namespace, system: System, believes: Callable[[], bool]) -> "Journal | None":
    """The journal that the words ask for, if they do.

    Raises:
        WordError: they bound one, and ask for none.
    """
    limits = journal.limits_of(arguments)
    if not arguments.journal:
        return None
    from wattline.journal.files import folder_name  # noqa: PLC0415 - half a megabyte, spent where one is kept
    from wattline.journal.journal import Journal  # noqa: PLC0415 - half a megabyte, spent where one is kept
    from wattline.journal.notes import began  # noqa: PLC0415 - half a megabyte, spent where one is kept

    port, interval_s = arguments.port, arguments.interval
    dues_s, offsets_s = system.dues_s(interval_s), system.offsets_s(interval_s)
    return Journal(
        arguments.journal / folder_name(port),
        lambda at: began(__version__, at, port, dues_s, interval_s, offsets=offsets_s),
        limits,
        believes=believes,
    )


def _run_of(arguments: argparse.Namespace, system: System) -> Run | None:
    """The run that the words name, if they do.

    Raises:
        WordError: they ask for what this port cannot have.
    """
    if arguments.record and not system.speaks_unasked:
        raise WordError("--record keeps what a Rainforest stick says, and there is none on this port; leave it away.")
    if arguments.run is None:
        if arguments.run_tags:
            raise WordError("--run-tags puts the name of a run on readings, and none was given; add --run NAME.")
        return None
    if arguments.run == METER and not system.speaks_unasked:
        raise WordError(f"--run {METER} is the address of a meter behind a Rainforest stick; name the run otherwise.")
    return Run(run_name(arguments.run), arguments.port, tags=arguments.run_tags)


def _parse_clock_wait(text: str) -> int:
    try:
        return 0 if text == "0s" else parse_interval(text)
    except WordError:
        raise WordError(
            f"The clock wait {text!r} must be 0s to 1h {WHOLE_TIMES}, for example 0s, 30s or 10m."
        ) from None


def _supervise(loop: Loop, clock: Clock, output: Output, stop: Stop, kept: "Journal | None") -> int:
    failures: list[BaseException] = []

    def guarded(work: Callable[[], None], end: str = "", *, is_vital: bool = True) -> None:
        """Do ``work``; if it is vital, all else ends with its end, whatever that is. ``end`` is what its end means."""
        try:
            work()
            if is_vital:
                stop.set(end)
        except BaseException as error:  # noqa: BLE001 - the one handler of last resort: a bug is logged on one line and ends the process
            LOG.error("%s", str(error) if isinstance(error, WattlineError) else log.bug(error))
            if is_vital:
                failures.append(error)
                stop.set()

    Thread(target=guarded, args=(output.run, NOBODY_READS), name="output", daemon=True).start()
    if kept:
        # Whatever becomes of the journal, the metering goes on.
        Thread(target=guarded, args=(kept.run,), kwargs={"is_vital": False}, name="journal", daemon=True).start()
    watchdog = Watchdog(os.environ.get("NOTIFY_SOCKET", ""), output.untaken_s, lambda: loop.status)
    turning = Thread(target=guarded, args=(loop.run,), name="loop", daemon=True)
    turning.start()
    guarded(lambda: _watch(clock, watchdog, stop))
    if stop.reason:
        LOG.info("Ending, since %s.", stop.reason)
    turning.join(LEAVE_S)
    if kept:
        kept.end(stop.reason or "of an error")
    output.close()
    if kept:
        kept.wait()
    LOG.info("Stopped: %d lines written, %d dropped.", output.written, output.dropped + len(output))
    return 1 if failures else 0


def _watch(clock: Clock, watchdog: Watchdog, stop: Stop) -> None:
    """Return when the process is asked to end; end it here if the loop hangs, and tell systemd as long as it does not.

    It is this thread that tells systemd, so that this end comes first and costs one plugin some seconds. Were it the loop,
    systemd's time would be over as well, and Telegraf be started anew with all that it has not written yet.
    """
    poller = select.poll()
    poller.register(stop, select.POLLIN)
    poller.register(STDIN, select.POLLIN)
    # No event is asked for: an error or a hang-up is told all the same.
    poller.register(STDOUT, 0)
    looked_s = resumed_s = time.monotonic()
    while not stop.is_set:
        events = dict(poller.poll(WATCH_S * 1000))
        if STDOUT in events:
            stop.set(NOBODY_READS)
        elif STDIN in events and _stdin_ended():
            stop.set("standard input has ended, which is how Telegraf ends a plugin")
        log.catch_up()
        last_s, looked_s = looked_s, time.monotonic()
        if looked_s - last_s > TURNS_MISSED * WATCH_S:
            resumed_s = looked_s
        if looked_s - max(clock.turned_s, resumed_s) > HUNG_S:
            LOG.error("The loop has not turned for %.0f s; the process ends so that Telegraf starts it anew.", HUNG_S)
            os._exit(1)
        watchdog.turn(looked_s)


def _stdin_ended() -> bool:
    """Whether stdin has ended; newlines, which Telegraf sends with ``signal = "STDIN"``, are read and mean nothing."""
    try:
        return not os.read(STDIN, 4096)
    except OSError:
        return True
