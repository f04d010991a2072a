"""A key of a foreign apt repository is trusted only if it is the one that was meant. Needs gpg (Debian: gnupg).

| fault | test |
|---|---|
| a key is trusted that is another, one of several, or at its end | test_a_key_is_trusted_only_if_it_is_the_one |
"""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "ansible" / "roles" / "apt_source" / "files" / "good-key"


class Keyring:
    """Makes keys as a package repository has them."""

    def __init__(self, folder: Path) -> None:
        self._home = folder / "gnupg"
        self._home.mkdir(mode=0o700)

    def gpg(self, *words: str) -> str:
        command = ["gpg", "--homedir", self._home, "--batch", "--passphrase", "", "--pinentry-mode", "loopback", *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def make(self, name: str, *, signs_until: str) -> str:
        """The fingerprint of a primary key that only certifies and has no end, with a subkey that signs."""
        self.gpg("--quick-generate-key", name, "ed25519", "cert", "never")
        (fingerprint,) = re.findall(
            "^fpr:+([0-9A-F]{40}):", self.gpg("--list-keys", "--with-colons", name), re.MULTILINE
        )[:1]
        self.gpg("--quick-add-key", fingerprint, "ed25519", "sign", signs_until)
        return fingerprint

    def close(self) -> None:
        subprocess.run(["gpgconf", "--homedir", self._home, "--kill", "all"], check=True)


@pytest.fixture
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Any:
    keys = Keyring(tmp_path_factory.mktemp("k"))
    yield keys
    keys.close()


def test_a_key_is_trusted_only_if_it_is_the_one(keyring: Keyring, tmp_path: Path) -> None:
    file, good = tmp_path / "key", keyring.make("good", signs_until="1y")
    other, ending = keyring.make("other", signs_until="1y"), keyring.make("ending", signs_until="20d")

    def judge(names: list[str], wanted: str) -> tuple[int, str]:
        file.write_text(keyring.gpg("--armor", "--export", *names) if names else "")
        result = subprocess.run([SCRIPT, file, wanted], capture_output=True, text=True, check=False)
        return result.returncode, result.stdout.strip()

    assert judge([good], good) == (0, "")
    assert judge([other], good)[1].endswith(f"its fingerprint is {other} and not {good}.")
    assert judge([good, other], good)[0] == 1, "the second would be trusted as well"
    assert judge([ending], ending) == (1, f"No key in {file} signs for 30 days more.")
    assert judge([], good) == (1, f"There is no key in {file}.")
    file.write_text("<html>a page in place of a key</html>")
    result = subprocess.run([SCRIPT, file, good], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (1, f"{file} holds no keys that gpg can read.\n")


class Folders:
    """What is to come, what was written last and what is in place, each a folder with one file or none."""
