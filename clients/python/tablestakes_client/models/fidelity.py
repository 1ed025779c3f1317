from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.faithfulness import Faithfulness


T = TypeVar("T", bound="Fidelity")


@_attrs_define
class Fidelity:
    """Whether explanations say what the model does, on held-out diners and requests.

    Attributes:
        pair (Faithfulness | None | Unset): Of a diner and a restaurant.
        second_stage (Faithfulness | None | Unset): Of what the second stage adds.
        refused (None | str | Unset): Why there is neither.
    """

    pair: Faithfulness | None | Unset = UNSET
    second_stage: Faithfulness | None | Unset = UNSET
    refused: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.faithfulness import Faithfulness

        pair: dict[str, Any] | None | Unset
        if isinstance(self.pair, Unset):
            pair = UNSET
        elif isinstance(self.pair, Faithfulness):
            pair = self.pair.to_dict()
        else:
            pair = self.pair

        second_stage: dict[str, Any] | None | Unset
        if isinstance(self.second_stage, Unset):
            second_stage = UNSET
        elif isinstance(self.second_stage, Faithfulness):
            second_stage = self.second_stage.to_dict()
        else:
            second_stage = self.second_stage

        refused: None | str | Unset
        if isinstance(self.refused, Unset):
            refused = UNSET
        else:
            refused = self.refused

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if pair is not UNSET:
            field_dict["pair"] = pair
        if second_stage is not UNSET:
            field_dict["second_stage"] = second_stage
        if refused is not UNSET:
            field_dict["refused"] = refused

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.faithfulness import Faithfulness

        d = dict(src_dict)

        def _parse_pair(data: object) -> Faithfulness | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                pair_type_0 = Faithfulness.from_dict(data)

                return pair_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Faithfulness | None | Unset, data)

        pair = _parse_pair(d.pop("pair", UNSET))

        def _parse_second_stage(data: object) -> Faithfulness | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                second_stage_type_0 = Faithfulness.from_dict(data)

                return second_stage_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Faithfulness | None | Unset, data)

        second_stage = _parse_second_stage(d.pop("second_stage", UNSET))

        def _parse_refused(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        refused = _parse_refused(d.pop("refused", UNSET))

        fidelity = cls(
            pair=pair,
            second_stage=second_stage,
            refused=refused,
        )

        fidelity.additional_properties = d
        return fidelity

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
