"""Bytes for people."""

UNITS = ("bytes", "kB", "MB", "GB", "TB")
STEP = 1000
# From here on three digits show the next unit.
NEXT = 999.5


def bytes_in_words(size: float) -> str:
    """``size`` in bytes with three digits and its unit, for example ``1.64 GB``."""
    unit = 0
    while size >= NEXT and unit < len(UNITS) - 1:
        size /= STEP
        unit += 1
    return f"{size:.3g} {UNITS[unit]}"


def shards_in_words(count: int) -> str:
    """For people: ``1 shard``, ``40 shards``."""
    return "1 shard" if count == 1 else f"{count} shards"


def sets_in_words(count: int) -> str:
    """For people: ``1 set``, ``40 sets``."""
    return "1 set" if count == 1 else f"{count} sets"
