"""A blank "Pi": a container that boots Debian's systemd, with a simulated meter where its USB adapter would be.

    PYTHONPATH=tests python -m pi.machine up NAME [FOLDER]       prints its inventory
    PYTHONPATH=tests python -m pi.machine down NAME [FOLDER]     takes away all of it

FOLDER holds the machine's files, /var/tmp/wattline-pi otherwise. Any number of machines may be up at a time.
"""

import importlib.util
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
UNITS = ["rig-kernel", "rig-mirror", "rig-meter"]
OPEN_FILES_OF_INFLUXDB = 65_536  # in compose/compose.yaml
PLACE = Path("/var/tmp/wattline-pi")  # noqa: S108 - only root runs this, and it has to be on a disk

# What is looked at before and after, a program for each kind of trace. Debian itself writes and forgets in the folders that
# are left out.
FORGOTTEN = ["/proc", "/sys", "/dev", "/run", "/tmp", "/rig", "/root/.ansible", "/var/cache", "/var/log", "/var/tmp"]  # noqa: S108
FORGOTTEN += ["/var/lib/apt", "/var/lib/dpkg", "/var/lib/systemd", "/var/lib/docker/*", "/var/lib/containerd/*"]
TRACES = {
    "package": "dpkg-query --show --showformat='${db:Status-Abbrev} ${Package}\\n'",
    "user": "getent passwd; getent group",
    "unit": "systemctl list-unit-files --no-pager --no-legend | awk '{ print $1, $2 }'",
    "file": "find / \\( -name __pycache__ "
    + "".join(f"-o -path '{folder}' " for folder in FORGOTTEN)
    + "\\) -prune -o -print",
}

# `--privileged` is refused where the machine that the tests run on is a container or lacks a capability itself.
CAPABILITIES = ["SYS_ADMIN", "NET_ADMIN", "NET_RAW", "SYS_PTRACE", "MKNOD", "AUDIT_WRITE", "SYS_CHROOT", "SYS_NICE"]
CAPABILITIES += ["IPC_LOCK", "DAC_READ_SEARCH", "LINUX_IMMUTABLE", "SYS_TIME"]


class Built:
    """What `tests/pi/build` has made.

    Attributes:
        system: the root file system of a Pi.
        mirror: the folder of packages and images.
        ansible: the virtual environment with Ansible.
    """

    def __init__(self) -> None:
        said = subprocess.run([HERE / "build", "--path"], check=True, capture_output=True, text=True).stdout
        self.system, self.mirror, self.ansible = (Path(line) for line in said.splitlines())

    def image(self) -> str:
        """The name of Docker's image of the root file system, imported if it is not there yet."""
        name = f"wattline-pi:{self.system.stem.removeprefix('machine-')}"
        if subprocess.run(["docker", "image", "inspect", name], capture_output=True, check=False).returncode:
            docker("import", str(self.system), name)
        docker("tag", name, "wattline-pi:trixie")
        return name

    def variables(self) -> dict[str, Any]:
        """What a person says in the inventory whose Pi gets everything from a mirror and has no internet clock."""
        registry, fingerprint = "127.0.0.1:5000", (self.mirror / "telegraf.fingerprint").read_text().strip()
        return {
            "docker_provider": "debian",
            "preflight_clock": False,
            "stack_influxdb_image": f"{registry}/influxdb:2.9.1-alpine",
            "stack_grafana_image": f"{registry}/grafana/grafana:12.4.3",
            "telegraf_repository": f"http://{registry}/telegraf",
            "telegraf_key": f"http://{registry}/telegraf.key",
            "telegraf_key_fingerprint": fingerprint,
        }


def docker(*words: str, text: str | None = None, within_s: float = 120) -> str:
    """Run docker on this machine, and return what it says.

    Raises:
        AssertionError: it failed; with what it said.
    """
    done = subprocess.run(["docker", *words], input=text, capture_output=True, text=True, check=False, timeout=within_s)
    assert done.returncode == 0, f"docker {' '.join(words)}: {done.stdout}{done.stderr}"
    return done.stdout


def unified_cgroup() -> str:
    """Where this machine has its cgroup 2, the only one that systemd of today starts with."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    return next(words[1] for words in mounts if words[2] == "cgroup2")


class Machine:
    """One Pi, from its first start to its end.

    Args:
        name: that of the container, and of the host in the inventory.
        folder: everything of its own that has to be on a disk, inner Docker's data among it.
    """

    def __init__(self, name: str, folder: Path = PLACE) -> None:
        self.name, self.folder = name, folder / name

    def up(self, built: Built, **variables: Any) -> None:
        """Start it, blank; ``variables`` go into its inventory beside those of the mirror."""
        self.down()
        self._lay_out()
        words = ["create", "--name", self.name, "--hostname", self.name, "--label", "wattline.pi", "--cgroupns", "host"]
        words += [word for capability in CAPABILITIES for word in ("--cap-add", capability)]
        words += ["--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"]
        words += ["--tmpfs", "/run:exec", "--tmpfs", "/run/lock", "--tmpfs", "/tmp:exec", "--stop-signal", "SIGRTMIN+3"]  # noqa: S108
        words += ["--env", "container=docker", "--volume", f"{unified_cgroup()}:/sys/fs/cgroup:rw"]
        words += ["--volume", f"{self.folder}/rig:/rig:ro", "--volume", f"{built.mirror}:/rig/mirror:ro"]
        for inner in ("docker", "containerd"):
            words += ["--volume", f"{self.folder}/{inner}:/var/lib/{inner}"]
        docker(*words, built.image(), "/sbin/init")
        for unit in UNITS:
            docker("cp", str(HERE / "machine" / f"{unit}.service"), f"{self.name}:/etc/systemd/system/{unit}.service")
        if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < OPEN_FILES_OF_INFLUXDB:
            docker("cp", str(HERE / "machine" / "runc"), f"{self.name}:/usr/local/sbin/runc")
        docker("start", self.name)
        self.wait_for_start()
        self.run("systemctl", "enable", "--now", *UNITS)
        self.write_inventory(built.variables() | variables)

    def _lay_out(self) -> None:
        """The folders that the container gets, copied so that a change of the checkout leaves it alone."""
        rig = self.folder / "rig"
        for inner in ("docker", "containerd", "rig/mirror"):
            (self.folder / inner).mkdir(parents=True)
        shutil.copytree(CHECKOUT / "plugin", rig / "plugin", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(HERE / "machine", rig / "machine")
        for name in ("serial", "minimalmodbus"):
            spec = importlib.util.find_spec(name)
            assert spec is not None, f"{name} is not installed for {sys.executable}"
            assert spec.origin is not None
            origin = Path(spec.origin)
            if spec.submodule_search_locations:
                shutil.copytree(origin.parent, rig / "site" / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                (rig / "site").mkdir(exist_ok=True)
                shutil.copy(origin, rig / "site")

    def write_inventory(self, variables: Mapping[str, Any]) -> None:
        """What `ansible-playbook -i` takes."""
        connection = {
            "ansible_connection": "community.docker.docker",
            "ansible_user": "root",
            "ansible_pipelining": True,
        }
        hosts = {self.name: connection | {"wattline_meters": ["house=orno-we515@1"]} | dict(variables)}
        self.inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}, sort_keys=False))

    def open_for_ssh(self, folder: Path, built: Built) -> Path:
        """Let the user pi in as Raspberry Pi Imager does: with a key, and a password for sudo. Returns an inventory of that way.

        ``folder`` gets the key. What it leaves in the machine is below /home/pi.
        """
        key, password = folder / "key", "raspberry"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        self.run("chpasswd", text=f"pi:{password}\n")
        public = key.with_suffix(".pub").read_text()
        self.run("install", "-d", "-o", "pi", "-m", "0700", "/home/pi/.ssh")
        self.run("install", "-o", "pi", "-m", "0600", "/dev/stdin", "/home/pi/.ssh/authorized_keys", text=public)
        address = docker("inspect", "--format", "{{.NetworkSettings.IPAddress}}", self.name).strip()
        connection = {
            "ansible_host": address,
            "ansible_user": "pi",
            "ansible_ssh_private_key_file": str(key),
            "ansible_ssh_common_args": "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null",
            "ansible_become_password": password,
            "wattline_meters": ["house=orno-we515@1"],
        }
        inventory = folder / "ssh.yml"
        inventory.write_text(yaml.safe_dump({"all": {"hosts": {self.name: connection | built.variables()}}}))
        return inventory

    @property
    def inventory(self) -> Path:
        """The file."""
        return self.folder / "inventory.yml"

    def wait_for_start(self, within_s: float = 60) -> None:
        """Until systemd has started all that it starts at boot, whether all of it went well or not."""
        words = ["docker", "exec", self.name, "timeout", str(within_s), "sh", "-c"]
        # systemd has to be there before it can be asked.
        patience = (
            "until systemctl is-system-running --wait 2>/dev/null | grep -E 'running|degraded'; do sleep 0.2; done"
        )
        done = subprocess.run([*words, patience], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{self.name} did not start: {docker('logs', '--tail', '20', self.name)}"

    def run(self, *words: str, text: str | None = None, within_s: float = 120) -> str:
        """Run a program in it as root, and return what it says on stdout.

        Raises:
            AssertionError: it failed; with what it said.
        """
        flags = ["--interactive"] if text is not None else []
        return docker("exec", *flags, self.name, *words, text=text, within_s=within_s)

    def try_to_run(self, *words: str, within_s: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a program that may fail."""
        command = ["docker", "exec", self.name, *words]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=within_s)

    def traces(self) -> set[str]:
        """What is installed: packages, users, units and files, each with its kind in front."""
        return {
            f"{kind} {line}" for kind, program in TRACES.items() for line in self.run("sh", "-c", program).splitlines()
        }

    def restart(self) -> None:
        """Start the machine anew, as after a loss of power that systemd hears of."""
        docker("restart", "--time", "60", self.name)
        self.wait_for_start()

    def down(self) -> None:
        """Take away the container and the folder, whatever of them is there."""
        subprocess.run(["docker", "rm", "--force", "--volumes", self.name], capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def main() -> None:
    """Do what the words say."""
    what, name, *rest = sys.argv[1:]
    machine = Machine(name, Path(rest[0]) if rest else PLACE)
    if what == "down":
        machine.down()
        return
    built = Built()
    subprocess.run([HERE / "build"], check=True, stdout=subprocess.DEVNULL, env=os.environ)
    machine.up(built)
    sys.stdout.write(f"{machine.inventory}\n")


if __name__ == "__main__":
    main()
