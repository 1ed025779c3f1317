from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.policy import Policy
    from ..models.tried_body_outcomes import TriedBodyOutcomes
    from ..models.tried_body_shares import TriedBodyShares


T = TypeVar("T", bound="TriedBody")


@_attrs_define
class TriedBody:
    """A policy that was tried, and what it came to.

    Attributes:
        policy (Policy): A version of a policy. Every answer names the one that made it.
        model (str):
        allowed (bool): Whether it keeps what is never traded.
        undominated (bool): Whether no other one that is allowed beats it for everyone.
        shares (TriedBodyShares): By seat, of what it could hope for where nobody demands anything: 0 at `disagreement`,
            1 at `ideal`; null where the others cannot take anything from a seat, and this policy does.
        outcomes (TriedBodyOutcomes): By measure, with 95 % intervals.
    """

    policy: Policy
    model: str
    allowed: bool
    undominated: bool
    shares: TriedBodyShares
    outcomes: TriedBodyOutcomes
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        policy = self.policy.to_dict()

        model = self.model

        allowed = self.allowed

        undominated = self.undominated

        shares = self.shares.to_dict()

        outcomes = self.outcomes.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "policy": policy,
                "model": model,
                "allowed": allowed,
                "undominated": undominated,
                "shares": shares,
                "outcomes": outcomes,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.policy import Policy
        from ..models.tried_body_outcomes import TriedBodyOutcomes
        from ..models.tried_body_shares import TriedBodyShares

        d = dict(src_dict)
        policy = Policy.from_dict(d.pop("policy"))

        model = d.pop("model")

        allowed = d.pop("allowed")

        undominated = d.pop("undominated")

        shares = TriedBodyShares.from_dict(d.pop("shares"))

        outcomes = TriedBodyOutcomes.from_dict(d.pop("outcomes"))

        tried_body = cls(
            policy=policy,
            model=model,
            allowed=allowed,
            undominated=undominated,
            shares=shares,
            outcomes=outcomes,
        )

        tried_body.additional_properties = d
        return tried_body

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
