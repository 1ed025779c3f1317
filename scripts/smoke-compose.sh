#!/bin/sh
# Starts docker-compose.yml and asks every part of it whether it is there: sh scripts/smoke-compose.sh [--down]
# Needs docker with compose, and curl. With --down everything is taken away again, volumes included.
set -eu
cd "$(dirname "$0")/.."

api=http://127.0.0.1:8000
say() { printf '%s\n' "$*"; }
fail() { say "FAILED: $*" >&2; exit 1; }

docker compose up --build --wait --wait-timeout 900
[ "${1:-}" = "--down" ] && trap 'docker compose down --volumes' EXIT

key=$(docker compose exec -T api python -c 'import json; print(json.load(open("keys.json"))["app"])')
curl -fsS "$api/health/ready" >/dev/null || fail "the API is not ready"
list=$(curl -fsS -H "Authorization: Bearer $key" "$api/v1/recommendations?user_id=d0-000001&k=5") || fail "no list"
say "$list" | grep -q '"request_id"' || fail "what came is no list: $list"
say "a list was made"

restaurant=$(say "$list" | sed 's/.*"restaurant_id":"\([^"]*\)".*/\1/')
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
event="{\"event_id\":\"smoke-$$\",\"type\":\"click\",\"user_id\":\"d0-000001\",\"restaurant_id\":\"$restaurant\",\"at\":\"$now\"}"
curl -fsS -X POST -H "Authorization: Bearer $key" -H 'Content-Type: application/json' -d "$event" "$api/v1/events" \
    | grep -q '"accepted":1' || fail "an event was not taken"
say "an event is on disk"

[ "$(curl -s -o /dev/null -w '%{http_code}' "$api/metrics")" = 404 ] || fail "the proxy shows the metrics"
curl -fsS http://127.0.0.1:3000/api/health | grep -q '"database"' || fail "Grafana does not answer"
found=$(curl -fsS 'http://127.0.0.1:3000/api/search?tag=tablestakes' | grep -o '"uid":"tablestakes-[a-z]*"' | sort -u | wc -l)
kept=$(ls ops/grafana/dashboards/*.json | wc -l)
[ "$found" -eq "$kept" ] || fail "Grafana has $found of $kept dashboards"
say "Grafana has its $kept dashboards"

up='http://127.0.0.1:9090/api/v1/query?query=sum(up)'
docker compose exec -T prometheus wget -q -O - "$up" | grep -q '"3"' || fail "Prometheus does not see two API processes and a worker"
say "Prometheus sees two API processes and the worker"

docker compose run --rm backup | grep -q '^copied: postgresql' || fail "no backup was made"
say "a backup was made"
say "all is there"
