"""How a market is ranked, as a page."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final

from models.cards.figures import Figure
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
from services.cards.ranking_policy import MainParameter, RankingPolicy
from services.cards.shares import MODEL_TERMS

_MOST_FEATURES: Final = 15
_FOOT: Final = (
    "Made by tablestakes from the policy that makes the lists now and from lists that were served. Intervals in "
    "brackets are 95 %. It helps to meet Art. 27 of Regulation (EU) 2022/2065 and Art. 5 of Regulation (EU) 2019/1150; "
    "it is no legal advice."
)


def ranking_page(ranking: RankingPolicy) -> Page:
    """All sections."""
    sections: tuple[tuple[str, str, Callable[[RankingPolicy], Iterator[Block]]], ...] = (
        ("parameters", "What decides the order", _parameters),
        ("payment", "Whether payment changes the order", _payment),
        ("personalisation", "How to switch personalisation off", _personalisation),
        ("exploration", "What is left to chance", _exploration),
        ("fairness", "Who is lifted to a fair share", _fairness),
        ("unused", "What is not used", _unused),
        ("features", "What matters to the model", _features),
        ("approval", "Who signed it", _approval),
        ("changes", "What changed since the policy before", _changes),
        ("settings", "All settings", _settings),
        ("measured", "How this was measured", _measured),
    )
    return Page(
        title=f"How restaurants are ranked in {ranking.market_title or ranking.market}",
        lead=f"For diners and for restaurants: the policy {ranking.policy!r}, version {ranking.version}, "
        f"with the model {ranking.model}.",
        sections=[Section(key, title, list(blocks(ranking))) for key, title, blocks in sections],
        foot=_FOOT,
    )


def _parameters(ranking: RankingPolicy) -> Iterator[Block]:
    yield Paragraph(
        "A list puts those restaurants first which the diner is likeliest to order from. For each restaurant, what is "
        "below is added up; the share says how much of the order it decides, measured on recent lists."
    )
    rows: list[tuple[Cell, ...]] = [(one.title, one.words, _share(one)) for one in ranking.parameters]
    head = ("parameter", "what it looks at", "share of the order")
    yield Table("Main parameters, the most important first", head, rows)
    yield Paragraph(_why(ranking.parameters))


def _why(parameters: Sequence[MainParameter]) -> str:
    """Why they have the importance that they have: of what the model makes the measure tells, the rest is set."""
    learnt = [one for one in parameters if one.term in MODEL_TERMS and one.share is not None and one.share.value > 0.0]
    said = "Chance, payment and the like weigh what the policy lets them."
    if not learnt:
        return said
    first = f"“{learnt[0].title}”"
    return (
        f"Why these shares: of what the model goes by, {first} says most, because in past choices it told best whether "
        f"a diner orders. {said}"
    )


def _share(one: MainParameter) -> Cell:
    if not one.used:
        return "not used now"
    if one.share is None:
        return one.why or "not measured"
    return Quantity(one.share, "share", full=1.0)


def _payment(ranking: RankingPolicy) -> Iterator[Block]:
    rules = ranking.payment
    yield Bullets(rules.words)
    measured: list[tuple[str, Figure | None, bool]] = [
        ("Places of recent lists that were sold", rules.places_sold, True),
        ("Recent lists with a sold place", rules.lists_with_sold, True),
        ("Ranks that a sold place rose, in the mean", rules.ranks_risen, False),
    ]
    rows: list[tuple[str, Cell]] = [
        (name, "not measured yet" if figure is None else Quantity(figure, "share" if share else "plain"))
        for name, figure, share in measured
    ]
    yield Facts(rows)


def _personalisation(ranking: RankingPolicy) -> Iterator[Block]:
    yield Bullets(ranking.personalisation)


def _exploration(ranking: RankingPolicy) -> Iterator[Block]:
    yield Bullets(ranking.exploration)


def _fairness(ranking: RankingPolicy) -> Iterator[Block]:
    yield Bullets(ranking.fairness)


def _unused(ranking: RankingPolicy) -> Iterator[Block]:
    yield Bullets(ranking.unused)


def _features(ranking: RankingPolicy) -> Iterator[Block]:
    if ranking.features is None:
        yield Absent("Not measured for this version of the model.")
        return
    rows: list[tuple[Cell, ...]] = [
        (Code(one.name), one.side, Quantity(one.figure), one.measure) for one in ranking.features[:_MOST_FEATURES]
    ]
    yield Table("Features by importance", ("feature", "of", "importance", "measured as"), rows)


def _approval(ranking: RankingPolicy) -> Iterator[Block]:
    approval = ranking.approval
    yield Paragraph(approval.words)
    if approval.signed:
        yield Table("Signatures", ("seat", "signed"), [(one.title, _time(one.at)) for one in approval.signed])
    rows: list[tuple[str, Cell]] = []
    if approval.missing:
        rows.append(("Signatures missing", ", ".join(approval.missing)))
    if approval.activated_at is not None:
        rows.append(("Makes the lists since", _time(approval.activated_at)))
        rows.append(("Activated by", approval.activated_by or "-"))
    if rows:
        yield Facts(rows)


def _changes(ranking: RankingPolicy) -> Iterator[Block]:
    since = ranking.since
    if since is None:
        yield Paragraph("No other policy has made this market's lists before.")
        return
    yield Paragraph(f"Before it, the policy {since.name!r}, version {since.version}, made the lists.")
    yield Bullets(since.changes) if since.changes else Paragraph("All settings are the same.")


def _settings(ranking: RankingPolicy) -> Iterator[Block]:
    rows: list[tuple[Cell, ...]] = [(Code(one.dial), one.title, one.value) for one in ranking.settings]
    yield Table("The policy", ("setting", "what it is", "value"), rows)


def _measured(ranking: RankingPolicy) -> Iterator[Block]:
    measured = ranking.measured
    yield Paragraph(
        "What is the same for all entries of a list orders nothing, so a contribution is a term's value less its mean "
        "in the list; the share is the mean of its absolute values among those of all terms. Taste, the moment and the "
        "way make the probability of an order together: its share is divided by the log-odds that they add."
    )
    yield Facts(
        [
            ("Lists served", count(measured.served)),
            ("Between", f"{_time(measured.since)} and {_time(measured.until)}"),
            ("Lists looked at", count(measured.lists)),
            ("Of so many diners", count(measured.diners)),
            ("Left out", count(measured.left_out)),
        ]
    )
    rows: list[tuple[Cell, ...]] = [
        (Code(one.term), one.title, Quantity(one.ledger_share, "share"))
        for one in ranking.parameters
        if one.ledger_share is not None
    ]
    if rows:
        yield Table(
            "Shares of the raw terms of the ledger, whose units differ: calibration takes back most of relevance",
            ("term", "parameter", "share"),
            rows,
        )


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
