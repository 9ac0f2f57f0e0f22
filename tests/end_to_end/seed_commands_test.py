"""The seed's commands, in its order, with nothing but host and token changed."""

import subprocess
import unittest

import http_client
from harness import ONE_PROCESS, SEPARATE, SuiteTest
from programs import clean_environment

HOST = "https://api.europe-west2.gcp.tinybird.co"

POSTS = (
    f'''curl -X POST "{HOST}/v0/events?name=customers" \\
     -H "Authorization: Bearer $TB_ADMIN_TOKEN" \\
     -d '{{"customer_id":"c123","name":"John Doe","email":"john@example.com","signup_date":"2023-01-15 10:30:00","country":"USA","customer_segment":"Premium","acquisition_source":"Organic Search","active":1,"created_at":"2023-01-15 10:30:00"}}\'''',
    f'''curl -X POST "{HOST}/v0/events?name=customer_clv" \\
     -H "Authorization: Bearer $TB_ADMIN_TOKEN" \\
     -d '{{"customer_id":"c123","total_spend":500.25,"purchase_count":5,"first_purchase_date":"2023-01-16 14:20:00","last_purchase_date":"2023-06-20 09:15:00","customer_segment":"Premium","country":"USA","acquisition_source":"Organic Search","updated_at":"2023-06-20 09:15:00"}}\'''',
    f'''curl -X POST "{HOST}/v0/events?name=purchases" \\
     -H "Authorization: Bearer $TB_ADMIN_TOKEN" \\
     -d '{{"purchase_id":"p456","customer_id":"c123","product_id":"prod789","product_name":"Premium Subscription","product_category":"Subscription","purchase_amount":99.99,"purchase_date":"2023-01-16 14:20:00","payment_method":"Credit Card","currency":"USD","created_at":"2023-01-16 14:20:00"}}\'''',
)

GETS = {
    "customer_retention":
        f'curl -X GET "{HOST}/v0/pipes/customer_retention.json?token=$TB_ADMIN_TOKEN&country=USA&customer_segment=Premium"',
    "clv_by_segment":
        f'curl -X GET "{HOST}/v0/pipes/clv_by_segment.json?token=$TB_ADMIN_TOKEN&start_date=2023-01-01 00:00:00&end_date=2023-12-31 23:59:59&country=USA"',
    "purchase_frequency_analysis":
        f'curl -X GET "{HOST}/v0/pipes/purchase_frequency_analysis.json?token=$TB_ADMIN_TOKEN&customer_segment=Premium&country=USA"',
    "clv_by_acquisition_source":
        f'curl -X GET "{HOST}/v0/pipes/clv_by_acquisition_source.json?token=$TB_ADMIN_TOKEN&start_date=2023-01-01 00:00:00&end_date=2023-12-31 23:59:59&customer_segment=Premium"',
    "clv_prediction":
        f'curl -X GET "{HOST}/v0/pipes/clv_prediction.json?token=$TB_ADMIN_TOKEN&customer_segment=Premium&country=USA&limit=50"',
    "customer_segmentation":
        f'curl -X GET "{HOST}/v0/pipes/customer_segmentation.json?token=$TB_ADMIN_TOKEN&country=USA&acquisition_source=Organic%20Search&limit=100"',
    "total_customer_value":
        f'curl -X GET "{HOST}/v0/pipes/total_customer_value.json?token=$TB_ADMIN_TOKEN&customer_id=c123&country=USA&customer_segment=Premium"',
}
WITH_SPACES = ("clv_by_segment", "clv_by_acquisition_source")


class SeedCommands:
    """The same commands against both topologies."""

    topology = ONE_PROCESS

    def setUp(self):
        self.suite = self.start_suite(self.topology)

    def curl(self, command):
        """Runs a command of the seed by the shell; returns status and content type with the body."""
        command = command.replace(HOST, "http://" + self.suite.addresses["http"])
        command += r" -s -S --max-time 30 -w '\n%{http_code} %{content_type}'"
        result = subprocess.run(
            ["sh", "-c", command], env=clean_environment({"TB_ADMIN_TOKEN": self.suite.admin_token}),
            capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        body, _, trailer = result.stdout.rpartition("\n")
        status, _, content_type = trailer.partition(" ")
        return http_client.Answer(int(status), {"content-type": content_type}, body.encode())

    def raw_get(self, command):
        """What an older curl sends for a command with spaces in its URL."""
        target = command.split(HOST)[1].rstrip('"').replace("$TB_ADMIN_TOKEN", self.suite.admin_token)
        self.assertIn(" 00:00:00&", target)
        head = f"GET {target} HTTP/1.1\r\nHost: {self.suite.addresses['http']}\r\nConnection: close\r\n\r\n"
        return http_client.raw_request(self.suite.addresses["http"], head.encode())

    def data(self, answer):
        self.assertEqual(answer.status, 200, answer)
        self.assertTrue(answer.headers["content-type"].startswith("application/json"), answer.headers)
        document = answer.json()
        self.assertEqual(list(document)[:3], ["meta", "data", "rows"])
        self.assertEqual(document["rows"], len(document["data"]))
        columns = [column["name"] for column in document["meta"]]
        for row in document["data"]:
            self.assertEqual(list(row), columns)
        self.assertEqual(document["context"]["as_of"],
                         "2023-06-20 23:59:59" if "p_alive" in columns and "churn_risk" in columns
                         else "2023-06-20 09:15:00")
        self.assertEqual(document["context"]["reporting_currency"], "USD")
        return document["data"]

    def test_commands_in_order(self):
        for command in POSTS:
            self.assert_accepted(self.curl(command), 1, status=202)
        self.suite.wait_folded()
        # The same again is harmless, and with wait=true it is a 200.
        for command in POSTS:
            self.assert_accepted(self.curl(command.replace('" \\', '&wait=true" \\', 1)), 1, status=200)

        data = {}
        for name, command in GETS.items():
            if name in WITH_SPACES:
                raw = self.raw_get(command)
                data[name] = self.data(raw)
                url = command.replace("curl -X GET ", "")
                for space in ("%20", "+"):
                    answer = self.curl("curl -X GET " + url.replace(" ", space))
                    self.assertEqual(self.data(answer), data[name])
            else:
                data[name] = self.data(self.curl(command))

        self.check_retention(data["customer_retention"])
        self.check_groups(data["clv_by_segment"], "customer_segment", "Premium")
        self.check_groups(data["clv_by_acquisition_source"], "acquisition_source", "Organic Search")
        self.check_frequency(data["purchase_frequency_analysis"])
        self.check_prediction(data["clv_prediction"])
        self.check_segmentation(data["customer_segmentation"])
        self.check_total(data["total_customer_value"])
        self.suite.verify()

    def check_retention(self, rows):
        cohort = [row for row in rows if row["cohort"] is not None]
        self.assertEqual({row["cohort"] for row in cohort}, {"2023-01-01"})
        self.assertEqual([row["period"] for row in cohort], [0, 1, 2, 3, 4, 5])
        # The two dates of the imported record are activity.
        self.assertEqual([row["retained_customers"] for row in cohort], [1, 0, 0, 0, 0, 1])
        self.assertEqual([row["orders"] for row in cohort], [1, 0, 0, 0, 0, 0])
        self.assertEqual([row["is_complete"] for row in cohort], [1, 1, 1, 1, 1, 0])
        self.assertEqual(float(cohort[0]["revenue"]), 99.99)
        self.assertEqual([row["period"] for row in rows if row["cohort"] is None], [0, 1, 2, 3, 4])

    def check_groups(self, rows, column, group):
        self.assertEqual([row[column] for row in rows], [group])
        row = rows[0]
        self.assertEqual((row["customers"], row["orders"], row["window_orders"]), (1, 5, 1))
        self.assertEqual((float(row["total_revenue"]), float(row["window_revenue"])), (500.25, 99.99))
        self.assertEqual(row["share_of_customers"], 1)
        if "signups" in row:
            self.assertEqual((row["signups"], row["signup_to_purchase_rate"]), (1, 1))

    def check_frequency(self, rows):
        self.assertEqual([row["bucket"] for row in rows], ["1", "2", "3-5", "6-10", "11-20", "21+"])
        self.assertEqual([row["customers"] for row in rows], [0, 0, 1, 0, 0, 0])
        self.assertEqual([row["orders"] for row in rows], [0, 0, 5, 0, 0, 0])
        self.assertEqual(float(rows[2]["revenue"]), 500.25)

    def check_prediction(self, rows):
        self.assertEqual([row["customer_id"] for row in rows], ["c123"])
        row = rows[0]
        self.assertEqual((row["model"], row["confidence"], row["p_alive"]), ("average", "low", None))
        self.assertEqual((float(row["total_spend"]), row["purchase_count"]), (500.25, 5))
        self.assertEqual((row["frequency"], row["recency_days"], row["tenure_days"]), (4, 155, 155))
        self.assertGreater(row["predicted_clv"], 0)

    def check_segmentation(self, rows):
        self.assertEqual([row["customer_id"] for row in rows], ["c123"])
        self.assertEqual((rows[0]["rfm_score"], rows[0]["rfm_segment"]), ("111", "Lost"))

    def check_total(self, rows):
        self.assertEqual([row["customer_id"] for row in rows], ["c123"])
        row = rows[0]
        self.assertEqual((float(row["total_spend"]), row["purchase_count"]), (500.25, 5))
        self.assertEqual((row["name"], row["email"]), ("John Doe", "john@example.com"))
        self.assertEqual((row["country"], row["customer_segment"], row["active"]), ("USA", "Premium", 1))
        self.assertEqual((row["first_purchase_date"], row["last_purchase_date"]),
                         ("2023-01-16 14:20:00", "2023-06-20 09:15:00"))
        self.assertEqual((row["value_rank"], row["favorite_category"]), (1, "Subscription"))


class SeedCommandsOneProcessTest(SeedCommands, SuiteTest):
    topology = ONE_PROCESS


class SeedCommandsSeparateProcessesTest(SeedCommands, SuiteTest):
    topology = SEPARATE


if __name__ == "__main__":
    unittest.main()
