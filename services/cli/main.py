"""All commands. Heavy libraries are imported by the command that needs them, so that `--help` is quick."""

import gc
import sys
from importlib.metadata import version
from typing import Annotated, Final

import typer

from services.cli.agreeing import policies
from services.cli.auditing import trail
from services.cli.auditing_fairness import audit_fairness
from services.cli.auditing_models import audit_model
from services.cli.carding import card, ranking_policy
from services.cli.checking import check
from services.cli.datasets import generate, import_, validate
from services.cli.demonstration import demo
from services.cli.explaining import explain
from services.cli.exporting import export_table
from services.cli.history import events
from services.cli.keeping import backup, restore
from services.cli.learning import evaluate, ladder, train
from services.cli.marketing import market
from services.cli.measuring import measure
from services.cli.negotiating import negotiate
from services.cli.operating import doctor, serve, worker
from services.cli.releasing import freeze, releases
from services.cli.retraining import retrain
from services.cli.scoring import scorecard
from services.cli.selling import campaigns
from services.cli.simulating import simulate
from services.cli.teaching import lesson

_COLLECT_AFTER: Final = 50_000
"""New objects between two looks for cycles: what is imported stays, and looking through it took a sixth of a start."""

app = typer.Typer(
    name="tablestakes",
    help="A restaurant recommender in which everybody who has a stake sits at the table.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("generate")(generate)
app.command("import")(import_)
app.command("validate")(validate)
app.command("train")(train)
app.command("evaluate")(evaluate)
app.command("ladder")(ladder)
app.command("measure")(measure)
app.command("check")(check)
app.command("retrain")(retrain)
app.command("simulate")(simulate)
app.command("explain")(explain)
app.command("scorecard")(scorecard)
app.command("card")(card)
app.command("ranking-policy")(ranking_policy)
app.command("negotiate")(negotiate)
app.command("lesson")(lesson)
app.command("export-table")(export_table)
app.command("serve")(serve)
app.command("worker")(worker)
app.command("doctor")(doctor)
app.command("backup")(backup)
app.command("restore")(restore)
app.command("demo")(demo)
app.add_typer(campaigns, name="campaigns")
app.add_typer(market, name="market")
app.add_typer(releases, name="releases")
app.add_typer(freeze, name="freeze")
app.add_typer(events, name="events")
app.add_typer(policies, name="policies")
app.add_typer(trail, name="trail")
audit = typer.Typer(help="Take a model apart: what it leans on, and whom it treats how.", no_args_is_help=True)
audit.command("model")(audit_model)
audit.command("fairness")(audit_fairness)
app.add_typer(audit, name="audit")


def _say_version(wanted: bool) -> None:
    if wanted:
        print(f"tablestakes {version('tablestakes')}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the trace of an error.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version and leave.")
    ] = False,
) -> None:
    context.obj = verbose


def main() -> None:
    """Run a command. Exit code 0: done, 1: the check failed, 2: wrong use; an error is one line."""
    gc.set_threshold(_COLLECT_AFTER, 20, 20)
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if {"-v", "--verbose"} & set(sys.argv[1:]):
            raise
        sys.exit(_report(error))


def _report(error: Exception) -> int:
    from services.cli.errors import WRONG_USE, describe

    code, text = describe(error)
    print(f"tablestakes: {text}", file=sys.stderr)
    return code if code != WRONG_USE else WRONG_USE
