"""kafka-python against the cluster: codecs, headers, keys, tombstones, groups that rebalance, the admin client."""
import threading
import time
import unittest

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, OffsetSpec
from kafka.errors import KafkaError, MessageSizeTooLargeError
from kafka.structs import OffsetAndMetadata

from support import bootstrap, fresh, wait_until, wait_until_known

codecs = [None, "gzip", "snappy", "lz4", "zstd"]


def read_all(topic, count, **settings):
    """The first `count` records of a topic, without a group."""
    consumer = KafkaConsumer(
        topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", consumer_timeout_ms=20_000, **settings
    )
    try:
        records = []
        for record in consumer:
            records.append(record)
            if len(records) == count:
                break
        return records
    finally:
        consumer.close()


class Records(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.admin = KafkaAdminClient(bootstrap_servers=bootstrap)

    @classmethod
    def tearDownClass(cls):
        cls.admin.close()

    def create(self, name, partitions=1, configs=None):
        topic = fresh(name)
        description = {"num_partitions": partitions, "replication_factor": 3, "configs": configs or {}}
        self.admin.create_topics({topic: description})
        wait_until_known(topic, partitions)
        return topic

    def test_every_codec_keeps_keys_values_headers_and_timestamps(self):
        topic = self.create("codecs")
        first_ms = 1_700_000_000_000
        for number, codec in enumerate(codecs):
            producer = KafkaProducer(bootstrap_servers=bootstrap, compression_type=codec, linger_ms=20)
            for i in range(50):
                headers = [("codec", str(codec).encode()), ("empty", b"")]
                value = b"%d:" % i + b"v" * 500
                stamp = first_ms + number * 1000 + i
                producer.send(topic, value, key=b"k%d" % i, headers=headers, timestamp_ms=stamp)
            producer.flush()
            producer.close()
        records = read_all(topic, 50 * len(codecs))
        self.assertEqual([record.offset for record in records], list(range(50 * len(codecs))))
        for index, record in enumerate(records):
            codec, i = codecs[index // 50], index % 50
            self.assertEqual(record.key, b"k%d" % i)
            self.assertEqual(record.value, b"%d:" % i + b"v" * 500)
            self.assertEqual(list(record.headers), [("codec", str(codec).encode()), ("empty", b"")])
            self.assertEqual(record.timestamp, first_ms + index // 50 * 1000 + i)

    def test_the_broker_compresses_as_the_topic_says(self):
        for codec in ("gzip", "snappy", "lz4", "zstd", "uncompressed"):
            topic = self.create("recompressed", configs={"compression.type": codec})
            producer = KafkaProducer(bootstrap_servers=bootstrap, compression_type="gzip", linger_ms=20)
            for i in range(20):
                producer.send(topic, b"%d" % i * 100)
            producer.close()
            self.assertEqual([r.value for r in read_all(topic, 20)], [b"%d" % i * 100 for i in range(20)])

    def test_tombstones_and_empty_values_are_told_apart(self):
        topic = self.create("tombstones")
        producer = KafkaProducer(bootstrap_servers=bootstrap)
        producer.send(topic, None, key=b"a")
        producer.send(topic, b"", key=b"")
        producer.send(topic, b"x")
        producer.close()
        self.assertEqual([(r.key, r.value) for r in read_all(topic, 3)], [(b"a", None), (b"", b""), (None, b"x")])

    def test_a_key_always_lands_in_the_same_partition_and_metadata_says_where(self):
        topic = self.create("keys", partitions=6)
        producer = KafkaProducer(bootstrap_servers=bootstrap)
        sent = {}
        for i in range(120):
            metadata = producer.send(topic, b"v%d" % i, key=b"key-%d" % (i % 12)).get(30)
            sent.setdefault(b"key-%d" % (i % 12), set()).add(metadata.partition)
        producer.close()
        self.assertTrue(all(len(partitions) == 1 for partitions in sent.values()))
        for record in read_all(topic, 120):
            self.assertIn(record.partition, sent[record.key])

    def test_all_acknowledgement_levels_and_plain_producers(self):
        topic = self.create("acks")
        for acks in (0, 1, "all"):
            producer = KafkaProducer(bootstrap_servers=bootstrap, acks=acks, enable_idempotence=False)
            for i in range(10):
                producer.send(topic, b"%r %d" % (acks, i))
            producer.close()
        expected = sorted(b"%r %d" % (acks, i) for acks in (0, 1, "all") for i in range(10))
        self.assertEqual(sorted(record.value for record in read_all(topic, 30)), expected)

    def test_900_kib_pass_and_more_than_the_limit_is_refused_by_the_broker(self):
        topic = self.create("big")
        producer = KafkaProducer(bootstrap_servers=bootstrap, max_request_size=10 << 20)
        value = bytes(range(256)) * 3600
        producer.send(topic, value).get(30)
        with self.assertRaises(MessageSizeTooLargeError):
            producer.send(topic, b"z" * (1_100 << 10)).get(30)
        producer.close()
        self.assertEqual(read_all(topic, 1)[0].value, value)

    def test_offsets_for_times_and_seek(self):
        topic = self.create("times")
        producer = KafkaProducer(bootstrap_servers=bootstrap)
        for i in range(10):
            producer.send(topic, b"%d" % i, timestamp_ms=1_700_000_000_000 + i * 1000).get(30)
        producer.close()
        partition = TopicPartition(topic, 0)
        consumer = KafkaConsumer(bootstrap_servers=bootstrap)
        consumer.assign([partition])
        found = consumer.offsets_for_times({partition: 1_700_000_004_500})[partition]
        self.assertEqual((found.offset, found.timestamp), (5, 1_700_000_005_000))
        self.assertIsNone(consumer.offsets_for_times({partition: 1_800_000_000_000})[partition])
        self.assertEqual(consumer.beginning_offsets([partition]), {partition: 0})
        self.assertEqual(consumer.end_offsets([partition]), {partition: 10})
        consumer.seek(partition, 7)
        self.assertEqual(next(consumer).value, b"7")
        consumer.close()


class Groups(unittest.TestCase):
    def test_two_three_one_members_read_every_record_and_never_share_a_partition(self):
        topic, group = fresh("rebalance"), fresh("group")
        admin = KafkaAdminClient(bootstrap_servers=bootstrap)
        admin.create_topics({topic: {"num_partitions": 6, "replication_factor": 3}})
        wait_until_known(topic, 6)
        producer = KafkaProducer(bootstrap_servers=bootstrap)
        members = Members(topic, group)
        try:
            for size in (2, 3, 1):
                members.resize(size)
                members.wait_until_balanced()
                for i in range(60):
                    producer.send(topic, b"%d members, record %d" % (size, i), partition=i % 6)
                producer.flush()
                members.wait_until_read((size, i) for i in range(60))
            self.assertEqual(admin.describe_groups([group])[group]["group_state"], "Stable")
        finally:
            members.resize(0)
            producer.close()
        ends = admin.list_partition_offsets({TopicPartition(topic, p): OffsetSpec.LATEST for p in range(6)})
        committed = admin.list_group_offsets([group])[group]
        self.assertEqual({p: c.offset for p, c in committed.items()}, {p: e.offset for p, e in ends.items()})
        wait_until("the group is empty", lambda: admin.describe_groups([group])[group]["group_state"] == "Empty")
        admin.delete_groups([group])
        self.assertNotIn(group, [listed["group_id"] for listed in admin.list_groups()])
        admin.close()

    def test_commits_are_fetched_by_the_next_member(self):
        topic, group = fresh("commits"), fresh("group")
        producer = KafkaProducer(bootstrap_servers=bootstrap)
        for i in range(10):
            producer.send(topic, b"%d" % i).get(30)
        producer.close()
        settings = {"bootstrap_servers": bootstrap, "group_id": group, "auto_offset_reset": "earliest"}
        partition = TopicPartition(topic, 0)
        for start in (0, 4, 8):
            consumer = KafkaConsumer(topic, enable_auto_commit=False, group_instance_id="the-one", **settings)
            self.assertEqual(next(consumer).offset, start)
            if start < 8:
                consumer.commit({partition: OffsetAndMetadata(start + 4, "after %d" % start, -1)})
            self.assertEqual(consumer.committed(partition), min(start + 4, 8))
            consumer.close()


class Members:
    """Consumers of one group, each in a thread; what each was given and all that was read."""

    def __init__(self, topic, group):
        self.topic, self.group = topic, group
        self.running, self.read, self.lock = [], set(), threading.Lock()
        self.overlaps = []

    def resize(self, size):
        while len(self.running) < size:
            self.running.append(Member(self))
        while len(self.running) > size:
            self.running.pop().stop()

    def wait_until_balanced(self):
        def is_balanced():
            assigned = [member.assigned for member in self.running]
            owned = [partition for partitions in assigned for partition in partitions]
            return all(assigned) and sorted(owned) == list(range(6))

        wait_until("%d members own 6 partitions, each once" % len(self.running), is_balanced)

    def wait_until_read(self, expected):
        values = {b"%d members, record %d" % one for one in expected}
        wait_until("all records are read", lambda: values <= self.read)


class Member:
    def __init__(self, members):
        self.members, self.assigned, self.is_stopping = members, [], False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        consumer = KafkaConsumer(
            self.members.topic,
            bootstrap_servers=bootstrap,
            group_id=self.members.group,
            auto_offset_reset="earliest",
            heartbeat_interval_ms=100,
            metadata_max_age_ms=5000,
        )
        while not self.is_stopping:
            # Longer than a rebalance: kafka-python 3.0.12 forgets its assignment when a poll ends while it joins.
            for records in consumer.poll(timeout_ms=1000).values():
                with self.members.lock:
                    self.members.read.update(record.value for record in records)
            self.assigned = sorted(partition.partition for partition in consumer.assignment())
        consumer.close()

    def stop(self):
        self.is_stopping = True
        self.thread.join(30)


class Admin(unittest.TestCase):
    def setUp(self):
        self.admin = KafkaAdminClient(bootstrap_servers=bootstrap)

    def tearDown(self):
        self.admin.close()

    def test_topics_partitions_records(self):
        topic = fresh("admin")
        self.admin.create_topics({topic: {"num_partitions": 2, "replication_factor": 3}}, wait_for_metadata=True)
        wait_until_known(topic, 2)
        self.assertIn(topic, self.admin.list_topics())
        with self.assertRaises(KafkaError):
            self.admin.create_topics({topic: {"num_partitions": 2, "replication_factor": 3}})
        self.admin.create_partitions({topic: 4})
        described = wait_until(
            "four partitions", lambda: [t for t in self.admin.describe_topics([topic]) if len(t["partitions"]) == 4]
        )
        self.assertTrue(all(len(partition["replica_nodes"]) == 3 for partition in described[0]["partitions"]))
        producer = KafkaProducer(bootstrap_servers=bootstrap)
        for i in range(10):
            producer.send(topic, b"%d" % i, partition=0).get(30)
        producer.close()
        partition = TopicPartition(topic, 0)
        self.admin.delete_records({partition: 6})
        offsets = self.admin.list_partition_offsets({partition: OffsetSpec.EARLIEST})
        self.assertEqual(offsets[partition].offset, 6)
        self.admin.delete_topics([topic])
        wait_until("the topic is gone", lambda: topic not in self.admin.list_topics())

    def test_configs(self):
        topic = fresh("configs")
        self.admin.create_topics({topic: {"num_partitions": 1, "replication_factor": 3}})
        wait_until_known(topic, 1)
        resource = ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": "12345"})
        self.admin.alter_configs([resource])

        def retention():
            read = self.admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)], config_filter="all")
            return read["topic"][topic]["retention.ms"]["value"]

        wait_until("the altered config is read back", lambda: retention() == "12345")
        wrong = ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": "soon"})
        self.assertIn("InvalidConfig", str(self.admin.alter_configs([wrong])))
        self.admin.reset_configs([ConfigResource(ConfigResourceType.TOPIC, topic, ["retention.ms"])])
        wait_until("the default is back", lambda: retention() == "604800000")

    def test_cluster_quorum_and_log_directories(self):
        cluster = self.admin.describe_cluster()
        self.assertEqual(sorted(broker["broker_id"] for broker in cluster["brokers"]), [1, 2, 3])
        quorum = self.admin.describe_metadata_quorum()
        voters = quorum["topics"][0]["partitions"][0]["current_voters"]
        self.assertEqual(sorted(voter["replica_id"] for voter in voters), [1, 2, 3])
        self.assertEqual(len(self.admin.describe_log_dirs()), 3)


if __name__ == "__main__":
    unittest.main()
