"""Numbers as files of prices write them."""

from decimal import Decimal, InvalidOperation

from wattline_cost.money import EXACT, MOST_DECIMALS, is_reckonable

PLACES = {1: 0, 1000: 3}
A_PRICE = f"a number less than a million millions, of at most {MOST_DECIMALS} decimals"


def per_kwh(text: str, kwh: int) -> Decimal | None:
    """The price of a kilowatt-hour, of ``text`` that is the price of ``kwh`` of them; None when it is not ``A_PRICE``.

    With a comma for the decimals, points may tell the thousands apart.
    """
    plain = text.strip()
    if "," in plain:
        plain = plain.replace(".", "").replace(",", ".")
    try:
        number = Decimal(plain)
    except InvalidOperation:
        return None
    # A shift of the point loses nothing, as a division might.
    return number.scaleb(-PLACES[kwh], EXACT) if is_reckonable(number) else None
