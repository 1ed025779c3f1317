from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.signature_body import SignatureBody


T = TypeVar("T", bound="SignOffBody")


@_attrs_define
class SignOffBody:
    """How far a version of a policy is signed.

    Attributes:
        market (str):
        name (str):
        version (int):
        signed (list[SignatureBody]): In the order in which they were given.
        missing (list[str]): Seats that have to sign yet; empty: the version may be activated.
        active (bool): Whether this version makes the market's lists.
        held_back (None | str): Why the last signature did not activate the version; activate it when that is over.
    """

    market: str
    name: str
    version: int
    signed: list[SignatureBody]
    missing: list[str]
    active: bool
    held_back: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        market = self.market

        name = self.name

        version = self.version

        signed = []
        for signed_item_data in self.signed:
            signed_item = signed_item_data.to_dict()
            signed.append(signed_item)

        missing = self.missing

        active = self.active

        held_back: None | str
        held_back = self.held_back

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "market": market,
                "name": name,
                "version": version,
                "signed": signed,
                "missing": missing,
                "active": active,
                "held_back": held_back,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.signature_body import SignatureBody

        d = dict(src_dict)
        market = d.pop("market")

        name = d.pop("name")

        version = d.pop("version")

        signed = []
        _signed = d.pop("signed")
        for signed_item_data in _signed:
            signed_item = SignatureBody.from_dict(signed_item_data)

            signed.append(signed_item)

        missing = cast(list[str], d.pop("missing"))

        active = d.pop("active")

        def _parse_held_back(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        held_back = _parse_held_back(d.pop("held_back"))

        sign_off_body = cls(
            market=market,
            name=name,
            version=version,
            signed=signed,
            missing=missing,
            active=active,
            held_back=held_back,
        )

        sign_off_body.additional_properties = d
        return sign_off_body

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
