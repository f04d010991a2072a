"""Which lengths a meter answers in one block, learnt from what became of each.

| fault                                                  | test                                              |
|--------------------------------------------------------|---------------------------------------------------|
| a length is used before it has agreed twice, or never  | test_a_length_is_used_once_it_has_agreed_twice    |
| the proven length is not used, or has to be tried      | test_the_proven_length_needs_no_trial             |
| the preferred one does not come first                  | test_the_preferred_length_comes_first             |
| some failures among agreements drop a length           | test_only_failures_in_a_row_drop_a_length         |
| a length that fails for ever is asked for for ever     | test_only_failures_in_a_row_drop_a_length         |
| a length is dropped twice, and so told twice           | test_a_length_is_dropped_once                     |
| a span that was learnt leaves its lengths on trial     | test_a_wider_span_makes_lengths_usable            |
"""

import pytest

from wattline.bus.lengths import AGREEMENTS_NEEDED, FAILURES_ALLOWED, Lengths
from wattline.meters import Block


@pytest.fixture
def lengths() -> Lengths:
    """Preferred in eight registers, then in six; proven in two, and in four by its room."""
    return Lengths(Block(0x140, 2, (8, 4, 6, 2), room=4))


def test_the_proven_length_needs_no_trial(lengths):
    assert (lengths.usable, lengths.untried) == ([4, 2], [8, 6])
    assert (Lengths(Block(0x140, 2)).usable, Lengths(Block(0x140, 2)).untried) == ([2], [])


def test_a_length_is_used_once_it_has_agreed_twice(lengths):
    """And it is said once."""
    assert AGREEMENTS_NEEDED == 2
    assert not lengths.agreed(8)
    assert (lengths.usable, lengths.untried) == ([4, 2], [8, 6])
    assert lengths.agreed(8)
    assert (lengths.usable, lengths.untried) == ([8, 4, 2], [6])
    assert not lengths.agreed(8)


def test_the_preferred_length_comes_first(lengths):
    assert [lengths.rank(length) for length in (8, 4, 6, 2)] == [0, 1, 2, 3]
    for _ in range(AGREEMENTS_NEEDED):
        lengths.agreed(6)
        lengths.agreed(8)
    assert lengths.usable == [8, 4, 6, 2]


def test_only_failures_in_a_row_drop_a_length(lengths):
    """An agreement in between begins the count anew."""
    for _ in range(3):
        assert not any(lengths.failed(8) for _ in range(FAILURES_ALLOWED - 1))
        lengths.agreed(8)
    assert 8 in lengths.usable
    assert [lengths.failed(6) for _ in range(FAILURES_ALLOWED)] == [False] * (FAILURES_ALLOWED - 1) + [True]
    assert (lengths.usable, lengths.untried) == ([8, 4, 2], [])


def test_a_length_is_dropped_once(lengths):
    assert lengths.drop(8)
    assert not lengths.drop(8)
    assert (lengths.usable, lengths.untried) == ([4, 2], [6])


def test_a_wider_span_makes_lengths_usable(lengths):
    """All that lie within it; and it never takes one back."""
    lengths.has_room(6)
    assert (lengths.usable, lengths.untried) == ([4, 6, 2], [8])
    lengths.has_room(2)
    assert lengths.usable == [4, 6, 2]
    lengths.has_room(8)
    assert (lengths.usable, lengths.untried) == ([8, 4, 6, 2], [])
