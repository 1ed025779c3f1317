"""What changed from one version to the next."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from models.cards.figures import Figure, difference

if TYPE_CHECKING:
    from models.cards.model_card import ModelCard

_METRICS = ("ndcg@10", "recall@20", "precision@10", "mrr", "auc", "coverage", "gini")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class ChangedParameter(_Part):
    """A parameter that differs; null: it was not there."""

    name: str
    before: str | None
    after: str | None


class ChangedFigure(_Part):
    """A figure of both versions, each on what was held out when it was trained."""

    name: str
    before: Figure
    after: Figure
    difference: Figure = Field(description="As of independent numbers.")
    verdict: Literal["rose", "fell", "level"] = Field(description="`level`: the interval of the difference holds 0.")


class Changes(_Part):
    """Since the version before."""

    version: str
    model: str
    same_data: bool | None = Field(description="Whether both have learnt from the very same data.")
    until_before: datetime | None = Field(description="Where the data of the version before ended.")
    parameters: list[ChangedParameter]
    figures: list[ChangedFigure]
    groups: list[ChangedFigure] = Field(description="nDCG@10 of groups that both were measured on.")
    regressions: list[str] = Field(description="Groups whose figure has certainly fallen.")


def changes(card: "ModelCard", before: "ModelCard", parameters: Mapping[str, tuple[str | None, str | None]]) -> Changes:
    """`parameters`: those that differ, as (before, after)."""
    own, old = card.accuracy.own("diners", card.model), before.accuracy.own("diners", before.model)
    groups = {one.group: one.figure for one in before.groups or []}
    in_groups = [_changed(one.group, groups[one.group], one.figure) for one in card.groups or [] if one.group in groups]
    told = card.data.snapshot is not None and before.data.snapshot is not None
    return Changes(
        version=before.version,
        model=before.model,
        same_data=card.data.snapshot == before.data.snapshot if told else None,
        until_before=before.data.until,
        parameters=[
            ChangedParameter(name=name, before=was, after=becomes) for name, (was, becomes) in parameters.items()
        ],
        figures=[_changed(name, old[name], own[name]) for name in _METRICS if name in own and name in old],
        groups=in_groups,
        regressions=[one.name for one in in_groups if one.verdict == "fell"],
    )


def _changed(name: str, before: Figure, after: Figure) -> ChangedFigure:
    apart = difference(after, before)
    verdict: Literal["rose", "fell", "level"] = ("level", "rose", "fell")[apart.certain_sign]
    return ChangedFigure(name=name, before=before, after=after, difference=apart, verdict=verdict)
