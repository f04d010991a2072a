"""compose.yaml and .env.example: what a Raspberry Pi in a household must be able to rely on.

| fault | test |
|---|---|
| a word can be set and is nowhere explained, or is explained and does nothing | test_each_word_is_in_the_example_and_the_other_way_round |
| the example says another default than the file has | test_the_example_sets_what_holds_without_it |
| a word has no default, so that a missing .env breaks the start | the same |
| the database is published to the network, or more than Grafana is | test_only_grafana_is_reached_from_the_network |
| a password or a token stands in the environment, where `docker inspect` shows it | test_no_secret_stands_in_the_environment |
| a container cannot read a secret that it needs | test_those_who_read_the_secrets_are_their_owner_and_its_group |
| a secret is not made by make-secrets, or is made for nobody | test_the_secrets_are_those_that_are_made |
| `latest` turns into version 3 one day | test_each_image_is_pinned_to_a_version |
| after a power cut something stays down | test_each_service_comes_back_after_a_power_cut |
| a service takes all memory, fills the card with its log, or is believed to be well | test_each_service_is_kept_in_bounds |
| ... all of them together want more than a Pi has | test_together_they_fit_into_a_pi |
| a break-in can write to the program or become root | test_each_service_has_no_more_than_it_needs |
| the image leaves anonymous volumes behind | test_no_volume_of_the_image_is_left_behind |
| a start on a slow card is killed as unhealthy; a stop loses the newest readings | test_a_slow_start_and_stop_are_waited_for |
| Grafana lets strangers in, or tells its makers about the house | test_grafana_is_closed_and_silent |
| Grafana is there before its token | test_each_service_waits_for_what_it_needs |
| `make stack` sends secrets into the image | test_the_demo_is_built_from_nothing_secret |
| ... brings simulated readings among a house's, uses or makes its tokens; what ends it deletes a house | test_the_demo_has_nothing_of_a_house, test_make_starts_and_ends_the_demo_alone |
"""

import re
import subprocess
from itertools import chain

import pytest
import yaml

from stack import composition

SERVICES = composition.services()
DEMO_FILES = "--file compose/compose.yaml --file compose/demo/compose.yaml"
LASTING = {"influxdb", "grafana", "demo"}
# A Raspberry Pi 3B+ has 1 GB, of which some goes to the graphics, and the system and Telegraf take about 200 MB.
PI_MIB = 700


def test_each_word_is_in_the_example_and_the_other_way_round():
    assert composition.words().keys() == composition.example().keys()


def test_the_example_sets_what_holds_without_it():
    assert composition.words() == composition.example()
    assert composition.load(composition.example()) == composition.load()
    anywhere = set(re.findall(r"\$\{?(\w+)", composition.FILE.read_text()))
    assert anywhere == composition.words().keys(), "a word in another form than ${WORD:-default}"


def test_each_word_of_the_example_is_explained():
    for word in composition.example():
        before = composition.EXAMPLE.read_text().split(f"{word}=")[0].splitlines()
        assert before[-1].startswith("# "), word


def test_only_grafana_is_reached_from_the_network():
    published = {name: service.get("ports", []) for name, service in SERVICES.items()}
    assert published == {"influxdb": ["127.0.0.1:8086:8086"], "setup": [], "grafana": ["0.0.0.0:3000:3000"], "demo": []}
    at_home = composition.load({"WATTLINE_GRAFANA_ADDRESS": "127.0.0.1:8080"})["services"]["grafana"]["ports"]
    assert at_home == ["127.0.0.1:8080:3000"]
    assert not any("network_mode" in service for service in SERVICES.values())


def test_no_secret_stands_in_the_environment():
    for service in SERVICES.values():
        for name, value in service["environment"].items():
            if re.search(r"PASSWORD|TOKEN|SECRET|_KEY", name) and name != "INFLUXD_STRONG_PASSWORDS":
                assert name.endswith("__FILE"), name
                assert value.removeprefix("/run/secrets/") in service["secrets"]
            assert not name.startswith("DOCKER_INFLUXDB_INIT"), "the image's own set-up deletes the data when it fails"


def test_those_who_read_the_secrets_are_their_owner_and_its_group():
    root = composition.load({"WATTLINE_SECRETS_OWNER": "0"})["services"]
    for services, owner in ((SERVICES, "1000"), (root, "0")):
        assert services["setup"]["user"] == f"{owner}:{owner}"
        assert services["grafana"]["group_add"] == [owner]
    assert root["influxdb"] == SERVICES["influxdb"], "its data belong to the image's own user"


def test_the_secrets_are_those_that_are_made():
    script = (composition.FOLDER / "make-secrets").read_text()
    made = set(re.findall(r"\b(?:influxdb|grafana)_\w+(?:token|password|key)\b", script))
    listed = composition.load()["secrets"]
    assert {name: {"file": f"./secrets/{name}"} for name in listed} == listed
    written = {volume["source"] for volume in SERVICES["setup"]["volumes"][1:]}
    assert written == {f"./secrets/influxdb_{name}_token" for name in ("telegraf", "grafana", "backup", "cost")}
    assert made == listed.keys() | {path.removeprefix("./secrets/") for path in written}
    used = set(chain.from_iterable(service.get("secrets", []) for service in SERVICES.values()))
    assert used == listed.keys()
    assert "/compose/secrets/" in (composition.FOLDER.parent / ".gitignore").read_text().splitlines()


def test_each_image_is_pinned_to_a_version():
    assert SERVICES["influxdb"]["image"] == SERVICES["setup"]["image"]
    for name in SERVICES.keys() - {"demo"}:
        assert re.fullmatch(r"[a-z/]+:\d+\.\d+\.\d+(-alpine)?", SERVICES[name]["image"]), name
    stages = re.findall(r"^FROM (\S+)", (composition.FOLDER / "demo" / "Dockerfile").read_text(), re.MULTILINE)
    assert stages
    assert all(re.fullmatch(r"\w+:\d+\.\d+(\.\d+)?-\w+", stage) for stage in stages), stages


def test_each_service_comes_back_after_a_power_cut():
    policies = {name: service["restart"] for name, service in SERVICES.items()}
    assert policies == dict.fromkeys(LASTING, "unless-stopped") | {"setup": "no"}


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_is_kept_in_bounds(name):
    service = SERVICES[name]
    assert composition.mebibytes(service["mem_limit"]) > 0
    assert service["logging"] == {"driver": "local", "options": {"max-size": "5m", "max-file": "3"}}
    assert ("healthcheck" in service) == (name in LASTING)


def test_together_they_fit_into_a_pi():
    assert sum(composition.mebibytes(SERVICES[name]["mem_limit"]) for name in ("influxdb", "grafana")) <= PI_MIB


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_has_no_more_than_it_needs(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service["user"].startswith(("0", "root"))
    assert all("size=" in place for place in service["tmpfs"])
    for volume in service.get("volumes", []):
        if isinstance(volume, dict):
            assert "docker.sock" not in volume["source"]
            assert volume.get("read_only") or volume["source"].endswith("_token")


@pytest.mark.parametrize("name", ["influxdb", "setup"])
def test_no_volume_of_the_image_is_left_behind(name):
    """The image of InfluxDB declares two."""
    service = SERVICES[name]
    covered = {place.split(":")[0] for place in service["tmpfs"]}
    covered |= {volume.split(":")[1] for volume in service["volumes"] if isinstance(volume, str)}
    assert {"/var/lib/influxdb2", "/etc/influxdb2"} <= covered


def test_a_slow_start_and_stop_are_waited_for():
    assert SERVICES["influxdb"]["stop_grace_period"] == "2m"
    assert SERVICES["influxdb"]["environment"]["INFLUXD_STORAGE_WAL_FLUSH_ON_SHUTDOWN"] == "true"
    for name in ("influxdb", "grafana"):
        assert SERVICES[name]["healthcheck"]["start_period"] == "5m"


def test_grafana_is_closed_and_silent():
    environment = SERVICES["grafana"]["environment"]
    off = {name for name, value in environment.items() if value in {"false", "0"}}
    assert off >= {
        "GF_AUTH_ANONYMOUS_ENABLED",
        "GF_USERS_ALLOW_SIGN_UP",
        "GF_ANALYTICS_REPORTING_ENABLED",
        "GF_ANALYTICS_CHECK_FOR_UPDATES",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES",
        "GF_NEWS_NEWS_FEED_ENABLED",
        "GF_SNAPSHOTS_EXTERNAL_ENABLED",
        "GF_PUBLIC_DASHBOARDS_ENABLED",
        "GF_PLUGINS_PREINSTALL_AUTO_UPDATE",
        "GF_SERVER_ENABLE_GZIP",
    }
    assert environment["GF_PLUGINS_PREINSTALL_DISABLED"] == "true"
    assert environment["GF_SECURITY_ADMIN_PASSWORD__FILE"].endswith("/grafana_admin_password")
    assert SERVICES["influxdb"]["environment"]["INFLUXD_REPORTING_DISABLED"] == "true"


def test_each_service_waits_for_what_it_needs():
    waits = {name: service.get("depends_on", {}) for name, service in SERVICES.items()}
    made = {"setup": {"condition": "service_completed_successfully"}}
    assert waits == {
        "influxdb": {},
        "setup": {"influxdb": {"condition": "service_healthy"}},
        "grafana": made,
        "demo": made,
    }


def test_the_demo_is_built_from_nothing_secret():
    """All but a list of folders is left out of what Docker gets to see."""
    first, *rest = (composition.FOLDER / "demo" / "Dockerfile.dockerignore").read_text().splitlines()
    assert first == "*"
    kept = [line for line in rest if line.startswith("!")]
    assert kept
    secret = ("compose/.env", "compose/secrets/", "compose/demo/secrets/")
    assert not [line for line in kept for path in secret if path.startswith(line.removeprefix("!"))]


def test_the_demo_has_nothing_of_a_house():
    """Compose takes the last name, and puts a secret or a volume in the place of the one of its name or its target."""
    house, demo = composition.load(), yaml.safe_load((composition.FOLDER / "demo" / "compose.yaml").read_text())
    assert demo["name"] != house["name"]
    assert not any("name" in (volume or {}) for volume in house["volumes"].values()), (
        "a name of its own is every project's"
    )
    assert demo["secrets"] == {name: {"file": f"./demo/secrets/{name}"} for name in house["secrets"]}
    for name, service in SERVICES.items():
        volumes = demo["services"].get(name, {}).get("volumes", [])
        own = {volume["target"]: volume["source"] for volume in volumes}
        bound = [volume for volume in service.get("volumes", []) if isinstance(volume, dict)]
        secret = {each["target"]: each["source"] for each in bound if "secrets" in each["source"]}
        assert own == {target: source.replace("./", "./demo/") for target, source in secret.items()}
        assert all(volume["type"] == "bind" and not volume["bind"]["create_host_path"] for volume in volumes)
    assert "/compose/demo/secrets/" in (composition.FOLDER.parent / ".gitignore").read_text().splitlines()


def test_make_starts_and_ends_the_demo_alone():
    told = subprocess.run(
        ["make", "--dry-run", "stack"], cwd=composition.FOLDER.parent, capture_output=True, text=True, check=True
    ).stdout
    calls = re.findall(r"docker compose --file .*", told)
    assert len(calls) == 2
    assert all(call.startswith(f"docker compose {DEMO_FILES} --profile demo ") for call in calls)
    assert re.findall(r"compose/make-secrets(.*)", told) == [" compose/demo/secrets"]


def test_the_demo_starts_only_when_it_is_asked_for():
    assert {name for name, service in SERVICES.items() if "profiles" in service} == {"demo"}
