"""Fidelity and fairness on a card's page: what is worst and how certain that is, not all that was measured."""

from collections.abc import Iterator, Sequence
from typing import Final

from models.cards.figures import Figure, Kind, exact
from models.cards.metrics import name_of
from models.cards.page import Absent, Block, Cell, Paragraph, Quantity, Table
from models.cards.report import Fairness, Faithfulness, Fidelity, GroupComparison, NotShown

_DONE: Final = {"deletion": "taken away", "insertion": "put back"}
_ORDERS: Final = {"random": "at random", "weight": "by the size of the model's numbers"}


def fidelity(found: Fidelity) -> Iterator[Block]:
    """Whether explanations say what the model does."""
    if found.refused is not None:
        yield Absent(f"Fidelity of explanations: {found.refused}")
    for title, game in (
        ("scores of a diner and a restaurant", found.pair),
        ("what the second stage adds", found.second_stage),
    ):
        if game is not None:
            yield from _faithful(title, game)


def _faithful(title: str, found: Faithfulness) -> Iterator[Block]:
    """By how much area the exact order beats others, and what that rests on; the curves stay in the report."""
    margins: list[tuple[str, Figure | None, Kind]] = [
        (f"{_DONE[kind]} by exact values, better than {_ORDERS.get(name, name)} by", figure, "plain")
        for kind, of in found.margins.items()
        for name, figure in of.items()
    ]
    others: tuple[tuple[str, Figure | None, Kind], ...] = (
        ("share of the values that comes of parts together", found.interaction_share, "share"),
        ("parts whose value has the sign of what taking them away does", found.sign_agreement, "share"),
        ("local R² of adding the values up", found.local_r2, "plain"),
    )
    rows = [(name, Quantity(figure, kind)) for name, figure, kind in (*margins, *others) if figure is not None]
    over = f"{found.cases:,} cases of {found.diners:,} diners, {found.parts:.1f} parts each"
    if rows:
        yield Table(f"Fidelity of {title}: {over}", ("figure", "value"), rows)
    else:
        yield Absent(f"Fidelity of {title}: there was no case to measure it on")


def fairness(found: Fairness) -> Iterator[Block]:
    """One row an attribute: its worst and its best group."""
    own = found.own
    yield from _compared("Diners: where it is worse for some than for others", own, "diners")
    yield from _compared("Restaurants: who is shown less than diners' choices justify", own, "restaurants")
    if not own:
        yield Paragraph("No attribute has two groups that are large enough to be compared.")
        return
    yield Paragraph(
        "Each row is one attribute: its worst and its best group, and how far they lie apart. The extremes of several "
        "groups lie apart by chance alone; p says how often as far, and is "
        "not corrected for how many rows there are. All groups are in the card as JSON."
    )
    for rival, comparisons in found.rivals.items():
        yield from _beside_rival(rival, own, comparisons)
    unseen = {one.attribute: one.not_shown for one in own if one.not_shown.groups}
    if unseen:
        yield Paragraph("Groups too small to be shown: " + "; ".join(_unseen(*one) for one in unseen.items()) + ".")


def _compared(caption: str, own: Sequence[GroupComparison], side: str) -> Iterator[Block]:
    found = [one for one in own if one.side == side]
    apart = "ratio" if side == "restaurants" else "gap"
    rows: list[tuple[Cell, ...]] = [
        (
            f"{name_of(one.measure)}, by {one.attribute}",
            f"{one.least.group} ({one.least.n:,})",
            Quantity(one.least.figure),
            f"{one.most.group} ({one.most.n:,})",
            Quantity(one.most.figure),
            _or_none(getattr(one, apart)),
            _or_none(None if one.by_chance is None else exact(one.by_chance)),
            _or_none(None if one.p is None else exact(one.p)),
        )
        for one in found
    ]
    words = "least over greatest" if side == "restaurants" else "greatest less least"
    head = ("measure", "worst group", "there", "best group", "there", words, "by chance", "p")
    if rows:
        yield Table(caption, head, rows)


def _beside_rival(rival: str, own: Sequence[GroupComparison], others: Sequence[GroupComparison]) -> Iterator[Block]:
    """The distances of both, where both were asked the same."""
    theirs = {one.question: one for one in others}
    rows: list[tuple[Cell, ...]] = []
    for one in own:
        other = theirs.get(one.question)
        if other is not None:
            restaurants = one.side == "restaurants"
            ours, of_rival = (one.ratio, other.ratio) if restaurants else (one.gap, other.gap)
            what = "least over greatest" if restaurants else "greatest less least"
            rows.append((f"{name_of(one.measure)}, by {one.attribute}", what, _or_none(ours), _or_none(of_rival)))
    if rows:
        yield Table(f"Beside {rival}, on the same question", ("measure", "figure", "this version", rival), rows)


def _unseen(attribute: str, not_shown: NotShown) -> str:
    who = f"{not_shown.members:,} members, fewer than {not_shown.fewer_than} in each"
    return f"{not_shown.groups:,} of {attribute} ({who})"


def _or_none(figure: Figure | None) -> Cell:
    return "-" if figure is None else Quantity(figure)
