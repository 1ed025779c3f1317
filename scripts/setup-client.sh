#!/bin/sh
# Builds .venv-client at the root from requirements/client.txt: what makes the Python client. A second call does nothing
# unless the lock changed.
set -eu
cd "$(dirname "$0")/.."
python=${1:-python3}
lock=requirements/client.txt
stamp=.venv-client/.ready

digest=$(cksum "$lock")
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$digest" ] && [ -x .venv-client/bin/python ]; then exit 0; fi

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
    printf "setup-client: %s is no Python of 3.11 or later: name one with 'make client PYTHON=/path/to/python'.\n" "$python" >&2
    exit 1
}
printf 'setup-client: building .venv-client with %s\n' "$("$python" --version)"
rm -rf .venv-client
"$python" -m venv .venv-client
PIP_DISABLE_PIP_VERSION_CHECK=1 .venv-client/bin/python -m pip install --quiet --require-hashes -r "$lock"
printf '%s' "$digest" > "$stamp"
