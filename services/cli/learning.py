"""train, evaluate, ladder."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.engines import EngineAddress, EngineName, Jobs, MarketJobs
from services.cli.errors import UsageError
from services.cli.progress import Progress
from services.settings import Settings

_Parameters = Annotated[
    list[str] | None,
    typer.Option("--parameter", metavar="NAME=VALUE", help="A parameter of the model, as often as needed."),
]
_AllRatings = Annotated[bool, typer.Option("--all-ratings", help="Bad ratings are positive feedback too.")]

_COLUMNS = ("ndcg@10", "recall@20", "precision@10", "mrr", "auc")


def train(
    path: Annotated[Path, typer.Argument(metavar="DIR", help="The dataset.")],
    model: Annotated[str, typer.Option(help="A model of the ladder.")] = "lightfm",
    market: Annotated[str | None, typer.Option(help="One market only.")] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    threads: Annotated[int, typer.Option(min=1, help="More than one is faster and not reproducible.")] = 1,
    parameter: _Parameters = None,
    all_ratings: _AllRatings = False,
    jobs: MarketJobs = None,
    engine: EngineName = None,
    engine_address: EngineAddress = None,
) -> None:
    """Train a model a market, evaluate it, and register it in the home; a market's first one becomes its champion."""
    from data.dataset import Dataset
    from services.fan_out.options import chosen
    from services.retraining.training import train_markets

    with Progress("training") as progress:
        for trained in train_markets(
            Settings(),
            Dataset.open(path),
            model,
            market=market,
            seed=seed,
            threads=threads,
            parameters=parameters_of(parameter or []),
            all_ratings=all_ratings,
            workers=chosen(jobs, engine, engine_address),
            progress=progress.update,
            passed_over=typer.echo,
        ):
            role = "champion" if trained.champion else "registered"
            measured = ", ".join(f"{name} {_interval(value)}" for name, value in trained.headline.items())
            typer.echo(f"{trained.market}: {trained.version} ({role}); held out: {measured}")


def evaluate(
    path: Annotated[Path, typer.Argument(metavar="DIR", help="The dataset.")],
    model: Annotated[list[str] | None, typer.Option(help="Models of the ladder, as often as needed.")] = None,
    market: Annotated[str | None, typer.Option(help="One market only.")] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    parameter: _Parameters = None,
    all_ratings: _AllRatings = False,
    jobs: MarketJobs = None,
    engine: EngineName = None,
    engine_address: EngineAddress = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures here.")] = None,
) -> None:
    """Measure models on held-out data, with 95 % intervals; random and popular always beside.

    With more jobs than markets, models of one market are measured at once.
    """
    from data.dataset import Dataset
    from models.contest import Contest
    from services.evaluation import evaluate as evaluate_models
    from services.fan_out.options import chosen

    dataset, workers = Dataset.open(path), chosen(jobs, engine, engine_address)
    contest = Contest(tuple(model or ["lightfm"]), seed, parameters_of(parameter or []), all_ratings)
    with Progress("evaluating") as progress:
        result = evaluate_models(
            dataset, contest, workers, Settings().resolved_engine_store, progress.update, market=market
        )
    for line in evaluation_table(result):
        typer.echo(line)
    if json_file is not None:
        json_file.write_text(json.dumps(result, indent=2) + "\n")


def ladder(
    path: Annotated[Path, typer.Argument(metavar="DIR", help="The dataset.")],
    model: Annotated[list[str] | None, typer.Option(help="Models of the ladder, as often as needed; all.")] = None,
    market: Annotated[str | None, typer.Option(help="The market; the first.")] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    jobs: Jobs = 1,
    engine: EngineName = None,
    engine_address: EngineAddress = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures here.")] = None,
) -> None:
    """The ladder in one table: accuracy, time of a request, memory, training time, how it is explained.

    Rungs are trained at once with more jobs than one; requests are timed here, one after the other, when that is over.
    """
    from data.dataset import Dataset
    from services.fan_out.options import chosen
    from services.serving.measure_ladder import RUNGS, lines, measure_ladder

    dataset, workers = Dataset.open(path), chosen(jobs, engine, engine_address)
    with Progress("ladder") as progress:
        rungs = measure_ladder(
            dataset,
            market or dataset.markets[0],
            model or RUNGS,
            seed,
            progress.update,
            workers,
            Settings().resolved_engine_store,
        )
    for line in lines(rungs):
        typer.echo(line)
    if json_file is not None:
        json_file.write_text(json.dumps([asdict(rung) for rung in rungs], indent=2) + "\n")


def parameters_of(given: list[str]) -> dict[str, Any]:
    """NAME=VALUE texts as a mapping; a value is JSON where it can be read as such, else text.

    >>> parameters_of(["components=64", "loss=bpr", "tag_share=0.3"])
    {'components': 64, 'loss': 'bpr', 'tag_share': 0.3}

    Raises UsageError for a text without a name or given twice.
    """
    parameters: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"--parameter {text}: write NAME=VALUE, such as components=64")
        if name in parameters:
            raise UsageError(f"--parameter {name} is given twice")
        try:
            parameters[name] = json.loads(value)
        except ValueError:
            parameters[name] = value
    return parameters


def evaluation_table(result: dict[str, Any]) -> list[str]:
    """The main figures as lines for a terminal: all restaurants, then what is new to the diner, then cold start."""
    lines = [f"split: {', '.join(result['data']['split'])}; {result['data']['diners_measured']:,} diners", ""]
    lines += _model_lines(result["models"])
    if "masked" in result:
        lines += ["", "new to the diner only (known restaurants left out)", *_model_lines(result["masked"])]
    if result.get("requests"):
        asked = result["requests"]
        lines += [
            "",
            f"{asked['measured']:,} held-out requests, each model as it is served",
            *_model_lines(asked["models"]),
        ]
    for question, models in result.get("cold_start", {}).items():
        lines += ["", f"cold start, {question}", *_model_lines(models)]
    return lines


def _model_lines(models: dict[str, Any]) -> list[str]:
    lines = [f"{'model':<20}" + "".join(f"{name:>26}" for name in _COLUMNS) + f"{'of the oracle':>15}"]
    for name, measured in models.items():
        cells = "".join(f"{_interval(measured[metric]) if metric in measured else '-':>26}" for metric in _COLUMNS)
        share = f"{measured['share_of_oracle']['value']:.0%}" if "share_of_oracle" in measured else ""
        lines.append(f"{name:<20}{cells}{share:>15}")
    return lines


def _interval(measured: dict[str, float]) -> str:
    return f"{measured['value']:.4f} [{measured['low']:.4f}, {measured['high']:.4f}]"
