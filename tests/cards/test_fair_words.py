"""What the ranking policy page says of a control of exposure."""

from services.cards.ranking_policy import fairness_words
from services.stakeholders.policy import Control, FairnessPolicy, GroupedBy


def test_a_control_is_told_with_its_groups_quota_and_floor() -> None:
    dials = FairnessPolicy(
        gain=0.02, control=Control.FAIRCO, by=GroupedBy.DISTRICT, newcomer_quota=0.1, quality_floor=0.05
    )
    words = " ".join(fairness_words(dials))
    for part in ("by their district", "FairCo", "0.02 in order", "towards 10.0 %", "less likely than 5.0 %"):
        assert part in words


def test_every_control_and_grouping_has_words() -> None:
    for control in Control:
        for by in GroupedBy:
            assert fairness_words(FairnessPolicy(gain=0.02, control=control, by=by))


def test_without_a_control_nobody_is_lifted() -> None:
    for dials in (FairnessPolicy(), FairnessPolicy(gain=0.1, control=Control.NONE)):
        assert fairness_words(dials) == [
            "No group of restaurants is lifted: the order is by what is likely to be chosen alone."
        ]
