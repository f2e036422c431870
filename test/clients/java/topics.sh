# kafka-topics: sourced by run.sh.
expect "topics --create" 'Created topic orders' -- topics --create --topic orders --partitions 3 \
  --replication-factor 3 --config retention.ms=3600000
topics --create --topic plain --partitions 1 --replication-factor 3 > /dev/null
expect "topics --list" '^orders$' '^plain$' -- topics --list
expect "topics --describe" 'PartitionCount: 3' 'ReplicationFactor: 3' 'retention.ms=3600000' \
  'Partition: 2.*Leader: [123].*Isr: [123],[123],[123]' -- \
  topics --describe --topic orders
expect "topics --describe --under-replicated-partitions" '!Topic: orders' -- \
  topics --describe --under-replicated-partitions --topic orders
# Kafka lists every topic here, for the cluster's own min.insync.replicas; so do we.
expect "topics --describe --topics-with-overrides" 'Topic: orders.*retention.ms=3600000' -- \
  topics --describe --topics-with-overrides
expect "topics --alter --partitions" '!Error' -- topics --alter --topic orders --partitions 4
expect "topics --describe after --alter" 'PartitionCount: 4' 'Partition: 3' -- topics --describe --topic orders
expected_code=1 expect "topics --create twice" "Topic 'plain' already exists" -- \
  topics --create --topic plain --partitions 1 --replication-factor 3
expected_code=1 expect "topics --create too wide" 'replication factor' -- \
  topics --create --topic wide --partitions 1 --replication-factor 4
topics --create --topic gone --partitions 1 --replication-factor 3 > /dev/null
expect "topics --delete" '!Error' -- topics --delete --topic gone
expect "topics --list after --delete" '!^gone$' -- topics --list
