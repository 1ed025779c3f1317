"""Runs, parameters, metrics, model cards and aliases in MLflow, where it is configured.

MLflow is imported here alone, by the process that retrains: it costs seconds to import and is an extra.
"""

import time
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from services.retraining.runs import Run, StepRecord

Records = Mapping[str, StepRecord]


class TrackingError(Exception):
    """Tracking is configured and cannot be used; the message says the mend."""


class Tracking(Protocol):
    """Where finished runs are told of."""

    def record(self, run: Run, steps: Records, champion: str | None) -> None:
        """Tell of a run that is over; `champion` is the version that serves its market now."""
        ...


class NoTracking:
    """Nowhere: the database, the run's log and the model cards have it all."""

    def record(self, run: Run, steps: Records, champion: str | None) -> None:
        """Do nothing."""


class MLflowTracking:
    """An MLflow server or store, by its tracking URI."""

    def __init__(self, uri: str) -> None:
        self._uri = uri

    def record(self, run: Run, steps: Records, champion: str | None) -> None:
        """One MLflow run for each model, one registered model for each market. Raises whatever MLflow does."""
        try:
            from mlflow import MlflowClient
        except ImportError as error:
            raise TrackingError("MLflow is not installed: pip install 'tablestakes[tracking]'") from error
        client = MlflowClient(tracking_uri=self._uri, registry_uri=self._uri)
        experiment = _experiment(client, f"tablestakes-{run.market}")
        for model in run.models:
            _record_model(client, experiment, run, steps, model)
        if champion is not None:
            _alias(client, f"tablestakes-{run.market}", "champion", champion)


def tracking_at(uri: str) -> Tracking:
    """What the setting says; nothing is imported before a run is over."""
    return MLflowTracking(uri) if uri else NoTracking()


def _experiment(client: Any, name: str) -> str:
    found = client.get_experiment_by_name(name)
    return str(client.create_experiment(name) if found is None else found.experiment_id)


def _record_model(client: Any, experiment: str, run: Run, steps: Records, model: str) -> None:
    tags = {"run_id": run.run_id, "market": run.market, "model": model, "state": run.state.value}
    tracked = client.create_run(experiment, tags=tags, run_name=f"{model} {run.run_id[:12]}")
    identity = tracked.info.run_id
    client.log_param(identity, "seed", run.seed)
    trained = steps.get(f"train:{model}")
    if trained is None:
        client.set_terminated(identity, "FAILED")
        return
    evaluated = steps.get("evaluate")
    if evaluated is not None:  # the figures by which it is judged
        client.log_batch(identity, metrics=list(_figures(evaluated.document["members"][model])))
    client.log_dict(identity, dict(trained.document), "model_card.json")
    for step in ("validate", "evaluate", "check", "gates"):
        if step in steps:
            client.log_dict(identity, dict(steps[step].document), f"{step}.json")
    registered = steps.get("register")
    if registered is not None:
        _version(client, run, identity, trained.document, registered.document[model])
    client.set_terminated(identity, "FINISHED")


def _version(client: Any, run: Run, identity: str, trained: Mapping[str, Any], registered: Mapping[str, Any]) -> None:
    """The version in MLflow's own registry, where it has a number; ours is a tag."""
    from mlflow.exceptions import MlflowException

    name = f"tablestakes-{run.market}"
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    tags = {"version": str(registered["version"]), "outcome": str(registered["outcome"])}
    created = client.create_model_version(name, source=trained["path"], run_id=identity, tags=tags)
    if registered["outcome"] == "challenger":
        client.set_registered_model_alias(name, "challenger", created.version)


def _alias(client: Any, name: str, alias: str, version: str) -> None:
    for found in client.search_model_versions(f"name = '{name}'"):
        if found.tags.get("version") == version:
            client.set_registered_model_alias(name, alias, found.version)
            return


def _figures(measured: Mapping[str, Any]) -> Iterator[Any]:
    """As MLflow's metrics, whose names have no @."""
    from mlflow.entities import Metric

    now = int(time.time() * 1_000)
    for name, figure in measured.items():
        for part in ("value", "low", "high"):
            suffix = "" if part == "value" else f"_{part}"
            yield Metric(f"{name.replace('@', '_at_')}{suffix}", float(figure[part]), now, 0)
