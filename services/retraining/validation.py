"""Is the snapshot fit to be learnt from? What stops a run, and what is only counted.

A fault of single rows is counted: the arrays leave out what they cannot use. A fault of the data as a whole (a schema
that does not hold, a log that has shrunk, events sent twice, orders from before their list) stops the run: what would
be learnt from it is wrong however well it measures on its own test period.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd

from data import columns as col
from data.checks import NOT_IN_TABLE, SAME_INSTANT, Severity
from data.columns import EventType, Table
from data.dataset import Dataset
from data.drift import compare
from data.periods import LOG_COLUMNS, log_columns
from data.quality import QualityReport, validate

_ANSWERS: Final = (EventType.CLICK, EventType.ORDER)
_ALL_DAYS: Final = 36_500
_DRIFT_DAYS: Final = 7
_DRIFT_LISTS: Final = 3_000


@dataclass(frozen=True)
class Limits:
    """Shares beyond which a fault stops the run, if it is one of so many rows that chance does not explain it."""

    fewest_rows: int = 10

    unknown_ids: float = 0.05
    """Of the events: about a restaurant or diner that is in no table."""
    same_instant: float = 0.01
    """Of the events: the same event of a diner at the same instant, under another id."""
    future: float = 0.01
    """Of the events: dated after the watermark."""
    before_list: float = 0.01
    """Of the clicks and orders with a list: dated before it was shown."""
    without_list: float = 0.2
    """Of the clicks and orders that name a list, where impressions are logged at all: one that nobody was shown."""
    shrunk_to: float = 0.9
    """Of the last run's events: fewer are left."""
    slowed_to: float = 0.2
    """Of the median of the last runs' events a day: so few a day have come since the last one."""


@dataclass(frozen=True)
class LogCounts:
    """What the database knows of the log and a snapshot does not hold."""

    future: int
    """Events dated after the watermark: left out of the snapshot."""
    late: int
    """Events that came after the last run's watermark and are dated before it: in no snapshot before."""
    since: datetime | None
    """The last run's watermark; None for the first run."""
    window_days: int = 0
    """Days that the snapshot goes back; 0: to the beginning."""


@dataclass(frozen=True)
class Subject:
    """What is examined."""

    dataset: Dataset
    market: str
    watermark: datetime
    counts: LogCounts
    past: Sequence[Mapping[str, Any]]
    """The figures of the last finished runs' `volumes` entry, newest first."""
    limits: Limits
    events: pd.DataFrame
    quality: QualityReport


@dataclass(frozen=True)
class Entry:
    """One question and its answer."""

    name: str
    stops: tuple[str, ...] = ()
    """Why the run must not go on."""
    notes: tuple[str, ...] = ()
    """What was found and does no harm."""
    figures: Mapping[str, float] = field(default_factory=dict)


Question = Callable[[Subject], Entry]


@dataclass(frozen=True)
class ValidationReport:
    """All answers."""

    entries: tuple[Entry, ...]

    @property
    def stops(self) -> tuple[str, ...]:
        """Why the run must not go on; empty where it may."""
        return tuple(f"{entry.name}: {reason}" for entry in self.entries for reason in entry.stops)

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {"stops": list(self.stops), "entries": {entry.name: asdict(entry) for entry in self.entries}}


def schema(subject: Subject) -> Entry:
    """Errors of `data.quality` but ids that are in no table; its warnings are notes."""
    stops, notes = [], []
    for finding in subject.quality.findings:
        text = f"{finding.table}: {finding.kind}" + (f" ({finding.rows:,} rows)" if finding.rows else "")
        if finding.severity is Severity.WARNING:
            notes.append(text)
        elif not finding.kind.endswith(NOT_IN_TABLE):
            stops.append(f"{text}, such as {finding.example}" if finding.example else text)
    return Entry("schema", tuple(stops), tuple(notes))


def references(subject: Subject) -> Entry:
    """Events about nobody."""
    found = {
        finding.kind.split()[0]: finding.rows
        for finding in subject.quality.findings
        if finding.table is Table.EVENTS and finding.kind.endswith(NOT_IN_TABLE)
    }
    limit = subject.limits.unknown_ids
    parts = [
        _share(subject, rows, len(subject.events), limit, f"events name a {name} that is not known")
        for name, rows in found.items()
    ]
    return _entry("references", parts, {name: float(rows) for name, rows in found.items()})


def duplicates(subject: Subject) -> Entry:
    """Events that were sent twice under different ids; the same id is kept once."""
    rows = sum(finding.rows for finding in subject.quality.findings if finding.kind == SAME_INSTANT)
    words = "events are the same as another at the same instant"
    part = _share(subject, rows, len(subject.events), subject.limits.same_instant, words)
    return _entry("duplicates", [part], {"same_instant": float(rows)})


def leaks(subject: Subject) -> Entry:
    """Events from the future, answers to lists from before they were shown, or to lists that nobody was shown."""
    events, limits, counts = subject.events, subject.limits, subject.counts
    asked = events[col.REQUEST_ID].notna()
    shown = events[asked & (events[col.TYPE] == EventType.IMPRESSION)]
    # The impressions of a list mostly follow one another: what is left after a look at the neighbour is little.
    shown = shown[shown[col.REQUEST_ID] != shown[col.REQUEST_ID].shift()].drop_duplicates(col.REQUEST_ID)
    answers = events[asked & events[col.TYPE].isin([str(kind) for kind in _ANSWERS])]
    place = pd.Index(shown[col.REQUEST_ID]).get_indexer(pd.Index(answers[col.REQUEST_ID]))
    found = place >= 0
    first = shown[col.AT].to_numpy()[place[found]]
    early = int((answers[col.AT].to_numpy()[found] < first).sum())
    orphans = int((~found).sum()) if len(shown) else 0
    parts = [
        _share(
            subject, counts.future, counts.future + len(events), limits.future, "events are dated after the watermark"
        ),
        _share(
            subject, early, len(answers), limits.before_list, "clicks and orders are dated before their list was shown"
        ),
        _share(
            subject, orphans, len(answers), limits.without_list, "clicks and orders name a list that nobody was shown"
        ),
    ]
    figures = {"future": counts.future, "before_list": early, "without_list": orphans}
    return _entry("leaks", parts, {name: float(rows) for name, rows in figures.items()})


def volumes(subject: Subject) -> Entry:
    """Has the log shrunk, has it dried up, and how much came late?"""
    events, counts, past = subject.events, subject.counts, subject.past
    rows, window = len(events), counts.window_days or _ALL_DAYS
    at = events[col.AT]
    begins = None if counts.since is None else max(counts.since, subject.watermark - timedelta(days=window))
    days = (subject.watermark - (begins or at.min())).total_seconds() / 86_400.0 if rows else 0.0
    new = rows if begins is None else int((at >= begins).sum())
    a_day = new / days if days > 0 else 0.0
    figures = {"events": float(rows), "new": float(new), "late": float(counts.late), "a_day": a_day}
    parts: list[tuple[bool, str]] = []
    # A log that is looked at from its beginning never shrinks by itself; one of the last days does in a quiet week.
    if past and not counts.window_days and rows < subject.limits.shrunk_to * past[0]["events"]:
        parts.append((True, f"{rows:,} events are left of the last run's {int(past[0]['events']):,}"))
    # Less than a day may be a night.
    usual = float(np.median([one["a_day"] for one in past])) if past else 0.0
    if counts.since is not None and days >= 1.0 and a_day < subject.limits.slowed_to * usual:
        parts.append((True, f"{a_day:,.0f} events a day have come since the last run, where {usual:,.0f} are usual"))
    if counts.late:
        parts.append((False, f"{counts.late:,} events came after the last run's watermark and are dated before it"))
    return _entry("volumes", parts, figures)


def drift(subject: Subject) -> Entry:
    """What has changed of late: a reason to learn anew, not to stop. Skipped where the log is younger than two periods.

    The newest part of the log against the part before it, twice as long: of whole weeks where there are three.
    """
    at = subject.events[col.AT]
    days = (subject.watermark - at.min()).total_seconds() / 86_400.0 if len(at) else 0.0
    part = pd.Timedelta(days=_DRIFT_DAYS if days >= 3 * _DRIFT_DAYS else int(days) // 3)
    end = pd.Timestamp(subject.watermark)
    if part < pd.Timedelta(days=1):
        return Entry("drift", notes=("the log is too short to be compared with itself",))
    dataset, market = subject.dataset, subject.market
    log = dataset.events(market, columns=LOG_COLUMNS, since=end - 3 * part)
    places = dataset.restaurants(market), dataset.diners(market), dataset.market(market).time_zone, _DRIFT_LISTS
    is_new = log[col.AT] >= end - part
    report = compare(log_columns(log[~is_new], *places), log_columns(log[is_new], *places))
    figures = {one.name: float(one.effect) for one in report.columns}
    return Entry("drift", notes=tuple(report.lines()), figures=figures)


QUESTIONS: Final[tuple[Question, ...]] = (schema, references, duplicates, leaks, volumes, drift)


def examine(
    dataset: Dataset,
    market: str,
    watermark: datetime,
    counts: LogCounts,
    past: Sequence[Mapping[str, Any]] = (),
    limits: Limits | None = None,
    questions: Sequence[Question] = QUESTIONS,
) -> ValidationReport:
    """All questions about one market's snapshot."""
    columns = (col.TYPE, col.REQUEST_ID, col.AT)
    events = dataset.events(market, columns=columns)
    quality = validate(dataset, watermark)
    subject = Subject(dataset, market, watermark, counts, past, limits or Limits(), events, quality)
    return ValidationReport(tuple(question(subject) for question in questions))


def _share(subject: Subject, rows: int, of: int, limit: float, words: str) -> tuple[bool, str] | None:
    """Whether it stops the run, and what to say; None for nothing."""
    if not rows:
        return None
    share = rows / max(of, 1)
    stops = share > limit and rows >= subject.limits.fewest_rows
    return stops, f"{rows:,} of {of:,} {words} ({share:.2%}; {limit:.2%} are tolerated)"


def _entry(name: str, parts: Sequence[tuple[bool, str] | None], figures: Mapping[str, float]) -> Entry:
    found = [part for part in parts if part is not None]

    def texts(stopping: bool) -> Iterator[str]:
        return (text for stops, text in found if stops is stopping)

    return Entry(name, tuple(texts(True)), tuple(texts(False)), figures)
