"""train, evaluate."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.progress import Progress
from services.settings import Settings


def train(
    path: Annotated[Path, typer.Argument(metavar="DIR", help="The dataset.")],
    model: Annotated[str, typer.Option(help="A model of the ladder.")] = "lightfm",
    market: Annotated[str | None, typer.Option(help="One market only.")] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    threads: Annotated[int, typer.Option(min=1, help="More than one is faster and not reproducible.")] = 1,
) -> None:
    """Train a model a market, evaluate it, and register it in the home; a market's first one becomes its champion."""
    from data.dataset import Dataset
    from services.retraining.training import train_markets

    with Progress("training") as progress:
        for trained in train_markets(
            Settings(),
            Dataset.open(path),
            model,
            market=market,
            seed=seed,
            threads=threads,
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
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures here.")] = None,
) -> None:
    """Measure models on held-out data, with 95 % intervals; random and popular always beside."""
    from data.dataset import Dataset
    from models.pipeline import evaluate as evaluate_models

    with Progress("evaluating") as progress:
        result = evaluate_models(
            Dataset.open(path), market=market, models=model or ["lightfm"], seed=seed, progress=progress.update
        )
    for line in evaluation_table(result):
        typer.echo(line)
    if json_file is not None:
        json_file.write_text(json.dumps(result, indent=2) + "\n")


def evaluation_table(result: dict[str, Any]) -> list[str]:
    """The main figures as lines for a terminal."""
    metrics = ("ndcg@10", "recall@20", "precision@10", "mrr", "auc")
    lines = [f"{'model':<14}" + "".join(f"{name:>26}" for name in metrics)]
    for name, measured in result["models"].items():
        cells = "".join(f"{_interval(measured[metric]) if metric in measured else '-':>26}" for metric in metrics)
        lines.append(f"{name:<14}{cells}")
    return lines


def _interval(measured: dict[str, float]) -> str:
    return f"{measured['value']:.4f} [{measured['low']:.4f}, {measured['high']:.4f}]"
