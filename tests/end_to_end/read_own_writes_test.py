"""Whoever was told that rows are visible finds them in the next answer, and whoever asks for the position of a write finds
them in that answer, whatever others write meanwhile."""

import json
import threading
import time
import unittest

from harness import LONG, ONE_PROCESS, SEPARATE, SuiteTest, field

WRITES = 1_000 if LONG else 50  # to look for, in each topology
PATIENCE_SECONDS = 600 if LONG else 120
CUSTOMERS = 2_000
ROWS_OF_OTHERS = 1_000  # in a batch: enough for their folds to be announced later
PAUSE_SECONDS = 0.01  # between batches


def purchase(number, customer, amount, prefix):
    return json.dumps({"purchase_id": f"{prefix}{number}", "customer_id": customer, "order_id": f"{prefix}{number}",
                       "purchase_amount": amount, "purchase_date": "2024-01-%02d 10:00:00" % (1 + number % 28),
                       "currency": "USD"})


class Others(threading.Thread):
    """Writes batches until told to stop, some 70,000 rows a second, without waiting for the fold."""

    def __init__(self, suite):
        super().__init__()
        self._suite = suite
        self._ending = threading.Event()
        self.batches = 0

    def run(self):
        number = 0
        while not self._ending.wait(PAUSE_SECONDS):
            rows = [purchase(number + i, f"c{(number + 7 * i) % CUSTOMERS}", 1, "o") for i in range(ROWS_OF_OTHERS)]
            number += ROWS_OF_OTHERS
            answer = self._suite.events("purchases", "\n".join(rows))
            self.batches += answer.status == 202

    def stop(self):
        self._ending.set()
        self.join()


class ReadOwnWritesTest(SuiteTest):
    def assert_has(self, answer, customer, purchases):
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual([(row["customer_id"], row["purchase_count"]) for row in answer.json()["data"]],
                         [(customer, purchases)])

    def write_and_ask_for_position(self, suite, customer, prefix):
        answer = suite.events("purchases", "\n".join(purchase(i, customer, 2, prefix) for i in range(3)))
        self.assertEqual(answer.status, 202, answer)
        asked = {"customer_id": customer, "min_folded_position": answer.headers["x-clv-log-position"]}
        answer = suite.pipe("total_customer_value", asked)
        if answer.status == 408:  # not within ten seconds, which it says
            self.assertIn("min_folded_position", answer.json()["error"])
        else:
            self.assert_has(answer, customer, 3)

    def look_after_each_write(self, topology):
        suite = self.start_suite(topology)
        others = Others(suite)
        others.start()
        self.addCleanup(others.stop)
        rounds = visible = 0
        end = time.monotonic() + PATIENCE_SECONDS
        while visible < WRITES or others.batches < WRITES:
            self.assertLess(time.monotonic(), end, f"{visible} writes visible, {others.batches} batches of others")
            rounds += 1
            # Alone, and in batches that are themselves announced later.
            batch = [purchase(i, f"mine{rounds}", 2, f"m{rounds}_") for i in range(400 if rounds % 3 == 0 else 1)]
            answer = suite.events("purchases", "\n".join(batch), wait=True)
            self.assertIn(answer.status, (200, 202), answer)
            if answer.status == 202:  # not within ten seconds, which it says
                self.assertEqual(answer.headers.get("x-clv-visible"), "false")
                continue
            visible += 1
            answer = suite.pipe("total_customer_value", {"customer_id": f"mine{rounds}"})
            self.assert_has(answer, f"mine{rounds}", len(batch))
            position = field(suite.status()["aggregation"], "folded_position")
            context = suite.pipe("clv_by_segment").json()["context"]
            self.assertGreaterEqual(context["folded_position"], position)
            self.write_and_ask_for_position(suite, f"asked{rounds}", f"a{rounds}_")
        others.stop()
        print(f"{topology}: {visible} of {rounds} writes visible, {others.batches} batches of others")

    def test_in_one_process(self):
        self.look_after_each_write(ONE_PROCESS)

    def test_in_separate_processes(self):
        self.look_after_each_write(SEPARATE)


if __name__ == "__main__":
    unittest.main()
