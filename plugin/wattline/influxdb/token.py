"""The token of InfluxDB, out of its file."""

from pathlib import Path

from wattline.errors import WordError


def token_in(file: Path, variable: str, secret: str, whose: str) -> str:
    """The token in a file.

    Args:
        file: that has it.
        variable: of the environment, that names the file.
        secret: the file's name among the secrets of the checkout.
        whose: it has to be, such as ``the token of an operator``.

    Raises:
        WordError: there is none.
    """
    try:
        token = file.read_text().strip()
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise WordError(
            f"The token of InfluxDB cannot be read from {file} ({reason}): set {variable} to the file that has it, "
            f"compose/secrets/{secret} in the checkout."
        ) from error
    if not token.isascii() or not token:
        raise WordError(
            f"{file} holds no token of InfluxDB: it should have one line, {whose}, such as that in "
            f"compose/secrets/{secret} of the checkout."
        )
    return token
