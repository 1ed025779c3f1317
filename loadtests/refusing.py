"""Our server with a gate that lets nobody in: what one refusal costs a process, measured with nothing beside it.

`python -m loadtests.refusing --host … --port …`; the lifespan is off, for there is nothing to open.
"""

import argparse

import uvicorn

from services.api.app import Application, create_app
from services.api.slow_clients import protocol_of
from services.server import serve
from services.settings import Settings


def main() -> None:
    """Serve until a signal."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.refusing")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    chosen = parser.parse_args()
    settings = Settings()
    app = create_app(settings)
    assert isinstance(app, Application)
    assert app.gate is not None
    app.gate.limiter.refuse_all()
    serve(
        uvicorn.Config(
            app,
            host=chosen.host,
            port=chosen.port,
            http=protocol_of(settings),
            lifespan="off",
            access_log=False,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
        )
    )


if __name__ == "__main__":
    main()
