"""The numbers of a stick.

| fault | test |
|---|---|
| a sign is read by another width than it is written in | test_a_sign_is_as_wide_as_it_is_written |
| ... or a number that was torn has two widths | test_a_number_with_more_digits_than_its_kind_has_is_none |
| ... or has lost a digit | test_a_digit_that_was_lost_is_seen |
| the radio's mark for none is a power, an energy or a price | test_a_mark_for_none_is_as_wide_as_it_is_written, test_marks_for_none_are_none |
| ... or the energy of a period | test_the_energy_of_a_period_has_either_mark, test_a_mark_in_more_digits_than_its_own_is_one |
| ... or the address of a meter | test_a_mark_for_none_is_no_address |
| what is no number is one | test_what_is_no_number_is_none |
| a factor of 0 is 0, or an error | test_a_factor_of_0_means_1 |
| a missing factor is 1 | test_a_missing_factor_gives_no_value |
| a digit is lost, or is one of binary noise | test_a_value_rounds_back_to_what_the_meter_shows |
| what no meter can have counted is a value | test_what_is_beyond_all_meters_is_none |
| a mark for "none" is a time or a price | test_marks_for_none_are_none |
| a currency is guessed | test_a_currency_is_known_or_told_by_its_number |
"""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattline.rainforest.fragment import parse
from wattline.rainforest.numbers import (
    Scale,
    counter,
    currency,
    mac,
    net,
    plain,
    price,
    says_none,
    scale_of,
    signed,
    time_s,
    unsigned,
)


@given(st.sampled_from([1, 2, 3, 4, 5, 6, 8, 16]), st.data())
def test_a_sign_is_as_wide_as_it_is_written(digits: int, data: st.DataObject) -> None:
    bits = 24 if digits <= 6 else 32 if digits <= 8 else 64
    number = data.draw(
        st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if 4 * digits == bits else st.integers(0, 16**digits - 1)
    )
    text = f"0x{number % 2**bits:0{digits}x}"
    is_filled = text[2] == "0" and digits not in {1, 6, 8, 16}

    assert signed(text) == (None if is_filled else number if 4 * digits == bits else int(text, 16))
    assert counter(text) == (None if is_filled else int(text, 16))


@given(st.integers(1, 20), st.data())
def test_a_number_with_more_digits_than_its_kind_has_is_none(digits: int, data: st.DataObject) -> None:
    """Nothing else tells a number that another one was written into."""
    text = f"0x{data.draw(st.integers(16 ** (digits - 1), 16**digits - 1)):x}"

    assert (unsigned(text) is None) == (digits > 8)
    assert (signed(text) is None) == (digits not in {1, 2, 3, 4, 5, 6, 8, 16})
    assert (counter(text) is None) == (digits not in {1, 2, 3, 4, 5, 6, 7, 8, 12, 16})


@pytest.mark.parametrize(("digits", "convert"), [(6, signed), (8, signed), (8, counter), (16, net), (16, counter)])
@given(number=st.integers(0, 0xFFFF), data=st.data())
def test_a_digit_that_was_lost_is_seen(digits: int, convert, number: int, data: st.DataObject) -> None:
    """In what is filled up with two zeros at least, which a house's power is in 6 digits."""
    text = f"0x{number:0{digits}x}"
    at = data.draw(st.integers(2, len(text) - 1))

    assert convert(text) == number
    assert convert(text[:at] + text[at + 1 :]) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        *((text, (True, False)) for text in ("0x800000", "0x80000000", "0x8000000000000000", "0xff800000")),
        *((text, (False, True)) for text in ("0xffffff", "0xFFFFFFFF", "0xffffffffffffffff")),
        *((text, (False, True)) for text in ("0xffffffffffff", "0x0000ffffffffffff", "0x00000000ffffffff")),
        *((text, (False, False)) for text in ("0x00800000", "0x00ffffff", "0xff", "0x80", "0x7fffff", "", "x")),
    ],
)
def test_a_mark_for_none_is_as_wide_as_it_is_written(text: str, says: tuple[bool, bool]) -> None:
    """A power of -1 is one, and has each bit set; so has a power the first bit, and a counter that is large."""
    assert (says_none(text, signed), says_none(text, counter)) == says


@pytest.mark.parametrize("digits", [6, 8, 12, 16])
def test_the_energy_of_a_period_has_either_mark(digits: int) -> None:
    for mark in (16**digits - 1, 16**digits // 2):
        assert says_none(f"0x{mark:0{digits}x}", net)
    for number in (-1000, -2, 0, 1, 23_098):
        text = f"0x{number % 16**digits:0{digits}x}"
        assert net(text) == number
        assert not says_none(text, net)


@pytest.mark.parametrize("text", ["0x0000ffffffffffff", "0x00000000ffffffff", "0xffff800000000000"])
def test_a_mark_in_more_digits_than_its_own_is_one(text: str) -> None:
    assert says_none(text, net)


@pytest.mark.parametrize(
    "text", ["", "0x", "x1", "12", "0xg", "0x 1", " 0x1", "-0x1", "0x1.0", "0x" + 17 * "1", "0x²", "not-hex"]
)
def test_what_is_no_number_is_none(text: str) -> None:
    assert (signed(text), unsigned(text), time_s(text)) == (None, None, None)
    assert mac(text) == ""


@pytest.mark.parametrize("text", ["0x0000000000000000", "0x0", "0xffffffffffffffff", "0xFFFFFFFFFFFFFFFF", ""])
def test_a_mark_for_none_is_no_address(text: str) -> None:
    assert mac(text) == ""


def test_a_channel_is_decimal() -> None:
    assert [plain(text) for text in ("11", "26", "0x1a", "", "²")] == [11, 26, None, None, None]


def factors(multiplier: str, divisor: str) -> Scale | None:
    return scale_of(parse(f"<A><Multiplier>{multiplier}</Multiplier><Divisor>{divisor}</Divisor></A>".encode()))


def test_a_factor_of_0_means_1() -> None:
    assert factors("0x00000000", "0x0") == Scale(1, 1)
    assert factors("0x3", "0x3e8") == Scale(3, 1000)


@pytest.mark.parametrize(
    "pair", [("", "0x3e8"), ("0x1", ""), ("0x1", "1000"), ("x", "0x3e8"), ("0xffffff", "0x1"), ("0x1", "0xffffffff")]
)
def test_a_missing_factor_gives_no_value(pair: tuple[str, str]) -> None:
    assert factors(*pair) is None


@given(
    st.integers(-(10**9), 10**9),
    st.integers(1, 1000),
    st.sampled_from([1, 10, 1000, 10_000, 100_000]),
    st.sampled_from([1, 1000]),
)
def test_a_value_rounds_back_to_what_the_meter_shows(raw: int, multiplier: int, divisor: int, times: int) -> None:
    scale = Scale(multiplier, divisor)
    value = scale.value(raw, times)
    exact = Decimal(raw * multiplier * times) / divisor

    decimals = max(0, len(str(divisor)) - len(str(times)))
    assert value is not None
    assert round(value, decimals) == float(exact)
    assert (value * 2**17).is_integer()


def test_a_divisor_that_is_no_power_of_ten_has_three_decimals() -> None:
    assert Scale(1, 3).value(1) == pytest.approx(0.333, abs=0.0005)
    assert Scale(1, 3).value(1, 1000) == 333.0


def test_what_is_beyond_all_meters_is_none() -> None:
    assert Scale(2**32, 1).value(2**63) is None
    assert Scale(1, 1).value(10**15) == 1e15


@pytest.mark.parametrize("text", ["0xffffffff", "0xFFFFFFFF", "0x00000000", "0xffffff", "0x0", ""])
def test_marks_for_none_are_none(text: str) -> None:
    assert time_s(text) is None
    assert price("0xffffffff", "0x0f") is None
    assert price("0x0", "0x4") is None
    assert price("0xffffff", "0x05") is None
    assert price("0xffffffff", "0x09") is None
    assert price("0xffffff38", "0x04") is None
    assert price("0x25b", "0x0f") is None


def test_a_currency_is_known_or_told_by_its_number() -> None:
    assert [currency(text) for text in ("0x0348", "0x348", "0x0840", "0x007c", "0x0024", "0x03d2", "0x03e7", "", "0x0000", "x")] == [
        "USD", "USD", "USD", "CAD", "AUD", "EUR", "999", "", "", "",
    ]  # fmt: skip
