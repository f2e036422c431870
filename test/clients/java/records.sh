# The console clients, verifiable clients, get-offsets and delete-records: sourced by run.sh.
lines() { seq -f "$1 %g" 1 "$2"; }
console_producer() { tool ConsoleProducer "${server[@]}" "$@"; }
get_offsets() { tool GetOffsetShell "${server[@]}" "$@"; }
console_consumer() { tool consumer.ConsoleConsumer "${server[@]}" --timeout-ms 20000 "$@"; }

produce_lines() {
  local codec=$1
  lines "$codec" 100 | console_producer --topic "console-$codec" --compression-codec "$codec"
}
for codec in none gzip snappy lz4 zstd; do
  topics --create --topic "console-$codec" --partitions 1 --replication-factor 3 > /dev/null
  expect "console-producer --compression-codec $codec" '!ERROR|Exception' -- produce_lines "$codec"
  expect "console-consumer --from-beginning ($codec)" "^$codec 1$" "^$codec 100$" 'Processed a total of 100 messages' -- \
    console_consumer --topic "console-$codec" --from-beginning --max-messages 100
done

produce_with_headers() {
  printf 'h1:v1,h2:v2\tkey-a\tvalue-a\nNULL\tkey-b\tvalue-b\nNULL\tkey-c\tNULL\n' |
    console_producer --topic plain --reader-property parse.key=true --reader-property parse.headers=true \
      --reader-property null.marker=NULL
}
expect "console-producer with keys, headers, tombstones" '!ERROR|Exception' -- produce_with_headers
expect "console-consumer with all properties" 'CreateTime:[0-9]+.Partition:0.Offset:0.h1:v1,h2:v2.key-a.value-a' \
  'Offset:1.*key-b.value-b' 'Offset:2.*key-c.null' -- console_consumer --topic plain --from-beginning --max-messages 3 \
  --formatter-property print.key=true --formatter-property print.headers=true --formatter-property print.timestamp=true \
  --formatter-property print.offset=true --formatter-property print.partition=true
expect "console-consumer --partition --offset" '^none 51$' '!^none 50$' 'total of 50 messages' -- \
  console_consumer --topic console-none --partition 0 --offset 50 --max-messages 50
expect "console-consumer --group" '^none 100$' -- \
  console_consumer --topic console-none --group console --from-beginning --max-messages 100
expect "console-consumer --isolation-level" '^none 100$' -- \
  console_consumer --topic console-none --isolation-level read_committed --from-beginning --max-messages 100

expect "get-offsets --time -1 (latest)" '^console-none:0:100$' -- get_offsets --topic console-none --time -1
expect "get-offsets --time -2 (earliest)" '^console-none:0:0$' -- get_offsets --topic console-none --time -2
expect "get-offsets --time -3 (max timestamp)" '^console-none:0:[0-9]+$' -- get_offsets --topic console-none --time -3
expect "get-offsets --time -4 (earliest local)" '^console-none:0:0$' -- get_offsets --topic console-none --time -4
expect "get-offsets --time -5 (latest tiered)" '!^console-none:0:[0-9]' -- \
  get_offsets --topic console-none --time -5
expect "get-offsets --time -6 (earliest pending upload)" '!^console-none:0:[0-9]' -- \
  get_offsets --topic console-none --time -6
expect "get-offsets by time" '^console-none:0:0$' -- get_offsets --topic console-none --time 1000
expect "get-offsets of everything" '^orders:3:0$' '^console-zstd:0:100$' -- get_offsets

echo '{"partitions": [{"topic": "console-gzip", "partition": 0, "offset": 40}], "version": 1}' > "$work/delete.json"
expect "delete-records" 'partition: console-gzip-0\s+low_watermark: 40' -- \
  tool DeleteRecordsCommand "${server[@]}" --offset-json-file "$work/delete.json"
expect "get-offsets after delete-records" '^console-gzip:0:40$' -- get_offsets --topic console-gzip --time -2

expect "verifiable-producer" '"name":"tool_data"' '"acked":500' '"sent":500' -- \
  tool VerifiableProducer "${server[@]}" --topic verifiable --max-messages 500
expect "verifiable-consumer" '"name":"partitions_assigned"' '"name":"records_consumed"' \
  '"name":"offsets_committed".*"success":true' -- \
  tool VerifiableConsumer "${server[@]}" --topic verifiable --group-id verifiable --max-messages 500 --reset-policy earliest
