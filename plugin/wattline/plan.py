"""Which blocks of a meter are due in a slot, and what they cost on the wire: pure functions."""

from collections.abc import Iterable, Mapping

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model

SLOW_S = 10.0
"""Age at which a slow block is read again. A counter of 0.01 kWh steps every 36 s at 1 kW."""


def is_slow(model: Model, block: Block) -> bool:
    """Whether all that ``block`` holds is slow."""
    return all(row.pace == "slow" for row in model.rows_of(block))


def due_blocks(model: Model, read_s: Mapping[int, float], now_s: float, interval_s: float) -> list[Block]:
    """The blocks of ``model`` to read now.

    Args:
        model: the table.
        read_s: address of a block to when it was last read, in seconds of the same clock as ``now_s``.
        now_s: when the slot began.
        interval_s: seconds from slot to slot; a slow block is due in the slot nearest to its tenth second.
    """
    oldest_s = now_s - SLOW_S + interval_s / 2
    return [
        block
        for block in model.blocks
        if not is_slow(model, block) or block.address not in read_s or read_s[block.address] <= oldest_s
    ]


def sweep_s(counts: Iterable[int], settings: LineSettings, turnaround_s: float) -> float:
    """The least seconds on the wire for reads of ``counts`` registers, one after the other."""
    return sum(settings.read_s(count, turnaround_s) for count in counts)
