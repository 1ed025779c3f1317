from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.feature_term import FeatureTerm


T = TypeVar("T", bound="Contrast")


@_attrs_define
class Contrast:
    """Why this restaurant rather than another: what each of its features adds, less what the other's add.

    Attributes:
        against (None | str): Null: the average candidate of that list.
        features (list[FeatureTerm]):
        words (list[str]): The same for people, with all terms before calibration and the way; empty for the average
            candidate.
    """

    against: None | str
    features: list[FeatureTerm]
    words: list[str]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        against: None | str
        against = self.against

        features = []
        for features_item_data in self.features:
            features_item = features_item_data.to_dict()
            features.append(features_item)

        words = self.words

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "against": against,
                "features": features,
                "words": words,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.feature_term import FeatureTerm

        d = dict(src_dict)

        def _parse_against(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        against = _parse_against(d.pop("against"))

        features = []
        _features = d.pop("features")
        for features_item_data in _features:
            features_item = FeatureTerm.from_dict(features_item_data)

            features.append(features_item)

        words = cast(list[str], d.pop("words"))

        contrast = cls(
            against=against,
            features=features,
            words=words,
        )

        contrast.additional_properties = d
        return contrast

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
