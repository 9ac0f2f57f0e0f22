"""kill -9 at random and at named places of the programs, under load, with an outside check of every acknowledged row.

The programs are those of the build that die at CLV_FAILPOINT. CLV_TEST_LONG=1 makes it 1,000 kills and a million
acknowledged rows; CLV_TEST_SEED repeats a run.
"""

import collections
import sys
import time
import unittest

from accounting_client import AccountingClient, expected_values, served_values
from harness import LONG, ONE_PROCESS, SEPARATE, SuiteTest, eventually, field, seeded_random

KILLS = 500 if LONG else 6  # of each topology
ROWS_PER_KILL = 1_000
CLIENTS = 2
BATCH_ROWS = 150 if LONG else 40
CUSTOMERS = 4_000 if LONG else 60

# How often a place may have to be passed until it kills.
OF_INGEST = {"ingest.before_answer": 20, "log.before_commit": 20, "log.after_commit": 20, "log.after_trim": 1}
OF_AGGREGATION = {"store.before_commit": 15, "store.after_commit": 15}
FAILPOINTS = {"clv-suite": {**OF_INGEST, **OF_AGGREGATION}, "clv-ingest": OF_INGEST, "clv-aggregation": OF_AGGREGATION}


class KillTest(SuiteTest):
    def start_clients(self, suite, random):
        clients = [AccountingClient(number, suite.addresses["http"], suite.tokens["append"],
                                    type(random)(random.getrandbits(64)), CUSTOMERS, BATCH_ROWS) for number in range(CLIENTS)]
        for client in clients:
            client.start()
            self.addCleanup(client.stop)
        return clients

    def kill_once(self, suite, clients, victim, random, counts):
        """Restarts the program so that it dies at a failpoint, or kills it at a random moment."""
        program = suite.programs[victim]
        if program.is_running():
            time.sleep(random.uniform(0.02, 0.3))
            program.kill()
            counts["at random"] += 1
        failpoint = None
        if random.random() < 0.6:
            name, most = random.choice(sorted(FAILPOINTS[victim].items()))
            # The log is trimmed every three seconds only.
            if name == "log.after_trim" and random.random() < 0.8:
                name, most = "log.after_commit", OF_INGEST["log.after_commit"]
            failpoint = f"{name}:{random.randint(1, most)}"
        try:
            suite.start_program(victim, environment={"CLV_FAILPOINT": failpoint} if failpoint else None)
        except AssertionError:
            # It may die before it says that it is ready.
            if failpoint is None:
                raise
        if failpoint is None:
            return
        # Where the load does not come by, the next kill is a random one.
        end = time.monotonic() + 4
        while suite.programs[victim].is_running() and time.monotonic() < end:
            for client in clients:
                client.allowance += 10
            time.sleep(0.01)
        if not suite.programs[victim].is_running():
            counts[name] += 1
            suite.start_program(victim)

    def drill(self, topology, victims):
        random = seeded_random()
        suite = self.start_suite(topology, log_retention="folded")
        clients = self.start_clients(suite, random)
        counts = collections.Counter()
        while sum(counts.values()) < KILLS:
            for client in clients:
                client.allowance = (sum(counts.values()) + 1) * ROWS_PER_KILL // CLIENTS
            self.kill_once(suite, clients, random.choice(victims), random, counts)
        self.check(suite, clients, counts)

    def check(self, suite, clients, counts):
        eventually(lambda: all(client.error or client.acknowledged_rows >= client.allowance for client in clients),
                   "all that was to be sent", seconds=900)
        for client in clients:
            client.stop()
            self.assertIsNone(client.error)
        self.assertEqual(suite.counts()["purchases"], sum(len(client.winners) for client in clients))
        self.assertEqual(served_values(suite), expected_values(clients))
        job = suite.verify()
        print(f"{self.id()}: {sum(counts.values())} kills ({dict(counts)}), "
              f"{sum(client.acknowledged_rows for client in clients)} rows acknowledged in "
              f"{sum(client.acknowledged_batches for client in clients)} batches, "
              f"{sum(client.repeated_batches for client in clients)} sent again, "
              f"{field(job, 'values_checked')} values compared", file=sys.stderr)

    def test_one_process(self):
        self.drill(ONE_PROCESS, ["clv-suite"])

    def test_separate_processes(self):
        self.drill(SEPARATE, ["clv-ingest", "clv-aggregation"])


if __name__ == "__main__":
    unittest.main()
