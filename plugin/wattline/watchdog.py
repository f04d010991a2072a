"""What systemd is told: that the metering goes on, and how.

A unit with ``WatchdogSec=`` is started anew when it has not said for so long that all is well. Telegraf never says it,
but hands on the socket for it (``NOTIFY_SOCKET``), so the plugin does: whatever the interval, and whether the meters
answer or not. It does not while Telegraf takes no lines, which nobody else would notice: Telegraf itself runs on.
"""

from collections.abc import Callable

from wattline.log import LOG

EVERY_S = 5.0
# Telegraf takes a line within milliseconds, and on a busy Pi within a second or two. This only ends the feeding, and a
# reader that takes lines again is fed for again: Telegraf is started anew when it has stood still for systemd's time too.
UNTAKEN_S = 10.0


class Watchdog:
    """Feeds systemd's watchdog every few seconds, if there is one.

    Args:
        address: the socket, a path or ``@`` and an abstract name; where it is empty nothing is sent, nor anything loaded.
        untaken_s: for how many seconds Telegraf has taken nothing though something is there; asked before each message.
        status: how it goes, in a sentence; asked likewise.
    """

    def __init__(self, address: str, untaken_s: Callable[[], float], status: Callable[[], str]) -> None:
        self._address = address
        self._where = f"\0{address[1:]}" if address.startswith("@") else address
        self._untaken_s = untaken_s
        self._status = status
        self._told_s: float | None = None
        self._is_refused = self._is_stuck = False

    def turn(self, now_s: float) -> None:
        """Tell systemd, when it is time to; never waits and never fails. To be called about once a second.

        Args:
            now_s: seconds of a clock that never steps.
        """
        if not self._address or (self._told_s is not None and now_s - self._told_s < EVERY_S):
            return
        self._told_s = now_s
        self._send(self._message(self._untaken_s(), " ".join(self._status().split())))

    def _message(self, untaken_s: float, status: str) -> str:
        was_stuck, self._is_stuck = self._is_stuck, untaken_s >= UNTAKEN_S
        if not self._is_stuck:
            return f"WATCHDOG=1\nSTATUS={status}"
        if not was_stuck:
            sentence = (
                "Telegraf does not read: it has taken no line for %.0f s. Until it does, systemd's watchdog is not fed."
            )
            LOG.warning(sentence, untaken_s)
        return f"STATUS={status} Telegraf has taken no line for {untaken_s:.0f} s."

    def _send(self, message: str) -> None:
        was_refused, self._is_refused = self._is_refused, False
        try:
            _send_datagram(message.encode(errors="replace"), self._where)
        except OSError as error:
            self._is_refused = True
            if not was_refused:
                why = error.strerror or error
                LOG.warning("systemd cannot be told by %s how the metering goes: %s.", self._address, why)


def _send_datagram(data: bytes, where: str) -> None:
    import socket  # noqa: PLC0415 - half a megabyte and some milliseconds, spent only where it is used

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as datagrams:
        datagrams.sendto(data, where)
