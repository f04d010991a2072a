"""How a meter that does not answer is left in peace: asked ever more rarely, and said so once."""

from wattline.log import LOG, state

# So many slots without any answer, and the meter is taken to be away.
SILENT_SLOTS = 3
FIRST_S = 1.0
LONGEST_S = 30.0
# The wall clock is slewed: what is due in a second is due in the slot nearest to it.
SLACK_S = 0.25


class Rest:
    """When one meter is asked again.

    Args:
        name: the meter's, for the log.
        is_alone: whether it has the bus to itself; then it is asked in every slot, since nobody suffers from it.
    """

    def __init__(self, name: str, *, is_alone: bool = False) -> None:
        self._name = name
        self._state = state(f"{name}: there")
        self._is_alone = is_alone
        self._silent_slots = 0
        self._since_s = 0.0
        self._pause_s = FIRST_S
        self.until_s = 0.0

    @property
    def is_away(self) -> bool:
        """Whether it is taken to be away."""
        return self._silent_slots >= SILENT_SLOTS

    def is_over(self, now_s: float) -> bool:
        """Whether it may be asked in a slot that begins at ``now_s``."""
        return self._is_alone or now_s >= self.until_s - SLACK_S

    def was_silent(self, now_s: float) -> None:
        """It was asked in a slot that began at ``now_s``, and said nothing."""
        self._silent_slots += 1
        if self._silent_slots == 1:
            self._since_s = now_s
        if not self.is_away:
            return
        if self._silent_slots == SILENT_SLOTS:
            self._tell()
        self.until_s = now_s + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_S)

    def was_heard(self, now_s: float) -> None:
        """It answered in a slot that began at ``now_s``."""
        if self.is_away:
            away_s = now_s - self._since_s
            LOG.info("%s: It answers again after %.0f s.", self._name, away_s, extra=self._state)
        self._silent_slots, self._pause_s, self.until_s = 0, FIRST_S, 0.0

    def _tell(self) -> None:
        if self._is_alone:
            sentence = "%s: It has not answered in %d slots; it is asked in every slot."
            LOG.warning(sentence, self._name, SILENT_SLOTS, extra=self._state)
            return
        LOG.warning(
            "%s: It has not answered in %d slots; it is asked again after 1 s, then ever more rarely, at least every %.0f s.",
            self._name,
            SILENT_SLOTS,
            LONGEST_S,
            extra=self._state,
        )
