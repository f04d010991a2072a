"""How much speaks for one model, and which of several is the most likely. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wattline.bus.settings import LineSettings
from wattline.meters import Model
from wattline.scan.evidence import Agreement, Law, agreements, plausible
from wattline.scan.order import VOLTAGES, has_settings

FREQUENCY = "frequency_hz"
# A line that is not connected truly tells 0 V; as evidence for a model that is worth nothing.
LEAST_MAINS_V = 80
AGREEMENTS_SHOWN = 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one device's registers say when they are read as those of one model.

    Attributes:
        model: the model.
        settings: those at which the device answers.
        identity: what the identity register holds; None when the model has none or it was not answered.
        values: field to value of what is plausible.
        missing: rows that the device does not answer, or not plausibly.
    """

    model: Model
    settings: LineSettings
    identity: int | None
    values: Mapping[str, float]
    missing: int

    @property
    def is_identified(self) -> bool:
        """Whether the identity register says that it is this model."""
        known = self.model.identity
        return known is not None and self.identity in known.expected

    @property
    def has_mains(self) -> bool:
        """Whether a voltage is one of the mains, and the frequency plausible."""
        return bool(self.mains_voltages) and FREQUENCY in self.values

    @property
    def mains_voltages(self) -> list[str]:
        """The fields that tell a voltage of the mains."""
        return [field for field in VOLTAGES if self.values.get(field, 0) >= LEAST_MAINS_V]

    @property
    def agreements(self) -> list[Agreement]:
        """What the values say about each other."""
        return agreements(self.model, self.values)

    @property
    def laws(self) -> set[Law]:
        """What became of the laws that could be tried."""
        return {agreement.law for agreement in self.agreements}

    @property
    def is_broken(self) -> bool:
        """Whether values contradict each other and none agree."""
        return Law.BROKEN in self.laws and Law.KEPT not in self.laws

    @property
    def is_consistent(self) -> bool:
        """Whether voltage, frequency and a third value agree."""
        return self.has_mains and Law.KEPT in self.laws

    @property
    def is_likely(self) -> bool:
        """Whether it may be named at all: known by its register, or by its values as far as they can be tried."""
        if self.is_identified:
            return True
        has_frequency = any(row.field == FREQUENCY for row in self.model.rows)
        if not has_frequency:
            return bool(self.mains_voltages) and Law.KEPT in self.laws
        return self.has_mains and bool(self.laws) and not self.is_broken

    @property
    def is_certain(self) -> bool:
        """Whether nothing that it says is against it."""
        return self.is_identified or (self.is_consistent and self.missing == 0 and not self.doubt)

    @property
    def doubt(self) -> str:
        """Why this is no more than a guess; empty when it is none."""
        if self.is_identified:
            return ""
        if self.identity is not None and self.model.identity:
            return (
                f"its register 0x{self.model.identity.address:04X} says 0x{self.identity:04X}, which is another model's"
            )
        if not self.has_mains:
            return "the model tells no frequency"
        return "" if self.is_consistent else "too little current flows to compare its values"

    @property
    def rank(self) -> tuple[int, ...]:
        """The greater, the likelier."""
        is_factory = self.settings == self.model.settings
        return (
            self.is_identified,
            self.identity is None,
            self.is_consistent,
            -self.missing,
            self.model.phases,
            is_factory + has_settings(self.model, self.settings),
            len(self.model.rows),
        )

    @property
    def evidence(self) -> list[str]:
        """What speaks for it, in phrases for people."""
        phrases = []
        if self.is_identified and self.model.identity:
            phrases.append(f"register 0x{self.model.identity.address:04X} says 0x{self.identity:04X}")
        mains = list(plausible(self.model, self.values, [*self.mains_voltages, FREQUENCY]))
        if mains:
            phrases.append(", ".join(mains))
        kept = [agreement.sentence for agreement in self.agreements if agreement.law is Law.KEPT]
        return phrases + kept[:AGREEMENTS_SHOWN]


def ranked(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Those that may be named, the likeliest first; among register-identical siblings the one whose table it is."""
    likely = [verdict for verdict in verdicts if verdict.is_likely]
    by_name = sorted(likely, key=lambda verdict: (verdict.model.name != verdict.model.table_of, verdict.model.name))
    return sorted(by_name, key=lambda verdict: verdict.rank, reverse=True)


def equals(verdicts: list[Verdict]) -> list[Verdict]:
    """The others of ``verdicts`` (ranked) that are as likely as the first."""
    return [verdict for verdict in verdicts[1:] if verdict.rank == verdicts[0].rank]
