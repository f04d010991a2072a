"""Values back to the numbers on the meter's display.

They are stored on a binary grain, the coarsest that keeps the meter's own decimals. How many these are stands nowhere beside
a value, but shows: they are the fewest from which the rounded number leads back to the very value that is stored, for all
values of a field. A few values may allow fewer (515.8125 is 515.8 and 515.81 alike); so a field never goes back to fewer.
"""

import pyarrow as pa
import pyarrow.compute as pc

from wattline.registers import grain_bits


def decimals_of(values: pa.Array, least: int, most: int) -> int:
    """How many decimals the meter shows of a field, from ``least`` to ``most``; ``most`` for values on no grain."""
    # pyarrow's functions are made when it is imported, so that mypy knows none of them.
    for decimals in range(least, most):
        back = _on_grain(pc.round(values, decimals), 1 << grain_bits(decimals))
        if pc.all(pc.equal(back, values), min_count=0).as_py():
            return decimals
    return most


def _on_grain(values: pa.Array, grains: int) -> pa.Array:
    return pc.divide(pc.floor(pc.add(pc.multiply(values, float(grains)), 0.5)), float(grains))


class Decimals:
    """What was learnt of each field of one meter."""

    def __init__(self) -> None:
        self._learnt: dict[str, int] = {}

    def learn(self, name: str, values: pa.Array, most: int) -> int:
        """The decimals of the field ``name`` by all values so far, ``values`` being new."""
        self._learnt[name] = decimals_of(values, self._learnt.get(name, 0), most)
        return self._learnt[name]
