from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.replay_body_response import ReplayBodyResponse


T = TypeVar("T", bound="ReplayBody")


@_attrs_define
class ReplayBody:
    """A list that was made again.

    Attributes:
        request_id (str):
        market (str):
        identical (bool): Whether the answer is made again to the byte.
        sealed (bool): Whether the record is the one that was sealed when it was written.
        response (ReplayBodyResponse): The answer as it is made now.
        differences (list[str]): Where the record says otherwise, in words; empty where identical.
    """

    request_id: str
    market: str
    identical: bool
    sealed: bool
    response: ReplayBodyResponse
    differences: list[str]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        request_id = self.request_id

        market = self.market

        identical = self.identical

        sealed = self.sealed

        response = self.response.to_dict()

        differences = self.differences

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "request_id": request_id,
                "market": market,
                "identical": identical,
                "sealed": sealed,
                "response": response,
                "differences": differences,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.replay_body_response import ReplayBodyResponse

        d = dict(src_dict)
        request_id = d.pop("request_id")

        market = d.pop("market")

        identical = d.pop("identical")

        sealed = d.pop("sealed")

        response = ReplayBodyResponse.from_dict(d.pop("response"))

        differences = cast(list[str], d.pop("differences"))

        replay_body = cls(
            request_id=request_id,
            market=market,
            identical=identical,
            sealed=sealed,
            response=response,
            differences=differences,
        )

        replay_body.additional_properties = d
        return replay_body

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
