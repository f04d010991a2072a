"""Whether what is brought into a live bucket has the field types that are there.

InfluxDB keeps one type for each field of a shard (float, integer, ...) and refuses to write another. Of files that are
restored it does not look at that. Where a field has two types then, in one shard or in two of a bucket, a query over both is
answered with one of them, with nothing, or with a failure. A shard remembers a type also where no value of it is left, and
shows nothing of another then; so InfluxDB is asked as well, which tells that as long as the measurement has another series.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from shlex import join
from urllib.parse import urlencode

from wattline_backup.errors import BackupError
from wattline_backup.restore.pairs import Pair
from wattline_backup.restore.source import Source
from wattline_backup.restore.target import Target
from wattline_backup.tsm import Field, FieldTypes

# As the index of a file calls it, and as InfluxQL does.
UNSIGNED, UNSIGNED_IN_INFLUXQL = "unsigned integer", "unsigned"

Types = Mapping[Field, set[str]]


def demand_fit_for_merge(source: Source, target: Target, found: Sequence[Pair]) -> None:
    """See that nothing that a merge brings gives a field of the bucket a second type.

    A bucket that has two types of a field already gets nothing of that field: InfluxDB may show what it has of the one, and
    with a further day of the other no more.

    Args:
        source: the bucket of the set.
        target: the live bucket.
        found: all that belongs together, also where nothing is lacking.

    Raises:
        BackupError: it would.
    """
    for pair in found:
        _demand_one_type(source, target, pair, pair.types_of(pair.lacks))
    live = _by_field([_remembered(target), *(pair.live_types for pair in found)])
    brought = _by_field(pair.types_of(pair.lacks) for pair in found)
    for field in sorted(live.keys() & brought.keys()):
        if len(live[field] | brought[field]) > 1:
            raise _refusal(source, target, field, brought[field], live[field])


def demand_fit_for_swap(source: Source, target: Target, found: Sequence[Pair]) -> None:
    """See that no field had another type when the set was made.

    Args:
        source: the bucket of the set.
        target: the live bucket.
        found: all that belongs together, also where nothing differs.

    Raises:
        BackupError: one had.
    """
    for pair in found:
        if pair.differs:
            _demand_one_type(source, target, pair, pair.types_of(pair.stored))
    live = _by_field(pair.live_types for pair in found)
    stored = _by_field(pair.types_of(pair.stored) for pair in found)
    for field in sorted(live.keys() & stored.keys()):
        if stored[field] != live[field]:
            raise _refusal(source, target, field, stored[field], live[field])


def _demand_one_type(source: Source, target: Target, pair: Pair, brought: FieldTypes) -> None:
    """Of each field, among what is going to be in one shard."""
    together, fields = _by_field([pair.live_types, brought]), {field for field, _ in brought}
    for field in sorted(fields):
        if len(together[field]) > 1:
            raise BackupError(
                f"From {pair.span} the field {field.field} of {field.measurement} would be {_words(together[field])} in one shard "
                f"of the live bucket {target.name}, and InfluxDB would read only one of them: {_beside(source)}"
            )


def _remembered(target: Target) -> FieldTypes:
    """What InfluxDB says of the bucket.

    InfluxQL knows it by a mapping; where it knows none, as of another organisation than the token's, nothing is said.
    """
    words = urlencode({"orgID": target.organisation_id, "bucketID": target.id})
    mapping = next(iter(target.server.ask("GET", f"/api/v2/dbrps?{words}").get("content") or []), None)
    if mapping is None:
        return frozenset()
    words = urlencode({"db": mapping["database"], "rp": mapping["retention_policy"], "q": "SHOW FIELD KEYS"})
    with target.server.request("GET", f"/query?{words}", headers={"Accept": "application/csv"}) as response:
        rows = csv.DictReader(io.StringIO(response.data.decode()))
        said = [(row.get("name"), row.get("fieldKey"), row.get("fieldType")) for row in rows]
    return frozenset(
        (Field(name, field), UNSIGNED if kind == UNSIGNED_IN_INFLUXQL else kind)
        for name, field, kind in said
        if name and field and kind
    )


def _refusal(source: Source, target: Target, field: Field, stored: Iterable[str], live: Iterable[str]) -> BackupError:
    return BackupError(
        f"The field {field.field} of {field.measurement} is {_words(stored)} in the set and {_words(live)} in the live bucket "
        f"{target.name}, and over both InfluxDB may answer with one of them, or with nothing: {_beside(source)}"
    )


def _beside(source: Source) -> str:
    words = ["restore", source.set.stamp, "--bucket", source.bucket, "--as", f"{source.bucket}_restored"]
    return f"restore it beside, `{join(['wattline-backup', *words])}`."


def _words(types: Iterable[str]) -> str:
    return " and ".join(sorted(types))


def _by_field(all_types: Iterable[FieldTypes]) -> Types:
    found: defaultdict[Field, set[str]] = defaultdict(set)
    for field, name in frozenset[tuple[Field, str]]().union(*all_types):
        found[field].add(name)
    return found
