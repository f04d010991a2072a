"""How influxd is run as a scratch server: as a program of this machine, or in a container of the stack's image."""

import hashlib
import os
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

CONTAINER = "wattline-backup-scratch"
# Beside the live server there is not much left on a Raspberry Pi with 1 GB.
MEMORY_MIB, GO_MEMORY_MIB = 256, 160
OPTIONS = (
    # Restored tasks would write, restored retention would delete, and compaction would make other files of those restored.
    "--no-tasks",
    "--storage-retention-check-interval=87600h",
    "--storage-shard-precreator-check-interval=87600h",
    "--storage-compact-full-write-cold-duration=87600h",
    "--storage-max-concurrent-compactions=1",
    "--query-concurrency=1",
    "--query-queue-size=8",
    "--query-initial-memory-bytes=8388608",
    "--query-memory-bytes=67108864",
    "--query-max-memory-bytes=67108864",
    "--hardening-enabled",
    "--reporting-disabled",
    "--ui-disabled",
    "--pprof-disabled",
    "--log-level=warn",
)


class Way(Protocol):
    """A way to run influxd."""

    def words(self, folder: Path, port: int) -> Sequence[str]:
        """The command line of a server that keeps all in ``folder`` and listens on 127.0.0.1 at ``port``."""

    def clear(self, folder: Path) -> None:
        """End what an earlier one left that kept all in ``folder``."""


@dataclass(frozen=True)
class Program:
    """An influxd of this machine."""

    influxd: Path

    def words(self, folder: Path, port: int) -> Sequence[str]:
        """The program itself."""
        return [str(self.influxd), *_options(str(folder), f"127.0.0.1:{port}")]

    def clear(self, folder: Path) -> None:
        """Nothing besides the process."""


@dataclass(frozen=True)
class Container:
    """A container of the image that the stack runs."""

    image: str

    def words(self, folder: Path, port: int) -> Sequence[str]:
        """Docker's client. Killing it does not end the container, but closes its standard input, and that does."""
        script = 'influxd "$@" </dev/null & server=$!; cat >/dev/null; kill -9 $server'
        restraint = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--pull=never"]
        limits = [f"--memory={MEMORY_MIB}m", *(f"--env={each}" for each in go_limits("/scratch"))]
        place = [
            f"--volume={folder}:/scratch",
            f"--user={os.getuid()}:{os.getgid()}",
            f"--publish=127.0.0.1:{port}:8086",
        ]
        run = ["docker", "run", "--rm", "--interactive", f"--name={container_of(folder)}", *restraint, *limits, *place]
        options = _options("/scratch", ":8086")
        return [*run, "--entrypoint=sh", self.image, "-c", script, "influxd", *options]

    def clear(self, folder: Path) -> None:
        """Remove the container of that folder."""
        with suppress(OSError):
            words = ["docker", "rm", "--force", "--volumes", container_of(folder)]
            subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def container_of(folder: Path) -> str:
    """The name of the container that keeps all in ``folder``; a proof of other sets on this machine has another."""
    return f"{CONTAINER}-{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}"


def go_limits(folder: str) -> list[str]:
    """What the runtime of influxd finds in its environment: how much memory, and where files go that live for a moment."""
    return [f"GOMEMLIMIT={GO_MEMORY_MIB}MiB", "GOGC=50", f"TMPDIR={folder}"]


def _options(folder: str, address: str) -> list[str]:
    paths = [f"--bolt-path={folder}/bolt", f"--sqlite-path={folder}/sqlite", f"--engine-path={folder}/engine"]
    return [*paths, f"--http-bind-address={address}", *OPTIONS]
