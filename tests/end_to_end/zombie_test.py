"""Aggregation processes that should not be: stopped and resumed ones, and a second one by mistake."""

import os
import signal
import sys
import time
import unittest

from accounting_client import AccountingClient, expected_values, served_values
from harness import LONG, SEPARATE, SuiteTest, field, run, seeded_random

STOPS = 100 if LONG else 5
AGGREGATION = "clv-aggregation"


class ZombieTest(SuiteTest):
    def start_second(self, suite):
        """What a second aggregation of the same directory ends with."""
        return run(AGGREGATION, "--data-dir", suite.data_dir, "--grpc-address", "127.0.0.1:0")

    def test_stopped_resumed_and_doubled(self):
        random = seeded_random()
        suite = self.start_suite(SEPARATE, log_retention="folded")
        client = AccountingClient(0, suite.addresses["http"], suite.tokens["append"],
                                  type(random)(random.getrandbits(64)), 60, 40)
        client.allowance = sys.maxsize
        client.start()
        self.addCleanup(client.stop)
        for _ in range(STOPS):
            time.sleep(random.uniform(0.02, 0.2))
            zombie = suite.programs[AGGREGATION]
            os.kill(zombie.pid, signal.SIGSTOP)
            # The stopped one has the role still, whatever it was at.
            second = self.start_second(suite)
            self.assertEqual(second.returncode, 2, second)
            self.assertIn("another process", second.stdout + second.stderr)
            if random.random() < 0.5:
                # Another moves on in its place.
                zombie.kill()
                suite.start_program(AGGREGATION)
            else:
                os.kill(zombie.pid, signal.SIGCONT)
        client.stop()
        self.assertIsNone(client.error)
        self.assertEqual(suite.counts()["purchases"], len(client.winners))
        self.assertEqual(served_values(suite), expected_values([client]))
        job = suite.verify()
        print(f"{self.id()}: {STOPS} stops, {client.acknowledged_rows} rows acknowledged, "
              f"{field(job, 'values_checked')} values compared", file=sys.stderr)


if __name__ == "__main__":
    unittest.main()
