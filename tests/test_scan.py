"""The search for meters, on a virtual clock and a virtual wire: no real time passes.

The wire is stricter than most: a meter hears only what is said at its own speed, parity and stop bits, what overlaps is
destroyed, and what comes at other settings than the host's is noise.

| fault                                                        | test                                                       |
|--------------------------------------------------------------|------------------------------------------------------------|
| the typical home bus takes more than a minute                | test_the_typical_home_bus_is_known_in_a_minute             |
| a model of the library cannot be found                       | test_each_model_is_found_at_its_factory_settings           |
| a register is written                                        | test_nothing_but_reads_is_ever_sent                        |
| a meter that refuses the question is not heard               | test_a_refusal_is_an_answer                                |
| ... or one that says nothing to what it does not know        | test_a_meter_that_keeps_silent_on_the_unknown_is_found     |
| a slow meter is missed, or its answer taken for another's    | test_a_slow_meter_is_found                                 |
| a far address is not reached                                 | test_a_far_address_is_found                                |
| a lost reply hides a meter                                   | test_a_meter_that_loses_replies_is_found                   |
| settings from another factory are not said                   | test_changed_settings_are_part_of_the_word                 |
| one address at two parities is one meter                     | test_two_parities_are_two_meters                           |
| a port without parity shows a meter twice                    | test_a_port_without_parity_shows_a_meter_once              |
| ... or as two makes that share a map                         | test_a_port_without_parity_shows_one_meter_of_two_makes_.. |
| ... or two meters once                                       | test_two_meters_behind_a_port_without_parity_..._          |
| two meters on one address are riddles, or ghosts             | test_two_meters_on_one_address_are_told                    |
| ... or the search stands still at them for minutes           | test_two_meters_on_one_address_do_not_hold_up_the_search   |
| ... and what disturbs the line is taken for them             | test_a_meter_on_a_noisy_line_is_not_taken_for_two          |
| a gateway's words for an absent meter are a meter            | test_a_gateway_that_answers_for_who_is_away_is_no_meter    |
| one of them answers behind the other, and is not seen        | test_two_meters_that_answer_one_after_the_other_...        |
| noise is taken for them, or for a meter                      | test_noise_is_no_meter                                     |
| noise hides a meter                                          | test_a_meter_is_found_in_noise                             |
| an unknown device gets a name                                | test_an_unknown_device_stays_unknown                       |
| a small model is named where its larger sibling stands       | test_the_larger_sibling_is_told_from_the_smaller           |
| a model without a voltage is named, or excluded              | test_a_model_that_tells_no_voltage_is_not_excluded         |
| a late answer is taken for the next one                      | test_a_late_answer_is_no_answer_to_the_next_question       |
| a meter that keeps silent takes minutes                      | test_a_meter_that_keeps_silent_is_not_waited_for_long      |
| a meter takes our change of settings for a byte              | test_a_change_of_settings_is_followed_by_a_silence         |
| noise takes minutes                                          | test_a_single_garbled_answer_costs_little                  |
| a load that changes while it is read hides a meter           | test_a_changing_load_hides_no_meter                        |
| settings that the adapter does not take end the search       | test_settings_that_the_port_does_not_take_are_left_out     |
| the end of the search loses what was found                   | test_what_was_found_is_kept_when_the_search_is_cut_short   |
"""

import io
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from types import SimpleNamespace

import minimalmodbus
import pytest

from wattline.bus import frames
from wattline.bus.modbus import Modbus
from wattline.bus.port import Port
from wattline.bus.settings import LineSettings
from wattline.fields import ELECTRICITY_FIELDS
from wattline.meters import Model, load_models
from wattline.meters.orno_we514 import MODEL as ORNO_514
from wattline.meters.orno_we515 import MODEL as ORNO
from wattline.registers import Encoding, Row, encode
from wattline.scan.ear import Ear
from wattline.scan.order import VOLTAGES, known_settings, rounds, steps
from wattline.scan.report import Findings, word
from wattline.scan.search import Found, Search
from wattline.stop import Stopped

SLOW_LINE = LineSettings(2400, "N", 1)
PLAIN_LINE = LineSettings(9600, "N", 1)
NEVER_S = 1e9


def floats(name: str, settings: LineSettings, rows: dict[int, str], **columns) -> Model:
    """A model as Eastron builds them: floats, function 4."""
    limits = {"frequency_hz": (45, 65), "power_factor": (-1, 1)}
    kinds = {"voltage": (80, 300), "current": (0, 125)}
    table = tuple(
        Row(address, Encoding.F32, 1, name, *limits.get(name, kinds.get(name.split("_")[0], (-40_000, 40_000))))
        for address, name in rows.items()
    )
    return Model(name, name, settings, 4, table, source="", address_change="", **columns)


ONE_PHASE = {
    0x00: "voltage_v",
    0x06: "current_a",
    0x0C: "power_w",
    0x12: "apparent_power_va",
    0x1E: "power_factor",
    0x46: "frequency_hz",
}
THREE_PHASES = {
    0x00: "voltage_l1_v",
    0x02: "voltage_l2_v",
    0x04: "voltage_l3_v",
    0x06: "current_l1_a",
    0x08: "current_l2_a",
    0x0A: "current_l3_a",
    0x0C: "power_l1_w",
    0x0E: "power_l2_w",
    0x10: "power_l3_w",
    0x34: "power_w",
    0x46: "frequency_hz",
}
SMALL = floats("sdm-small", SLOW_LINE, ONE_PHASE)
LARGE = floats("sdm-large", PLAIN_LINE, THREE_PHASES)
BARE = floats("sdm-bare", PLAIN_LINE, {0x34: "power_w", 0x48: "energy_import_kwh"})
LIBRARY = (ORNO_514, ORNO, SMALL, LARGE, BARE)


def value_of(name: str) -> float:
    """What each field shows, so that all agree."""
    number = next((n for n in (1, 2, 3) if f"_l{n}" in name), 0)
    volts, amperes, factor = 230.0 + number, 2.0 + number, 0.9
    shares = [(230.0 + n) * (2.0 + n) for n in (1, 2, 3)]
    va = volts * amperes if number else sum(shares)
    known = {
        "voltage": volts,
        "current": amperes if number else va / volts,
        "power": va * factor,
        "apparent": va,
        "reactive": va * (1 - factor**2) ** 0.5,
        "frequency": 50.02,
    }
    if name.startswith("power_factor"):
        return factor
    return 1234.5 if "energy" in name else known.get(name.partition("_")[0], 1.0)


def image_of(model: Model) -> dict[int, int]:
    """The registers of a meter of this model; a line to itself carries what the whole does."""
    values = {row.field: min(value_of(row.field), row.high) for row in model.rows}
    identity = {model.identity.address: model.identity.expected[0]} if model.identity else {}
    return identity | encode(model.rows, values)


@dataclass
class Meter:
    """A meter on the wire; what it does not know it refuses, unless it is ``mute``."""

    model: Model
    address: int = 1
    settings: LineSettings | None = None
    turnaround_s: float = 0.04
    mute: bool = False
    code: int = 2
    loses: Callable[[], bool] = lambda: False
    late_s: Callable[[], float] = lambda: 0.0
    changes: Callable[[dict[int, int]], None] = lambda _image: None
    image: dict[int, int] = field(init=False)

    def __post_init__(self) -> None:
        self.settings = self.settings or self.model.settings
        self.image = image_of(self.model)

    def reply(self, request: bytes) -> bytes:
        function, first, count = request[1], *(int.from_bytes(request[i : i + 2], "big") for i in (2, 4))
        self.changes(self.image)
        known = self.model.identity
        is_identity = known and (first, function) == (known.address, known.function or self.model.function)
        wanted = [self.image.get(first + n) for n in range(count)]
        if self.loses():
            return b""
        if (function == self.model.function or is_identity) and None not in wanted:
            data = b"".join(register.to_bytes(2, "big") for register in wanted if register is not None)
            return sealed(bytes((self.address, function, 2 * count)) + data)
        return b"" if self.mute else sealed(bytes((self.address, function | 0x80, self.code)))


def sealed(body: bytes) -> bytes:
    return body + frames.crc(body)


class Wire:
    """A clock, a wire and its meters; in the place of a stop and of a serial port as well.

    Args:
        meters: who listens.
        has_parity: whether what is said at another parity, or with other stop bits, is noise to a meter.
        noise: bytes that come after each request, from nowhere.
        takes: whether the port takes line settings.
    """

    def __init__(
        self,
        *meters: Meter,
        has_parity: bool = True,
        noise: Callable[[], bytes] = lambda: b"",
        takes: Callable[[LineSettings], bool] = lambda _settings: True,
    ) -> None:
        self.now = 100.0
        self.meters = meters
        self.requests: list[bytes] = []
        self.ends_s = NEVER_S
        self.is_set = False
        self.silences_s: list[tuple[LineSettings, float]] = []
        self._has_parity, self._noise, self._takes = has_parity, noise, takes
        self._settings = PLAIN_LINE
        self._switched_s = 0.0
        self._coming: list[tuple[float, int, LineSettings]] = []
        self._speaking: list[tuple[float, float]] = []

    # The clock and the stop.

    def monotonic(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        # The end wakes whoever waits.
        self.now = max(self.now, min(self.now + seconds, self.ends_s))
        self.is_set = self.now >= self.ends_s
        return self.is_set

    # The serial port.

    def fileno(self) -> int:
        raise io.UnsupportedOperation

    def close(self) -> None:
        self._coming.clear()

    def open(self, _name: str, settings: LineSettings) -> "Wire":
        self._settings = settings
        return self

    def apply_settings(self, wanted: dict) -> None:
        settings = LineSettings(wanted["baudrate"], wanted["parity"], wanted["stopbits"])
        if not self._takes(settings):
            raise ValueError("no such speed")
        self._settings = settings
        self._switched_s = self.now

    def write(self, data: bytes) -> int:
        self.requests.append(data)
        if self._switched_s:
            self.silences_s.append((self._settings, self.now - self._switched_s))
            self._switched_s = 0.0
        end_s = self.now + len(data) * self._settings.character_s
        if not self._destroy(self.now, end_s):
            for meter in self.meters:
                if meter.address == data[0] and self._reaches(meter.settings):
                    begins_s = end_s + meter.turnaround_s + meter.late_s()
                    self._say(begins_s, meter.reply(data), meter.settings)
        self._say(end_s + 0.03, self._noise(), self._settings)
        return len(data)

    def read(self, _size: int) -> bytes:
        come = [item for item in self._coming if item[0] <= self.now]
        self._coming = [item for item in self._coming if item[0] > self.now]
        return bytes(byte if self._reaches(settings) else byte ^ 0xA5 for _, byte, settings in come)

    def readable_s(self) -> float:
        return self._coming[0][0] if self._coming else NEVER_S

    def _reaches(self, settings: LineSettings | None) -> bool:
        return settings is not None and (
            settings == self._settings or (not self._has_parity and settings.baud == self._settings.baud)
        )

    def _say(self, begins_s: float, data: bytes, settings: LineSettings | None) -> None:
        if data and settings:
            is_destroyed = self._destroy(begins_s, begins_s + len(data) * settings.character_s)
            for n, byte in enumerate(data, 1):
                at_s = begins_s + n * settings.character_s
                self._coming.append((at_s, byte ^ 0x5A if is_destroyed else byte, settings))
            self._coming.sort(key=lambda item: item[0])

    def _destroy(self, begins_s: float, ends_s: float) -> bool:
        """Speak from ``begins_s`` to ``ends_s``; whether somebody else did, which is destroyed by it too."""
        clash = any(begins_s < other_end and other_begin < ends_s for other_begin, other_end in self._speaking)
        if clash:
            self._coming = [
                (at_s, byte ^ 0x33 if begins_s < at_s else byte, settings) for at_s, byte, settings in self._coming
            ]
        self._speaking = [(begin, end) for begin, end in self._speaking if end > self.now - 1] + [(begins_s, ends_s)]
        return clash


class VirtualPort(Port):
    """A port on a wire: waiting for a byte is a jump of the clock."""

    def _wait_readable(self, seconds: float) -> bool:
        wire = self._stop
        deadline_s = wire.now + max(0.0, seconds)
        readable_s = wire.readable_s()
        if wire.wait(min(readable_s, deadline_s) - wire.now):
            raise Stopped
        return readable_s <= deadline_s


class Times:
    """A watcher that notes when what was found."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.found_s: dict[tuple[str, int], float] = {}
        self.done: list[float] = []
        self.total_s = 0.0
        self.signs_s: list[float] = []

    def at(self, _step: object, done_s: float, total_s: float) -> None:
        self.signs_s.append(self.wire.now)
        self.done.append(done_s)
        self.total_s = total_s

    def asking(self, _settings: LineSettings, _address: int) -> None:
        self.signs_s.append(self.wire.now)

    def found(self, found: Found) -> None:
        self.found_s[found.best.model.name if found.best else "", found.address] = self.wire.now - 100

    def doubled(self, _settings: LineSettings, _address: int) -> None:
        return


@dataclass
class Result:
    search: Search
    times: Times

    @property
    def words(self) -> list[str]:
        return [word(name, *found_and_model(pair)) for name, pair in self.findings.meters.items()]

    @property
    def findings(self) -> Findings:
        return Findings("port", self.search.found, self.search.doubled, self.search.noise)


def found_and_model(pair) -> tuple[Found, Model]:
    return pair[0], pair[1].model


@pytest.fixture
def scan(monkeypatch) -> Iterator[Callable[..., Result]]:
    """Searches a wire for the models of a library."""

    def run(wire: Wire, models=LIBRARY, addresses=range(1, 17), settings=None, *, is_cut_short: bool = False) -> Result:
        monkeypatch.setattr(minimalmodbus, "time", SimpleNamespace(monotonic=wire.monotonic, sleep=wire.wait))
        monkeypatch.setattr(minimalmodbus, "_latest_read_times", {})
        port = VirtualPort("virtual", wire, wire.open, wire.monotonic)
        ear = Ear(Modbus(port), wire, wire.monotonic)
        times = Times(wire)
        plan = list(steps(rounds(models, settings or known_settings(models)), addresses))
        search = Search(ear, models, plan, times)
        if is_cut_short:
            with pytest.raises(Stopped):
                search.run()
        else:
            search.run()
        return Result(search, times)

    return run


def by_chance(share: float, seed: int) -> Callable[[], bool]:
    dice = random.Random(seed)
    return lambda: dice.random() < share


# Meters that are there.


def test_the_typical_home_bus_is_known_in_a_minute(scan):
    """With the whole library to choose from, and a meter at 2400 baud as slow as it was seen in the field."""
    models = {model.name: model for model in [*load_models().values(), SMALL]}.values()
    wire = Wire(Meter(ORNO), Meter(ORNO, 2, turnaround_s=0.07), Meter(SMALL, turnaround_s=0.105))
    result = scan(wire, list(models))

    assert {("orno-we515", 1), ("orno-we515", 2)} < result.times.found_s.keys()
    assert len(result.times.found_s) == 3
    assert max(result.times.found_s.values()) < 60


@pytest.mark.parametrize("model", load_models().values(), ids=lambda model: model.name)
def test_each_model_is_found_at_its_factory_settings(scan, model):
    """It is named, or one of its register-identical siblings is, or it is not excluded if it has nothing to show."""
    models = list(load_models().values())
    (found,) = scan(Wire(Meter(model)), models, [1], [model.settings]).search.found

    if model.identity or any(row.field in VOLTAGES for row in model.rows):
        assert model.table_of in {each.model.table_of for each in [found.best, *found.others]}
    else:
        assert model in found.not_excluded or found.best


def test_nothing_but_reads_is_ever_sent(scan):
    wire = Wire(Meter(ORNO), Meter(SMALL, 3), noise=lambda: b"\x55" if len(wire.requests) % 7 == 0 else b"")
    scan(wire, addresses=[1, 2, 3, 100])

    assert {request[1] for request in wire.requests} == {3, 4}
    assert {len(request) for request in wire.requests} == {8}
    assert all(frames.crc(request[:-2]) == request[-2:] for request in wire.requests)
    assert 0 not in {request[0] for request in wire.requests}


def test_a_refusal_is_an_answer(scan):
    """A stranger to the question, at settings that no model of its kind has, is found in the first pass."""
    result = scan(Wire(Meter(ORNO, 9, PLAIN_LINE)), addresses=range(1, 17))

    assert result.words == ["meter1=orno-we515@9,parity=N"]
    assert max(result.times.found_s.values()) < 10


def test_a_meter_that_keeps_silent_on_the_unknown_is_found(scan):
    other = floats("other", PLAIN_LINE, {0x500 + address: name for address, name in THREE_PHASES.items()})
    result = scan(Wire(Meter(other, 3, mute=True)), [*LIBRARY, LARGE.named("a", "a"), other])

    assert result.words == ["meter1=other@3"]


@pytest.mark.parametrize("turnaround_s", [0.15, 0.2, 0.25, 0.3, 0.35])
def test_a_slow_meter_is_found(scan, turnaround_s):
    """And nothing is found where it is not, though it answers while the next address is asked."""
    wire = Wire(Meter(ORNO, 5, turnaround_s=turnaround_s), Meter(ORNO, 7))

    assert scan(wire).words == ["meter1=orno-we515@5", "meter2=orno-we515@7"]


@pytest.mark.parametrize("turnaround_s", [0.04, 0.2, 0.35])
@pytest.mark.parametrize("address", [17, 100, 247])
def test_a_far_address_is_found(scan, address, turnaround_s):
    """Though a slow meter answers only while others are asked."""
    wire = Wire(Meter(SMALL, address, turnaround_s=turnaround_s))

    assert scan(wire, addresses=range(1, 248)).words == [f"meter1=sdm-small@{address}"]


@pytest.mark.parametrize("seed", range(10))
def test_a_meter_that_loses_replies_is_found(scan, seed):
    """One in twenty."""
    wire = Wire(*(Meter(SMALL, address, loses=by_chance(0.05, 10 * seed + address)) for address in (1, 2, 3)))

    assert scan(wire).words == ["meter1=sdm-small@1", "meter2=sdm-small@2", "meter3=sdm-small@3"]


@pytest.mark.parametrize("seed", range(10))
def test_a_late_answer_is_no_answer_to_the_next_question(scan, seed):
    """One in five comes 0.4 s late, as under load, and no value is another's."""
    is_late = by_chance(0.2, seed)
    (found,) = scan(Wire(Meter(SMALL, 1, late_s=lambda: 0.4 * is_late()))).search.found

    assert found.best.values == pytest.approx({name: value_of(name) for name in ONE_PHASE.values()}, abs=0.1)


def test_a_meter_that_keeps_silent_is_not_waited_for_long(scan):
    """Once it is known that it says nothing to what it does not know."""
    strangers = [
        floats(f"stranger{n}", PLAIN_LINE, {0x100 * n + address: name for address, name in ONE_PHASE.items()})
        for n in range(1, 30)
    ]
    wire = Wire(Meter(SMALL, 1, mute=True))
    scan(wire, [*strangers, SMALL], [1], [SLOW_LINE])

    assert wire.now - 100 < 30


def test_changed_settings_are_part_of_the_word(scan):
    wire = Wire(Meter(ORNO, 1, LineSettings(2400, "N", 1)), Meter(SMALL, 2, LineSettings(9600, "E", 2)))
    settings = [*known_settings(LIBRARY), LineSettings(9600, "E", 2)]

    assert scan(wire, settings=settings).words == [
        "meter1=orno-we515@1,baud=2400,parity=N",
        "meter2=sdm-small@2,baud=9600,parity=E,stop=2",
    ]


def test_siblings_are_named_as_equally_likely(scan):
    (found,) = scan(Wire(Meter(ORNO_514))).search.found

    assert (found.best.model, [each.model for each in found.others]) == (ORNO, [ORNO_514])


# One address.


def test_two_parities_are_two_meters(scan):
    wire = Wire(Meter(ORNO), Meter(LARGE, 1))

    assert sorted(scan(wire).words) == ["meter1=orno-we515@1", "meter2=sdm-large@1"]


@pytest.mark.parametrize("meter", [ORNO, LARGE])
def test_a_port_without_parity_shows_a_meter_once(scan, meter):
    """At its factory's settings, whichever were tried first."""
    for settings in (known_settings(LIBRARY), known_settings(LIBRARY)[::-1]):
        result = scan(Wire(Meter(meter), has_parity=False), settings=settings)

        assert result.words == [f"meter1={meter.name}@1"]
        assert len(result.times.found_s) == 1
        assert result.search.found[0].also


@pytest.mark.parametrize("name", ["inepro-pro380", "wago-879-30xx"])
def test_a_port_without_parity_shows_one_meter_of_two_makes_once(scan, name):
    """The two share a map, and each is the likelier at its own factory's parity."""
    library = load_models()
    meter = library[name]
    for settings in ([PLAIN_LINE, LineSettings(9600, "E", 1)], [LineSettings(9600, "E", 1), PLAIN_LINE]):
        (found,) = scan(Wire(Meter(meter, 4), has_parity=False), library.values(), [4], settings).search.found

        assert found.best.model.name == name
        assert found.also
        # What has the registers of the larger map, has those of the smaller too.
        assert [each.model.name for each in found.others] == ["wago-879-30xx"][: name == "inepro-pro380"]


def test_two_meters_on_one_address_are_told(scan):
    """Once, and nothing is made up where they are; their neighbour is found."""
    wire = Wire(Meter(ORNO, 1), Meter(ORNO, 1, turnaround_s=0.042), Meter(ORNO, 2))
    result = scan(wire)

    assert result.search.doubled == [(ORNO.settings, 1)]
    assert result.words == ["meter1=orno-we515@2"]
    assert not result.search.noise


def test_two_meters_on_one_address_are_told_once_on_a_port_without_parity(scan):
    wire = Wire(Meter(ORNO, 1), Meter(ORNO, 1, turnaround_s=0.042), has_parity=False)

    assert len(scan(wire).search.doubled) == 1


def test_two_meters_of_two_kinds_on_one_address_are_told(scan):
    wire = Wire(Meter(LARGE, 4), Meter(SMALL, 4, PLAIN_LINE, turnaround_s=0.043))

    assert scan(wire).search.doubled == [(PLAIN_LINE, 4)]


def test_a_meter_whose_answers_are_often_garbled_is_remarked(scan):
    """Where the second meter keeps silent now and then, the first is found among the garbled bytes."""
    wire = Wire(Meter(ORNO, 1), Meter(ORNO, 1, turnaround_s=0.042, loses=by_chance(0.6, 1)))
    (found,) = scan(wire).search.found

    assert found.best.model is ORNO
    assert found.may_be_two


@pytest.mark.parametrize("later_s", [0.012, 0.016, 0.02, 0.022, 0.024, 0.026, 0.03])
def test_two_meters_that_answer_one_after_the_other_are_remarked(scan, later_s):
    """Their short answers do not touch, so that some are sound."""
    wire = Wire(Meter(ORNO, 1), Meter(ORNO, 1, turnaround_s=0.04 + later_s))
    (found,) = scan(wire).search.found

    assert found.may_be_two


def two_of(model: Model, address: int, settings: LineSettings, seed: int) -> list[Meter]:
    """Two meters of one make, each of which takes 20 to 50 ms, as it comes."""
    dice = [random.Random(2 * seed + n) for n in (0, 1)]
    return [Meter(model, address, settings, 0.02, late_s=lambda own=own: own.uniform(0, 0.03)) for own in dice]


@pytest.mark.parametrize("seed", range(8))
def test_two_meters_on_one_address_do_not_hold_up_the_search(scan, seed):
    """Though now and then one is heard alone. Who comes behind them is found soon, and there is a sign all the while."""
    models = list({model.name: model for model in [*load_models().values(), SMALL]}.values())
    doubles = [*two_of(ORNO, 5, PLAIN_LINE, seed), *two_of(SMALL, 7, PLAIN_LINE, seed)]
    wire = Wire(*doubles, Meter(ORNO, 8, PLAIN_LINE))
    result = scan(wire, models, range(1, 9), [PLAIN_LINE, SLOW_LINE])
    told = {found.address: found for found in result.search.found}

    assert told.pop(8).best.model is ORNO
    assert result.times.found_s["orno-we515", 8] < 50
    assert all(found.may_be_two and found.is_alone for found in told.values())
    assert {found.best.model for found in told.values() if found.best and found.is_given_up} <= {ORNO}
    assert {5, 7} == told.keys() | {address for _, address in result.search.doubled}
    assert max(later - earlier for earlier, later in pairwise(result.times.signs_s)) < 6


@pytest.mark.parametrize("seed", range(5))
def test_a_meter_on_a_noisy_line_is_not_taken_for_two(scan, seed):
    """What garbles its answers is heard where nobody answers too."""
    (found,) = scan(Wire(Meter(ORNO, 6), noise=some_noise(0.4, seed))).search.found

    assert found.best.model is ORNO
    assert not found.is_alone


@pytest.mark.parametrize("code", [4, 10, 11])
def test_a_gateway_that_answers_for_who_is_away_is_no_meter(scan, code):
    """It says for each address that nobody answers there."""
    nobody = floats("nobody", PLAIN_LINE, {})
    result = scan(Wire(*(Meter(nobody, address, code=code) for address in range(1, 17))))

    assert result.search.found == []


# Noise.


def some_noise(share: float, seed: int) -> Callable[[], bytes]:
    dice = random.Random(seed)
    return lambda: dice.randbytes(dice.randrange(1, 12)) if dice.random() < share else b""


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_noise_is_no_meter(scan, share, seed):
    result = scan(Wire(noise=some_noise(share, seed)))

    assert (result.search.found, result.search.doubled) == ([], [])
    assert bool(result.search.noise) or share < 0.5


@pytest.mark.parametrize("seed", range(5))
def test_a_meter_is_found_in_noise(scan, seed):
    """Noise after each fifth request, and it hits the replies too."""
    result = scan(Wire(Meter(ORNO, 6), noise=some_noise(0.2, seed)))

    assert result.words == ["meter1=orno-we515@6"]


# Devices that are none of the models.


def test_an_unknown_device_stays_unknown(scan):
    """Though it has a voltage and a frequency where a model has them: its power is no power."""
    wire = Wire(Meter(LARGE, 8))
    for address in (0x06, 0x08, 0x0A, 0x0C, 0x0E, 0x10, 0x34):
        wire.meters[0].image |= dict(enumerate(Encoding.F32.pack(address / 3), address))
    (found,) = scan(wire).search.found

    assert found.best is None
    assert found.is_examined


@pytest.mark.parametrize("missing", ["voltage_v", "frequency_hz", "current_a"])
def test_one_number_less_is_no_evidence(scan, missing):
    wire = Wire(Meter(SMALL, 8))
    address = next(address for address, name in ONE_PHASE.items() if name == missing)
    wire.meters[0].image |= {address: 0, address + 1: 0}
    (found,) = scan(wire).search.found

    assert found.best is None


@pytest.mark.parametrize("model", [SMALL, LARGE], ids=lambda model: model.name)
def test_the_larger_sibling_is_told_from_the_smaller(scan, model):
    """At the same settings, where the larger answers all that the smaller does."""
    wire = Wire(Meter(model, 8, PLAIN_LINE))
    # What the larger sibling has, and one_phase models call the whole.
    wire.meters[0].image |= {address: n for address, n in image_of(SMALL).items() if address >= 0x12}

    assert scan(wire).search.found[0].best.model is model


def test_a_model_that_tells_no_voltage_is_not_excluded(scan):
    (found,) = scan(Wire(Meter(BARE, 8))).search.found

    assert (found.best, found.not_excluded) == (None, [BARE])


def test_an_idle_meter_is_a_guess(scan):
    """A meter that was just screwed in measures nothing yet."""
    wire = Wire(Meter(SMALL, 8))
    for address in (0x06, 0x0C, 0x12):
        wire.meters[0].image |= {address: 0, address + 1: 0}
    (found,) = scan(wire).search.found

    assert found.best.model is SMALL
    assert "too little current" in found.best.doubt


@pytest.mark.parametrize("answers", range(1, 12))
def test_a_changing_load_hides_no_meter(scan, answers):
    """Somebody switches the kettle on after so many answers."""
    count = 0

    def change(image: dict[int, int]) -> None:
        nonlocal count
        count += 1
        if count == answers:
            power = 230.0 * 20
            kettle = {"current_a": 20.0, "power_w": power, "apparent_power_va": power, "power_factor": 1.0}
            image |= encode(SMALL.rows, kettle)

    (found,) = scan(Wire(Meter(SMALL, 1, changes=change))).search.found

    assert found.best.is_certain


# The search.


def test_settings_that_the_port_does_not_take_are_left_out(scan):
    wire = Wire(Meter(ORNO), Meter(SMALL), takes=lambda settings: settings.baud != 2400)
    result = scan(wire, settings=[ORNO.settings, SLOW_LINE, PLAIN_LINE])

    assert result.words == ["meter1=orno-we515@1"]


@pytest.mark.parametrize("seconds", [0.05, 0.3, 0.6, 3, 30])
def test_what_was_found_is_kept_when_the_search_is_cut_short(scan, seconds):
    wire = Wire(Meter(ORNO))
    wire.ends_s = wire.now + seconds
    result = scan(wire, settings=[ORNO.settings, PLAIN_LINE], addresses=range(1, 248), is_cut_short=True)

    assert wire.now == wire.ends_s
    assert [found.is_examined for found in result.search.found] == ([] if seconds < 0.1 else [seconds > 1])
    assert result.words == (["meter1=orno-we515@1"] if seconds > 1 else [])


def test_a_change_of_settings_is_followed_by_a_silence(scan):
    """Of 3.5 characters, so that a meter takes what follows for a beginning."""
    wire = Wire(Meter(ORNO), Meter(SMALL))
    scan(wire, addresses=[1])

    assert len(wire.silences_s) == 3
    assert all(silence_s >= settings.silence_s - 1e-9 for settings, silence_s in wire.silences_s)


def test_a_single_garbled_answer_costs_little(scan):
    bursts = iter([b"", b"\x55\x12"])
    quiet, wire = Wire(), Wire(noise=lambda: next(bursts, b""))
    scan(quiet)
    scan(wire)

    assert wire.now < quiet.now + 1


def test_the_time_left_comes_true(scan):
    """Within a tenth, where nobody answers."""
    wire = Wire()
    times = scan(wire).times

    assert times.done == sorted(times.done)
    assert wire.now - 100 == pytest.approx(times.total_s, rel=0.1)


def test_who_has_answered_is_not_asked_again(scan):
    wire = Wire(Meter(SMALL, 8))
    scan(wire, [SMALL], [8])

    assert len(wire.requests) <= 2 + len(SMALL.rows)


def test_the_models_stay_apart():
    """The tables of this test are no two of one kind."""
    assert len({replace(model, name="", title="", table_of="").rows for model in LIBRARY}) == 4
    assert all(row.field in ELECTRICITY_FIELDS for model in LIBRARY for row in model.rows)
