"""The naive way, frozen: what one would write first to serve a LightFM model. The bench holds ours against it.

`LightFM.predict` over all restaurants, a pandas sort, `json`, in FastAPI, one worker. Do not make it better: it stands
for itself. What it leaves out (key, request log, distance, opening hours, cache) is in its favour, and so is that its
rows have one feature each, their identity, where a hybrid model would have several.
"""

import json
import os
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from fastapi import FastAPI, HTTPException, Response
from lightfm import LightFM

from data import columns as col
from data.dataset import Dataset
from models import artifacts
from models.artifacts import Artifact

ARTIFACT_VARIABLE = "LOADTESTS_ARTIFACT"
DATASET_VARIABLE = "LOADTESTS_DATASET"


def environment(artifact_root: Path, dataset: Path) -> dict[str, str]:
    """What `create_app` needs, for a home whose one market has one version; raise ValueError where it has not."""
    versions = [path.parent for path in artifact_root.glob("*/*/manifest.json")]
    if len(versions) != 1:
        raise ValueError(f"{artifact_root} has {len(versions)} versions instead of one")
    return {ARTIFACT_VARIABLE: str(versions[0]), DATASET_VARIABLE: str(dataset)}


def restore_lightfm(artifact: Artifact) -> LightFM:
    """A LightFM that scores as the artifact does: each row's vector is the embedding of its only feature."""
    model = LightFM(no_components=artifact.diners.vectors.shape[1])
    model._initialize(model.no_components, len(artifact.restaurant_ids), len(artifact.diner_ids))
    model.user_embeddings = np.array(artifact.diners.vectors)
    model.user_biases = np.array(artifact.diners.biases)
    model.item_embeddings = np.array(artifact.restaurants.vectors)
    model.item_biases = np.array(artifact.restaurants.biases)
    return model


def create_app() -> FastAPI:
    """The application, for `uvicorn --factory`; raise KeyError where a variable is not set."""
    artifact = artifacts.load(Path(os.environ[ARTIFACT_VARIABLE]))
    dataset = Dataset.open(Path(os.environ[DATASET_VARIABLE]))
    return application(artifact, dataset.restaurants(artifact.manifest.market))


def application(artifact: Artifact, restaurants: pd.DataFrame) -> FastAPI:
    """The same, over a loaded model and its market's restaurants."""
    model = restore_lightfm(artifact)
    restaurants = restaurants.set_index(col.RESTAURANT_ID).loc[list(artifact.restaurant_ids)].reset_index()
    rows = {user_id: row for row, user_id in enumerate(artifact.diner_ids)}
    app = FastAPI(telemetry={"tracing": False, "metrics": False, "logs": False})

    @app.get("/v1/recommendations")
    async def recommendations(user_id: str, k: int = 20) -> Response:
        if user_id not in rows:
            raise HTTPException(404)
        scores = model.predict(rows[user_id], np.arange(len(restaurants)))
        best = restaurants.assign(score=scores).sort_values("score", ascending=False).head(k)
        items = [_item(rank, row) for rank, (_, row) in enumerate(best.iterrows(), start=1)]
        body = {
            "request_id": uuid.uuid4().hex,
            "user_id": user_id,
            "market": artifact.manifest.market,
            "as_of": pd.Timestamp.now("UTC").isoformat(),
            "policy": {"name": "none", "version": "1"},
            "model": {"name": artifact.manifest.model, "version": artifact.version},
            "degraded": [],
            "items": items,
        }
        return Response(json.dumps(body), media_type="application/json")

    @app.get("/health/ready")
    async def ready() -> Response:
        return Response(status_code=204)

    return app


def _item(rank: int, row: "pd.Series[Any]") -> dict[str, Any]:
    return {
        "rank": rank,
        "restaurant_id": row[col.RESTAURANT_ID],
        "name": row[col.NAME],
        "score": float(row["score"]),
        "organic_rank": rank,
        "sponsored": False,
        "sponsor": None,
        "reasons": [],
        "explanation": None,
        "cuisines": list(row[col.CUISINES]),
        "price_level": None if pd.isna(row[col.PRICE_LEVEL]) else int(row[col.PRICE_LEVEL]),
        "lat": row[col.LAT],
        "lon": row[col.LON],
        "distance_km": None,
        "open_now": True,
        "eta_minutes": None,
    }
