#!/bin/sh
# Builds .venv at the root from the locked dependencies, and the compiled modules. A second call does nothing unless
# one of them changed.
set -eu
cd "$(dirname "$0")/.."
wanted=${1:-python3}
lock=requirements/dev.txt
stamp=.venv/.ready

fail() { printf 'setup: %s\n' "$1" >&2; exit 1; }

digest=$(cksum "$lock" pyproject.toml services/ranking/_auction.c services/ranking/_rank.c \
    services/audit/_columns.c services/serving/_entries.c models/second_stage/_trees.c | cksum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$digest" ] && [ -x .venv/bin/python ]; then exit 0; fi

suits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' >/dev/null 2>&1; }
python=
for candidate in "$wanted" python3.13 python3.12 python3.11 python3; do
    if suits "$candidate"; then python=$candidate; break; fi
done
[ -n "$python" ] || fail "no Python 3.11, 3.12 or 3.13 found: install one, or name it with 'make setup PYTHON=/path/to/python'."
{ command -v cc || command -v gcc || command -v clang; } >/dev/null 2>&1 ||
    fail "no C compiler found (LightFM, the auction and the trees are compiled here): install one, on Debian or Ubuntu with 'apt-get install build-essential'."
"$python" -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' ||
    fail "Python.h is missing: install the headers of $python, on Debian or Ubuntu with 'apt-get install python3-dev'."
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$python cannot make virtual environments: on Debian or Ubuntu 'apt-get install python3-venv'."

printf 'setup: building .venv with %s (one to three minutes)\n' "$("$python" --version)"
rm -f "$stamp"
[ -x .venv/bin/python ] && suits .venv/bin/python || { rm -rf .venv; "$python" -m venv .venv; }
# Compiled without -march=native, so that the environment also runs on another processor.
export LIGHTFM_NO_CFLAGS=1 PIP_DISABLE_PIP_VERSION_CHECK=1
.venv/bin/python -m pip install --quiet --require-hashes -r "$lock"
.venv/bin/python -m pip install --quiet --no-deps --editable .
.venv/bin/python -c 'import lightfm._lightfm_fast_openmp' 2>/dev/null ||
    printf 'setup: notice: LightFM was built without OpenMP, training uses one thread.\n'
printf '%s' "$digest" > "$stamp"
printf 'setup: done\n'
