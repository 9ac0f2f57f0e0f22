"""The demo shop in one process and in separate ones: every endpoint gives the same answer, byte by byte."""

import os
import unittest

from harness import ENDPOINTS, ONE_PROCESS, SEPARATE, SuiteTest, field
from http_client import query_string
from programs import run

# What may differ between two installations that hold the same rows.
UNEQUAL_COLUMNS = ("updated_at",)
UNEQUAL_KEYS = ("statistics",)
UNEQUAL_CONTEXT = ("folded_position", "model_version")

COMMON = (
    {},
    {"country": "USA"},
    {"country": "USA,Germany", "customer_segment": "Premium"},
    {"acquisition_source": ["Organic Search", "Referral"]},
    {"customer_segment": "(unknown)"},
    {"country": "nowhere"},
    {"as_of": "2023-06-30"},
    {"as_of": "2001-01-01"},
    {"as_of": "2024-02-29T12:00:00+02:00", "country": ""},
    {"limit": 7, "page": 1},
    {"limit": 0},
    {"page": 2, "page_size": 3},
    {"nonsense": "ignored", "from": "ts-sdk"},
)
WINDOWS = (
    {"start_date": "2023-01-01 00:00:00", "end_date": "2023-12-31 23:59:59"},
    {"start_date": "2024-06-01"},
    {"end_date": "2022-12-31"},
    {"start_date": "2024-01-01", "end_date": "2023-01-01"},
)
OWN = {
    "customer_retention": WINDOWS + (
        {"granularity": "week", "periods": 5}, {"granularity": "quarter", "retention": "rolling"},
        {"granularity": "year", "retention": "cumulative"}, {"granularity": "day", "periods": 2, "country": "USA"},
        {"cohort_by": "signup"}, {"cohort_by": "signup", "retention": "cumulative", "periods": 0}),
    "clv_by_segment": WINDOWS,
    "clv_by_acquisition_source": WINDOWS,
    "purchase_frequency_analysis": (
        {"view": "interval"}, {"view": "recency"}, {"view": "order_number"}, {"view": "orders", "buckets": "1,2,10"},
        {"view": "interval", "buckets": "0,30,365"}, {"view": "order_number", "limit": 3}),
    "clv_prediction": ({"horizon_days": 90}, {"discount_rate": 0, "margin": 0.3}, {"model": "average"},
                       {"interval": 0.5, "limit": 1000}, {"customer_id": "c100001,c100002"}),
    "customer_segmentation": ({"level": "summary"}, {"level": "matrix"}, {"rfm_segment": "Champions"},
                              {"rfm_segment": "Lost,At Risk", "level": "summary"}, {"limit": 1000}),
    "total_customer_value": WINDOWS + tuple(
        {"sort": sort, "limit": 50} for sort in
        ("purchase_count", "avg_order_value", "refunded_amount", "first_purchase_date", "last_purchase_date",
         "predicted_clv", "customer_id")) + ({"limit": 1000},),
}


def comparable(answer):
    """The document without what may differ; numbers as the text that was sent."""
    document = dict(answer.json_text())
    for key in UNEQUAL_KEYS:
        document.pop(key, None)
    document["data"] = [[(column, value) for column, value in row if column not in UNEQUAL_COLUMNS]
                        for row in document["data"]]
    document["context"] = [(key, value) for key, value in document["context"] if key not in UNEQUAL_CONTEXT]
    return document


class TopologiesTest(SuiteTest):
    @classmethod
    def load(cls, suite, directory, connections):
        result = run("clv", "load", "--connections", str(connections), "--batch-rows", "700",
                     os.path.join(directory, "customers.ndjson"), os.path.join(directory, "purchases.ndjson"),
                     environment={"CLV_URL": "http://" + suite.addresses["http"], "CLV_TOKEN": suite.admin_token})
        if result.returncode != 0:
            raise AssertionError(result.stderr)

    def setUp(self):
        self.one = self.start_suite(ONE_PROCESS, log_retention="all")
        self.separate = self.start_suite(SEPARATE, log_retention="all")
        self.shop = os.path.join(self.one.directory, "shop")
        made = run("clv-demo-data", "--customers", "300", "--seed", "7", "--end-date", "2024-12-31",
                   "--duplicates", "0.05", "--corrections", "0.05", "--late", "0.05", "--refunds", "0.05",
                   "--multi-item-orders", "--other-currency", "0.02", "--output-dir", self.shop)
        self.assertEqual(made.returncode, 0, made.stderr)
        # Another split and another order of arrival.
        self.load(self.one, self.shop, 4)
        self.load(self.separate, self.shop, 1)
        for suite in (self.one, self.separate):
            suite.wait_folded()
            suite.fit_models()

    def test_same_answers(self):
        counts = self.one.counts()
        self.assertGreater(counts["purchases"], 1000)
        self.assertEqual(counts["quarantine"], {})
        other = self.separate.counts()
        self.assertEqual((other["customers"], other["purchases"]), (counts["customers"], counts["purchases"]))
        rows = 0
        for endpoint in ENDPOINTS:
            for parameters in COMMON + OWN[endpoint]:
                with self.subTest(endpoint=endpoint, parameters=parameters):
                    one = self.one.pipe(endpoint, parameters)
                    separate = self.separate.pipe(endpoint, parameters)
                    self.assertEqual(one.status, 200, one)
                    self.assertEqual(separate.status, 200, separate)
                    self.assertEqual(comparable(one), comparable(separate))
                    rows += len(one.json()["data"])
        self.assertGreater(rows, 5000)
        self.check_forms()
        self.check_typed_face()
        for suite in (self.one, self.separate):
            suite.verify()
            suite.verify(from_log=True)

    def check_forms(self):
        """The same rows as CSV, as NDJSON, and by a form in a POST."""
        for endpoint in ENDPOINTS:
            parameters = {"country": "USA,Germany", "limit": 20, "as_of": "2024-10-01"}
            document = self.one.pipe(endpoint, parameters)
            form = self.one.request("POST", f"/v0/pipes/{endpoint}.json", query_string(parameters),
                                    headers={"Content-Type": "application/x-www-form-urlencoded"})
            self.assertEqual(comparable(form), comparable(document))
            size = len(document.json()["data"])

            ndjson = self.one.pipe(endpoint, parameters, form="ndjson")
            self.assertEqual(ndjson.headers["content-type"].split(";")[0], "application/x-ndjson")
            self.assertEqual(len(ndjson.text.splitlines()), size)
            self.assertTrue(ndjson.text.endswith("\n") or size == 0)

            for extension in ("csv", "csvwithnames"):
                csv = self.one.pipe(endpoint, parameters, form=extension)
                self.assertTrue(csv.headers["content-type"].startswith("text/csv"), csv.headers)
                lines = csv.text.splitlines()
                self.assertEqual(len(lines), size + 1)
                names = [f'"{column["name"]}"' for column in document.json()["meta"]]
                self.assertEqual(lines[0], ",".join(names))
                self.assertIn("x-clv-context", csv.headers)

    def check_typed_face(self):
        """/v1 gives the same numbers as /v0."""
        for suite in (self.one, self.separate):
            answer = suite.request("GET", "/v1/reports/total_customer_value?limit=5&customer_segment=Premium")
            self.assertEqual(answer.status, 200, answer)
            typed = answer.json()["rows"]
            tabular = suite.rows("total_customer_value", limit=5, customer_segment="Premium")
            self.assertEqual([field(row, "customer_id", "") for row in typed],
                             [row["customer_id"] for row in tabular])
            self.assertEqual([float(row.get("totalSpend", row.get("total_spend"))) for row in typed],
                             [float(row["total_spend"]) for row in tabular])

    def test_same_answers_after_a_restart(self):
        before = [comparable(self.separate.pipe(endpoint)) for endpoint in ENDPOINTS]
        self.assertEqual(set(self.separate.stop().values()), {0})
        for name in self.separate.names():
            self.separate.start_program(name)
        self.separate.wait_folded()
        self.assertEqual([comparable(self.separate.pipe(endpoint)) for endpoint in ENDPOINTS], before)


if __name__ == "__main__":
    unittest.main()
