from typing import Literal

SeriesStyle = Literal["band", "dots", "line"]

SERIES_STYLE_VALUES: set[SeriesStyle] = {
    "band",
    "dots",
    "line",
}


def check_series_style(value: str) -> SeriesStyle:
    if value in SERIES_STYLE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {SERIES_STYLE_VALUES!r}")
