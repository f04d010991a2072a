"""A terminal whose user is the test."""

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Iterator

import pytest


class Terminal:
    """A terminal of 80 x 24 whose user is the test."""

    def __init__(self) -> None:
        self.shown = ""
        self.master, self.slave = pty.openpty()
        subprocess.run(["stty", "rows", "24", "cols", "80"], stdin=self.slave, check=True)

    def options(self) -> dict[str, object]:
        """How a process gets it as its controlling terminal."""
        environment = {**os.environ, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"}
        ends = dict.fromkeys(("stdin", "stdout", "stderr"), self.slave)
        return {**ends, "env": environment, "start_new_session": True}

    def wait_for(self, pattern: str, timeout_s: float = 10) -> None:
        """Read until ``pattern`` is shown."""
        deadline_s = time.monotonic() + timeout_s
        while not re.search(pattern, self.shown):
            ready, _, _ = select.select([self.master], [], [], max(0.0, deadline_s - time.monotonic()))
            assert ready, f"{pattern} did not come, but: {self.shown[-2000:]}"
            self.shown += os.read(self.master, 65536).decode(errors="replace")


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal()
    yield terminal
    os.close(terminal.master)
    os.close(terminal.slave)
