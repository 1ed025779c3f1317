"""A front that comes with the program: evaluating one takes minutes, and the demo's table needs one at once.

    tablestakes negotiate && python -m services.simulation.recorded_front

evaluates what `tablestakes negotiate` evaluates by default, or reads what it has kept in the home, and writes it into
the package. Its provenance says what it was made from: setting, program and libraries, of which the city is a function
too. That city is smaller than the demo's: for the demo the front is `assumed`.
"""

import argparse
from importlib import resources
from pathlib import Path
from typing import Final

from services.cli.progress import Progress
from services.clock import Clock
from services.fan_out.options import add_engine, engine_of
from services.settings import Settings
from services.simulation.front import Evaluation, evaluate
from services.stakeholders.negotiation.front import Front

_FILE: Final = "recorded/front.json"


def recorded_front() -> Front:
    """What was recorded; its notes say of which city and when."""
    return Front.model_validate_json((resources.files("services.simulation") / _FILE).read_bytes())


def main() -> None:
    """Record it anew."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add_engine(parser)
    parser.add_argument("--front", type=Path, help="a front that `tablestakes negotiate` has kept, instead")
    arguments = parser.parse_args()
    if arguments.front is not None:
        front = Front.model_validate_json(arguments.front.read_bytes())
    else:
        with Progress("recording") as progress:
            folder = Settings().home / "fronts"
            front = evaluate(Evaluation(), folder, engine_of(arguments), progress.update, Clock().now, assumed=True)
    # Defaults are left out: the file is half as large, and read to the same front.
    (Path(__file__).parent / _FILE).write_text(_stamped(front).model_dump_json(exclude_defaults=True) + "\n")


def _stamped(front: Front) -> Front:
    """With what is to be known where it is shown; what it was made from is in its provenance already."""
    city = Evaluation()
    where = f"a city of {city.restaurants} restaurants and {city.diners:,} diners, seed {city.seed}"
    note = f"recorded with the program on {front.created_at:%Y-%m-%d}, by `tablestakes negotiate`, in {where}"
    return front.model_copy(update={"notes": (note, *front.notes), "assumed": True})


if __name__ == "__main__":
    main()
