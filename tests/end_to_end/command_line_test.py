"""The command line client against a running suite."""

import csv
import gzip
import io
import json
import os
import unittest

from harness import ENDPOINTS, SharedSuiteTest, eventually
from programs import run

CUSTOMERS = [{"customer_id": f"c{n}", "name": name, "country": country, "customer_segment": "Premium",
              "signup_date": "2023-01-01 00:00:00"}
             for n, (name, country) in enumerate((
                 ("Ada \"L.\", Countess", "UK"), ("Bo", "USA"), ("Çelik", "Türkiye")))]
PURCHASES = [{"purchase_id": f"p{n}", "customer_id": f"c{n % 3}", "purchase_amount": n + 0.25,
              "purchase_date": f"2023-0{1 + n % 6}-10 12:00:00"} for n in range(60)]


class CommandLineTest(SharedSuiteTest):
    suite_options = {"log_retention": "all"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        directory = cls.suite.directory
        cls.customers = os.path.join(directory, "customers.csv")
        with open(cls.customers, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(CUSTOMERS[0]))
            writer.writeheader()
            writer.writerows(CUSTOMERS)
        cls.purchases = os.path.join(directory, "purchases.ndjson.gz")
        with gzip.open(cls.purchases, "wt", encoding="utf-8") as file:
            file.write("\n".join(json.dumps(row) for row in PURCHASES))
        loaded = cls.clv("load", cls.customers, cls.purchases)
        if loaded.returncode != 0:
            raise AssertionError(loaded.stderr)

    @classmethod
    def clv(cls, *arguments, stdin=None, **environment):
        settings = {"CLV_URL": "http://" + cls.suite.addresses["http"], "CLV_TOKEN": cls.suite.admin_token}
        settings.update(environment)
        settings = {name: value for name, value in settings.items() if value is not None}
        return run("clv", *arguments, environment=settings, stdin=stdin)

    def good(self, *arguments, **options):
        result = self.clv(*arguments, **options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def bad(self, code, *arguments, **options):
        result = self.clv(*arguments, **options)
        self.assertEqual(result.returncode, code, result)
        self.assertNotEqual(result.stderr, "")
        self.assertNotIn(self.suite.admin_token, result.stdout + result.stderr)
        return result.stderr

    def test_load(self):
        self.assertEqual(self.suite.counts()["purchases"], 60)
        # Again is harmless; standard input does too.
        self.good("load", self.purchases)
        self.good("load", "--name", "purchases", "-", stdin=json.dumps(PURCHASES[0]))
        self.assertEqual(self.suite.counts()["purchases"], 60)
        rows = self.suite.rows("total_customer_value", sort="customer_id")
        self.assertEqual([row["name"] for row in rows], [row["name"] for row in CUSTOMERS])
        self.assertEqual(sum(float(row["total_spend"]) for row in rows), sum(n + 0.25 for n in range(60)))

    def test_load_tells_of_refused_rows(self):
        result = self.clv("load", "--name", "customer_clv", "-", stdin='{"customer_id":"x"}\nnot json\n')
        self.assertIn("2", result.stdout + result.stderr)
        self.assertIn("quarantine", result.stdout + result.stderr)

    def test_query_forms(self):
        for endpoint in ENDPOINTS:
            with self.subTest(endpoint):
                document = json.loads(self.good("query", endpoint, "limit=2", "-o", "json"))
                names = [column["name"] for column in document["meta"]]
                self.assertEqual(len(document["data"]), document["rows"])
                self.assertLessEqual(document["rows"], 2)

                lines = self.good("query", endpoint, "limit=2", "-o", "ndjson").splitlines()
                self.assertEqual([list(json.loads(line)) for line in lines], [names] * document["rows"])

                table = list(csv.reader(io.StringIO(self.good("query", endpoint, "limit=2", "-o", "csv"))))
                self.assertEqual(table[0], names)
                self.assertEqual(len(table), 1 + document["rows"])

                text = self.good("query", endpoint, "limit=2").splitlines()
                self.assertIn(names[0], text[0].split())
                self.assertRegex(text[1], r"^[- ]+$")

    def test_query_parameters(self):
        document = json.loads(self.good("query", "total_customer_value", "country=USA,UK", "sort=customer_id",
                                        "start_date=2023-01-01 00:00:00", "--output", "json"))
        self.assertEqual([row["customer_id"] for row in document["data"]], ["c0", "c1"])
        text = self.good("query", "total_customer_value", "-c", "customer_id,total_spend")
        self.assertEqual(text.splitlines()[0].split(), ["customer_id", "total_spend"])

    def test_query_errors(self):
        self.assertIn("limit", self.bad(1, "query", "total_customer_value", "limit=-1"))
        self.assertIn("nothing", self.bad(1, "query", "nothing"))

    def test_status_and_verify(self):
        text = self.good("status")
        for word in ("ingest", "aggregation", "query", "customers", "USD"):
            self.assertIn(word, text)
        self.assertIn("no difference", self.good("verify"))
        self.assertIn("no difference", self.good("verify", "--from-log"))
        self.good("rebuild")

    def test_data_sources(self):
        text = self.good("datasources")
        for name in ("customers", "purchases", "customer_clv", "customers_quarantine"):
            self.assertIn(name, text)
        self.assertIn("purchase_amount", self.good("datasources", "purchases"))
        self.assertIn("nowhere", self.bad(1, "datasources", "nowhere"))

    def test_delete_and_truncate(self):
        rows = [{"purchase_id": f"gone{n}", "customer_id": "gone", "purchase_amount": n, "purchase_date": "2023-01-01"}
                for n in range(4)]
        self.good("load", "--name", "purchases", "-", stdin="\n".join(map(json.dumps, rows)))
        some = ("delete", "purchases", "--where", "customer_id = 'gone' and purchase_amount >= 2")
        self.assertIn("2 rows of purchases would be removed", self.good(*some, "--dry-run"))
        self.assertIn("nothing was removed", self.bad(1, *some, stdin="n\n"))
        self.assertIn("--yes", self.bad(2, *some, stdin=""))
        self.assertIn("2 rows of purchases removed", self.good(*some, stdin="y\n"))
        self.assertIn("2 rows of purchases removed",
                      self.good("delete", "purchases", "--where", "customer_id = 'gone'", "--yes"))
        self.assertEqual(self.suite.counts()["purchases"], 60)
        self.assertIn("at byte 0", self.bad(1, "delete", "purchases", "--where", "1 = 1", "--yes"))
        self.assertIn("0 rows of customer_clv removed", self.good("truncate", "customer_clv", "--yes"))
        self.assertIn("delete", self.good("jobs"))
        self.good("jobs", "--limit", "1")

    def test_quarantine(self):
        self.clv("load", "--name", "customers", "-", stdin='{"name":"Dé"}\n{"customer_id":"q","active":7}\n')
        self.assertIn("got nothing, want a value", self.good("quarantine", "customers"))
        self.assertIn("0, 1, true or false", self.good("quarantine", "customers", "reasons"))
        self.assertIn("0 rows accepted, 2 left", self.good("quarantine", "customers", "retry"))
        lines = self.good("quarantine", "customers", "list", "--ndjson")
        mended = lines.replace('\\"active\\":7', '\\"active\\":1')
        self.assertNotEqual(lines, mended)
        self.assertIn("1 row accepted, 1 left",
                      self.good("quarantine", "customers", "retry", "--mended", "-", stdin=mended))
        self.assertIn("1 row of customers removed",
                      self.good("delete", "customers", "--where", "customer_id = 'q'", "--yes"))
        self.assertIn("1 row of customers_quarantine removed",
                      self.good("truncate", "customers_quarantine", "--yes"))
        self.assertIn("no {", self.bad(2, "quarantine", "customers", "retry", "--mended", "-", stdin="nonsense"))

    def test_tokens(self):
        secret = self.good("tokens", "create", "reports", "PIPES:READ:clv_by_segment").strip()
        self.assertIn("reports", self.good("tokens", "list"))
        self.assertNotIn(secret, self.good("tokens", "list"))

        def exit_code():
            return self.clv("query", "clv_by_segment", CLV_TOKEN=secret).returncode

        eventually(lambda: exit_code() == 0, "the token opens", 10)
        self.bad(1, "query", "total_customer_value", CLV_TOKEN=secret)
        fresh = self.good("tokens", "refresh", "reports").strip()
        eventually(lambda: exit_code() == 1, "the old text closes", 10)
        self.good("query", "clv_by_segment", CLV_TOKEN=fresh)
        self.good("tokens", "update", "reports", "--scope", "PIPES:READ:total_customer_value", "--description", "x")
        secret = fresh
        eventually(lambda: exit_code() == 1, "the old scope closes", 10)
        self.good("query", "total_customer_value", CLV_TOKEN=fresh)
        self.bad(2, "tokens", "update", "reports")
        self.good("tokens", "delete", "reports")
        eventually(lambda: exit_code() == 1, "the token closes", 10)
        self.bad(1, "tokens", "delete", "reports")

    def test_jwt(self):
        jwt = self.good("tokens", "jwt", "user_1", "PIPES:READ:clv_by_segment", "--fixed", "country=USA",
                        "--expires-in", "600").strip()
        self.assertTrue(jwt.startswith("eyJ"))
        fixed = self.good("query", "clv_by_segment", "country=Nowhere", "-o", "csv", CLV_TOKEN=jwt)
        self.assertEqual(fixed, self.good("query", "clv_by_segment", "country=USA", "-o", "csv"))
        self.bad(1, "query", "total_customer_value", CLV_TOKEN=jwt)
        self.bad(1, "tokens", "jwt", "user_1", "PIPES:READ:nothing")
        self.bad(2, "tokens", "jwt", "user_1", "ADMIN")
        self.bad(2, "tokens", "jwt", "user_1", "PIPES:READ:clv_by_segment", "--fixed", "country")

    def test_token_file(self):
        path = os.path.join(self.suite.data_dir, "admin_token")
        self.good("query", "clv_by_segment", "--token-file", path, CLV_TOKEN=None)
        self.good("query", "clv_by_segment", CLV_TOKEN=None, CLV_ADMIN_TOKEN=self.suite.admin_token)

    def test_wrong_token(self):
        for command in (("status",), ("query", "clv_by_segment"), ("load", self.purchases), ("tokens", "list"),
                        ("verify",), ("jobs",), ("datasources",), ("quarantine", "customers"),
                        ("delete", "customers", "--where", "active = 1", "--yes"), ("truncate", "customers", "--yes")):
            with self.subTest(command):
                self.bad(1, *command, CLV_TOKEN="wrong")

    def test_no_server(self):
        self.bad(1, "query", "clv_by_segment", CLV_URL="http://127.0.0.1:1")

    def test_usage_errors(self):
        for arguments in ((), ("nonsense",), ("query",), ("query", "clv_by_segment", "-o", "xml"), ("load",),
                          ("load", "/nonexistent/purchases.ndjson"), ("load", "--connections", "0", self.purchases),
                          ("load", __file__), ("query", "clv_by_segment", "no-equals-sign"), ("tokens",),
                          ("tokens", "create", "name"), ("status", "--nonsense"), ("delete", "customers"),
                          ("delete", "--where", "active = 1"), ("truncate",), ("quarantine",),
                          ("quarantine", "customers", "mend"), ("jobs", "--limit", "0"),
                          ("quarantine", "customers", "retry", "--import-id", "i", "--mended", "f")):
            with self.subTest(arguments):
                self.bad(2, *arguments)
        self.bad(2, "status", CLV_TOKEN=None)
        self.bad(2, "status", CLV_URL="nonsense://")

    def test_help(self):
        self.assertIn("load", self.good("--help"))
        for command in ("load", "query", "status", "verify", "rebuild", "tokens", "datasources", "delete", "truncate",
                        "quarantine", "jobs"):
            self.assertIn("--help", self.good(command, "--help"))


if __name__ == "__main__":
    unittest.main()
