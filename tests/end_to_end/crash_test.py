"""kill -9 at random moments under load: nothing acknowledged is lost, nothing counts twice.

CLV_TEST_LONG=1 makes it 100 kills of each kind; CLV_TEST_SEED repeats a run.
"""

import collections
import decimal
import sys
import time
import unittest

from harness import LONG, ONE_PROCESS, SEPARATE, SuiteTest, field, seeded_random
from loading_client import LoadingClient

KILLS = 100 if LONG else 5
CLIENTS = 2
CUSTOMERS = 60


class RandomClient(LoadingClient):
    """Sends random purchases, corrections and refunds. So at the end every row counts exactly once."""

    def __init__(self, number, address, token, random):
        super().__init__(address, token)
        self._number = number
        self._random = random
        self._clock = 0
        self._recent = collections.deque(maxlen=500)
        self.winners = {}

    def send_one(self):
        self.deliver(self._batch())

    def _batch(self):
        return [self._row() for _ in range(self._random.randint(1, 40))]

    def _row(self):
        self._clock += 1
        random = self._random
        kind = random.random()
        if kind < 0.1 and self.winners:
            purchase_id = random.choice(self._recent)  # a correction, perhaps of the customer
            order_id = self.winners[purchase_id]["order_id"]
        else:
            purchase_id = f"p{self._number}-{self._clock}"
            order_id = purchase_id
            if kind < 0.2 and self.winners:
                order_id = random.choice(self._recent)
        cents = random.randint(-3000, 20000) if kind < 0.3 else random.randint(0, 20000)
        day, second = random.randint(1, 28), self._clock % 86400
        row = {
            "purchase_id": purchase_id, "order_id": order_id,
            "customer_id": f"c{random.randrange(CUSTOMERS)}",
            "purchase_amount": f"{decimal.Decimal(cents) / 100}",
            "purchase_date": f"2023-{random.randint(1, 12):02d}-{day:02d} 10:00:00",
            # Rising, so that the last version wins whatever is sent again.
            "created_at": f"2024-01-{1 + self._clock // 86400:02d} "
                          f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"}
        self.winners[purchase_id] = row
        self._recent.append(purchase_id)
        return row


def expected_totals(rows):
    """total_spend and purchase_count by customer."""
    orders = collections.defaultdict(list)
    totals = collections.defaultdict(decimal.Decimal)
    for row in rows:
        amount = decimal.Decimal(row["purchase_amount"])
        orders[row["customer_id"], row["order_id"]].append(amount)
        totals[row["customer_id"]] += amount
    counts = collections.Counter()
    for (customer_id, _), amounts in orders.items():
        value = sum(amounts)
        if value >= 0 and not (min(amounts) < 0 and value <= 0):
            counts[customer_id] += 1
    return {customer_id: (total, counts[customer_id]) for customer_id, total in totals.items()}


class CrashTest(SuiteTest):
    def start_load(self, suite, random):
        clients = [RandomClient(number, suite.addresses["http"], suite.tokens["append"],
                                 type(random)(random.getrandbits(64))) for number in range(CLIENTS)]
        for client in clients:
            client.start()
            self.addCleanup(client.stop)
        return clients

    def check(self, suite, clients):
        """Ends the load and compares everything with the clients' own books."""
        for client in clients:
            client.stop()
            self.assertIsNone(client.error)
            self.assertGreater(client.acknowledged_batches, 0)
        rows = [row for client in clients for row in client.winners.values()]
        self.assertEqual(suite.counts()["purchases"], len(rows))
        expected = expected_totals(rows)
        ids = ",".join(expected)
        data = suite.rows("total_customer_value", limit=100000, customer_id=ids)
        self.assertEqual({row["customer_id"]: (decimal.Decimal(row["total_spend"]), row["purchase_count"])
                          for row in data}, expected)
        suite.verify()
        job = suite.verify(from_log=True)
        print(f"{self.id()}: {len(rows)} rows, {sum(client.acknowledged_batches for client in clients)} batches, "
              f"{sum(client.repeated_batches for client in clients)} sent again, "
              f"{field(job, 'values_checked')} values compared", file=sys.stderr)

    def crash(self, topology, victims):
        random = seeded_random()
        suite = self.start_suite(topology, log_retention="all")
        clients = self.start_load(suite, random)
        for _ in range(KILLS):
            time.sleep(random.uniform(0.05, 0.8))
            victim = random.choice(victims)
            suite.kill(victim)
            time.sleep(random.choice((0, 0, random.uniform(0, 0.3))))
            suite.start_program(victim)
        self.check(suite, clients)

    def test_kill_of_the_suite(self):
        self.crash(ONE_PROCESS, ["clv-suite"])

    def test_kill_of_the_worker(self):
        self.crash(SEPARATE, ["clv-aggregation"])

    def test_kill_of_ingest(self):
        self.crash(SEPARATE, ["clv-ingest"])

    def test_kill_of_anything(self):
        self.crash(SEPARATE, ["clv-ingest", "clv-aggregation", "clv-query", "clv-gateway"])

    def test_end_in_the_middle_of_load(self):
        """SIGTERM drains: exit code 0, and nothing acknowledged is lost."""
        random = seeded_random()
        for topology in (ONE_PROCESS, SEPARATE):
            with self.subTest(topology):
                suite = self.start_suite(topology, log_retention="all")
                clients = self.start_load(suite, random)
                time.sleep(random.uniform(0.5, 1.0))
                codes = suite.stop()
                self.assertEqual(set(codes.values()), {0}, codes)
                for name in suite.names():
                    suite.start_program(name)
                self.check(suite, clients)


if __name__ == "__main__":
    unittest.main()
