from typing import Literal

NumberBodyCourse = Literal["better", "level", "unknown", "worse"]

NUMBER_BODY_COURSE_VALUES: set[NumberBodyCourse] = {
    "better",
    "level",
    "unknown",
    "worse",
}


def check_number_body_course(value: str) -> NumberBodyCourse:
    if value in NUMBER_BODY_COURSE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {NUMBER_BODY_COURSE_VALUES!r}")
