from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.beside_body_verdict import BesideBodyVerdict, check_beside_body_verdict

if TYPE_CHECKING:
    from ..models.figure_body import FigureBody


T = TypeVar("T", bound="BesideBody")


@_attrs_define
class BesideBody:
    """A restaurant beside the others of one of its groups: looks that were not paid for, for each order's worth.

    Attributes:
        attribute (str):
        group (str):
        members (int):
        own (FigureBody): A number with its 95 % interval.
        others (FigureBody): A number with its 95 % interval.
        verdict (BesideBodyVerdict | str): `like`: the intervals overlap.
    """

    attribute: str
    group: str
    members: int
    own: FigureBody
    others: FigureBody
    verdict: BesideBodyVerdict | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        attribute = self.attribute

        group = self.group

        members = self.members

        own = self.own.to_dict()

        others = self.others.to_dict()

        verdict: str
        if isinstance(self.verdict, str):
            verdict = self.verdict
        else:
            verdict = self.verdict

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "attribute": attribute,
                "group": group,
                "members": members,
                "own": own,
                "others": others,
                "verdict": verdict,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.figure_body import FigureBody

        d = dict(src_dict)
        attribute = d.pop("attribute")

        group = d.pop("group")

        members = d.pop("members")

        own = FigureBody.from_dict(d.pop("own"))

        others = FigureBody.from_dict(d.pop("others"))

        def _parse_verdict(data: object) -> BesideBodyVerdict | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                verdict_type_0 = check_beside_body_verdict(data)

                return verdict_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(BesideBodyVerdict | str, data)

        verdict = _parse_verdict(d.pop("verdict"))

        beside_body = cls(
            attribute=attribute,
            group=group,
            members=members,
            own=own,
            others=others,
            verdict=verdict,
        )

        beside_body.additional_properties = d
        return beside_body

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
