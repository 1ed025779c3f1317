"""Bodies of the routes of retraining."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from services.api.schemas import Body
from services.retraining.runs import Run, StepRecord

State = Literal["queued", "running", "finished", "failed"]


class RunRequest(Body):
    """What a run is to train."""

    models: list[Annotated[str, Field(min_length=1, max_length=64)]] | None = Field(
        default=None,
        min_length=1,
        max_length=16,
        description="Members of the ladder; by default the settings' ones.",
    )
    seed: int = Field(default=0, ge=0, lt=2**31)


class RunBody(Body):
    """A run of the retraining job."""

    run_id: str
    market: str
    state: State = Field(description="`finished`: the gates have spoken; `failed`: it ended before, see `reasons`.")
    requested_by: str = Field(description="A role, or `schedule`.", examples=["ml"])
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    watermark: datetime | None = Field(description="It learns from what happened and was received before.")
    models: list[str]
    seed: int = Field(ge=0)
    attempts: int = Field(ge=0, description="How many processes have taken it: more than one where some were killed.")
    reasons: list[str]

    @classmethod
    def of(cls, run: Run) -> Self:
        """From what the store keeps."""
        return cls.model_validate(run, from_attributes=True)


class RunPage(Body):
    """Runs, the newest first."""

    items: list[RunBody]
    next: str | None = None


class StepBody(Body):
    """A step of a run."""

    step: str = Field(examples=["train:lightfm"])
    state: Literal["waiting", "running", "done"]
    started_at: datetime | None = None
    finished_at: datetime | None = None
    document: dict[str, Any] | None = Field(default=None, description="What it found; its form is that of the step.")


class VersionBody(Body):
    """A model version that came of a run."""

    model: str
    version: str
    outcome: Literal["challenger", "rejected", "known"] = Field(
        description="`known`: a run on the same data has registered it before."
    )
    reasons: list[str] = Field(description="Why the gates stopped it.")


class RunDetail(RunBody):
    """A run with all that is known of it."""

    progress: float = Field(ge=0.0, le=1.0, description="Share of the steps that are done.")
    steps: list[StepBody]
    versions: list[VersionBody] = Field(description="Empty until they are registered.")
    log: list[dict[str, Any]] = Field(description="The last lines; empty where the log is on another machine.")

    @classmethod
    def with_steps(cls, run: Run, records: Mapping[str, StepRecord], log: Sequence[dict[str, Any]]) -> Self:
        """From what the store keeps, and the log."""
        return cls(
            **RunBody.of(run).model_dump(),
            progress=len(records) / len(run.steps),
            steps=list(_steps(run, records)),
            versions=_versions(records),
            log=list(log),
        )


def _steps(run: Run, records: Mapping[str, StepRecord]) -> list[StepBody]:
    found = []
    next_one: Literal["waiting", "running"] = "running" if run.state.value == "running" else "waiting"
    for step in run.steps:
        record = records.get(step)
        if record is None:
            found.append(StepBody(step=step, state=next_one))
            next_one = "waiting"
        else:
            done = {"started_at": record.started_at, "finished_at": record.finished_at}
            found.append(StepBody(step=step, state="done", **done, document=_public(record)))
    return found


def _public(record: StepRecord) -> dict[str, Any]:
    """Without the server's folders."""
    return {name: value for name, value in record.document.items() if name not in {"path", "champion"}}


def _versions(records: Mapping[str, StepRecord]) -> list[VersionBody]:
    if "register" not in records:
        return []
    said = records["gates"].document
    return [
        VersionBody(model=model, reasons=said[model]["reasons"], **registered)
        for model, registered in records["register"].document.items()
    ]
