"""restic as a child process: its words, its environment, its JSON, its end."""

import json
import os
import re
import shutil
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from wattline_backup.errors import OffsiteError
from wattline_backup.offsite.complaints import LockedError, explain
from wattline_backup.offsite.place import Place
from wattline_backup.progress import Watcher

# The first question to a store: restic itself would try for a quarter of an hour, and who sits before it wants to know.
PATIENCE_S = 60.0
LINES_KEPT = 40
RETRYING = re.compile(r"retrying after")
# Without the key of the whole account. Older ones know that key and a signature of its making.
AZURE_IDENTITY = (0, 16)


@dataclass(frozen=True, slots=True)
class Said:
    """What restic said.

    Attributes:
        code: its exit code.
        documents: each line of its standard output that is JSON, but for the progress.
        complaints: the end of its standard error.
    """

    code: int
    documents: Sequence[Any]
    complaints: str

    def summary(self) -> dict[str, Any]:
        """The document that closes a backup or a restore; empty where this version gives none."""
        found = [each for each in self.documents if isinstance(each, dict) and each.get("message_type") == "summary"]
        return found[-1] if found else {}


class Restic:
    """Runs restic on one repository.

    Args:
        place: of the repository.
        watcher: is told how far it is.
        outer: the environment of this process.

    Raises:
        OffsiteError: restic is not installed.
    """

    def __init__(self, place: Place, watcher: Watcher, outer: Mapping[str, str] = os.environ) -> None:
        self.place, self._watcher = place, watcher
        self._environment = place.environment(outer)
        program = shutil.which("restic", path=self._environment.get("PATH"))
        if program is None:
            raise OffsiteError(
                "restic is not installed, which encrypts and carries the off-site copy: `sudo apt-get install restic`."
            )
        self._program = program

    def version(self) -> tuple[int, ...]:
        """For example ``(0, 18, 1)``."""
        said = subprocess.run([self._program, "version"], capture_output=True, text=True, check=False).stdout
        numbers = re.search(r"restic (\d+)\.(\d+)\.(\d+)", said)
        return tuple(int(each) for each in numbers.groups()) if numbers else ()

    def ask(self, *words: str) -> Said:
        """The first question of a command: whether the repository is there, answers, and opens. It changes nothing.

        Raises:
            MissingError: there is none.
            OffsiteError: anything else stands in the way.
        """
        keys = {"AZURE_ACCOUNT_KEY", "AZURE_ACCOUNT_SAS"}
        by_identity = self.place.repository.startswith("azure:") and not keys & self.place.credentials.keys()
        if by_identity and self.version() < AZURE_IDENTITY:
            raise OffsiteError(
                "This restic is too old for Azure without a key of the account or a signature of its making: it takes 0.16 or newer, "
                "as Debian 13 (trixie) has it."
            )
        return self.run(*words, "--no-lock", patience_s=PATIENCE_S)

    def change(
        self,
        *words: str,
        folder: Path | None = None,
        hear: Callable[[dict[str, Any]], None] | None = None,
        fine: Sequence[int] = (0,),
    ) -> Said:
        """The same as ``run``, for what restic locks the repository for. A lock that somebody left who died is taken away.

        Raises:
            LockedError: somebody who lives has it.
            OffsiteError: it failed.
        """
        try:
            return self.run(*words, folder=folder, hear=hear, fine=fine)
        except LockedError:
            # It takes away those alone whose process is gone, or which nobody has renewed for half an hour.
            self.run("unlock")
            return self.run(*words, folder=folder, hear=hear, fine=fine)

    def run(
        self,
        *words: str,
        folder: Path | None = None,
        hear: Callable[[dict[str, Any]], None] | None = None,
        patience_s: float | None = None,
        fine: Sequence[int] = (0,),
    ) -> Said:
        """Run it to its end.

        Args:
            words: command and options; nothing secret.
            folder: to run it in.
            hear: is given each document of its progress.
            patience_s: when it is ended, in seconds; never unless given.
            fine: the exit codes that are no failure.

        Raises:
            OffsiteError: it failed.
        """
        with subprocess.Popen(
            [self._program, "--json", *words],
            cwd=folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        ) as child:
            said = self._listen(child, hear, patience_s)
        if said.code not in fine:
            raise explain(self.place, said.code, said.complaints)
        return said

    def _listen(
        self, child: "subprocess.Popen[str]", hear: Callable[[dict[str, Any]], None] | None, patience_s: float | None
    ) -> Said:
        assert child.stdout  # noqa: S101 - both are pipes
        assert child.stderr  # noqa: S101 - likewise
        complaints: deque[str] = deque(maxlen=LINES_KEPT)
        reader = threading.Thread(target=self._read_complaints, args=(child.stderr, complaints))
        reader.start()
        timer = threading.Timer(patience_s or threading.TIMEOUT_MAX, _end, (child, complaints, patience_s))
        if patience_s:
            timer.start()
        documents, others = [], []
        try:
            for line in child.stdout:
                document = _document(line)
                if document is None:
                    others.append(line)
                elif hear and isinstance(document, dict) and document.get("message_type") == "status":
                    hear(document)
                elif not isinstance(document, dict) or document.get("message_type") != "status":
                    documents.append(document)
            code = child.wait()
        finally:
            timer.cancel()
            if child.poll() is None:
                # Whatever ends us ends it, and lets it take its lock away.
                child.terminate()
            reader.join()
        return Said(code, documents, "".join([*complaints, *others[-LINES_KEPT:]]))

    def _read_complaints(self, stream: IO[str], complaints: "deque[str]") -> None:
        is_told = False
        for line in stream:
            complaints.append(_plain(line))
            if RETRYING.search(line) and not is_told:
                is_told = True
                self._watcher.say(f"The off-site copy {self.place.repository} does not answer; restic keeps trying.")


def _end(child: "subprocess.Popen[str]", complaints: "deque[str]", patience_s: float) -> None:
    complaints.append(f"i/o timeout: no answer in {patience_s:g} s\n")
    child.kill()


def _document(line: str) -> Any:
    """A dictionary or a list; None for any other line."""
    try:
        found = json.loads(line) if line[:1] in "{[" else None
    except ValueError:
        return None
    return found


def _plain(line: str) -> str:
    """What a line of standard error says. Since 0.17 it is JSON at the end: ``{"message_type":"exit_error","message":"Fatal: ..."}``."""
    document = _document(line)
    return f"{document['message']}\n" if isinstance(document, dict) and "message" in document else line
