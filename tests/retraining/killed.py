"""A retraining process that kills itself at a point of its run, as `kill -9` would. Started by the tests.

python killed.py HOME POINT
"""

import os
import signal
import sys
from pathlib import Path

from services.clock import Clock
from services.database.engine import open_database
from services.retraining.job import RetrainingJob
from services.settings import Settings


def main(home: str, point: str) -> None:
    settings = Settings(home=Path(home))
    engine = open_database(settings.resolved_database_url)

    def reached(_run: object, here: str) -> None:
        if here == point:
            os.kill(os.getpid(), signal.SIGKILL)

    RetrainingJob(engine, settings, Clock(), reached=reached, lease_seconds=0.5).work()


if __name__ == "__main__":
    main(*sys.argv[1:])
