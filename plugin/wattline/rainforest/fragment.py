"""From the bytes of one fragment to its name and its children. Pure.

Only the root has children, none has attributes, and the bytes are of code page 1252 whatever they say. That is less than
XML, so it is read by hand: what is not exactly so is refused, and nothing in it can be anything but text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


class MalformedError(ValueError):
    """A fragment is not well formed: a tag is broken, or closes another one."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """One fragment.

    Attributes:
        name: its kind, in small letters.
        children: name in small letters to the texts of all children of that name; those without text are left out.
    """

    name: str
    children: Mapping[str, tuple[str, ...]]

    def one(self, name: str) -> str:
        """The text of a child; empty where there is none, or where several contradict each other."""
        texts = set(self.children.get(name.lower(), ()))
        return texts.pop() if len(texts) == 1 else ""

    def all(self, name: str) -> tuple[str, ...]:
        """The texts of all children of that name, in their order."""
        return self.children.get(name.lower(), ())


_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_TAG = re.compile(r"<(/?)\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*(/?)>")
_ENTITY = re.compile(r"&(?:(amp|lt|gt|quot|apos)|#([0-9]{1,7})|#[xX]([0-9A-Fa-f]{1,6}));")
_MEANT = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


def parse(data: bytes) -> Fragment:
    """The fragment that ``data`` is, from its start tag to its end tag.

    Raises:
        MalformedError: it is not well formed; the message quotes nothing, since it may hold a key.
    """
    # Five bytes mean nothing in this code page, and become a mark that says so.
    text = _CDATA.sub(lambda match: _quoted(match[1]), data.decode("cp1252", errors="replace"))
    pieces = _TAG.split(text)
    # One text, then for each tag: whether it closes, its name, whether it is empty, the text behind it.
    tags = [
        _Tag(bool(pieces[i]), pieces[i + 1].lower(), bool(pieces[i + 2]), pieces[i + 3])
        for i in range(1, len(pieces), 4)
    ]
    if not tags or pieces[0].strip() or tags[-1].text.strip() or any("<" in tag.text for tag in tags):
        raise MalformedError("A fragment has a broken tag.")
    root = tags[0]
    if len(tags) == 1 and root.is_empty:
        return Fragment(root.name, MappingProxyType({}))
    if len(tags) < 2 or root.closes or root.is_empty or tags[-1] != _Tag(True, root.name, False, tags[-1].text):
        raise MalformedError("A fragment does not end as it began.")
    if root.text.strip() and len(tags) == 2:
        # An error may be nothing but its text.
        return Fragment(root.name, MappingProxyType({"text": (_plain(root.text),)}))
    return Fragment(root.name, MappingProxyType(_children(root, tags[1:-1])))


@dataclass(frozen=True, slots=True)
class _Tag:
    """A tag, and the text behind it up to the next."""

    closes: bool
    name: str
    is_empty: bool
    text: str


def _children(root: _Tag, tags: list[_Tag]) -> dict[str, tuple[str, ...]]:
    """The children between the tags of the root; what is deeper is left out."""
    children: dict[str, tuple[str, ...]] = {}
    open_names: list[str] = []
    before = root
    for tag in tags:
        if tag.closes:
            if not open_names or open_names.pop() != tag.name:
                raise MalformedError("A fragment has a tag that closes another one.")
            if not open_names and before.name == tag.name and not before.closes and (plain := _plain(before.text)):
                children[tag.name] = (*children.get(tag.name, ()), plain)
        else:
            if before.text.strip():
                raise MalformedError("A fragment has text between its children.")
            open_names += [] if tag.is_empty else [tag.name]
        if (tag.closes or tag.is_empty) and tag.text.strip():
            raise MalformedError("A fragment has text between its children.")
        before = tag
    if open_names or root.text.strip():
        raise MalformedError("A fragment has a tag that is not closed.")
    return children


def _plain(text: str) -> str:
    """``text`` without its escapes; an ampersand that begins none means itself."""
    return _ENTITY.sub(_character, text).strip()


def _character(match: re.Match[str]) -> str:
    if match[1]:
        return _MEANT[match[1]]
    code = int(match[2]) if match[2] else int(match[3], 16)
    is_character = 32 <= code < 0x110000 and not 0xD800 <= code < 0xE000
    return chr(code) if is_character else match[0]


def _quoted(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
