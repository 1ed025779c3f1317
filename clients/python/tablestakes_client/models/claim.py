from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.claim_sign import ClaimSign, check_claim_sign

if TYPE_CHECKING:
    from ..models.measured_value import MeasuredValue


T = TypeVar("T", bound="Claim")


@_attrs_define
class Claim:
    """A sentence that the run could have refuted.

    Attributes:
        sentence (str):
        sign (ClaimSign | int): That the measured number must have.
        measured (MeasuredValue): A number with its 95 % interval; null where there is nothing to measure.
        unit (None | str):
        asserted (bool): In a short run only the main claims are asserted, the rest is told.
        holds (bool): Whether the interval is wholly on the sign's side; in a short run, whether every seed is.
    """

    sentence: str
    sign: ClaimSign | int
    measured: MeasuredValue
    unit: None | str
    asserted: bool
    holds: bool
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        sentence = self.sentence

        sign: int
        if isinstance(self.sign, int):
            sign = self.sign
        else:
            sign = self.sign

        measured = self.measured.to_dict()

        unit: None | str
        unit = self.unit

        asserted = self.asserted

        holds = self.holds

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "sentence": sentence,
                "sign": sign,
                "measured": measured,
                "unit": unit,
                "asserted": asserted,
                "holds": holds,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.measured_value import MeasuredValue

        d = dict(src_dict)
        sentence = d.pop("sentence")

        def _parse_sign(data: object) -> ClaimSign | int:
            try:
                if not isinstance(data, int):
                    raise TypeError()
                sign_type_0 = check_claim_sign(data)

                return sign_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ClaimSign | int, data)

        sign = _parse_sign(d.pop("sign"))

        measured = MeasuredValue.from_dict(d.pop("measured"))

        def _parse_unit(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        unit = _parse_unit(d.pop("unit"))

        asserted = d.pop("asserted")

        holds = d.pop("holds")

        claim = cls(
            sentence=sentence,
            sign=sign,
            measured=measured,
            unit=unit,
            asserted=asserted,
            holds=holds,
        )

        claim.additional_properties = d
        return claim

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
