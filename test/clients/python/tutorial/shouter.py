"""Tutorial, the middle: reads one topic from its beginning and writes what it read, in capitals, to another."""
import sys

from kafka import KafkaConsumer, KafkaProducer

source, target, bootstrap, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
consumer = KafkaConsumer(source, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
producer = KafkaProducer(bootstrap_servers=bootstrap)
done = 0
for message in consumer:
    producer.send(target, message.value.upper())
    done += 1
    if done == count:
        break
producer.flush()
print("passed on", done)
