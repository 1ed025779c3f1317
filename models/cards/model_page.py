"""The model card as a page."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final

from models.cards.audits import fairness, fidelity
from models.cards.changes import ChangedFigure
from models.cards.figures import exact
from models.cards.metrics import kind_of, name_of, ordered
from models.cards.model_card import ModelCard
from models.cards.page import (
    Absent,
    Block,
    Bullets,
    Cell,
    Code,
    Facts,
    Page,
    Paragraph,
    Quantity,
    Section,
    Table,
    count,
)
from models.cards.parts import Questioned, Versus
from models.cards.report import NOT_MEASURED

_COMPARED: Final = ("ndcg@10", "recall@20", "mrr", "auc")
_MOST_IMPORTANT: Final = 25
_FOOT: Final = (
    "Made by tablestakes from what was kept when this version was trained and registered. Intervals in brackets are "
    "95 %. After Mitchell et al., Model Cards for Model Reporting (2019)."
)


def model_page(card: ModelCard) -> Page:
    """All sections, also those of which nothing was measured: they say so."""
    sections: tuple[tuple[str, str, Callable[[ModelCard], Iterator[Block]]], ...] = (
        ("about", "What it is", _about),
        ("limits", "What it does not know", _limits),
        ("data", "What it has learnt from", _data),
        ("accuracy", "How well it does", _accuracy),
        ("groups", "How well it does by group", _groups),
        ("calibration", "Whether its probabilities are true", _calibration),
        ("behaviour", "How it behaves", _behaviour),
        ("importance", "What matters to it", _importance),
        ("over-indexing", "Whether it leans on something", _over_indexing),
        ("worst-slices", "Where it fails most", _worst_slices),
        ("explaining", "Whether it can be explained", _explaining),
        ("fairness", "Fairness", _fairness),
        ("changes", "What changed since the last version", _changes),
    )
    state = card.standing.state
    return Page(
        title=f"Model card: {card.version}",
        lead=f"For {card.market_title or card.market}: {(card.summary or card.model).rstrip('.')}. "
        f"{state.capitalize()} since {_time(card.standing.since)}.",
        sections=[Section(key, title, list(blocks(card))) for key, title, blocks in sections],
        foot=_FOOT,
    )


def _about(card: ModelCard) -> Iterator[Block]:
    standing, details = card.standing, card.details
    rows: list[tuple[str, Cell]] = [
        ("Version", Code(card.version)),
        ("Model", Code(card.model)),
        ("Market", card.market_title or card.market),
        ("Registered", _time(card.created_at)),
        ("State", f"{standing.state} since {_time(standing.since)}"),
    ]
    if standing.reason:
        rows.append(("Because", standing.reason))
    if details.dimensions is not None:
        rows.append(("Dimensions of its vectors", count(details.dimensions)))
    rows += [(f"Parameter {one.name}", Code(one.value)) for one in details.parameters]
    rows += [(f"Made with {name}", release) for name, release in sorted(details.libraries.items())]
    yield Facts(rows)
    yield Paragraph(
        "It puts the restaurants of its market in order for a diner, and gives the probability of an order. It is "
        "made for that alone: not for judging diners or restaurants, and not for another market."
    )


def _limits(card: ModelCard) -> Iterator[Block]:
    yield Bullets(card.limits) if card.limits else Paragraph("Nothing was found that its figures speak against.")


def _data(card: ModelCard) -> Iterator[Block]:
    data = card.data
    counts = (
        ("Diners", data.diners),
        ("Restaurants", data.restaurants),
        ("Choices in the log", data.positives),
        ("Choices learnt from, when it was measured", data.learnt_from),
        ("Choices held out to measure it", data.tested_on),
        ("Diners measured", data.diners_measured),
        ("Rows that the import refused", data.rejected),
    )
    rows: list[tuple[str, Cell]] = []
    if data.source:
        rows.append(("Source", data.source))
    if data.until:
        rows.append(("Period", f"{_time(data.since)} to {_time(data.until)}" if data.since else _time(data.until)))
    if data.split:
        rows.append(("Held out by", data.split))
    rows += [(name, count(number)) for name, number in counts if number is not None]
    if data.window_days:
        rows.append(("Days of log", count(data.window_days)))
    if data.snapshot:
        rows.append(("Hash of the data", Code(data.snapshot)))
    if data.run:
        rows.append(("Retraining run", Code(data.run)))
    yield Facts(rows) if rows else Absent(f"{NOT_MEASURED}: nothing is kept of its data")
    yield Paragraph(
        "It was measured by a fit that had not seen what was held out; what serves was then fitted to everything. "
        "Protected attributes of diners are never among what it learns from."
    )
    if data.quality:
        found = [
            (
                one.name,
                "stopped" if one.stops else "noted" if one.notes else "nothing found",
                "; ".join([*one.stops, *one.notes]) or "-",
            )
            for one in data.quality
        ]
        yield Table("What was looked at before it was learnt from", ("question", "answer", "found"), found)
    else:
        yield Absent(
            "No retraining run has looked at the data; the command “tablestakes validate” does so for a dataset."
        )


def _accuracy(card: ModelCard) -> Iterator[Block]:
    if not card.accuracy.questions:
        yield Absent(NOT_MEASURED)
    for asked in card.accuracy.questions:
        yield _own(asked, card.model)
        if len(asked.models) > 1:
            yield _beside(asked)
    for versus in card.accuracy.against:
        if versus.figures:
            yield _versus(versus)


def _own(asked: Questioned, model: str) -> Block:
    figures = asked.models.get(model, {})
    rows = [(name_of(name), Quantity(figures[name], kind_of(name))) for name in ordered(figures)]
    return Table(f"{model}: {asked.words}", ("figure", "value"), rows)


def _beside(asked: Questioned) -> Block:
    names = [name for name in _COMPARED if any(name in figures for figures in asked.models.values())]
    rows = [
        (name, *(Quantity(figures[metric], kind_of(metric)) if metric in figures else "-" for metric in names))
        for name, figures in asked.models.items()
    ]
    return Table(f"Beside others: {asked.words}", ("model", *(name_of(name) for name in names)), rows)


def _versus(versus: Versus) -> Block:
    rows = [(name_of(name), Quantity(versus.figures[name], kind_of(name))) for name in ordered(versus.figures)]
    return Table(f"Better than {versus.rival}, asked about {versus.question}, by", ("figure", "difference"), rows)


def _groups(card: ModelCard) -> Iterator[Block]:
    if card.groups is None:
        yield _absent(card, "groups")
        return
    rows = [
        (
            one.group,
            count(one.diners),
            Quantity(one.figure, full=1.0),
            "-" if one.popular is None else Quantity(one.popular),
        )
        for one in card.groups
    ]
    yield Table("nDCG@10 by group of diners", ("group", "diners", "this version", "popularity"), rows)
    yield Paragraph("Groups of fewer than 20 diners are left out: an interval over so few says nothing.")


def _calibration(card: ModelCard) -> Iterator[Block]:
    curve = card.calibration
    if curve is None:
        yield _absent(card, "calibration")
        return
    if curve.assumed:
        yield Paragraph("The data held no impressions, so the probabilities are assumed, not fitted.")
    if curve.errors:
        rows = [(name_of(name), Quantity(curve.errors[name])) for name in ordered(curve.errors)]
        yield Table("Errors on the test period", ("figure", "value"), rows)
    else:
        yield Absent(f"Errors: {NOT_MEASURED}")
    looks = [
        (str(place), Quantity(exact(chance), "share", full=1.0))
        for place, chance in enumerate(curve.examination[:10], 1)
    ]
    yield Table("Chance that a place is looked at", ("place", "chance"), looks)


def _behaviour(card: ModelCard) -> Iterator[Block]:
    if card.behaviour is None:
        yield _absent(card, "behaviour")
        return
    failed = sum(not one.passed for one in card.behaviour)
    yield Paragraph(f"{len(card.behaviour) - failed} of {len(card.behaviour)} checks pass.")
    rows = [
        (
            one.name,
            "passes" if one.passed else "fails",
            Quantity(exact(one.value)),
            Quantity(exact(one.bound)),
            one.explanation,
        )
        for one in sorted(card.behaviour, key=lambda one: one.passed)
    ]
    yield Table("Checks", ("check", "outcome", "value", "bound", "it fails where"), rows)


def _importance(card: ModelCard) -> Iterator[Block]:
    yield from importance_tables(card)


def importance_tables(card: ModelCard) -> Iterator[Block]:
    """A table for each way of measuring, the most important features first."""
    if card.importance is None:
        yield _absent(card, "importance")
        return
    for measure in dict.fromkeys(one.measure for one in card.importance):
        found = [one for one in card.importance if one.measure == measure]
        most = max(one.value for one in found)
        rows = [(Code(one.name), one.side, Quantity(one.figure, full=most)) for one in found[:_MOST_IMPORTANT]]
        more = f" (the first {_MOST_IMPORTANT} of {len(found)})" if len(found) > _MOST_IMPORTANT else ""
        yield Table(f"By {measure}{more}", ("feature", "of", measure), rows)
    if not card.importance:
        yield Paragraph("No feature was found to matter.")
    if card.interactions:
        most = max(one.value for one in card.interactions)
        pairs = [(Code(one.diner), Code(one.restaurant), Quantity(one.figure, full=most)) for one in card.interactions]
        head = ("of diners", "of restaurants", "mean |contribution|")
        yield Table("What features do together, the largest", head, pairs)


def _over_indexing(card: ModelCard) -> Iterator[Block]:
    if card.over_indexing is None:
        yield _absent(card, "over_indexing")
        return
    reported = [one for one in card.over_indexing if one.reported]
    yield Bullets([one.sentence for one in reported]) if reported else Paragraph("The audit reports nothing.")
    rows = [
        (
            Code(one.feature),
            one.kind,
            Quantity(exact(one.value)),
            Quantity(exact(one.bound)),
            "reported" if one.reported else "-",
        )
        for one in card.over_indexing
    ]
    if rows:
        yield Table("What was looked at", ("feature", "kind", "value", "bound", "verdict"), rows)


def _worst_slices(card: ModelCard) -> Iterator[Block]:
    if card.worst_slices is None:
        yield _absent(card, "worst_slices")
    elif not card.worst_slices:
        yield Paragraph("No slice was found in which it does worse.")
    else:
        rows: list[tuple[Cell, ...]] = [
            (
                one.where,
                count(one.n),
                Quantity(one.figure),
                Quantity(exact(one.rest)),
                Quantity(exact(one.p_adjusted)),
                one.also,
            )
            for one in card.worst_slices
        ]
        loss = card.slice_loss or "mean loss"
        head = ("where", "cases", "there", "elsewhere", "p", "or, nearly the same")
        yield Table(f"Slices found worst, by {loss}: more is worse", head, rows)
        yield Paragraph(
            "p is corrected for how many slices were looked at. What is nearly the same holds nearly the same cases; "
            "the data do not say which of the descriptions is the reason."
        )


def _explaining(card: ModelCard) -> Iterator[Block]:
    words = {
        None: "Its files are not there any more: it cannot be told whether its scores are taken apart exactly.",
        True: "Its scores are taken apart exactly: the parts of an explanation add up to the score, but for rounding.",
        False: "Its scores are not taken apart exactly: an explanation has a rest, which is named.",
    }
    yield Paragraph(words[card.exact])
    if card.fidelity is None:
        yield _absent(card, "fidelity", "Fidelity of explanations: ")
    else:
        yield from fidelity(card.fidelity)


def _fairness(card: ModelCard) -> Iterator[Block]:
    if card.fairness is None:
        yield _absent(card, "fairness", "Exposure and quality by group: ")
    else:
        yield from fairness(card.fairness)


def _changes(card: ModelCard) -> Iterator[Block]:
    since = card.changes
    if since is None:
        yield Paragraph("There is no version before it in this market.")
        return
    data = {None: "not told", True: "the very same", False: "other data"}[since.same_data]
    yield Facts(
        [
            ("Version before", Code(since.version)),
            ("Its model", Code(since.model)),
            ("Data", data),
            ("Its data ended", _time(since.until_before) if since.until_before else "not told"),
        ]
    )
    if since.parameters:
        rows = [(Code(one.name), one.before or "-", one.after or "-") for one in since.parameters]
        yield Table("Parameters that differ", ("parameter", "before", "now"), rows)
    else:
        yield Paragraph("No parameter differs.")
    yield from _changed("Figures, each on what was held out when it was trained", since.figures)
    yield from _changed("nDCG@10 by group", since.groups)
    if since.groups:
        fallen = ", ".join(since.regressions)
        yield Paragraph(f"Certainly worse than before: {fallen}." if fallen else "No group is certainly worse.")
    yield from _regressions(card)


def _regressions(card: ModelCard) -> Iterator[Block]:
    if card.slice_regressions is None:
        yield _absent(card, "slice_regressions", "Slices worse than the champion's: ")
    elif not card.slice_regressions:
        yield Paragraph("No slice was found in which it is worse than the champion of then, on the same cases.")
    else:
        rows: list[tuple[Cell, ...]] = [
            (
                one.where,
                count(one.n),
                Quantity(exact(one.before)),
                Quantity(exact(one.after)),
                Quantity(one.figure),
                one.also,
            )
            for one in card.slice_regressions
        ]
        head = ("where", "cases", "champion of then", "this version", "worse by", "or, nearly the same")
        yield Table("Slices worse than the champion's, on the same cases", head, rows)


def _changed(caption: str, changed: Sequence[ChangedFigure]) -> Iterator[Block]:
    if changed:
        rows = [
            (name_of(one.name), Quantity(one.before), Quantity(one.after), Quantity(one.difference), one.verdict)
            for one in changed
        ]
        yield Table(caption, ("figure", "before", "now", "difference", "it"), rows)


def _absent(card: ModelCard, part: str, before: str = "") -> Absent:
    text = before + card.not_measured.get(part, NOT_MEASURED)
    return Absent(text[:1].upper() + text[1:])


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
