"""Which late replies may still be under way, and whether one of them could be taken for another answer.

An RTU reply names no register. What tells one question from another is the length of the reply, and nothing else. A
request that was given up leaves a reply that may still come; until it has come, or is too old to come, it could be
taken for the answer to any later question of the same length. So such a length is in doubt.

Some gateways send a reply twice. The copy is the same to the byte. When it comes while nobody waits for a reply, it is known
by that, and is of no consequence; but it may come while another question of its length is open, and be taken for the
answer. So an answer that is the same as the answer to another question just before is believed only when it was given twice
(``Copies``).

Two replies of one length are under way after such a question is asked again. When one of them comes, which of the two
it was cannot be known; so the one still missing is taken to be the younger, which keeps the length in doubt longest.
"""

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from wattline.bus.frames import Frame

# How late a reply may be: more than twice the 1.2 s that gateways were seen to take. It grows when one comes later, and
# shrinks again when none has for a while.
HORIZON_S = 3.0
HORIZON_MAX_S = 30.0
CALM_S = 600.0
# How much later than the reply its copy may be.
COPY_S = 3.0
# As a rule it is no later than this: what says the same to the same question so soon again may be one.
SOON_S = 0.6


class Question(NamedTuple):
    """What an answer answers: the registers from one on, in one slot, in whatever length.

    Attributes:
        slot_s: when the slot began, by the monotonic clock.
        first: the first register.
        meter: the name of the meter that was asked.
    """

    slot_s: float
    first: int
    meter: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """A reply that may still come.

    Attributes:
        length: the registers that it will carry.
        question: what was asked; a late answer to the very same question is as good as one in time. None when it may
            be the reply to any of several.
        asked_s: when, by the monotonic clock.
    """

    length: int
    question: Question | None
    asked_s: float


@dataclass(frozen=True, slots=True)
class LateAnswer:
    """A reply that came after its question was given up.

    Attributes:
        question: what it answers; None when that cannot be known.
        length: how many registers were asked for.
        registers: what it says.
    """

    question: Question | None
    length: int
    registers: tuple[int, ...]


class Late(NamedTuple):
    """A frame to which no request was waiting.

    Attributes:
        frame: the frame.
        received_s: when it came, by the monotonic clock.
        missing: the missing reply that it was; None for a refusal, or where none explains it.
    """

    frame: Frame
    received_s: float
    missing: Missing | None


class Suspicion:
    """The missing replies of one meter, or of several that share an address."""

    def __init__(self, horizon_s: float = HORIZON_S) -> None:
        self.horizon_s = horizon_s
        self.copies = Copies()
        self._missing: list[Missing] = []
        self._late: defaultdict[str, list[Late]] = defaultdict(list)
        self._grown_s = float("-inf")

    def given_up(self, length: int, question: Question, asked_s: float) -> None:
        """A request got no answer that can be told to be its own."""
        self._missing.append(Missing(length, question, asked_s))

    def answered(self, length: int, question: Question, asked_s: float) -> None:
        """A request got a reply of its length, be it its own or an older one's."""
        if self._oldest(length) is not None:
            self._missing.append(Missing(length, question, asked_s))
            self._strike_off(length)

    def first_asked_s(self, length: int, question: Question) -> float | None:
        """When the first of the requests for ``question`` in ``length`` was sent whose replies are missing; None if none is."""
        return min((m.asked_s for m in self._missing if (m.length, m.question) == (length, question)), default=None)

    def came_late(self, registers: tuple[int, ...], received_s: float) -> Missing | None:
        """A reply came to which no request was waiting.

        Returns:
            The missing reply that it was, with its question if there was but one that it can answer. None when none of
            the missing ones explains it: then it is the copy of one before it, or replies are later than thought, and the
            length is in doubt from now on.
        """
        length = len(registers)
        self._forget(received_s)
        oldest = self._oldest(length)
        awaited = oldest.question if oldest else None
        is_copy = self.copies.is_one(registers, awaited, received_s) or self.copies.may_be_one(registers, received_s)
        if is_copy and oldest is None:
            self.copies.seen(received_s)
        self.copies.came(registers, awaited, received_s)
        if is_copy:
            return None
        if oldest is None:
            self.horizon_s, self._grown_s = min(2 * self.horizon_s, HORIZON_MAX_S), received_s
            self._missing.append(Missing(length, None, received_s))
            return None
        questions = {m.question for m in self._missing if m.length == length}
        self._strike_off(length)
        return oldest if len(questions) == 1 else replace(oldest, question=None)

    def sort_late(self, frame: Frame, received_s: float, hearer: str) -> None:
        """Put aside ``frame``, to which no request was waiting, for the meter that it is of.

        Args:
            frame: the frame.
            received_s: when it came, by the monotonic clock.
            hearer: the name of the meter whose it is unless it is known to be another's.
        """
        missing = None if frame.is_refusal else self.came_late(frame.registers, received_s)
        whose = missing.question.meter if missing and missing.question else hearer
        self._late[whose].append(Late(frame, received_s, missing))

    def late_of(self, name: str) -> list[Late]:
        """What was put aside for the meter of that ``name``; it is put aside no more."""
        return self._late.pop(name, [])

    def doubts(self, length: int, question: Question, now_s: float) -> int:
        """How many missing replies could be taken for the answer to ``question``; where replies come twice, each does."""
        self._forget(now_s)
        number = sum(m.length == length and m.question != question for m in self._missing)
        return 2 * number if self.copies.are_known(now_s) else number

    def is_missing(self, length: int, now_s: float) -> bool:
        """Whether any reply of ``length`` may still come, to whatever question."""
        self._forget(now_s)
        return self._oldest(length) is not None

    def is_any_missing(self, now_s: float) -> bool:
        """Whether any reply at all may still come."""
        self._forget(now_s)
        return bool(self._missing)

    def _strike_off(self, length: int) -> None:
        """One reply of ``length`` has come: the oldest is struck off, which keeps the length in doubt longest.

        If they belonged to different questions, nobody knows any more to which the others belong.
        """
        alike = [m for m in self._missing if m.length == length]
        self._missing = [m for m in self._missing if m.length != length]
        is_one_question = len({m.question for m in alike}) == 1
        self._missing += [m if is_one_question else replace(m, question=None) for m in alike[1:]]

    def _oldest(self, length: int) -> Missing | None:
        return next((m for m in self._missing if m.length == length), None)

    def _forget(self, now_s: float) -> None:
        if self.horizon_s > HORIZON_S and now_s - self._grown_s > CALM_S:
            self.horizon_s, self._grown_s = max(self.horizon_s / 2, HORIZON_S), now_s
        self._missing = [m for m in self._missing if now_s - m.asked_s <= self.horizon_s]


class Copies:
    """The replies that came lately, by which one that comes twice is known."""

    def __init__(self) -> None:
        self._came: deque[tuple[tuple[int, ...], Question | None, float]] = deque()
        self._believed: dict[tuple[int, str, int], tuple[int, ...]] = {}
        self._suspected: dict[tuple[int, str, int], tuple[int, ...]] = {}
        self._seen_s = float("-inf")

    def seen(self, now_s: float) -> None:
        """A copy came for certain."""
        self._seen_s = now_s

    def are_known(self, now_s: float) -> bool:
        """Whether replies came twice lately."""
        return now_s - self._seen_s <= CALM_S

    def came(self, registers: tuple[int, ...], question: Question | None, received_s: float) -> None:
        """A reply came that answers ``question``; nobody knows which when that is None."""
        self._came.append((registers, question, received_s))
        while received_s - self._came[0][2] > COPY_S:
            self._came.popleft()

    def believed(self, registers: tuple[int, ...], question: Question) -> None:
        """``registers`` were taken for the answer to ``question``."""
        key = _key(question, registers)
        self._believed[key] = registers
        self._suspected.pop(key, None)

    def is_one(self, registers: tuple[int, ...], awaited: Question | None, received_s: float) -> bool:
        """Whether a reply that came late is the copy of one before it, and not the answer to ``awaited``.

        Args:
            registers: what it says.
            awaited: the question whose reply is missing; None if none is, or it may be that of several.
            received_s: when it came.
        """
        return any(
            awaited is None or (asked is not None and _key(asked, registers) != _key(awaited, registers))
            for asked in self._alike(registers, received_s)
        )

    def may_be_one(self, registers: tuple[int, ...], received_s: float) -> bool:
        """Whether a reply that came late may be the copy of one before it to the same question, where replies come twice.

        The one that is missing then stays so: it would be taken for the answer to the same question a second later.
        """
        return self.are_known(received_s) and any(True for _ in self._alike(registers, received_s))

    def suspects(self, registers: tuple[int, ...], question: Question, now_s: float) -> bool:
        """Suspect the answer to ``question`` if it may be a copy of that to another; whether it is suspected.

        It is none when it says what was said last, unless that was just now, or what was suspected the last time: no copy
        comes to the same question twice. So values that are at rest together cost nothing, and those that come to it are
        asked for once more.
        """
        key = _key(question, registers)
        is_again = self._is_again(registers, key, now_s)
        if registers == self._suspected.get(key) or (registers == self._believed.get(key) and not is_again):
            return False
        # Of a reply that nothing explained the length is in doubt already.
        asked = self._alike(registers, now_s)
        is_suspect = is_again or any(each is not None and _key(each, registers) != key for each in asked)
        if is_suspect:
            self._suspected[key] = registers
        return is_suspect

    def _is_again(self, registers: tuple[int, ...], key: tuple[int, str, int], now_s: float) -> bool:
        """Whether the very same answered the question of ``key`` just now, where replies come twice."""
        return self.are_known(now_s) and any(
            said == registers and asked is not None and _key(asked, registers) == key and now_s - at_s <= SOON_S
            for said, asked, at_s in self._came
        )

    def _alike(self, registers: tuple[int, ...], now_s: float) -> Iterator[Question | None]:
        """The questions to which the very same was the answer lately."""
        return (asked for said, asked, at_s in self._came if said == registers and now_s - at_s <= COPY_S)


def _key(question: Question, registers: tuple[int, ...]) -> tuple[int, str, int]:
    return question.first, question.meter, len(registers)
