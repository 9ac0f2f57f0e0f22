"""Published npm clients of the seed's hosted API, unmodified, with nothing but a base URL and a token."""

import tempfile
import unittest

import harness
import npm_packages


class NpmClientsTest(harness.SharedSuiteTest):
    @classmethod
    def setUpClass(cls):
        npm_packages.install()
        super().setUpClass()

    def run_script(self, name, *arguments, timeout=120):
        return npm_packages.run(name, "http://" + self.suite.addresses["http"], *arguments, timeout=timeout)

    def test_a_the_sdk_ingests_queries_appends_deletes_truncates_and_makes_jwts(self):
        with tempfile.TemporaryDirectory() as directory:
            self.assertIn("ok", self.run_script("sdk.mjs", self.suite.admin_token, directory))

    def test_b_zod_bird_accepts_every_answer(self):
        self.assertIn("ok", self.run_script("zod_bird.mjs", self.suite.admin_token))

    def test_c_every_generated_event_counts_once(self):
        events, per_second = 50_000, 10_000
        before = self.suite.counts()
        output = self.run_script("mockingbird.mjs", self.suite.tokens["append"], events, per_second)
        self.assertIn(f"sent {events}", output)
        self.assertNotIn("ERR", output)
        after = self.suite.counts()
        self.assertEqual(after["purchases"] - before["purchases"], events)
        self.assertEqual(after["quarantine"], before["quarantine"])
        self.suite.verify()

    @unittest.skipUnless(harness.LONG, "a hundred seconds: only with CLV_TEST_LONG=1; the short form runs faster events")
    def test_d_at_the_pace_of_the_clients_own_batches(self):
        before = self.suite.counts()
        output = self.run_script("mockingbird.mjs", self.suite.tokens["append"], 50_000, 500, timeout=300)
        self.assertIn("sent 50000", output)
        self.assertEqual(self.suite.counts()["purchases"] - before["purchases"], 50_000)


if __name__ == "__main__":
    unittest.main()
