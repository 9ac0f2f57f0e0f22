"""A full file system under load: clients get a clear answer, and when there is room again everything goes on.

Needs the right to mount; is skipped without it.
"""

import errno
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

from accounting_client import AccountingClient, expected_values, served_values
from harness import LONG, SuiteTest, eventually, field, seeded_random

FILLINGS = 20 if LONG else 2
SIZE = "24m"
CUSTOMERS = 200
ROW = ('{"purchase_id":"probe","customer_id":"probe","purchase_amount":1,"purchase_date":"2023-01-01","order_id":"probe",'
       '"created_at":"2023-01-01"}')


def mount_small_disk(directory):
    """Mounts a file system of a few megabytes; whether that was allowed."""
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        return False
    command = [mount, "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", directory]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


class FullDiskTest(SuiteTest):
    def setUp(self):
        self.disk = tempfile.mkdtemp(prefix="clv-full.")
        self.addCleanup(os.rmdir, self.disk)
        if not mount_small_disk(self.disk):
            self.skipTest("this user may not mount a file system")
        self.addCleanup(lambda: subprocess.run(["umount", "-l", self.disk], check=True))
        self.ballast = os.path.join(self.disk, "ballast")

    def fill(self, left):
        """Leaves about `left` bytes of room, of which the programs take some meanwhile."""
        with open(self.ballast, "wb", buffering=0) as ballast:
            while True:
                stat = os.statvfs(self.disk)
                room = stat.f_bavail * stat.f_frsize - left
                if room <= 0:
                    return
                try:
                    ballast.write(b"\0" * min(room, 1 << 20))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def refused(self, suite):
        """The answer to a good row when it is a refusal."""
        answer = suite.events("purchases", ROW)
        return answer if answer.status != 202 else None

    def test_filled_and_freed(self):
        random = seeded_random()
        suite = self.start_suite(log_retention="folded", data_dir=os.path.join(self.disk, "data"))
        clients = [AccountingClient(number, suite.addresses["http"], suite.tokens["append"],
                                    type(random)(random.getrandbits(64)), CUSTOMERS, 40) for number in range(2)]
        for client in clients:
            client.allowance = sys.maxsize
            client.start()
            self.addCleanup(client.stop)
        def acknowledged():
            return sum(client.acknowledged_rows for client in clients)

        refusals = 0
        for _ in range(FILLINGS):
            before = acknowledged()
            eventually(lambda wanted=before + 1_000: acknowledged() > wanted, "load")
            self.fill(random.randint(0, 200_000))
            answer = eventually(lambda: self.refused(suite), "a refusal")
            self.assertEqual(answer.status, 503, answer)
            self.assertIn("full", answer.text)
            refusals += 1
            # Reading goes on.
            self.assertEqual(suite.pipe("clv_by_segment").status, 200)
            time.sleep(random.uniform(0.1, 0.5))
            os.unlink(self.ballast)
            before = acknowledged()
            eventually(lambda wanted=before + 1_000: acknowledged() > wanted, "going on")
        self.check(suite, clients, refusals)

    def check(self, suite, clients, refusals):
        for client in clients:
            client.stop()
            self.assertIsNone(client.error)
        self.assertEqual(suite.events("purchases", ROW, wait=True).status, 200)
        suite.wait_folded()
        served = served_values(suite)
        self.assertEqual(served.pop("probe"), (100, 1))
        self.assertEqual(served, expected_values(clients))
        job = suite.verify()
        print(f"{self.id()}: {FILLINGS} fillings, {refusals} refusals seen, "
              f"{sum(client.acknowledged_rows for client in clients)} rows acknowledged, "
              f"{sum(client.repeated_batches for client in clients)} batches sent again, "
              f"{field(job, 'values_checked')} values compared", file=sys.stderr)


if __name__ == "__main__":
    unittest.main()
