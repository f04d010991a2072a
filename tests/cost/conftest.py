"""A real InfluxDB with the buckets of compose/, for what is read from it and written into it."""

from stack.conftest import server_of_stack, stack

__all__ = ["server_of_stack", "stack"]
