from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.figure import Figure


T = TypeVar("T", bound="MeasuredLists")


@_attrs_define
class MeasuredLists:
    """The lists that the shares rest on.

    Attributes:
        since (datetime.datetime):
        until (datetime.datetime):
        served (int): Lists of this time.
        lists (int): Of these, looked at: made by this policy, evenly spread.
        diners (int):
        left_out (int): Of these, lists that have no order, or whose model is not kept any more.
        not_personal (Figure | None): Share of lists that were asked for without a profile.
    """

    since: datetime.datetime
    until: datetime.datetime
    served: int
    lists: int
    diners: int
    left_out: int
    not_personal: Figure | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.figure import Figure

        since = self.since.isoformat()

        until = self.until.isoformat()

        served = self.served

        lists = self.lists

        diners = self.diners

        left_out = self.left_out

        not_personal: dict[str, Any] | None
        if isinstance(self.not_personal, Figure):
            not_personal = self.not_personal.to_dict()
        else:
            not_personal = self.not_personal

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "since": since,
                "until": until,
                "served": served,
                "lists": lists,
                "diners": diners,
                "left_out": left_out,
                "not_personal": not_personal,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.figure import Figure

        d = dict(src_dict)
        since = datetime.datetime.fromisoformat(d.pop("since"))

        until = datetime.datetime.fromisoformat(d.pop("until"))

        served = d.pop("served")

        lists = d.pop("lists")

        diners = d.pop("diners")

        left_out = d.pop("left_out")

        def _parse_not_personal(data: object) -> Figure | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                not_personal_type_0 = Figure.from_dict(data)

                return not_personal_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Figure | None, data)

        not_personal = _parse_not_personal(d.pop("not_personal"))

        measured_lists = cls(
            since=since,
            until=until,
            served=served,
            lists=lists,
            diners=diners,
            left_out=left_out,
            not_personal=not_personal,
        )

        measured_lists.additional_properties = d
        return measured_lists

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
