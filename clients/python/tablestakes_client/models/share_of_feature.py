from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.share_of_feature_of import ShareOfFeatureOf, check_share_of_feature_of

T = TypeVar("T", bound="ShareOfFeature")


@_attrs_define
class ShareOfFeature:
    """The Shapley value of one feature in the relevance.

    Attributes:
        of (ShareOfFeatureOf | str):
        feature (str):
        value (float):
    """

    of: ShareOfFeatureOf | str
    feature: str
    value: float
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        of: str
        if isinstance(self.of, str):
            of = self.of
        else:
            of = self.of

        feature = self.feature

        value = self.value

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "of": of,
                "feature": feature,
                "value": value,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_of(data: object) -> ShareOfFeatureOf | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                of_type_0 = check_share_of_feature_of(data)

                return of_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ShareOfFeatureOf | str, data)

        of = _parse_of(d.pop("of"))

        feature = d.pop("feature")

        value = d.pop("value")

        share_of_feature = cls(
            of=of,
            feature=feature,
            value=value,
        )

        share_of_feature.additional_properties = d
        return share_of_feature

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
