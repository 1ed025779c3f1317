"""The blend: which member is believed, and that it is served as one product."""

from dataclasses import replace

import numpy as np
import pytest

from models.base import Interactions, ModelError
from models.ensemble import EnsembleModel
from models.ladder import make
from models.testing import sample_data

MEMBERS = {"popular": {}, "ease": {"dimensions": 8, "penalty": 2.0}}


def test_scores_are_the_weighed_sum_of_the_members():
    data = sample_data()
    model = EnsembleModel(MEMBERS).fit(data)
    scales = model.parameters()["scales"]
    rows = np.arange(len(data.diner_ids), dtype=np.int32)
    expected = sum(scales[name] * make(name, **given).fit(data).score(rows) for name, given in MEMBERS.items())
    np.testing.assert_allclose(model.score(rows), expected, rtol=1e-4, atol=1e-5)


def test_the_member_that_foretells_later_choices_is_believed():
    """Later choices are those that ease scores best, or those that are popular: the weights follow."""
    data = sample_data()
    assert data.rehearsal is not None
    weights = {}
    for name in MEMBERS:
        early = make(name, **MEMBERS[name]).fit(data.rehearsal.earlier)
        diners = np.unique(data.rehearsal.earlier.interactions.diners)
        best = early.score(diners).argmax(axis=1).astype(np.int32)
        ones = np.ones(len(diners), np.float32)
        later = Interactions(diners, best, ones, ones)
        told = replace(data, rehearsal=replace(data.rehearsal, later=later))
        weights[name] = EnsembleModel(MEMBERS).fit(told).parameters()["scales"]
    for name, other in (("popular", "ease"), ("ease", "popular")):
        assert weights[name][name] > 2.0 * weights[other][name]


def test_a_member_that_cannot_be_one_is_named_with_those_that_can():
    with pytest.raises(ModelError, match="popular, lightfm, ease, ials"):
        make("ensemble", members={"ensemble": {}})
    with pytest.raises(ModelError, match="components"):
        make("ensemble", members={"lightfm": {"components": 0}})
