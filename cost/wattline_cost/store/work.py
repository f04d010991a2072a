"""All contracts: what the timer has priced, and what somebody has priced anew."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from wattline.errors import WattlineError, WordError
from wattline.influxdb.server import Server
from wattline_cost.errors import add, apart
from wattline_cost.local_days import ONE_DAY, days_through, month_begin, next_month
from wattline_cost.settings import Settings
from wattline_cost.store.account import RECENT_DAYS, Account
from wattline_cost.store.ledger import Day
from wattline_cost.store.memory import Known, Memory
from wattline_cost.store.stored import Change
from wattline_cost.store.terms import NOTHING, OTHERWISE, mark, months_through
from wattline_cost.tariff.file import content_of, parse_contract
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
        faults: what of its prices could not be read, each of which somebody has to mend.
    """

    contract: Contract
    days: int = 0
    change: Change = field(default_factory=lambda: Change(0, 0))
    remarks: Sequence[str] = ()
    today: Day | None = None
    faults: Sequence[WattlineError] = ()


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
        with apart(faults, str(path)):
            content = content_of(path)
            file = File(path, content, parse_contract(path, content))
            if (other := found.get(file.contract.name)) is not None:
                raise WordError(
                    f"{path} and {other.path} are both called {file.contract.name!r}: give one another name."
                )
            found[file.contract.name] = file
    return list(found.values())


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
            with apart(faults, file.contract.name):
                result = do(file)
                self._memory.write()
                add(faults, result.faults)
                yield result

    def _update(self, file: File) -> Result:
        account, known = self._account(file)
        if not account.is_read():
            return Result(file.contract, remarks=[_nothing_yet(account)])
        account.check_clock()
        change = account.clear_ahead()
        begin, today = account.begin(), account.today
        month, is_changed, is_look = month_begin(today), known.content != file.content, known.looked_at != today
        is_anew = is_changed or known.priced.get(str(month)) != mark(file.contract, month)
        days: set[date] = set()
        if begin is not None:
            days = account.due(begin if is_look else max(begin, today - RECENT_DAYS * ONE_DAY))
        if is_changed:
            _recall(file, account, known, days)
        if begin is not None:
            if is_anew:
                days.update(days_through(max(begin, month), account.last_day))
            alike = {each for each in set(map(month_begin, days)) if each == month or _is_alike(file, known, each)}
            days = {day for day in days if month_begin(day) in alike}
            for each in map(month_begin, days):
                known.priced.setdefault(str(each), mark(file.contract, each))
        with self._unsettled(file, account, known, [month] if is_anew else []):
            change += account.clear(month, None) if is_anew else Change(0, 0)
            change += account.price(days)
        known.content, known.looked_at = file.content, today
        known.priced[str(month)] = mark(file.contract, month)
        remarks = _remarks(file, known, month) if is_changed else []
        if begin is None:
            remarks.append(_nothing_yet(account))
        return Result(file.contract, len(days), change, remarks, account.ledger.day(today), account.faults)

    def _recompute(self, file: File, first: date, last: date | None) -> Result:
        account, known = self._account(file)
        if not account.is_read():
            return Result(file.contract, remarks=[_nothing_yet(account)])
        account.check_clock(is_vouched_for=True)
        change, days = account.clear_ahead(), set[date]()
        begin, today = account.begin(), account.today
        if begin is not None:
            days = account.with_dependents(days_through(max(first, begin), min(last or today, account.last_day)))
        months = list(months_through(first, min(last or today, today)))
        with self._unsettled(file, account, known, months):
            change += account.clear(first, last)
            change += account.price(days)
        for month in months:
            end = min(next_month(month) - ONE_DAY, today)
            is_to_its_end = last is None or last >= end or end in days
            if is_to_its_end and not account.ledger.months_with_days(month, first):
                known.priced[str(month)] = mark(file.contract, month)
            elif not _is_alike(file, known, month):
                known.priced[str(month)] = OTHERWISE
        remarks = [] if begin is not None else [_nothing_yet(account)]
        return Result(file.contract, len(days), change, remarks, account.ledger.day(today), account.faults)

    @contextmanager
    def _unsettled(self, file: File, account: Account, known: Known, months: Sequence[date]) -> Iterator[None]:
        """Have it known by which terms ``months`` are priced, before any of it is stored; of several, where it was by others.

        Whoever is cut off inside leaves that behind. Where there are several, the next run takes the contract for changed,
        whatever its file says by then: it prices the present month anew, and tells of those that are over.
        """
        content, priced = known.content, dict(known.priced)
        unknown = [month for month in months if str(month) not in priced]
        stored = account.ledger.months_with_days(unknown[0], next_month(unknown[-1])) if unknown else set()
        for month in months:
            terms = mark(file.contract, month)
            is_by_others = month in stored if month in unknown else priced[str(month)] != terms
            known.priced[str(month)] = OTHERWISE if is_by_others else terms
            known.content = OTHERWISE if is_by_others else known.content
        if months:
            self._memory.write()
        yield
        known.content, known.priced = content, priced

    def _account(self, file: File) -> tuple[Account, Known]:
        known = self._memory.of(file.contract.name)
        return Account(file.contract, self._chosen, self._server, known, self._now_s), known


def _recall(file: File, account: Account, known: Known, due: set[date]) -> None:
    """Have it known of each month that is over by which terms it was priced, before those of ``file`` price any of it.

    Up to the last day that was looked at, what was not owed then stays as it is, as all history does. A month behind that was
    still to come: no terms have priced it, nor one that a run only began with before it was cut off, nor one before any reading.
    Where no day is known to have been looked at, as after a loss of the memory, what is stored tells.
    """
    month, begin = month_begin(account.today), account.begin()
    begun = _begun(account, known, month)
    known.priced = {each: terms for each, terms in known.priced.items() if terms != NOTHING and each not in begun}
    if known.looked_at is None:
        for each in account.ledger.months_before(month):
            if str(each) not in known.priced.keys() | begun:
                is_alike = account.is_by_these_terms(each, due)
                known.priced[str(each)] = mark(file.contract, each) if is_alike else OTHERWISE
    elif begin is not None:
        passed = map(str, months_through(begin, min(known.looked_at, month - ONE_DAY)))
        known.priced |= dict.fromkeys(set(passed) - begun - known.priced.keys(), NOTHING)


def _begun(account: Account, known: Known, month: date) -> set[str]:
    """The months but ``month`` that a run began to price, before it was cut off, and of which no day is whole."""
    begun = sorted(each for each, terms in known.priced.items() if terms != NOTHING and each != str(month))
    whole = account.ledger.months_with_days(date.fromisoformat(begun[0]), month) if begun else set()
    return {each for each in begun if date.fromisoformat(each) not in whole}


def _is_alike(file: File, known: Known, month: date) -> bool:
    """Whether a month was priced by the terms that hold now, or was never."""
    return known.priced.get(str(month)) in {None, mark(file.contract, month)}


def _remarks(file: File, known: Known, month: date) -> list[str]:
    """What is to be said of the months before ``month`` that were priced by other terms, or nobody knows by which."""
    others = [each for each in sorted(map(date.fromisoformat, known.priced)) if not _is_alike(file, known, each)]
    if not others or others[0] >= month:
        return []
    are_known = any(known.priced[str(each)] != OTHERWISE for each in others)
    remark = (
        f"{file.path.name} {'has' if are_known else 'may have'} other terms for what was owed before {month}; that stays as it is until "
        f"`wattline-cost recompute --contract {file.contract.name} --from {others[0]}` prices it anew, or removes what is "
        "not owed any more."
    )
    return [remark]


def _nothing_yet(account: Account) -> str:
    """Raises CostError where the contract counts by a meter that is none of those that there are."""
    what = account.reader.what
    why = (
        f"there is no day both of the contract and of readings of {what}"
        if account.is_read()
        else account.reader.why_no_day()
    )
    return f"{account.contract.name}: nothing is priced yet, since {why}."
