#!/bin/sh
# Resolves the dependencies anew. uv writes neither an index address nor a machine's own settings into the lock.
set -eu
cd "$(dirname "$0")/.."
uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
    pyproject.toml -o requirements/runtime.txt
uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra dev \
    -c requirements/runtime.txt pyproject.toml -o requirements/dev.txt
uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
    requirements/client.in -o requirements/client.txt
