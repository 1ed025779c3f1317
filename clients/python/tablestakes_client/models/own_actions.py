from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.own_choice import OwnChoice


T = TypeVar("T", bound="OwnActions")


@_attrs_define
class OwnActions:
    """The fewest of the diner's own choices without which another restaurant would have been on top.

    Attributes:
        top (str): Who was on top.
        considered (int): Restaurants at which the diner did something that the list knew of.
        remove (list[OwnChoice]): Without these; empty: no set that was tried changes the top, all of them together
            among these.
        then_top (None | str): Who would have been on top then.
        proven_smallest (bool): Whether all smaller sets were tried. False: `remove` is empty, or this set does it, no
            single choice of it can be left out, and a smaller set may do it too.
        at_least (int): No set of fewer choices does it.
        none_up_to (int): All sets of so many choices or fewer were tried, and none changes the top. Where `remove` is
            not proven smallest, larger sets were only tried greedily: one by one, in the order in which the choices by
            themselves shrink the lead.
    """

    top: str
    considered: int
    remove: list[OwnChoice]
    then_top: None | str
    proven_smallest: bool
    at_least: int
    none_up_to: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        top = self.top

        considered = self.considered

        remove = []
        for remove_item_data in self.remove:
            remove_item = remove_item_data.to_dict()
            remove.append(remove_item)

        then_top: None | str
        then_top = self.then_top

        proven_smallest = self.proven_smallest

        at_least = self.at_least

        none_up_to = self.none_up_to

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "top": top,
                "considered": considered,
                "remove": remove,
                "then_top": then_top,
                "proven_smallest": proven_smallest,
                "at_least": at_least,
                "none_up_to": none_up_to,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.own_choice import OwnChoice

        d = dict(src_dict)
        top = d.pop("top")

        considered = d.pop("considered")

        remove = []
        _remove = d.pop("remove")
        for remove_item_data in _remove:
            remove_item = OwnChoice.from_dict(remove_item_data)

            remove.append(remove_item)

        def _parse_then_top(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        then_top = _parse_then_top(d.pop("then_top"))

        proven_smallest = d.pop("proven_smallest")

        at_least = d.pop("at_least")

        none_up_to = d.pop("none_up_to")

        own_actions = cls(
            top=top,
            considered=considered,
            remove=remove,
            then_top=then_top,
            proven_smallest=proven_smallest,
            at_least=at_least,
            none_up_to=none_up_to,
        )

        own_actions.additional_properties = d
        return own_actions

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
