"""The off-site copy in stores that are real servers: S3 (versitygw), and Azure Blob (Azurite, by name and TLS as Azure itself).

| fault                                                     | test                                                    |
|-----------------------------------------------------------|---------------------------------------------------------|
| a set does not come back from a store, on a bare machine  | test_a_set_comes_back_from_the_store                    |
| ... or more is needed than access to the one container    | the same: Azurite is given a signature for no other     |
| the store dies half-way and the next copy is spoilt       | test_a_store_that_dies_half_way_costs_one_copy          |
| a store that is away is waited for in silence             | test_a_store_that_is_away_is_one_sentence               |
| wrong credentials are taken for a missing repository      | test_wrong_credentials_are_one_sentence                 |
| an older restic looks for an identity it does not know    | test_an_old_restic_is_told_before_it_guesses            |
"""

import threading
from pathlib import Path

import pytest

from backup.offsite_rig import BEGAN, DAY, S3, Azurite, House, make_set, program
from wattline_backup.offsite import restic as restic_module

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def s3(tmp_path_factory, pytestconfig):
    with S3(tmp_path_factory.mktemp("s3"), pytestconfig) as store:
        store.start()
        yield store


@pytest.fixture(scope="module")
def azurite(tmp_path_factory, pytestconfig):
    with Azurite(tmp_path_factory.mktemp("azurite"), pytestconfig) as store:
        store.start()
        yield store


def restic(which: str) -> Path:
    return Path(program("restic", debian=which == "debian")).parent


@pytest.fixture(params=["s3-debian", "s3-newest", "azure-debian", "azure-newest"])
def house(request, tmp_path) -> House:
    """Each test has a repository of its own in the store."""
    kind, which = request.param.split("-")
    if kind == "s3":
        store = request.getfixturevalue("s3")
        return House(tmp_path / "house", restic(which), f"{store.repository}/{tmp_path.name}", store.credentials)
    store = request.getfixturevalue("azurite")
    return House(
        tmp_path / "house", restic(which), f"{store.repository}{tmp_path.name}", store.sas, store.outer, store.key
    )


def test_a_set_comes_back_from_the_store(house, tmp_path):
    """A machine that has nothing but repository, password and credentials."""
    house.init()
    made = make_set(house.folder, BEGAN, {1: 1, 2: 2})
    house.done("offsite", "copy")
    house.done("offsite", "check", "--parts", "1")
    make_set(house.folder, BEGAN + DAY, {1: 1, 2: 3})
    house.done("offsite", "copy")
    house.done("offsite", "prune", "--keep-last=2")
    bare = House(tmp_path / "bare", house.restic, house.repository, house.credentials, house.outer)
    bare.done("offsite", "restore", made.stamp, str(tmp_path / "back"))
    for each in made.path.rglob("*"):
        back = tmp_path / "back" / made.stamp / each.relative_to(made.path)
        assert each.is_dir() or back.read_bytes() == each.read_bytes()


@pytest.mark.parametrize("which", ["debian", "newest"])
def test_a_store_that_dies_half_way_costs_one_copy(azurite, tmp_path, which):
    """What it had sent is not sent again, and nothing counts as off-site before it all is."""
    proxy = azurite.make_proxy()
    outer = {**azurite.outer, "HTTPS_PROXY": proxy.url}
    house = House(
        tmp_path / "house", restic(which), f"{azurite.repository}half-{which}", azurite.sas, outer, azurite.key
    )
    house.init()
    make_set(house.folder, BEGAN, {number: number for number in range(60)})
    proxy.cut_after(25_000_000)
    ended: list[int] = []
    child = house.start("offsite", "copy")
    waiter = threading.Thread(target=lambda: ended.append(child.wait(120)))
    waiter.start()
    assert proxy.cut.wait(60)
    # restic goes on trying for a quarter of an hour; the timer's unit, or whoever waits, ends it.
    house.end(child)
    waiter.join()
    assert ended
    assert ended != [0]
    proxy.cut_after(None)
    assert house.offsite() == []
    house.done("offsite", "copy")
    assert len(house.offsite()) == 1
    house.done("offsite", "check")
    proxy.close()


@pytest.mark.parametrize("which", ["debian", "newest"])
def test_a_store_that_is_away_is_one_sentence(tmp_path, which, monkeypatch):
    """Within the minute that the first question has; here in less."""
    credentials = {"AWS_ACCESS_KEY_ID": "wattline-pi", "AWS_SECRET_ACCESS_KEY": "a-secret-of-the-store-0123"}
    house = House(tmp_path / "house", restic(which), "s3:http://127.0.0.1:9/house", credentials)
    house.patience_s = 4
    make_set(house.folder, BEGAN, {1: 1})
    said = house.refused("offsite", "copy")
    assert said.startswith("The off-site copy s3:http://127.0.0.1:9/house does not answer (")
    assert "connection refused" in said
    assert restic_module.PATIENCE_S <= 60


@pytest.mark.parametrize("house", ["s3-debian", "s3-newest"], indirect=True)
def test_a_wrong_key_id_is_one_sentence(house):
    house.init()
    house.give({**house.credentials, "AWS_ACCESS_KEY_ID": "somebody-else"})
    house.patience_s = 20
    said = house.refused("offsite", "list")
    assert said.startswith(f"The store of {house.repository} refuses what {house.home}/credentials holds (")


@pytest.mark.parametrize("house", ["s3-debian", "s3-newest", "azure-newest", "azure-debian"], indirect=True)
def test_wrong_credentials_are_one_sentence(house):
    house.init()
    name = max(house.credentials)
    wrong = house.credentials[name].replace("sig=", "sig=AAAA") if "SAS" in name else "not-the-secret-of-it"
    house.give({**house.credentials, name: wrong})
    house.patience_s = 20
    said = house.refused("offsite", "list")
    assert said.startswith(f"The store of {house.repository} refuses what {house.home}/credentials holds (")
    assert wrong not in said


def test_an_old_restic_is_told_before_it_guesses(tmp_path):
    program("restic", debian=True)
    (tmp_path / "restic").write_text("#!/bin/sh\necho restic 0.14.0 compiled with go1.19.8 on linux/arm64\n")
    (tmp_path / "restic").chmod(0o755)
    house = House(tmp_path / "house", tmp_path, "azure:sets:/", {"AZURE_CLIENT_ID": "of-the-pi"})
    assert house.refused("offsite", "list").startswith("This restic is too old for Azure without a key of the account")
