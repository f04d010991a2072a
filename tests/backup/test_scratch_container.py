"""The scratch InfluxDB as a container, with a real Docker: `wattline-backup verify` as the Pi runs it.

The image is made here, of this machine's shell and the influxd that the other tests run; nothing is downloaded. Where no Docker
answers these tests are skipped; what a container is asked for, test_scratch.py looks at all the same.

| fault | test |
|---|---|
| a container does not start, is not reached, or cannot write | test_a_set_is_proven_in_a_container |
| it sees more of this machine than its folder | test_it_sees_its_folder_alone |
| it runs on behind Ctrl-C or SIGTERM | test_it_is_gone_whatever_ends_the_proof |
| ... or behind SIGKILL, and is in the way of the next proof | the same |
| an image that is not there is a riddle | test_an_image_that_is_not_there_is_named |
"""

import io
import json
import signal
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backup.verify_rig import Backup, monday
from database import line, wait_until
from wattline_backup.proof.influxd import container_of

pytestmark = [pytest.mark.chain, pytest.mark.timeout(120)]
WEEKS = 60
IMAGE = "wattline-test-scratch:1"


def docker(*words: str) -> str:
    """What Docker says; empty where there is none, or where it refuses."""
    try:
        return subprocess.run(
            ["docker", *words], capture_output=True, text=True, check=False, timeout=60
        ).stdout.strip()
    except OSError:
        return ""


def minimal(influxd: Path) -> bytes:
    """A tar of all that a container needs: a shell, ``cat``, influxd, and the libraries of these."""
    places = {"/bin/sh": Path("/bin/sh"), "/bin/cat": Path("/bin/cat"), "/bin/influxd": influxd}
    for program in list(places.values()):
        told = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
        places |= {word: Path(word) for word in told.split() if word.startswith("/")}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, file in places.items():
            tar.add(file.resolve(), name)
    return packed.getvalue()


@pytest.fixture(scope="module")
def image(server: Callable[[str], str]) -> Iterator[str]:
    """An image with influxd in it, gone afterwards."""
    if not docker("info", "--format", "{{.ServerVersion}}"):
        pytest.skip("No Docker answers here, so no container is run; install and start it for these tests.")
    content = minimal(Path(server("influxd")))
    words = ["docker", "import", "--change", "ENV PATH=/bin", "-", IMAGE]
    subprocess.run(words, input=content, check=True, capture_output=True)
    yield IMAGE
    docker("rmi", IMAGE)


@pytest.fixture
def contained(image: str, backup: Backup, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backup]:
    """A set, and settings by which it is proven in a container."""
    named = {"WATTLINE_BACKUP_INFLUXD": "", "WATTLINE_BACKUP_IMAGE": image}
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    backup.environment = {**backup.environment, **named}
    yield backup
    docker("rm", "--force", container_of(backup.scratch))


def state_of(backup: Backup) -> str:
    """That of the container, such as ``running``; empty where there is none."""
    return docker("inspect", "--format", "{{.State.Status}}", container_of(backup.scratch))


def test_a_set_is_proven_in_a_container(contained: Backup):
    (told,) = contained.verify("--restore", "--all-shards")
    assert (told["restored"], told["remarks"]) == ({"the live server": 4}, [])
    assert state_of(contained) == ""


def test_it_sees_its_folder_alone(contained: Backup):
    proof = contained.start("verify", "--restore", "--all-shards")
    wait_until("the container runs", lambda: state_of(contained) == "running", 20)
    (known,) = json.loads(docker("inspect", container_of(contained.scratch)))
    assert [(each["Source"], each["Destination"]) for each in known["Mounts"]] == [(str(contained.scratch), "/scratch")]
    assert known["HostConfig"]["ReadonlyRootfs"]
    assert [each["HostIp"] for each in known["NetworkSettings"]["Ports"]["8086/tcp"]] == ["127.0.0.1"]
    assert proof.wait(60) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
@pytest.mark.parametrize("moment", ["running", "restoring"])
def test_it_is_gone_whatever_ends_the_proof(contained: Backup, number: signal.Signals, moment: str):
    # So many weeks that it does not come to its end meanwhile.
    contained.live.write(line(monday(weeks), {"power_w": 1.0}) for weeks in range(5, 5 + WEEKS))
    contained.run()
    proof = contained.start("verify", "--restore", "--all-shards")
    wait_until("the container runs", lambda: state_of(contained) == "running", 20)
    if moment == "restoring":
        wait_until("a shard has come", lambda: any(contained.scratch.glob("engine/data/*/autogen/*")), 20)
    proof.send_signal(number)
    assert proof.wait(20) == -number
    wait_until("the container is gone", lambda: not state_of(contained), 20)
    (told,) = contained.verify("--restore", "--all-shards")
    assert sum(told["restored"].values()) == 4 + WEEKS
    assert state_of(contained) == ""


def test_an_image_that_is_not_there_is_named(contained: Backup, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WATTLINE_BACKUP_IMAGE", "nobody/influxdb:1")
    said = contained.fault("--restore")
    assert "The scratch InfluxDB did not start" in said
    assert "nobody/influxdb:1" in said
