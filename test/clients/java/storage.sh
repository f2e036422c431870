# kafka-dump-log on the files that the brokers have written: sourced by run.sh.
# Every topic has a replica on broker 1, and what was acknowledged with acks=all is in its files.
segment_of() { ls "$data"/broker-1/"$1"/00000000000000000000.log; }
expect "dump-log of every codec" 'compresscodec: zstd' 'payload: zstd 100' 'isvalid: true' '!isvalid: false' -- \
  tool DumpLogSegments --deep-iteration --print-data-log --files "$(segment_of console-zstd-0)"
for codec in none gzip snappy lz4; do
  expect "dump-log ($codec)" "compresscodec: $codec" "payload: $codec 100" '!isvalid: false' -- \
    tool DumpLogSegments --deep-iteration --print-data-log --files "$(segment_of console-$codec-0)"
done
expect "dump-log of headers and tombstones" 'headerKeys: \[h1,h2\] key: key-a payload: value-a' 'key: key-c' -- \
  tool DumpLogSegments --deep-iteration --print-data-log --files "$(segment_of plain-0)"
# Of a segment that is sealed: the active one's indexes are in memory.
for index in index timeindex; do
  expect "dump-log of the $index" 'Dumping' '!Found|Exception|mismatch' -- \
    tool DumpLogSegments --verify-index-only --files "$(segment_of perf-0 | sed "s/log$/$index/")"
done
offsets=$(grep -lz "console-none" "$data"/broker-1/__consumer_offsets-*/*.log | tr '\n' ',')
expect "dump-log --offsets-decoder" '"group":"console"' '"topic":"console-none"' '"offset":70' -- \
  tool DumpLogSegments --offsets-decoder --files "${offsets%,}"
