"""What the Python suites share: where the cluster is, names for topics and groups, waiting for a condition.

BOOTSTRAP and the command line of `jackdaw dev` come from run.sh. Nothing here sleeps for a fixed time: `wait_until`
polls what the test waits for and says what that was when its patience ends.
"""
import itertools
import os
import subprocess
import time

from confluent_kafka.admin import AdminClient

bootstrap = os.environ["BOOTSTRAP"]
patience_s = 40
_numbers = itertools.count()


def fresh(name):
    """A name that no other test, and no earlier run against the same cluster, has used."""
    return "%s-%x-%d" % (name, int(time.time() * 1000), next(_numbers))


def wait_until(what, condition):
    """Polls until the condition gives something true, which it returns."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.02)
    raise AssertionError("waited %d s for %s" % (patience_s, what))


def wait_until_known(topic, partitions):
    """Every broker says who leads the partitions. A creation is answered a moment before all of them know, as in Kafka."""
    for server in bootstrap.split(","):

        def is_known():
            # A client that has just begun knows no broker but this one, so that it is this one that answers.
            client = AdminClient({"bootstrap.servers": server})
            known = client.list_topics(topic, timeout=10).topics[topic].partitions.values()
            return len(known) == partitions and all(p.leader > 0 and p.error is None for p in known)

        wait_until("%s to know %s" % (server, topic), is_known)


def dev(*arguments):
    """`jackdaw dev kill 2` and its like, on the cluster that run.sh started."""
    command = [os.environ["NODE"], os.environ["JACKDAW"], "dev", *arguments, "--data-dir", os.environ["DATA_DIR"]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
