"""Time zones by name.

| fault | test |
|---|---|
| a city that is a zone's name is told other zones than its own | test_a_city_is_told_its_zone |
| a slip of the finger is told none | test_a_slip_of_the_finger_is_told_what_was_meant |
| a zone that there is not is taken, or what is no zone of a house | test_what_is_no_zone_is_refused |
"""

import pytest

from wattline.errors import WordError
from wattline.zones import zone_of


@pytest.mark.parametrize(
    ("city", "zone"),
    [
        ("Rome", "Europe/Rome"),
        ("rome", "Europe/Rome"),
        ("New York", "America/New_York"),
        # Not even half of it is what was written.
        ("Knox", "America/Indiana/Knox"),
        ("indiana/knox", "America/Indiana/Knox"),
        ("europe/rome", "Europe/Rome"),
    ],
)
def test_a_city_is_told_its_zone(city: str, zone: str) -> None:
    with pytest.raises(WordError, match=f"^There is no time zone '{city}'; the nearest is '{zone}'; `timedatectl "):
        zone_of(city)


@pytest.mark.parametrize(("slip", "zone"), [("Berln", "Europe/Berlin"), ("Europe/Room", "Europe/Rome")])
def test_a_slip_of_the_finger_is_told_what_was_meant(slip: str, zone: str) -> None:
    with pytest.raises(WordError, match=f"the nearest is '{zone}';"):
        zone_of(slip)


@pytest.mark.parametrize("name", ["", "Factory", "posixrules", "right/Europe/Rome", "/etc/passwd"])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(WordError, match="There is no time zone"):
        zone_of(name)
    assert zone_of("Europe/Rome").key == "Europe/Rome"
