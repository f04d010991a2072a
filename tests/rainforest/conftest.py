"""What tests of a stick need."""

import logging
from collections.abc import Iterator

import pytest

from wattline.log import LOG


@pytest.fixture
def said() -> Iterator[list[str]]:
    """The sentences of the log, from info on."""
    sentences: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            sentences.append(record.getMessage())

    listener, level = Listener(logging.INFO), LOG.level
    LOG.addHandler(listener)
    LOG.setLevel(logging.INFO)
    yield sentences
    LOG.removeHandler(listener)
    LOG.setLevel(level)
