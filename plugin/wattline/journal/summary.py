"""What there is of the journal of one port, in a few numbers."""

from pathlib import Path

from wattline.clock import NS
from wattline.journal.notes import is_note, of_line
from wattline.journal.reader import files_in, read, stamps_ns


def summary(folder: Path) -> dict[str, object]:
    """The port, its files and bytes, its lines and notes, the first and the last stamp in seconds since 1970, and torn bytes.

    Raises:
        OSError: it cannot be read.
    """
    port: object = None
    first_ns, last_ns = None, None
    sizes: list[int] = []
    lines = notes = torn_bytes = 0
    for path in files_in(folder):
        records = read(path)
        for record in records:
            stamps = stamps_ns(record.lines)
            lines, notes = lines + len(stamps), notes + len(record.lines) - len(stamps)
            if stamps:
                first_ns = min([*stamps, first_ns or stamps[0]])
                last_ns = max([*stamps, last_ns or stamps[0]])
            said = (of_line(line) for line in record.lines if is_note(line))
            port = next((note["port"] for note in said if note and "port" in note), port)
        torn_bytes += records.skipped_bytes
        if records.bytes:
            # Else it was dropped meanwhile.
            sizes.append(records.bytes)
    return {
        "folder": str(folder),
        "port": port,
        "files": len(sizes),
        "bytes": sum(sizes),
        "lines": lines,
        "notes": notes,
        "first_s": None if first_ns is None else first_ns // NS,
        "last_s": None if last_ns is None else last_ns // NS,
        "torn_bytes": torn_bytes,
    }
