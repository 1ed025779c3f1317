from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.direction import Direction, check_direction
from ..models.number_body_course import NumberBodyCourse, check_number_body_course

if TYPE_CHECKING:
    from ..models.measured_number import MeasuredNumber
    from ..models.target_body import TargetBody


T = TypeVar("T", bound="NumberBody")


@_attrs_define
class NumberBody:
    """One number now.

    Attributes:
        key (str):
        title (str):
        unit (str): Empty: a share, a ratio or a count.
        direction (Direction | str):
        negotiable (bool): Whether the closed loop computes it too, so that it can be negotiated.
        measured (MeasuredNumber): A number with its 95 % interval; null where it cannot be computed.
        n (int): How many of `of` it rests on.
        of (str):
        reason (None | str): Why there is no number; beside one, what must be known to read it.
        target (None | TargetBody):
        trend (MeasuredNumber): A number with its 95 % interval; null where it cannot be computed.
        course (NumberBodyCourse | str): What the trend means to the seat; `level` where its interval holds 0.
    """

    key: str
    title: str
    unit: str
    direction: Direction | str
    negotiable: bool
    measured: MeasuredNumber
    n: int
    of: str
    reason: None | str
    target: None | TargetBody
    trend: MeasuredNumber
    course: NumberBodyCourse | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.target_body import TargetBody

        key = self.key

        title = self.title

        unit = self.unit

        direction: str
        if isinstance(self.direction, str):
            direction = self.direction
        else:
            direction = self.direction

        negotiable = self.negotiable

        measured = self.measured.to_dict()

        n = self.n

        of = self.of

        reason: None | str
        reason = self.reason

        target: dict[str, Any] | None
        if isinstance(self.target, TargetBody):
            target = self.target.to_dict()
        else:
            target = self.target

        trend = self.trend.to_dict()

        course: str
        if isinstance(self.course, str):
            course = self.course
        else:
            course = self.course

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "key": key,
                "title": title,
                "unit": unit,
                "direction": direction,
                "negotiable": negotiable,
                "measured": measured,
                "n": n,
                "of": of,
                "reason": reason,
                "target": target,
                "trend": trend,
                "course": course,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.measured_number import MeasuredNumber
        from ..models.target_body import TargetBody

        d = dict(src_dict)
        key = d.pop("key")

        title = d.pop("title")

        unit = d.pop("unit")

        def _parse_direction(data: object) -> Direction | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                direction_type_0 = check_direction(data)

                return direction_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Direction | str, data)

        direction = _parse_direction(d.pop("direction"))

        negotiable = d.pop("negotiable")

        measured = MeasuredNumber.from_dict(d.pop("measured"))

        n = d.pop("n")

        of = d.pop("of")

        def _parse_reason(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        reason = _parse_reason(d.pop("reason"))

        def _parse_target(data: object) -> None | TargetBody:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                target_type_0 = TargetBody.from_dict(data)

                return target_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | TargetBody, data)

        target = _parse_target(d.pop("target"))

        trend = MeasuredNumber.from_dict(d.pop("trend"))

        def _parse_course(data: object) -> NumberBodyCourse | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                course_type_0 = check_number_body_course(data)

                return course_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(NumberBodyCourse | str, data)

        course = _parse_course(d.pop("course"))

        number_body = cls(
            key=key,
            title=title,
            unit=unit,
            direction=direction,
            negotiable=negotiable,
            measured=measured,
            n=n,
            of=of,
            reason=reason,
            target=target,
            trend=trend,
            course=course,
        )

        number_body.additional_properties = d
        return number_body

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
