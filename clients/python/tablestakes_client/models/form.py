from typing import Literal

Form = Literal["html", "json", "markdown"]

FORM_VALUES: set[Form] = {
    "html",
    "json",
    "markdown",
}


def check_form(value: str) -> Form:
    if value in FORM_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {FORM_VALUES!r}")
