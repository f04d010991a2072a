"""What somebody should know who looks at the sets, in sentences: what is late, and what was never done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wattline_backup import sheet
from wattline_backup.household import DAY_S, HOUR_S, age_in_words
from wattline_backup.sheet import Confirmed
from wattline_backup.state import RESTORED, SetState

# Three of the timer's hours, and a week with a day to spare: as the alerts of grafana/provisioning/alerting/backup.yaml.
LATE_S = 3 * HOUR_S
UNPROVEN_S = 8 * DAY_S
# Copies leave the house each day.
OFFSITE_LATE_S = 2 * DAY_S


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known.

    Attributes:
        now_s: the time, in seconds since 1970.
        newest_s: when the newest set was begun; None where there is no set.
        states: what was found out about the sets.
        damaged: the stamps of sets that cannot be read.
        sheet_confirmed: whether somebody said that the recovery sheet lies outside the house.
        unfinished: what to do about restores that were cut off, in sentences.
    """

    now_s: float
    newest_s: float | None
    states: Sequence[SetState]
    damaged: Sequence[str] = ()
    sheet_confirmed: Confirmed = Confirmed.NEVER
    unfinished: Sequence[str] = ()


def nags(situation: Situation) -> list[str]:
    """The sentences; none where all is well."""
    return [sentence for nag in NAGS if (sentence := nag(situation))]


def _late(situation: Situation) -> str:
    if situation.newest_s is None:
        return "There is no set yet: `wattline-backup run` makes one."
    if situation.newest_s > situation.now_s:
        return "The newest set is of the future, and no new one is made until then: set the clock, or remove that set."
    age_s = situation.now_s - situation.newest_s
    if age_s <= LATE_S:
        return ""
    return (
        f"The newest set is {age_in_words(age_s)} old, and there should be one each hour: `systemctl status "
        "wattline-backup.timer` and `journalctl -u wattline-backup` tell why there is none."
    )


def _unproven(situation: Situation) -> str:
    proofs = [each.verified_s for each in situation.states if each.verified_s and each.verified_how == RESTORED]
    if situation.newest_s is None:
        return ""
    if not proofs:
        return "No set was ever proven to restore: `wattline-backup verify --latest --restore` proves the newest."
    age_s = situation.now_s - max(proofs)
    if age_s <= UNPROVEN_S:
        return ""
    return (
        f"The last proof that a set restores is {age_in_words(age_s)} old, and there should be one each week: "
        "`journalctl -u wattline-backup-verify` tells why there is none."
    )


def _offsite(situation: Situation) -> str:
    """Only where copies leave the house at all; whether they should is said when that is set up."""
    copies = [each.offsite_s for each in situation.states if each.offsite_s]
    if not copies or situation.now_s - max(copies) <= OFFSITE_LATE_S:
        return ""
    return (
        f"The last copy that left the house is {age_in_words(situation.now_s - max(copies))} old, and there should be one "
        "each day: `journalctl -u wattline-backup-offsite` tells why there is none."
    )


def _damaged(situation: Situation) -> str:
    if not situation.damaged:
        return ""
    return f"Damaged, and kept until somebody has looked and removed it: {', '.join(situation.damaged)}."


def _unfinished(situation: Situation) -> str:
    return " ".join(situation.unfinished)


def _sheet(situation: Situation) -> str:
    # Before there is a copy outside, there is nothing that it opens.
    return sheet.nag(situation.sheet_confirmed) if any(each.offsite_s for each in situation.states) else ""


NAGS: tuple[Callable[[Situation], str], ...] = (_unfinished, _late, _unproven, _offsite, _damaged, _sheet)
