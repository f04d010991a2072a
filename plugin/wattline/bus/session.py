"""The conversation with one meter: what is asked with which length, what is believed, and what has been learnt.

A late reply is never the next question's answer. Three means, in this order:

1. Every block is read with a length of its own, so a late reply to another block is known by its length.
2. A length for which a reply is missing is left alone while it may still come (``suspicion.py``); the block is read
   with another of its lengths. So a late reply of an earlier second is not taken for this second's either.
3. Where no length is free, an answer is believed only when it came once more often than replies are missing: of
   m + 1 equal answers at most m can be stale.

The lengths that make 1 and 2 possible are only believed once the meter has answered them (``lengths.py``).
"""

import time
from collections import Counter
from collections.abc import Callable, Hashable, Sequence

from wattline.bus.health import Health
from wattline.bus.latency import Latency
from wattline.bus.lengths import Lengths, agree
from wattline.bus.modbus import Modbus
from wattline.bus.suspicion import Suspicion
from wattline.clock import Slot
from wattline.errors import ChecksumError, DoubtfulReplyError, OutOfTimeError, ReadError, RefusedError, ShortReplyError
from wattline.log import LOG
from wattline.meters import Block
from wattline.plan import sweep_s
from wattline.registers import Decoded, decode
from wattline.words import Meter

# A meter that was silent for this many slots is asked for one block a slot until it answers again.
SILENT_SLOTS = 3
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
        health: its counters.
        decoded: address of a block to what it said in the last sweep.
    """

    def __init__(self, meter: Meter, modbus: Modbus, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.meter = meter
        self.health = Health()
        self.decoded: dict[int, Decoded] = {}
        self._modbus = modbus
        self._monotonic = monotonic
        self._latency = Latency()
        self._suspicion = Suspicion()
        self._lengths = {block.address: Lengths(block) for block in meter.model.blocks}
        self._identity_tries = IDENTITY_TRIES if meter.model.identity else 0
        self._silent_slots = 0

    @property
    def timeout_s(self) -> float:
        """How long a reply is waited for."""
        return self._latency.timeout_s

    def sweep(self, blocks: Sequence[Block], slot: Slot) -> None:
        """Read ``blocks`` into ``decoded``, and those that failed once more if time is left.

        Raises:
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        self.health.count("polls")
        self.decoded.clear()
        asked = blocks if self._silent_slots < SILENT_SLOTS else blocks[:1]
        failed = [block for block in asked if not self._try_block(block, slot)]
        for block in failed:
            if self._silent_slots >= SILENT_SLOTS or not self._time_for(slot.deadline_s, block.count):
                break
            self.health.count("retries")
            self._try_block(block, slot)
        self._silent_slots = 0 if self.decoded else self._silent_slots + 1

    def learn(self, slot: Slot) -> None:
        """Use the rest of a slot to check the identity and to try longer lengths, as far as time allows.

        Raises:
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        if not self.decoded:
            return
        self._check_identity(slot)
        while trial := self._next_trial():
            block, length = trial
            if not self._time_for(slot.deadline_s, length, block.count) or not self._try_length(block, length, slot):
                return

    # Sweeping.

    def _try_block(self, block: Block, slot: Slot) -> bool:
        try:
            registers = self._read(block, slot)
        except ReadError as error:
            self.health.failed(error)
            LOG.warning("%s: %s", self.meter.name, error)
            # Another try of a lasting refusal would be refused as well.
            return isinstance(error, RefusedError) and error.code in LASTING_REFUSALS
        decoded = decode(self.meter.model.rows_of(block), block.address, registers)
        for field, value in decoded.implausible.items():
            self.health.count("implausible_values")
            LOG.warning(
                "%s: %s = %g is outside what the meter can measure and was left out.", self.meter.name, field, value
            )
        self.decoded[block.address] = decoded
        return True

    def _read(self, block: Block, slot: Slot) -> tuple[int, ...]:
        """The registers of ``block``, believed; raises ReadError."""
        question = (slot.began_s, block.address)
        length = self._choose(block, question)
        doubts = self._suspicion.doubts(length, question, self._monotonic())
        answers: Counter[tuple[int, ...]] = Counter()
        while self._time_for(slot.deadline_s, length):
            registers = self._ask(block.address, length, question)[: block.count]
            answers[registers] += 1
            if answers[registers] > doubts:
                return registers
        where = f"registers 0x{block.address:04X} to 0x{block.address + length - 1:04X}"
        if not answers:
            raise OutOfTimeError(f"The slot had no time left to read {where}.")
        raise DoubtfulReplyError(
            f"What came for {where} was not believed: late replies to earlier questions may be under way ({doubts}), "
            "and the slot had no time left to confirm it."
        )

    def _choose(self, block: Block, question: Hashable) -> int:
        """The first length of ``block`` that no missing reply has, else the one with the fewest."""
        now = self._monotonic()
        lengths = self._lengths.get(block.address)
        usable = lengths.usable if lengths else [block.count]
        return min(usable, key=lambda length: self._suspicion.doubts(length, question, now))

    def _ask(self, first: int, length: int, question: Hashable) -> tuple[int, ...]:
        """One request; keeps the books on what came, what did not, and what may still come."""
        port, model = self._modbus.port, self.meter.model
        port.use(self.meter.settings)
        self._recognise_late()
        self.health.count("requests")
        port.reply_timeout_s = self.timeout_s
        asked_s = self._monotonic()
        try:
            registers = self._modbus.read(self.meter.address, model.function, first, length)
        except ReadError as error:
            if not self._was_its_own(error, length, question):
                self._suspicion.given_up(length, question, asked_s)
            self._recognise_late()
            raise
        self._suspicion.answered(length, question, asked_s)
        self._recognise_late()
        self.health.count("replies")
        self.health.took(self._monotonic() - asked_s)
        if port.turnaround_s is not None:
            self._latency.took(port.turnaround_s)
        return registers

    def _was_its_own(self, error: ReadError, length: int, question: Hashable) -> bool:
        """Whether what was broken can only have been the reply to this very request, so that none is missing."""
        header = bytes((self.meter.address, self.meter.model.function, 2 * length))
        is_broken_reply = isinstance(error, ChecksumError | ShortReplyError) and self._modbus.port.raw.startswith(
            header
        )
        return is_broken_reply and not self._suspicion.doubts(length, question, self._monotonic())

    def _recognise_late(self) -> None:
        """Strike off the missing replies that have come, and leave other meters' replies to them."""
        strays = self._modbus.port.strays
        for _ in range(len(strays)):
            stray = strays.popleft()
            if stray.frame.address != self.meter.address:
                strays.append(stray)
                continue
            self.health.count("late_replies")
            if stray.frame.is_refusal:
                continue
            late_s = self._suspicion.came_late(stray.frame.count, stray.received_s)
            if late_s is not None:
                self._latency.took(late_s)

    def _time_for(self, deadline_s: float, *lengths: int) -> bool:
        """Whether reads of ``lengths`` are over by ``deadline_s`` even if none is answered."""
        return self._monotonic() + sweep_s(lengths, self.meter.settings, self.timeout_s) <= deadline_s

    # Learning.

    def _check_identity(self, slot: Slot) -> None:
        identity = self.meter.model.identity
        if identity is None or not self._identity_tries or not self._time_for(slot.deadline_s, 1):
            return
        self._identity_tries -= 1
        try:
            (found,) = self._read(Block(identity.address, 1), slot)
        except ReadError as error:
            self.health.failed(error)
            LOG.debug("%s: The identity register could not be read: %s", self.meter.name, error)
            return
        self._identity_tries = 0
        if found != identity.expected:
            LOG.warning(
                "%s: Register 0x%04X says 0x%04X where a %s says 0x%04X; it is metered all the same, but check the model.",
                self.meter.name,
                identity.address,
                found,
                self.meter.model.title,
                identity.expected,
            )

    def _next_trial(self) -> tuple[Block, int] | None:
        """The block and length to try next, the preferred lengths of all blocks first."""
        trials = [
            (block, length)
            for block in self.meter.model.blocks
            if block.address in self.decoded and (length := self._lengths[block.address].untried) is not None
        ]
        return min(trials, key=lambda trial: self._lengths[trial[0].address].rank(trial[1]), default=None)

    def _try_length(self, block: Block, length: int, slot: Slot) -> bool:
        """Ask for one longer length and then the proven one again; returns whether it is worth going on in this slot."""
        lengths, rows = self._lengths[block.address], self.meter.model.rows_of(block)
        question = ("trial", slot.began_s, block.address, length)
        if self._suspicion.doubts(length, question, self._monotonic()):
            return False
        span = f"0x{block.address:04X} to 0x{block.address + length - 1:04X}"
        try:
            tried = decode(rows, block.address, self._ask(block.address, length, question))
            after = decode(rows, block.address, self._read(block, slot))
        except ReadError as error:
            self.health.failed(error)
            refused = isinstance(error, RefusedError) and error.code in LASTING_REFUSALS
            if lengths.drop(length) if refused else lengths.failed(length):
                LOG.info("%s: Registers %s are never read at once: %s", self.meter.name, span, error)
            return refused
        if not agree(rows, self.decoded[block.address], tried, after):
            if lengths.failed(length):
                LOG.info(
                    "%s: Registers %s are never read at once: the values differ from those of the proven read.",
                    self.meter.name,
                    span,
                )
            return False
        if lengths.agreed(length):
            LOG.debug("%s: Registers %s answer in one read and agree with the proven one.", self.meter.name, span)
        return True
