"""The files of a journal: where a start goes on, what becomes of a torn tail, and which files go.

| fault | test |
|---|---|
| a restart begins a new file, or writes over what is there | test_a_start_goes_on_in_the_last_file |
| a torn tail stays, is told twice, or costs more than itself | test_a_torn_tail_is_cut_off_and_told_once |
| ... or a sound record behind a bad one is written over | test_what_is_sound_behind_what_is_not_is_kept |
| a file that is not whole in its size is gone on in | test_a_file_of_another_size_is_left_as_it_is |
| ... or, where it ends within a record, nobody is told, or twice | test_a_file_that_is_cut_short_within_a_record_is_told_once |
| a file does not stand for itself | test_each_file_begins_with_what_the_process_is |
| a group is cut by the end of a file | test_a_group_that_has_no_room_goes_into_the_next_file |
| a group that is larger than a file is lost, or out of order | test_a_group_larger_than_a_file_is_split |
| ... or a line that fits into none | test_a_line_that_fits_into_no_file_is_told |
| who reads meanwhile reads half of something, or twice | test_what_is_read_while_it_is_written_is_true |
| the disk fills | test_the_oldest_go_where_there_are_too_many |
| old files stay, or young ones go | test_what_is_older_than_it_shall_be_goes |
| ... by a clock that is not believed | test_a_clock_that_is_not_believed_deletes_nothing |
| ... or a wrong stamp of once keeps all of them | test_a_stamp_that_has_not_come_keeps_nothing |
| ... or a clock that is far ahead for minutes deletes a week | test_a_clock_that_is_far_ahead_for_a_while_deletes_no_week |
| ... or a pause keeps what was before it for ever | test_after_a_long_pause_what_is_old_goes_with_time |
| two processes write into one folder | test_a_second_writer_is_refused |
| ... or one that comes while the other ends goes without a journal | test_who_comes_while_another_ends_waits_for_it |
| what goes past the page cache is not on the disk, or not taken | test_each_way_to_write_gives_the_same_file |
| ... and a disk with large sectors harms a record when it writes the next | test_no_write_touches_what_was_written |
| a file that was half made is taken for one | test_a_file_that_was_half_made_is_none |
| the folder is taken away, and lines go nowhere | test_a_file_that_was_deleted_is_no_place |
| the sum of what went to the disk is another | test_what_was_written_is_counted |
"""

import errno
import fcntl
import logging
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from waiting import meanwhile
from wattline.journal import sectors, writer
from wattline.journal.files import FILE_BYTES, path_of
from wattline.journal.limits import Limits
from wattline.journal.reader import files_in, read
from wattline.journal.record import SECTOR_BYTES
from wattline.journal.writer import Writer

HEAD = '#{"began":"1"}'
DAY_S = 86_400
NOW_S = 1_900_000_000
NS = 1_000_000_000


def line(second: int = NOW_S) -> str:
    return f"electricity,meter=house power_w={second % 997} {second * NS}"


def long_line(size: int = 20_000) -> str:
    """One that no compression makes shorter than that."""
    return f'run_info name="{random.Random().randbytes(size).hex()}" {NOW_S * NS}'


def lines_in(folder: Path) -> list[str]:
    return [line for path in files_in(folder) for record in read(path) for line in record.lines]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal" / "port"


Open = Callable[..., Writer]


@pytest.fixture
def opened(folder: Path) -> Iterator[Open]:
    """A writer; each lets go of the folder before the next, as a process does."""
    writers: list[Writer] = []

    def close() -> None:
        while writers:
            writers.pop().close()

    def begin(limits: Limits | None = None, now_s: float | None = NOW_S) -> Writer:
        close()
        writers.append(Writer(folder, lambda: HEAD, limits or Limits(), lambda: now_s))
        return writers[-1]

    yield begin
    close()


def test_a_start_goes_on_in_the_last_file(opened: Open, folder: Path) -> None:
    for second in range(5):
        opened().commit([line(second)])
    assert len(files_in(folder)) == 1
    assert lines_in(folder) == [text for second in range(5) for text in (HEAD, line(second))]


@pytest.mark.parametrize("junk", [b"\x5a" * 700, b"WLJ1" + b"\x01" * 700, b"\0" * 600 + b"x"])
def test_a_torn_tail_is_cut_off_and_told_once(
    opened: Open, folder: Path, caplog: pytest.LogCaptureFixture, junk: bytes
) -> None:
    caplog.set_level(logging.INFO)
    opened().commit([line()])
    (path,) = files_in(folder)
    records = read(path)
    records.pass_over()
    data = bytearray(path.read_bytes())
    data[records.end : records.end + len(junk)] = junk
    path.write_bytes(data)
    opened()
    (told,) = caplog.messages
    assert str(path) in told
    assert "1024 bytes" in told
    assert not path.read_bytes()[records.end :].strip(b"\0")
    opened().commit([line(1)])
    assert len(caplog.messages) == 1
    assert lines_in(folder) == [HEAD, line(), HEAD, line(1)]


def test_what_is_sound_behind_what_is_not_is_kept(opened: Open, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    writer = opened()
    for second in range(3):
        writer.commit([line(second)])
    (path,) = files_in(folder)
    data = bytearray(path.read_bytes())
    data[SECTOR_BYTES + 20] ^= 1
    path.write_bytes(data)
    opened().commit([line(3)])
    assert lines_in(folder) == [HEAD, line(0), line(2), HEAD, line(3)]
    assert caplog.messages == []


def test_a_file_of_another_size_is_left_as_it_is(opened: Open, folder: Path) -> None:
    opened().commit([line(0)])
    (path,) = files_in(folder)
    os.truncate(path, 3 * SECTOR_BYTES)
    before = path.read_bytes()
    opened().commit([line(1)])
    assert path.read_bytes() == before
    assert lines_in(folder) == [HEAD, line(0), HEAD, line(1)]
    assert [file.name for file in files_in(folder)] == ["00000001.journal", "00000002.journal"]


def test_a_file_that_is_cut_short_within_a_record_is_told_once(
    opened: Open, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As a file system does that was mended after a power cut."""
    caplog.set_level(logging.INFO)
    opened().commit([line(0)])
    opened().commit([line(1), long_line(2000)])
    (path,) = files_in(folder)
    os.truncate(path, SECTOR_BYTES + 700)
    for second in (2, 3):
        opened().commit([line(second)])
    (told,) = caplog.messages
    assert str(path) in told
    assert "ends within a record" in told
    assert "last 700 bytes are passed over" in told
    assert lines_in(folder) == [text for second in (0, 2, 3) for text in (HEAD, line(second))]


def test_each_file_begins_with_what_the_process_is(opened: Open, folder: Path) -> None:
    writer = opened()
    for _ in range(20):
        writer.commit([long_line()])
    assert len(files_in(folder)) > 1
    for path in files_in(folder):
        first, *others = [record.lines for record in read(path)]
        assert first[0] == HEAD
        assert not any(HEAD in lines for lines in others)


def test_a_group_that_has_no_room_goes_into_the_next_file(opened: Open, folder: Path) -> None:
    writer = opened()
    said = [[long_line(), line(second)] for second in range(20)]
    for lines in said:
        writer.commit(lines)
    assert all(path.stat().st_size == FILE_BYTES for path in files_in(folder))
    assert [text for text in lines_in(folder) if text != HEAD] == [text for lines in said for text in lines]


def test_a_group_larger_than_a_file_is_split(opened: Open, folder: Path) -> None:
    said = [long_line() for _ in range(50)]
    opened().commit(said)
    assert [text for text in lines_in(folder) if text != HEAD] == said


def test_a_line_that_fits_into_no_file_is_told(opened: Open, folder: Path) -> None:
    """None is so long that Telegraf would take it; but nothing is left out in silence."""
    with pytest.raises(OSError, match="File too large"):
        opened().commit([long_line(400_000)])
    opened().commit([line()])
    assert lines_in(folder)[-1] == line()


def test_what_is_read_while_it_is_written_is_true(opened: Open, folder: Path) -> None:
    """And whoever goes on where he was reads each line once."""
    said = [[line(second), long_line(1500)] for second in range(150)]
    writer = opened()
    found: list[str] = []
    begin: dict[Path, int] = {}

    def write() -> None:
        for lines in said:
            writer.commit(lines)

    with meanwhile(write):
        for _ in range(60):
            for path in files_in(folder) if folder.exists() else []:
                records = read(path, begin.get(path, 0))
                found += [text for record in records for text in record.lines]
                begin[path] = records.end
    for path in files_in(folder):
        found += [text for record in read(path, begin.get(path, 0)) for text in record.lines]
    assert [text for text in found if text != HEAD] == [text for lines in said for text in lines]


def test_the_oldest_go_where_there_are_too_many(opened: Open, folder: Path) -> None:
    """A megabyte has room for three files."""
    writer = opened(Limits(mb=1))
    said = [long_line() for _ in range(80)]
    for text in said:
        writer.commit([text])
        assert sum(path.stat().st_size for path in folder.iterdir()) <= 1_000_000
    kept = [text for text in lines_in(folder) if text != HEAD]
    assert kept == said[-len(kept) :]
    last = int(files_in(folder)[-1].stem)
    assert len(files_in(folder)) == 3
    assert writer.dropped == last - 3


def fill(opened: Open, seconds: list[int], **options: object) -> Writer:
    """A file for each of ``seconds``, each with lines of that second alone."""
    for second in seconds:
        writer = opened(**options)
        writer.commit([line(second)])
        if second != seconds[-1]:
            writer._begin_next()
    return writer


def half_days(count: int, until_s: int = NOW_S) -> list[int]:
    """So many, the last of them at ``until_s``."""
    return [until_s - n * DAY_S // 2 for n in reversed(range(count))]


def test_what_is_older_than_it_shall_be_goes(opened: Open, folder: Path) -> None:
    """Of a file the next one's begin tells when it ended: the last that stays ended seven days ago."""
    seconds = half_days(20)
    fill(opened, seconds, limits=Limits(days=30))
    writer = opened(Limits(days=7))
    writer.commit([line()])
    assert writer.dropped == 4
    assert [text for text in lines_in(folder) if text != HEAD] == [*map(line, seconds[4:]), line()]


def test_a_clock_that_is_not_believed_deletes_nothing(opened: Open, folder: Path) -> None:
    fill(opened, half_days(20), limits=Limits(days=30))
    writer = opened(Limits(days=7), now_s=None)
    writer.commit([line()])
    assert writer.dropped == 0
    assert len(files_in(folder)) == 20


def test_a_stamp_that_has_not_come_keeps_nothing(opened: Open, folder: Path) -> None:
    """A clock that was wrong for once; the files beside it tell how old this one is."""
    seconds = half_days(20)
    fill(opened, [*seconds[:2], NOW_S + 900 * DAY_S, *seconds[3:]], limits=Limits(days=3000))
    writer = opened(Limits(days=7))
    writer.commit([line()])
    assert writer.dropped == 4


@pytest.mark.parametrize("files", [0, 1, 3])
def test_a_clock_that_is_far_ahead_for_a_while_deletes_no_week(opened: Open, folder: Path, files: int) -> None:
    """It is believed, and so many files are begun by it; each jump makes the journal a day older, and is over in a day."""
    ahead_s = NOW_S + 400 * DAY_S
    fill(opened, half_days(14), limits=Limits(days=30))
    writer = opened(Limits(days=7), now_s=ahead_s)
    writer.commit([line(ahead_s)])
    for n in range(files):
        writer._begin_next()
        writer.commit([line(ahead_s + n)])
    assert writer.dropped <= 2
    writer = opened(Limits(days=7))
    writer.commit([line()])
    assert writer.dropped == 0
    assert len(files_in(folder)) >= 12 + files


def test_after_a_long_pause_what_is_old_goes_with_time(opened: Open, folder: Path) -> None:
    """Nothing ran for a month; as the journal goes on, that is forgotten by and by."""
    month_s = NOW_S - 30 * DAY_S
    fill(opened, [*half_days(14, month_s), *half_days(16)], limits=Limits(days=300))
    writer = opened(Limits(days=7))
    writer.commit([line()])
    assert writer.dropped == 14


def test_a_second_writer_is_refused(opened: Open, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "HAND_OVER_S", 0.1)
    opened()
    with pytest.raises(OSError, match="temporarily unavailable") as caught:
        Writer(folder, lambda: HEAD, Limits(), lambda: NOW_S)
    assert caught.value.errno == errno.EAGAIN


def test_who_comes_while_another_ends_waits_for_it(opened: Open, folder: Path) -> None:
    """As when Telegraf is killed and started again at once."""
    other = Writer(folder, lambda: HEAD, Limits(), lambda: NOW_S)
    # It holds the journal for a while: the time itself is what is tried.
    with meanwhile(lambda: time.sleep(0.2), lambda: other.commit([line(0)]), other.close):
        opened().commit([line(1)])
    assert lines_in(folder) == [HEAD, line(0), HEAD, line(1)]


@pytest.mark.parametrize("way", range(len(sectors.WAYS)))
def test_each_way_to_write_gives_the_same_file(
    opened: Open, folder: Path, way: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a way is refused the next one is taken."""
    real, taken = os.pwrite, []

    def pwrite(descriptor: int, data: bytes, offset: int) -> int:
        is_direct = bool(fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_DIRECT)
        is_small = (len(data) | offset) % 4096
        if is_direct and (way == 2 or (way == 1 and is_small)):
            raise OSError(errno.EINVAL, "Invalid argument")
        taken.append((is_direct, len(data), offset))
        return real(descriptor, data, offset)

    monkeypatch.setattr(os, "pwrite", pwrite)
    for second in range(3):
        opened().commit([line(second)])
        opened().commit([long_line()])
    assert len([text for text in lines_in(folder) if text != HEAD]) == 6
    flags, block = sectors.WAYS[way]
    assert {is_direct for is_direct, _, _ in taken} == {bool(flags)}
    assert all(size % block == 0 and offset % block == 0 for _, size, offset in taken)


@pytest.mark.parametrize("block", [512, 4096])
def test_no_write_touches_what_was_written(
    opened: Open, folder: Path, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sectors, "WAYS", ((0, block),))
    real, written = os.pwrite, []

    def pwrite(descriptor: int, data: bytes, offset: int) -> int:
        if bytes(data).strip(b"\0"):
            written.append(range(offset, offset + len(data)))
        return real(descriptor, data, offset)

    monkeypatch.setattr(os, "pwrite", pwrite)
    for second in range(6):
        opened().commit([line(second)])
    assert len(files_in(folder)) == 1
    assert all(one.stop <= other.start for one, other in pairwise(written))
    assert all(one.start % block == 0 for one in written)


def test_a_file_that_was_half_made_is_none(opened: Open, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "00000001.new").write_bytes(b"half")
    opened().commit([line()])
    assert [path.name for path in folder.iterdir()] == ["00000001.journal"]
    assert lines_in(folder) == [HEAD, line()]


def test_a_file_that_was_deleted_is_no_place(opened: Open, folder: Path) -> None:
    writer = opened()
    writer.commit([line()])
    path_of(folder, 1).unlink()
    with pytest.raises(OSError, match="No such file"):
        writer.commit([line()])


def test_what_was_written_is_counted(folder: Path) -> None:
    with closing(Writer(folder, lambda: HEAD, Limits(), lambda: NOW_S)) as writer:
        writer.commit([line()])
        begun = writer.written_bytes
        writer.commit([line()])
        assert FILE_BYTES < begun <= FILE_BYTES + 4096 * 2
        assert writer.written_bytes - begun in (SECTOR_BYTES, 4096)
