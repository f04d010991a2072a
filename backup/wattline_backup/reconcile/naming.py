"""Under which further tags InfluxDB has a series of the journal: those that Telegraf puts on every point, ``site`` for one."""

from collections.abc import Mapping
from dataclasses import dataclass

from wattline import fields
from wattline_backup.reconcile.lines import Series, Tags
from wattline_backup.reconcile.stored import Counts


@dataclass(frozen=True)
class Naming:
    """The further tags of a series, hour by hour.

    Attributes:
        now: those that it has now; None where it cannot be told which are ours.
        before: of hours of which there are points under the tags that it had before.
    """

    now: Tags | None
    before: Mapping[int, Tags]

    def at(self, hour: int) -> Tags | None:
        """The further tags in an hour; None where it cannot be told which are ours."""
        return self.before.get(hour, self.now)


def naming_of(series: Series, counts: Counts, ours: Tags) -> Naming:
    """Tell them.

    Args:
        series: as the journal has it.
        counts: what InfluxDB has.
        ours: the tags that our settings say.

    Where InfluxDB has the series under our tags, these are right; under others it was before, if they ended when ours began,
    for another house, which has the same name for a meter, goes on. Where it has it under others alone, and these are one,
    the settings are what is wrong.
    """
    own = fields.TAGS.get(series.measurement, {}).keys() | dict(series.tags)
    found: dict[Tags, set[int]] = {}
    for other, hours in counts.items():
        further = other.tags - series.tags
        if (
            other.measurement == series.measurement
            and other.tags >= series.tags
            and not own & {name for name, _ in further}
        ):
            found[further] = set(hours)
    if ours in found:
        begin = min(found[ours])
        former = {tags: hours for tags, hours in found.items() if tags != ours and max(hours) <= begin}
        return Naming(ours, {hour: tags for tags, hours in former.items() for hour in hours - found[ours]})
    if len(found) > 1:
        return Naming(None, {})
    return Naming(next(iter(found), ours), {})
