"""All contracts: what the timer has priced, and what somebody has priced anew."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from wattline.errors import WattlineError
from wattline.influxdb.server import Server
from wattline_cost.errors import CostError
from wattline_cost.local_days import day_of, day_start_s, days_through
from wattline_cost.settings import Settings
from wattline_cost.store.account import RECENT_DAYS, Account, Day, as_of
from wattline_cost.store.due import ONE_DAY, month_begin
from wattline_cost.store.memory import Known, Memory
from wattline_cost.store.stored import Change
from wattline_cost.tariff.file import parse_contract
from wattline_cost.tariff.model import Contract


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a contract.

    Attributes:
        contract: it.
        days: how many were priced.
        change: of the points.
        remarks: for the person who reads the log, each a sentence.
        today: what it costs so far; None where nothing is known.
    """

    contract: Contract
    days: int = 0
    change: Change = field(default_factory=lambda: Change(0, 0))
    remarks: Sequence[str] = ()
    today: Day | None = None


@dataclass(frozen=True, slots=True)
class File:
    """A contract as it stands in its file."""

    path: Path
    content: str
    contract: Contract


def files_in(chosen: Settings, faults: list[WattlineError]) -> list[File]:
    """The contracts of the folder; what is wrong with one is added to ``faults``, and hides no other.

    Raises:
        WordError: the folder cannot be read.
    """
    found: dict[str, File] = {}
    for path in chosen.contracts():
        try:
            file = _file(path)
            if (other := found.get(file.contract.name)) is not None:
                raise CostError(
                    f"{path} and {other.path} are both called {file.contract.name!r}: give one another name."
                )
            found[file.contract.name] = file
        except WattlineError as error:
            faults.append(error)
    return list(found.values())


def _file(path: Path) -> File:
    try:
        content = path.read_bytes().decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise CostError(f"{path} cannot be read as text: {error}.") from error
    return File(path, content, parse_contract(path, content))


class Work:
    """Prices contracts.

    Args:
        chosen: where everything is.
        server: InfluxDB.
        memory: what is remembered, held by nobody else.
        now_s: seconds since 1970; now unless given.
    """

    def __init__(self, chosen: Settings, server: Server, memory: Memory, now_s: int | None = None) -> None:
        self._chosen, self._server, self._memory = chosen, server, memory
        self._now_s = int(time.time()) if now_s is None else now_s

    def update(self, files: Sequence[File], faults: list[WattlineError]) -> list[Result]:
        """Price yesterday, today, and every day whose readings are others than before; what fails is added to ``faults``."""
        return list(self._each(files, faults, self._update))

    def recompute(
        self, files: Sequence[File], faults: list[WattlineError], first: date, last: date | None
    ) -> list[Result]:
        """Price the days from ``first`` to ``last``, or today, whatever was stored; what fails is added to ``faults``."""
        return list(self._each(files, faults, lambda file: self._recompute(file, first, last)))

    def _each(
        self, files: Sequence[File], faults: list[WattlineError], do: Callable[[File], Result]
    ) -> Iterator[Result]:
        for file in files:
            try:
                yield do(file)
            except WattlineError as error:
                faults.append(error)

    def _update(self, file: File) -> Result:
        account, known = self._account(file)
        if (begin := account.begin()) is None:
            return Result(file.contract, remarks=[_nothing_yet(account)])
        today = account.today
        days = account.due(begin if known.looked_at != today else max(begin, today - RECENT_DAYS * ONE_DAY))
        month = month_begin(today)
        if known.content not in {"", file.content}:
            days.update(days_through(max(begin, month), account.last_day))
        change = account.price(days)
        is_changed = known.content != file.content
        self._note(known, file, month)
        known.looked_at = today
        remarks = [_differs(file, known, begin)] if is_changed and known.earlier != file.content else []
        return Result(file.contract, len(days), change, remarks, account.so_far())

    def _recompute(self, file: File, first: date, last: date | None) -> Result:
        account, known = self._account(file)
        if (begin := account.begin()) is None:
            return Result(file.contract, remarks=[_nothing_yet(account)])
        today = account.today
        last = min(last or today, account.last_day)
        days = set(days_through(max(first, begin), last))
        change = account.price(days)
        if known.earlier and known.earlier != file.content:
            since = differs_from(file, known, begin)
            if since is None or (
                first <= since and last >= min((known.earlier_until or today) - ONE_DAY, account.last_day)
            ):
                known.earlier = file.content
        return Result(file.contract, len(days), change, today=account.so_far())

    def _account(self, file: File) -> tuple[Account, Known]:
        known = self._memory.of(file.contract.name)
        return Account(file.contract, self._chosen, self._server, known, self._now_s), known

    def _note(self, known: Known, file: File, month: date) -> None:
        """The current month is priced by the file as it is; what is before may not be."""
        if not known.content:
            known.earlier = file.content
        elif known.content != file.content:
            known.earlier_until = month
        known.content = file.content
        if known.earlier != file.content and differs_from(file, known, date.min) is None:
            known.earlier = file.content


def differs_from(file: File, known: Known, begin: date) -> date | None:
    """From which day on what was priced before is priced otherwise now; None where it is not."""
    zone, until = file.contract.zone, known.earlier_until
    if until is None:
        return None
    try:
        earlier = parse_contract(file.path, known.earlier)
    except WattlineError:
        # It was written for another wattline.
        return begin
    end_s = day_start_s(until, zone)
    if as_of(earlier, end_s) == as_of(file.contract, end_s):
        return None
    starts_s = sorted(
        {int(version.start.timestamp()) for each in (earlier, file.contract) for version in each.versions}
    )
    alike_s = [start_s for start_s in starts_s if as_of(earlier, start_s) == as_of(file.contract, start_s)]
    return max(begin, day_of(alike_s[-1], zone)) if alike_s else begin


def _differs(file: File, known: Known, begin: date) -> str:
    since = differs_from(file, known, begin)
    return (
        f"{file.path.name} has other prices for what was priced before {known.earlier_until}; that stays as it is until "
        f"`wattline-cost recompute --contract {file.contract.name} --from {since}` prices it anew."
    )


def _nothing_yet(account: Account) -> str:
    name, what = account.contract.name, account.reader.what
    return f"{name}: nothing is priced yet, since there is no day both of the contract and of readings of {what}."
