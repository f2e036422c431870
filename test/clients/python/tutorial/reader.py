"""Tutorial, the end: reads the output, on its own, without a group."""
import sys

from kafka import KafkaConsumer

topic, bootstrap, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
consumer = KafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
seen = 0
for message in consumer:
    print(message.value.decode(), flush=True)
    seen += 1
    if seen == count:
        break
