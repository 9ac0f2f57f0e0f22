"""Deletion, truncation, the catalogue, the quarantine and jobs over HTTP: both faces, and across a crash."""

import gzip
import json
import unittest
import urllib.parse

from harness import SEPARATE, SharedSuiteTest, SuiteTest, eventually, field

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


def purchase(number, customer, amount=1, date="2023-01-01 00:00:00"):
    return {"purchase_id": f"{customer}-{number}", "customer_id": customer, "purchase_amount": amount,
            "purchase_date": date}


def ndjson(rows):
    return "\n".join(map(json.dumps, rows))


class DataSourceCalls:
    """Calls of a suite, for the tests of both topologies."""

    def change(self, suite, target, body="", headers=None, **options):
        return suite.request("POST", "/v0/datasources/" + target, body, headers={**FORM, **(headers or {})}, **options)

    def ended(self, suite, job_id):
        def job():
            answer = suite.request("GET", "/v0/jobs/" + job_id)
            self.assertEqual(answer.status, 200, answer)
            return answer.json() if answer.json()["status"] in ("done", "error") else None
        found = eventually(job, "end of job " + job_id)
        self.assertEqual(found["status"], "done", found)
        return found

    def spend(self, suite, customer):
        rows = suite.rows("total_customer_value", customer_id=customer)
        return float(rows[0]["total_spend"]) if rows else 0.0


class V0Test(DataSourceCalls, SharedSuiteTest):
    def test_delete(self):
        self.suite.events("purchases", ndjson(purchase(n, "d", 10 + n) for n in range(5)), wait=True)
        form = urllib.parse.urlencode({"delete_condition": "customer_id = 'd' and purchase_amount >= 13"})
        dry = self.change(self.suite, "purchases/delete", form + "&dry_run=true")
        self.assertEqual((dry.status, dry.json()), (200, {"rows_to_be_deleted": 2}))
        started = self.change(self.suite, "purchases/delete?from=ts-sdk", form)
        self.assertEqual(started.status, 200, started)
        job = started.json()
        self.assertEqual(len({job["id"], job["job_id"], job["delete_id"]}), 1)
        self.assertEqual(job["datasource"]["name"], "purchases")
        ended = self.ended(self.suite, job["id"])
        self.assertEqual((ended["rows_affected"], ended["progress_percentage"]), (2, 100))
        self.assertEqual(self.spend(self.suite, "d"), 33)
        listed = self.suite.request("GET", "/v0/jobs/").json()["jobs"]
        self.assertIn(job["id"], [one["id"] for one in listed])

    def test_truncate(self):
        self.suite.events("customer_clv", json.dumps({
            "customer_id": "t", "total_spend": 5, "purchase_count": 1, "first_purchase_date": "2023-01-01",
            "last_purchase_date": "2023-01-01", "updated_at": "2023-01-02"}), wait=True)
        answer = self.suite.request("POST", "/v0/datasources/customer_clv/truncate")
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(self.ended(self.suite, answer.json()["id"])["rows_affected"], 1)
        self.assertEqual(self.suite.rows("total_customer_value", customer_id="t"), [])

    def test_quarantine(self):
        self.suite.events("customers", '{"name":"x&token=y"}\n{"customer_id":"m","active":7}\n')
        listed = self.suite.request("GET", "/v1/quarantine/customers").json()["rows"]
        mended = {"rows": [{"id": row["id"], "raw": row["raw"].replace("7", "1")} for row in listed]}
        for headers, body in ((JSON, json.dumps(mended)),
                              ({**JSON, "Content-Encoding": "gzip"}, gzip.compress(json.dumps(mended).encode()))):
            answer = self.change(self.suite, "customers/quarantine:retry", body, headers, token="append")
            self.assertEqual(answer.status, 200, answer)
            self.ended(self.suite, answer.json()["id"])
        self.suite.wait_folded()
        self.assertEqual([row["customer_id"] for row in self.suite.rows("total_customer_value", customer_id="m")], ["m"])
        counts = self.suite.request("GET", "/v1/quarantine/customers:counts").json()
        self.assertEqual([(reason["column"], reason["reason"], int(reason["rows"])) for reason in counts["reasons"]],
                         [("customer_id", "a value", 1)])
        answer = self.change(self.suite, "customers_quarantine/truncate")
        self.assertEqual(self.ended(self.suite, answer.json()["id"])["rows_affected"], 1)
        self.assertEqual(self.suite.rows("customers_quarantine"), [])

    def test_catalogue(self):
        names = [source["name"] for source in self.suite.request("GET", "/v0/datasources").json()["datasources"]]
        self.assertEqual(names, ["customers", "customers_quarantine", "purchases", "purchases_quarantine",
                                 "customer_clv", "customer_clv_quarantine"])
        one = self.suite.request("GET", "/v0/datasources/purchases", token="append").json()
        self.assertEqual(one["schema"]["columns"][2]["type"], "Decimal(38, 6)")
        self.assertIn("clv_by_segment", one["used_by"])
        self.assertEqual(self.suite.request("GET", "/v0/datasources", token="read").json(), {"datasources": []})
        token = "?token=" + self.suite.admin_token
        self.assertEqual(self.suite.request("GET", "/v0/datasources" + token, token=None).status, 200)
        self.assertEqual(self.suite.request("GET", "/v0/jobs" + token, token=None).status, 200)

    def test_refusals_change_nothing(self):
        before = self.suite.counts()
        for target, body, status in (
                ("purchases/delete", "", 400), ("purchases/delete", "delete_condition=1%3D1", 400),
                ("purchases/delete", "delete_condition=order_id%3D%27x%27&customer_id=c", 400),
                ("purchases/delete", "delete_condition=order_id%3D%27x%27&dry_run=maybe", 400),
                ("nowhere/delete", "delete_condition=order_id%3D%27x%27", 404), ("nowhere/truncate", "", 404),
                ("purchases/populate", "", 404), ("nowhere/quarantine:retry", "", 404),
                ("purchases/quarantine:retry", '{"rows":[{"id":0}]}', 400)):
            with self.subTest(target + " " + body):
                answer = self.change(self.suite, target, body)
                self.assertEqual(answer.status, status, answer)
                self.assertEqual(set(answer.json()), {"error", "documentation"})
        for token in ("append", "read", "wrong", None):
            for target in ("purchases/delete?delete_condition=order_id='x'", "purchases/truncate",
                           "purchases/delete?customer_id=c"):
                self.assertEqual(self.change(self.suite, target, token=token).status, 403, (token, target))
        for target in ("/v0/datasources/nowhere", "/v0/jobs/nothing"):
            self.assertEqual(self.suite.request("GET", target).status, 404)
        self.assertEqual(self.suite.request("GET", "/v0/datasources/purchases", token="read").status, 403)
        self.assertEqual(self.suite.counts(), before)


class SeparateProcessesTest(DataSourceCalls, SuiteTest):
    def test_a_deletion_outlives_the_processes(self):
        suite = self.start_suite(SEPARATE)
        suite.events("purchases", ndjson(purchase(n, "s") for n in range(6)), wait=True)
        suite.kill("clv-aggregation")
        condition = "customer_id = 's' and purchase_id in ('s-1', 's-2')"
        answer = suite.request("POST", "/v1/dataSources/purchases:deleteRows",
                               json.dumps({"deleteCondition": condition}), headers=JSON)
        self.assertEqual(answer.status, 200, answer)
        job_id = field(answer.json()["job"], "job_id", "")
        # Nothing folds, and other jobs do not wait for it.
        truncated = self.change(suite, "customers_quarantine/truncate").json()
        self.ended(suite, truncated["id"])
        self.assertIn(suite.request("GET", "/v0/jobs/" + job_id).json()["status"], ("waiting", "working"))
        listed = suite.request("GET", "/v1/jobs").json()["jobs"]
        self.assertEqual([field(job, "job_id", "") for job in listed], [truncated["id"], job_id])
        suite.restart("clv-ingest")
        suite.start_program("clv-aggregation")
        self.assertEqual(self.ended(suite, job_id)["rows_affected"], 2)
        self.assertEqual(self.spend(suite, "s"), 4)
        suite.verify()
        kinds = {job["kind"] for job in suite.request("GET", "/v0/jobs").json()["jobs"]}
        self.assertEqual(kinds, {"delete_data", "truncate", "verify"})


if __name__ == "__main__":
    unittest.main()
