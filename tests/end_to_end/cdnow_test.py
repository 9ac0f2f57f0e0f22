"""Real input: the CDNOW sample through REST in random batches; every number against an independent computation."""

import decimal
import json
import os
import unittest

from cdnow_oracle import Oracle, read_purchases
from harness import ONE_PROCESS, SEPARATE, SharedSuiteTest, seeded_random
from programs import SOURCE_DIR

DATA_DIR = os.environ.get("CLV_SHARED_DATA", os.path.join(SOURCE_DIR, "..", "shared", "data"))
SAMPLE = os.path.join(DATA_DIR, "CDNOW_sample.txt.gz")
RELATIVE_ERROR = 1e-12


def row_text(purchase, random):
    """A purchase as a client may write it: amount as a number or as text, date with or without time."""
    amount = str(purchase.amount)
    if random.random() < 0.3:
        amount = f'"{amount}"'
    date = f"{purchase.date:%Y-%m-%d}" + random.choice(("", " 00:00:00", "T00:00:00Z"))
    return (f'{{"purchase_id":"{purchase.purchase_id}","customer_id":"{purchase.customer_id}",'
            f'"purchase_amount":{amount},"purchase_date":"{date}"}}')


def body_text(rows, random):
    """A batch as NDJSON, as values back to back, or as an array."""
    return random.choice((lambda: "\n".join(rows), lambda: "\n".join(rows) + "\n", lambda: "".join(rows),
                          lambda: "[" + ",".join(rows) + "]"))()


@unittest.skipUnless(os.path.exists(SAMPLE), f"{SAMPLE} is not there (set CLV_SHARED_DATA)")
class CdnowTest(SharedSuiteTest):
    """Loads the sample once; the base of both topologies."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.purchases = read_purchases(SAMPLE)
        cls.oracle = Oracle(cls.purchases)
        random = seeded_random()
        shuffled = list(cls.purchases)
        random.shuffle(shuffled)
        while shuffled:
            size = random.randint(1, random.choice((1, 10, 100, 1000)))
            batch, shuffled = shuffled[:size], shuffled[size:]
            cls.send(batch, random)
            if random.random() < 0.2:
                cls.send(batch, random)
        cls.suite.wait_folded()

    @classmethod
    def send(cls, batch, random):
        body = body_text([row_text(purchase, random) for purchase in batch], random)
        answer = cls.suite.events("purchases", body)
        expected = {"successful_rows": len(batch), "quarantined_rows": 0}
        if answer.status != 202 or answer.json() != expected:
            raise AssertionError(f"{len(batch)} rows: {answer}")

    def assert_rows(self, actual, expected):
        """Equal in number and order; integers, money and texts exactly, quotients within 1e-12. Columns that
        `expected` does not have are not looked at."""
        self.assertEqual(len(actual), len(expected))
        for index, (got, wanted) in enumerate(zip(actual, expected)):
            for column, value in wanted.items():
                self.assertIn(column, got)
                where = f"row {index} column {column}: {json.dumps(got, default=str)}"
                if isinstance(value, float):
                    self.assertIsNotNone(got[column], where)
                    self.assertAlmostEqual(float(got[column]), value, delta=RELATIVE_ERROR * max(1, abs(value)),
                                           msg=where)
                else:
                    self.assertEqual(got[column], value, where)

    def check_totals(self):
        rows = self.suite.rows("total_customer_value", limit=100000)
        self.assertEqual(len(rows), 2357)
        self.assertEqual(sum(row["purchase_count"] for row in rows), 6919)
        self.assertEqual(sum(row["total_spend"] for row in rows), decimal.Decimal("244091.94"))
        self.assert_rows(rows, self.oracle.total_customer_value())
        counts = self.suite.counts()
        self.assertEqual((counts["customers"], counts["purchases"], counts["quarantine"]), (2357, 6919, {}))

    def check_groups(self):
        self.assert_rows(self.suite.rows("clv_by_segment"), [{"customer_segment": "(unknown)", **self.oracle.group()}])
        self.assert_rows(self.suite.rows("clv_by_acquisition_source"),
                         [{"acquisition_source": "(unknown)", **self.oracle.source_group()}])


class CdnowOneProcessTest(CdnowTest):
    topology = ONE_PROCESS
    suite_options = {"log_retention": "all"}

    def test_totals(self):
        self.check_totals()

    def test_groups(self):
        self.check_groups()

    def test_pages_are_the_whole(self):
        pages = [self.suite.rows("total_customer_value", page=page, page_size=1000) for page in range(4)]
        self.assertEqual([len(page) for page in pages], [1000, 1000, 357, 0])
        whole = self.suite.rows("total_customer_value", limit=100000)
        self.assertEqual([row for page in pages for row in page], whole)

    def test_retention_cohorts(self):
        rows = self.suite.rows("customer_retention")
        self.assertEqual(sorted({row["cohort"] for row in rows if row["cohort"] is not None}),
                         ["1997-01-01", "1997-02-01", "1997-03-01"])
        self.assert_rows(rows, self.oracle.retention(12, "period"))

    def test_retention_modes(self):
        for mode in ("period", "rolling", "cumulative"):
            with self.subTest(mode):
                self.assert_rows(self.suite.rows("customer_retention", periods=30, retention=mode),
                                 self.oracle.retention(30, mode))

    def test_rfm(self):
        expected = self.oracle.rfm_customers()
        self.assert_rows(self.suite.rows("customer_segmentation", limit=100000), expected)
        self.assert_rows(self.suite.rows("customer_segmentation"), expected[:100])
        self.assert_rows(self.suite.rows("customer_segmentation", level="summary"), self.oracle.rfm_summary())
        self.assert_rows(self.suite.rows("customer_segmentation", level="matrix"), self.oracle.rfm_matrix())

    def test_frequency(self):
        self.assert_rows(self.suite.rows("purchase_frequency_analysis"),
                         self.oracle.frequency("orders", [1, 2, 3, 6, 11, 21]))
        self.assert_rows(self.suite.rows("purchase_frequency_analysis", buckets="1,4,5"),
                         self.oracle.frequency("orders", [1, 4, 5]))
        self.assert_rows(self.suite.rows("purchase_frequency_analysis", view="recency"),
                         self.oracle.frequency("recency", [0, 31, 61, 91, 181, 366]))
        self.assert_rows(self.suite.rows("purchase_frequency_analysis", view="interval"),
                         self.oracle.intervals([0, 8, 15, 31, 61, 91, 181]))
        self.assert_rows(self.suite.rows("purchase_frequency_analysis", view="order_number"),
                         self.oracle.order_numbers(20))
        self.assert_rows(self.suite.rows("purchase_frequency_analysis", view="order_number", limit=1000),
                         self.oracle.order_numbers(1000))

    def test_verify(self):
        self.suite.verify()
        self.suite.verify(from_log=True)


class CdnowSeparateProcessesTest(CdnowTest):
    topology = SEPARATE

    def test_totals(self):
        self.check_totals()
        self.check_groups()
        self.assert_rows(self.suite.rows("customer_retention"), self.oracle.retention(12, "period"))
        self.suite.verify()


del CdnowTest  # Only its subclasses are tests.

if __name__ == "__main__":
    unittest.main()
