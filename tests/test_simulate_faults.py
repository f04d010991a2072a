"""The words after ``--faults``: what they mean, which are refused, and what each fault does to a reply.

| fault                                                  | test                                              |
|--------------------------------------------------------|---------------------------------------------------|
| an item is understood as another one                   | test_an_item_means                                |
| nonsense is taken                                      | test_nonsense_is_refused_in_a_sentence            |
| two rates hit one request, or rates are not what they say | test_rates_are_kept_and_exclude_each_other     |
| a window reaches beyond its ends                       | test_a_window_lasts_from_its_first_second_...     |
| a spoilt CRC is right by chance, or hits the address   | test_crc_turns_one_bit_behind_the_function        |
| a short reply is whole, or empty                       | test_short_leaves_at_least_one_byte_...           |
| noise without noise                                    | test_noise_comes_before_or_instead                |
"""

from collections import Counter
from math import inf

import pytest
from pymodbus.framer import FramerRTU

from wattline.errors import WordError
from wattline.simulate.dice import Dice
from wattline.simulate.faults import Fault, Script, Window, parse_fault, parse_script, spoil

REPLY = bytes.fromhex("01030400000147bb91")


@pytest.mark.parametrize(
    ("item", "script"),
    [
        ("", Script()),
        ("silence=0.0667", Script(rates=((0.0667, Fault("silence")),))),
        ("crc=1", Script(rates=((1.0, Fault("crc")),))),
        ("late=0.5", Script(rates=((0.5, Fault("late", 100, 1200)),))),
        ("late=0.5:300", Script(rates=((0.5, Fault("late", 300, 300)),))),
        ("late=0.1667:100-1200", Script(rates=((0.1667, Fault("late", 100, 1200)),))),
        ("late@1.5-2:5-7.5", Script(windows=(Window(1.5, 2, Fault("late", 5, 7.5)),))),
        ("refuse=0.01", Script(rates=((0.01, Fault("refuse", 4, 4)),))),
        ("refuse=0.01:2", Script(rates=((0.01, Fault("refuse", 2, 2)),))),
        ("short=0.02:3", Script(rates=((0.02, Fault("short", 3, 3)),))),
        ("noise@0-9:instead", Script(windows=(Window(0, 9, Fault("noise", place="instead")),))),
        ("echo", Script(windows=(Window(0, inf, Fault("echo")),))),
        ("late:250", Script(windows=(Window(0, inf, Fault("late", 250, 250)),))),
        ("stuck@30-40", Script(windows=(Window(30, 40, Fault("stuck")),))),
        ("stuck=0.1", Script(rates=((0.1, Fault("stuck", 10, 10)),))),
        ("unplug=0.1:0.5", Script(rates=((0.1, Fault("unplug", 0.5, 0.5)),))),
        (
            "crc=0.1,echo,unplug@20-25",
            Script(((0.1, Fault("crc")),), (Window(0, inf, Fault("echo")), Window(20, 25, Fault("unplug")))),
        ),
    ],
)
def test_an_item_means(item, script):
    assert parse_script(item) == script


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("silent=0.1", "There is no fault 'silent' ('silent=0.1'); the nearest is 'silence'; the faults are silence, "),
        ("=0.1", "The fault '=0.1' must be KIND=RATE, KIND@FROM-TO or KIND"),
        ("crc=", "must be KIND=RATE"),
        ("crc@5", "must be KIND=RATE"),
        ("crc=0.1@5-6", "must be KIND=RATE"),
        ("crc=0", "The rate '0' in 'crc=0' must be more than 0 and at most 1."),
        ("crc=1.01", "The rate '1.01' in 'crc=1.01' must be more than 0 and at most 1."),
        ("crc=x", "'x' in 'crc=x' must be a number."),
        ("crc=nan", "'nan' in 'crc=nan' must be a number of at least 0."),
        ("crc=0.6,late=0.5", "The rates in 'crc=0.6,late=0.5' add up to more than 1"),
        ("crc=0.1:5", "The fault 'crc=0.1:5' takes no parameter '5' here."),
        ("stuck@1-2:5", "takes no parameter '5' here."),
        ("silence@6-5", "The seconds in 'silence@6-5' must be FROM-TO with TO after FROM"),
        ("silence@5-5", "must be FROM-TO with TO after FROM"),
        ("silence@a-5", "'a' in 'silence@a-5' must be a number."),
        ("late=0.1:300-200", "The milliseconds in 'late=0.1:300-200' must begin with the smaller one."),
        ("late=0.1:", "'' in 'late=0.1:' must be a number."),
        ("refuse=0.1:0", "'0' in 'refuse=0.1:0' must be a number of at least 1."),
        ("refuse=0.1:256", "The exception code '256' in 'refuse=0.1:256' must be 1 to 255."),
        ("refuse=0.1:1.5", "The parameter '1.5' of 'refuse=0.1:1.5' must be a whole number."),
        ("noise=0.1:after", "The parameter 'after' of 'noise=0.1:after' must be before or instead."),
        ("unplug", "The fault 'unplug' needs a time or a rate"),
    ],
)
def test_nonsense_is_refused_in_a_sentence(text, sentence):
    with pytest.raises(WordError) as refusal:
        parse_script(text)

    assert sentence in str(refusal.value)
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("crc", Fault("crc")),
        ("late:300", Fault("late", 300, 300)),
        ("stuck:0.3", Fault("stuck", 0.3, 0.3)),
        ("unplug", Fault("unplug", 3, 3)),
        ("crc=1", None),
    ],
)
def test_a_fault_by_hand_is_a_kind_and_a_parameter(text, fault):
    if fault is None:
        with pytest.raises(WordError):
            parse_fault(text)
    else:
        assert parse_fault(text) == fault


def test_rates_are_kept_and_exclude_each_other():
    """Over 20 000 throws each fault comes as often as it says, and never two at once."""
    script = parse_script("late=0.1667,crc=0.1,silence=0.0667")
    dice = Dice("a seed")
    kinds = Counter()
    for _ in range(20_000):
        faults = script.of_request(5, dice.fraction())
        assert len(faults) <= 1
        kinds.update(fault.kind for fault in faults)

    assert kinds["late"] / 20_000 == pytest.approx(0.1667, abs=0.01)
    assert kinds["crc"] / 20_000 == pytest.approx(0.1, abs=0.01)
    assert kinds["silence"] / 20_000 == pytest.approx(0.0667, abs=0.01)


def test_a_rate_of_one_hits_every_request():
    dice = Dice("a seed")

    assert all(parse_script("crc=1").of_request(0, dice.fraction()) == [Fault("crc")] for _ in range(1000))


@pytest.mark.parametrize(("since_start_s", "hit"), [(0, 0), (9.999, 0), (10, 1), (19.999, 1), (20, 0), (1e6, 0)])
def test_a_window_lasts_from_its_first_second_until_before_its_last(since_start_s, hit):
    assert len(parse_script("silence@10-20").of_request(since_start_s, 0.5)) == hit


def test_a_window_and_a_rate_may_meet():
    assert parse_script("echo,crc=1").of_request(0, 0.5) == [Fault("echo"), Fault("crc")]


def test_what_a_script_uses_is_known():
    script = parse_script("crc=0.1,unplug@1-2")

    assert [script.uses(kind) for kind in ("crc", "unplug", "late")] == [True, True, False]


def test_crc_turns_one_bit_behind_the_function():
    """Judged by the CRC of another implementation."""
    dice = Dice("a seed")
    for _ in range(500):
        heard = spoil(REPLY, Fault("crc"), dice)
        flipped = int.from_bytes(REPLY, "big") ^ int.from_bytes(heard, "big")

        assert flipped.bit_count() == 1
        assert heard[:2] == REPLY[:2]
        assert FramerRTU.compute_CRC(heard[:-2]) != int.from_bytes(heard[-2:], "big")


def test_short_leaves_at_least_one_byte_and_never_the_whole():
    dice = Dice("a seed")
    lengths = {len(spoil(REPLY, Fault("short"), dice)) for _ in range(500)}

    assert lengths == set(range(1, len(REPLY)))
    assert spoil(REPLY, Fault("short", 4, 4), dice) == REPLY[:4]
    assert spoil(REPLY, Fault("short", 99, 99), dice) == REPLY[:-1]


def test_noise_comes_before_or_instead():
    dice = Dice("a seed")
    before = [spoil(REPLY, Fault("noise", place="before"), dice) for _ in range(100)]
    instead = [spoil(REPLY, Fault("noise", place="instead"), dice) for _ in range(100)]
    either = [spoil(REPLY, Fault("noise"), dice).endswith(REPLY) for _ in range(100)]

    assert all(heard.endswith(REPLY) and 1 <= len(heard) - len(REPLY) <= 8 for heard in before)
    assert all(1 <= len(heard) <= 8 for heard in instead)
    assert 20 < sum(either) < 80


@pytest.mark.parametrize("kind", ["silence", "late", "refuse", "echo", "stuck", "unplug"])
def test_other_faults_leave_the_bytes_alone(kind):
    assert spoil(REPLY, Fault(kind, 1, 1), Dice("a seed")) == REPLY
