from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.state import State, check_state

if TYPE_CHECKING:
    from ..models.release_body_evidence import ReleaseBodyEvidence
    from ..models.shadow_score import ShadowScore


T = TypeVar("T", bound="ReleaseBody")


@_attrs_define
class ReleaseBody:
    """A model version and what it is in its market.

    Attributes:
        market (str):
        version (str):
        model (str):
        state (State | str):
        since (datetime.datetime): When it came into this state.
        reason (str):
        created_at (datetime.datetime): When it was registered.
        served (bool): Whether it is or has been champion: a rollback can lead to it.
        share (float): Of diners (canary) or of lists (shadow); else 0.
        ndcg (float | None): nDCG@10 on held-out data when it was trained.
        evidence (ReleaseBodyEvidence): What the guardrails have counted in the trial, and their e-values.
        agreement (None | ShadowScore): How a shadow's lists agree with those that are shown.
    """

    market: str
    version: str
    model: str
    state: State | str
    since: datetime.datetime
    reason: str
    created_at: datetime.datetime
    served: bool
    share: float
    ndcg: float | None
    evidence: ReleaseBodyEvidence
    agreement: None | ShadowScore
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.shadow_score import ShadowScore

        market = self.market

        version = self.version

        model = self.model

        state: str
        if isinstance(self.state, str):
            state = self.state
        else:
            state = self.state

        since = self.since.isoformat()

        reason = self.reason

        created_at = self.created_at.isoformat()

        served = self.served

        share = self.share

        ndcg: float | None
        ndcg = self.ndcg

        evidence = self.evidence.to_dict()

        agreement: dict[str, Any] | None
        if isinstance(self.agreement, ShadowScore):
            agreement = self.agreement.to_dict()
        else:
            agreement = self.agreement

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "market": market,
                "version": version,
                "model": model,
                "state": state,
                "since": since,
                "reason": reason,
                "created_at": created_at,
                "served": served,
                "share": share,
                "ndcg": ndcg,
                "evidence": evidence,
                "agreement": agreement,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.release_body_evidence import ReleaseBodyEvidence
        from ..models.shadow_score import ShadowScore

        d = dict(src_dict)
        market = d.pop("market")

        version = d.pop("version")

        model = d.pop("model")

        def _parse_state(data: object) -> State | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                state_type_0 = check_state(data)

                return state_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(State | str, data)

        state = _parse_state(d.pop("state"))

        since = datetime.datetime.fromisoformat(d.pop("since"))

        reason = d.pop("reason")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        served = d.pop("served")

        share = d.pop("share")

        def _parse_ndcg(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        ndcg = _parse_ndcg(d.pop("ndcg"))

        evidence = ReleaseBodyEvidence.from_dict(d.pop("evidence"))

        def _parse_agreement(data: object) -> None | ShadowScore:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                agreement_type_0 = ShadowScore.from_dict(data)

                return agreement_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ShadowScore, data)

        agreement = _parse_agreement(d.pop("agreement"))

        release_body = cls(
            market=market,
            version=version,
            model=model,
            state=state,
            since=since,
            reason=reason,
            created_at=created_at,
            served=served,
            share=share,
            ndcg=ndcg,
            evidence=evidence,
            agreement=agreement,
        )

        release_body.additional_properties = d
        return release_body

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
