"""Flags of every program: help, environment, and a clear end with exit code 2 on bad configuration."""

import os
import shutil
import tempfile
import unittest

import http_client
from harness import ONE_PROCESS, SEPARATE, SuiteTest
from programs import Program, run

FLAGS = {
    "clv-suite": ("data-dir", "http-address", "grpc-address", "metrics-address", "reporting-currency",
                  "log-retention", "cors-origin", "rate-limit-requests", "rate-limit-bytes"),
    "clv-ingest": ("data-dir", "grpc-address", "metrics-address", "aggregation", "query", "log-retention",
                   "rate-limit-requests", "rate-limit-bytes"),
    "clv-aggregation": ("data-dir", "grpc-address", "metrics-address", "reporting-currency", "rate-limit-requests",
                        "rate-limit-bytes"),
    "clv-query": ("data-dir", "grpc-address", "metrics-address", "rate-limit-requests", "rate-limit-bytes"),
    "clv-gateway": ("http-address", "metrics-address", "ingest", "aggregation", "query", "cors-origin"),
}
WITH_DATA = ("clv-suite", "clv-ingest", "clv-aggregation", "clv-query")


class FlagsTest(SuiteTest):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="clv-flags.")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.data = os.path.join(self.directory, "data")

    def assert_refused(self, result, *texts):
        self.assertEqual(result.returncode, 2, result)
        self.assertNotIn("ready", result.stdout)
        for text in texts:
            self.assertIn(text, result.stderr)

    def arguments(self, name, **changes):
        """Good arguments with some of them changed."""
        values = {"data-dir": self.data, "grpc-address": "127.0.0.1:0", "http-address": "127.0.0.1:0"}
        values = {flag: value for flag, value in values.items() if flag in FLAGS[name]}
        values.update({flag.replace("_", "-"): value for flag, value in changes.items()})
        return [word for flag, value in values.items() for word in ("--" + flag, value)]

    def test_help(self):
        for name, flags in FLAGS.items():
            with self.subTest(name):
                result = run(name, "--help")
                self.assertEqual(result.returncode, 0, result)
                for flag in flags:
                    self.assertIn("--" + flag, result.stdout)
                    self.assertIn("CLV_" + flag.upper().replace("-", "_"), result.stdout)
                version = run(name, "--version")
                self.assertEqual(version.returncode, 0)
                self.assertRegex(version.stdout, r"\d+\.\d+\.\d+")

    def test_unknown_flag(self):
        for name in FLAGS:
            with self.subTest(name):
                self.assert_refused(run(name, *self.arguments(name), "--no-such-flag"), "no-such-flag")
        self.assertFalse(os.path.exists(self.data))

    def test_missing_data_directory(self):
        for name in WITH_DATA:
            with self.subTest(name):
                self.assert_refused(run(name), "data-dir")

    def test_data_directory_that_cannot_be(self):
        path = os.path.join(self.directory, "file")
        with open(path, "w", encoding="ascii") as file:
            file.write("no directory")
        for name in WITH_DATA:
            with self.subTest(name):
                self.assert_refused(run(name, *self.arguments(name, data_dir=path)), path)

    def test_bad_addresses(self):
        for name, flags in FLAGS.items():
            for flag in ("grpc-address", "http-address", "metrics-address"):
                if flag not in flags:
                    continue
                for value in ("nonsense", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:http", ":"):
                    with self.subTest(name=name, flag=flag, value=value):
                        self.assert_refused(run(name, *self.arguments(name, **{flag: value})))

    def test_beyond_loopback(self):
        for name, flags in FLAGS.items():
            for flag in ("grpc-address", "http-address", "metrics-address"):
                if flag not in flags:
                    continue
                for value in ("0.0.0.0:0", "[::]:0"):
                    with self.subTest(name=name, flag=flag, value=value):
                        result = run(name, *self.arguments(name, **{flag: value}))
                        self.assert_refused(result, "loopback")

    def test_bad_currency(self):
        for name in ("clv-suite", "clv-aggregation"):
            for value in ("DOLLARS", "US", "U$D", ""):
                with self.subTest(name=name, value=value):
                    self.assert_refused(run(name, *self.arguments(name, reporting_currency=value)), "currency")

    def test_bad_retention(self):
        for name in ("clv-suite", "clv-ingest"):
            with self.subTest(name):
                self.assert_refused(run(name, *self.arguments(name, log_retention="some")), "log-retention")

    def test_bad_cors_origin(self):
        for name in ("clv-suite", "clv-gateway"):
            for value in ("shop.example", "https://shop.example/", "null"):
                with self.subTest(name=name, value=value):
                    self.assert_refused(run(name, *self.arguments(name, cors_origin=value)), "CORS origin", value)

    def test_cors_origins(self):
        for name in ("clv-suite", "clv-gateway"):
            program = Program(name, *self.arguments(name), "--cors-origin", "https://a.example,https://b.example",
                              "--cors-origin", "http://127.0.0.1:3000")
            self.addCleanup(program.close)
            address = program.ready()["http"]
            for origin, allowed in (("https://a.example", True), ("https://b.example", True),
                                    ("http://127.0.0.1:3000", True), ("https://c.example", False)):
                with self.subTest(name=name, origin=origin):
                    answer = http_client.request(
                        address, "OPTIONS", "/v0/pipes/clv_by_segment.json",
                        headers={"Origin": origin, "Access-Control-Request-Method": "GET"})
                    self.assertEqual(answer.status, 204, answer)
                    self.assertEqual(answer.headers.get("access-control-allow-origin"), origin if allowed else None)
                    self.assertEqual(answer.headers.get("access-control-allow-methods"),
                                     "GET, POST" if allowed else None)
            self.assertEqual(program.terminate(), 0)

    def test_bad_rate_limits(self):
        for name in WITH_DATA:
            for flag in ("rate_limit_requests", "rate_limit_bytes"):
                for value in ("-1", "many", "1.5"):
                    with self.subTest(name=name, flag=flag, value=value):
                        self.assert_refused(run(name, *self.arguments(name, **{flag: value})), flag.replace("_", "-"))

    def test_second_process(self):
        suite = self.start_suite(ONE_PROCESS)
        for name in ("clv-suite", "clv-ingest", "clv-aggregation"):
            with self.subTest(name):
                self.assert_refused(run(name, *self.arguments(name, data_dir=suite.data_dir)), name)
        self.assertEqual(suite.pipe("clv_by_segment").status, 200)
        separate = self.start_suite(SEPARATE)
        for name in ("clv-suite", "clv-ingest", "clv-aggregation"):
            with self.subTest(name, beside=SEPARATE):
                self.assert_refused(run(name, *self.arguments(name, data_dir=separate.data_dir)), name)
        # Any number of processes may read.
        reader = Program("clv-query", *self.arguments("clv-query", data_dir=separate.data_dir))
        self.addCleanup(reader.close)
        self.assertIn("grpc", reader.ready())
        self.assertEqual(reader.terminate(), 0)

    def test_address_in_use(self):
        suite = self.start_suite(ONE_PROCESS)
        for flag, address in (("http-address", suite.addresses["http"]), ("grpc-address", suite.addresses["query"])):
            with self.subTest(flag):
                self.assert_refused(run("clv-suite", *self.arguments("clv-suite", **{flag: address})), address)

    def test_environment(self):
        token = "p.environment-token-0123456789abcdef"
        environment = {"CLV_DATA_DIR": self.data, "CLV_HTTP_ADDRESS": "127.0.0.1:0", "CLV_GRPC_ADDRESS": "127.0.0.1:0",
                       "CLV_REPORTING_CURRENCY": "EUR", "CLV_ADMIN_TOKEN": token}
        program = Program("clv-suite", environment=environment)
        self.addCleanup(program.close)
        addresses = program.ready()
        self.assertEqual(set(addresses), {"http", "grpc"})
        self.assertTrue(os.path.exists(os.path.join(self.data, "event_log.db")))
        self.assertNotIn(token, program.full_log())
        answer = http_client.request(addresses["http"], "GET", "/v0/pipes/clv_by_segment.json",
                                     headers={"Authorization": "Bearer " + token})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json()["context"]["reporting_currency"], "EUR")
        self.assertEqual(program.terminate(), 0)
        self.assert_refused(run("clv-suite", environment={**environment, "CLV_HTTP_ADDRESS": "nonsense"}))
        # The command line wins.
        again = Program("clv-suite", "--http-address", "127.0.0.1:0",
                        environment={**environment, "CLV_HTTP_ADDRESS": "nonsense"})
        self.addCleanup(again.close)
        again.ready()
        self.assertEqual(again.terminate(), 0)

    def test_tokens_of_the_first_start(self):
        suite = self.start_suite(ONE_PROCESS)
        self.assertEqual(set(suite.tokens), {"admin", "append", "read"})
        self.assertEqual(len(set(suite.tokens.values())), 3)
        path = os.path.join(suite.data_dir, "admin_token")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        with open(path, encoding="ascii") as file:
            self.assertEqual(file.read().strip(), suite.tokens["admin"])
        first = dict(suite.tokens)
        suite.tokens.clear()
        suite.restart("clv-suite")
        # Shown once; still good.
        self.assertEqual(suite.tokens, {})
        suite.tokens.update(first)
        self.assertEqual(suite.pipe("clv_by_segment", token="read").status, 200)
        for file in ("event_log.db", "auth.db", "clv.db"):
            with open(os.path.join(suite.data_dir, file), "rb") as database:
                content = database.read()
            for token in first.values():
                self.assertNotIn(token.encode(), content)


if __name__ == "__main__":
    unittest.main()
