"""A Ray cluster of one node on this machine, that ends when the process that started it does.

    python -m services.fan_out.ray_here PROCESSORS

Ray ends its processes with the one that started them, but some of them only after a minute when that one was killed. So
the node is started by a process of its own, in a session of its own: it reads an input whose other end the starter
holds, and when that is closed, however, it ends everything in its session.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

QUIET: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""No usage statistics, and no advice."""
OBJECT_STORE_BYTES: Final = 80_000_000
"""The least that Ray takes, nearly: tasks and results are small."""
LOOPBACK: Final = "127.0.0.2" if sys.platform == "linux" else "127.0.0.1"
"""Ray takes 127.0.0.1 for this machine's address in its network."""
_CLOSE_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Cluster:
    """One that is running."""

    address: str
    _process: "subprocess.Popen[str]"

    @classmethod
    def start(cls, processors: int) -> "Cluster":
        """Start one; raise EngineError where it does not come up."""
        from services.fan_out.engine import EngineError

        # Who can reach a cluster can have it do anything: it takes a token that this process and its own alone know.
        # One for all clusters of this process, for Ray reads it once.
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        process = subprocess.Popen(  # noqa: S603 - our own program, no shell
            (sys.executable, "-m", "services.fan_out.ray_here", str(processors)),
            env={**os.environ, **QUIET},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        address = process.stdout.readline().strip()
        if not address:
            said = process.stderr.read().strip().splitlines()
            process.wait()
            raise EngineError(f"Ray does not start here: {said[-1] if said else 'it says nothing'}")
        return cls(address, process)

    def close(self) -> None:
        """End it."""
        process = self._process
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(_CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def main(processors: int) -> None:
    """Start the node, print its address, wait for the end of the input, end everything."""
    import ray

    # Sockets lie in it, and their paths are short.
    folder = Path(tempfile.mkdtemp(prefix="ts-ray-", dir="/tmp"))
    try:
        started: Any = ray.init(
            num_cpus=processors,
            include_dashboard=False,
            object_store_memory=OBJECT_STORE_BYTES,
            log_to_driver=False,
            configure_logging=False,
            _node_ip_address=LOOPBACK,
            _temp_dir=str(folder),
        )
        print(started.address_info["gcs_address"], flush=True)
        while os.read(0, 1):
            pass
        ray.shutdown()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.killpg(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]))
