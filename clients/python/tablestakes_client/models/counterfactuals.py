from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.own_actions import OwnActions
    from ..models.place_body import PlaceBody
    from ..models.term_place import TermPlace
    from ..models.to_reach import ToReach


T = TypeVar("T", bound="Counterfactuals")


@_attrs_define
class Counterfactuals:
    """What would have been, had one thing been otherwise in a list that was served.

    Attributes:
        request_id (str):
        restaurant_id (str):
        now (PlaceBody): Where a restaurant stands, or would have stood.
        without_payment (PlaceBody): Where a restaurant stands, or would have stood.
        without_personalisation (PlaceBody): Where a restaurant stands, or would have stood.
        without_terms (list[TermPlace]): Each term of the ledger that was not 0 for every candidate, left out of
            everybody's score.
        own_actions (None | OwnActions): About the list's top, whichever restaurant is asked about. Null: the list knew
            of nothing that the diner did.
        to_reach (ToReach): What the restaurant could have changed to stand at a rank or above.
    """

    request_id: str
    restaurant_id: str
    now: PlaceBody
    without_payment: PlaceBody
    without_personalisation: PlaceBody
    without_terms: list[TermPlace]
    own_actions: None | OwnActions
    to_reach: ToReach
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.own_actions import OwnActions

        request_id = self.request_id

        restaurant_id = self.restaurant_id

        now = self.now.to_dict()

        without_payment = self.without_payment.to_dict()

        without_personalisation = self.without_personalisation.to_dict()

        without_terms = []
        for without_terms_item_data in self.without_terms:
            without_terms_item = without_terms_item_data.to_dict()
            without_terms.append(without_terms_item)

        own_actions: dict[str, Any] | None
        if isinstance(self.own_actions, OwnActions):
            own_actions = self.own_actions.to_dict()
        else:
            own_actions = self.own_actions

        to_reach = self.to_reach.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "request_id": request_id,
                "restaurant_id": restaurant_id,
                "now": now,
                "without_payment": without_payment,
                "without_personalisation": without_personalisation,
                "without_terms": without_terms,
                "own_actions": own_actions,
                "to_reach": to_reach,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.own_actions import OwnActions
        from ..models.place_body import PlaceBody
        from ..models.term_place import TermPlace
        from ..models.to_reach import ToReach

        d = dict(src_dict)
        request_id = d.pop("request_id")

        restaurant_id = d.pop("restaurant_id")

        now = PlaceBody.from_dict(d.pop("now"))

        without_payment = PlaceBody.from_dict(d.pop("without_payment"))

        without_personalisation = PlaceBody.from_dict(d.pop("without_personalisation"))

        without_terms = []
        _without_terms = d.pop("without_terms")
        for without_terms_item_data in _without_terms:
            without_terms_item = TermPlace.from_dict(without_terms_item_data)

            without_terms.append(without_terms_item)

        def _parse_own_actions(data: object) -> None | OwnActions:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                own_actions_type_0 = OwnActions.from_dict(data)

                return own_actions_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | OwnActions, data)

        own_actions = _parse_own_actions(d.pop("own_actions"))

        to_reach = ToReach.from_dict(d.pop("to_reach"))

        counterfactuals = cls(
            request_id=request_id,
            restaurant_id=restaurant_id,
            now=now,
            without_payment=without_payment,
            without_personalisation=without_personalisation,
            without_terms=without_terms,
            own_actions=own_actions,
            to_reach=to_reach,
        )

        counterfactuals.additional_properties = d
        return counterfactuals

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
