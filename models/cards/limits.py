"""What a version does not know and where it is weak, in sentences that its figures make. Pure."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from models.cards.figures import difference, with_interval, written

if TYPE_CHECKING:
    from models.cards.model_card import ModelCard

COLD: Final = "diners: cold"
COLD_RESTAURANTS: Final = "restaurants: only cold ones chosen"
_SMALL: Final = 100
"""Diners of a group below which its interval is wide."""
_NAMED: Final = 5
_ACCURACY: Final = "ndcg@10"
_SIGNIFICANT: Final = 0.05


def limits(card: "ModelCard") -> list[str]:
    """The sentences, what matters most first."""
    parts = (_data, _accuracy, _newcomers, _groups, _calibration, _behaviour, _findings, _explaining, _unmeasured)
    return [sentence for part in parts for sentence in part(card)]


def _data(card: "ModelCard") -> Iterator[str]:
    if card.data.source == "synthetic":
        yield "It has learnt from an invented city: its figures say nothing about real diners."
    if card.data.split is not None and card.data.split != "time":
        yield (
            f"It was measured on choices held out by {card.data.split!r}, not on a later time: "
            "how it ages is not known."
        )
    yield from (f"Its data rests on an assumption: {text}" for text in card.data.assumptions)
    if not card.details.kept:
        yield "Its files are not there any more, or are damaged: parameters and calibration cannot be told."


def _accuracy(card: "ModelCard") -> Iterator[str]:
    own = card.accuracy.own("diners", card.model)
    if _ACCURACY not in own:
        yield "Its accuracy was not measured."
        return
    gain = own.get("ndcg@10_over_popular")
    if gain is not None and gain.certain_sign <= 0:
        yield (
            f"It is not certainly better than popularity alone: nDCG@10 differs by {with_interval(gain)}, "
            "diner by diner."
        )
    share = own.get("share_of_oracle")
    if share is not None:
        yield f"Who knew the invented city's truth would do better: it reaches {with_interval(share, 'share')} of that."


def _newcomers(card: "ModelCard") -> Iterator[str]:
    by_group = {one.group: one for one in card.groups or []}
    for group, who in ((COLD, "Diners whom it has not seen"), (COLD_RESTAURANTS, "Diners who chose new places only")):
        found = by_group.get(group)
        if card.groups is not None and found is None:
            yield f"{who}: not told, the test period had too few of them."
        elif found is not None and found.popular is not None:
            apart = difference(found.figure, found.popular)
            if apart.certain_sign <= 0:
                words = "level with popularity" if apart.certain_sign == 0 else "worse than popularity"
                yield (
                    f"{who}: {words}, nDCG@10 {with_interval(found.figure)} against {with_interval(found.popular)}, "
                    f"{found.diners:,} diners."
                )


def _groups(card: "ModelCard") -> Iterator[str]:
    small = sorted((one for one in card.groups or [] if one.diners < _SMALL), key=lambda one: one.diners)
    if small:
        named = ", ".join(f"{one.group} ({one.diners})" for one in small[:_NAMED])
        more = f" and {len(small) - _NAMED} more" if len(small) > _NAMED else ""
        yield f"Small groups, whose intervals are wide ({len(small)} of fewer than {_SMALL} diners): {named}{more}."
    if card.changes is not None and card.changes.regressions:
        yield f"Worse than the version before it in: {', '.join(card.changes.regressions)}."


def _calibration(card: "ModelCard") -> Iterator[str]:
    curve = card.calibration
    if curve is None:
        return
    if curve.assumed:
        yield "Its probabilities are assumed: its data had no impressions to fit them on, so nothing is sold with it."
    elif not curve.errors:
        yield "Its probabilities were fitted, and their error was not measured."


def _behaviour(card: "ModelCard") -> Iterator[str]:
    yield from (
        f"It fails the check {one.name!r}: {one.explanation}." for one in card.behaviour or [] if not one.passed
    )


def _findings(card: "ModelCard") -> Iterator[str]:
    yield from (f"It leans on a feature: {one.sentence}" for one in card.over_indexing or [] if one.reported)
    worse = [one for one in card.worst_slices or [] if one.p_adjusted < _SIGNIFICANT]
    for one in worse[:_NAMED]:
        yield (
            f"Worse where {one.where}: {card.slice_loss or 'mean loss'} {with_interval(one.figure)} against "
            f"{written(one.rest)} elsewhere, {one.n:,} cases, p = {written(one.p_adjusted)} after correction."
        )
    for lost in (card.slice_regressions or [])[:_NAMED]:
        yield (
            f"Worse than the champion of then where {lost.where}: {written(lost.after)} where that had "
            f"{written(lost.before)}, on the same {lost.n:,} cases."
        )


def _explaining(card: "ModelCard") -> Iterator[str]:
    if card.exact is False:
        yield "Its scores are not taken apart exactly: an explanation has a rest that is named as such."


def _unmeasured(card: "ModelCard") -> Iterator[str]:
    if card.not_measured:
        names = ", ".join(sorted(name.replace("_", " ") for name in card.not_measured))
        yield f"Not told on this card: {names}."
