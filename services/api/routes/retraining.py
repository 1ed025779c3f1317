"""Retraining runs: ask for one, and see how far it is and what came of it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from models.base import ModelError
from models.ladder import rung
from services.access.roles import Role
from services.api.asking import market_named
from services.api.dependencies import ServicesDep
from services.api.examples import answers
from services.api.problems import Conflict, NotFound, Unprocessable
from services.api.reasons import ReasonDep
from services.api.retraining_schemas import RunBody, RunDetail, RunPage, RunRequest
from services.api.security import READERS, RETRAINERS, require
from services.catalogue.records import MarketKey
from services.retraining.folders import run_folder, tail
from services.retraining.runs import RunUnderWay

router = APIRouter(prefix="/v1/retraining/runs", tags=["retraining"], dependencies=[Depends(require(READERS))])

RunId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Market = Annotated[MarketKey | None, Query(description="May be left out where there is one market.")]


@router.post(
    "",
    operation_id="startRetraining",
    status_code=202,
    responses=answers(RunBody, 400, 404, 410, 409, 413, 422, 503, success=202),
)
async def start(
    services: ServicesDep,
    response: Response,
    role: Annotated[Role, Depends(require(RETRAINERS))],
    body: RunRequest,
    reason: ReasonDep,
    market: Market = None,
) -> RunBody:
    """Queue a run of a market; `tablestakes worker` does it. What passes the gates becomes a challenger, no more.

    A market has one run at a time: while one is queued or running, another is a conflict, and the answer has it as
    `run`.
    """
    named = market_named(services, market)
    models = body.models or services.settings.retrain_models
    try:
        for model in models:
            rung(model)
    except ModelError as error:
        raise Unprocessable(f"body.models: {error}") from None
    if len(set(models)) < len(models):
        raise Unprocessable("body.models: name each model once")
    try:
        run = await services.in_thread(services.retraining.request, named, models, body.seed, role.value, reason)
    except RunUnderWay as error:
        raise Conflict(str(error), run=RunBody.of(error.run).model_dump(mode="json")) from None
    response.headers["Location"] = f"{router.prefix}/{run.run_id}"
    return RunBody.of(run)


@router.get("", operation_id="listRetrainingRuns", responses=answers(RunPage, 422, 503))
async def runs(
    services: ServicesDep,
    market: Annotated[MarketKey | None, Query(description="Only runs of this market.")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    cursor: Annotated[str | None, Query(pattern=r"^[0-9a-f]{32}$", description="The last answer's `next`.")] = None,
) -> RunPage:
    """Runs, the newest first."""
    listed = await services.in_thread(services.retraining.page, market, cursor, limit + 1)
    following = listed[limit - 1].run_id if len(listed) > limit else None
    return RunPage(items=[RunBody.of(run) for run in listed[:limit]], next=following)


@router.get("/{run_id}", operation_id="getRetrainingRun", responses=answers(RunDetail, 404, 410, 422, 503))
async def run(
    services: ServicesDep,
    run_id: RunId,
    log: Annotated[int, Query(ge=0, le=1_000, description="How many of the log's last lines.")] = 20,
) -> RunDetail:
    """One run: its steps with what they found, how far it is, what came of it, and the end of its log."""
    found = await services.in_thread(services.retraining.get, run_id)
    if found is None:
        raise NotFound(f"there is no run {run_id}")
    records = await services.in_thread(services.retraining.steps, found)
    folder = run_folder(services.settings.retraining, found.market, run_id)
    return RunDetail.with_steps(found, records, await services.in_thread(tail, folder, log))
