"""kill -9 of clv-ingest under real writes through the gateway: nothing acknowledged is lost or doubled.

Clients post to /v0/events on kept connections. The gateway itself lives on: every request is answered, by an
acknowledgement or by 503 with Retry-After. CLV_TEST_LONG=1 makes it 100 kills; CLV_TEST_SEED repeats a run.
"""

import collections
import csv
import http.client
import io
import json
import sys
import threading
import time
import unittest

from harness import LONG, SEPARATE, SuiteTest, eventually, seeded_random

KILLS = 100 if LONG else 4
CLIENTS = 4
RECOVERY_SECONDS = 10  # from the ready line to the next acknowledgement; machines may be busy


class PostingClient(threading.Thread):
    """Posts purchases until it is stopped, each id with one amount.

    Of two clients one sends what was refused again until it is acknowledged, the other gives it up, so that both a
    row lost and a row counted for a repeated request would be seen.
    """

    def __init__(self, number, suite, random):
        super().__init__(daemon=True)
        self._number = number
        self._address = suite.addresses["http"]
        self._headers = {"Authorization": "Bearer " + suite.tokens["append"]}
        self._random = random
        self._repeats = number % 2 == 0
        self._waits = number >= CLIENTS // 2  # for the fold: acknowledged by 200
        self._stop_asked = threading.Event()
        self._ids = 0
        self.error = None
        self.acknowledged = {}  # purchase_id: amount
        self.uncertain = {}  # answered by 503: may count or not
        self.answers = collections.Counter()
        self.acknowledged_at = 0.0

    def run(self):
        connection = http.client.HTTPConnection(self._address, timeout=60)
        try:
            while not self._stop_asked.is_set():
                self._deliver(connection, {self._next_id(): self._random.randrange(1, 1_000_000)
                                           for _ in range(self._random.randint(1, 20))})
        except Exception as error:  # pylint: disable=broad-except
            self.error = error
        finally:
            connection.close()

    def _next_id(self):
        self._ids += 1
        return f"u{self._number}-{self._ids}"

    def _deliver(self, connection, cents):
        body = "\n".join(json.dumps({
            "purchase_id": purchase_id, "customer_id": f"c{self._number}", "purchase_date": "2023-04-05 06:07:08",
            "purchase_amount": f"{amount // 100}.{amount % 100:02d}", "created_at": 1_700_000_000})
            for purchase_id, amount in cents.items())
        target = "/v0/events?name=purchases" + ("&wait=true" if self._waits else "")
        while not self._stop_asked.is_set():
            connection.request("POST", target, body, self._headers)
            response = connection.getresponse()
            text = response.read()
            self.answers[response.status] += 1
            if response.status in (200, 202):
                self._check_counts(json.loads(text), len(cents))
                self.acknowledged_at = time.monotonic()
                self.acknowledged.update(cents)
                return
            if response.status != 503 or not response.getheader("Retry-After"):
                raise AssertionError(f"HTTP {response.status} {response.getheaders()} {text!r}")
            self._stop_asked.wait(0.01)
            if not self._repeats:
                break
        self.uncertain.update(cents)

    @staticmethod
    def _check_counts(counts, rows):
        if (counts["successful_rows"], counts["quarantined_rows"]) != (rows, 0):
            raise AssertionError(counts)

    def stop(self):
        self._stop_asked.set()
        self.join(timeout=120)


class UpstreamKillTest(SuiteTest):
    def start_clients(self, suite, random):
        clients = [PostingClient(number, suite, type(random)(random.getrandbits(64))) for number in range(CLIENTS)]
        for client in clients:
            client.start()
            self.addCleanup(client.stop)
        return clients

    @staticmethod
    def wait_acknowledged(clients, since, what):
        """Every client has been acknowledged since then, or has failed."""
        eventually(lambda: all(client.error or client.acknowledged_at > since for client in clients), what)

    def kill_once(self, suite, clients, random):
        """Returns how long after its ready line everybody was served again."""
        time.sleep(random.uniform(0.1, 1.0))
        refused = sum(client.answers[503] for client in clients)
        suite.kill("clv-ingest")
        # So that the kill is seen by requests, not only by connections.
        eventually(lambda: any(client.error for client in clients) or
                   sum(client.answers[503] for client in clients) > refused, "an answer without an upstream")
        suite.start_program("clv-ingest")
        ready_at = time.monotonic()
        self.wait_acknowledged(clients, ready_at, "an acknowledgement behind the restart")
        return time.monotonic() - ready_at

    def exported(self, suite):
        """(purchase_id, cents) of every purchase that counts."""
        answer = suite.request("GET", "/v1/dataSources/purchases:export")
        self.assertEqual(answer.status, 200, answer)
        return [(row["purchase_id"], round(float(row["purchase_amount"]) * 100))
                for row in csv.DictReader(io.StringIO(answer.text))]

    def test_no_acknowledged_write_is_lost(self):
        random = seeded_random()
        suite = self.start_suite(SEPARATE)
        clients = self.start_clients(suite, random)
        self.wait_acknowledged(clients, 0.0, "the first acknowledgements")
        recoveries = [self.kill_once(suite, clients, random) for _ in range(KILLS)]
        for client in clients:
            client.stop()
            self.assertIsNone(client.error)
        self.assertLess(max(recoveries), RECOVERY_SECONDS)
        self.check(suite, clients)
        answers = sum((client.answers for client in clients), collections.Counter())
        self.assertEqual(set(answers), {200, 202, 503})
        print(f"{KILLS} kills, answers {dict(answers)}, {sum(len(client.acknowledged) for client in clients)} rows "
              f"acknowledged, served again after at most {max(recoveries):.2f} s", file=sys.stderr)

    def check(self, suite, clients):
        suite.wait_folded()
        rows = self.exported(suite)
        stored = dict(rows)
        self.assertEqual(len(stored), len(rows), "a purchase is there twice")
        sent = {}
        for client in clients:
            self.assertEqual(client.acknowledged, {name: stored.get(name) for name in client.acknowledged})
            sent.update(client.uncertain)
            sent.update(client.acknowledged)
        self.assertEqual(stored, {name: sent.get(name) for name in stored})
        spent = collections.Counter()
        for purchase_id, cents in rows:
            spent["c" + purchase_id[1:].split("-")[0]] += cents
        self.assertEqual({row["customer_id"]: round(row["total_spend"] * 100)
                          for row in suite.rows("total_customer_value")}, dict(spent))
        self.assertEqual(suite.counts()["purchases"], len(rows))
        suite.verify()


if __name__ == "__main__":
    unittest.main()
