"""Where the broker is."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from wattline.errors import WordError

PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class Address:
    """Where the broker is.

    Attributes:
        host, port: of it.
        is_encrypted: whether by TLS.
        user: the name to log in by; empty for none.
    """

    host: str
    port: int
    is_encrypted: bool = False
    user: str = ""


def parse_address(word: str) -> Address:
    """The address that ``mqtt://[USER@]HOST[:PORT]`` or ``mqtts://...`` names.

    Raises:
        WordError: it is none.
    """
    try:
        parts = urlsplit(word)
        port = parts.port or PORTS[parts.scheme]
    except (KeyError, ValueError):
        parts, port = urlsplit(""), 0
    if parts.password is not None:
        # It is not repeated, since it would stand in a log.
        raise WordError("The broker is named without its password, which is taken from WATTLINE_MQTT_PASSWORD.")
    if not parts.hostname or parts.path.strip("/") or parts.query:
        raise WordError(
            f"The broker {word!r} must be mqtt://[USER@]HOST[:PORT], or mqtts:// where it is encrypted; the password "
            "is taken from WATTLINE_MQTT_PASSWORD."
        )
    return Address(parts.hostname, port, parts.scheme == "mqtts", parts.username or "")
