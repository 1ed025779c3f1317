from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.outlook_body import OutlookBody


T = TypeVar("T", bound="PreviewBody")


@_attrs_define
class PreviewBody:
    """The last seven days held again, with today's policy and everybody else's bids of then. Nothing is written.

    Attributes:
        since (datetime.datetime):
        until (datetime.datetime):
        lists (int): Served in the period.
        replayed (int): Of these, held again.
        candidate_in (int): Of these, with the restaurant as a candidate for a sold place.
        now (OutlookBody): What one bid would have brought in the period.
        proposed (OutlookBody): What one bid would have brought in the period.
    """

    since: datetime.datetime
    until: datetime.datetime
    lists: int
    replayed: int
    candidate_in: int
    now: OutlookBody
    proposed: OutlookBody
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        since = self.since.isoformat()

        until = self.until.isoformat()

        lists = self.lists

        replayed = self.replayed

        candidate_in = self.candidate_in

        now = self.now.to_dict()

        proposed = self.proposed.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "since": since,
                "until": until,
                "lists": lists,
                "replayed": replayed,
                "candidate_in": candidate_in,
                "now": now,
                "proposed": proposed,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.outlook_body import OutlookBody

        d = dict(src_dict)
        since = datetime.datetime.fromisoformat(d.pop("since"))

        until = datetime.datetime.fromisoformat(d.pop("until"))

        lists = d.pop("lists")

        replayed = d.pop("replayed")

        candidate_in = d.pop("candidate_in")

        now = OutlookBody.from_dict(d.pop("now"))

        proposed = OutlookBody.from_dict(d.pop("proposed"))

        preview_body = cls(
            since=since,
            until=until,
            lists=lists,
            replayed=replayed,
            candidate_in=candidate_in,
            now=now,
            proposed=proposed,
        )

        preview_body.additional_properties = d
        return preview_body

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
