from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.approval import Approval
    from ..models.feature_importance import FeatureImportance
    from ..models.main_parameter import MainParameter
    from ..models.measured_lists import MeasuredLists
    from ..models.payment_rules import PaymentRules
    from ..models.setting import Setting
    from ..models.since_policy import SincePolicy


T = TypeVar("T", bound="RankingPolicy")


@_attrs_define
class RankingPolicy:
    """How lists are made in a market now. Intervals are 95 %.

    Attributes:
        market (str):
        market_title (str):
        policy (str):
        version (int):
        made_at (datetime.datetime | None):
        model (str):
        model_version (str):
        model_summary (str):
        parameters (list[MainParameter]): The most important first.
        features (list[FeatureImportance] | None): What matters to the model; null: not measured.
        payment (PaymentRules): Whether and how payment influences the order.
        personalisation (list[str]):
        exploration (list[str]):
        fairness (list[str]): Whether and how groups of restaurants are lifted to a fair share.
        unused (list[str]):
        approval (Approval): Who answers for the policy.
        since (None | SincePolicy): Null: there was no other policy before.
        settings (list[Setting]): All dials.
        measured (MeasuredLists): The lists that the shares rest on.
    """

    market: str
    market_title: str
    policy: str
    version: int
    made_at: datetime.datetime | None
    model: str
    model_version: str
    model_summary: str
    parameters: list[MainParameter]
    features: list[FeatureImportance] | None
    payment: PaymentRules
    personalisation: list[str]
    exploration: list[str]
    fairness: list[str]
    unused: list[str]
    approval: Approval
    since: None | SincePolicy
    settings: list[Setting]
    measured: MeasuredLists
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.since_policy import SincePolicy

        market = self.market

        market_title = self.market_title

        policy = self.policy

        version = self.version

        made_at: None | str
        if isinstance(self.made_at, datetime.datetime):
            made_at = self.made_at.isoformat()
        else:
            made_at = self.made_at

        model = self.model

        model_version = self.model_version

        model_summary = self.model_summary

        parameters = []
        for parameters_item_data in self.parameters:
            parameters_item = parameters_item_data.to_dict()
            parameters.append(parameters_item)

        features: list[dict[str, Any]] | None
        if isinstance(self.features, list):
            features = []
            for features_type_0_item_data in self.features:
                features_type_0_item = features_type_0_item_data.to_dict()
                features.append(features_type_0_item)

        else:
            features = self.features

        payment = self.payment.to_dict()

        personalisation = self.personalisation

        exploration = self.exploration

        fairness = self.fairness

        unused = self.unused

        approval = self.approval.to_dict()

        since: dict[str, Any] | None
        if isinstance(self.since, SincePolicy):
            since = self.since.to_dict()
        else:
            since = self.since

        settings = []
        for settings_item_data in self.settings:
            settings_item = settings_item_data.to_dict()
            settings.append(settings_item)

        measured = self.measured.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "market": market,
                "market_title": market_title,
                "policy": policy,
                "version": version,
                "made_at": made_at,
                "model": model,
                "model_version": model_version,
                "model_summary": model_summary,
                "parameters": parameters,
                "features": features,
                "payment": payment,
                "personalisation": personalisation,
                "exploration": exploration,
                "fairness": fairness,
                "unused": unused,
                "approval": approval,
                "since": since,
                "settings": settings,
                "measured": measured,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.approval import Approval
        from ..models.feature_importance import FeatureImportance
        from ..models.main_parameter import MainParameter
        from ..models.measured_lists import MeasuredLists
        from ..models.payment_rules import PaymentRules
        from ..models.setting import Setting
        from ..models.since_policy import SincePolicy

        d = dict(src_dict)
        market = d.pop("market")

        market_title = d.pop("market_title")

        policy = d.pop("policy")

        version = d.pop("version")

        def _parse_made_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                made_at_type_0 = datetime.datetime.fromisoformat(data)

                return made_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        made_at = _parse_made_at(d.pop("made_at"))

        model = d.pop("model")

        model_version = d.pop("model_version")

        model_summary = d.pop("model_summary")

        parameters = []
        _parameters = d.pop("parameters")
        for parameters_item_data in _parameters:
            parameters_item = MainParameter.from_dict(parameters_item_data)

            parameters.append(parameters_item)

        def _parse_features(data: object) -> list[FeatureImportance] | None:
            if data is None:
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                features_type_0 = []
                _features_type_0 = data
                for features_type_0_item_data in _features_type_0:
                    features_type_0_item = FeatureImportance.from_dict(features_type_0_item_data)

                    features_type_0.append(features_type_0_item)

                return features_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[FeatureImportance] | None, data)

        features = _parse_features(d.pop("features"))

        payment = PaymentRules.from_dict(d.pop("payment"))

        personalisation = cast(list[str], d.pop("personalisation"))

        exploration = cast(list[str], d.pop("exploration"))

        fairness = cast(list[str], d.pop("fairness"))

        unused = cast(list[str], d.pop("unused"))

        approval = Approval.from_dict(d.pop("approval"))

        def _parse_since(data: object) -> None | SincePolicy:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                since_type_0 = SincePolicy.from_dict(data)

                return since_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | SincePolicy, data)

        since = _parse_since(d.pop("since"))

        settings = []
        _settings = d.pop("settings")
        for settings_item_data in _settings:
            settings_item = Setting.from_dict(settings_item_data)

            settings.append(settings_item)

        measured = MeasuredLists.from_dict(d.pop("measured"))

        ranking_policy = cls(
            market=market,
            market_title=market_title,
            policy=policy,
            version=version,
            made_at=made_at,
            model=model,
            model_version=model_version,
            model_summary=model_summary,
            parameters=parameters,
            features=features,
            payment=payment,
            personalisation=personalisation,
            exploration=exploration,
            fairness=fairness,
            unused=unused,
            approval=approval,
            since=since,
            settings=settings,
            measured=measured,
        )

        ranking_policy.additional_properties = d
        return ranking_policy

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
