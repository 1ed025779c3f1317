"""The front of the demo's default city, recorded: evaluating one takes minutes, and the demo's table needs one at once.

    python -m services.simulation.recorded_front --jobs 2

evaluates what `tablestakes negotiate --restaurants 400 --diners 4000` evaluates, in the same folder, and writes it into
the package, stamped with the program and the log that it was made from.
"""

import argparse
import tempfile
from importlib import resources
from pathlib import Path
from typing import Final

from data.city.generate import generate
from data.dataset import Dataset
from services.cli.progress import Progress
from services.clock import Clock
from services.settings import Settings
from services.simulation.front import Evaluation, evaluate
from services.stakeholders.negotiation.front import Front

RESTAURANTS: Final = 400
DINERS: Final = 4_000
DAYS: Final = 28
SEED: Final = 1
"""Of the city that `make demo` makes by default."""
_FILE: Final = "recorded_front.json"


def recorded_front() -> Front:
    """What was recorded; its notes say of which city and when."""
    return Front.model_validate_json((resources.files("services.simulation") / _FILE).read_bytes())


def main() -> None:
    """Record it anew."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--jobs", type=int, default=2, help="processes; what comes out does not depend on it")
    parser.add_argument("--front", type=Path, help="what `tablestakes negotiate` has kept, instead of evaluating")
    arguments = parser.parse_args()
    if arguments.front is not None:
        front = Front.model_validate_json(arguments.front.read_bytes())
    else:
        evaluation = Evaluation(restaurants=RESTAURANTS, diners=DINERS, warm_days=DAYS, seed=SEED)
        with Progress("recording") as progress:
            folder = Settings().home / "fronts"
            front = evaluate(evaluation, folder, arguments.jobs, progress.update, Clock().now, assumed=False)
    stamped = _stamped(front)
    # Defaults are left out: the file is a third of the size, and read to the same front.
    (Path(__file__).parent / _FILE).write_text(stamped.model_dump_json(exclude_defaults=True) + "\n")


def _stamped(front: Front) -> Front:
    """With what is to be known when it is read: whose city it is, and which log that city begins with."""
    note = f"recorded for the demo's default city, seed {SEED}, on {front.created_at:%Y-%m-%d}"
    with tempfile.TemporaryDirectory() as folder:
        city = Path(folder) / "city"
        generate(city, restaurants=RESTAURANTS, diners=DINERS, days=DAYS, markets=1, seed=SEED)
        snapshot = Dataset.open(city).snapshot
    notes, provenance = (note, *front.notes), {**front.provenance, "data": snapshot}
    return front.model_copy(update={"notes": notes, "provenance": provenance})


if __name__ == "__main__":
    main()
