"""Bad input: each the status and body that the REST contract names, and nothing changed."""

import gzip
import json
import unittest

import http_client
from harness import ONE_PROCESS, SEPARATE, SharedSuiteTest

GOOD = {"purchase_id": "p1", "customer_id": "c1", "purchase_amount": 10.5, "purchase_date": "2023-05-01 10:00:00"}
GOOD_CUSTOMER = {"customer_id": "c1", "signup_date": "2023-01-01"}
GOOD_CLV = {"customer_id": "c9", "total_spend": 10, "purchase_count": 2, "first_purchase_date": "2023-01-01",
            "last_purchase_date": "2023-02-01", "updated_at": "2023-02-02"}

# Endpoint, parameter, values that it refuses.
BAD_PARAMETERS = (
    ("total_customer_value", "limit", ("-1", "1.5", "100001", "abc", "1e3", "99999999999999999999", "0x10")),
    ("total_customer_value", "page", ("-1", "1.5", "x")),
    ("total_customer_value", "page_size", ("-1", "100001", "x")),
    ("total_customer_value", "sort", ("foo", "total_spend desc")),
    ("total_customer_value", "start_date",
     ("garbage", "2023-13-01", "2023-02-30", "01/02/2023", "2023-01-01 25:00:00", "'; DROP TABLE customers; --")),
    ("total_customer_value", "end_date", ("garbage", "2023-00-10")),
    ("total_customer_value", "as_of", ("yesterday", "2023-1-1x", "1e9")),
    ("clv_by_segment", "start_date", ("garbage",)),
    ("clv_by_segment", "limit", ("-1",)),
    ("clv_by_acquisition_source", "end_date", ("garbage",)),
    ("customer_retention", "granularity", ("foo", "month,week")),
    ("customer_retention", "cohort_by", ("foo",)),
    ("customer_retention", "periods", ("-1", "1001", "1.5", "x")),
    ("customer_retention", "retention", ("foo",)),
    ("purchase_frequency_analysis", "view", ("foo",)),
    ("purchase_frequency_analysis", "buckets", ("3,2", "2,3", "1,1", "1,x", "1,-2", "0,1", "1;2", "1,2.5")),
    ("clv_prediction", "horizon_days", ("0", "-1", "x", "1.5")),
    ("clv_prediction", "discount_rate", ("abc", "-2", "nan", "inf")),
    ("clv_prediction", "margin", ("abc", "nan")),
    ("clv_prediction", "model", ("foo",)),
    ("clv_prediction", "interval", ("0", "1", "1.5", "x", "nan")),
    ("clv_prediction", "min_p_alive", ("x", "2", "-1", "nan")),
    ("customer_segmentation", "level", ("foo",)),
    ("customer_segmentation", "limit", ("-1",)),
)

ABSENT = object()

# Data source, good row, column, values that put the row into quarantine under this column.
BAD_VALUES = (
    ("purchases", GOOD, "purchase_id", (ABSENT, None, "", True, [], {}, 1.5, "a\u0000b", "a\nb", "x" * 257)),
    ("purchases", GOOD, "customer_id", (ABSENT, None, "", True, ["c1"], {"id": "c1"}, "\u0085")),
    ("purchases", GOOD, "purchase_amount",
     (ABSENT, None, "", "abc", True, [], {}, 1e10, "1e3", "1.1234567", "--1", "1,5", "NaN", "0x10", 10**400)),
    ("purchases", GOOD, "purchase_date",
     (ABSENT, None, "", "garbage", "2023-02-30", "2023-13-01 00:00:00", 1700000000000, "1969-12-31 23:59:59", -1,
      "2999-01-01", True, [], "2023-01-01 24:61:00")),
    ("purchases", GOOD, "currency", ("US", "DOLLARS", "U$D", 5.5, True)),
    ("purchases", GOOD, "order_id", (True, [], "x" * 257)),
    ("purchases", GOOD, "created_at", ("soon", "2999-01-01")),
    ("purchases", GOOD, "product_name", ("x" * 1025, "tab\there", {})),
    ("customers", GOOD_CUSTOMER, "customer_id", (ABSENT, None, "", False)),
    ("customers", GOOD_CUSTOMER, "active", (2, "maybe", -1, [])),
    ("customers", GOOD_CUSTOMER, "signup_date", ("garbage", "0000-00-00")),
    ("customers", GOOD_CUSTOMER, "country", ("x" * 257, True)),
    ("customer_clv", GOOD_CLV, "purchase_count", (ABSENT, 0, -1, 1.5, "x", "1.0", 10**30, True)),
    ("customer_clv", GOOD_CLV, "total_spend", (ABSENT, "x", 1e13, [])),
    ("customer_clv", GOOD_CLV, "updated_at", (ABSENT, None, "x")),
)


def with_value(row, column, value):
    changed = dict(row)
    if value is ABSENT:
        del changed[column]
    else:
        changed[column] = value
    return json.dumps(changed)


def zstd_frame(content):
    """A Zstandard frame of one raw block (at most 255 bytes)."""
    return (b"\x28\xb5\x2f\xfd\x20" + bytes([len(content)]) +
            (len(content) << 3 | 1).to_bytes(3, "little") + content)


class BadInput:
    """Everything is asked of both topologies."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.suite.events("customers", json.dumps(GOOD_CUSTOMER))
        cls.suite.events("purchases", json.dumps(GOOD), wait=True)

    def setUp(self):
        self.before = self.suite.counts()

    def assert_nothing_changed(self):
        self.assertEqual(self.suite.counts(), self.before)

    def assert_error(self, answer, status, *texts):
        """An error of the /v0 face, whose message has these texts."""
        self.assertEqual(answer.status, status, answer)
        self.assertTrue(answer.headers["content-type"].startswith("application/json"), answer.headers)
        body = answer.json()
        self.assertIsInstance(body.get("error"), str)
        self.assertIsInstance(body.get("documentation"), str)
        for text in texts:
            self.assertIn(text, body["error"])
        for token in self.suite.tokens.values():
            self.assertNotIn(token, answer.text)
        return body

    # ---- refused requests

    def test_events_refused_as_a_whole(self):
        row = json.dumps(GOOD)
        events = "/v0/events"
        cases = (
            ("unknown data source", "?name=nothing", row, {}, 404, 'Data Source "nothing" does not exist'),
            ("quarantine is no target", "?name=purchases_quarantine", row, {}, 404, "purchases_quarantine"),
            ("missing name", "", row, {}, 400, "name"),
            ("empty name", "?name=", row, {}, 400, "name"),
            ("empty body", "?name=purchases", "", {}, 400, ""),
            ("blank body", "?name=purchases", " \n\t\n", {}, 400, ""),
            ("unknown encoding", "?name=purchases", row, {"Content-Encoding": "br"}, 415, "br"),
            ("broken gzip", "?name=purchases", row, {"Content-Encoding": "gzip"}, 400, ""),
            ("broken zstd", "?name=purchases", row, {"Content-Encoding": "zstd"}, 400, ""),
            ("bad format", "?name=purchases&format=csv", row, {}, 400, "csv"),
        )
        for what, query, body, headers, status, text in cases:
            with self.subTest(what):
                answer = self.suite.request("POST", events + query, body, headers=headers)
                self.assert_error(answer, status, text)
        self.assert_nothing_changed()

    def test_too_large(self):
        blank = b" " * (10 * 1000 * 1000 + 1024 * 1024)
        self.assert_error(self.suite.events("purchases", blank + json.dumps(GOOD).encode()), 413)
        bomb = gzip.compress(json.dumps(GOOD).encode() + b" " * (120 * 1000 * 1000), compresslevel=1)
        self.assertLess(len(bomb), 1000 * 1000)
        answer = self.suite.events("purchases", bomb, headers={"Content-Encoding": "gzip"})
        self.assert_error(answer, 413)
        self.assert_nothing_changed()

    def test_too_many_rows(self):
        answer = self.suite.events("purchases", "{}" * 100001)
        self.assertIn(answer.status, (400, 413), answer)
        self.assert_error(answer, answer.status)
        self.assert_nothing_changed()

    def test_unknown_pipes(self):
        for name in ("nothing", "customers", "Clv_By_Segment", "%2e%2e"):
            with self.subTest(name):
                answer = self.suite.request("GET", f"/v0/pipes/{name}.json")
                self.assert_error(answer, 404, f"The pipe '{name.replace('%2e', '.')}' does not exist")
        self.assert_error(self.suite.request("GET", "/v0/pipes/clv_by_segment.xml"), 400, "xml")
        self.assert_nothing_changed()

    def test_bad_parameters(self):
        for endpoint, name, values in BAD_PARAMETERS:
            for value in values:
                with self.subTest(endpoint=endpoint, parameter=name, value=value):
                    self.assert_error(self.suite.pipe(endpoint, {name: value}), 400, name, value)
        self.assert_error(self.suite.pipe("clv_by_segment", {"q": "SELECT 1"}), 400, "q")
        self.assert_nothing_changed()

    def test_bad_parameters_of_the_typed_face(self):
        for query in ("limit=abc", "limit=-1", "limit=100001", "start_date=garbage", "sort=foo", "unknown=1"):
            with self.subTest(query):
                answer = self.suite.request("GET", "/v1/reports/total_customer_value?" + query)
                self.assertEqual(answer.status, 400, answer)
                self.assertTrue(answer.headers["content-type"].startswith("application/json"))
                self.assertIn(query.split("=")[0], answer.json()["message"])

    def test_parameters_that_are_ignored(self):
        plain = self.suite.rows("total_customer_value")
        for parameters in ({"unknown": "1"}, {"limit": ""}, {"country": ""}, {"from": "ts-sdk", "granularity": "foo"},
                           {"start_date": "", "end_date": ""}, {"sort": ""}):
            with self.subTest(parameters):
                self.assertEqual(self.suite.rows("total_customer_value", **parameters), plain)

    # ---- tokens

    def test_tokens_on_v0(self):
        row = json.dumps(GOOD)
        wrong = "p.wrong-token-5f0e2b"
        cases = (
            ("no token, events", "POST", "/v0/events?name=purchases", row, None),
            ("no token, pipe", "GET", "/v0/pipes/clv_by_segment.json", None, None),
            ("no token, unknown pipe", "GET", "/v0/pipes/nothing.json", None, None),
            ("no token, unknown data source", "POST", "/v0/events?name=nothing", row, None),
            ("wrong token, events", "POST", "/v0/events?name=purchases", row, wrong),
            ("wrong token, pipe", "GET", "/v0/pipes/clv_by_segment.json", None, wrong),
            ("empty token", "GET", "/v0/pipes/clv_by_segment.json?token=", None, None),
            ("wrong token in the query", "GET", f"/v0/pipes/clv_by_segment.json?token={wrong}", None, None),
            ("append token on a pipe", "GET", "/v0/pipes/clv_by_segment.json", None, "append"),
            ("read token on events", "POST", "/v0/events?name=purchases", row, "read"),
        )
        for what, method, target, body, token in cases:
            with self.subTest(what):
                answer = self.suite.request(method, target, body, token=token)
                self.assert_error(answer, 403)
                self.assertNotIn(wrong, answer.text)
        invalid = self.suite.request("GET", "/v0/pipes/clv_by_segment.json", token=None)
        self.assertIn("invalid authentication token", invalid.json()["error"].lower())
        self.assertIn("#authentication", invalid.json()["documentation"])
        self.assert_nothing_changed()

    def test_tokens_that_suffice(self):
        answer = self.suite.events("purchases", json.dumps(GOOD), token="append")
        self.assert_accepted(answer, 1)
        self.assertEqual(self.suite.pipe("clv_by_segment", token="read").status, 200)
        # The header wins over the query.
        target = "/v0/pipes/clv_by_segment.json?token=wrong"
        self.assertEqual(self.suite.request("GET", target, token="read").status, 200)
        target = f"/v0/pipes/clv_by_segment.json?token={self.suite.tokens['read']}"
        self.assertEqual(self.suite.request("GET", target, token="wrong").status, 403)
        self.assertEqual(self.suite.request("GET", target, token=None).status, 200)

    def test_tokens_on_v1(self):
        for token, status in ((None, 401), ("wrong", 401), ("append", 403)):
            for target in ("/v1/status", "/v1/reports/clv_by_segment", "/v1/tokens", "/v1/jobs"):
                with self.subTest(token=token, target=target):
                    answer = self.suite.request("GET", target, token=token)
                    self.assertEqual(answer.status, status, answer)
                    self.assertTrue(answer.headers["content-type"].startswith("application/json"))
                    self.assertIsInstance(answer.json()["message"], str)
                    if status == 401:
                        self.assertIn("www-authenticate", answer.headers)
        for target in ("/v1/status", "/v1/tokens", "/v1/jobs"):
            self.assertEqual(self.suite.request("GET", target, token="read").status, 403)
        answer = self.suite.request("POST", "/v1/jobs:rebuild", "{}", token="append")
        self.assertEqual(answer.status, 403)
        self.assert_nothing_changed()

    def test_tokens_are_not_logged(self):
        self.suite.request("GET", f"/v0/pipes/clv_by_segment.json?token={self.suite.admin_token}", token=None)
        self.suite.request("GET", f"/v0/pipes/nothing.json?token={self.suite.admin_token}", token=None)
        self.suite.request("GET", f"/v0/nothing?token={self.suite.admin_token}", token=None)
        logs = self.suite.logs()
        for token in self.suite.tokens.values():
            self.assertNotIn(token, logs)

    # ---- methods and paths

    def test_methods(self):
        cases = (("DELETE", "/v0/events?name=purchases", "POST"), ("GET", "/v0/events?name=purchases", "POST"),
                 ("PUT", "/v0/pipes/clv_by_segment.json", "GET"), ("PATCH", "/v0/pipes/clv_by_segment.json", "POST"),
                 ("POST", "/v1/status", "GET"), ("DELETE", "/v1/reports/clv_by_segment", "GET"),
                 ("PUT", "/v1/tokens", "POST"))
        for method, target, allowed in cases:
            with self.subTest(method=method, target=target):
                answer = self.suite.request(method, target)
                self.assertEqual(answer.status, 405, answer)
                self.assertIn(allowed, [word.strip() for word in answer.headers["allow"].split(",")])
                self.assertTrue(answer.headers["content-type"].startswith("application/json"))
        self.assert_nothing_changed()

    def test_paths(self):
        for target in ("/v0/nothing", "/v0", "/v0/", "/v0/pipes/a/b.json", "/v0/events/x"):
            with self.subTest(target):
                self.assert_error(self.suite.request("GET", target), 404)
        for target in ("/nothing", "/v1", "/v1/reports/nothing", "/v2/status", "/..", "//v1/status"):
            with self.subTest(target):
                answer = self.suite.request("GET", target)
                self.assertEqual(answer.status, 404, answer)
                self.assertTrue(answer.headers["content-type"].startswith("application/json"))
                self.assertIsInstance(answer.json()["message"], str)
        self.assert_nothing_changed()

    def test_garbage_on_the_wire(self):
        for data in (b"garbage\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
                     b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
                     b"POST /v0/events?name=purchases HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n"):
            with self.subTest(data):
                answer = http_client.raw_request(self.suite.addresses["http"], data)
                self.assertEqual(answer.status // 100, 4, answer)
        huge = b"GET / HTTP/1.1\r\nHost: x\r\nX-Huge: " + b"a" * 100000 + b"\r\n\r\n"
        try:
            answer = http_client.raw_request(self.suite.addresses["http"], huge)
            self.assertIn(answer.status, (400, 431), answer)
        except ConnectionError:
            pass  # It may hang up on who goes on talking.
        self.assert_nothing_changed()

    # ---- rows in quarantine

    def test_values_in_quarantine(self):
        for data_source, row, column, values in BAD_VALUES:
            body = "\n".join(with_value(row, column, value) for value in values)
            with self.subTest(data_source=data_source, column=column):
                self.assert_accepted(self.suite.events(data_source, body), 0, len(values))
                listed = self.suite.rows(data_source + "_quarantine", limit=len(values))
                for entry, value in zip(listed, reversed(values)):
                    self.assertEqual(entry["c__error_column"], [column], entry)
                    self.assertEqual(len(entry["c__error"]), 1)
                    self.assertEqual(entry["raw"], with_value(row, column, value))
                    self.assertEqual(entry["raw_length"], len(entry["raw"].encode()))
        after = self.suite.counts()
        # Refused rows change nothing but their quarantine.
        self.assertEqual({**after, "quarantine": None}, {**self.before, "quarantine": None})
        for data_source in ("customers", "purchases", "customer_clv"):
            refused = sum(len(values) for name, _, _, values in BAD_VALUES if name == data_source)
            self.assertEqual(after["quarantine"].get(data_source, 0),
                             self.before["quarantine"].get(data_source, 0) + refused)

    def test_values_that_are_no_rows(self):
        bodies = (("5", 1), ('"text"', 1), ("null", 1), ("true", 1), ("{", 1), ('{"purchase_id":', 1), ("not json", 1),
                  ("[1,2]", 2), ('{"purchase_id":"p" "customer_id"}', 1), ("\ufeff not json", 1),
                  ("<html></html>", 1), ("[" * 2000, 1), ('{"a":' * 500 + "1" + "}" * 500, 1))
        for body, refused in bodies:
            with self.subTest(body[:40]):
                self.assert_accepted(self.suite.events("purchases", body), 0, refused)
                entry = self.suite.rows("purchases_quarantine", limit=1)[0]
                self.assertEqual(entry["c__error_column"], [])
                self.assertEqual(len(entry["c__error"]), 1)

    def test_row_order_of_a_clv_record(self):
        for change in ({"first_purchase_date": "2023-02-02"}, {"updated_at": "2023-01-15"}):
            self.assert_accepted(self.suite.events("customer_clv", json.dumps({**GOOD_CLV, **change})), 0, 1)

    def test_bytes_that_are_no_utf8(self):
        body = b'{"purchase_id":"p\xff","customer_id":"c1","purchase_amount":1,"purchase_date":"2023-05-01"}'
        self.assert_accepted(self.suite.events("purchases", body), 0, 1)
        self.assertEqual(self.suite.pipe("purchases_quarantine", {"limit": 1}).status, 200)

    def test_bad_line_in_the_middle(self):
        rows = [json.dumps({**GOOD, "purchase_id": f"m{n}", "customer_id": "middle"}) for n in range(4)]
        body = "\n".join([rows[0], "{broken", rows[1], '{"purchase_id":"m9"}', rows[2], "]", rows[3]])
        self.assert_accepted(self.suite.events("purchases", body, wait=True), 4, 3, status=200)
        total = self.suite.rows("total_customer_value", customer_id="middle")[0]
        self.assertEqual((float(total["total_spend"]), total["purchase_count"]), (42.0, 4))

    def test_quarantine_listing(self):
        self.suite.events("purchases", '{"purchase_id":7,"customer_id":"","purchase_amount":"x","extra":1}')
        answer = self.suite.pipe("purchases_quarantine", {"limit": 2})
        self.assertEqual(answer.status, 200, answer)
        columns = [column["name"] for column in answer.json()["meta"]]
        self.assertEqual(columns[:3], ["c__error_column", "c__error", "c__import_id"])
        self.assertEqual(columns[3:], [
            "purchase_id", "customer_id", "purchase_amount", "purchase_date", "product_id", "product_name",
            "product_category", "payment_method", "currency", "created_at", "order_id", "insertion_date", "raw",
            "raw_length"])
        entry = answer.json()["data"][0]
        self.assertEqual(entry["c__error_column"], ["customer_id", "purchase_amount", "purchase_date"])
        self.assertEqual(len(entry["c__error"]), 3)
        self.assertEqual((entry["purchase_id"], entry["purchase_amount"], entry["product_id"]), ("7", "x", None))
        for token, status in (("append", 200), ("wrong", 403), (None, 403)):
            self.assertEqual(self.suite.pipe("purchases_quarantine", token=token).status, status)
        for form in ("csv", "ndjson"):
            self.assertEqual(self.suite.pipe("purchases_quarantine", {"limit": 1}, form=form).status, 200)
        self.assert_error(self.suite.pipe("nothing_quarantine"), 404)
        # Mended rows can be sent again.
        self.assert_accepted(self.suite.events("purchases", json.dumps({**GOOD, "purchase_id": 7}), wait=True), 1,
                             status=200)

    # ---- input that looks bad and is not

    def test_forms_of_bodies(self):
        rows = [json.dumps({**GOOD, "purchase_id": f"f{n}", "customer_id": "forms"}) for n in range(3)]
        pretty = json.dumps(json.loads(rows[0]), indent=2)
        bodies = {
            "NDJSON": "\n".join(rows), "CRLF": "\r\n".join(rows) + "\r\n", "back to back": "".join(rows),
            "array": "[" + ", ".join(rows) + "]", "pretty": pretty, "blank lines": "\n\n" + "\n\n".join(rows) + "\n\n"}
        for what, body in bodies.items():
            for content_type in ("application/x-www-form-urlencoded", "application/json", "text/plain"):
                with self.subTest(what, content_type=content_type):
                    answer = self.suite.events("purchases", body, headers={"Content-Type": content_type})
                    self.assert_accepted(answer, 1 if what == "pretty" else 3)
        self.assert_accepted(
            self.suite.request("POST", "/v0/events?name=purchases&format=json", pretty), 1)
        self.assert_accepted(self.suite.events("purchases", "[]"), 0)
        packed = gzip.compress("\n".join(rows).encode())
        self.assert_accepted(self.suite.events("purchases", packed, headers={"Content-Encoding": "gzip"}), 3)
        packed = zstd_frame(rows[0].encode())
        self.assert_accepted(self.suite.events("purchases", packed, headers={"Content-Encoding": "zstd"}), 1)
        self.suite.wait_folded()
        total = self.suite.rows("total_customer_value", customer_id="forms")[0]
        self.assertEqual((float(total["total_spend"]), total["purchase_count"]), (31.5, 3))

    def test_forms_of_values(self):
        amounts = {"1": 1.0, '"2.50"': 2.5, "3e0": 3.0, '"4.5000000"': 4.5, "0.1": 0.1, '"+6"': 6.0, "-0.25": -0.25,
                   "1000000000": 1e9, "0.0000005": 0.0, "0.0000015": 0.000002}
        for index, (text, value) in enumerate(amounts.items()):
            body = (f'{{"purchase_id":"v{index}","customer_id":{900 + index},"purchase_amount":{text},'
                    f'"purchase_date":1683000000,"created_at":"2023-05-02T04:00:00.123Z","extra":{{"a":[1]}}}}')
            self.assert_accepted(self.suite.events("purchases", body, wait=True), 1, status=200)
            total = self.suite.rows("total_customer_value", customer_id=900 + index)[0]
            self.assertEqual(float(total["total_spend"]), value, text)
            if total["last_purchase_date"] is not None:
                self.assertEqual(total["last_purchase_date"], "2023-05-02 04:00:00")

    def test_verification_is_clean_at_the_end(self):
        self.suite.verify()


class BadInputOneProcessTest(BadInput, SharedSuiteTest):
    topology = ONE_PROCESS


class BadInputSeparateProcessesTest(BadInput, SharedSuiteTest):
    topology = SEPARATE


if __name__ == "__main__":
    unittest.main()
