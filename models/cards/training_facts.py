"""What training keeps for the card: where the data comes from, and figures by group of diners."""

from typing import Any

import pandas as pd

from data import columns as col
from data.importers.rejects import REJECTS
from models.evaluation import evaluate as evaluation
from models.evaluation.evaluate import Measured
from models.evaluation.report import groups_of
from models.ground import Ground


def data_facts(ground: Ground) -> dict[str, Any]:
    """Source, period and counts of a market's log, as JSON can hold them."""
    prepared, manifest = ground.prepared, ground.dataset.manifest
    oldest = prepared.log[col.AT].min()
    return {
        "source": manifest.source,
        "since": None if pd.isna(oldest) else str(oldest.isoformat()),
        "positives": len(prepared.log),
        "train_positives": int(prepared.split.train.sum()),
        "test_positives": int(prepared.split.test.sum()),
        "diners_measured": len(prepared.question.diners),
        "assumptions": list(manifest.assumptions),
        "rejected": _rejected(ground),
    }


def group_figures(model: str, own: Measured, ground: Ground) -> list[dict[str, Any]]:
    """nDCG@10 of the model, beside popularity's, in each group of diners that is large enough to measure."""
    measured = {model: own}
    if model != "popular" and "popular" in ground.beside:
        measured["popular"] = ground.beside["popular"]
    groups = groups_of(ground.prepared.data, ground.prepared.question)
    return evaluation.slices(measured, groups, ground.seed)


def _rejected(ground: Ground) -> int | None:
    """Rows that the import refused."""
    file = ground.dataset.path / REJECTS
    return len(pd.read_csv(file, usecols=[0], dtype=str)) if file.exists() else None
