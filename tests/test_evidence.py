"""What is believed of the answers of one block: a table, since it is a function of the answers.

``K`` answers in the length that the meter is known to answer, ``T`` in one that is only being tried; ``k`` and ``t`` in
another such length; the number is that of the late replies which the answer could have been. Then comes what it said.

| fault                                                      | test                                       |
|------------------------------------------------------------|--------------------------------------------|
| an answer that could be a stale one is believed            | test_what_is_believed                      |
| ... because it came as often as stale ones may             | test_what_is_believed                      |
| ... because the last one was in less doubt than the first  | test_what_is_believed                      |
| ... because others came in another length, or said another thing | test_what_is_believed                |
| a length is believed on trial alone                        | test_what_is_believed                      |
| ... or proved by an answer that could be stale, or by another on trial | test_what_is_believed          |
| ... or though it differs                                   | test_what_is_believed                      |
| what is certain, or was proved, is not believed            | test_what_is_believed                      |
| what was believed first is replaced by what was tried      | test_a_trial_does_not_replace_what_is_believed |
| a load that moves by itself is a disagreement              | test_values_agree_within_what_moves_by_itself |
| an absent value agrees with one that is there              | test_what_is_absent_is_absent_twice        |
"""

import pytest

from wattline.bus.evidence import Answer, Evidence, agree
from wattline.bus.tolerance import SHARE, UNITS
from wattline.meters import Block
from wattline.meters.orno_we515 import MODEL
from wattline.registers import Decoded

BLOCK = Block(0x140, 2)
(ROW,) = MODEL.rows_of(BLOCK)
LENGTHS = {"K": (2, True), "k": (3, True), "T": (4, False), "t": (5, False)}


def answer(word: str) -> Answer:
    """``K1=500``: an answer in the known length that could be one late reply, and says 500 W."""
    kind, doubts, value = word[0], int(word[1 : word.index("=")]), int(word.partition("=")[2])
    length, is_known = LENGTHS[kind]
    return Answer(length, tuple(ROW.encoding.pack(value)), doubts, is_known)


CASES = [
    # In a known length: certain, or more often than it can be stale.
    ("", None, None),
    ("K0=500", 500, None),
    ("K0=500 K0=900", 900, None),
    ("K1=500", None, None),
    ("K1=500 K1=500", 500, None),
    ("K1=500 K1=900", None, None),
    ("K1=500 K1=900 K1=500", 500, None),
    ("K2=500 K2=500", None, None),
    ("K2=500 K2=500 K2=500", 500, None),
    ("K1=500 K0=900", 900, None),
    # As many as there were when it was most in doubt.
    ("K2=500 K1=500", None, None),
    ("K2=500 K1=500 K1=500", 500, None),
    ("K1=500 K2=500", None, None),
    # Those of another length prove nothing, neither by their number nor by their doubts.
    ("K1=500 k1=500", None, None),
    ("k5=500 K1=500 K1=500", 500, None),
    ("K0=500 k0=500", 500, None),
    # On trial: never alone, nor with another trial.
    ("T0=500", None, None),
    ("T0=500 T0=500 T0=500", None, None),
    ("T0=500 t0=500", None, None),
    # The one is certain of its question, the other of its length.
    ("T0=500 K1=500", 500, 4),
    ("K1=500 T0=500", 500, 4),
    ("K3=500 t0=500", 500, 5),
    ("K0=500 T0=500", 500, 4),
    ("T0=500 t0=900 K1=500", 500, 4),
    ("T1=500 K1=500", None, None),
    ("K1=500 T1=500 T1=500", None, None),
    ("T0=500 K1=900", None, None),
    ("K1=900 T0=500", None, None),
    ("K1=900 T0=500 K1=500", 500, 4),
]


@pytest.mark.parametrize(("words", "believed", "proved"), CASES, ids=[words or "nothing" for words, *_ in CASES])
def test_what_is_believed(words, believed, proved):
    evidence = Evidence(BLOCK, MODEL)
    for word in words.split():
        evidence.add(answer(word))
    expected = None if believed is None else tuple(ROW.encoding.pack(believed))
    assert (evidence.believed, evidence.proved) == (expected, proved)


def test_an_answer_of_one_length_is_no_pair_though_it_was_on_trial_before():
    """It is the same question to the same length; what was stale once can be so twice."""
    evidence = Evidence(BLOCK, MODEL)
    evidence.add(Answer(4, tuple(ROW.encoding.pack(500)), 0, is_known=False))
    evidence.add(Answer(4, tuple(ROW.encoding.pack(500)), 2, is_known=True))
    assert (evidence.believed, evidence.proved) == (None, None)


def test_a_trial_does_not_replace_what_is_believed():
    evidence = Evidence(BLOCK, MODEL)
    for word in ("K0=500", "T0=501"):
        evidence.add(answer(word))
    assert evidence.believed == tuple(ROW.encoding.pack(500))
    assert evidence.proved == 4


@pytest.mark.parametrize("one", [1000.0, -1000.0, 0.0])
def test_values_agree_within_what_moves_by_itself(one):
    slack = UNITS / 10**ROW.decimals
    near = one + (SHARE * abs(one) + slack) * (1 if one >= 0 else -1)
    far = one * 1.03 + (1.1 * slack if one >= 0 else -1.1 * slack)
    for value, is_near in ((one, True), (near, True), (far, False), (-one - 200.0, False)):
        decoded = [Decoded({ROW.field: one}, {}), Decoded({ROW.field: value}, {})]
        assert agree([ROW], *decoded) is is_near
        assert agree([ROW], *reversed(decoded)) is is_near


def test_what_is_absent_is_absent_twice():
    nothing, zero = Decoded({}, {}), Decoded({ROW.field: 0.0}, {})
    assert agree([ROW], nothing, nothing)
    assert not agree([ROW], nothing, zero)
    assert not agree([ROW], zero, nothing)
