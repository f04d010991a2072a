"""One fragment: its name and its children, and what is no fragment.

| fault | test |
|---|---|
| children are taken by their place | test_the_order_makes_no_difference |
| the case of a tag matters | test_tags_are_of_any_case |
| an empty child is a value | test_an_empty_child_is_none |
| a child that comes twice is the first, or the last | test_children_that_contradict_each_other_are_none |
| an escape is not undone, or one that is none is lost | test_escapes_are_undone |
| a quoted section is lost, or has tags | test_a_quoted_section_is_text |
| an element without children is none | test_a_fragment_may_be_empty |
| what is deeper is taken for a child | test_what_is_deeper_is_left_out |
| what is not well formed is read all the same | test_what_is_not_well_formed_is_refused |
"""

import pytest

from wattline.rainforest.fragment import MalformedError, parse


def test_the_order_makes_no_difference() -> None:
    assert parse(b"<A><B>1</B><C>2</C></A>") == parse(b"<A><C>2</C><B>1</B></A>")


def test_tags_are_of_any_case() -> None:
    fragment = parse(b"<Name><CHILD>1</child></NAME>")

    assert (fragment.name, fragment.one("Child")) == ("name", "1")


@pytest.mark.parametrize("child", [b"<B></B>", b"<B/>", b"<B />", b"<B> \r\n </B>"])
def test_an_empty_child_is_none(child: bytes) -> None:
    fragment = parse(b"<A>" + child + b"<C>2</C></A>")

    assert (fragment.one("B"), fragment.all("B"), dict(fragment.children)) == ("", (), {"c": ("2",)})


def test_children_that_contradict_each_other_are_none() -> None:
    fragment = parse(b"<A><B>1</B><B>2</B><C>3</C><C>3</C></A>")

    assert (fragment.one("B"), fragment.all("B"), fragment.one("C")) == ("", ("1", "2"), "3")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("&lt;&gt;&amp;&quot;&apos;", "<>&\"'"),
        ("&#233;&#xE9;", "éé"),
        ("a & b &c; &amp", "a & b &c; &amp"),
        ("&amp;lt;", "&lt;"),
        ("&#0;&#10;&#xD800;&#x110000;", "&#0;&#10;&#xD800;&#x110000;"),
    ],
)
def test_escapes_are_undone(written: str, meant: str) -> None:
    """One that would be a control character, or none at all, means itself."""
    assert parse(f"<A><B>{written}</B></A>".encode("cp1252")).one("B") == meant


def test_a_quoted_section_is_text() -> None:
    assert parse(b"<A><B>x <![CDATA[<C>&amp; y</C>]]> z</B></A>").one("B") == "x <C>&amp; y</C> z"


def test_a_fragment_may_be_empty() -> None:
    assert dict(parse(b"<MeterList/>").children) == dict(parse(b"<MeterList>\r\n</MeterList>").children) == {}
    assert parse(b"<Error>No such thing</Error>").one("Text") == "No such thing"


def test_what_is_deeper_is_left_out() -> None:
    fragment = parse(b"<A><B><C>1</C></B><D>2</D></A>")

    assert dict(fragment.children) == {"d": ("2",)}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text",
        b"<A>",
        b"</A>",
        b"<A></B>",
        b"<A><B></A></B>",
        b"<A><B>1</C></A>",
        b"<A><B>1</A>",
        b"<A>1<B>2</B></A>",
        b"<A><B>2</B>1</A>",
        b"<A><B>1</B</A>",
        b"<A><B1</B></A>",
        b"<A><B>1<C>2</C></B></A>",
        b"<A/><A></A>",
        b"<A></A>x",
        b"<A x='1'></A>",
    ],
)
def test_what_is_not_well_formed_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        parse(data)
