#!/usr/bin/env bash
# Shows a fail-over: a replicated topic, a producer, `docker kill` of the leader, and the table of leaders and replicas
# live while it happens. Needs a container engine with Compose, nothing else. Leaves the cluster running.
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=deploy/compose.sh
source "$top/deploy/compose.sh"
if [[ ${#compose_command[@]} == 0 ]]; then
  echo "error: this needs docker with Compose" >&2
  exit 1
fi

topic=demo-$(date +%H%M%S)
records=600
rate=20
viewer=jackdaw-demo-view-$$
produced=$(mktemp)
producer=

clean_up() {
  [[ -z $producer ]] || kill "$producer" 2>/dev/null || true
  docker rm -f "$viewer" >/dev/null 2>&1 || true
  rm -f "$produced"
}
trap clean_up EXIT

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

# view SECONDS: leaders and replicas, drawn anew twice a second.
view() {
  local pid
  client_options=(--name "$viewer")
  if [[ -t 1 ]]; then client_options+=(-t); fi
  client topic describe "$topic" --partitions --watch --interval 500ms &
  pid=$!
  client_options=(-i)
  sleep "$1"
  docker rm -f "$viewer" >/dev/null 2>&1 || true
  wait "$pid" 2>/dev/null || true
}

say "Three brokers (docker-compose up -d --build)"
compose up -d --build
wait_until 90 "all three brokers are healthy" all_healthy

say "A topic with three replicas, and a producer with acks=all, $rate records a second"
client topic create "$topic" --partitions 3 --replication-factor 3
seq "$records" | client produce "$topic" --rate "$rate" --acks all >"$produced" 2>&1 &
producer=$!
view 4

victim=$(leader "$topic")
say "docker kill broker-$victim, which leads partition 0"
docker kill "$(container "$victim")" >/dev/null
view 8

say "docker-compose up -d: broker-$victim comes back, catches up and joins the ISR"
compose up -d
view 8
wait_until 60 "all replicas are in sync" isr_is_full "$topic"

say "The producer never noticed more than a pause"
wait "$producer"
producer=
cat "$produced"
read_back=$(client consume "$topic" --from-beginning --exit --quiet | sort -n | uniq | wc -l)
echo "$read_back of $records records are there"
client topic describe "$topic" --partitions
[[ $read_back == "$records" ]] || exit 1
say "The cluster goes on: localhost:9092, localhost:9093, localhost:9094. docker-compose down -v ends it."
