"""InfluxDB is away, as after a power cut or while it is upgraded, and is asked again until it answers."""

import time

import urllib3

from wattline.log import LOG

AGAIN_S = 5.0
# Its health is told from memory; what takes longer hangs.
ASK_S = 10.0
# Below it whatever answers has said something; from it on it cannot yet.
_NOT_YET = 500


def wait_for(url: str, seconds: float) -> bool:
    """Wait until InfluxDB answers.

    Args:
        url: for example ``http://127.0.0.1:8086``.
        seconds: how long at the most; 0 does not ask at all.

    Returns:
        Whether it does. Where it does not, whoever asks it next is told why.
    """
    ends_s = time.monotonic() + seconds
    is_said = False
    while (left_s := ends_s - time.monotonic()) > 0:
        if _answers(url):
            return True
        if not is_said:
            LOG.warning("InfluxDB does not answer at %s; it is waited for, %.0f s at the most.", url, left_s)
            is_said = True
        time.sleep(min(AGAIN_S, left_s))  # between two questions: another program has no event for us
    return False


def _answers(url: str) -> bool:
    try:
        return urllib3.request("GET", f"{url}/health", timeout=ASK_S, retries=False).status < _NOT_YET
    except urllib3.exceptions.HTTPError:
        return False
