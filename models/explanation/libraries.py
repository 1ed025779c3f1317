"""`shap` and `lime` as their manuals have them, each as a method: a case and a seed to values. They are an extra."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Final

import numpy as np
import numpy.typing as npt

from models.base import ModelError
from models.explanation.questions import Question

Doubles = npt.NDArray[np.float64]
Method = Callable[[Question, int], Doubles]
"""A case and a seed -> (m,) values."""


def library(name: str) -> ModuleType:
    """`shap` or `lime.lime_tabular`; raise ModelError where it is not there."""
    try:
        with warnings.catch_warnings():
            # shap's plots are made when it is imported, by what newer matplotlibs warn of.
            warnings.filterwarnings("ignore", message="The set_(bad|over|under) function", category=Warning)
            if name == "shap":
                import shap

                return shap  # type: ignore[no-any-return]
            from lime import lime_tabular

            return lime_tabular  # type: ignore[no-any-return]
    except ImportError as error:
        raise ModelError(
            f"comparing with {name} takes the extra `comparators`: pip install 'tablestakes[comparators]' ({error})"
        ) from None


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """KernelExplainer draws from numpy's one global generator: it is put back as it was."""
    before = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(before)


def kernel_shap(question: Question, seed: int, l1_reg: str | float = "num_features(10)") -> Doubles:
    """KernelExplainer; by default, like the library, with no more than ten values that are not 0."""
    explainer = library("shap").KernelExplainer(question.ask, question.background)
    with _seeded(seed):
        return np.asarray(explainer.shap_values(question.row[None], silent=True, l1_reg=l1_reg)[0], np.float64)


def kernel_shap_of_all(question: Question, seed: int) -> Doubles:
    """KernelExplainer without its selection of ten."""
    return kernel_shap(question, seed, 0.0)


def permutation_shap(question: Question, seed: int) -> Doubles:
    """PermutationExplainer as it is by default: 500 evaluations, at least one permutation there and back."""
    shap = library("shap")
    masker = shap.maskers.Independent(question.background, max_samples=len(question.background))
    explainer = shap.PermutationExplainer(question.ask, masker, seed=seed)
    most = max(500, 2 * len(question.row) + 1)
    return np.asarray(explainer(question.row[None], max_evals=most, silent=True).values[0], np.float64)


def lime(question: Question, seed: int) -> Doubles:
    """LimeTabularExplainer as it is by default, 5,000 samples, but of all columns: it would show the largest ten."""
    columns = list(range(len(question.row)))
    explainer = library("lime").LimeTabularExplainer(
        question.training,
        mode="regression",
        categorical_features=columns if question.categorical else [],
        random_state=seed,
    )
    found = explainer.explain_instance(question.row, question.ask, num_features=len(columns))
    values = np.zeros(len(columns))
    for column, value in found.local_exp[1]:
        values[column] = value
    return values


METHODS: Final[Mapping[str, Method]] = {
    "shap kernel": kernel_shap,
    "shap kernel, all": kernel_shap_of_all,
    "shap permutation": permutation_shap,
    "lime": lime,
}
