"""The search itself: asks step by step, examines whoever answers, and keeps what it finds."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from wattline.bus.settings import LineSettings
from wattline.fields import ELECTRICITY_FIELDS
from wattline.meters import Model
from wattline.scan.device import LATEST_S, Device
from wattline.scan.doubles import REST_S, Garbled, is_quiet, listen_for
from wattline.scan.ear import Answer, Ear, Heard
from wattline.scan.order import ADDRESSES, PATIENCE_S, Question, Step, first_timeout_s
from wattline.scan.recognise import not_excluded, recognise
from wattline.scan.verdict import Verdict, equals

RETRIES = 2
# So often may a line be found noisy until garbled bytes are nothing special at these settings.
NOISE_CHECKS = 3
# How much later a second meter at the same address would answer.
SECOND_S = 0.15
# By how much a counter may have grown between two looks at one meter, in kWh or kvarh.
GROWTH = 0.5


@dataclass(slots=True)
class Found:
    """Whoever answers at one address and line setting.

    Attributes:
        settings: the line settings.
        address: 1 to 247.
        verdicts: the models that it may be, the likeliest first; empty when it is none that is known.
        not_excluded: where it is none: models that cannot be told by their values, and may be it.
        also: other settings at which the very same meter answers.
        siblings: what it was as likely taken for at those, by its settings alone.
        sound: its answers that were frames.
        garbled: its answers that were not.
        is_twice: whether one question was answered by two frames.
        is_alone: whether garbled bytes come from its address alone, and not from the line.
        is_given_up: whether so many were garbled that it was not asked to the end what it is.
        is_examined: whether the search came to ask what it is.
    """

    settings: LineSettings
    address: int
    verdicts: list[Verdict] = field(default_factory=list)
    not_excluded: list[Model] = field(default_factory=list)
    also: list[LineSettings] = field(default_factory=list)
    siblings: list[Verdict] = field(default_factory=list)
    sound: int = 0
    garbled: int = 0
    is_twice: bool = False
    is_alone: bool = False
    is_given_up: bool = False
    is_examined: bool = False

    @property
    def best(self) -> Verdict | None:
        """What it most likely is."""
        return self.verdicts[0] if self.verdicts else None

    @property
    def others(self) -> list[Verdict]:
        """What it is just as likely."""
        if not self.verdicts:
            return []
        others = {verdict.model.name: verdict for verdict in (*equals(self.verdicts), *self.siblings)}
        return [verdict for verdict in others.values() if verdict.model is not self.verdicts[0].model]

    @property
    def may_be_two(self) -> bool:
        """Whether its answers came twice, or so many of them garbled, that another meter may have the same address."""
        return self.is_twice or (self.garbled >= RETRIES and self.garbled * 4 >= self.sound)


class Watcher(Protocol):
    """Who is told how the search goes."""

    def at(self, step: Step, done_s: float, total_s: float) -> None:
        """The search is at ``step``; so much of the time that silence costs is behind it, and so much there is."""

    def asking(self, settings: LineSettings, address: int) -> None:
        """Somebody answers there, and is asked one of many questions, which may take a while."""

    def found(self, found: Found) -> None:
        """Somebody answers, and was examined."""

    def doubled(self, settings: LineSettings, address: int) -> None:
        """Two meters seem to have one address."""


class Search:
    """One search.

    Args:
        ear: the line.
        models: the models that are known.
        steps: what is asked, in order.
        watcher: who is told.
        slack_s: what the way to the line adds to each answer.

    Attributes:
        found: whoever answers.
        doubled: settings and addresses at which two meters seem to answer at once.
        noise: settings to how often garbled bytes were found to come from the line itself.
    """

    def __init__(
        self, ear: Ear, models: Collection[Model], steps: Sequence[Step], watcher: Watcher, slack_s: float = 0.0
    ) -> None:
        self.found: list[Found] = []
        self.doubled: list[tuple[LineSettings, int]] = []
        self.noise: dict[LineSettings, int] = {}
        self._ear = ear
        self._models = models
        self._steps = steps
        self._watcher = watcher
        self._slack_s = slack_s
        self._settled: set[tuple[LineSettings, int]] = set()

    def run(self) -> None:
        """Search to the end; what was found is kept when it is cut short.

        Raises:
            PortError: the port cannot be opened, or was lost.
            Stopped: the process was asked to end.
        """
        total_s, done_s = sum(step.cost_s for step in self._steps), 0.0
        for step in self._steps:
            if (step.settings, step.address) not in self._settled and self._ear.tune(step.settings):
                self._watcher.at(step, done_s, total_s)
                self._ask(step)
                self._meet_late(step.question)
            done_s += step.cost_s
        if self._steps:
            self._ear.listen(PATIENCE_S)
            self._meet_late(self._steps[-1].question)

    def _ask(self, step: Step) -> None:
        answer = self._ear.ask(step.address, step.question, step.timeout_s)
        garbled = 0
        while answer.heard == Heard.GARBLED and garbled < RETRIES:
            garbled += 1
            self._ear.listen(REST_S)
            answer = self._ear.ask(step.address, step.question, PATIENCE_S + self._slack_s)
        if answer.heard == Heard.GARBLED and self.noise.get(step.settings, 0) < NOISE_CHECKS:
            garbled += 1
            answer = self._suspect(step, answer)
        if answer.is_sound:
            self._meet(step.settings, step.address, step.question, garbled)

    def _suspect(self, step: Step, answer: Answer) -> Answer:
        """Find out where garbled bytes come from; a sound answer if a meter was heard among them."""
        match listen_for(self._ear, step, self._silent(step.settings, step.address)):
            case Garbled.METER:
                return Answer(Heard.REFUSAL)
            case Garbled.LINE:
                self.noise[step.settings] = self.noise.get(step.settings, 0) + 1
            case Garbled.ADDRESS:
                self._settled.add((step.settings, step.address))
                # A meter that was heard at another parity is garbled here, and is but one.
                known = [(each.settings, each.address) for each in self.found] + self.doubled
                if not any(_is_near(step, settings, address) for settings, address in known):
                    self.doubled.append((step.settings, step.address))
                    self._watcher.doubled(step.settings, step.address)
        return answer

    def _silent(self, settings: LineSettings, suspect: int) -> Iterator[int]:
        """Addresses at which nobody has answered, the least usual ones first."""
        loud = {address for others, address in self._settled if others == settings} | {suspect}
        return (address for address in reversed(ADDRESSES) if address not in loud)

    def _meet_late(self, question: Question) -> None:
        while self._ear.late:
            settings, address = self._ear.late.pop(0)
            # Once more and in time, since noise has passed a checksum before.
            if (
                (settings, address) not in self._settled
                and self._ear.tune(settings)
                and self._ear.ask(address, question, LATEST_S).is_sound
            ):
                self._meet(settings, address, question, 0)

    def _meet(self, settings: LineSettings, address: int, question: Question, garbled: int) -> None:
        self._settled.add((settings, address))
        found = Found(settings, address)
        self.found.append(found)
        found.is_twice = self._comes_twice(address, question)
        self._examine(found)
        found.garbled += garbled
        if found.may_be_two:
            timeout_s = first_timeout_s(settings) + self._slack_s
            found.is_alone = is_quiet(self._ear, question, timeout_s, self._silent(settings, address))
        if not self._is_known(found):
            self._watcher.found(found)

    def _examine(self, found: Found) -> None:
        """Ask what it is."""
        settings, address = found.settings, found.address
        device = Device(
            self._ear,
            settings,
            address,
            self._slack_s,
            is_twice=found.is_twice,
            on_ask=lambda: self._watcher.asking(settings, address),
        )
        found.verdicts = recognise(device, self._models)
        if device.is_hopeless:
            # What some values of two meters have in common is no evidence.
            found.is_given_up = True
            found.verdicts = [verdict for verdict in found.verdicts if verdict.is_identified]
        elif not found.verdicts:
            found.not_excluded = list(not_excluded(device, self._models))
        found.sound, found.garbled, found.is_examined = device.sound, device.garbled, True

    def _comes_twice(self, address: int, question: Question) -> bool:
        """Whether one question is answered by two frames, one after the other: they are two meters'."""
        # What an earlier question may still bring says nothing.
        self._ear.listen(REST_S)
        self._ear.came_late(address)
        self._ear.ask(address, question, LATEST_S)
        self._ear.listen(SECOND_S)
        return self._ear.came_late(address)

    def _is_known(self, found: Found) -> bool:
        """Whether it is a meter that was found at another parity, which no pseudo-terminal and not every adapter has."""
        for other in self.found:
            if other is found or not _is_near(found, other.settings, other.address) or not _is_same(found, other):
                continue
            kept, dropped = (found, other) if _fits_better(found, other) else (other, found)
            kept.also += [dropped.settings, *dropped.also]
            kept.siblings += [*dropped.verdicts[:1], *dropped.others]
            self.found.remove(dropped)
            return True
        return False


def _is_near(place: Found | Step, settings: LineSettings, address: int) -> bool:
    """Whether it is the same address at the same speed."""
    return (place.address, place.settings.baud) == (address, settings.baud)


def _is_same(one: Found, other: Found) -> bool:
    """Whether what one is most likely, the other may be as well, and says the same then.

    Models that share a map are told apart by the factory's settings alone, and those say nothing where both answer.
    """
    if not (one.best and other.best):
        return one.best is other.best
    pairs = [(mine, its) for mine in one.verdicts for its in other.verdicts if mine.model is its.model]
    return any(_agree(mine, its) for mine, its in pairs if mine is one.best or its is other.best)


def _agree(one: Verdict, other: Verdict) -> bool:
    """Whether their counters are those of one meter."""
    counters = [name for name in one.values.keys() & other.values.keys() if ELECTRICITY_FIELDS[name].kind == "counter"]
    return all(abs(one.values[name] - other.values[name]) <= GROWTH for name in counters)


def _fits_better(one: Found, other: Found) -> bool:
    return bool(one.best and other.best and one.best.rank > other.best.rank)
