"""The conversation with one meter: what is asked with which length, what is believed, and what has been learnt.

A late reply is never the next question's answer. Its length tells it, since nothing else does:

1. Every block is read with a length of its own, so a late reply to another block is known by its length.
2. A length for which a reply is missing is left alone while that may still come (``suspicion.py``); the block is read
   with another of its lengths. So a late reply of an earlier second is not taken for this second's either.
3. A block that has no free length is not asked until it has one again.

Longer lengths than those proven in the field have to be learnt. They are tried in the time that a slot has left, and
where a proven length is in doubt, so that the two confirm each other (``evidence.py``).
"""

import time
from collections.abc import Callable, Hashable, Iterable, Sequence

from wattline.bus.asking import Asking
from wattline.bus.evidence import Answer, Evidence
from wattline.bus.lengths import Lengths
from wattline.bus.modbus import Modbus
from wattline.clock import Slot
from wattline.errors import ReadError, RefusedError
from wattline.log import LOG
from wattline.meters import Block
from wattline.plan import parts_of
from wattline.registers import Decoded
from wattline.words import Meter

# A meter that was silent for this many slots is asked one question a slot until it answers again.
SILENT_SLOTS = 3
ROUNDS = 2
# After so many questions in a row to which nothing came, the meter is taken to be busy with a late reply. On two wires
# it hears nothing until that is out, and a question asked meanwhile would collide with it.
SILENCES = 2
IDENTITY_TRIES = 5
# The other refusals are said of the moment: acknowledged, busy.
LASTING_REFUSALS = (1, 2, 3)


class Session:
    """What is said to one meter and what is believed of what it says.

    Args:
        meter: the meter.
        modbus: how it is asked.
        monotonic: seconds of a clock that never steps.

    Attributes:
        parts: what is read of the meter at once.
        decoded: address of a part to what it said in the last sweep.
    """

    def __init__(self, meter: Meter, modbus: Modbus, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.meter = meter
        self.decoded: dict[int, Decoded] = {}
        self._asking = Asking(meter, modbus, monotonic)
        self.parts = parts_of(meter.model)
        self._lengths = {part.address: Lengths(part) for part in self.parts}
        self._evidence: dict[int, Evidence] = {}
        self._unread: set[int] = set()
        self._identity_tries = IDENTITY_TRIES if meter.model.identity else 0
        self._silent_slots = 0
        self._listen_until_s = 0.0

    @property
    def is_silent(self) -> bool:
        """Whether nothing came from the meter in its last sweep."""
        return self._silent_slots > 0

    def sweep(self, blocks: Sequence[Block], slot: Slot, listen_until_s: float | None = None) -> None:
        """Read ``blocks`` into ``decoded``; those that were not believed once more, if time is left.

        Args:
            blocks: what is due.
            slot: the slot.
            listen_until_s: how long a late reply may be listened for, so that other meters have their share of the
                slot; the whole slot unless given.

        Raises:
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        # First of all: whatever fails from here on, nothing of the slot before is left to be given this one's stamp.
        self.decoded.clear()
        self._asking.health.count("polls")
        self._asking.listen()
        self._listen_until_s = slot.deadline_s if listen_until_s is None else listen_until_s
        # However silent it was, one question a slot is put to it.
        self._asking.silences = min(self._asking.silences, SILENCES - 1)
        self._evidence = {b.address: Evidence(b, self.meter.model) for b in blocks}
        # Who went without in the last slot comes first in this one.
        order = sorted(blocks, key=lambda block: block.address not in self._unread)
        replies, requests = self._asking.health["replies"], self._asking.health["requests"]
        if self._silent_slots < SILENT_SLOTS or self._knock(order, slot):
            for number in range(ROUNDS):
                self._round(number, order, slot)
        if self._asking.health["replies"] > replies:
            self._silent_slots = 0
        elif self._asking.health["requests"] > requests:
            # Whom nobody asked, for want of time, was not silent.
            self._silent_slots += 1
        self._unread = {block.address for block in blocks if block.address not in self.decoded}
        self._count_unbelieved()

    def learn(self, slot: Slot) -> None:
        """Use the rest of a slot to check the identity and to try longer lengths, as far as time allows.

        Raises:
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        if self.decoded:
            self._check_identity(slot)
            tried: set[tuple[int, int]] = set()
            while trial := self._next_trial(slot, tried):
                block, length = trial
                tried.add((block.address, length))
                self._try_block(block, length, slot)
                if self._lengths[block.address].rank(length) > 0:
                    # The preferred lengths are wanted at once, the others some time: one a slot, since on a bad line
                    # each question more is one more that can go wrong.
                    break
        self._asking.listen()

    def report(self) -> dict[str, float]:
        """The fields of ``wattline_meter``."""
        return self._asking.health.report() | {"timeout_ms": float(round(self._asking.timeout_s * 1000))}

    # Sweeping.

    def _round(self, number: int, blocks: Iterable[Block], slot: Slot) -> None:
        for block in blocks:
            if block.address not in self.decoded and self._asking.silences >= SILENCES:
                self._asking.listen(self._listen_until_s)
                self._take_late_answers(slot)
            if block.address in self.decoded:
                continue
            length = self._choose(block, slot)
            if length is None or not self._asking.time_for(slot.deadline_s, length):
                continue
            if number > 0:
                self._asking.health.count("retries")
            self._try_block(block, length, slot)
            self._take_late_answers(slot)

    def _knock(self, blocks: Iterable[Block], slot: Slot) -> bool:
        """Ask a meter that has been silent for one block; whether it answers again."""
        replies = self._asking.health["replies"]
        free = next((block for block in blocks if self._choose(block, slot) is not None), None)
        if free is not None:
            self._round(0, [free], slot)
        return self._asking.health["replies"] > replies

    def _take_late_answers(self, slot: Slot) -> None:
        """A late answer to a question of this slot is as good as one in time."""
        late_answers, self._asking.late_answers = self._asking.late_answers, []
        for late in late_answers:
            for address, evidence in self._evidence.items():
                if late.question == _question(evidence.block, slot):
                    is_known = late.length in self._lengths[address].usable
                    evidence.add(Answer(late.length, late.registers[: evidence.block.count], 0, is_known))
                    self._believe(evidence)

    def _choose(self, block: Block, slot: Slot) -> int | None:
        """The length to ask ``block`` with now; None when each could be confused with a late reply."""
        lengths, question = self._lengths[block.address], _question(block, slot)
        evidence = self._evidence[block.address]
        for length in lengths.usable:
            if not self._asking.doubts(length, question):
                return length
        if any(not answer.is_known and answer.doubts == 0 for answer in evidence.answers):
            # A certain answer in a length on trial waits for one in the proven length, be that in doubt.
            return block.count
        return next((length for length in lengths.untried if not self._asking.doubts(length, question)), None)

    def _try_block(self, block: Block, length: int, slot: Slot) -> None:
        """Ask ``block`` once, and believe what may be believed."""
        question, lengths = _question(block, slot), self._lengths[block.address]
        doubts, is_known = self._asking.doubts(length, question), length in lengths.usable
        try:
            registers = self._asking.ask(block.address, length, question)
        except ReadError as error:
            self._failed(block, length, is_known, error)
            return
        evidence = self._evidence[block.address]
        evidence.add(Answer(length, registers[: block.count], doubts, is_known))
        if not is_known and doubts == 0 and block.address in self.decoded and evidence.proved != length:
            self._drop_if(lengths.failed(length), block, length, "its values differ from those of the proven read")
        self._believe(evidence)

    def _believe(self, evidence: Evidence) -> None:
        block = evidence.block
        if evidence.proved is not None:
            if evidence.proved in self._lengths[block.address].untried and self._lengths[block.address].agreed(
                evidence.proved
            ):
                LOG.debug(
                    "%s: %s answer in one read and agree with the proven one.",
                    self.meter.name,
                    _span(block, evidence.proved),
                )
            evidence.proved = None
        if evidence.believed is None or block.address in self.decoded:
            return
        decoded = evidence.decode(Answer(block.count, evidence.believed, 0, True))
        for field, value in decoded.implausible.items():
            self._asking.health.count("implausible_values")
            LOG.warning(
                "%s: %s = %g is outside what the meter can measure and was left out.", self.meter.name, field, value
            )
        self.decoded[block.address] = decoded

    def _failed(self, block: Block, length: int, is_known: bool, error: ReadError) -> None:
        lengths = self._lengths[block.address]
        if _is_lasting(error) and length != block.count:
            self._drop_if(lengths.drop(length), block, length, str(error))
        elif is_known:
            LOG.warning("%s: %s", self.meter.name, error)
        elif self._asking.silences < SILENCES:
            self._drop_if(lengths.failed(length), block, length, str(error))

    def _drop_if(self, dropped: bool, block: Block, length: int, reason: str) -> None:
        if dropped:
            LOG.info("%s: %s are not read at once any more: %s", self.meter.name, _span(block, length), reason)

    def _count_unbelieved(self) -> None:
        for address in self._unread:
            answers = self._evidence[address].answers
            self._asking.health.count("doubtful_replies", len(answers))

    # Learning.

    def _next_trial(self, slot: Slot, tried: set[tuple[int, int]]) -> tuple[Block, int] | None:
        """The block and length to try next: the preferred lengths of all blocks first, each once a slot."""
        trials = [
            (block, length)
            for block in self.parts
            if block.address in self.decoded
            for length in self._lengths[block.address].untried
            if (block.address, length) not in tried
            and not self._asking.doubts(length, _question(block, slot))
            and self._asking.time_for(slot.deadline_s, length)
        ]
        return min(trials, key=lambda trial: self._lengths[trial[0].address].rank(trial[1]), default=None)

    def _check_identity(self, slot: Slot) -> None:
        identity = self.meter.model.identity
        if identity is None or not self._identity_tries or not self._asking.time_for(slot.deadline_s, 1):
            return
        question = (slot.began_s, identity.address)
        if self._asking.doubts(1, question):
            return
        self._identity_tries -= 1
        try:
            (found,) = self._asking.ask(identity.address, 1, question, identity.function)
        except ReadError as error:
            LOG.debug("%s: The identity register could not be read: %s", self.meter.name, error)
            if _is_lasting(error):
                self._identity_tries = 0
            return
        self._identity_tries = 0
        if found not in identity.expected:
            LOG.warning(
                "%s: Register 0x%04X says 0x%04X where a %s says %s; it is metered all the same, but check the model.",
                self.meter.name,
                identity.address,
                found,
                self.meter.model.title,
                " or ".join(f"0x{value:04X}" for value in identity.expected),
            )


def _is_lasting(error: ReadError) -> bool:
    """Whether the meter would refuse the same again."""
    return isinstance(error, RefusedError) and error.code in LASTING_REFUSALS


def _question(block: Block, slot: Slot) -> Hashable:
    """What an answer answers: a block in a slot, in whatever length."""
    return (slot.began_s, block.address)


def _span(block: Block, length: int) -> str:
    return f"Registers 0x{block.address:04X} to 0x{block.address + length - 1:04X}"
