#!/bin/sh
# Asks a public data base for known weaknesses of the locked packages. It installs nothing, and says so where it cannot ask.
set -eu
cd "$(dirname "$0")/.."
command -v pip-audit >/dev/null 2>&1 ||
    { echo "audit: pip-audit is not installed: 'pipx install pip-audit', then try again." >&2; exit 2; }
status=0
pip-audit --disable-pip --require-hashes --requirement requirements/runtime.txt || status=$?
[ "$status" -eq 0 ] ||
    { echo "audit: failed: a weakness is listed above, or the data base was not reached (no network?)." >&2; exit "$status"; }
echo "audit: nothing known against what is shipped."
