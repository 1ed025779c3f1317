from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.faithfulness_margins import FaithfulnessMargins
    from ..models.figure import Figure


T = TypeVar("T", bound="Faithfulness")


@_attrs_define
class Faithfulness:
    """How faithful the order of features is by which scores of one kind are explained.

    Attributes:
        cases (int):
        diners (int):
        parts (float): Of a case, in the mean.
        margins (FaithfulnessMargins | Unset): By how much the exact values beat another order, case by case: above 0
            they are better. By default {}.
        interaction_share (Figure | None | Unset): How much of the values comes of parts together.
        sign_agreement (Figure | None | Unset): Share of parts whose value has the sign of what taking them away does.
        local_r2 (Figure | None | Unset): What of the changes near a case adds up from the values.
    """

    cases: int
    diners: int
    parts: float
    margins: FaithfulnessMargins | Unset = UNSET
    interaction_share: Figure | None | Unset = UNSET
    sign_agreement: Figure | None | Unset = UNSET
    local_r2: Figure | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.figure import Figure

        cases = self.cases

        diners = self.diners

        parts = self.parts

        margins: dict[str, Any] | Unset = UNSET
        if not isinstance(self.margins, Unset):
            margins = self.margins.to_dict()

        interaction_share: dict[str, Any] | None | Unset
        if isinstance(self.interaction_share, Unset):
            interaction_share = UNSET
        elif isinstance(self.interaction_share, Figure):
            interaction_share = self.interaction_share.to_dict()
        else:
            interaction_share = self.interaction_share

        sign_agreement: dict[str, Any] | None | Unset
        if isinstance(self.sign_agreement, Unset):
            sign_agreement = UNSET
        elif isinstance(self.sign_agreement, Figure):
            sign_agreement = self.sign_agreement.to_dict()
        else:
            sign_agreement = self.sign_agreement

        local_r2: dict[str, Any] | None | Unset
        if isinstance(self.local_r2, Unset):
            local_r2 = UNSET
        elif isinstance(self.local_r2, Figure):
            local_r2 = self.local_r2.to_dict()
        else:
            local_r2 = self.local_r2

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "cases": cases,
                "diners": diners,
                "parts": parts,
            }
        )
        if margins is not UNSET:
            field_dict["margins"] = margins
        if interaction_share is not UNSET:
            field_dict["interaction_share"] = interaction_share
        if sign_agreement is not UNSET:
            field_dict["sign_agreement"] = sign_agreement
        if local_r2 is not UNSET:
            field_dict["local_r2"] = local_r2

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.faithfulness_margins import FaithfulnessMargins
        from ..models.figure import Figure

        d = dict(src_dict)
        cases = d.pop("cases")

        diners = d.pop("diners")

        parts = d.pop("parts")

        _margins = d.pop("margins", UNSET)
        margins: FaithfulnessMargins | Unset
        if isinstance(_margins, Unset):
            margins = UNSET
        else:
            margins = FaithfulnessMargins.from_dict(_margins)

        def _parse_interaction_share(data: object) -> Figure | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                interaction_share_type_0 = Figure.from_dict(data)

                return interaction_share_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Figure | None | Unset, data)

        interaction_share = _parse_interaction_share(d.pop("interaction_share", UNSET))

        def _parse_sign_agreement(data: object) -> Figure | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                sign_agreement_type_0 = Figure.from_dict(data)

                return sign_agreement_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Figure | None | Unset, data)

        sign_agreement = _parse_sign_agreement(d.pop("sign_agreement", UNSET))

        def _parse_local_r2(data: object) -> Figure | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                local_r2_type_0 = Figure.from_dict(data)

                return local_r2_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Figure | None | Unset, data)

        local_r2 = _parse_local_r2(d.pop("local_r2", UNSET))

        faithfulness = cls(
            cases=cases,
            diners=diners,
            parts=parts,
            margins=margins,
            interaction_share=interaction_share,
            sign_agreement=sign_agreement,
            local_r2=local_r2,
        )

        faithfulness.additional_properties = d
        return faithfulness

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
