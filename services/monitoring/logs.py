"""Structured logs to standard error: plain lines for people, JSON for machines.

Keys and tokens are never passed in, nor is what a diner asked; should an exception's text hold one, it is blotted out.
"""

import logging
import re
import sys
from typing import Final

import structlog
from structlog.typing import EventDict, WrappedLogger

_SECRETS: Final = re.compile(
    r"""ts_[a-z]+_[A-Za-z0-9_-]{20,}              # our keys
    | (?i:bearer)\s+[A-Za-z0-9._~+/=-]{8,}       # whoever's
    | (?<=://)[^\s/@:"']*:[^\s/@"']+(?=@)        # user and password in an address
    """,
    re.VERBOSE,
)
_BLOT: Final = "[hidden]"


def configure_logs(level: str, as_json: bool) -> None:
    """Set up structlog and let the standard library's loggers (uvicorn's among them) through the same form."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            # The default shows local variables, and those may hold a key.
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *([structlog.processors.format_exc_info] if as_json else []),
                renderer,
                _without_secrets,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True


def _without_secrets(_: WrappedLogger, __: str, line: "EventDict | str") -> str:
    """The rendered line; this comes last, so that a trace is covered too."""
    return _SECRETS.sub(_BLOT, str(line))
