from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.step_kind import StepKind, check_step_kind

T = TypeVar("T", bound="Step")


@_attrs_define
class Step:
    """One step on the way to a settlement, or to there being none.

    Attributes:
        kind (StepKind | str): What is done: in the order in which it is done.
        seats (list[str]): Whose limit it is; in a round those on whose account policies go.
        gone (list[str]): Policies that are out of the question from here on.
        left (int): So many are still in it.
        level (float | None): In a round: the least share that anyone has under those that are left.
        policy (None | str): The one that is chosen; for `blocked` the one that fits best.
        words (str):
    """

    kind: StepKind | str
    seats: list[str]
    gone: list[str]
    left: int
    level: float | None
    policy: None | str
    words: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        kind: str
        if isinstance(self.kind, str):
            kind = self.kind
        else:
            kind = self.kind

        seats = self.seats

        gone = self.gone

        left = self.left

        level: float | None
        level = self.level

        policy: None | str
        policy = self.policy

        words = self.words

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "kind": kind,
                "seats": seats,
                "gone": gone,
                "left": left,
                "level": level,
                "policy": policy,
                "words": words,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_kind(data: object) -> StepKind | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                kind_type_0 = check_step_kind(data)

                return kind_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(StepKind | str, data)

        kind = _parse_kind(d.pop("kind"))

        seats = cast(list[str], d.pop("seats"))

        gone = cast(list[str], d.pop("gone"))

        left = d.pop("left")

        def _parse_level(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        level = _parse_level(d.pop("level"))

        def _parse_policy(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        policy = _parse_policy(d.pop("policy"))

        words = d.pop("words")

        step = cls(
            kind=kind,
            seats=seats,
            gone=gone,
            left=left,
            level=level,
            policy=policy,
            words=words,
        )

        step.additional_properties = d
        return step

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
