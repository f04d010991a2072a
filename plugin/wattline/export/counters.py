"""Where a counter stands, to by how much it rose."""

import pyarrow as pa


class Increases:
    """By how much the counters of one meter rose from the window before to each window.

    What was metered over a gap counts where the counter is seen again. Where a counter fell nobody knows what was metered,
    and there is no value.
    """

    def __init__(self) -> None:
        self._last: dict[str, float] = {}
        self.falls = 0

    def of(self, name: str, values: pa.Array, decimals: int) -> pa.Array:
        """The increases, rounded; none where there is no reading, or none before."""
        rises: list[float | None] = []
        for value in values.to_pylist():
            before = self._last.get(name)
            is_known = value is not None and before is not None and value >= before
            self.falls += value is not None and before is not None and value < before
            rises.append(round(value - before, decimals) if is_known else None)
            if value is not None:
                self._last[name] = value
        return pa.array(rises, pa.float64())
