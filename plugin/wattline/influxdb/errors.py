"""What can go wrong with InfluxDB. Each message is one sentence: what happened, where, what to do."""

from wattline.errors import WattlineError


class ServerError(WattlineError):
    """InfluxDB is away, refuses, or answers what it should not.

    Args:
        sentence: the message.
        status: the number of the answer of HTTP that it is about, if there was one.
    """

    def __init__(self, sentence: str, status: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status


class RefusedError(ServerError):
    """InfluxDB was not reached, or refused what was asked before it did any of it."""


class TokenError(RefusedError):
    """InfluxDB does not take the token."""


class GoneError(RefusedError):
    """InfluxDB does not have what was asked for, such as a shard that it forgot since it was listed."""
