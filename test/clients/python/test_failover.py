"""SIGKILL of a partition's leader under traffic: what was acknowledged is there, once, and in order, for both clients."""
import threading
import unittest

from confluent_kafka import Consumer as RdConsumer
from confluent_kafka import Producer as RdProducer
from confluent_kafka import TopicPartition as RdPartition
from confluent_kafka.admin import AdminClient, NewTopic
from kafka import KafkaProducer

from support import bootstrap, dev, fresh, patience_s, wait_until


class Failover(unittest.TestCase):
    def setUp(self):
        self.admin = AdminClient({"bootstrap.servers": bootstrap})
        self.topic = fresh("failover")
        created = self.admin.create_topics([NewTopic(self.topic, 1, 3, config={"min.insync.replicas": "2"})])
        created[self.topic].result(patience_s)
        wait_until("a full ISR", self.is_isr_full)

    def partition(self):
        return self.admin.list_topics(self.topic, timeout=10).topics[self.topic].partitions.get(0)

    def is_isr_full(self):
        partition = self.partition()
        return partition is not None and len(partition.isrs) == 3

    def kill_the_leader_under(self, send, acknowledged):
        """`send(i)` goes on until 500 records are acknowledged after the leader's death."""
        is_over = threading.Event()

        def produce():
            i = 0
            while not is_over.is_set():
                send(i)
                i += 1

        thread = threading.Thread(target=produce, daemon=True)
        thread.start()
        wait_until("traffic", lambda: len(acknowledged) > 500)
        leader = self.partition().leader
        dev("kill", str(leader))
        try:
            killed_at = len(acknowledged)
            wait_until("traffic after the kill", lambda: len(acknowledged) > killed_at + 500)
        finally:
            is_over.set()
            dev("start", str(leader))
            thread.join(patience_s)
        wait_until("a full ISR again", self.is_isr_full)

    def expect_all(self, acknowledged):
        consumer = RdConsumer({"bootstrap.servers": bootstrap, "group.id": fresh("reader")})
        partition = RdPartition(self.topic, 0, 0)
        consumer.assign([partition])
        _, end = consumer.get_watermark_offsets(partition, timeout=20)
        values = []

        def read():
            values.extend(int(message.value()) for message in consumer.consume(500, 0.2) if message.error() is None)
            return len(values) >= end

        wait_until("%d records" % end, read)
        consumer.close()
        self.assertEqual(values, sorted(set(values)), "an idempotent producer's records are in order, each once")
        self.assertEqual(set(acknowledged) - set(values), set(), "acknowledged records are missing")

    def test_confluent_loses_and_repeats_nothing(self):
        acknowledged, failed = [], []
        producer = RdProducer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 1})

        def send(i):
            note = lambda error, message: failed.append(error) if error else acknowledged.append(int(message.value()))
            producer.produce(self.topic, b"%d" % i, on_delivery=note)
            producer.poll(0.0005)
            while i - len(acknowledged) > 5000 and not failed:
                producer.poll(0.05)

        self.kill_the_leader_under(send, acknowledged)
        self.assertEqual(producer.flush(patience_s), 0)
        self.assertEqual(failed, [])
        self.expect_all(acknowledged)

    def test_kafka_python_loses_and_repeats_nothing(self):
        acknowledged, failed = [], []
        producer = KafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, acks="all")

        def send(i):
            future = producer.send(self.topic, b"%d" % i)
            future.add_callback(lambda _: acknowledged.append(i))
            future.add_errback(failed.append)
            future.get(patience_s) if i % 50 == 49 else None

        self.kill_the_leader_under(send, acknowledged)
        producer.flush(patience_s)
        producer.close()
        self.assertEqual(failed, [])
        self.expect_all(acknowledged)


if __name__ == "__main__":
    unittest.main()
