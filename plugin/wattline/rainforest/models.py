"""The sticks that are known: what they are called, how they are found, and what is read of them."""

from dataclasses import dataclass

from wattline.bus.settings import LineSettings

SETTINGS = LineSettings(115_200, "N", 1)
USUAL_PERIOD_S = 15
# The fields of ``electricity`` that a stick brings, with the decimals that most meters show; others follow their divisor.
SHOWN = (("power_w", 0), ("energy_import_kwh", 3), ("energy_export_kwh", 3))


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a stick brings of a meter.

    Attributes:
        field: a name of ``fields.ELECTRICITY_FIELDS``.
        decimals: digits behind the point that people are shown.
    """

    field: str
    decimals: int


@dataclass(frozen=True, slots=True)
class StickModel:
    """One kind of stick.

    Attributes:
        name: as in ``NAME=MODEL``.
        title: maker and model, for people.
        usb_id: vendor and product.
        words: what its USB texts contain, in small letters, where a maker changes the numbers.
        source: where the facts come from.
        hourly: what it is asked each hour, since it hardly ever tells that by itself.
        rows: what it brings.
        phases: always 1: a stick knows the whole alone.
    """

    name: str
    title: str
    usb_id: tuple[int, int]
    words: tuple[str, ...]
    source: str
    hourly: tuple[str, ...]
    rows: tuple[Quantity, ...] = tuple(Quantity(*shown) for shown in SHOWN)
    phases: int = 1


_SOURCE = "the maker's description of its XML interface, and what programs of others have recorded"
_HOURLY = ("get_network_info", "get_current_period_usage", "get_last_period_usage")
_BLOCKS = "get_price_blocks"

STICKS = {
    model.name: model
    for model in (
        StickModel("rainforest-raven", "Rainforest RAVEn (RFA-Z106)", (0x0403, 0x8A28), ("raven",), _SOURCE, _HOURLY),
        StickModel(
            "rainforest-emu2",
            "Rainforest EMU-2 (RFA-Z105)",
            (0x04B4, 0x0003),
            ("emu-2", "emu2"),
            _SOURCE,
            (*_HOURLY, _BLOCKS),
        ),
    )
}


def is_stick(word: str) -> bool:
    """Whether a word means a meter behind a stick, be it right or wrong in all else."""
    definition = word.partition(",")[0].partition("@")[0]
    return definition.rpartition("=")[2].lower() in STICKS


@dataclass(frozen=True, slots=True)
class StickMeter:
    """One meter behind a stick, as the user named it.

    Attributes:
        name: the tag ``meter``.
        model: the stick.
        role: the tag ``role``.
        mac: the address of the meter's radio as ``numbers.mac`` writes it; empty for the first electric one.
    """

    name: str
    model: StickModel
    role: str = "grid"
    mac: str = ""

    @property
    def settings(self) -> LineSettings:
        """Those of every stick."""
        return SETTINGS

    @property
    def interval_s(self) -> int:
        """Seconds from reading to reading, as most meters do it."""
        return USUAL_PERIOD_S
