"""Everything comes back by `clv export`, and loads again into an empty suite as the same."""

import json
import os
import sqlite3
import subprocess
import unittest

from harness import ONE_PROCESS, SEPARATE, SharedSuiteTest, Suite
from programs import binary, clean_environment, run

DATA_SOURCES = ("customers", "purchases", "customer_clv")
# Rows that a careless writer would break.
CUSTOMERS = [
    {"customer_id": "q1", "name": "Ada \"L.\", Countess", "email": "ada@example.com", "country": "UK"},
    {"customer_id": "q2", "name": " 007 ", "customer_segment": "a;b|c", "active": 0},
    {"customer_id": "q,3", "name": "Çelik \\N", "acquisition_source": "'", "signup_date": "2023-01-01"},
    {"customer_id": "0123"},
]
PURCHASES = [
    {"purchase_id": "q1", "customer_id": "q1", "purchase_amount": 0.000001, "purchase_date": "2023-01-01 23:59:59"},
    {"purchase_id": "q2", "customer_id": "q1", "purchase_amount": -12.5, "purchase_date": "2023-02-01",
     "order_id": "q1", "product_name": "Half \"a\" thing, 2 m"},
    {"purchase_id": "q3", "customer_id": "nobody", "purchase_amount": 999999999.999999,
     "purchase_date": "2024-02-29 12:00:00", "currency": "EUR", "created_at": "2024-03-01 00:00:00"},
    {"purchase_id": "q4", "customer_id": "q,3", "purchase_amount": 1, "purchase_date": "2023-01-01",
     "created_at": "2023-01-01"},
    {"purchase_id": "q4", "customer_id": "q2", "purchase_amount": 2, "purchase_date": "2023-01-02",
     "created_at": "2023-01-02"},  # a correction that moves it
]
IMPORTS = [
    {"customer_id": "old1", "total_spend": 1000000000000, "purchase_count": 3, "first_purchase_date": "2019-01-01",
     "last_purchase_date": "2020-01-01", "country": "USA", "updated_at": "2020-02-01 01:02:03"},
    {"customer_id": "q1", "total_spend": 0.5, "purchase_count": 1, "first_purchase_date": "2018-01-01",
     "last_purchase_date": "2018-01-01", "updated_at": "2018-01-02"},
]


def clv(suite, *arguments, token=None):
    return run("clv", *arguments, timeout=300, environment={
        "CLV_URL": "http://" + suite.addresses["http"], "CLV_TOKEN": token or suite.admin_token})


def good(suite, *arguments):
    result = clv(suite, *arguments)
    if result.returncode != 0:
        raise AssertionError(result.stderr)
    return result


def customer_values(suite):
    """The table that anyone can read, but for when and where its rows were written, and for the packed purchases."""
    suite.wait_folded()
    with sqlite3.connect(f"file:{suite.data_dir}/clv.db?mode=ro", uri=True) as database:
        names = [row[1] for row in database.execute("PRAGMA table_info(customer_clv)")]
        kept = [name for name in names if name not in ("updated_at", "folded_position", "page_id", "purchases")]
        return list(database.execute(f"SELECT {', '.join(kept)} FROM customer_clv ORDER BY customer_id"))


def answers(suite):
    """total_customer_value of everybody, but for when the rows came, and for predictions, which follow fits."""
    return [{name: value for name, value in row.items() if name not in ("updated_at", "p_alive", "predicted_clv")}
            for row in suite.rows("total_customer_value", limit=100000, sort="customer_id")]


class ExportTest(SharedSuiteTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        directory = os.path.join(cls.suite.directory, "shop")
        run("clv-demo-data", "--customers", "1500", "--purchases", "30000", "--multi-item-orders", "--other-currency",
            "0.05", "--output-dir", directory)
        good(cls.suite, "load", *(os.path.join(directory, name + ".ndjson") for name in ("customers", "purchases")))
        for name, rows in zip(DATA_SOURCES, (CUSTOMERS, PURCHASES, IMPORTS)):
            answer = cls.suite.events(name, "\n".join(map(json.dumps, rows)), wait=True)
            if answer.status != 200 or '"quarantined_rows": 0' not in answer.text:
                raise AssertionError(answer)

    def exported(self, suite, folder, form):
        """Paths of all three data sources, exported."""
        os.makedirs(os.path.join(self.suite.directory, folder), exist_ok=True)
        paths = [os.path.join(self.suite.directory, folder, f"{name}.{form}") for name in DATA_SOURCES]
        for name, path in zip(DATA_SOURCES, paths):
            result = good(suite, "export", name, "--format", form, "--output", path)
            self.assertIn("as at log position", result.stderr)
        return paths

    def assert_loads_again(self, form, topology):
        paths = self.exported(self.suite, form + "_first", form)
        second = Suite(topology)
        self.addCleanup(second.close)
        second.start()
        loaded = good(second, "load", *paths)
        self.assertIn(" 0 quarantined", loaded.stdout + loaded.stderr)
        values = customer_values(second)
        self.assertGreater(len(values), 1500)
        self.assertEqual(values, customer_values(self.suite))
        self.assertEqual(answers(second), answers(self.suite))
        second.verify()
        for first, again in zip(paths, self.exported(second, form + "_again", form)):
            with open(first, "rb") as one, open(again, "rb") as other:
                self.assertEqual(one.read(), other.read(), first)

    def test_ndjson_loads_again_as_the_same(self):
        self.assert_loads_again("ndjson", ONE_PROCESS)

    def test_csv_loads_again_as_the_same(self):
        self.assert_loads_again("csv", SEPARATE)

    def test_rows_are_those_that_count(self):
        lines = good(self.suite, "export", "purchases").stdout.splitlines()
        rows = {row["purchase_id"]: row for row in map(json.loads, lines)}
        self.assertEqual(len(rows), len(lines))
        self.assertEqual(len(rows), self.suite.counts()["purchases"])
        self.assertEqual(rows["q4"]["customer_id"], "q2")
        self.assertEqual(rows["q2"]["product_name"], "Half \"a\" thing, 2 m")
        self.assertIn('"purchase_amount":999999999.999999', next(line for line in lines if '"q3"' in line))
        header = good(self.suite, "export", "purchases", "--format", "csv").stdout.splitlines()[0]
        self.assertTrue(header.startswith("purchase_id,customer_id,purchase_amount,"))

    def test_it_is_audited_and_needs_its_scope(self):
        path = os.path.join(self.suite.directory, "refused.ndjson")
        with open(path, "w", encoding="utf-8") as file:
            file.write("as it was")
        for token in ("append", "read"):
            result = clv(self.suite, "export", "customers", "--output", path, token=self.suite.tokens[token])
            self.assertEqual(result.returncode, 1, result)
            self.assertIn("DATASOURCES:READ:customers", result.stderr)
        with open(path, encoding="utf-8") as file:
            self.assertEqual(file.read(), "as it was")
        self.assertFalse(os.path.exists(path + ".part"))
        good(self.suite, "export", "customer_clv")
        audit = self.suite.request("GET", "/v1/audit?limit=1000").json()["entries"]
        self.assertIn(("admin", "rows.export", "customer_clv"),
                      [(entry["actor"], entry["action"], entry["subject"]) for entry in audit])

    def test_bad_usage(self):
        for arguments in (("export",), ("export", "nothing"), ("export", "customers", "--format", "xml")):
            self.assertEqual(clv(self.suite, *arguments).returncode, 2, arguments)
        result = clv(self.suite, "export", "customers", "--output", "/nowhere/at/all")
        self.assertEqual(result.returncode, 1)
        self.assertIn("/nowhere/at/all", result.stderr)

    def test_http_refuses_what_it_does_not_know(self):
        for target, status in (("/v1/dataSources/nothing:export", 404), ("/v1/dataSources/customers:export?format=9", 400),
                               ("/v1/dataSources/customers:export?formt=1", 400)):
            self.assertEqual(self.suite.request("GET", target).status, status, target)
        self.assertEqual(self.suite.request("GET", "/v1/dataSources/customers:export", token=None).status, 401)

    def test_a_part_is_never_taken_for_the_whole(self):
        suite = Suite()
        self.addCleanup(suite.close)
        suite.start()
        rows = ({"customer_id": f"c{n}", "name": "n" * 1000} for n in range(40000))
        path = os.path.join(suite.directory, "customers.ndjson")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
        good(suite, "load", path)
        process = subprocess.Popen(
            [binary("clv"), "--url", "http://" + suite.addresses["http"], "export", "customers"], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment({"CLV_TOKEN": suite.admin_token}))
        process.stdout.read(1000)  # it has begun, and now waits for us
        suite.kill("clv-suite")
        _, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1)
        self.assertIn("lost the connection", errors)


if __name__ == "__main__":
    unittest.main()
