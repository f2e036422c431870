# Functions for scripts that drive docker-compose.yml: sourced by demo.sh and smoke-test.sh, which set `top`.
# Works with Compose 1.29 (docker-compose) and 2 (docker compose).

if docker compose version >/dev/null 2>&1; then
  compose_command=(docker compose)
elif command -v docker-compose >/dev/null 2>&1; then
  compose_command=(docker-compose)
else
  compose_command=()
fi

compose() { "${compose_command[@]}" --project-directory "$top" -f "$top/docker-compose.yml" "$@"; }

# The id of a broker's container: container 2
container() { compose ps -q "broker-$1" 2>/dev/null; }

# The jackdaw command in a container of its own on the brokers' network, so that it outlives any broker. Options for
# `docker run` come from the array `client_options`; by default what comes in goes to the command.
client_options=(-i)
client() {
  local some network
  some=$(docker ps -q --filter "ancestor=jackdaw:local" --filter "label=com.docker.compose.service" | head -n 1)
  network=$(docker inspect -f '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}' "$some")
  docker run --rm --init "${client_options[@]}" --network "$network" --entrypoint jackdaw \
    -e JACKDAW_BOOTSTRAP_SERVER=broker-1:29092,broker-2:29092,broker-3:29092 jackdaw:local "$@"
}

# wait_until SECONDS WHAT COMMAND…: tries the command until it succeeds; says what it waited for when it never does.
wait_until() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS >= end)); then
      echo "error: gave up waiting until $what" >&2
      return 1
    fi
    sleep 0.3
  done
}

healthy() { [[ $(docker inspect -f '{{.State.Health.Status}}' "$(container "$1")") == healthy ]]; }
all_healthy() { healthy 1 && healthy 2 && healthy 3; }

# leader TOPIC: the broker that leads partition 0, asked of any broker; nothing while there is none.
leader() { client topic describe "$1" --partitions -o kafka | sed -n 's/.*Partition: 0\tLeader: \([0-9]*\).*/\1/p'; }
leader_is_not() {
  local now
  now=$(leader "$1")
  [[ -n $now && $now != "$2" ]]
}

# All three replicas of partition 0 are in sync.
isr_is_full() { client topic describe "$1" --partitions -o kafka | grep -Eq $'Partition: 0\t.*Isr: [0-9]+,[0-9]+,[0-9]+'; }
