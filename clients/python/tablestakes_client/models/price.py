from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Price")


@_attrs_define
class Price:
    """What it costs that nothing is released.

    Attributes:
        staleness_days (float | None):
        champion_ndcg (float | None):
        best_queued (None | str):
        ndcg_lost (float | None):
    """

    staleness_days: float | None
    champion_ndcg: float | None
    best_queued: None | str
    ndcg_lost: float | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        staleness_days: float | None
        staleness_days = self.staleness_days

        champion_ndcg: float | None
        champion_ndcg = self.champion_ndcg

        best_queued: None | str
        best_queued = self.best_queued

        ndcg_lost: float | None
        ndcg_lost = self.ndcg_lost

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "staleness_days": staleness_days,
                "champion_ndcg": champion_ndcg,
                "best_queued": best_queued,
                "ndcg_lost": ndcg_lost,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_staleness_days(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        staleness_days = _parse_staleness_days(d.pop("staleness_days"))

        def _parse_champion_ndcg(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        champion_ndcg = _parse_champion_ndcg(d.pop("champion_ndcg"))

        def _parse_best_queued(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        best_queued = _parse_best_queued(d.pop("best_queued"))

        def _parse_ndcg_lost(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        ndcg_lost = _parse_ndcg_lost(d.pop("ndcg_lost"))

        price = cls(
            staleness_days=staleness_days,
            champion_ndcg=champion_ndcg,
            best_queued=best_queued,
            ndcg_lost=ndcg_lost,
        )

        price.additional_properties = d
        return price

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
