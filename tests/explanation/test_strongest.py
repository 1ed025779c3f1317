"""The compiled choice of what is told of an entry, held against its definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from services.serving._strongest import strongest

PIECES = arrays(
    np.float64,
    st.tuples(st.integers(0, 6), st.integers(1, 30)),
    elements=st.sampled_from([0.0, -0.0, 0.5, -1.0, 1.0, 2.0, 1e-12]) | st.floats(-10, 10),
)


@given(pieces=PIECES, share=st.floats(0, 1), most=st.integers(1, 16))
def test_it_is_the_first_columns_of_a_stable_sort_that_are_large_enough(
    pieces: np.ndarray, share: float, most: int
) -> None:
    wanted = []
    for row in pieces:
        bound = sum(value for value in row.tolist() if value > 0.0) * share + 1e-9
        falling = np.argsort(-row, kind="stable").tolist()
        wanted.append([column for column in falling if row[column] >= bound][:most])
    assert strongest(pieces, share, 1e-9, most) == wanted


@pytest.mark.parametrize(
    ("pieces", "most"),
    [(np.zeros(3), 3), (np.zeros((2, 3), np.float32), 3), (np.zeros((2, 3)), 0), (np.zeros((2, 3)), 17)],
)
def test_what_does_not_fit_is_refused(pieces: np.ndarray, most: int) -> None:
    with pytest.raises(ValueError, match="pieces"):
        strongest(pieces, 0.1, 1e-9, most)


def test_an_array_that_is_not_whole_is_refused() -> None:
    with pytest.raises((ValueError, BufferError)):
        strongest(np.zeros((4, 6))[:, ::2], 0.1, 1e-9, 3)


def test_what_is_no_number_is_never_told() -> None:
    assert strongest(np.asarray([[np.nan, 2.0], [1.0, np.nan]]), 0.1, 1e-9, 3) == [[1], [0]]
