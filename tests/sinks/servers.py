"""The servers of the sinks as children of a test: MariaDB and PostgreSQL of Debian's packages, on 127.0.0.1 and free ports."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import pytest

from database import Program, wait_until

DATABASE = "energychannel"
# With all that means something to a URL, a name of a data source, TOML and Telegraf's variables.
PASSWORD = 'pa$word#x"q /@:%20é'  # noqa: S105 - of a server that lives as long as the tests


def free_port() -> int:
    """A port that nobody has."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def program(name: str, *folders: str) -> str:
    """The path of a program of a package; without it the test is skipped, in CI it fails."""
    path = shutil.which(name, path=os.pathsep.join([*folders, os.environ["PATH"], "/usr/sbin"]))
    if path is None:
        sentence = f"{name} is not installed; .ci/run installs it."
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(sentence)
    return path


class SqlServer(Program):
    """A database server on data that outlive it.

    Args:
        folder: where it keeps all that it has; a folder of its own.

    Attributes:
        user: makes the user of the sink.
        rights: lets it do what README.md says, and no more.
        drop: takes the database away.
    """

    name = ""
    user = rights = ""
    drop = f"DROP DATABASE IF EXISTS {DATABASE}"

    def __init__(self, folder: Path, config: pytest.Config) -> None:
        super().__init__(self.name, folder, config)
        self.folder, self.port = folder, free_port()

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.launch()
        wait_until(f"{self.name} answers", self._answers, 60)

    def set_up(self) -> None:
        """Start it for the first time, and make the user of the sink."""
        self.start()
        self.query(self.user, database="")

    def launch(self) -> None:
        """Start it."""
        self.run(self.command())

    def command(self) -> Sequence[str]:
        """What starts it."""
        raise NotImplementedError

    def client(self, sql: str, *, database: str = DATABASE) -> "subprocess.CompletedProcess[str]":
        """What the server's own client says to ``sql``."""
        raise NotImplementedError

    def query(self, sql: str, *, database: str = DATABASE) -> list[list[str]]:
        """The rows, as texts."""
        result = self.client(sql, database=database)
        assert result.returncode == 0, result.stderr
        return [line.split("\t") for line in result.stdout.splitlines()]

    def number(self, sql: str) -> int:
        """The one number that ``sql`` gives."""
        return int(self.query(sql)[0][0])

    def kill(self) -> None:
        """As a power cut ends it."""
        assert self.process
        self.process.kill()
        self.process.wait()

    def hang(self) -> None:
        """It keeps its connections and answers nothing; of PostgreSQL each connection is a process of its own."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """The end of that."""
        self._signal(signal.SIGCONT)

    def empty(self, schema: str) -> None:
        """The tables of the sink with nothing in them, whatever a test before has left."""
        if self.is_alive:
            self.go_on()
        else:
            self.start()
        self.query(self.drop, database="")
        self.query(f"CREATE DATABASE {DATABASE}", database="")
        self.query(schema)
        self.query(self.rights)

    def _signal(self, number: signal.Signals) -> None:
        assert self.process
        # The first one makes no more of them once it is stopped.
        self.process.send_signal(number)
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for child in children:
            os.kill(int(child), number)

    def _answers(self) -> bool:
        # Behind a kill, PostgreSQL ends once more while children of the one before are still there.
        if not self.is_alive:
            self.launch()
        return self.client("SELECT 1", database="").returncode == 0


class MariaDB(SqlServer):
    """MariaDB, with the user that the sink has."""

    name = "mariadb"
    user = f"CREATE USER telegraf@'%' IDENTIFIED BY '{PASSWORD}'"
    rights = (
        "GRANT SELECT, INSERT ON electricity_in TO telegraf@'%'; GRANT SELECT, INSERT ON run_info_in TO telegraf@'%'"
    )

    def __init__(self, folder: Path, config: pytest.Config) -> None:
        super().__init__(folder, config)
        self._data = folder / "data"
        # One of its own: a server that starts clears what others have in theirs.
        self._temporary = folder / "temporary"
        self._temporary.mkdir()
        program("mariadbd")
        words = [
            program("mariadb-install-db"),
            "--no-defaults",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ]
        result = subprocess.run(
            [*words, f"--datadir={self._data}", f"--tmpdir={self._temporary}", *self._user()],
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr

    @staticmethod
    def _user() -> list[str]:
        return [f"--user={pwd.getpwuid(os.getuid()).pw_name}"]

    def command(self) -> Sequence[str]:
        paths = [
            f"--datadir={self._data}",
            f"--socket={self.folder}/s",
            f"--pid-file={self.folder}/pid",
            f"--tmpdir={self._temporary}",
        ]
        own = ["--bind-address=127.0.0.1", f"--port={self.port}", "--default-time-zone=+05:30"]
        return [program("mariadbd"), "--no-defaults", *paths, *own, *self._user()]

    def client(self, sql: str, *, database: str = DATABASE) -> "subprocess.CompletedProcess[str]":
        words = [program("mariadb"), "--no-defaults", f"--socket={self.folder}/s", "--user=root", "-N", "-B"]
        return subprocess.run(
            [*words, database][: None if database else -1], input=sql, capture_output=True, text=True, check=False
        )

    @property
    def environment(self) -> dict[str, str]:
        """What /etc/default/wattline-sink says."""
        return {"WATTLINE_MARIADB": f"telegraf:{PASSWORD}@tcp(127.0.0.1:{self.port})/{DATABASE}"}


class PostgreSQL(SqlServer):
    """PostgreSQL, with the user that the sink has. It refuses to run as root, so root starts it as nobody."""

    name = "postgresql"
    user = f"CREATE USER telegraf PASSWORD '{PASSWORD}'"
    # The sink of a test before may still be connected.
    drop = f"{SqlServer.drop} WITH (FORCE)"
    rights = "GRANT SELECT, INSERT ON electricity_in, run_info_in TO telegraf"

    def __init__(self, folder: Path, config: pytest.Config) -> None:
        super().__init__(folder, config)
        folders = sorted(str(path) for path in Path("/usr/lib/postgresql").glob("*/bin"))
        self._programs = {name: program(name, *folders[::-1]) for name in ("initdb", "postgres", "psql")}
        # Not below pytest's folder, which each session closes anew to all other users.
        self._own = Path(tempfile.mkdtemp(prefix="wattline-postgresql-"))
        self._data = self._own / "data"
        if os.getuid() == 0:
            shutil.chown(self._own, "nobody")
        words = [self._programs["initdb"], "-D", str(self._data), "-A", "trust", "-U", "postgres", "--no-sync"]
        result = subprocess.run([*self._as(), *words], cwd="/", capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        # Its children end a moment later, and may still be writing.
        shutil.rmtree(self._own, ignore_errors=True)

    @staticmethod
    def _as() -> list[str]:
        return [program("setpriv"), "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.getuid() == 0 else []

    def command(self) -> Sequence[str]:
        own = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self._own}"]
        # Processes are killed here, and not machines, whose caches outlive them.
        own += ["-c", "timezone=Asia/Kolkata", "-c", "fsync=off"]
        return [*self._as(), self._programs["postgres"], "-D", str(self._data), "-p", str(self.port), *own]

    def client(self, sql: str, *, database: str = DATABASE) -> "subprocess.CompletedProcess[str]":
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database or "postgres"]
        words = [self._programs["psql"], "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", *where]
        return subprocess.run(words, input=sql, capture_output=True, text=True, check=False)

    @property
    def environment(self) -> dict[str, str]:
        """What /etc/default/wattline-sink says."""
        return {
            "WATTLINE_POSTGRESQL": f"postgres://telegraf:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/{DATABASE}"
        }
