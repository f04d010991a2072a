"""How this program is called again."""

import shlex
import shutil
import sys
from pathlib import Path


def called(*words: str) -> str:
    """The line for a shell that calls this program with ``words``: by its name where that finds it, else by its path."""
    script = Path(sys.argv[0]).absolute()
    if script.name == "__main__.py":
        return shlex.join([sys.executable, "-m", "wattline", *words])
    found = shutil.which("wattline")
    is_found = found is not None and Path(found).resolve() == script.resolve()
    return shlex.join(["wattline" if is_found else str(script), *words])
