"""The command line: `tablestakes`, also `python -m services.cli`."""

from services.cli.main import main

__all__ = ["main"]
