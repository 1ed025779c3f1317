from __future__ import annotations

from collections.abc import Mapping
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.item_explanation import ItemExplanation
    from ..models.note import Note
    from ..models.sponsor import Sponsor


T = TypeVar("T", bound="SponsoredItem")


@_attrs_define
class SponsoredItem:
    """A restaurant whose place is paid for: it says who pays, and the first reason says so too.

    Attributes:
        rank (int):
        restaurant_id (str):
        name (str):
        score (float): The sum of its terms: the probability of an order if the diner looks at it, plus, for a sponsored
            entry, what its fee is worth.
        organic_rank (int): Its rank without payment.
        explanation (ItemExplanation | None):
        cuisines (list[str]):
        price_level (int | None):
        lat (float):
        lon (float):
        distance_km (float | None):
        open_now (bool):
        eta_minutes (float | None):
        sponsored (Literal[True]):
        sponsor (Sponsor): Who paid for a place in the list.
        reasons (list[Note]):
    """

    rank: int
    restaurant_id: str
    name: str
    score: float
    organic_rank: int
    explanation: ItemExplanation | None
    cuisines: list[str]
    price_level: int | None
    lat: float
    lon: float
    distance_km: float | None
    open_now: bool
    eta_minutes: float | None
    sponsored: Literal[True]
    sponsor: Sponsor
    reasons: list[Note]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.item_explanation import ItemExplanation

        rank = self.rank

        restaurant_id = self.restaurant_id

        name = self.name

        score = self.score

        organic_rank = self.organic_rank

        explanation: dict[str, Any] | None
        if isinstance(self.explanation, ItemExplanation):
            explanation = self.explanation.to_dict()
        else:
            explanation = self.explanation

        cuisines = self.cuisines

        price_level: int | None
        price_level = self.price_level

        lat = self.lat

        lon = self.lon

        distance_km: float | None
        distance_km = self.distance_km

        open_now = self.open_now

        eta_minutes: float | None
        eta_minutes = self.eta_minutes

        sponsored = self.sponsored

        sponsor = self.sponsor.to_dict()

        reasons = []
        for reasons_item_data in self.reasons:
            reasons_item = reasons_item_data.to_dict()
            reasons.append(reasons_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "rank": rank,
                "restaurant_id": restaurant_id,
                "name": name,
                "score": score,
                "organic_rank": organic_rank,
                "explanation": explanation,
                "cuisines": cuisines,
                "price_level": price_level,
                "lat": lat,
                "lon": lon,
                "distance_km": distance_km,
                "open_now": open_now,
                "eta_minutes": eta_minutes,
                "sponsored": sponsored,
                "sponsor": sponsor,
                "reasons": reasons,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.item_explanation import ItemExplanation
        from ..models.note import Note
        from ..models.sponsor import Sponsor

        d = dict(src_dict)
        rank = d.pop("rank")

        restaurant_id = d.pop("restaurant_id")

        name = d.pop("name")

        score = d.pop("score")

        organic_rank = d.pop("organic_rank")

        def _parse_explanation(data: object) -> ItemExplanation | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                explanation_type_0 = ItemExplanation.from_dict(data)

                return explanation_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ItemExplanation | None, data)

        explanation = _parse_explanation(d.pop("explanation"))

        cuisines = cast(list[str], d.pop("cuisines"))

        def _parse_price_level(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        price_level = _parse_price_level(d.pop("price_level"))

        lat = d.pop("lat")

        lon = d.pop("lon")

        def _parse_distance_km(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        distance_km = _parse_distance_km(d.pop("distance_km"))

        open_now = d.pop("open_now")

        def _parse_eta_minutes(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        eta_minutes = _parse_eta_minutes(d.pop("eta_minutes"))

        sponsored = cast(Literal[True], d.pop("sponsored"))
        if sponsored != True:
            raise ValueError(f"sponsored must match const True, got '{sponsored}'")

        sponsor = Sponsor.from_dict(d.pop("sponsor"))

        reasons = []
        _reasons = d.pop("reasons")
        for reasons_item_data in _reasons:
            reasons_item = Note.from_dict(reasons_item_data)

            reasons.append(reasons_item)

        sponsored_item = cls(
            rank=rank,
            restaurant_id=restaurant_id,
            name=name,
            score=score,
            organic_rank=organic_rank,
            explanation=explanation,
            cuisines=cuisines,
            price_level=price_level,
            lat=lat,
            lon=lon,
            distance_km=distance_km,
            open_now=open_now,
            eta_minutes=eta_minutes,
            sponsored=sponsored,
            sponsor=sponsor,
            reasons=reasons,
        )

        sponsored_item.additional_properties = d
        return sponsored_item

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
