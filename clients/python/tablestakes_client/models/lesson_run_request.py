from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="LessonRunRequest")


@_attrs_define
class LessonRunRequest:
    """How a lesson is to be run.

    Attributes:
        short (bool | Unset): Seconds instead of minutes: smaller cities, and fewer. By default false.
        seeds (int | None | Unset): Cities; by default as many as the lesson says.
    """

    short: bool | Unset = UNSET
    seeds: int | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        short = self.short

        seeds: int | None | Unset
        if isinstance(self.seeds, Unset):
            seeds = UNSET
        else:
            seeds = self.seeds

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if short is not UNSET:
            field_dict["short"] = short
        if seeds is not UNSET:
            field_dict["seeds"] = seeds

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        short = d.pop("short", UNSET)

        def _parse_seeds(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        seeds = _parse_seeds(d.pop("seeds", UNSET))

        lesson_run_request = cls(
            short=short,
            seeds=seeds,
        )

        return lesson_run_request
