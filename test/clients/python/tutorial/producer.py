"""Tutorial, first program: numbered words go to a topic that nobody made."""
import sys

from kafka import KafkaProducer

topic, bootstrap, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
producer = KafkaProducer(bootstrap_servers=bootstrap)
for i in range(count):
    producer.send(topic, b"word %d" % i)
producer.flush()
print("sent", count)
