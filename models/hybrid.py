"""`lightfm`: the hybrid factorisation of Kula (2015), learnt by the LightFM library, served by products of vectors.

A row is the weighted sum of its features' embeddings; its own identity is one of them. New rows, and rows of which
nothing was seen, are predicted from their tags: no identity, no bias of their own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import Field, validate_call
from scipy import sparse

from models.base import (
    FeatureTable,
    FloatArray,
    IntArray,
    Model,
    ModelError,
    TrainingData,
    encode_tags,
)
from models.explanation.parts import Kind, Parts, Source
from models.factored import FactoredModel

_LOSSES = ("warp", "bpr")
_Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
_NotNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]


class LightFMModel(FactoredModel):
    """WARP or BPR over identities and tags of both sides, free of context. One thread is reproducible bit for bit."""

    name: ClassVar[str] = "lightfm"
    summary: ClassVar[str] = "hybrid matrix factorisation with a ranking loss"

    @validate_call
    def __init__(
        self,
        components: Annotated[int, Field(ge=1, le=4096)] = 48,
        epochs: Annotated[int, Field(ge=1, le=10_000)] = 20,
        warm_epochs: Annotated[int, Field(ge=1, le=10_000)] = 8,
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
        super().__init__()
        self.components = components
        self.epochs = epochs
        self.warm_epochs = warm_epochs
        """Of a fit that begins where another stood."""
        self.loss = loss
        self.learning_rate = learning_rate
        self.diner_alpha = diner_alpha
        self.restaurant_alpha = restaurant_alpha
        self.tag_share = tag_share
        """How much of a row's weight its tags have together; its identity has the rest."""
        self.seed = seed
        self.threads = threads

    def fit(self, data: TrainingData) -> Self:
        """Learn; raise ModelError where there is nothing to learn from or the fit diverges."""
        return self._fit(data, None, self.epochs)

    def fit_from(self, data: TrainingData, start: Model, diners: IntArray, restaurants: IntArray) -> Self:
        """Learn on from where another LightFM stood, for `warm_epochs`; one of other dimensions is no start."""
        if not isinstance(start, LightFMModel) or start.components != self.components or self.tag_share >= 1.0:
            return self.fit(data)
        return self._fit(data, _Start(start, {"diner": diners, "restaurant": restaurants}), self.warm_epochs)

    def _fit(self, data: TrainingData, start: "_Start | None", epochs: int) -> Self:
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
        given = {
            "user_features": self._rows(data.diner_features),
            "item_features": self._rows(data.restaurant_features),
            "sample_weight": weights,
            "num_threads": self.threads,
        }
        try:
            if start is not None:
                learner.fit_partial(ones, **given, epochs=0)  # makes room for what is put there
                self._place(learner, data, start)
            learner.fit_partial(ones, **given, epochs=epochs)
        except ValueError as error:  # the library looks at its parameters after each epoch
            raise ModelError("the fit diverged: lower the learning rate or raise the regularisation") from error
        for side, table, embeddings, biases, rows in (
            ("diner", data.diner_features, learner.user_embeddings, learner.user_biases, acts.diners),
            ("restaurant", data.restaurant_features, learner.item_embeddings, learner.item_biases, acts.restaurants),
        ):
            self._keep_learnt(side, table, embeddings, biases, rows)
        return self

    def _place(self, learner: Any, data: TrainingData, start: "_Start") -> None:
        """Let the learner begin where the rows and tags that it shares with `start` stood."""
        for side, table, embeddings, biases in (
            ("diner", data.diner_features, learner.user_embeddings, learner.user_biases),
            ("restaurant", data.restaurant_features, learner.item_embeddings, learner.item_biases),
        ):
            placed = start.placed(side, table, np.column_stack([embeddings, biases]), self.tag_share)
            embeddings[:], biases[:] = placed[:, :-1], placed[:, -1]

    def _rows(self, table: FeatureTable) -> sparse.csr_matrix:
        """Identity and tags of known rows, weights summing to 1: large rows make LightFM diverge."""
        tags = _shares(table.matrix) * self.tag_share
        identities = sparse.identity(table.matrix.shape[0]) * (1.0 - self.tag_share)
        return sparse.hstack([identities, tags], format="csr", dtype=np.float32)

    def _keep_learnt(
        self, side: str, table: FeatureTable, embeddings: FloatArray, biases: FloatArray, acted: IntArray
    ) -> None:
        """Rows as the sums of their features. One of which nothing was seen has a random identity: it is a new one."""
        own = table.matrix.shape[0]
        identities = np.column_stack([embeddings[:own], biases[:own]]) * (1.0 - self.tag_share)
        tags = np.column_stack([embeddings[own:], biases[own:]]).astype(np.float32)
        rows = (identities + _shares(table.matrix) @ tags * self.tag_share).astype(np.float32)
        self._keep(side, table, rows, acted)
        self._arrays[f"{side}_tags"] = tags

    def _learnt_parts(self, side: str, row: int, tags: IntArray, served: FloatArray) -> Parts:  # noqa: ARG002
        """The embedding of each tag, weighted as it was learnt, and of the row's identity: what is left of the row."""
        embeddings = self._arrays[f"{side}_tags"][tags].astype(np.float64)
        sources = [Source(Kind.TAG, self._by_tags[side].names[tag]) for tag in tags.tolist()]
        by_tags = Parts.of(sources, embeddings * (self.tag_share / max(len(tags), 1)))
        return by_tags.closed(served, Kind.ITSELF)

    def restaurant_with(self, row: int, tags: Sequence[str]) -> FloatArray:
        """(d + 1,) a restaurant of the training data, its identity with the embeddings of other tags."""
        if "restaurant_tag_starts" not in self._arrays or not self._arrays["restaurant_seen"][row]:
            return super().restaurant_with(row, tags)
        parts = self._parts("restaurant", row)
        own = np.asarray([source.kind is Kind.ITSELF for source in parts.sources])
        itself = np.append(parts.vectors[own].sum(axis=0), parts.biases[own].sum())
        known = encode_tags([tags], self._by_tags["restaurant"].names).indices
        embeddings = self._arrays["restaurant_tags"][known].astype(np.float64)
        told = embeddings.sum(axis=0) * (self.tag_share / max(len(known), 1))
        return np.asarray(itself + told, np.float32)


@dataclass(frozen=True, eq=False)
class _Start:
    """Where another fit stood, for the rows of a new one."""

    model: LightFMModel
    rows: Mapping[str, IntArray]
    """By side, rows of `model` for each new row; -1: it has none."""

    def placed(self, side: str, table: FeatureTable, fresh: FloatArray, tag_share: float) -> FloatArray:
        """(rows + tags, d + 1) like `fresh`, but where `model` knew a row or a tag.

        What is kept of a row is its vector as a whole: its identity is what the tags do not explain of it.
        """
        arrays, names = self.model.arrays(), self.model.parameters()[f"{side}_tags"]
        tag_of = {name: index for index, name in enumerate(names)}
        placed, own = fresh.copy(), table.matrix.shape[0]
        for column, name in enumerate(table.names):
            if name in tag_of:
                placed[own + column] = arrays[f"{side}_tags"][tag_of[name]]
        known = np.flatnonzero(self.rows[side] >= 0)
        whole = np.column_stack([arrays[f"{side}_vectors"], arrays[f"{side}_biases"]])[self.rows[side][known]]
        by_tags = _shares(table.matrix[known]) @ placed[own:] * tag_share
        placed[known] = (whole - by_tags) / (1.0 - tag_share)
        return placed


def _shares(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Rows scaled to sum to 1; empty rows stay empty."""
    totals = np.asarray(matrix.sum(axis=1)).ravel()
    scale = np.divide(1.0, totals, out=np.zeros_like(totals), where=totals > 0)
    return sparse.csr_matrix(sparse.diags(scale) @ matrix)
