"""The lessons' pages in the documents, from what was recorded: python -m services.lessons.pages docs/lessons

A page has the question, the command, the figures, the numbers with their intervals, the claims, the reading, and what
would change it. Nothing is measured here: `tablestakes lesson N --record` does that.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from services.lessons.drawing import write
from services.lessons.figure import Table
from services.lessons.page import markdown, stem
from services.lessons.registry import LESSONS
from services.lessons.running import recorded


def write_pages(folder: Path, only: Sequence[int] = ()) -> list[int]:
    """Write the pages and figures of the recorded lessons; which lessons have none. Raises FigureError."""
    missing = []
    for lesson in LESSONS.values():
        if only and lesson.number not in only:
            continue
        outcome = recorded(lesson.number)
        if outcome is None:
            missing.append(lesson.number)
            continue
        # Tables are told in Markdown.
        drawn = {at: one for at, one in enumerate(outcome.figures, 1) if not isinstance(one, Table)}
        for old in (folder / "figures").glob(f"{stem(lesson)}-*.svg"):
            old.unlink()
        write(drawn, folder / "figures", stem(lesson))
        (folder / f"{stem(lesson)}.md").write_text(markdown(lesson, outcome))
    return missing


def main(argv: Sequence[str] | None = None) -> int:
    """Write, and say what is missing; 1 where something is."""
    parser = argparse.ArgumentParser(prog="python -m services.lessons.pages")
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--only", type=int, action="append", default=[], metavar="N")
    chosen = parser.parse_args(argv)
    missing = write_pages(chosen.folder, chosen.only)
    for number in missing:
        print(f"lesson {number} is not recorded: tablestakes lesson {number} --record", file=sys.stderr)
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
