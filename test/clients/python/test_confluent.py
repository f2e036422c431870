"""confluent-kafka (librdkafka) against the cluster: producers of every kind, groups under both rebalance protocols, admin."""
import json
import time
import unittest

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka import OFFSET_END, TIMESTAMP_CREATE_TIME
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions
from confluent_kafka.admin import NewTopic, OffsetSpec, ResourceType

from support import bootstrap, fresh, patience_s, wait_until, wait_until_known

codecs = ["none", "gzip", "snappy", "lz4", "zstd"]


def admin_client():
    return AdminClient({"bootstrap.servers": bootstrap})


def results(futures):
    return {key: future.result(patience_s) for key, future in futures.items()}


def create(name, partitions=1, config=None):
    """A new topic; returns once every broker knows who leads its partitions."""
    topic, admin = fresh(name), admin_client()
    results(admin.create_topics([NewTopic(topic, partitions, 3, config=config or {})]))
    wait_until_known(topic, partitions)
    return topic


def produce(topic, records, **settings):
    """Sends (key, value, extra arguments) and returns the delivered messages, in order of delivery."""
    delivered, failed = [], []
    producer = Producer({"bootstrap.servers": bootstrap, **settings})

    def on_delivery(error, message):
        (failed if error else delivered).append(error or message)

    for key, value, extra in records:
        producer.produce(topic, value, key, on_delivery=on_delivery, **extra)
        producer.poll(0)
    left = producer.flush(patience_s)
    assert left == 0 and not failed, (left, failed[:3])
    return delivered


def consume(consumer, count):
    """The next `count` messages."""
    messages = []

    def more():
        for message in consumer.consume(count - len(messages), 0.2):
            assert message.error() is None, message.error()
            messages.append(message)
        return len(messages) >= count

    wait_until("%d messages" % count, more)
    return messages


def reader(topic, partitions=1, **settings):
    """A consumer that is assigned the whole topic from its beginning."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": fresh("reader"), **settings})
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(partitions)])
    return consumer


class Records(unittest.TestCase):
    def test_every_codec_keeps_keys_values_headers_and_timestamps(self):
        topic = create("codecs")
        for number, codec in enumerate(codecs):
            records = []
            for i in range(100):
                headers = [("codec", codec.encode()), ("twice", b"1"), ("twice", b"2"), ("null", None)]
                extra = {"headers": headers, "timestamp": 1_700_000_000_000 + number * 1000 + i}
                records.append((b"k%d" % i, b"%d:" % i + b"v" * 500, extra))
            produce(topic, records, **{"compression.type": codec, "linger.ms": 50})
        consumer = reader(topic, **{"check.crcs": True})
        messages = consume(consumer, 100 * len(codecs))
        consumer.close()
        for index, message in enumerate(messages):
            codec, i = codecs[index // 100], index % 100
            self.assertEqual(message.offset(), index)
            self.assertEqual((message.key(), message.value()), (b"k%d" % i, b"%d:" % i + b"v" * 500))
            self.assertEqual(
                message.headers(), [("codec", codec.encode()), ("twice", b"1"), ("twice", b"2"), ("null", None)]
            )
            expected = 1_700_000_000_000 + index // 100 * 1000 + i
            self.assertEqual(message.timestamp(), (TIMESTAMP_CREATE_TIME, expected))

    def test_an_idempotent_producer_numbers_without_gaps_over_several_partitions(self):
        topic = create("idempotent", partitions=3)
        delivered = produce(
            topic,
            [(None, b"%d" % i, {"partition": i % 3}) for i in range(3000)],
            **{"enable.idempotence": True, "linger.ms": 5, "batch.num.messages": 50}
        )
        for partition in range(3):
            offsets = [message.offset() for message in delivered if message.partition() == partition]
            self.assertEqual(offsets, list(range(1000)))
        consumer = reader(topic, 3)
        messages = consume(consumer, 3000)
        consumer.close()
        for partition in range(3):
            values = [int(message.value()) for message in messages if message.partition() == partition]
            self.assertEqual(values, list(range(partition, 3000, 3)))

    def test_tombstones_and_empty_values_are_told_apart(self):
        topic = create("tombstones")
        produce(topic, [(b"a", None, {}), (b"", b"", {}), (None, b"x", {})])
        consumer = reader(topic)
        self.assertEqual([(m.key(), m.value()) for m in consume(consumer, 3)], [(b"a", None), (b"", b""), (None, b"x")])
        consumer.close()

    def test_900_kib_pass_and_more_than_the_limit_is_refused_by_the_broker(self):
        topic = create("big")
        value = bytes(range(256)) * 3600
        produce(topic, [(None, value, {})])
        refused = []
        producer = Producer({"bootstrap.servers": bootstrap, "message.max.bytes": 10 << 20})
        producer.produce(topic, b"z" * (1_100 << 10), on_delivery=lambda error, _: refused.append(error.code()))
        producer.flush(patience_s)
        self.assertEqual(refused, [KafkaError.MSG_SIZE_TOO_LARGE])
        consumer = reader(topic)
        self.assertEqual(consume(consumer, 1)[0].value(), value)
        consumer.close()

    def test_offsets_for_times_watermarks_and_seek(self):
        topic = create("times")
        stamps = [(None, b"%d" % i, {"timestamp": 1_700_000_000_000 + i * 1000}) for i in range(10)]
        for one in stamps:
            produce(topic, [one])
        consumer = reader(topic)
        asked = [TopicPartition(topic, 0, 1_700_000_004_500)]
        self.assertEqual(consumer.offsets_for_times(asked, timeout=20)[0].offset, 5)
        late = [TopicPartition(topic, 0, 1_800_000_000_000)]
        self.assertEqual(consumer.offsets_for_times(late, timeout=20)[0].offset, OFFSET_END)
        self.assertEqual(consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=20), (0, 10))
        consume(consumer, 1)
        consumer.seek(TopicPartition(topic, 0, 7))
        self.assertEqual(consume(consumer, 1)[0].value(), b"7")
        consumer.close()

    def test_a_producer_makes_the_topic_that_it_names(self):
        topic = fresh("automatic")
        produce(topic, [(None, b"first", {})])
        consumer = reader(topic)
        self.assertEqual(consume(consumer, 1)[0].value(), b"first")
        consumer.close()

    def test_a_consumer_may_be_there_before_the_topic(self):
        topic = fresh("automatic")
        settings = {"allow.auto.create.topics": True, "auto.offset.reset": "earliest", "group.id": fresh("early")}
        consumer = Consumer({"bootstrap.servers": bootstrap, "topic.metadata.refresh.interval.ms": 200, **settings})
        consumer.subscribe([topic])
        error = consumer.poll(0.5)
        self.assertTrue(error is None or error.error().code() == KafkaError.UNKNOWN_TOPIC_OR_PART, error)
        produce(topic, [(None, b"first", {})])

        def first():
            message = consumer.poll(0.2)
            return message if message is not None and message.error() is None else None

        self.assertEqual(wait_until("the first message", first).value(), b"first")
        consumer.close()

    def test_statistics_are_sane(self):
        topic, seen = create("statistics"), []
        settings = {"statistics.interval.ms": 100, "stats_cb": lambda text: seen.append(json.loads(text))}
        producer = Producer({"bootstrap.servers": bootstrap, **settings})
        producer.produce(topic, b"x")
        producer.flush(patience_s)

        def is_complete():
            producer.poll(0.1)
            # A message that met a broker before the topic did is sent again, and counts again.
            return seen and seen[-1]["txmsgs"] >= 1 and seen[-1]["topics"].get(topic)

        wait_until("statistics with the topic", is_complete)
        last = seen[-1]
        self.assertEqual({b["nodeid"] for b in last["brokers"].values() if b["nodeid"] > 0}, {1, 2, 3})
        self.assertEqual(sum(broker["txerrs"] + broker["rxerrs"] for broker in last["brokers"].values()), 0)
        self.assertIn("0", last["topics"][topic]["partitions"])

    def test_transactions_are_refused_at_once_with_a_fatal_error(self):
        producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": fresh("transactional")})
        began = time.monotonic()
        with self.assertRaises(KafkaException) as caught:
            producer.init_transactions(patience_s)
        error = caught.exception.args[0]
        self.assertLess(time.monotonic() - began, 10, error)
        self.assertTrue(error.fatal(), error)


class Groups(unittest.TestCase):
    def rebalance(self, strategy):
        topic = create("rebalance", partitions=6)
        group = Group(topic, fresh("group"), strategy)
        try:
            for size in (2, 3, 1):
                group.resize(size)
                wait_until("%d members own 6 partitions" % size, group.is_balanced)
                produce(topic, [(None, b"%d/%d" % (size, i), {"partition": i % 6}) for i in range(120)])
                expected = {b"%d/%d" % (size, i) for i in range(120)}
                wait_until("every record of the round", lambda: group.poll() and expected <= set(group.read))
            self.assertEqual(group.shared, [])
            self.assertEqual(len(group.read), len(set(group.read)), "a record was read twice")
            admin = admin_client()
            described = results(admin.describe_consumer_groups([group.id]))[group.id]
            self.assertEqual(described.state.name, "STABLE")
            self.assertEqual(described.partition_assignor, strategy)
            self.assertEqual(len(described.members[0].assignment.topic_partitions), 6)
        finally:
            group.resize(0)

    def test_range_assignment_over_two_three_and_one_members(self):
        self.rebalance("range")

    def test_cooperative_sticky_assignment_over_two_three_and_one_members(self):
        self.rebalance("cooperative-sticky")

    def test_a_static_member_returns_without_a_rebalance_and_a_second_one_fences_it(self):
        topic, group_id = create("static", partitions=4), fresh("static")
        settings = {
            "bootstrap.servers": bootstrap,
            "group.id": group_id,
            "auto.offset.reset": "earliest",
            "heartbeat.interval.ms": 200,
        }
        changes = []

        def member(name):
            consumer = Consumer({**settings, "group.instance.id": name})
            note = lambda consumer, partitions: changes.append(name)
            consumer.subscribe([topic], on_assign=note, on_revoke=note)
            return consumer

        one, two = member("one"), member("two")

        def assigned():
            """How many partitions each of the two has. Nothing is written: what comes from poll would be an error."""
            for consumer in (one, two):
                self.assertIsNone(consumer.poll(0.05))
            return len(one.assignment()), len(two.assignment())

        wait_until("two partitions each", lambda: assigned() == (2, 2))
        before = sorted(partition.partition for partition in two.assignment())
        two.close()
        changes.clear()
        two = member("two")
        wait_until("the returned member's partitions", lambda: assigned() == (2, 2))
        self.assertEqual(sorted(partition.partition for partition in two.assignment()), before)
        self.assertNotIn("one", changes)
        rival = member("two")

        def fencing():
            rival.poll(0.05)
            message = two.poll(0.05)
            return message and message.error() and message.error().code() in (KafkaError._FATAL, KafkaError.FENCED_INSTANCE_ID)

        wait_until("the older instance to be fenced", fencing)
        for consumer in (one, two, rival):
            consumer.close()

    def test_commits_and_their_metadata_are_fetched_again(self):
        topic, group_id = create("commits"), fresh("commits")
        produce(topic, [(None, b"%d" % i, {}) for i in range(10)])
        settings = {"bootstrap.servers": bootstrap, "group.id": group_id, "enable.auto.commit": False}
        consumer = Consumer({**settings, "auto.offset.reset": "earliest"})
        consumer.subscribe([topic])
        consume(consumer, 4)
        consumer.commit(offsets=[TopicPartition(topic, 0, 4, "why not")], asynchronous=False)
        consumer.close()
        consumer = Consumer(settings)
        committed = consumer.committed([TopicPartition(topic, 0)], timeout=20)[0]
        self.assertEqual((committed.offset, committed.metadata), (4, "why not"))
        consumer.subscribe([topic])
        self.assertEqual(consume(consumer, 1)[0].offset(), 4)
        consumer.close()


class Group:
    """Consumers of one group, polled in turn by the test's own thread."""

    def __init__(self, topic, group_id, strategy):
        self.topic, self.id, self.strategy = topic, group_id, strategy
        self.consumers, self.read, self.shared = [], [], []
        self.owner_of = {}

    def resize(self, size):
        while len(self.consumers) < size:
            self.consumers.append(self.member())
        while len(self.consumers) > size:
            self.consumers.pop().close()

    def member(self):
        settings = {"partition.assignment.strategy": self.strategy, "auto.offset.reset": "earliest"}
        consumer = Consumer(
            {"bootstrap.servers": bootstrap, "group.id": self.id, "heartbeat.interval.ms": 200, **settings}
        )
        consumer.subscribe([self.topic], on_assign=self.on_assign, on_revoke=self.on_revoke, on_lost=self.on_revoke)
        return consumer

    def on_assign(self, consumer, partitions):
        for partition in partitions:
            if partition.partition in self.owner_of:
                self.shared.append(partition.partition)
            self.owner_of[partition.partition] = consumer

    def on_revoke(self, consumer, partitions):
        for partition in partitions:
            if self.owner_of.get(partition.partition) is consumer:
                del self.owner_of[partition.partition]

    def poll(self):
        for consumer in self.consumers:
            for message in consumer.consume(100, 0.05):
                # A broker hears of a new topic a moment after its creation is answered, as in Kafka; librdkafka asks again.
                if message.error() is not None and message.error().code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                    continue
                assert message.error() is None, message.error()
                self.read.append(message.value())
        return True

    def is_balanced(self):
        self.poll()
        owners = {id(consumer) for consumer in self.owner_of.values()}
        return len(self.owner_of) == 6 and len(owners) == len(self.consumers)


class Admin(unittest.TestCase):
    def setUp(self):
        self.admin = admin_client()

    def test_topics_partitions_records_and_their_errors(self):
        topic = create("admin", partitions=2)
        with self.assertRaises(KafkaException) as caught:
            results(self.admin.create_topics([NewTopic(topic, 2, 3)]))
        self.assertEqual(caught.exception.args[0].code(), KafkaError.TOPIC_ALREADY_EXISTS)
        for name, replicas, code in (
            (fresh("wide"), 4, KafkaError.INVALID_REPLICATION_FACTOR),
            ("no spaces", 1, KafkaError.TOPIC_EXCEPTION),
        ):
            with self.assertRaises(KafkaException) as caught:
                results(self.admin.create_topics([NewTopic(name, 1, replicas)]))
            self.assertEqual(caught.exception.args[0].code(), code)
        results(self.admin.create_partitions([NewPartitions(topic, 4)]))
        wait_until("4 partitions", lambda: len(self.admin.list_topics(topic, timeout=10).topics[topic].partitions) == 4)
        produce(topic, [(None, b"x", {"partition": 0, "timestamp": 1_700_000_000_000 + i % 9}) for i in range(10)])
        results(self.admin.delete_records([TopicPartition(topic, 0, 6)]))
        partition = TopicPartition(topic, 0)
        earliest = results(self.admin.list_offsets({partition: OffsetSpec.earliest()}))
        latest = results(self.admin.list_offsets({partition: OffsetSpec.latest()}))
        self.assertEqual([earliest[partition].offset, latest[partition].offset], [6, 10])
        newest = results(self.admin.list_offsets({partition: OffsetSpec.max_timestamp()}))
        self.assertEqual(newest[partition].offset, 8)
        results(self.admin.delete_topics([topic]))
        wait_until("the topic is gone", lambda: topic not in self.admin.list_topics(timeout=10).topics)

    def test_configs_of_topics_and_brokers(self):
        topic = create("configs", config={"max.message.bytes": "2000000"})
        resource = ConfigResource(ResourceType.TOPIC, topic)

        def value(name):
            return results(self.admin.describe_configs([resource]))[resource][name].value

        self.assertEqual(value("max.message.bytes"), "2000000")
        entry = ConfigEntry("retention.ms", "12345", incremental_operation=AlterConfigOpType.SET)
        results(self.admin.incremental_alter_configs([ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])]))
        wait_until("the altered config", lambda: value("retention.ms") == "12345")
        wrong = ConfigEntry("retention.ms", "soon", incremental_operation=AlterConfigOpType.SET)
        with self.assertRaises(KafkaException) as caught:
            results(
                self.admin.incremental_alter_configs([ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[wrong])])
            )
        self.assertEqual(caught.exception.args[0].code(), KafkaError.INVALID_CONFIG)
        broker = ConfigResource(ResourceType.BROKER, "1")
        self.assertIn("log.retention.hours", results(self.admin.describe_configs([broker]))[broker])

    def test_group_offsets_are_listed_altered_and_deleted(self):
        topic, group_id = create("offsets"), fresh("offsets")
        produce(topic, [(None, b"x", {})] * 10)
        consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group_id, "auto.offset.reset": "earliest"})
        consumer.subscribe([topic])
        consume(consumer, 10)
        with self.assertRaises(KafkaException):
            results(self.admin.delete_consumer_groups([group_id]))
        consumer.close()
        moved = ConsumerGroupTopicPartitions(group_id, [TopicPartition(topic, 0, 3)])
        results(self.admin.alter_consumer_group_offsets([moved]))
        listed = results(self.admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group_id)]))[group_id]
        self.assertEqual([(p.topic, p.partition, p.offset) for p in listed.topic_partitions], [(topic, 0, 3)])
        groups = self.admin.list_consumer_groups().result(patience_s)
        self.assertIn(group_id, [group.group_id for group in groups.valid])
        self.assertEqual(groups.errors, [])
        results(self.admin.delete_consumer_groups([group_id]))
        groups = self.admin.list_consumer_groups().result(patience_s)
        self.assertNotIn(group_id, [group.group_id for group in groups.valid])

    def test_the_cluster_is_described(self):
        cluster = self.admin.describe_cluster().result(patience_s)
        self.assertEqual(sorted(node.id for node in cluster.nodes), [1, 2, 3])
        self.assertEqual(cluster.cluster_id, self.admin.list_topics(timeout=10).cluster_id)
        self.assertIn(cluster.controller.id, (1, 2, 3))


if __name__ == "__main__":
    unittest.main()
