"""Moves a market and kills itself before a line: python dying_mover.py FIRST_HOME SECOND_HOME MARKET LINE.

LINE counts the lines that are run of `services/markets/`; with 0 it lives, and prints how many there were.
"""

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from services.clock import Clock
from services.markets.homes import opened
from services.markets.moving import MarketMover
from services.settings import Settings

PACKAGE = f"{os.sep}services{os.sep}markets{os.sep}"


def main(first: Path, second: Path, market: str, fatal: int) -> None:
    lines = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal lines
        if PACKAGE not in frame.f_code.co_filename:
            return None
        if event == "line":
            lines += 1
            if lines == fatal:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    homes = (Settings(home=home, settle_after_seconds=0) for home in (first, second))
    with opened(next(homes)) as source, opened(next(homes)) as target:
        mover = MarketMover(source, target, market, "admin", Clock(), lambda *_: None)
        sys.settrace(trace)
        mover.move("https://east.example", "", 0.0)
        mover.purge("")
        sys.settrace(None)
    print(lines)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
