from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.contrast import Contrast
    from ..models.explained_feature import ExplainedFeature
    from ..models.explanation_without_payment import ExplanationWithoutPayment
    from ..models.share_of_feature import ShareOfFeature
    from ..models.term import Term
    from ..models.weighed_reason import WeighedReason


T = TypeVar("T", bound="Explanation")


@_attrs_define
class Explanation:
    """Why a restaurant stood where it stood, from the logged request and with the model that answered it.

    Attributes:
        request_id (str):
        restaurant_id (str):
        rank (int):
        score (float):
        terms (list[Term]): They add up to the score bit for bit, left to right in float64.
        reasons (list[WeighedReason]): The reasons that `explain=reasons` tells, each with what it adds, and all else as
            a last line: together what the entry has beyond the average restaurant.
        features (list[ExplainedFeature]): The term `relevance` taken apart: the 20 largest, `others`, and what float32
            numbers round away. They add up to the term bit for bit, left to right in float64. Protected attributes are
            never among them.
        shapley (list[ShareOfFeature]): The same term, shared out among single features; adds up to it in the same way.
        contrast (Contrast | None): Null where no comparison was asked for. Adds up, in the same way, to the difference
            of relevances.
        second_stage (list[Term]): The term `second_stage` taken apart by TreeSHAP, added up in the same way; empty
            without one.
        without_payment (ExplanationWithoutPayment):
        against_next (list[Term]): Differences to the next restaurant of the list; empty for the last.
        method (str):
        exact (bool): Whether relevance and second stage are taken apart with nothing left but rounding.
    """

    request_id: str
    restaurant_id: str
    rank: int
    score: float
    terms: list[Term]
    reasons: list[WeighedReason]
    features: list[ExplainedFeature]
    shapley: list[ShareOfFeature]
    contrast: Contrast | None
    second_stage: list[Term]
    without_payment: ExplanationWithoutPayment
    against_next: list[Term]
    method: str
    exact: bool
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.contrast import Contrast

        request_id = self.request_id

        restaurant_id = self.restaurant_id

        rank = self.rank

        score = self.score

        terms = []
        for terms_item_data in self.terms:
            terms_item = terms_item_data.to_dict()
            terms.append(terms_item)

        reasons = []
        for reasons_item_data in self.reasons:
            reasons_item = reasons_item_data.to_dict()
            reasons.append(reasons_item)

        features = []
        for features_item_data in self.features:
            features_item = features_item_data.to_dict()
            features.append(features_item)

        shapley = []
        for shapley_item_data in self.shapley:
            shapley_item = shapley_item_data.to_dict()
            shapley.append(shapley_item)

        contrast: dict[str, Any] | None
        if isinstance(self.contrast, Contrast):
            contrast = self.contrast.to_dict()
        else:
            contrast = self.contrast

        second_stage = []
        for second_stage_item_data in self.second_stage:
            second_stage_item = second_stage_item_data.to_dict()
            second_stage.append(second_stage_item)

        without_payment = self.without_payment.to_dict()

        against_next = []
        for against_next_item_data in self.against_next:
            against_next_item = against_next_item_data.to_dict()
            against_next.append(against_next_item)

        method = self.method

        exact = self.exact

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "request_id": request_id,
                "restaurant_id": restaurant_id,
                "rank": rank,
                "score": score,
                "terms": terms,
                "reasons": reasons,
                "features": features,
                "shapley": shapley,
                "contrast": contrast,
                "second_stage": second_stage,
                "without_payment": without_payment,
                "against_next": against_next,
                "method": method,
                "exact": exact,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.contrast import Contrast
        from ..models.explained_feature import ExplainedFeature
        from ..models.explanation_without_payment import ExplanationWithoutPayment
        from ..models.share_of_feature import ShareOfFeature
        from ..models.term import Term
        from ..models.weighed_reason import WeighedReason

        d = dict(src_dict)
        request_id = d.pop("request_id")

        restaurant_id = d.pop("restaurant_id")

        rank = d.pop("rank")

        score = d.pop("score")

        terms = []
        _terms = d.pop("terms")
        for terms_item_data in _terms:
            terms_item = Term.from_dict(terms_item_data)

            terms.append(terms_item)

        reasons = []
        _reasons = d.pop("reasons")
        for reasons_item_data in _reasons:
            reasons_item = WeighedReason.from_dict(reasons_item_data)

            reasons.append(reasons_item)

        features = []
        _features = d.pop("features")
        for features_item_data in _features:
            features_item = ExplainedFeature.from_dict(features_item_data)

            features.append(features_item)

        shapley = []
        _shapley = d.pop("shapley")
        for shapley_item_data in _shapley:
            shapley_item = ShareOfFeature.from_dict(shapley_item_data)

            shapley.append(shapley_item)

        def _parse_contrast(data: object) -> Contrast | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                contrast_type_0 = Contrast.from_dict(data)

                return contrast_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Contrast | None, data)

        contrast = _parse_contrast(d.pop("contrast"))

        second_stage = []
        _second_stage = d.pop("second_stage")
        for second_stage_item_data in _second_stage:
            second_stage_item = Term.from_dict(second_stage_item_data)

            second_stage.append(second_stage_item)

        without_payment = ExplanationWithoutPayment.from_dict(d.pop("without_payment"))

        against_next = []
        _against_next = d.pop("against_next")
        for against_next_item_data in _against_next:
            against_next_item = Term.from_dict(against_next_item_data)

            against_next.append(against_next_item)

        method = d.pop("method")

        exact = d.pop("exact")

        explanation = cls(
            request_id=request_id,
            restaurant_id=restaurant_id,
            rank=rank,
            score=score,
            terms=terms,
            reasons=reasons,
            features=features,
            shapley=shapley,
            contrast=contrast,
            second_stage=second_stage,
            without_payment=without_payment,
            against_next=against_next,
            method=method,
            exact=exact,
        )

        explanation.additional_properties = d
        return explanation

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
