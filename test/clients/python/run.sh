#!/usr/bin/env bash
# kafka-python and confluent-kafka against Jackdaw: the tutorial, the two clients' suites, a leader killed under traffic.
#
#   run.sh [unittest arguments]      e.g. run.sh -v test_confluent.Groups
#
# CLIENTS_VENV    a directory that keeps the virtual environment between runs (default: a temporary one)
# CLIENTS_PYTHON  the interpreter (default python3)
#
# Exit codes: 0 all passed, 1 something failed, 77 skipped, with a line that says "SKIPPED:" and why. The clients come from
# the package index that pip is configured for, the newest of each; the brokers are this checkout's, as `jackdaw dev` starts them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
python=${CLIENTS_PYTHON:-python3}
export NODE=${NODE:-node} JACKDAW=$root/packages/cli/bin/jackdaw.js
clients=(kafka-python confluent-kafka)
# Without these kafka-python has gzip only.
codecs=(python-snappy lz4 zstandard)

skip() {
  echo "SKIPPED: $1" >&2
  exit 77
}

command -v "$python" > /dev/null || skip "no $python"
work=$(mktemp -d)
export DATA_DIR=$work/cluster

finish() {
  [ ! -d "$DATA_DIR" ] || "$NODE" "$JACKDAW" dev down --data-dir "$DATA_DIR" > "$work/down.log" 2>&1 || cat "$work/down.log" >&2
  rm -rf "$work"
}
trap finish EXIT

venv=${CLIENTS_VENV:-$work/venv}
if [ ! -e "$venv/.jackdaw-ready" ]; then
  "$python" -m venv "$venv" 2> "$work/venv.log" || skip "$python cannot make a virtual environment: $(tail -n 1 "$work/venv.log")"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --retries 1 \
    "${clients[@]}" "${codecs[@]}" 2> "$work/pip.log" ||
    skip "pip cannot fetch ${clients[*]}: $(tail -n 1 "$work/pip.log")"
  touch "$venv/.jackdaw-ready"
fi
"$venv/bin/python" -m pip list --disable-pip-version-check 2> /dev/null | grep -E '^(kafka-python|confluent-kafka) '

# Three free ports in a row for clients, the same for the quorum 1,000 further on, and for the operator 2,000 further on.
port=$("$venv/bin/python" - << 'P'
import random, socket
def is_free(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) != 0
base = 0
while base == 0 or not all(is_free(base + row + i) for row in (0, 1000, 2000) for i in range(3)):
    base = random.randrange(20000, 30000, 10)
print(base)
P
)
mkdir "$DATA_DIR"
"$NODE" "$JACKDAW" dev up --detach --brokers 3 --data-dir "$DATA_DIR" \
  --port "$port" --grpc-port $((port + 1000)) --admin-port $((port + 2000)) --set group.initial.rebalance.delay.ms=0
export BOOTSTRAP=127.0.0.1:$port,127.0.0.1:$((port + 1)),127.0.0.1:$((port + 2))

cd "$here"
if [ $# -eq 0 ]; then set -- -v test_tutorial test_kafka_python test_confluent test_failover; fi
PYTHONDONTWRITEBYTECODE=1 "$venv/bin/python" -W ignore -m unittest "$@"
