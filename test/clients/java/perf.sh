# producer-perf, consumer-perf and e2e-latency: sourced by run.sh. What is looked at is that they work; figures are bench's.
topics --create --topic perf --partitions 3 --replication-factor 3 \
  --config segment.bytes=1048576 > /dev/null
for codec in none gzip snappy lz4 zstd; do
  expect "producer-perf ($codec)" '^20000 records sent.*records/sec' '!ERROR|Exception' -- \
    tool ProducerPerformance --topic perf --num-records 20000 --record-size 200 --throughput -1 \
    --bootstrap-server "$BOOTSTRAP" --command-property compression.type=$codec
done
expect "producer-perf (acks=1)" '^20000 records sent' -- \
  tool ProducerPerformance --topic perf --num-records 20000 --record-size 200 --throughput -1 \
  --bootstrap-server "$BOOTSTRAP" --command-property acks=1 enable.idempotence=false
expect "consumer-perf" '120000' -- \
  tool ConsumerPerformance "${server[@]}" --topic perf --num-records 120000 --timeout 30000
expect "e2e-latency" 'Avg latency' 'Percentiles' -- tool EndToEndLatency --bootstrap-server "$BOOTSTRAP" --topic e2e \
  --num-records 300 --producer-acks all --record-size 100
