"""Which late replies may still come, and for what they could be taken: the books, by hand and against a meter by chance.

| fault                                                     | test                                                    |
|-----------------------------------------------------------|---------------------------------------------------------|
| a length is free though a reply to another question is missing | test_a_missing_reply_puts_its_length_in_doubt      |
| ... or in doubt for the very question that was asked      | test_the_same_question_is_in_no_doubt                   |
| a reply that is too old to come is waited for, or one that may come is not | test_a_reply_may_come_until_the_horizon |
| one of two questions is said to be answered, though nobody knows which | test_a_late_reply_has_its_question_if_there_is_but_one |
| ... or the one that is still missing is said to be known  | test_the_question_of_what_is_left_is_not_known          |
| the older of two is taken to be the one still missing     | test_what_is_left_is_the_younger                        |
| an answer in time is not thought to be an older one       | test_an_answer_in_time_may_be_an_older_one              |
| ... or where none is missing                              | test_an_answer_leaves_no_doubt_where_none_is_missing    |
| a reply that nothing explains is forgotten                | test_a_reply_that_nothing_explains_puts_its_length_in_doubt |
| ... or the next one as late surprises again               | test_the_horizon_grows_with_what_came_later             |
| ... or the horizon stays where it is for ever             | test_the_horizon_shrinks_when_nothing_comes_so_late_any_more |
| a reply that comes twice keeps a length in doubt          | test_a_copy_is_of_no_consequence                        |
| ... or another reply is taken for a copy                  | test_what_is_another_or_too_late_is_no_copy, test_a_missing_reply_that_says_what_it_said_before_is_no_copy |
| ... or it is taken for the answer to another question     | test_only_the_answer_to_another_question_may_be_a_copy  |
| ... or for that to the same one, half a second later      | test_where_replies_come_twice_what_was_said_just_now_is_asked_for_again |
| ... or for the one that is missing, which comes later     | test_where_replies_come_twice_one_to_the_same_question_may_be_a_copy |
| each zero is waited for, or never believed                | test_what_is_given_twice_is_no_copy_and_what_is_at_rest_is_believed_at_once |
| a refusal has no length to tell its question              | test_anything_missing_is_known_whatever_its_length      |
| an answer is believed that was another question's         | test_what_is_in_no_doubt_is_never_another_questions     |
"""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattline.bus.suspicion import CALM_S, COPY_S, HORIZON_MAX_S, HORIZON_S, SOON_S, Question, Suspicion

_numbers = count()


def reply(length):
    """Registers of a length, which no reply before had."""
    number = next(_numbers)
    return (*[0] * (length - 2), number >> 16, number & 0xFFFF) if length > 1 else (number & 0xFFFF,)


ONE, OTHER, THIRD = Question(0.0, 0x140), Question(1.0, 0x140), Question(1.0, 0x148)


@pytest.fixture
def suspicion() -> Suspicion:
    return Suspicion()


@pytest.mark.parametrize("other", [OTHER, THIRD, Question(0.0, 0x148)])
def test_a_missing_reply_puts_its_length_in_doubt(suspicion, other):
    """And no other length. Each one more is one doubt more."""
    assert suspicion.doubts(2, other, 0.0) == 0
    suspicion.given_up(2, ONE, 0.0)
    assert suspicion.doubts(2, other, 0.5) == 1
    suspicion.given_up(2, ONE, 0.6)
    assert suspicion.doubts(2, other, 1.0) == 2
    assert suspicion.doubts(3, other, 1.0) == 0


def test_the_same_question_is_in_no_doubt(suspicion):
    """A late answer to it is as good as one in time."""
    suspicion.given_up(2, ONE, 0.0)
    suspicion.given_up(2, ONE, 0.5)
    assert suspicion.doubts(2, ONE, 1.0) == 0
    suspicion.given_up(2, OTHER, 1.0)
    assert (suspicion.doubts(2, ONE, 1.5), suspicion.doubts(2, OTHER, 1.5)) == (1, 2)


def test_a_reply_may_come_until_the_horizon(suspicion):
    suspicion.given_up(2, ONE, 10.0)
    suspicion.given_up(2, ONE, 11.0)
    assert suspicion.doubts(2, OTHER, 10.0 + HORIZON_S) == 2
    assert suspicion.doubts(2, OTHER, 10.0 + HORIZON_S + 0.001) == 1
    assert suspicion.is_missing(2, 11.0 + HORIZON_S)
    assert not suspicion.is_missing(2, 11.0 + HORIZON_S + 0.001)
    assert not suspicion.is_any_missing(11.0 + HORIZON_S + 0.001)


@pytest.mark.parametrize(
    ("given_up", "question"),
    [
        ([(2, ONE)], ONE),
        ([(2, ONE), (2, ONE)], ONE),
        ([(2, ONE), (3, OTHER)], ONE),
        ([(2, ONE), (2, OTHER)], None),
        ([(2, OTHER), (2, ONE), (2, ONE)], None),
    ],
)
def test_a_late_reply_has_its_question_if_there_is_but_one(suspicion, given_up, question):
    """When it was asked is that of the oldest."""
    for at_s, (length, asked) in enumerate(given_up):
        suspicion.given_up(length, asked, at_s / 10)
    missing = suspicion.came_late(reply(2), 1.0)
    assert (missing.length, missing.question, missing.asked_s) == (2, question, 0.0)


def test_the_question_of_what_is_left_is_not_known(suspicion):
    """Of two different ones one has come: the other could be the answer to either, so both are in doubt."""
    suspicion.given_up(2, ONE, 0.0)
    suspicion.given_up(2, OTHER, 0.5)
    suspicion.came_late(reply(2), 1.0)
    assert [suspicion.doubts(2, question, 1.0) for question in (ONE, OTHER, THIRD)] == [1, 1, 1]
    assert suspicion.came_late(reply(2), 1.5).question is None
    assert not suspicion.is_missing(2, 1.5)


def test_the_question_of_what_is_left_is_known_where_there_was_but_one(suspicion):
    suspicion.given_up(2, ONE, 0.0)
    suspicion.given_up(2, ONE, 0.5)
    suspicion.came_late(reply(2), 1.0)
    assert [suspicion.doubts(2, question, 1.0) for question in (ONE, OTHER)] == [0, 1]
    assert suspicion.came_late(reply(2), 1.5).question == ONE


def test_what_is_left_is_the_younger(suspicion):
    """It keeps the length in doubt longest."""
    suspicion.given_up(2, ONE, 0.0)
    suspicion.given_up(2, OTHER, 2.0)
    suspicion.came_late(reply(2), 2.5)
    assert suspicion.is_missing(2, 2.0 + HORIZON_S)
    assert not suspicion.is_missing(2, 2.0 + HORIZON_S + 0.001)


@pytest.mark.parametrize(("question", "own_doubts"), [(ONE, 0), (OTHER, 1)])
def test_an_answer_in_time_may_be_an_older_one(suspicion, question, own_doubts):
    """So its own may still come, as late as one that was asked then."""
    suspicion.given_up(2, ONE, 0.0)
    suspicion.answered(2, question, 2.0)
    assert suspicion.doubts(2, question, 2.0) == own_doubts
    assert suspicion.doubts(2, THIRD, 2.0) == 1
    assert suspicion.doubts(2, THIRD, 2.0 + HORIZON_S) == 1
    assert suspicion.doubts(2, THIRD, 2.0 + HORIZON_S + 0.001) == 0


def test_an_answer_leaves_no_doubt_where_none_is_missing(suspicion):
    """Of its own length."""
    suspicion.given_up(3, ONE, 0.0)
    suspicion.answered(2, OTHER, 1.0)
    assert not suspicion.is_missing(2, 1.0)
    assert suspicion.is_missing(3, 1.0)


def test_a_reply_that_nothing_explains_puts_its_length_in_doubt(suspicion):
    """Replies are later than thought, or come twice: whatever is asked in that length could be answered by such a one."""
    suspicion.given_up(3, ONE, 0.0)
    assert suspicion.came_late(reply(2), 1.0) is None
    assert [suspicion.doubts(2, question, 1.0) for question in (ONE, OTHER)] == [1, 1]
    assert suspicion.doubts(3, ONE, 1.0) == 0


def test_the_horizon_grows_with_what_came_later(suspicion):
    """It doubles each time, up to half a minute."""
    expected = HORIZON_S
    for at_s in (100.0, 200.0, 300.0, 400.0, 500.0):
        assert suspicion.came_late(reply(2), at_s) is None
        expected = min(2 * expected, HORIZON_MAX_S)
        assert suspicion.horizon_s == expected
        assert suspicion.is_missing(2, at_s + expected)
        assert not suspicion.is_missing(2, at_s + expected + 0.001)
    assert expected == HORIZON_MAX_S == 10 * HORIZON_S


def test_the_horizon_shrinks_when_nothing_comes_so_late_any_more(suspicion):
    for at_s in (0.0, 100.0, 200.0, 300.0):
        suspicion.came_late(reply(2), at_s)
    assert suspicion.horizon_s == HORIZON_MAX_S
    horizons = []
    for number in range(1, 7):
        suspicion.doubts(2, ONE, 300.0 + number * (CALM_S + 1))
        horizons.append(suspicion.horizon_s)
    assert horizons == [15.0, 7.5, 3.75, HORIZON_S, HORIZON_S, HORIZON_S]


# Replies that come twice.


def test_a_copy_is_of_no_consequence(suspicion):
    said = reply(2)
    suspicion.copies.came(said, ONE, 0.0)
    assert suspicion.came_late(said, COPY_S) is None
    assert (suspicion.horizon_s, suspicion.doubts(2, OTHER, COPY_S)) == (HORIZON_S, 0)


@pytest.mark.parametrize(("said", "at_s"), [((1, 2), COPY_S + 0.001), ((1, 3), 0.1)])
def test_what_is_another_or_too_late_is_no_copy(suspicion, said, at_s):
    suspicion.copies.came((1, 2), ONE, 0.0)
    suspicion.came_late(said, at_s)
    assert suspicion.doubts(2, OTHER, at_s) == 1


def test_a_missing_reply_that_says_what_it_said_before_is_no_copy(suspicion):
    """A value that stands still; but what another question was answered is that once more."""
    suspicion.copies.came((1, 2), ONE, 0.0)
    suspicion.given_up(2, ONE, 0.5)
    assert suspicion.came_late((1, 2), 1.0).question == ONE
    suspicion.given_up(2, THIRD, 1.5)
    assert suspicion.came_late((1, 2), 2.0) is None
    assert suspicion.doubts(2, ONE, 2.0) == 1
    suspicion.given_up(2, OTHER, 2.1)
    assert suspicion.came_late(reply(2), 2.2).question is None
    assert suspicion.came_late((1, 2), 2.3) is None, "which of them it was is not known, and it may be none"
    assert suspicion.doubts(2, ONE, 2.3) == 1


def test_only_the_answer_to_another_question_may_be_a_copy(suspicion):
    copies = suspicion.copies
    copies.came((1, 2), ONE, 0.0)
    assert not copies.suspects((1, 2), OTHER, 1.0), "the same registers a second later, which say the same"
    assert not copies.suspects((1, 3), THIRD, 0.1)
    assert not copies.suspects((1, 2), THIRD, COPY_S + 0.001)
    assert copies.suspects((1, 2), THIRD, 0.1)


def test_where_replies_come_twice_what_was_said_just_now_is_asked_for_again(suspicion):
    """A question that is put again after half a second may get the copy of its own answer."""
    copies = suspicion.copies
    copies.came((1, 2), ONE, 0.0)
    copies.believed((1, 2), ONE)
    again = ONE._replace(slot_s=ONE.slot_s + 1)
    assert not copies.suspects((1, 2), again, 0.3), "as long as no copy was seen"
    copies.seen(0.0)
    assert not copies.suspects((1, 2), again, SOON_S + 0.001)
    assert copies.suspects((1, 2), again, 0.3)
    assert not copies.suspects((1, 2), again, 0.4), "no copy comes twice"


@pytest.mark.parametrize("are_known", [False, True])
def test_where_replies_come_twice_one_to_the_same_question_may_be_a_copy(suspicion, are_known):
    """The first was late, and it was asked again: the missing one is missed on, or it would answer the next second."""
    suspicion.given_up(2, ONE, 0.0)
    suspicion.copies.came((1, 2), ONE, 0.2)
    if are_known:
        suspicion.copies.seen(0.0)
    assert (suspicion.came_late((1, 2), 0.4) is None) is are_known
    assert suspicion.is_missing(2, 0.5) is are_known


def test_what_is_given_twice_is_no_copy_and_what_is_at_rest_is_believed_at_once(suspicion):
    copies = suspicion.copies
    copies.came((0, 0), ONE, 0.0)
    assert copies.suspects((0, 0), THIRD, 0.1)
    assert not copies.suspects((0, 0), THIRD, 0.2)
    copies.believed((0, 0), THIRD)
    copies.came((0, 0), ONE, 1.0)
    assert not copies.suspects((0, 0), THIRD, 1.1)
    copies.believed((0, 5), THIRD)
    assert copies.suspects((0, 0), THIRD, 2.1)


def test_what_is_explained_leaves_the_horizon_as_it_is(suspicion):
    suspicion.given_up(2, ONE, 0.0)
    assert suspicion.came_late(reply(2), HORIZON_S)
    assert suspicion.horizon_s == HORIZON_S
    suspicion.given_up(2, ONE, 10.0)
    assert suspicion.came_late(reply(2), 10.0 + HORIZON_S + 0.001) is None


def test_anything_missing_is_known_whatever_its_length(suspicion):
    assert not suspicion.is_any_missing(0.0)
    suspicion.given_up(7, ONE, 0.0)
    assert suspicion.is_any_missing(1.0)
    assert suspicion.is_missing(7, 1.0)
    assert not suspicion.is_missing(2, 1.0)


# A gateway whose replies take from no time to almost the horizon, overtake each other, or get lost.

TIMEOUT_S = 0.4
asks = st.tuples(
    st.integers(0, 3),  # which question
    st.integers(1, 2),  # in which length
    st.none() | st.floats(0.01, HORIZON_S - 0.01),  # how late its reply is
    st.floats(0.0, 1.0),  # how long nobody asks afterwards
)


@given(st.lists(asks, max_size=40))
def test_what_is_in_no_doubt_is_never_another_questions(sequence):
    """Neither an answer in time that was not in doubt, nor a late one that is said to have a question."""
    suspicion, now_s, coming = Suspicion(), 0.0, []
    for number, length, delay_s, rest_s in sequence:
        question = Question(0.0, number)
        doubts = suspicion.doubts(length, question, now_s)
        if delay_s is not None:
            coming.append((now_s + delay_s, length, question))
        asked_s, coming = now_s, sorted(coming)
        answer = next((item for item in coming if item[1] == length and item[0] <= asked_s + TIMEOUT_S), None)
        now_s = answer[0] if answer else asked_s + TIMEOUT_S
        late = [item for item in coming if item[0] <= now_s and item is not answer]
        if answer:
            coming.remove(answer)
            assert doubts or answer[2] == question
            suspicion.answered(length, question, asked_s)
        else:
            suspicion.given_up(length, question, asked_s)
        now_s += rest_s
        late += [item for item in coming if item[0] <= now_s and item not in late]
        coming = [item for item in coming if item[0] > now_s]
        for at_s, came_length, came_question in sorted(late):
            missing = suspicion.came_late(reply(came_length), at_s)
            assert missing is not None
            assert missing.question in (None, came_question)
