"""Word that people changed, and when to look: soon, but not for ever while it comes again and again for nothing."""

from datetime import datetime, timedelta

NONE = timedelta(0)
# After a look that found nobody new.
SHORTEST = timedelta(seconds=10)
# So many looks for nothing are free; after them one is due every so often. A look costs eleven events. The engine takes
# 10,000 signals of a case, four events each, and ends it at 51,200 events: whoever forges them must not get there.
FREE, THEN_EVERY = 20, timedelta(hours=2)


class PeopleNews:
    """`heard` counts what came in, `known` says how much of it somebody has looked after. Nothing here waits."""

    def __init__(self) -> None:
        self.heard = 0
        self.known = 0
        self._pressing = 0
        self._rests_until: datetime | None = None
        self._paid_until: datetime | None = None  # looks for nothing, one after the other

    def hear(self) -> None:
        """Somebody says so: a signal, which anybody may have sent."""
        self.heard += 1

    def must_look(self) -> int:
        """The case itself has to know now. Returns the number that `known` reaches then."""
        self.heard += 1
        self._pressing = self.heard
        return self.heard

    @property
    def waits(self) -> bool:
        """True while nobody has looked after the last word."""
        return self.heard > self.known

    @property
    def is_pressing(self) -> bool:
        """True while the case itself waits for the look."""
        return self._pressing > self.known

    def pause_left(self, now: datetime) -> timedelta:
        """How long the next look has to wait; zero when it is due. One that the case itself needs always is."""
        if self.is_pressing or self._rests_until is None or self._paid_until is None:
            return NONE
        return max(self._rests_until - now, self._paid_until - FREE * THEN_EVERY - now, NONE)

    def looked(self, heard: int, now: datetime, *, found: bool) -> None:
        """Somebody looked after what was `heard` until then, and `found` other people or not."""
        if not found and not self.is_pressing:
            self._rests_until = now + SHORTEST
            self._paid_until = max(self._paid_until or now, now) + THEN_EVERY
        self.known = heard
