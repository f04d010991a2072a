"""The addresses beside which a password belongs; test_knobs.py has which are right and which are wrong.

| fault | test |
|---|---|
| an address is refused for a password that it has not, or its password is shown | test_an_address_is_told_with_its_own_cause |
"""

import pytest

from ansible_scripts import script

addresses = script("preflight", "wrong_addresses", "filter_plugins")
SECRET = "the-secret-of-the-house"  # noqa: S105 - of nobody


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("sinks_mqtt", "mqtt://u@h:0", " is mqtt://u@h:0, and has to be an address such as mqtt://wattline@192.168.1.2, with a port"),
        ("sinks_mqtt", "mqtt://u@[fd00::1]:65536", " is mqtt://u@[fd00::1]:65536, and has to be"),
        ("sinks_mqtt", "mqtt://u@h:", "with a port from 1 to 65535 behind its host or without one, or empty."),
        ("sinks_mqtt", "mqtt://u@h/", " is mqtt://u@h/, and has to be"),
        ("sinks_mqtt", "mqtt://u@h/", "with nothing behind its host and port, not even a /, or empty."),
        ("sinks_mariadb", "mysql://u@h:99999/db", "with a port from 1 to 65535"),
        ("sinks_mariadb", "mysql://u@h/", "mysql://telegraf@192.168.1.2/energychannel, or empty."),
        ("sinks_mqtt", f"mqtt://u:{SECRET}@h", "without a password, which goes into sinks_passwords"),
        ("backup_offsite_repository", f"rest:http://house:{SECRET}@h/", "a password, which goes into backup_offsite_credentials"),
        ("backup_offsite_repository", "/mnt/a\n/mnt/b", "has to be a restic repository in one line that begins with"),
    ],
)  # fmt: skip
def test_an_address_is_told_with_its_own_cause(name: str, value: str, words: str) -> None:
    """And only one with a password in it by that."""
    (sentence,) = addresses.wrong_addresses({name: value})
    assert words in sentence
    assert ("a password" in sentence) == (SECRET in value)
    assert SECRET not in sentence
