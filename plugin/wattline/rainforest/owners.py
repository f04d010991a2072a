"""Whose a fragment is: a stick may know several meters, and not all of them measure electricity."""

from collections.abc import Callable, Sequence

from wattline.log import LOG
from wattline.rainforest.facts import READINGS, meter_type
from wattline.rainforest.fragment import Fragment
from wattline.rainforest.models import StickMeter
from wattline.rainforest.numbers import mac

# Of the stick, not of one meter.
_OF_THE_STICK = frozenset(
    {"deviceinfo", "networkinfo", "connectionstatus", "warning", "error", "timecluster", "meterlist"}
)
# So often a meter of unknown kind is passed over while it is asked what it is.
PATIENCE = 8
# So long a meter says nothing while another one speaks until that is told, or the other one taken for it.
SILENT_S = 3600.0
# A longer pause of the other one, as of a stick that was pulled out, and its hour begins anew.
PAUSE_S = SILENT_S / 2


class Owners:
    """Tells the meter of a fragment by the address of its radio.

    Args:
        meters: those that are read; one of them may have no address and is then the first electric one.
        forget: is told when another meter has taken the place of that one.

    Attributes:
        foreign: fragments of other meters.
        exchanged: times that another meter has taken its place.
    """

    def __init__(
        self, meters: Sequence[StickMeter], forget: Callable[[StickMeter], None] = lambda _meter: None
    ) -> None:
        self.foreign = self.exchanged = 0
        self._meters, self._forget = meters, forget
        self._by_mac = {meter.mac: meter for meter in meters if meter.mac}
        self._unnamed = next((meter for meter in meters if not meter.mac), None)
        self._bound = ""
        self._types: dict[str, str] = {}
        self._known: set[str] = set()
        self._passed_over = 0
        self._told: set[str] = set()
        self._heard_s: dict[str, float] = {}
        # Of the silent meter's address and the other one's: since when that one has spoken, and when it did last.
        self._spoken_s: dict[tuple[str, str], tuple[float, float]] = {}
        self._warned_s = float("-inf")

    @property
    def macs(self) -> set[str]:
        """The addresses of the meters that are read; an empty one as long as it is not known."""
        return {meter.mac or self._bound for meter in self._meters}

    @property
    def unknown(self) -> list[str]:
        """The addresses of which it is not known what they measure."""
        return sorted(self._known - self._types.keys())

    def id_of(self, meter: StickMeter) -> str:
        """The address of a meter, once it is known."""
        return meter.mac or self._bound

    def learn(self, fragment: Fragment) -> None:
        """Learn which meters there are, and what they measure."""
        self._known |= {found for text in fragment.all("MeterMacId") if (found := mac(text))}
        address = mac(fragment.one("MeterMacId"))
        if fragment.name == "meterinfo" and address:
            self._types[address] = meter_type(fragment)
            if address == self._bound and not self._may_be_electric(address):
                self._bound = ""

    def spoke(self, meter: StickMeter, at_s: float) -> None:
        """A meter that is read has told what it had not told before, at a second of a clock that steps on at the most."""
        own = self.id_of(meter)
        self._heard_s[own] = at_s
        self._spoken_s = {pair: spoken for pair, spoken in self._spoken_s.items() if pair[0] != own}

    def owner(self, fragment: Fragment, at_s: float) -> StickMeter | None:
        """The meter of a fragment, which came at a second of a clock that steps on at the most; None where it is another one's."""
        text = fragment.one("MeterMacId")
        address = mac(text)
        if text and not address and fragment.name in READINGS:
            # The stick has no meter, and says so; what it measures then is nothing.
            self.foreign += 1
            return None
        if not address or fragment.name == "meterlist":
            is_clear = len(self._meters) == 1 or fragment.name in _OF_THE_STICK
            self.foreign += not is_clear
            return self._meters[0] if is_clear else None
        has_reading = fragment.name in READINGS
        meter = self._of_address(address, has_reading=has_reading)
        if meter is None and has_reading and self._types.get(address, "") in {"electric", ""}:
            meter = self._in_place_of(address, at_s)
        if meter is None:
            self._refuse(address)
        return meter

    def _of_address(self, address: str, *, has_reading: bool) -> StickMeter | None:
        """The meter that is read at an address, which may be chosen here."""
        if address in self._by_mac:
            return self._by_mac[address]
        if self._unnamed and not self._bound and self._is_chosen(address, has_reading=has_reading):
            self._bound = address
        # The only one that there is; what it says beside its readings is nobody else's.
        is_only = not self._bound and self._known == {address} and self._may_be_electric(address)
        return self._unnamed if self._unnamed and (address == self._bound or is_only) else None

    def _in_place_of(self, address: str, at_s: float) -> StickMeter | None:
        """The meter that was exchanged for the one that speaks: it has been silent for long, and has no address of the user's."""
        for meter in self._meters:
            own = self.id_of(meter)
            silent_s = at_s - self._heard_s.setdefault(own, at_s)
            if not own or min(silent_s, self._has_spoken_s(own, address, at_s)) < SILENT_S:
                continue
            if not meter.mac:
                self._exchange(meter, address)
                return meter
            if at_s - self._warned_s >= SILENT_S:
                self._warned_s = at_s
                LOG.warning(
                    "%s: Nothing new was heard of the meter %s for %.0f min, but of %s; if the utility has exchanged the "
                    "meter, write mac=%s.",
                    meter.name,
                    own,
                    silent_s / 60,
                    address,
                    address,
                )
        return None

    def _has_spoken_s(self, own: str, address: str, at_s: float) -> float:
        """For how long another meter has spoken while the meter ``own`` was silent; a stick that is away hears neither."""
        since_s, last_s = self._spoken_s.get((own, address), (at_s, at_s))
        if at_s - last_s > PAUSE_S:
            since_s = at_s
        self._spoken_s[own, address] = since_s, at_s
        return at_s - since_s

    def _exchange(self, meter: StickMeter, address: str) -> None:
        LOG.warning(
            "%s: Nothing new was heard of the meter %s for %.0f min, but of %s, so the utility has exchanged the meter: that "
            "one is read from now on. mac=%s would hold to the old one.",
            meter.name,
            self._bound,
            SILENT_S / 60,
            address,
            self._bound,
        )
        self.exchanged += 1
        self._bound = address
        self._forget(meter)

    def _is_chosen(self, address: str, *, has_reading: bool) -> bool:
        """Whether the meter without an address is this one."""
        if self._types.get(address) == "electric":
            return True
        if not (has_reading and self._may_be_electric(address)):
            return False
        others = self._known - {address} - {other for other in self._types if not self._may_be_electric(other)}
        if others:
            self._passed_over += 1
        return not others or self._passed_over > PATIENCE

    def _may_be_electric(self, address: str) -> bool:
        return self._types.get(address) not in {"gas", "water"}

    def _refuse(self, address: str) -> None:
        self.foreign += 1
        if address not in self._told and (self._bound or not self._unnamed):
            self._told.add(address)
            LOG.info(
                "%s: The stick also knows the meter %s, which is not read; mac=%s behind a name of its own does.",
                self._meters[0].name,
                address,
                address,
            )
