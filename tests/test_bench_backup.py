"""The benchmark of the backup measures stores that are like those of a house.

| fault | test |
|---|---|
| a file that was moved in time is damaged, or has points of another time | test_a_moved_file_is_sound |
| ... or lacks points before the moment up to which it is said to be whole | test_a_moved_file_is_whole_up_to_its_end |
| a store that was put together has other points than one that was written | test_a_store_has_the_points_of_its_house |
| a shard that is too old stays | test_what_is_too_old_goes |
| the sets that are kept are others than the rules keep | test_the_sets_that_a_year_leaves |
| a table is torn, or a ratio upside down | test_the_table |
"""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import backup, backup_table
from bench.backup_table import Costs
from bench.moved import Pattern
from bench.processes import Spent
from bench.store import Kind, Store, stack_in
from database import NS, wait_until
from stack.test_storage import DAY_S
from wattline_backup.tsm import CRC, ENTRY, HEAD, KEY_LENGTH, TYPE_AND_COUNT, check

LENGTH_S = 100
# Of a key its blocks, by first and last second.
BLOCKS = {b"fast": [(0, 39), (40, 79), (80, 99)], b"slow": [(1, 91)]}


def pattern_file() -> bytes:
    """A TSM file of a pattern, whose blocks hold a stamp and nothing else that is looked at."""
    parts, index, at = [HEAD], [], len(HEAD)
    for key, spans in BLOCKS.items():
        index += [KEY_LENGTH.pack(len(key)), key, TYPE_AND_COUNT.pack(0, len(spans))]
        for first, last in spans:
            # Kind of the block, length of the stamps in one byte or two, how they are packed, the first, and the rest.
            data = (
                b"\x00"
                + (b"\x0b" if key == b"fast" else b"\x8b\x01")
                + b"\x20"
                + struct.pack(">q", first * NS)
                + b"rest"
            )
            index.append(ENTRY.pack(first * NS, last * NS, at, CRC.size + len(data)))
            parts.append(CRC.pack(zlib.crc32(data)) + data)
            at += CRC.size + len(data)
    return b"".join([*parts, *index, struct.pack(">Q", at)])


PATTERN = Pattern(pattern_file(), 0, LENGTH_S * NS)


@given(st.integers(-(10**6), 10**9), st.integers(1, 10 * LENGTH_S))
def test_a_moved_file_is_sound(start: int, seconds: int) -> None:
    content, until_ns = PATTERN.file(start * NS, (start + seconds) * NS)

    assert start * NS <= until_ns <= (start + seconds) * NS
    if content:
        assert check(io.BytesIO(content), len(content), "it", start * NS, (start + seconds) * NS) > 0


@given(st.integers(1, 10 * LENGTH_S))
def test_a_moved_file_is_whole_up_to_its_end(seconds: int) -> None:
    """No block that begins before that moment is missing."""
    content, until_ns = PATTERN.file(0, seconds * NS)

    wanted = sum(
        turn + first < until_ns / NS
        for blocks in BLOCKS.values()
        for turn in range(0, seconds, LENGTH_S)
        for first, _ in blocks
    )
    found = check(io.BytesIO(content), len(content), "it", 0, seconds * NS) if content else 0
    assert found >= wanted


def day() -> Iterator[tuple[int, str]]:
    for second in range(0, DAY_S, 60):
        slow = f",energy_total_kwh={second}" if second % 600 == 0 else ""
        yield second, f"electricity,meter=house power_w={second * 7 % 997}{slow}"


@pytest.fixture(scope="module")
def store(server: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store that has lived for three days and a bit, in shards of a day."""
    folder = tmp_path_factory.mktemp("store")
    programs = [server("influxd"), server("influx")]
    with stack_in(folder / "pattern", programs) as stack:
        stack.start()
        stack.set_up()
        stack.write(f"{text} {backup.BEGIN + second}" for second, text in day())
        stack.restart(
            "--storage-cache-snapshot-write-cold-duration=1s", "--storage-compact-full-write-cold-duration=2s"
        )
        (file,) = wait_until("the pattern is a file", lambda: list((stack.engine / "data").glob("**/*.tsm")), 60)
        kind = Kind("energy", list(day()), Pattern(file.read_bytes(), backup.BEGIN * NS, DAY_S * NS), 1)
    with backup.opened(folder / "lived", programs, [kind, replace(kind, name="host", keep_days=1)]) as lived:
        lived.begin(backup.BEGIN)
        lived.go_to(backup.BEGIN + 2 * DAY_S)
        lived.go_to(backup.BEGIN + 3 * DAY_S + 40_000)
        lived.go_to(backup.BEGIN + 3 * DAY_S + 43_200)
        yield lived


def stored(store: Store, bucket: str) -> dict[int, float]:
    """Second to power."""
    return {second: fields["power_w"] for second, fields in store.points(bucket, meter="house").items()}


def written(store: Store, start: int, end: int) -> dict[int, float]:
    texts = (line.rpartition(" ") for line in store.kinds[0].lines(start, end))
    return {int(second): float(text.split("power_w=")[1].split(",")[0]) for text, _, second in texts}


@pytest.mark.chain
@pytest.mark.timeout(180)
def test_a_store_has_the_points_of_its_house(store: Store) -> None:
    assert stored(store, "energy") == written(store, backup.BEGIN, store.now)


@pytest.mark.chain
@pytest.mark.timeout(180)
def test_what_is_too_old_goes(store: Store) -> None:
    assert stored(store, "host") == written(store, backup.BEGIN + 2 * DAY_S, store.now)


def test_the_sets_that_a_year_leaves() -> None:
    kept = backup.kept_moments()

    assert 24 + 13 + 6 + 9 <= len(kept) <= 24 + 14 + 8 + 12 + 1
    assert kept[-24:] == list(range(backup.END - 24 * 3600, backup.END, 3600))
    assert kept[0] < backup.BEGIN + 45 * DAY_S


def test_the_table() -> None:
    ours, stock = Spent(0.5, 30.0, 1000, 4000, 0.25, {}), Spent(2.0, 25.0, 12_000, 16_000)
    costs = Costs([ours] * 4, [stock] * 4, [stock], ours, 52, 100_000, 10**8, 0.0)
    rows = [*backup_table.daily(costs), *backup_table.year(costs, (stock, ours))]

    assert {len(row) for row in rows} == {5}
    assert rows[0][1:] == ["4 kB", "48 kB", "12.0", "30"]
    assert rows[2][1:] == ["0.50 s", "2.00 s", "4.0", "4"]
