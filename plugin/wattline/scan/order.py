"""In which order the search asks: serial settings, addresses and questions. Pure functions.

Time is the budget: a question that nobody answers costs its request and the whole timeout. So of all that could be
asked, the cheapest comes first: one question for each function, the one that most models with these settings know,
since whoever does not know it refuses it, and a refusal is an answer as well. Only then are the addresses where meters
usually are asked all that a model could know, for those meters that say nothing to what they do not know.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from wattline.bus.settings import LineSettings
from wattline.meters import Model

ADDRESSES = range(1, 248)
NEAR = 16
"""The last of the addresses where meters usually are."""

# Meters begin to answer after 5 to 100 ms, the slow ones at low speeds. One that takes longer is heard all the same,
# while the next address is asked, and in the second pass, which waits PATIENCE_S.
TURNAROUND_S = 0.1
TURNAROUND_CHARACTERS = 25
PATIENCE_S = 0.4
# What a network and a gateway add.
NETWORK_S = 0.15

VOLTAGES = ("voltage_v", "voltage_l1_v", "voltage_l2_v", "voltage_l3_v")


@dataclass(frozen=True, slots=True, order=True)
class Question:
    """A read of ``count`` registers from ``first`` on with ``function`` 3 or 4."""

    function: int
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Round:
    """Serial settings, and the models that may have them."""

    settings: LineSettings
    models: tuple[Model, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One question to one address.

    Attributes:
        settings: the line settings.
        address: whom.
        question: what.
        timeout_s: how long the first byte of an answer is waited for, from the end of the request.
    """

    settings: LineSettings
    address: int
    question: Question
    timeout_s: float

    @property
    def cost_s(self) -> float:
        """Seconds that it takes if nobody answers."""
        return 9 * self.settings.character_s + self.timeout_s


def has_settings(model: Model, settings: LineSettings) -> bool:
    """Whether ``model`` may have ``settings`` from its factory."""
    return settings == model.settings or settings in model.alternatives


def known_settings(models: Iterable[Model]) -> list[LineSettings]:
    """The settings that the models may have, the most common first; among equals those of more factories, then the faster."""
    known = list(models)
    factories = Counter(model.settings for model in known)
    counts = factories + Counter(settings for model in known for settings in set(model.alternatives) - {model.settings})
    return sorted(counts, key=lambda settings: (-counts[settings], -factories[settings], -settings.baud, str(settings)))


def rounds(models: Collection[Model], settings: Iterable[LineSettings]) -> list[Round]:
    """For each of ``settings`` the models that may have them; all where none may."""
    of = {each: tuple(model for model in models if has_settings(model, each)) for each in settings}
    return [Round(each, of[each] or tuple(models)) for each in of]


def questions_of(model: Model) -> list[Question]:
    """What can be asked to hear whether this model is there: its voltages, or where it has none, anything."""
    rows = [row for row in model.rows if row.field in VOLTAGES] or model.rows
    return [Question(model.function, row.address, row.encoding.count) for row in rows]


def openings(models: Iterable[Model]) -> tuple[list[Question], list[Question]]:
    """The first question of each function, and those others that it takes to ask each model one that it knows."""
    unasked = [set(questions_of(model)) for model in models if model.rows]
    first: list[Question] = []
    others: list[Question] = []
    while unasked:
        counts = Counter(question for questions in unasked for question in questions)
        best = max(counts, key=lambda question: (counts[question], -question.function, -question.first))
        is_new = all(question.function != best.function for question in first)
        (first if is_new else others).append(best)
        unasked = [questions for questions in unasked if best not in questions]
    return first, others


def steps(searched: Sequence[Round], addresses: Iterable[int], slack_s: float = 0.0) -> Iterator[Step]:
    """Every question of the search, in its order.

    The near addresses get the first questions at all settings; then, address by address, all questions, the first ones
    with more patience and last; then the far addresses the first questions.

    Args:
        searched: the settings, the most common first.
        addresses: whom to look for.
        slack_s: what the way to the line adds to each answer.
    """
    wanted = sorted(set(addresses))
    near = [address for address in wanted if address <= NEAR]
    far = [address for address in wanted if address > NEAR]
    asked = {each.settings: openings(each.models) for each in searched}
    yield from _quick(asked, near, slack_s)
    for address in near:
        for settings, (first, others) in asked.items():
            timeout_s = first_timeout_s(settings) + slack_s
            yield from (Step(settings, address, question, timeout_s) for question in others)
            yield from (Step(settings, address, question, PATIENCE_S + slack_s) for question in first)
    yield from _quick(asked, far, slack_s)


def _quick(
    asked: dict[LineSettings, tuple[list[Question], list[Question]]], addresses: Sequence[int], slack_s: float
) -> Iterator[Step]:
    for settings, (first, _) in asked.items():
        timeout_s = first_timeout_s(settings) + slack_s
        yield from (Step(settings, address, question, timeout_s) for address in addresses for question in first)


def first_timeout_s(settings: LineSettings) -> float:
    """Seconds that an answer is waited for at first."""
    return TURNAROUND_S + TURNAROUND_CHARACTERS * settings.character_s
