"""A shard's archive is read to its very end, however it is cut into pieces, and whatever is wrong with it is an error.

| fault | test |
|---|---|
| pieces of another length give something else | test_any_pieces_give_the_same_members |
| an archive that was cut off anywhere is taken for whole | test_a_cut_archive_is_refused, test_a_cut_gzip_is_refused |
| what a failing server appends is passed over | test_what_stands_behind_the_end_is_refused |
| a wrong byte in a head is passed over | test_a_damaged_head_is_refused |
| what comes unpacked is stored unpacked, or with the time in it | test_what_comes_unpacked_is_packed_alike_each_time |
| what was stored cannot be told from what came | test_what_is_stored_reads_as_it_came |
| a folder in the archive is taken for a file | test_folders_are_passed_over |
"""

import gzip
import io
import tarfile
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattline_backup.archive import BLOCK, Gunzip, Member, TarReader, checksum, read_stored, store
from wattline_backup.errors import ArchiveError

WHAT = "shard 7 of energy"
FILES = st.dictionaries(
    st.from_regex(r"\A0000000[0-9]{2}-00000000[1-4]\.(tsm|tombstone)\Z"), st.binary(max_size=3 * BLOCK), max_size=5
)


def tar_of(files: dict[str, bytes], *, folder: str = "0123456789abcdef/autogen/7/") -> bytes:
    """As InfluxDB makes it: the files, then two zero blocks and nothing more."""
    whole = io.BytesIO()
    for name, content in files.items():
        info = tarfile.TarInfo(folder + name)
        info.size, info.mtime = len(content), 1_760_000_000
        whole.write(info.tobuf(tarfile.USTAR_FORMAT) + content + bytes(-len(content) % BLOCK))
    return whole.getvalue() + bytes(2 * BLOCK)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    borders = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:stop] for start, stop in pairwise(borders)]


def read(data: bytes, cuts: list[int] | None = None) -> list[Member]:
    reader = TarReader(WHAT)
    for piece in pieces(data, cuts or []):
        reader.feed(piece)
    return reader.close()


@given(FILES, st.lists(st.integers(0, 10_000), max_size=8))
def test_any_pieces_give_the_same_members(files, cuts):
    gathered = {}

    def open_member(member):
        gathered[member.name] = b""

        def take(piece):
            gathered[member.name] += piece

        return take

    reader = TarReader(WHAT, open_member)
    for piece in pieces(tar_of(files), cuts):
        reader.feed(piece)
    assert reader.close() == [Member(name, len(content), 1_760_000_000.0) for name, content in files.items()]
    assert gathered == files


@given(FILES, st.data())
def test_a_cut_archive_is_refused(files, data):
    whole = tar_of(files)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ArchiveError, match="cut off"):
        read(whole[:cut])


@given(FILES, st.binary(min_size=1, max_size=2 * BLOCK))
def test_what_stands_behind_the_end_is_refused(files, more):
    with pytest.raises(ArchiveError):
        read(tar_of(files) + more)


def test_a_message_in_json_behind_the_end_is_named():
    more = b'{"code":"internal error","message":"unexpected EOF"}'.ljust(BLOCK)
    with pytest.raises(ArchiveError, match="InfluxDB failed while it sent it"):
        read(tar_of({"000000001-000000001.tsm": b"points"}) + more)


@pytest.mark.parametrize("at", [0, 100, 130, 150, 257])
def test_a_damaged_head_is_refused(at):
    whole = bytearray(tar_of({"000000001-000000001.tsm": b"points"}))
    whole[at] ^= 0x41
    with pytest.raises(ArchiveError):
        read(bytes(whole))


@given(st.binary(min_size=1, max_size=2000), st.data())
def test_a_cut_gzip_is_refused(content, data):
    whole = gzip.compress(content)
    gunzip = Gunzip(WHAT)
    gunzip.feed(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(ArchiveError, match="cut off"):
        gunzip.close()


def test_what_stands_behind_the_end_of_a_gzip_is_refused():
    with pytest.raises(ArchiveError, match="Behind the end"):
        Gunzip(WHAT).feed(gzip.compress(b"points") + b"more")


@pytest.mark.parametrize("is_gzip", [True, False])
def test_what_is_stored_reads_as_it_came(tmp_path, is_gzip):
    tar = tar_of({"000000001-000000001.tsm": b"points" * 500, "000000001-000000001.tombstone": b"none"})
    sent = gzip.compress(tar) if is_gzip else tar
    with (tmp_path / "shard").open("wb") as to:
        stored = store(pieces(sent, [3, 700, 701]), to, WHAT, is_gzip=is_gzip)
    assert gzip.decompress((tmp_path / "shard").read_bytes()) == tar
    assert read_stored(tmp_path / "shard", WHAT) == stored
    assert stored.tar_sha256 == checksum([tar], WHAT, is_gzip=False) == checksum([sent], WHAT, is_gzip=is_gzip)
    assert [member.is_tsm for member in stored.members] == [True, False]


def test_what_comes_unpacked_is_packed_alike_each_time():
    tar = tar_of({"000000001-000000001.tsm": b"points"})
    once, again = io.BytesIO(), io.BytesIO()
    assert store([tar], once, WHAT, is_gzip=False) == store(pieces(tar, [9]), again, WHAT, is_gzip=False)
    assert once.getvalue() == again.getvalue()


def test_folders_are_passed_over():
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        folder = tarfile.TarInfo("0123456789abcdef/autogen/7")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
    assert read(whole.getvalue()[: 3 * BLOCK]) == []
