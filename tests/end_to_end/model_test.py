"""Fitted models end to end: a shop of known truth is loaded, fitted and predicted, then a month is appended."""

import decimal
import json
import os
import sqlite3
import statistics
import unittest

from harness import ONE_PROCESS, SEPARATE, SharedSuiteTest, SuiteTest, eventually, field
from programs import run

END = "2026-06-30"
CUT = "2026-05-31 23:59:59"  # what is dated later comes in the second half
CUSTOMERS = 3000


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        return [line for line in file if line.strip()]


def with_floats(rows):
    """Rows whose fractions are floats, as they were computed."""
    return [{name: float(value) if isinstance(value, decimal.Decimal) else value for name, value in row.items()} for row in rows]


def correlation(xs, ys):
    mean_x, mean_y = statistics.fmean(xs), statistics.fmean(ys)
    covariance = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys))
    return covariance / (sum((x - mean_x) ** 2 for x in xs) * sum((y - mean_y) ** 2 for y in ys)) ** 0.5


class FittedModelTest(SharedSuiteTest):
    """The tests go on from each other, in the order of their numbers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        directory = os.path.join(cls.suite.directory, "shop")
        truth_path = os.path.join(cls.suite.directory, "truth.json")
        made = run("clv-demo-data", "--customers", str(CUSTOMERS), "--days", "730", "--end-date", END, "--seasonality", "0",
                   "--output-dir", directory, "--truth", truth_path)
        if made.returncode != 0:
            raise AssertionError(made.stderr)
        with open(truth_path, encoding="utf-8") as file:
            cls.truth = {one["customer_id"]: one for one in json.load(file)["customers"]}
        purchases = read_lines(os.path.join(directory, "purchases.ndjson"))
        cls.customer_rows = read_lines(os.path.join(directory, "customers.ndjson"))
        cls.first_part = [row for row in purchases if json.loads(row)["purchase_date"] <= CUT]
        cls.last_month = [row for row in purchases if json.loads(row)["purchase_date"] > CUT]

    def send(self, name, rows):
        for begin in range(0, len(rows), 5000):
            answer = self.suite.events(name, "".join(rows[begin:begin + 5000]))
            self.assertEqual(answer.status, 202, answer)
        self.suite.wait_folded()

    def prediction(self, **parameters):
        answer = self.suite.pipe("clv_prediction", {"limit": 100000, **parameters})
        self.assertEqual(answer.status, 200, answer)
        message = answer.json()
        message["data"] = with_floats(message["data"])
        return message

    def wait_for_day(self, day, version_beyond=0):
        """The whole answer once a fitted model later than a version predicts as of a day."""
        def served():
            answer = self.prediction()
            rows = answer["data"]
            is_there = (rows and rows[0]["model_version"] > version_beyond
                        and answer["context"]["as_of"].startswith(day))
            return answer if is_there else None
        return eventually(served, f"a model beyond {version_beyond} as of {day}", pause=0.2)

    def wait_scored(self, version):
        """The table for people, once it is complete."""
        def scored():
            with sqlite3.connect(f"file:{self.suite.data_dir}/clv.db?mode=ro", uri=True) as database:
                rows = list(database.execute(
                    "SELECT customer_id, p_alive, predicted_clv, expected_purchases, model_version FROM customer_predictions"))
            customers = len(self.prediction()["data"])
            return rows if len(rows) == customers and {row[4] for row in rows} == {version} else None
        return eventually(scored, "scores of everybody", pause=0.2)

    def test_1_without_data_the_average_answers_with_the_reason(self):
        self.send("customers", self.customer_rows)
        self.send("purchases", self.first_part[:50])
        answer = self.prediction()
        self.assertEqual({row["model"] for row in answer["data"]}, {"average"})
        self.assertIn("fewer than 100 repeat customers", answer["context"]["warnings"][0])
        self.assertEqual(self.suite.request("GET", "/v1/models/0").status, 404)
        self.assertEqual(self.suite.rows("clv_model_info"), [])

    def test_2_a_model_is_fitted_and_serves(self):
        self.send("purchases", self.first_part)
        answer = self.wait_for_day("2026-05-31")
        cls = type(self)
        cls.version = answer["data"][0]["model_version"]
        cls.first_answer = answer
        self.assertNotIn("average", {row["model"] for row in answer["data"]})
        clvs = [row["predicted_clv"] for row in answer["data"]]
        self.assertEqual(clvs, sorted(clvs, reverse=True))
        for row in answer["data"]:
            self.assertLessEqual(row["predicted_clv_low"], row["predicted_clv_high"])
            self.assertTrue(0 <= row["p_alive"] <= 1 and 0 <= row["churn_risk"] <= 1)
            self.assertIn(row["confidence"], ("high", "medium", "low"))
            self.assertEqual(row["next_purchase_date"] is None, row["churn_risk"] > 0.5 and row["p_alive"] <= 0.5
                             or row["next_purchase_date"] is None)
        # Intervals are what they say: about a tenth of the tops is exceeded, were the model true.
        wide = self.prediction(interval=0.98)["data"]
        narrow = {row["customer_id"]: row for row in answer["data"]}
        for row in wide:
            self.assertGreaterEqual(row["predicted_clv_high"], narrow[row["customer_id"]]["predicted_clv_high"])

    def test_3_the_tables_and_the_reports_tell_the_same(self):
        rows = self.wait_scored(self.version)
        answer = {row["customer_id"]: row for row in self.prediction()["data"]}
        values = {row["customer_id"]: row for row in with_floats(
            self.suite.rows("total_customer_value", limit=100000, sort="predicted_clv"))}
        for customer_id, p_alive, predicted_clv, purchases, _ in rows:
            row = answer[customer_id]
            self.assertEqual((p_alive, predicted_clv, purchases),
                             (row["p_alive"], row["predicted_clv"], row["expected_purchases"]))
            self.assertEqual((values[customer_id]["p_alive"], values[customer_id]["predicted_clv"]), (p_alive, predicted_clv))
        by_value = list(values)
        self.assertEqual([row for row in by_value if row in answer], list(answer))

    def test_4_the_model_tells_about_itself(self):
        model = self.suite.request("GET", "/v1/models/0").json()["model"]
        self.assertEqual(field(model, "model_version"), self.version)
        self.assertEqual(model["unit"], "day")
        self.assertEqual(len(model["families"]), 4)
        self.assertTrue(model.get("isServed", model.get("is_served")))
        listed = self.suite.request("GET", "/v1/models").json()["models"]
        self.assertEqual(field(listed[0], "model_version"), self.version)
        backtest = self.suite.request("GET", f"/v1/models/{self.version}/backtest").json()["backtest"]
        error = "root_mean_square_error"
        naive = backtest.get("naiveRate", backtest.get("naive_rate"))
        self.assertLess(field(backtest["model"], error), field(naive, error))
        self.assertTrue(0.85 <= field(backtest, "coverage_90") <= 0.99, field(backtest, "coverage_90"))
        self.assertLess(abs(field(backtest["model"], "bias")), 0.25)
        info = self.suite.rows("clv_model_info")
        self.assertEqual(len(info), 4)
        self.assertEqual([row["is_chosen"] for row in info], [1, 0, 0, 0])
        self.assertEqual(self.suite.request("GET", "/v1/models/999").status, 404)

    def test_5_a_month_later_scores_and_backtest_have_moved(self):
        before = self.suite.request("GET", f"/v1/models/{self.version}/backtest").json()["backtest"]
        self.send("purchases", self.last_month)
        answer = self.wait_for_day(END, version_beyond=self.version)
        cls = type(self)
        cls.version = answer["data"][0]["model_version"]
        cls.last_answer = answer
        after = self.suite.request("GET", f"/v1/models/{self.version}/backtest").json()["backtest"]
        self.assertEqual(after["end"][:10], END)
        self.assertNotEqual(before["end"], after["end"])
        bought = {json.loads(row)["customer_id"] for row in self.last_month}
        earlier = {row["customer_id"]: row for row in self.first_answer["data"]}
        silent = [(earlier[row["customer_id"]]["p_alive"], row["p_alive"]) for row in answer["data"]
                  if row["customer_id"] not in bought and row["frequency"] >= 3]
        # Who was silent for another month is less likely there, on the whole.
        self.assertLess(statistics.fmean(now for _, now in silent), statistics.fmean(then for then, _ in silent))

    def test_6_predictions_are_near_the_truth(self):
        rows = [row for row in self.last_answer["data"] if row["customer_id"] in self.truth]
        truth = [self.truth[row["customer_id"]] for row in rows]
        expected = sum(one["expected_orders_next_365_days"] for one in truth)
        predicted = sum(row["expected_purchases"] for row in rows)
        self.assertAlmostEqual(predicted / expected, 1, delta=0.2)
        value = sum(one["expected_value_next_365_days"] for one in truth)
        self.assertAlmostEqual(sum(row["predicted_clv"] for row in self.prediction(discount_rate=0)["data"]) / value, 1, delta=0.25)
        self.assertGreater(correlation([row["expected_purchases"] for row in rows],
                                       [one["expected_orders_next_365_days"] for one in truth]), 0.7)
        alive = statistics.fmean(one["alive_at_end"] for one in truth)
        self.assertAlmostEqual(statistics.fmean(row["p_alive"] for row in rows), alive, delta=0.12)

    def test_7_a_fit_on_demand_is_a_job(self):
        job = self.suite.run_job("/v1/models:fit", '{"cold":true}')
        self.assertEqual(job["state"], "JOB_STATE_DONE", job)
        self.assertGreater(field(job, "model_version"), self.version)
        old = self.suite.request("GET", f"/v1/models/{self.version}").json()["model"]["families"]
        new = self.suite.request("GET", f"/v1/models/{field(job, 'model_version')}").json()["model"]["families"]
        for before, after in zip(old, new):
            for one, other in zip(before["parameters"], after["parameters"]):
                self.assertAlmostEqual(one["value"] / other["value"], 1, delta=1e-3)

    def test_8_other_models_and_terms_are_computed_on_demand(self):
        for model in ("bgnbd", "mbgnbd", "paretonbd", "nbd"):
            rows = self.prediction(model=model, limit=20)["data"]
            self.assertIn(rows[0]["model"], (model, "nbd"))
        ninety = self.prediction(horizon_days=90, limit=5)["data"]
        year = {row["customer_id"]: row for row in self.prediction()["data"]}
        for row in ninety:
            self.assertLess(row["expected_purchases"], year[row["customer_id"]]["expected_purchases"])
        past = self.prediction(as_of=CUT, limit=5)
        self.assertEqual(past["context"]["as_of"], CUT)
        alive = self.prediction(min_p_alive=0.9)["data"]
        self.assertTrue(alive and all(row["p_alive"] >= 0.9 for row in alive))


class TooLittleDataTest(SuiteTest):
    def test_a_fit_that_is_asked_for_says_why_it_cannot_be(self):
        for topology in (ONE_PROCESS, SEPARATE):
            with self.subTest(topology):
                suite = self.start_suite(topology)
                suite.events("purchases", '{"purchase_id":"p1","customer_id":"c1","purchase_amount":1,'
                                          '"purchase_date":"2023-01-01"}', wait=True)
                job = suite.run_job("/v1/models:fit", "{}")
                self.assertEqual(job["state"], "JOB_STATE_ERROR")
                self.assertIn("too little data for a model: fewer than 100 repeat customers (0)", job["error"])


if __name__ == "__main__":
    unittest.main()
