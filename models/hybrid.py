"""`lightfm`: the hybrid factorisation of Kula (2015), learnt by the LightFM library, served by products of vectors.

A row is the weighted sum of its features' embeddings; its own identity is one of them. New rows, and rows of which
nothing was seen, are predicted from their tags: no identity, no bias of their own.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, validate_call
from scipy import sparse

from models.base import (
    FeatureTable,
    FloatArray,
    IntArray,
    ModelError,
    Representations,
    TrainingData,
    encode_tags,
    factor_scores,
)

_SIDES = ("diner", "restaurant")
_LOSSES = ("warp", "bpr")
_Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
_NotNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]


class LightFMModel:
    """WARP or BPR over identities and tags of both sides, free of context. One thread is reproducible bit for bit."""

    name: ClassVar[str] = "lightfm"
    summary: ClassVar[str] = "hybrid matrix factorisation with a ranking loss"

    @validate_call
    def __init__(
        self,
        components: Annotated[int, Field(ge=1, le=4096)] = 48,
        epochs: Annotated[int, Field(ge=1, le=10_000)] = 20,
        loss: str = "warp",
        learning_rate: _Positive = 0.08,
        diner_alpha: _NotNegative = 1e-4,
        restaurant_alpha: _NotNegative = 1e-4,
        tag_share: Annotated[float, Field(ge=0.0, le=1.0)] = 0.15,
        seed: Annotated[int, Field(ge=0, lt=2**32)] = 0,
        threads: Annotated[int, Field(ge=1, le=1024)] = 1,
    ) -> None:
        if loss not in _LOSSES:
            raise ModelError(f"there is no loss {loss!r}: choose one of {', '.join(_LOSSES)}")
        self.components = components
        self.epochs = epochs
        self.loss = loss
        self.learning_rate = learning_rate
        self.diner_alpha = diner_alpha
        self.restaurant_alpha = restaurant_alpha
        self.tag_share = tag_share
        """How much of a row's weight its tags have together; its identity has the rest."""
        self.seed = seed
        self.threads = threads
        self._tags: dict[str, tuple[str, ...]] = dict.fromkeys(_SIDES, ())
        self._arrays: dict[str, npt.NDArray[Any]] = {}

    def fit(self, data: TrainingData) -> Self:
        """Learn; raise ModelError where there is nothing to learn from or the fit diverges."""
        # LightFM and its OpenMP runtime are loaded where they are needed: serving never imports them.
        from lightfm import LightFM

        acts = data.interactions
        if not len(acts.diners):
            raise ModelError(f"market {data.market} has no positive feedback to learn from")
        shape = (len(data.diner_ids), len(data.restaurant_ids))
        weights = sparse.coo_matrix((acts.weights, (acts.diners, acts.restaurants)), shape=shape)
        ones = sparse.coo_matrix((np.ones_like(acts.weights), (acts.diners, acts.restaurants)), shape=shape)
        learner = LightFM(
            no_components=self.components,
            loss=self.loss,
            learning_rate=self.learning_rate,
            user_alpha=self.diner_alpha,
            item_alpha=self.restaurant_alpha,
            random_state=self.seed,
        )
        try:
            learner.fit(
                ones,
                user_features=self._rows(data.diner_features),
                item_features=self._rows(data.restaurant_features),
                sample_weight=weights,
                epochs=self.epochs,
                num_threads=self.threads,
            )
        except ValueError as error:  # the library looks at its parameters after each epoch
            raise ModelError("the fit diverged: lower the learning rate or raise the regularisation") from error
        self._tags = {"diner": data.diner_features.names, "restaurant": data.restaurant_features.names}
        for side, table, embeddings, biases, rows in (
            ("diner", data.diner_features, learner.user_embeddings, learner.user_biases, acts.diners),
            ("restaurant", data.restaurant_features, learner.item_embeddings, learner.item_biases, acts.restaurants),
        ):
            seen = np.bincount(rows, minlength=table.matrix.shape[0]) > 0
            self._keep(side, table, embeddings, biases, seen)
        return self

    def score(self, diners: IntArray, restaurants: IntArray | None = None) -> FloatArray:
        """Products of vectors plus biases."""
        return factor_scores(self.diners(), self.restaurants(), diners, restaurants)

    def diners(self) -> Representations:
        """Of the training data's diners."""
        return Representations(self._arrays["diner_vectors"], self._arrays["diner_biases"])

    def restaurants(self) -> Representations:
        """Of the training data's restaurants."""
        return Representations(self._arrays["restaurant_vectors"], self._arrays["restaurant_biases"])

    def new_diners(self, tags: Sequence[Sequence[str]]) -> Representations:
        """From tags alone; a diner without any is the mean of all."""
        return self._new("diner", tags)

    def new_restaurants(self, tags: Sequence[Sequence[str]]) -> Representations:
        """From tags alone; a restaurant without any is the mean of all."""
        return self._new("restaurant", tags)

    def parameters(self) -> dict[str, Any]:
        """Hyper-parameters and the tags' names."""
        names = [name for name in vars(self) if not name.startswith("_")]
        tags = {f"{side}_tags": list(self._tags[side]) for side in _SIDES}
        return {name: getattr(self, name) for name in names} | tags

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Vectors and biases of rows and of tags."""
        return self._arrays

    @classmethod
    def restore(cls, parameters: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """From what was learnt."""
        plain = {name: value for name, value in parameters.items() if not name.endswith("_tags")}
        model = cls(**plain)
        model._tags = {side: tuple(parameters[f"{side}_tags"]) for side in _SIDES}
        model._arrays = dict(arrays)
        return model

    def _rows(self, table: FeatureTable) -> sparse.csr_matrix:
        """Identity and tags of known rows, weights summing to 1: large rows make LightFM diverge."""
        tags = _shares(table.matrix) * self.tag_share
        identities = sparse.identity(table.matrix.shape[0]) * (1.0 - self.tag_share)
        return sparse.hstack([identities, tags], format="csr", dtype=np.float32)

    def _keep(
        self, side: str, table: FeatureTable, embeddings: FloatArray, biases: FloatArray, seen: npt.NDArray[np.bool_]
    ) -> None:
        """Vectors of all rows. A row of which nothing was seen has a random identity, so it is taken for a new one."""
        own = table.matrix.shape[0]
        identities = np.column_stack([embeddings[:own], biases[:own]]) * (1.0 - self.tag_share)
        tags = np.column_stack([embeddings[own:], biases[own:]]).astype(np.float32)
        rows = (identities + _shares(table.matrix) @ tags * self.tag_share).astype(np.float32)
        effects = _ridge(table.matrix[seen], rows[seen])
        rows[~seen] = _predicted(table.matrix[~seen], effects, rows[seen].mean(axis=0))
        self._arrays[f"{side}_vectors"] = np.ascontiguousarray(rows[:, :-1])
        self._arrays[f"{side}_biases"] = np.ascontiguousarray(rows[:, -1])
        self._arrays[f"{side}_tags"] = tags
        self._arrays[f"{side}_tag_effects"] = effects
        self._arrays[f"{side}_mean"] = rows[seen].mean(axis=0)

    def _new(self, side: str, tags: Sequence[Sequence[str]]) -> Representations:
        rows = encode_tags(tags, self._tags[side])
        new = _predicted(rows, self._arrays[f"{side}_tag_effects"], self._arrays[f"{side}_mean"])
        return Representations(np.ascontiguousarray(new[:, :-1]), np.ascontiguousarray(new[:, -1]))


def _ridge(rows: sparse.csr_matrix, targets: FloatArray, penalty: float = 10.0) -> FloatArray:
    """(n_tags + 1, d + 1): what each tag says of a known row's whole vector; the last row is the intercept.

    What LightFM itself learns of a tag is only what the identities left over. Regressing the learnt vectors on the tags
    gives new rows what tags and identities have in common.
    """
    design = sparse.hstack([rows, np.ones((rows.shape[0], 1))], format="csr")
    gram = (design.T @ design).toarray() + penalty * np.eye(design.shape[1])
    gram[-1, -1] -= penalty
    return np.asarray(np.linalg.solve(gram, design.T @ targets.astype(np.float64)), dtype=np.float32)


def _predicted(rows: sparse.csr_matrix, effects: FloatArray, mean: FloatArray) -> FloatArray:
    """Vectors and biases of rows of tags; a row without any known tag is the mean row."""
    predicted = np.asarray(rows @ effects[:-1] + effects[-1], dtype=np.float32)
    predicted[np.diff(rows.indptr) == 0] = mean
    return predicted


def _shares(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Rows scaled to sum to 1; empty rows stay empty."""
    totals = np.asarray(matrix.sum(axis=1)).ravel()
    scale = np.divide(1.0, totals, out=np.zeros_like(totals), where=totals > 0)
    return sparse.csr_matrix(sparse.diags(scale) @ matrix)
