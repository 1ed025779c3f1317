from typing import Literal

ChangedFigureVerdict = Literal["fell", "level", "rose"]

CHANGED_FIGURE_VERDICT_VALUES: set[ChangedFigureVerdict] = {
    "fell",
    "level",
    "rose",
}


def check_changed_figure_verdict(value: str) -> ChangedFigureVerdict:
    if value in CHANGED_FIGURE_VERDICT_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {CHANGED_FIGURE_VERDICT_VALUES!r}")
