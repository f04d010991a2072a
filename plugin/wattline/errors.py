"""What can go wrong, by whose fault it is and by what the loop does about it.

::

    WattlineError
    ├── WordError                 the words on the command line: exit 2, nothing was touched
    ├── HistoryError              a history that is converted: not all of it is there or clear
    ├── ExportError               what InfluxDB has cannot be had, or the table not be written
    ├── JournalError              a journal is not there or cannot be read
    ├── OutputError               standard output does not take what is printed, as on a full disk
    ├── PortError                 the port: closed, and opened again with back-off
    │   └── PortInUseError        another process has it
    └── ReadError                 one request to one meter: retried once, else this slot goes without
        ├── NotAskedError         the line was busy until it was too late to ask
        ├── NoReplyError          nothing came
        ├── ShortReplyError       something came and stopped in the middle
        ├── ChecksumError         a whole frame with a wrong CRC
        ├── WrongReplyError       a sound frame that answers another question
        │   └── EqualReplyError   or may do so, since it says the same as one just before
        └── RefusedError          the meter said no, with a code

The message of each is one sentence for the person who meets it: what happened, where, what to do.
"""

MODBUS_EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledge",
    6: "device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target did not respond",
}
"""Modbus application protocol 1.1b3, section 7."""


class WattlineError(Exception):
    """Anything that wattline raises on purpose."""


class WordError(WattlineError):
    """A word on the command line is wrong; the message names it and what it may be."""


class HistoryError(WattlineError):
    """A history could not be converted, or not all of it, or what was cannot be written."""


class ExportError(WattlineError):
    """A table cannot be made of what InfluxDB has, or cannot be written."""


class JournalError(WattlineError):
    """A journal is not there, or cannot be read."""


class OutputError(WattlineError):
    """Standard output does not take what is printed."""


class PortError(WattlineError):
    """The port cannot be opened, or was lost."""


class PortInUseError(PortError):
    """Another process has the port; the message names it where the system tells."""


class ReadError(WattlineError):
    """One request gave no registers.

    Attributes:
        counter: the field of ``wattline_meter`` that counts this kind of failure.
    """

    counter = ""


class NotAskedError(ReadError):
    """The line was busy with what came late until the time for the request was over; nothing was sent."""


class NoReplyError(ReadError):
    """No byte came within the timeout."""

    counter = "timeouts"


class ShortReplyError(ReadError):
    """A reply began and stopped before its end."""

    counter = "short_replies"


class ChecksumError(ReadError):
    """A whole reply came with a wrong CRC."""

    counter = "checksum_errors"


class WrongReplyError(ReadError):
    """A sound reply came from another address, for another function or of another length."""

    counter = "wrong_replies"


# Illegal function, address or value.
LASTING_REFUSALS = (1, 2, 3)


class EqualReplyError(WrongReplyError):
    """A sound reply is the same as one to another question just before, so it may be that once more; which is no fault yet."""

    counter = "doubtful_replies"


class RefusedError(ReadError):
    """The meter refused the request.

    Args:
        message: the sentence.
        code: the exception code of the reply, 1 to 255.

    Attributes:
        is_doubtful: whether it may have been an earlier request that was refused, whose reply was missing.
    """

    counter = "refusals"

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code
        self.is_doubtful = False

    @property
    def is_lasting(self) -> bool:
        """Whether the same would be refused again; the other codes are said of the moment: acknowledged, busy."""
        return self.code in LASTING_REFUSALS

    @property
    def reason(self) -> str:
        """The code in words, for example "illegal data address"."""
        return MODBUS_EXCEPTIONS.get(self.code, "unknown code")
