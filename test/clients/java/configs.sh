# kafka-configs: sourced by run.sh.
configs() { tool kafka.admin.ConfigCommand "${server[@]}" "$@"; }
expect "configs topics --alter" 'Completed updating config for topic plain' -- \
  configs --alter --entity-type topics --entity-name plain --add-config max.message.bytes=2000000,min.insync.replicas=2
expect "configs topics --describe" 'max.message.bytes=2000000' 'DYNAMIC_TOPIC_CONFIG:min.insync.replicas=2' -- \
  configs --describe --entity-type topics --entity-name plain
expect "configs topics --describe --all" 'retention.ms=604800000' 'compression.type=producer' 'segment.bytes=1073741824' -- \
  configs --describe --all --entity-type topics --entity-name plain
expect "configs topics --delete-config" 'Completed updating' -- \
  configs --alter --entity-type topics --entity-name plain --delete-config min.insync.replicas
expected_code=1 expect "configs topics with a wrong value" 'InvalidConfigurationException' -- \
  configs --alter --entity-type topics --entity-name plain --add-config retention.ms=soon
expect "configs brokers --describe --all" 'log.retention.hours=168' 'STATIC_BROKER_CONFIG:node.id=1' -- \
  configs --describe --all --entity-type brokers --entity-name 1
expect "configs brokers --alter" 'Completed updating config for broker 1' -- \
  configs --alter --entity-type brokers --entity-name 1 --add-config log.cleaner.backoff.ms=20000
expect "configs brokers --describe" 'log.cleaner.backoff.ms=20000' 'DYNAMIC_BROKER_CONFIG' -- \
  configs --describe --entity-type brokers --entity-name 1
expect "configs broker-defaults --alter" 'Completed updating default config' -- \
  configs --alter --entity-type brokers --entity-default --add-config log.retention.ms=7200000
expect "configs broker-defaults --describe" 'log.retention.ms=7200000' -- \
  configs --describe --entity-type brokers --entity-default
expect "configs broker-defaults reach topics" 'retention.ms=7200000 .*DYNAMIC_DEFAULT_BROKER_CONFIG:log.retention.ms=7200000' -- \
  configs --describe --all --entity-type topics --entity-name plain
expect "configs broker-defaults --delete-config" 'Completed updating' -- \
  configs --alter --entity-type brokers --entity-default --delete-config log.retention.ms
expect "configs groups --alter" 'Completed updating config for group some' -- \
  configs --alter --entity-type groups --entity-name some --add-config consumer.session.timeout.ms=50000
expect "configs groups --describe" 'consumer.session.timeout.ms=50000' -- \
  configs --describe --entity-type groups --entity-name some
