"""What stands in for Docker where a script of compose/ calls it: the command of a container runs here, beside a real InfluxDB."""

import os
import sys
from pathlib import Path

from database import InfluxDB

COMPOSE = Path(__file__).parents[1] / "compose"


def put_in_place(folder: Path, influxdb: InfluxDB) -> None:
    """Make ``folder/bin/docker``, which logs what it is told in ``folder/words``.

    A command has what the service `setup` has: the CLI, the address, a time zone, and the secrets in a folder.
    """
    secrets = folder / "secrets"
    secrets.mkdir()
    (secrets / "influxdb_operator_token").write_text(influxdb.token)
    (folder / "bin").mkdir()
    program = folder / "bin" / "docker"
    environment = {
        "PATH": f"{Path(influxdb._influx).parent}:{os.environ['PATH']}",
        "INFLUX_HOST": influxdb.url,
        "HOME": str(folder),
        "WATTLINE_SECRETS": str(secrets),
        "WATTLINE_TIMEZONE": "Australia/Adelaide",
    }
    program.write_text(f"""#!{sys.executable}
import os, sys
words = sys.argv[1:]
open({str(folder / "words")!r}, "a").write(repr((words, os.getcwd())) + "\\n")
if words == ["compose", "version"]:
    sys.exit()
options = ["compose", "run", "--rm", "-T", "--no-deps", "--entrypoint", "/bin/sh", "setup"]
assert words[:8] == options, words
inside = [word.replace("/wattline/", {str(COMPOSE / "influxdb")!r} + "/", 1) for word in words[8:]]
os.execve("/bin/sh", ["/bin/sh", *inside], {environment!r})
""")
    program.chmod(0o755)
