# kafka-consumer-groups and kafka-groups, on the group "console" that records.sh left and on one with a live member:
# sourced by run.sh.
groups() { tool consumer.group.ConsumerGroupCommand "${server[@]}" "$@"; }
expect "groups --list" '^console$' '^verifiable$' -- groups --list
expect "groups --list --state" 'console.*Empty' -- groups --list --state
expect "groups --describe of an empty group" 'console +console-none +0 +100 +100 +0' -- groups --describe --group console
expect "groups --describe --state" 'console.*Empty +0' -- groups --describe --group console --state

tool VerifiableConsumer "${server[@]}" --topic orders --group-id live > "$work/live.log" 2>&1 &
live=$!
for _ in $(seq 600); do grep -q partitions_assigned "$work/live.log" && break || read -rt 0.1 < <(:) || :; done
expect "groups --describe --state of a live group" 'live.*Stable +1' -- groups --describe --group live --state
expect "groups --describe --members --verbose" 'live +\S+ +\S+ +\S+ +4 .*orders' -- \
  groups --describe --group live --members --verbose
expect "groups --delete of a live group" 'GroupNotEmptyException' -- groups --delete --group live
expect "groups --list of kafka-groups" 'live +Classic +consumer' -- tool GroupsCommand "${server[@]}" --list
kill $live 2> /dev/null
wait $live 2> /dev/null

expect "groups --reset-offsets --dry-run" 'console +console-none +0 +0' -- \
  groups --reset-offsets --group console --topic console-none --to-earliest --dry-run
expect "groups --reset-offsets --execute" 'console +console-none +0 +70' -- \
  groups --reset-offsets --group console --topic console-none --shift-by -30 --execute
expect "groups --describe after --reset-offsets" 'console +console-none +0 +70 +100 +30' -- groups --describe --group console
expect "groups --delete-offsets" 'Successful' -- groups --delete-offsets --group console --topic console-none
expect "groups --delete" 'was successful' -- groups --delete --group verifiable
expect "groups --list after --delete" '!^verifiable$' -- groups --list
