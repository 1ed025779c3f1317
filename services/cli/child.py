"""How a command behaves that the worker has started as its child."""

import os
import signal
import sys
import threading
import time
from typing import Final

from services.cli.errors import FAILED

_LEAVE_SECONDS: Final = 3.0


def be_a_child() -> None:
    """Stand back behind everything else, and end when the worker does, however it ends."""
    os.nice(10)

    def end_with_the_worker() -> None:
        # Not by sys.stdin: it would hold its lock meanwhile, for want of which the interpreter aborts on its way out.
        while os.read(0, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)  # the lease is given back on the way out
        time.sleep(_LEAVE_SECONDS)
        os._exit(FAILED)

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(FAILED))

    threading.Thread(target=end_with_the_worker, name="worker-watch", daemon=True).start()
