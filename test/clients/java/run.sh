#!/usr/bin/env bash
# Kafka's own Java tools against Jackdaw: each is run as its manual says, and its output is looked at.
#
#   run.sh [WORD…]     only the checks that have one of the words in their name (what they need is run as well)
#
# CLIENTS_KAFKA_LIBS  a directory with the jars (default: fetched by Maven into a cache, once)
# BOOTSTRAP           servers of a running cluster of three to try instead of one started here, such as Apache Kafka's,
#                     to compare; what looks into data directories is left out then
#
# Exit codes: 0 all passed, 1 something failed, 77 skipped, with a line that says "SKIPPED:" and why.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
version=4.3.1
node=${NODE:-node}
jackdaw=$root/packages/cli/bin/jackdaw.js
libs=${CLIENTS_KAFKA_LIBS:-${XDG_CACHE_HOME:-$HOME/.cache}/jackdaw/kafka-$version}
words=("$@")
work=$(mktemp -d)
data=$work/cluster
failures=0
rows=()

skip() {
  echo "SKIPPED: $1" >&2
  exit 77
}

finish() {
  [ ! -d "$data" ] || "$node" "$jackdaw" dev down --data-dir "$data" > "$work/down.log" 2>&1 || cat "$work/down.log" >&2
  rm -rf "$work"
}
trap finish EXIT

fetch_jars() {
  [ ! -e "$libs/kafka-tools-$version.jar" ] || return 0
  command -v mvn > /dev/null || skip "no Maven to fetch Kafka's tools with, and CLIENTS_KAFKA_LIBS names no directory"
  mkdir -p "$libs"
  mvn -q -B -f "$here/pom.xml" -Dkafka=$version dependency:copy-dependencies -DoutputDirectory="$libs" \
    > "$work/mvn.log" 2>&1 ||
    skip "Maven cannot fetch Kafka's tools: $(tail -n 1 "$work/mvn.log")"
  # One binding of slf4j only.
  rm -f "$libs"/log4j-slf4j*.jar
}

# tool CLASS ARGUMENTS…: a short-lived JVM, so no time is spent on the second compiler.
tool() {
  case $1 in
    kafka.*) set -- "$@" ;;
    *) set -- "org.apache.kafka.tools.$1" "${@:2}" ;;
  esac
  timeout 120 java -Xmx256M -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$libs/*" "$@"
}

topics() { tool TopicCommand "${server[@]}" "$@"; }

# expect NAME PATTERN… -- COMMAND…: the command ends with 0 and each pattern is in what it prints, `!PATTERN` is not.
# The output stays in $output.
expect() {
  local name=$1 patterns=() pattern code=0 wrong=
  shift
  while [ "$1" != -- ]; do patterns+=("$1") && shift; done
  shift
  is_chosen "$name" || return 0
  "$@" > "$work/out" 2>&1 || code=$?
  output=$(cat "$work/out")
  [ "$code" = "${expected_code:-0}" ] || wrong="exit code $code"
  for pattern in "${patterns[@]}"; do
    case $pattern in
      !*) ! grep -qE -- "${pattern#!}" "$work/out" || wrong="printed /${pattern#!}/" ;;
      *) grep -qE -- "$pattern" "$work/out" || wrong="did not print /$pattern/" ;;
    esac
  done
  if [ -z "$wrong" ]; then
    rows+=("$name → ok")
    echo "ok    $name"
  else
    failures=$((failures + 1))
    rows+=("$name → FAILED: $wrong")
    echo "FAIL  $name: $wrong"
    sed 's/^/      | /' "$work/out" | head -n 40
  fi
}

is_chosen() {
  local word
  [ ${#words[@]} -gt 0 ] || return 0
  for word in "${words[@]}"; do [[ $1 != *"$word"* ]] || return 0; done
  return 1
}

# Ports below those that systems give out by themselves; where they are taken by chance, others are tried.
start_cluster() {
  local port try
  mkdir "$data"
  for try in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 1000 * 10))
    "$node" "$jackdaw" dev up --detach --brokers 3 --data-dir "$data" --port $port --grpc-port $((port + 1000)) \
      --admin-port $((port + 2000)) --set group.initial.rebalance.delay.ms=0 && break
    [ "$try" -lt 5 ] || exit 1
  done
  BOOTSTRAP=127.0.0.1:$port,127.0.0.1:$((port + 1)),127.0.0.1:$((port + 2))
}

command -v java > /dev/null || skip "no Java"
fetch_jars
[ -n "${BOOTSTRAP:-}" ] || start_cluster
server=(--bootstrap-server "$BOOTSTRAP")
for suite in topics configs records groups perf cluster storage; do
  [ "$suite" != storage ] || [ -d "$data" ] || continue
  # shellcheck source=/dev/null
  source "$here/$suite.sh"
done

echo
printf '%s\n' "${rows[@]}" | column -t -s '→' 2> /dev/null || printf '%s\n' "${rows[@]}"
echo "${#rows[@]} checks, $failures failed"
[ "$failures" -eq 0 ]
