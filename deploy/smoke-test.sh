#!/usr/bin/env bash
# Starts docker-compose.yml for real, kills a leader's container and checks that clients go on and nothing is lost.
# Needs a container engine with Compose and a built tree. Exit code 77: there is no engine, so nothing was tested.
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
export COMPOSE_PROJECT_NAME=jackdaw-smoke
# shellcheck source=deploy/compose.sh
source "$top/deploy/compose.sh"

if [[ ${#compose_command[@]} == 0 ]] || ! docker info >/dev/null 2>&1; then
  echo "SKIPPED: no container engine with Compose here; the image and docker-compose.yml were not tested" >&2
  exit 77
fi

topic=smoke
written=0
work=$(mktemp -d)
producer=
host=(node "$top/packages/cli/bin/jackdaw.js" --bootstrap-server localhost:9092,localhost:9093,localhost:9094 --quiet)

clean_up() {
  local code=$?
  if ((code != 0)); then compose logs --tail 30 || true; fi
  [[ -z $producer ]] || kill "$producer" 2>/dev/null || true
  compose down -v --remove-orphans >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap clean_up EXIT

step() { printf '\n--- %s\n' "$*"; }

# records FROM TO: that many distinct lines.
records() { seq -f 'record-%06.0f' "$1" "$2"; }

# check WHERE COMMAND…: what the command reads is exactly the records written so far.
check() {
  local where=$1 got
  shift
  "$@" >"$work/read"
  got=$(sort "$work/read" | uniq | wc -l)
  if ! diff <(records 1 "$written") <(sort "$work/read") >"$work/diff"; then
    echo "error: read $where: $got of $written records; the differences begin with" >&2
    head -5 "$work/diff" >&2
    return 1
  fi
  echo "read $where: all $written records, each once"
}

step "docker-compose up -d --build"
compose up -d --build
wait_until 90 "all three brokers are healthy" all_healthy

step "create a topic from inside of a broker's container"
compose exec -T broker-1 jackdaw topic create "$topic" --partitions 3 --replication-factor 3
wait_until 20 "all replicas are in sync" isr_is_full "$topic"

step "produce and consume from the host"
records 1 1000 | "${host[@]}" produce "$topic"
written=1000
check "from the host" "${host[@]}" consume "$topic" --from-beginning --exit

step "produce and consume from another container"
records 1001 1100 | client produce "$topic" --quiet
written=1100
check "from a container" client consume "$topic" --from-beginning --exit --quiet

step "docker kill of the leader of partition 0, while records come in"
victim=$(leader "$topic")
[[ -n $victim ]]
records 1101 2100 | "${host[@]}" produce "$topic" --rate 100 --acks all &
producer=$!
sleep 2 # some records under the old leader; the kill may come at any moment
killed_at=$(date +%s%N)
docker kill "$(container "$victim")" >/dev/null
wait_until 20 "another broker leads" leader_is_not "$topic" "$victim"
seen_after=$((($(date +%s%N) - killed_at) / 1000000))
echo "broker-$victim killed; broker-$(leader "$topic") leads, seen after $seen_after ms (the looks take most of it)"
wait "$producer"
producer=
written=2100
check "from the host, with one broker down" "${host[@]}" consume "$topic" --from-beginning --exit

step "docker-compose up -d brings it back"
compose up -d
wait_until 60 "broker-$victim is healthy again" healthy "$victim"
wait_until 60 "it is in sync again" isr_is_full "$topic"
check "from a container, with all brokers" client consume "$topic" --from-beginning --exit --quiet

step "docker-compose down"
compose down -v
echo "smoke test passed"
