"""The four programs of a kafka-python tutorial, unchanged and with no topic made beforehand, in three orders of starting."""
import os
import subprocess
import sys
import unittest

from support import bootstrap, fresh, patience_s

programs = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tutorial")
count = 200
# localhost, as tutorials write it: it resolves to ::1 first on many machines, where no broker listens.
server = "localhost:" + bootstrap.split(",")[0].rsplit(":", 1)[1]


def start(program, *arguments):
    command = [sys.executable, os.path.join(programs, program), *arguments, server, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


class Tutorial(unittest.TestCase):
    def run_in_order(self, order):
        source, target = fresh("words"), fresh("shouts")
        start_of = {
            "producer": lambda: start("producer.py", source),
            "shouter": lambda: start("shouter.py", source, target),
            "reader 1": lambda: start("reader.py", target),
            "reader 2": lambda: start("reader.py", target),
        }
        running = {name: start_of[name]() for name in order}
        try:
            results = {name: process.communicate(timeout=patience_s) for name, process in running.items()}
        finally:
            for process in running.values():
                process.kill()
        for name, process in running.items():
            self.assertEqual(process.returncode, 0, "%s: %s" % (name, results[name][1]))
        self.assertEqual(results["producer"][0].split(), ["sent", str(count)])
        self.assertEqual(results["shouter"][0].split(), ["passed", "on", str(count)])
        expected = sorted("WORD %d" % i for i in range(count))
        for reader in ("reader 1", "reader 2"):
            self.assertEqual(sorted(results[reader][0].splitlines()), expected, reader)

    def test_in_the_order_of_the_data(self):
        self.run_in_order(["producer", "shouter", "reader 1", "reader 2"])

    def test_consumers_first(self):
        self.run_in_order(["reader 1", "reader 2", "shouter", "producer"])

    def test_the_middle_first(self):
        self.run_in_order(["shouter", "reader 1", "producer", "reader 2"])


if __name__ == "__main__":
    unittest.main()
