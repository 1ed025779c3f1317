#!/bin/sh
# Brings what the tests need beside Python: PostgreSQL, a browser, strace, promtool. Installs only as root on Debian or Ubuntu;
# says in one line what is missing then, and never fails the run: tests without their server are skipped, and say so.
set -u

found() {
    for name in "$@"; do
        command -v "$name" >/dev/null 2>&1 && return 0
    done
    return 1
}
has_postgresql() { found initdb || ls /usr/lib/postgresql/*/bin/initdb /opt/homebrew/opt/postgresql*/bin/initdb >/dev/null 2>&1; }
has_chromium() { found chromium chromium-browser google-chrome google-chrome-stable; }
has_strace() { found strace; }
has_promtool() { found promtool; }

missing() {
    has_postgresql || printf ' postgresql'
    has_chromium || printf ' chromium'
    [ "$(uname)" != Linux ] || has_strace || printf ' strace'
    has_promtool || printf ' prometheus'
}

wanted=$(missing)
[ -n "$wanted" ] || exit 0
if [ "$(id -u)" = 0 ] && found apt-get; then
    printf 'test-servers: installing%s\n' "$wanted"
    export DEBIAN_FRONTEND=noninteractive
    {
        patient='-q -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20'
        apt-get $patient update
        # One at a time: one that cannot be had must not keep out the others.
        for package in $wanted; do apt-get $patient install -y --no-install-recommends "$package"; done
    } >/dev/null 2>&1 </dev/null
    wanted=$(missing)
fi
[ -z "$wanted" ] || printf 'test-servers: missing:%s; the tests that need them are skipped\n' "$wanted"
exit 0
