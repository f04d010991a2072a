"""What is in a full file of a journal, kept in a small file of JSON beside the state, so that each is read once.

A file is full when it has a successor; nothing is written to it any more. The kept file names the size and the time of change
of the one that it is about; where these are others, or it is damaged, it is made anew.
"""

import json
import zlib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from wattline.journal.files import number_of
from wattline.journal.reader import files_in, folders_in, read
from wattline.log import LOG
from wattline_backup.reconcile.kept import Began, Held, Kept, Reader, bits_of, each, text_of
from wattline_backup.reconcile.lines import HOUR_S

FORM = 6


class Port(NamedTuple):
    """The journal of a port.

    Attributes:
        folder: of it.
        kept: what it has.
        files: those that have points of an hour since 1970, in order.
    """

    folder: Path
    kept: Kept
    files: dict[int, list[Path]]


def ports_in(journal: Path, cache: Path) -> list[Port]:
    """Each port in a journal.

    Args:
        journal: its folder.
        cache: where what is in full files is kept.

    Raises:
        OSError: the journal cannot be read.
    """
    return [_of_port(folder, cache / folder.name) for folder in folders_in(journal)]


def _of_port(folder: Path, cache: Path) -> Port:
    paths = files_in(folder)
    whole, files, next_number = Kept(), defaultdict[int, list[Path]](list), 1
    for path in paths:
        kept = read_file(path) if path == paths[-1] else _of_full(path, cache / f"{path.stem}.json")
        if number_of(path) != next_number:
            # It is whole from here on, and lacks a part of this hour and of the last one before.
            whole.first_s, whole.has_dropped = None, True
            whole.broken |= {max(whole.hours, default=0), (kept.first_s or 0) // HOUR_S}
        next_number = 0 if kept.first_s is None else number_of(path) + 1
        for hour in {hour for hours in kept.points.values() for hour in hours}:
            files[hour].append(path)
        whole.add(kept)
    _forget(cache, {path.stem for path in paths[:-1]})
    return Port(folder, whole, files)


def _of_full(path: Path, place: Path) -> Kept:
    try:
        mark = _mark(path)
        return _from_json(json.loads(_checked(place.read_text())), mark)
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, zlib.error) as error:
        LOG.info("%s is made anew (%s).", place, error)
    if not path.exists():
        # It was the oldest, and went this moment.
        return Kept()
    kept = read_file(path)
    _keep(place, _to_json(kept, _mark(path)))
    return kept


def read_file(path: Path) -> Kept:
    """What is in one file, read now."""
    reader, records, skipped_bytes = Reader(), read(path), 0
    for record in records:
        if records.skipped_bytes > skipped_bytes:
            skipped_bytes = records.skipped_bytes
            reader.note_damage()
        reader.take(record.lines)
    if records.skipped_bytes > skipped_bytes:
        reader.note_damage()
    return reader.kept()


def _keep(place: Path, document: dict[str, Any]) -> None:
    """Losing it costs reading the file again, so it need not be on the disk at once, but never half."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = place.with_name(place.name + ".new")
        text = json.dumps(document, separators=(",", ":"))
        fresh.write_text(f"{text}\n{zlib.crc32(text.encode())}\n")
        fresh.replace(place)
    except OSError as error:
        LOG.warning("%s cannot be written (%s); the journal is read anew each time.", place, error.strerror)


def _checked(text: str) -> str:
    """The document, in a line; the line behind it has its checksum."""
    document, _, checksum = text.partition("\n")
    if checksum.strip() != str(zlib.crc32(document.encode())):
        raise ValueError("its checksum is another")
    return document


def _forget(cache: Path, names: Iterable[str]) -> None:
    """Files of the journal go, the oldest first."""
    for place in cache.glob("*.json"):
        if place.stem not in names:
            place.unlink(missing_ok=True)


def _mark(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _to_json(kept: Kept, mark: list[int]) -> dict[str, Any]:
    numbers: dict[int, int] = {}
    held = [_held_to_json(each_held, numbers) for each_held in (kept.points, kept.again, kept.absent)]
    bits = [text_of(each_bits) for each_bits in numbers]
    began = [[each_began.at, each_began.meters, each_began.offsets] for each_began in kept.began]
    return {
        "form": FORM,
        "file": mark,
        "bits": bits,
        "points": held[0],
        "again": held[1],
        "absent": held[2],
        "began": began,
        "lost": kept.lost,
        "given_up": kept.given_up,
        "broken": sorted(kept.broken),
        "first_s": kept.first_s,
        "lost_from_s": kept.lost_from_s,
        "is_head_lost": kept.is_head_lost,
    }


def _held_to_json(held: Held, numbers: dict[int, int]) -> dict[str, dict[str, dict[str, int]]]:
    """The same seconds are those of most fields, so they stand once and are named by a number."""
    document: dict[str, dict[str, dict[str, int]]] = {}
    for series, hour, name, bits in each(held):
        document.setdefault(series, {}).setdefault(str(hour), {})[name] = numbers.setdefault(bits, len(numbers))
    return document


def _from_json(document: dict[str, Any], mark: list[int]) -> Kept:
    if document["form"] != FORM or document["file"] != mark:
        raise ValueError("it is about another file")
    numbers = [bits_of(text) for text in document["bits"]]
    points, again, absent = (
        {
            series: {int(hour): {name: numbers[at] for name, at in names.items()} for hour, names in hours.items()}
            for series, hours in document[which].items()
        }
        for which in ("points", "again", "absent")
    )
    return Kept(
        points,
        again,
        absent,
        [Began(*each_began) for each_began in document["began"]],
        [(since, at) for since, at in document["lost"]],
        [(at, meter, count) for at, meter, count in document["given_up"]],
        set(document["broken"]),
        document["first_s"],
        lost_from_s=document["lost_from_s"],
        is_head_lost=document["is_head_lost"],
    )
