"""Whether what is brought into a live bucket has the field types that are there.

InfluxDB keeps one type for each field of a shard (float, integer, ...) and refuses to write another. Of files that are
restored it does not look at that. Where a field has two types then, in one shard or in two of a bucket, a query over both is
answered with one of them, with nothing, or with a failure; an emptied shard goes on counting as what it had.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from wattline_backup.errors import BackupError
from wattline_backup.restore.pairs import Pair
from wattline_backup.restore.source import Source
from wattline_backup.restore.target import Target
from wattline_backup.tsm import Field, FieldTypes

Types = Mapping[Field, set[str]]


def demand_fit_for_merge(source: Source, target: Target, found: Sequence[Pair]) -> None:
    """See that nothing that a merge brings gives a field a second type.

    Args:
        source: the bucket of the set.
        target: the live bucket.
        found: all that belongs together, also where nothing is lacking.

    Raises:
        BackupError: it would.
    """
    for pair in found:
        brought = pair.types_of(pair.lacks)
        if brought:
            _demand_one_type(source, target, pair, pair.live_types | brought)
    live = _by_field(pair.live_types for pair in found)
    brought_by_field = _by_field(pair.types_of(pair.lacks) for pair in found)
    for field in _shared(live, brought_by_field):
        if not brought_by_field[field] <= live[field]:
            raise _refusal(source, target, field, brought_by_field[field], live[field])


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
            _demand_one_type(source, target, pair, pair.live_types | pair.types_of(pair.stored))
    live = _by_field(pair.live_types for pair in found)
    stored = _by_field(pair.types_of(pair.stored) for pair in found)
    for field in _shared(live, stored):
        if stored[field] != live[field]:
            raise _refusal(source, target, field, stored[field], live[field])


def _demand_one_type(source: Source, target: Target, pair: Pair, together: FieldTypes) -> None:
    """Of each field, among what is going to be in one shard."""
    for field, types in sorted(_by_field([together]).items()):
        if len(types) > 1:
            raise BackupError(
                f"From {pair.span} the field {field.field} of {field.measurement} would be {_words(types)} in one shard of the live "
                f"bucket {target.name}, and InfluxDB would read only one of them: {_beside(source)}"
            )


def _refusal(source: Source, target: Target, field: Field, stored: Iterable[str], live: Iterable[str]) -> BackupError:
    return BackupError(
        f"The field {field.field} of {field.measurement} is {_words(stored)} in the set and {_words(live)} in the live bucket "
        f"{target.name}, and over both InfluxDB may answer with one of them, or with nothing: {_beside(source)}"
    )


def _beside(source: Source) -> str:
    command = f"wattline-backup restore {source.set.stamp} --bucket {source.bucket} --as {source.bucket}_restored"
    return f"restore it beside, `{command}`."


def _words(types: Iterable[str]) -> str:
    return " and ".join(sorted(types))


def _by_field(all_types: Iterable[FieldTypes]) -> Types:
    found: defaultdict[Field, set[str]] = defaultdict(set)
    for field, name in frozenset[tuple[Field, str]]().union(*all_types):
        found[field].add(name)
    return found


def _shared(first: Types, second: Types) -> Iterator[Field]:
    return iter(sorted(first.keys() & second.keys()))
