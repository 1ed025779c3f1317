from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="StandstillBody")


@_attrs_define
class StandstillBody:
    """What a freeze costs while it holds.

    Attributes:
        reason (str):
        staleness_days (float | None): Age of the champion.
        ndcg_lost (float | None): To the best version that waits; null: not known.
        waiting (int):
    """

    reason: str
    staleness_days: float | None
    ndcg_lost: float | None
    waiting: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        reason = self.reason

        staleness_days: float | None
        staleness_days = self.staleness_days

        ndcg_lost: float | None
        ndcg_lost = self.ndcg_lost

        waiting = self.waiting

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "reason": reason,
                "staleness_days": staleness_days,
                "ndcg_lost": ndcg_lost,
                "waiting": waiting,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        reason = d.pop("reason")

        def _parse_staleness_days(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        staleness_days = _parse_staleness_days(d.pop("staleness_days"))

        def _parse_ndcg_lost(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        ndcg_lost = _parse_ndcg_lost(d.pop("ndcg_lost"))

        waiting = d.pop("waiting")

        standstill_body = cls(
            reason=reason,
            staleness_days=staleness_days,
            ndcg_lost=ndcg_lost,
            waiting=waiting,
        )

        standstill_body.additional_properties = d
        return standstill_body

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
