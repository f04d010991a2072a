"""The folder telegraf/ as it is deployed, judged by the real Telegraf.

| fault | what would be seen |
|---|---|
| an option is misspelt, a value has the wrong type, a variable stands outside quotes | `config check` refuses the folder |
| the token is missing | Telegraf would start and fill its buffers for nothing |
| a secret is written into a file | it would be committed |
| a variable is renamed in one place | its documentation lies |
| a file is added in one place | nobody knows what it is for |
| an example has rusted | the user who copies it is refused |
| the first reading comes late | the trial that the documentation tells of shows none |
| readings and host metrics share a buffer or a bucket | an hour's buffer, or 24 hours of it, holds the wrong things |
| the trial has not got what the service has | the token is missing, the port is another, and nothing works |
| the machine is no Raspberry Pi | the log fills with complaints about sensors |
| the machine is one | under-voltage or throttling is missed, or read from the wrong chip |
| InfluxDB grows | its share of the wrong limit, or its cached files, are taken for its memory |
"""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from database import lines_of
from wattline import cli
from wattline.commands import scan
from wattline.scan.report import PORT_OF_TELEGRAF
from wattline.systems import system_of

FOLDER = Path(__file__).parent.parent / "telegraf"
# The folder sinks/ is for other instances, and has tests of its own.
CONFIGS = sorted([*FOLDER.glob("*.conf"), *(FOLDER / "telegraf.d").glob("*.conf")])
EXAMPLES = sorted(FOLDER.rglob("*.conf.example"))
# In a test it is another one: what is read there is nobody's.
JOURNAL = "/var/lib/wattline/journal"
HOST_INPUTS = {"cpu", "mem", "disk", "diskio", "net", "system", "temp", "processes", "swap", "exec", "internal"}
VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::-([^}]*))?")

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def deployed(tmp_path: Path) -> Path:
    """A copy of the folder, as /etc/telegraf gets it."""
    return Path(shutil.copytree(FOLDER, tmp_path / "telegraf"))


@pytest.fixture
def telegraf(server: Callable[[str], str], deployed: Path, tmp_path: Path) -> Run:
    """Runs Telegraf on the deployed folder, in an environment that has only what is passed."""
    program = server("telegraf")

    def run(*words: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        configuration = ["--config", f"{deployed}/telegraf.conf", "--config-directory", f"{deployed}/telegraf.d"]
        return subprocess.run(
            [program, *words, *configuration],
            env={"INFLUX_TOKEN": "a-token"} if environment is None else dict(environment),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def check(telegraf: Run, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return telegraf("config", "check", "--strict-env-handling", environment=environment)


def errors(log: str) -> list[str]:
    return [line for line in lines_of(log) if " E! " in line]


def table(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / name).read_text())


def test_telegraf_accepts_the_folder_with_nothing_but_a_token(telegraf: Run) -> None:
    result = check(telegraf)
    assert result.returncode == 0, result.stderr
    assert "E!" not in result.stderr
    assert "deprecated" not in result.stderr.lower()
    assert "W!" not in result.stderr


def test_a_missing_token_stops_telegraf_and_is_named(telegraf: Run) -> None:
    result = check(telegraf, environment={})
    assert result.returncode == 1
    assert result.stderr.rstrip().endswith(
        "INFLUX_TOKEN is missing a value: is not set: write INFLUX_TOKEN=... into /etc/default/telegraf"
    )


def test_every_variable_is_documented_with_its_default_and_every_documented_one_exists() -> None:
    text = "".join(
        re.sub(r"^\s*##? .*$", "", config.read_text(), flags=re.MULTILINE) for config in [*CONFIGS, *EXAMPLES]
    )
    used = {match[1]: match[2] for match in VARIABLE.finditer(text)}
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.+?) \|", (FOLDER / "README.md").read_text(), flags=re.MULTILINE)
    assert {name: f"`{default}`" if default else "Telegraf does not start" for name, default in used.items()} == dict(
        rows
    )


def test_every_file_is_in_the_two_lists_of_files() -> None:
    files = [config.name for config in CONFIGS if config.parent != FOLDER]
    rows = re.findall(r"^\| `telegraf\.d/(.+?\.conf)` \|", (FOLDER / "README.md").read_text(), flags=re.MULTILINE)
    lines = re.findall(r"^##   (\S+\.conf)  ", (FOLDER / "telegraf.conf").read_text(), flags=re.MULTILINE)
    assert (rows, lines) == (files, files)


def test_no_secret_is_written_down() -> None:
    for config in [*CONFIGS, *EXAMPLES]:
        for value in re.findall(r'(?:token|password|secret|api_key)\w*"?\s*=\s*"([^"]*)"', config.read_text()):
            assert value.startswith(("${", "@{")), f"{config.name}: {value}"


def test_agent_reads_on_whole_seconds_and_names_no_host() -> None:
    agent = table("telegraf.conf")["agent"]
    assert (agent["interval"], agent["flush_interval"]) == ("30s", "10s")
    assert agent["precision"] == "1s"
    assert agent["omit_hostname"] is True
    assert agent["skip_processors_after_aggregators"] is True
    assert "logfile" not in agent
    assert not [config.name for config in CONFIGS[1:] if "[agent]" in config.read_text()], (
        "only the file loaded first is heard"
    )


def test_all_host_inputs_are_there_and_none_keeps_a_pace_of_its_own() -> None:
    inputs = table("telegraf.d/20-host.conf")["inputs"]
    assert set(inputs) == HOST_INPUTS
    assert not [name for name, tables in inputs.items() if "interval" in tables[0]]
    assert inputs["internal"][0]["per_instance"] is True


def test_each_bucket_has_an_output_with_a_buffer_of_its_own() -> None:
    outputs = {output["bucket"]: output for output in table("telegraf.d/90-influxdb.conf")["outputs"]["influxdb_v2"]}
    assert set(outputs) == {"energy", "host"}
    assert outputs["energy"]["namepass"] == outputs["host"]["namedrop"] == ["electricity", "electricity_*"]
    assert outputs["energy"]["metric_buffer_limit"] == 24 * 60 * 60
    assert outputs["host"]["metric_buffer_limit"] == 60 * 60 // 10 * 45


def test_the_memory_named_in_the_comments_is_what_the_numbers_give() -> None:
    comment = re.sub(r"\s*##\s*", " ", (FOLDER / "telegraf.d" / "90-influxdb.conf").read_text())
    day, kilobyte = 86_400, 0.83
    assert f"86 400 x 0.83 KB = {day * kilobyte / 1000:.0f} MB" in comment
    assert f"five meters x 86 400 x 0.83 KB = {5 * day * kilobyte / 1000:.0f} MB" in comment


def test_the_meters_are_run_as_execd_wants_it() -> None:
    (execd,) = table("telegraf.d/10-meters.conf")["inputs"]["execd"]
    assert execd["command"] == [
        "/opt/wattline/bin/wattline",
        "run",
        "--journal",
        JOURNAL,
        "${WATTLINE_PORT:-/dev/ttyRS485}",
        "house=orno-we515@1",
    ]
    assert execd["signal"] == "none"
    assert execd["data_format"] == "influx"
    # What `wattline scan` tells of the port and the journal.
    assert execd["command"][3:5] == [scan.JOURNAL, PORT_OF_TELEGRAF]


def test_every_example_is_a_command_line_that_wattline_takes() -> None:
    text = (FOLDER / "telegraf.d" / "10-meters.conf").read_text()
    examples = [
        tomllib.loads(line)["command"] for line in re.findall(r"^##?\s+(command = .*)$", text, flags=re.MULTILINE)
    ]
    assert len(examples) == 4
    parser = cli.parser_of("run")
    parsed = [parser.parse(words[2:]) for words in examples]
    assert [len(system_of(each).meters) for each in parsed] == [2, 2, 1, 1]
    assert [str(each.journal) for each in parsed] == [JOURNAL] * 4


def test_the_examples_work_when_their_comment_signs_are_taken_away(telegraf: Run, deployed: Path) -> None:
    config = deployed / "telegraf.d" / "10-meters.conf"
    config.write_text(re.sub(r"^# ?(?=\[\[|  )", "", config.read_text(), flags=re.MULTILINE))
    assert len(tomllib.loads(config.read_text())["inputs"]["execd"]) == 3
    assert check(telegraf).returncode == 0


def test_a_trial_of_three_seconds_shows_a_reading(
    telegraf: Run, deployed: Path, simulator: Any, tmp_path: Path
) -> None:
    """As the documentation says, `--test --test-wait 3` shows an `electricity` line, however the seconds fall."""
    config, link = deployed / "telegraf.d" / "10-meters.conf", tmp_path / "ttyMeter"
    wattline = str(Path(sys.executable).with_name("wattline"))
    text = config.read_text().replace("/opt/wattline/bin/wattline", wattline)
    config.write_text(text.replace(JOURNAL, str(tmp_path / "journal")))
    simulator(link=link)
    environment = {"INFLUX_TOKEN": "a-token", "WATTLINE_PORT": str(link), "PATH": "/usr/bin:/bin"}
    result = telegraf("--test", "--test-wait", "3", environment=environment)
    assert result.returncode == 0
    assert measurements(result.stdout) >= {"electricity", "wattline_meter", "wattline_bus", "cpu"}
    assert [line for line in errors(result.stderr) if "inputs.execd" in line] == []
    assert list((tmp_path / "journal").rglob("*.journal"))


def test_the_trial_of_the_documentation_works_as_it_is_written(
    server: Callable[[str], str], deployed: Path, simulator: Any, tmp_path: Path
) -> None:
    """Its own lines, in another folder and without another user; the token is in the service's file alone."""
    config, link, defaults = deployed / "telegraf.d" / "10-meters.conf", tmp_path / "ttyMeter", tmp_path / "defaults"
    text = config.read_text().replace("/opt/wattline/bin", str(Path(sys.executable).parent))
    config.write_text(text.replace(JOURNAL, str(tmp_path / "journal")))
    simulator(link=link)
    defaults.write_text(f"INFLUX_TOKEN=a-token==\nWATTLINE_PORT={link}\n")
    (trial,) = re.findall(r"^sudo (sh -c '.*?')$", (FOLDER / "README.md").read_text(), flags=re.MULTILINE | re.DOTALL)
    for written, here in {
        "/etc/default/telegraf": defaults,
        "cd /etc/telegraf": f"cd {deployed}",
        "runuser -u telegraf -- ": "",
    }.items():
        assert written in trial
        trial = trial.replace(written, str(here))
    path = f"{Path(server('telegraf')).parent}:/usr/bin:/bin"
    result = subprocess.run(["sh", "-c", trial], env={"PATH": path}, capture_output=True, text=True, check=False)

    assert result.returncode == 0
    assert measurements(result.stdout) == {"electricity", "wattline_meter", "wattline_bus"}
    assert errors(result.stderr) == []


def test_the_trial_in_the_configuration_is_that_of_the_documentation() -> None:
    """But for the filter, and for the comment signs."""
    comment = re.sub(r"^## ?", "", (FOLDER / "telegraf.conf").read_text(), flags=re.MULTILINE)
    trials = [
        " ".join(re.findall(r"sh -c '.*?'", text, flags=re.DOTALL)[0].split())
        for text in (comment, (FOLDER / "README.md").read_text())
    ]
    assert trials[0] == trials[1].replace(" --input-filter execd", "")


def host_test(telegraf: Run, sysfs: Path, path: str) -> subprocess.CompletedProcess[str]:
    """All inputs but the meters, once."""
    environment = {"INFLUX_TOKEN": "a-token", "HOST_SYS": str(sysfs), "PATH": path}
    return telegraf("--test", "--input-filter", ":".join(sorted(HOST_INPUTS)), environment=environment)


def measurements(output: str) -> set[str]:
    return set(re.findall(r"^> (\w+)", output, flags=re.MULTILINE))


def test_a_machine_without_sensors_is_read_without_a_complaint(telegraf: Run, tmp_path: Path) -> None:
    result = host_test(telegraf, tmp_path / "no-sensors", "/usr/bin:/bin")
    assert result.returncode == 0
    assert measurements(result.stdout) >= {"cpu", "mem", "disk", "net", "system", "processes", "swap", "internal_write"}
    assert "pi_power" not in result.stdout
    assert "E!" not in result.stderr
    assert [line for line in result.stderr.splitlines() if "inputs.exec" in line or "inputs.temp" in line] == []


def test_temperatures_are_read_from_the_kernels_sensors(telegraf: Run, tmp_path: Path) -> None:
    sensor = tmp_path / "sys" / "class" / "hwmon" / "hwmon0"
    sensor.mkdir(parents=True)
    (sensor / "name").write_text("cpu_thermal\n")
    (sensor / "temp1_input").write_text("51121\n")
    output = host_test(telegraf, tmp_path / "sys", "/usr/bin:/bin").stdout
    assert re.search(r"^> temp,sensor=cpu_thermal,site=home temp=51\.121 \d+$", output, flags=re.MULTILINE)


PI_FIELDS = [
    f"{name}{when}"
    for name in ("undervoltage", "frequency_capped", "throttled", "soft_temperature_limit")
    for when in ("", "_since_boot")
]


def fields(**set_to_one: int) -> dict[str, int]:
    return {**dict.fromkeys(PI_FIELDS, 0), **set_to_one}


@pytest.mark.parametrize(
    ("sensors", "vcgencmd", "expected"),
    [
        pytest.param({"rpi_volt": "0"}, None, {"undervoltage": 0}, id="sensor only, supply good"),
        pytest.param({"rpi_volt": "1"}, None, {"undervoltage": 1}, id="sensor only, supply low"),
        pytest.param({"cpu_thermal": None, "rpi_volt": "1"}, None, {"undervoltage": 1}, id="sensor is not the first chip"),
        pytest.param({"other_chip": "1"}, None, {}, id="another chip's alarm is not ours"),
        pytest.param({"rpi_volt": None}, None, {}, id="sensor without its file"),
        pytest.param({}, "throttled=0x0", fields(), id="firmware only, all clear"),
        pytest.param({}, "throttled=0x50005", fields(undervoltage=1, throttled=1, undervoltage_since_boot=1, throttled_since_boot=1), id="firmware only, low"),
        pytest.param({}, "throttled=0xa000a", fields(frequency_capped=1, soft_temperature_limit=1, frequency_capped_since_boot=1, soft_temperature_limit_since_boot=1), id="hex letters"),
        pytest.param({"rpi_volt": "1"}, "throttled=0x10000", fields(undervoltage=1, undervoltage_since_boot=1), id="the sensor remembers what the firmware has left behind"),
        pytest.param({"rpi_volt": "0"}, "VCHI initialization failed", {"undervoltage": 0}, id="firmware not to be reached"),
        pytest.param({}, 'error=1 error_msg="Command not registered"', {}, id="firmware does not know the question"),
        pytest.param({}, "throttled=0x", {}, id="torn answer"),
    ],
)  # fmt: skip
def test_a_pis_supply_and_throttling(
    telegraf: Run, tmp_path: Path, sensors: dict[str, str | None], vcgencmd: str | None, expected: dict[str, int]
) -> None:
    """What a Pi tells is in `pi_power`; what it does not tell is in no field, and in no line of the log."""
    for number, (name, alarm) in enumerate(sensors.items()):
        sensor = tmp_path / "sys" / "class" / "hwmon" / f"hwmon{number}"
        sensor.mkdir(parents=True)
        (sensor / "name").write_text(f"{name}\n")
        if alarm is not None:
            (sensor / "in0_lcrit_alarm").write_text(f"{alarm}\n")
    programs = tmp_path / "bin"
    programs.mkdir()
    if vcgencmd is not None:
        (programs / "vcgencmd").write_text(f"#!/bin/sh\n[ \"$1\" = get_throttled ] && echo '{vcgencmd}'\n")
        (programs / "vcgencmd").chmod(0o755)
    environment = {"INFLUX_TOKEN": "a-token", "HOST_SYS": str(tmp_path / "sys"), "PATH": f"{programs}:/usr/bin:/bin"}

    result = telegraf("--test", "--input-filter", "exec", environment=environment)

    line = re.search(r"^> pi_power,site=home (\S+) \d+$", result.stdout, flags=re.MULTILINE)
    assert line or not expected
    assert {key: int(value) for key, value in re.findall(r"(\w+)=(\d)i", line[1] if line else "")} == expected
    assert "E!" not in result.stderr
    assert "inputs.exec]" not in result.stderr


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """A process that stands for InfluxDB, and the limit of its control group as the kernel would show it."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(limit: str) -> None:
        # Twenty megabytes of its own memory, and a word on stdout once it has them.
        code = "import sys; held = bytearray(20_000_000); print(flush=True); sys.stdin.read()"
        process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        processes.append(process)
        assert process.stdout
        process.stdout.readline()
        lines = Path(f"/proc/{process.pid}/cgroup").read_text().splitlines()
        (name,) = [line.removeprefix("0::") for line in lines if line.startswith("0::")]
        group = Path(f"{tmp_path}/sys/fs/cgroup{name}")
        group.mkdir(parents=True, exist_ok=True)
        (group / "memory.max").write_text(f"{limit}\n")
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "pgrep").write_text(f'#!/bin/sh\n[ "$*" = "-o -x influxd" ] && echo {process.pid}\n')
        (tmp_path / "bin" / "pgrep").chmod(0o755)

    yield start
    for process in processes:
        process.communicate()


def influxdb_memory(telegraf: Run, tmp_path: Path) -> dict[str, float]:
    path = f"{tmp_path}/bin:/usr/bin:/bin"
    environment = {"INFLUX_TOKEN": "a-token", "HOST_SYS": f"{tmp_path}/sys", "PATH": path}
    result = telegraf("--test", "--input-filter", "exec", environment=environment)
    assert "E!" not in result.stderr
    line = re.search(r"^> influxdb_memory,site=home (\S+) \d+$", result.stdout, flags=re.MULTILINE)
    return {key: float(value) for key, value in re.findall(r"(\w+)=([\d.]+)", line[1] if line else "")}


def test_what_influxdb_takes_of_its_limit(telegraf: Run, limited: Callable[[str], Any], tmp_path: Path) -> None:
    limited("50000000")
    memory = influxdb_memory(telegraf, tmp_path)
    assert memory["limit_bytes"] == 50_000_000
    assert 20_000_000 < memory["used_bytes"] < 40_000_000
    assert memory["used_percent"] == pytest.approx(memory["used_bytes"] / 500_000, abs=0.06)


def test_without_a_limit_the_machines_memory_is_the_limit(
    telegraf: Run, limited: Callable[[str], Any], tmp_path: Path
) -> None:
    limited("max")
    (total_kib,) = re.findall(r"^MemTotal: +(\d+) kB", Path("/proc/meminfo").read_text(), flags=re.MULTILINE)
    assert influxdb_memory(telegraf, tmp_path)["limit_bytes"] == int(total_kib) * 1024


def test_without_an_influxdb_nothing_is_said_of_one(telegraf: Run, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pgrep").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "bin" / "pgrep").chmod(0o755)
    assert influxdb_memory(telegraf, tmp_path) == {}
