"""The scratch InfluxDB of a proof: alone in its folder, and gone afterwards, whatever happens.

| fault | test |
|---|---|
| it outlives a proof that was killed | test_nothing_runs_on_when_the_proof_is_killed |
| what a killed proof left is in the way of the next | the same |
| the number in its pid file is another program's by now | test_nobody_else_is_killed |
| two proofs share it | test_one_proof_at_a_time |
| it does not start, and nobody is told why | test_a_server_that_does_not_start |
| it compacts what was restored, forgets by retention, or runs tasks | test_it_does_nothing_of_its_own |
| the disk is too full for it, or read-only | test_no_room, test_a_folder_that_cannot_be_written |
| a container outlives its client, or an older one is in the way | test_a_container_ends_with_its_client |
| two proofs of other sets on one machine end each other's container | test_each_folder_has_a_container_of_its_own |
| its image is another than the stack's, or is downloaded | test_the_image_is_the_stacks |
| it is not kept from the live data, or takes the Pi's memory | test_a_container_has_its_folder_alone |
"""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from backup.verify_rig import Backup
from database import wait_until
from stack import composition
from wattline.influxdb.errors import ServerError
from wattline_backup.errors import FolderError
from wattline_backup.proof.influxd import OPTIONS, Container, Program, container_of
from wattline_backup.proof.scratch import FOLDER, PID_FILE, clear, scratch
from wattline_backup.settings import settings

DOCKER = """#!/bin/sh
# Does with the words what Docker does with them: a process that is no child of the client's and ends with its input.
echo "$*" >> {folder}/said
[ "$1" = run ] || {{ kill -9 -$(cat {folder}/container) 2>/dev/null; exit 0; }}
for word; do
  case $word in
    --publish=*) port=${{word#--publish=}}; port=${{port%:*}} ;;
    --volume=*) place=${{word#--volume=}}; place=${{place%:/scratch}} ;;
  esac
done
while [ "$1" != -c ]; do shift; done
script=$2; shift 3
for word; do
  shift
  word=$(echo "$word" | sed "s,/scratch/,$place/,; s,address=:8086,address=$port,")
  set -- "$@" "$word"
done
exec 3<&0
PATH={program}:$PATH setsid sh -c "$script" influxd "$@" <&3 &
echo $! > {folder}/container
wait $!
"""


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists() and "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def influxds(folder: Path) -> list[int]:
    """The numbers of the servers that keep their data there."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            words = (each / "cmdline").read_bytes()
        except OSError:
            continue
        if f"--bolt-path={folder}/bolt".encode() in words.split(b"\0"):
            found.append(int(each.name))
    return found


def written(backup: Backup) -> str:
    file = backup.scratch / PID_FILE
    return file.read_text() if file.exists() else ""


@pytest.mark.chain
@pytest.mark.timeout(60)
def test_nothing_runs_on_when_the_proof_is_killed(backup: Backup):
    for _ in range(3):
        proof = backup.start("verify", "--restore", "--all-shards")
        (pid,) = wait_until("the scratch server runs", lambda: influxds(backup.scratch), 20)
        wait_until("its number is written down", lambda pid=pid: str(pid) == written(backup), 5)
        proof.kill()
        proof.wait()
        wait_until("it has ended", lambda pid=pid: not is_alive(pid), 5)
        assert backup.scratch.exists()
    assert sum(backup.verify("--restore")[0]["restored"].values()) == 4
    assert not backup.scratch.exists()


@pytest.mark.chain
@pytest.mark.timeout(60)
def test_it_is_gone_after_ctrl_c(backup: Backup):
    proof = backup.start("verify", "--restore", "--all-shards")
    wait_until("the scratch server has begun", (backup.scratch / "engine").exists, 20)
    proof.send_signal(signal.SIGINT)
    proof.wait(20)
    assert not backup.scratch.exists()
    assert influxds(backup.scratch) == []


def test_nobody_else_is_killed(tmp_path: Path):
    folder = tmp_path / FOLDER
    folder.mkdir()
    with subprocess.Popen(["sleep", "60"]) as other:
        (folder / PID_FILE).write_text(str(other.pid))
        clear(folder, Program(Path("influxd")))
        assert other.poll() is None
        other.kill()
    assert not folder.exists()


def test_what_is_left_of_another_is_ended(tmp_path: Path):
    folder = tmp_path / FOLDER
    folder.mkdir()
    with subprocess.Popen(["sh", "-c", "read line", f"--bolt-path={folder}/bolt"], stdin=subprocess.PIPE) as left:
        words = Path(f"/proc/{left.pid}/cmdline")
        wait_until("it has its words", lambda: str(folder).encode() in words.read_bytes(), 5)
        (folder / PID_FILE).write_text(str(left.pid))
        clear(folder, Program(Path("influxd")))
        assert left.wait(5) == -signal.SIGKILL


@pytest.mark.chain
@pytest.mark.timeout(60)
def test_one_proof_at_a_time(backup: Backup):
    chosen = settings()
    with scratch(backup.folder, chosen.scratch):
        code, _, said = backup.call("verify", "--restore")
        assert code == 1
        assert f"Another proof is at work in {backup.folder}" in said
        assert backup.scratch.exists()
    assert not backup.scratch.exists()


@pytest.mark.chain
@pytest.mark.timeout(60)
def test_it_does_nothing_of_its_own(server, tmp_path: Path):
    printed = subprocess.run(
        [server("influxd"), "print-config", *OPTIONS], env={"HOME": "/"}, check=True, capture_output=True, text=True
    ).stdout
    for setting in (
        "no-tasks: true",
        "storage-retention-check-interval: 87600h0m0s",
        "storage-compact-full-write-cold-duration: 87600h0m0s",
        "query-max-memory-bytes: 67108864",
        "reporting-disabled: true",
    ):
        assert setting in printed


@pytest.mark.parametrize("program", ["/nowhere/influxd", "/bin/false"])
def test_a_server_that_does_not_start(tmp_path: Path, program: str):
    with pytest.raises(ServerError, match="The scratch InfluxDB"), scratch(tmp_path, Program(Path(program))):
        pass
    assert not (tmp_path / FOLDER).exists()


@pytest.mark.chain
@pytest.mark.timeout(60)
def test_no_room(backup: Backup, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("wattline_backup.proof.restored.SPARE_BYTES", 1 << 60)
    assert "make room" in backup.fault("--restore")


@pytest.mark.chain
@pytest.mark.timeout(60)
def test_a_container_ends_with_its_client(backup: Backup, server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(DOCKER.format(folder=tmp_path, program=Path(server("influxd")).parent))
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{docker.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("WATTLINE_BACKUP_INFLUXD", "")
    backup.environment = {**backup.environment, "WATTLINE_BACKUP_INFLUXD": "", "PATH": os.environ["PATH"]}
    assert sum(backup.verify("--restore")[0]["restored"].values()) == 4
    assert influxds(backup.scratch) == []
    proof = backup.start("verify", "--restore", "--all-shards")
    wait_until("the scratch server runs", lambda: influxds(backup.scratch), 20)
    proof.kill()
    proof.wait()
    wait_until("its container has ended", lambda: not influxds(backup.scratch), 10)
    assert backup.verify("--restore")[0]["restored"] == {}
    said = (tmp_path / "said").read_text().splitlines()
    assert [line.split()[0] for line in said] == ["rm", "run", "rm", "rm", "rm", "run", "rm", "run", "rm", "rm"]
    assert all(line.endswith(container_of(backup.scratch)) for line in said if line.startswith("rm"))


def test_each_folder_has_a_container_of_its_own():
    names = [
        next(word for word in Container("influxdb:2").words(Path(place), 1234) if word.startswith("--name="))
        for place in ("/sets/scratch", "/usb/scratch", "/sets/scratch")
    ]
    assert names[0] == names[2] != names[1]


def test_the_image_is_the_stacks():
    container = settings({}).scratch
    assert container == Container(composition.services()["influxdb"]["image"])
    assert "--pull=never" in container.words(Path("/sets/scratch"), 1234)


def test_a_container_has_its_folder_alone():
    words = Container("influxdb:2").words(Path("/sets/scratch"), 1234)
    assert [word for word in words if word.startswith(("--volume", "-v", "--mount"))] == [
        "--volume=/sets/scratch:/scratch"
    ]
    assert "--publish=127.0.0.1:1234:8086" in words
    assert "--memory=256m" in words


def test_a_folder_that_cannot_be_written(tmp_path: Path):
    with pytest.raises(FolderError), scratch(tmp_path / "none", Program(Path("influxd"))):
        pass
