"""Several meters on one port, as a process. What depends on milliseconds is held in ``test_many_meters.py``.

| fault | test |
|---|---|
| dead meters, asked first, keep a live one from being read | test_a_live_meter_between_two_dead_ones_is_read |
| the readings of one are given out under the name of another | test_each_meter_has_its_own_values |
| meters of different line settings cannot share the port | test_meters_of_different_speeds_share_the_port |
"""

NS = 1_000_000_000
HOUSE, ROOF = "house=orno-we515@1", "roof=orno-we514@2,role=solar"
FAST = {"voltage_v", "current_a", "power_w", "reactive_power_var", "apparent_power_va", "power_factor", "frequency_hz"}


def readings(run, parsed, name):
    """The points of one meter: second to fields."""
    points = [parsed(line) for line in run.stdout.to_the_end() if line.startswith("electricity,")]
    return {point["time"] // NS: point["fields"] for point in points if point["tags"]["meter"] == name}


def test_a_live_meter_between_two_dead_ones_is_read(program, simulator, parsed):
    meter = simulator(HOUSE)
    run = program("run", meter.port, "ghost=orno-we515@9", HOUSE, "phantom=orno-we514@10")
    run.stdout.wait_for("meter=house,role", times=6, within_s=18)
    run.end_stdin()
    assert run.wait(5) == 0
    house = readings(run, parsed, "house")
    assert any(set(fields) >= FAST for fields in house.values())
    assert readings(run, parsed, "ghost") == readings(run, parsed, "phantom") == {}


def test_each_meter_has_its_own_values(program, simulator, parsed):
    meter = simulator(HOUSE, ROOF)
    meter.set_values("house", power_w=1111, voltage_v=231)
    meter.set_values("roof", power_w=-2222, voltage_v=232)
    run = program("run", meter.port, HOUSE, ROOF)
    run.stdout.wait_for("meter=roof,role", times=4, within_s=10)
    run.end_stdin()
    assert run.wait(5) == 0
    for name, power_w, voltage_v in (("house", 1111, 231), ("roof", -2222, 232)):
        points = readings(run, parsed, name)
        assert len(points) >= 3
        # On a busy machine a reply may be late, and its fields are lacking in that second.
        assert {fields["power_w"] for fields in points.values() if "power_w" in fields} == {power_w}
        assert {fields["voltage_v"] for fields in points.values() if "voltage_v" in fields} == {voltage_v}


def test_meters_of_different_speeds_share_the_port(program, simulator, parsed):
    slow = "cellar=orno-we515@1,baud=4800,parity=N"
    # What is tried at the start may take a second of one of them.
    run = program("run", "--proven", simulator(HOUSE, slow).port, HOUSE, slow)
    run.stdout.wait_for("meter=cellar,role", times=4, within_s=12)
    run.end_stdin()
    assert run.wait(5) == 0
    for name in ("house", "cellar"):
        seconds = sorted(readings(run, parsed, name))
        assert len(seconds) >= 3
        assert seconds == list(range(seconds[0], seconds[0] + len(seconds)))
