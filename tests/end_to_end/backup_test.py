"""Backups under load: each one is restored into a new directory, started, verified, and holds every row that was
acknowledged before the backup began.

CLV_TEST_LONG=1 makes it 200 backups.
"""

import os
import shutil
import sys
import time
import unittest

from harness import LONG, ONE_PROCESS, SEPARATE, Suite, SuiteTest, eventually, field
from loading_client import LoadingClient
from programs import run

BACKUPS = 200 if LONG else 3
CLIENTS = 2
BATCH_ROWS = 25
CUSTOMERS = 2000


class NumberedClient(LoadingClient):
    """Sends numbered batches. Batch n is BATCH_ROWS purchases of one unit each, of the client's customer
    n % CUSTOMERS, so that what a suite holds tells how many batches it has."""

    def __init__(self, number, address, token):
        super().__init__(address, token)
        self._number = number
        self.begun = 0

    def customer(self, batch):
        return f"c{self._number}-{batch % CUSTOMERS}"

    def expected(self, batches):
        """Purchases by customer after so many batches."""
        counts = {}
        for batch in range(batches):
            counts[self.customer(batch)] = counts.get(self.customer(batch), 0) + BATCH_ROWS
        return counts

    def send_one(self):
        # At full speed the store of the long form outgrows what a report answers within its deadline.
        time.sleep(0.03)
        self.begun += 1
        batch = self.acknowledged_batches
        self.deliver([{"purchase_id": f"p{self._number}-{batch}-{n}", "customer_id": self.customer(batch),
                       "purchase_amount": 1, "purchase_date": "2023-05-05 12:00:00"} for n in range(BATCH_ROWS)])


class BackupTest(SuiteTest):
    def clv(self, suite, *arguments):
        return run("clv", *arguments, timeout=300, environment={
            "CLV_URL": "http://" + suite.addresses["http"], "CLV_TOKEN": suite.admin_token})

    def good(self, suite, *arguments):
        result = self.clv(suite, *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def check_restored(self, suite, directory, before, clients):
        """Starts a suite on a restored directory; `before`: acknowledged batches by client when the backup began."""
        restored = Suite(ONE_PROCESS, data_dir=directory)
        try:
            restored.tokens["admin"] = suite.admin_token
            restored.start()
            status = restored.wait_folded()
            rows = restored.rows("total_customer_value", limit=100000)
            held = {row["customer_id"]: row["purchase_count"] for row in rows}
            total = 0
            for client, acknowledged in zip(clients, before):
                own = {customer: count for customer, count in held.items()
                       if customer.split("-")[0] == client.customer(0).split("-")[0]}
                batches, odd = divmod(sum(own.values()), BATCH_ROWS)
                self.assertEqual(odd, 0, "a batch is there in part")
                self.assertGreaterEqual(batches, acknowledged)
                self.assertLessEqual(batches, client.begun)
                self.assertEqual(own, client.expected(batches))
                total += batches * BATCH_ROWS
            self.assertEqual(field(status["aggregation"], "purchases"), total)
            restored.verify()
            goes_on = restored.events("customers", '{"customer_id":"new"}', wait=True)
            self.assertEqual(goes_on.status, 200)
        finally:
            restored.close()

    def backups_under_load(self, topology, count):
        suite = self.start_suite(topology)
        clients = [NumberedClient(number, suite.addresses["http"], suite.tokens["append"])
                   for number in range(CLIENTS)]
        for client in clients:
            client.start()
            self.addCleanup(client.stop)
        eventually(lambda: all(client.acknowledged_batches > 10 for client in clients), "some load")
        for number in range(count):
            backup = os.path.join(suite.directory, f"backup{number}")
            data_dir = os.path.join(suite.directory, f"restored{number}")
            before = [client.acknowledged_batches for client in clients]
            self.assertIn(backup, self.good(suite, "backup", backup))
            self.assertEqual(sorted(os.listdir(backup)),
                             ["admin_token", "auth.db", "backup.json", "clv.db", "event_log.db"])
            self.good(suite, "restore", backup, "--data-dir", data_dir)
            self.check_restored(suite, data_dir, before, clients)
            shutil.rmtree(backup)
            shutil.rmtree(data_dir)
        for client in clients:
            client.stop()
            self.assertIsNone(client.error)
        suite.verify()
        print(f"{topology}: {count} backups restored and verified, the last of "
              f"{sum(before) * BATCH_ROWS} acknowledged rows or more", file=sys.stderr)

    def test_backups_under_load(self):
        self.backups_under_load(ONE_PROCESS, BACKUPS)

    def test_backups_of_separate_processes(self):
        self.backups_under_load(SEPARATE, 1)

    def test_commands_that_are_refused(self):
        suite = self.start_suite()
        suite.events("customers", '{"customer_id":"c1"}', wait=True)
        backup = os.path.join(suite.directory, "backup")
        self.good(suite, "backup", backup)
        self.assertIn("exists", self.clv(suite, "backup", backup).stderr)
        refused = self.clv(suite, "restore", backup, "--data-dir", suite.data_dir)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("another process", refused.stderr)
        self.assertEqual(self.clv(suite, "restore", suite.directory, "--data-dir", backup + "2").returncode, 2)
        with open(os.path.join(backup, "clv.db"), "ab") as file:
            file.write(b"damage")
        refused = self.clv(suite, "restore", backup, "--data-dir", backup + "2")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("clv.db differs", refused.stderr)
        self.assertFalse(os.path.exists(backup + "2"))
        answer = suite.request("POST", "/v1/jobs:backup", '{"directory":"relative"}',
                               headers={"Content-Type": "application/json"})
        self.assertEqual(answer.status, 400, answer)
        self.assertIn("directory", answer.text)
        self.assertEqual(suite.request("POST", "/v1/jobs:backup", "{}", token="read").status, 403)
        # Nothing half done is left.
        self.assertEqual([name for name in os.listdir(suite.directory) if "partial" in name], [])


if __name__ == "__main__":
    unittest.main()
