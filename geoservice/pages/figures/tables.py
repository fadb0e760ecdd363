"""The tables of the figures: what the page shows, its files hold, and its charts draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from geoservice.domain.languages import Language
from geoservice.domain.spans import buckets_of
from geoservice.pages.figures.links import Links
from geoservice.services.figures import Figures, Listed
from layers.incidents.layer import SOURCES
from layers.incidents.span_figures import Key, Tally, Took

#: In their order: counts, then what is reckoned.
COUNTS: tuple[Listed, ...] = ("received", "closed", "in_hand", "late")
TIMES = ("accept", "accept_most", "resolve", "resolve_most")


@dataclass(frozen=True)
class Cell:
    """A cell: what it holds, how it is shown, and where it leads."""

    value: str | float | None
    text: str
    url: str | None = None


@dataclass(frozen=True)
class Table:
    """A table with its header."""

    name: str
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Number:
    """A number beside the one of the span before."""

    name: str
    word: str
    now: Cell
    before: Cell
    change: Cell


@dataclass(frozen=True)
class NumberSpeaker:
    """Makes cells in a language."""

    figures: Figures
    links: Links
    words: Mapping[str, str]
    language: Language

    def count(self, number: int, *, url: str | None = None, known: bool = True) -> Cell:
        """Return a count; where nothing was recorded yet it is no zero."""
        return Cell(number, f"{number:,}", url) if known else Cell(None, self.words["no_data"])

    def hours(self, seconds: float | None, *, known: bool = True) -> Cell:
        """Return working time, in hours with a tenth."""
        return self._reckoned(None if seconds is None else round(seconds / 3600, 1), known=known)

    def mean(self, number: float | None, *, known: bool = True) -> Cell:
        """Return a mean with a tenth."""
        return self._reckoned(None if number is None else round(number, 1), known=known)

    def change(self, now: Cell, before: Cell) -> Cell:
        """Return by how much a number is another; nothing where one is not there."""
        if not isinstance(now.value, int | float) or not isinstance(before.value, int | float):
            return Cell(None, self.words["none"])
        value = now.value - before.value
        value = value if isinstance(value, int) else round(value, 1)
        sign = "+" if value > 0 else "−" if value < 0 else "±"
        return Cell(value, f"{sign}{abs(value):,}")

    def grid(self, code: Key) -> str:
        """Return what a grid is called, or was when it was in force."""
        if code is None:
            return self.words["no_grid"]
        names = self.figures.names
        if code in names.grids:
            return self._called(names.grids[str(code)], str(code))
        return self.words["former"].format(name=self._called(names.former.get(str(code), (None, None)), str(code)))

    def service(self, code: Key) -> str:
        """Return what a service is called; its code where it is no longer offered."""
        found = self.figures.names.services.get(str(code))
        return str(code) if found is None else self._called((found.name, found.name_en), str(code))

    def source(self, code: Key) -> str:
        """Return what a source is called."""
        title = SOURCES.get(str(code))
        return str(code) if title is None else title.text(self.language)

    def _called(self, names: tuple[str | None, str | None], code: str) -> str:
        name, english = names
        return (english if self.language == "en" and english else name) or code

    def _reckoned(self, value: float | None, *, known: bool) -> Cell:
        if not known:
            return Cell(None, self.words["no_data"])
        return Cell(value, self.words["none"] if value is None else f"{value:,.1f}")


def numbers(tell: NumberSpeaker) -> list[Number]:
    """Return every number of the whole scope, with that of the span before."""
    figures = tell.figures
    now, before = figures.counts.of("all", None), figures.counts.before
    known, known_before = figures.is_known(figures.period), figures.is_known(figures.before)
    told: list[tuple[str, Cell, Cell]] = [
        (name, tell.count(_count(now, name), url=tell.links.of(name, _count(now, name)), known=known),
         tell.count(_count(before, name), known=known_before))
        for name in COUNTS
    ]  # fmt: skip
    told += [
        (name, tell.hours(_took(now, name), known=known), tell.hours(_took(before, name), known=known_before))
        for name in TIMES
    ]
    told.append(("rating", tell.mean(now.rating, known=known), tell.mean(before.rating, known=known_before)))
    for name in ("reopened", "became_late"):
        told.append((name, tell.count(getattr(now, name), known=known),
                     tell.count(getattr(before, name), known=known_before)))  # fmt: skip
    return [Number(name, tell.words[name], one, other, tell.change(one, other)) for name, one, other in told]


def tables(tell: NumberSpeaker, every: Sequence[Number]) -> dict[str, Table]:
    """Return the tables by their names."""
    words = tell.words
    head = (words["number"], words["now"], words["before"], words["change"])
    rows = tuple((Cell(one.word, one.word), one.now, one.before, one.change) for one in every)
    made = (
        Table("numbers", words["numbers"], head, rows), _by_grid(tell), _by_service(tell), _by_source(tell),
        _over_time(tell), _by_hour(tell),
    )  # fmt: skip
    return {one.name: one for one in made}


def _by_grid(tell: NumberSpeaker) -> Table:
    """Return the grids, that with the most late ones first: all in force, and others that had something to do."""
    figures, words = tell.figures, tell.words
    counted, scope = figures.counts.parts["grid"], tell.links.asked.chosen("grid")
    codes = (set(scope) if scope else set(figures.names.grids)) | set(counted)
    ranked = sorted(codes, key=lambda code: (-_of(counted, code).late, -_of(counted, code).in_hand, code or "~"))
    head = tuple(words[name] for name in ("grid", *COUNTS, "resolve", "rating"))
    rows = tuple(
        (_name(tell.grid(code)), *_counts(tell, "grid", code), tell.hours(_of(counted, code).to_resolve.median_s),
         tell.mean(_of(counted, code).rating))
        for code in ranked
    )  # fmt: skip
    return Table("grids", words["grids"], head, rows)


def _by_service(tell: NumberSpeaker) -> Table:
    """Return the services, those with the most reports first; with how many there were in the span before."""
    figures, words = tell.figures, tell.words
    counted, scope = figures.counts.parts["service"], tell.links.asked.chosen("service")
    codes = (set(scope) if scope else set(figures.names.services)) | set(counted)
    ranked = sorted(codes, key=lambda code: (-_of(counted, code).received, -_of(counted, code).in_hand, code or ""))
    head = tuple(words[name] for name in ("service", "received", "before", *COUNTS[1:], *TIMES, "reopened"))
    known = figures.is_known(figures.before)
    rows = []
    for code in ranked:
        received, *others = _counts(tell, "service", code)
        tally, before = _of(counted, code), _of(figures.counts.services_before, code)
        took = (tell.hours(_took(tally, name)) for name in TIMES)
        rows.append((_name(tell.service(code)), received, tell.count(before.received, known=known), *others, *took,
                     tell.count(tally.reopened)))  # fmt: skip
    return Table("services", words["services"], head, tuple(rows))


def _by_source(tell: NumberSpeaker) -> Table:
    """Return how reports came: all ways that there are, those with the most reports first."""
    figures, words = tell.figures, tell.words
    counted, scope = figures.counts.parts["source"], tell.links.asked.chosen("source")
    codes = (set(scope) if scope else set(SOURCES)) | set(counted)
    ranked = sorted(codes, key=lambda code: (-_of(counted, code).received, -_of(counted, code).in_hand, code or ""))
    head = tuple(words[name] for name in ("source", *COUNTS, "resolve", "rating"))
    rows = tuple(
        (_name(tell.source(code)), *_counts(tell, "source", code),
         tell.hours(_of(counted, code).to_resolve.median_s), tell.mean(_of(counted, code).rating))
        for code in ranked
    )  # fmt: skip
    return Table("sources", words["sources"], head, rows)


def _over_time(tell: NumberSpeaker) -> Table:
    figures, words = tell.figures, tell.words
    zone = ZoneInfo(figures.jurisdiction.time_zone)
    now, began = _there(figures.now, zone), figures.began
    first = None if began is None else _there(began, zone).replace(hour=0, minute=0)
    counted = figures.counts.parts["bucket"]
    rows = []
    for begins in buckets_of(figures.span):
        tally = _of(counted, begins)
        # What is to come, and what is older than any history, is not zero.
        known = tally != Tally() or (first is not None and first <= begins <= now)
        cells = (tell.count(_count(tally, name), url=tell.links.of(name, _count(tally, name), "bucket", begins),
                            known=known) for name in COUNTS[:2])  # fmt: skip
        rows.append((_name(_begins(begins, figures.span.bucket)), *cells, tell.count(tally.became_late, known=known)))
    title = f"{words['time']}, {words[f'time.{figures.span.bucket}']}"
    return Table("time", title, tuple(words[name] for name in ("bucket", *COUNTS[:2], "became_late")), tuple(rows))


def _by_hour(tell: NumberSpeaker) -> Table:
    counted, words = tell.figures.counts.parts["hour"], tell.words
    head = (words["weekday"], *(f"{hour:02}" for hour in range(24)))
    rows = tuple(
        (_name(words[f"weekday.{day}"]), *(tell.count(_of(counted, (day, hour)).received) for hour in range(24)))
        for day in range(1, 8)
    )
    return Table("hours", words["hours_of_week"], head, rows)


def _counts(tell: NumberSpeaker, part: str, code: Key) -> list[Cell]:
    tally = tell.figures.counts.of(part, code)  # type: ignore[arg-type]
    return [
        tell.count(_count(tally, name), url=tell.links.of(name, _count(tally, name), part, code))  # type: ignore[arg-type]
        for name in COUNTS
    ]


def _of(counted: Mapping[Key, Tally], key: Key) -> Tally:
    return counted.get(key, Tally())


def _count(tally: Tally, name: Listed) -> int:
    number: int = getattr(tally, name)
    return number


def _took(tally: Tally, name: str) -> float | None:
    took: Took = tally.to_accept if name.startswith("accept") else tally.to_resolve
    return took.ninth_decile_s if name.endswith("_most") else took.median_s


def _name(text: str) -> Cell:
    return Cell(text, text)


def _there(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)


def _begins(begins: datetime, bucket: str) -> str:
    return begins.strftime("%H:%M" if bucket == "hour" else "%m-%d")
