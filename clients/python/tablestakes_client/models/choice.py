from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.choice_open_shares import ChoiceOpenShares
    from ..models.choice_outcomes import ChoiceOutcomes
    from ..models.choice_shares import ChoiceShares
    from ..models.policy import Policy


T = TypeVar("T", bound="Choice")


@_attrs_define
class Choice:
    """A policy, and what the seats have of it.

    Attributes:
        policy (Policy): A version of a policy. Every answer names the one that made it.
        model (str):
        shares (ChoiceShares): By seat, of what it could hope for: 0 where the others have their way, 1 where it has its
            own; null where the others cannot take anything from a seat, and this policy does.
        least_share (float | None):
        open_shares (ChoiceOpenShares): The same where nobody had demanded anything: demands that leave few policies
            leave little to hope for, and shares of that are large.
        outcomes (ChoiceOutcomes): By measure.
    """

    policy: Policy
    model: str
    shares: ChoiceShares
    least_share: float | None
    open_shares: ChoiceOpenShares
    outcomes: ChoiceOutcomes
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        policy = self.policy.to_dict()

        model = self.model

        shares = self.shares.to_dict()

        least_share: float | None
        least_share = self.least_share

        open_shares = self.open_shares.to_dict()

        outcomes = self.outcomes.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "policy": policy,
                "model": model,
                "shares": shares,
                "least_share": least_share,
                "open_shares": open_shares,
                "outcomes": outcomes,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.choice_open_shares import ChoiceOpenShares
        from ..models.choice_outcomes import ChoiceOutcomes
        from ..models.choice_shares import ChoiceShares
        from ..models.policy import Policy

        d = dict(src_dict)
        policy = Policy.from_dict(d.pop("policy"))

        model = d.pop("model")

        shares = ChoiceShares.from_dict(d.pop("shares"))

        def _parse_least_share(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        least_share = _parse_least_share(d.pop("least_share"))

        open_shares = ChoiceOpenShares.from_dict(d.pop("open_shares"))

        outcomes = ChoiceOutcomes.from_dict(d.pop("outcomes"))

        choice = cls(
            policy=policy,
            model=model,
            shares=shares,
            least_share=least_share,
            open_shares=open_shares,
            outcomes=outcomes,
        )

        choice.additional_properties = d
        return choice

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
