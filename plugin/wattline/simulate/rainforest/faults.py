"""What goes wrong with a fragment of a simulated stick.

A stick knows silence, noise, short, stuck and unplug of the words above, and these, which take no parameter:

    m1   NUL bytes in front of the fragment
    m2   a NUL byte within its first number
    m3   the end of another fragment in front of it
    m4   its beginning, a whole other fragment, then all of it
    m5   its last tag is missing
    m6   a whole other fragment in its middle
    m7   the tag that closes its last child is another one's
    m8   a tag of its last child has lost its end
    m9   an ampersand that escapes nothing, in a child more
    m10  a letter of code page 1252, in a child more
    m11  no line ends at all
    m12  its numbers of energy and power are none
    m13  a fragment of an unknown kind in front of it
    m14  64 KiB without an end in front of it
    m15  its tags in capitals
    kept the last fragment of its kind once more, unless it was asked for with Refresh=Y
"""

import re
from collections.abc import Callable

from wattline.simulate.dice import Dice
from wattline.simulate.faults import Fault, spoil

KINDS = ("silence", "noise", "short", "stuck", "unplug", *(f"m{number}" for number in range(1, 16)), "kept")

ENDLESS_BYTES = 64 * 1024
_HEX = re.compile(rb">0x[0-9a-f]+<")
_LAST_CHILD = re.compile(rb"</([A-Za-z]+)>(\s*</[A-Za-z]+>\s*)\Z")
_ENERGIES = re.compile(rb"<(Demand|SummationDelivered|SummationReceived)>[^<]*<")


def spoilt(whole: bytes, other: bytes, fault: Fault, dice: Dice) -> bytes:
    """What is heard of a sound fragment that is hit by ``fault``; ``other`` is another sound one."""
    if fault.kind == "silence":
        return b""
    spoiler = _SPOILERS.get(fault.kind)
    return spoiler(whole, other) if spoiler else spoil(whole, fault, dice)


def _middle(whole: bytes) -> int:
    return len(whole) * 2 // 3


def _nul_in_a_number(whole: bytes, _other: bytes) -> bytes:
    match = _HEX.search(whole)
    return whole if match is None else whole[: match.end() - 3] + b"\0" + whole[match.end() - 3 :]


def _with_child(whole: bytes, child: bytes) -> bytes:
    root_end = whole.rindex(b"</")
    return whole[:root_end] + child + whole[root_end:]


_SPOILERS: dict[str, Callable[[bytes, bytes], bytes]] = {
    "m1": lambda whole, _: 40 * b"\0" + whole,
    "m2": _nul_in_a_number,
    "m3": lambda whole, other: other[_middle(other) :] + whole,
    "m4": lambda whole, other: whole[: _middle(whole)] + other + whole,
    "m5": lambda whole, _: whole[: whole.rindex(b"</")],
    "m6": lambda whole, other: whole[: _middle(whole)] + other + whole[_middle(whole) :],
    "m7": lambda whole, _: _LAST_CHILD.sub(rb"</X\1>\2", whole),
    "m8": lambda whole, _: _LAST_CHILD.sub(rb"</\1\2", whole),
    "m9": lambda whole, _: _with_child(whole, b"<Label>heat & light</Label>\r\n"),
    "m10": lambda whole, _: _with_child(whole, b"<Label>caf\xe9</Label>\r\n"),
    "m11": lambda whole, _: re.sub(rb"\r\n *", b"", whole),
    "m12": lambda whole, _: _ENERGIES.sub(rb"<\1>not-hex<", whole),
    "m13": lambda whole, _: b"<Unheard>\r\n  <Of>0x01</Of>\r\n</Unheard>\r\n" + whole,
    "m14": lambda whole, _: b"<InstantaneousDemand>" + ENDLESS_BYTES * b"x" + whole,
    "m15": lambda whole, _: re.sub(rb"<[^<>]+>", lambda tag: tag[0].upper(), whole),
}
