from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.stage_body_disagreement import StageBodyDisagreement
    from ..models.stage_body_ideal import StageBodyIdeal
    from ..models.tried_body import TriedBody


T = TypeVar("T", bound="StageBody")


@_attrs_define
class StageBody:
    """Policies that were tried for equally long.

    Attributes:
        days (int):
        ideal (StageBodyIdeal): By seat: the best it could have.
        disagreement (StageBodyDisagreement): By seat: its worst over the others' favourites.
        policies (list[TriedBody]): By name.
    """

    days: int
    ideal: StageBodyIdeal
    disagreement: StageBodyDisagreement
    policies: list[TriedBody]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        days = self.days

        ideal = self.ideal.to_dict()

        disagreement = self.disagreement.to_dict()

        policies = []
        for policies_item_data in self.policies:
            policies_item = policies_item_data.to_dict()
            policies.append(policies_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "days": days,
                "ideal": ideal,
                "disagreement": disagreement,
                "policies": policies,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.stage_body_disagreement import StageBodyDisagreement
        from ..models.stage_body_ideal import StageBodyIdeal
        from ..models.tried_body import TriedBody

        d = dict(src_dict)
        days = d.pop("days")

        ideal = StageBodyIdeal.from_dict(d.pop("ideal"))

        disagreement = StageBodyDisagreement.from_dict(d.pop("disagreement"))

        policies = []
        _policies = d.pop("policies")
        for policies_item_data in _policies:
            policies_item = TriedBody.from_dict(policies_item_data)

            policies.append(policies_item)

        stage_body = cls(
            days=days,
            ideal=ideal,
            disagreement=disagreement,
            policies=policies,
        )

        stage_body.additional_properties = d
        return stage_body

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
