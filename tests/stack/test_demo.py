"""The simulated house of `make stack`: its own files, under the real Telegraf, into an InfluxDB that the set-up made.

| fault | test |
|---|---|
| a meter of the demo does not fit its simulator, or its port | test_every_meter_of_the_demo_arrives |
| the files of telegraf/ want what the container does not have | the same |
| the token that the set-up made is not enough for Telegraf | the same |
| the image lacks a file that the start needs | test_the_image_has_all_that_it_starts |
"""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stack import composition
from stack.setup_rig import House

DEMO = composition.FOLDER / "demo"
CHECKOUT = composition.FOLDER.parent
WATTLINE = str(Path(sys.executable).with_name("wattline"))
# In the grid's meter, the heat pump's and the roof's.
METERS = {("heatpump", "load"), ("house", "grid"), ("roof", "solar")}
NEWEST = """from(bucket: "energy") |> range(start: -1m) |> filter(fn: (r) => r._field == "power_w")
    |> last() |> keep(columns: ["meter", "role"]) |> group()"""


def put_in_place(folder: Path, house: House, telegraf: str) -> Path:
    """The files as the image has them, below ``folder`` in place of /; returns the script that starts all."""
    shutil.copytree(CHECKOUT / "telegraf", folder / "telegraf")
    shutil.copy(DEMO / "10-meters.conf", folder / "telegraf" / "telegraf.d")
    shutil.copy(DEMO / "house", folder)
    places = {"/opt/wattline/bin/wattline": WATTLINE, "/tmp/tty": f"{folder}/tty", "/run/secrets": str(house.secrets)}  # noqa: S108 - in the container
    places |= {"/etc/telegraf": f"{folder}/telegraf", "exec telegraf": f"exec {telegraf}"}
    for path in (folder / "house", *(folder / "telegraf" / "telegraf.d").iterdir()):
        text = path.read_text()
        for there, here in places.items():
            text = text.replace(there, here)
        path.write_text(text)
    return folder / "house"


@pytest.mark.chain
@pytest.mark.timeout(120)
def test_every_meter_of_the_demo_arrives(server, tmp_path):
    house = House(server, tmp_path)
    house.influxdb.start()
    try:
        assert house.set_up().returncode == 0
        start = put_in_place(tmp_path, house, server("telegraf"))
        own = composition.services()["demo"]["environment"] | {"INFLUX_URL": house.influxdb.url}
        with (tmp_path / "log").open("w") as log:
            # A session of its own, so that the simulators end with it, as they do with a container.
            demo = subprocess.Popen(
                ["/bin/sh", start], env=house.environment | own, stdout=log, stderr=log, start_new_session=True
            )
        try:
            await_meters(house, demo)
            complaints = re.findall("^.* E! .*$", (tmp_path / "log").read_text(), re.MULTILINE)
        finally:
            house.end_session(demo)
        assert complaints == []
    finally:
        house.influxdb.stop()


def await_meters(house: House, demo: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    found = set()
    while found != METERS:
        assert demo.poll() is None
        assert time.monotonic() < deadline, found
        time.sleep(0.5)  # between two looks: Telegraf writes every ten seconds
        _, rows = house.influxdb.query(NEWEST, house.operator)
        found = {(row["meter"], row["role"]) for row in rows}


def test_the_image_has_all_that_it_starts():
    dockerfile = (DEMO / "Dockerfile").read_text()
    copied = [words.split()[:-1] for words in re.findall(r"^COPY (?!--)(.*)$", dockerfile, re.MULTILINE)]
    ignored, *kept = (DEMO / "Dockerfile.dockerignore").read_text().splitlines()
    for source in (path for paths in copied for path in paths):
        assert (CHECKOUT / source).exists(), source
        assert any(source.rstrip("/").startswith(line.removeprefix("!")) for line in kept if line[0] == "!"), source
    assert ignored == "*"
    assert "compose/demo/house" in dockerfile
    assert "compose/demo/10-meters.conf /etc/telegraf/telegraf.d/" in dockerfile
