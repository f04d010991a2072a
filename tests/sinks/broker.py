"""Mosquitto of Debian's package, its own listener, and `wattline mqtt`, as children of a test."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import publish

from database import Program, wait_until
from sinks.servers import free_port, program

USER, PASSWORD = "wattline", "not-a-secret"


CONF_D = Path(__file__).parents[2] / "telegraf" / "sinks" / "mosquitto"


class Mosquitto(Program):
    """A broker that keeps nothing over its end, with one user, and what telegraf/sinks/ brings for it."""

    def __init__(self, folder: Path, config: pytest.Config) -> None:
        super().__init__("mosquitto", folder, config)
        self.port = free_port()
        self._conf, passwords = folder / "mosquitto.conf", folder / "passwords"
        self._program = program("mosquitto")
        subprocess.run([program("mosquitto_passwd"), "-b", "-c", str(passwords), USER, PASSWORD], check=True)
        user = "user root\n" if os.getuid() == 0 else ""
        self._conf.write_text(
            f"{user}listener {self.port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\n"
            f"include_dir {CONF_D}\n"
        )

    def start(self) -> None:
        """Start it and wait until it takes messages."""
        self.run([self._program, "-c", str(self._conf)])
        wait_until("Mosquitto answers", lambda: self.say("test", "") == 0, 20)

    def say(self, topic: str, text: str) -> int:
        """Publish, as Mosquitto's own client; returns its exit code."""
        words = [program("mosquitto_pub"), *self.words, "-t", topic, "-m", text, "-q", "1"]
        return subprocess.run(words, capture_output=True, timeout=10, check=False).returncode

    def say_all(self, topic: str, texts: Iterable[str]) -> None:
        """Publish one after the other, each once the one before is there."""
        publish.multiple(
            [(topic, text, 1, False) for text in texts],
            "127.0.0.1",
            self.port,
            auth={"username": USER, "password": PASSWORD},
        )

    def environment(self, folder: Path) -> dict[str, str]:
        """What /etc/default/wattline-sink says of it, and where a sink keeps what it knows."""
        login = {"WATTLINE_BROKER_USER": USER, "WATTLINE_MQTT_PASSWORD": PASSWORD}
        return {"WATTLINE_BROKER": f"tcp://127.0.0.1:{self.port}", "STATE_DIRECTORY": str(folder), **login}

    @property
    def words(self) -> list[str]:
        """How its clients find it."""
        return ["-h", "127.0.0.1", "-p", str(self.port), "-u", USER, "-P", PASSWORD]

    def signal(self, number: signal.Signals) -> None:
        """Kill it, stop it, have it go on."""
        assert self.process
        self.process.send_signal(number)
        if number == signal.SIGKILL:
            self.process.wait()


class Ear(Program):
    """Hears all topics, as Mosquitto's own client, with a session that outlives the broker's absence."""

    def __init__(self, broker: Mosquitto, folder: Path, config: pytest.Config, name: str = "ear") -> None:
        super().__init__(name, folder, config)
        self._broker = broker

    def start(self) -> None:
        """Listen, and wait until it does."""
        self.run([program("mosquitto_sub"), *self._broker.words, "-q", "1", "-t", "#", "-F", "%r\t%t\t%p"])

        def hears() -> bool:
            self._broker.say("test", "is it there?")
            return bool(self.texts("test"))

        wait_until("it listens", hears, 20)

    def heard(self, topic: str) -> list[tuple[bool, str]]:
        """The messages of a topic: whether each was retained before, and its text."""
        lines = [line.split("\t", 2) for line in self.log.splitlines() if line.count("\t") >= 2]
        return [(retained == "1", text) for retained, of, text in lines if of == topic]

    def texts(self, topic: str) -> list[str]:
        """The same, of those that came while it listened."""
        return [text for retained, text in self.heard(topic) if not retained]

    def values(self, topic: str) -> list[dict[str, Any]]:
        """The same, out of JSON."""
        return [json.loads(text) for text in self.texts(topic)]


class Wattline(Program):
    """`wattline mqtt`."""

    def __init__(self, broker: Mosquitto, folder: Path, config: pytest.Config, *words: str, password: str = PASSWORD):
        super().__init__("wattline-mqtt", folder, config)
        self.port = free_port()
        listen = ["--listen", f"127.0.0.1:{self.port}"]
        self._words = [
            sys.executable,
            "-m",
            "wattline",
            "mqtt",
            f"mqtt://{USER}@127.0.0.1:{broker.port}",
            *listen,
            *words,
        ]
        self._password = password

    def start(self) -> None:
        """Start it."""
        self.run(self._words, {**os.environ, "WATTLINE_MQTT_PASSWORD": self._password})

    def kill(self) -> None:
        """As a power cut ends it."""
        assert self.process
        self.process.kill()
        self.process.wait()
