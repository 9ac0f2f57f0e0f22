"""The table of goals: who reaches what."""

import unittest

import table

OURS = {line.key: 10.0 for line in table.LINES} | {"echo_events_per_second": 20.0}


def line_of(key, ours=None, peers=None):
    return next(line for line in table.evaluate(OURS | (ours or {}), peers or {}) if line["key"] == key)


class TableTest(unittest.TestCase):
    def test_a_factor_counts_from_the_figure_of_the_peer(self):
        key = "bulk_stream_rows_per_second"
        for rate, reached, aim in ((7.9, False, False), (8.0, True, False), (20.0, True, True)):
            line = line_of(key, {key: rate}, {"duckdb": {"bulk_rows_per_second": 10.0}})
            self.assertEqual((line["reached"], line["aim_reached"]), (reached, aim), rate)
            self.assertAlmostEqual(line["ratio"]["duckdb"], rate / 10)

    def test_all_peers_of_a_goal_must_be_reached(self):
        key = "batches_of_1000_rows_per_second"
        fast, slow = {key: 2.0}, {key: 1.0}
        self.assertTrue(line_of(key, peers={"sqlite": fast, "clickhouse": fast})["reached"])
        self.assertTrue(line_of(key, peers={"sqlite": slow, "clickhouse": fast})["reached"])
        self.assertFalse(line_of(key, peers={"sqlite": fast, "clickhouse": {key: 4.0}})["reached"])
        self.assertFalse(line_of(key, peers={"sqlite": {key: 4.0}, "clickhouse": fast})["reached"])

    def test_less_is_better_where_it_is(self):
        key = "peak_memory_mib"
        peers = {"duckdb": {key: 20.0}}
        self.assertTrue(line_of(key, {key: 16.0}, peers)["reached"])
        self.assertFalse(line_of(key, {key: 16.1}, peers)["reached"])
        self.assertFalse(line_of("disk_bytes_per_purchase", {"disk_bytes_per_purchase": 54.1})["reached"])

    def test_the_echo_is_ours(self):
        line = line_of("events_per_second")
        self.assertTrue(line["reached"])
        self.assertFalse(line["aim_reached"])
        self.assertEqual(line["peers"]["echo"], 20.0)

    def test_an_absent_peer_leaves_the_question_open(self):
        line = line_of("bulk_stream_rows_per_second", peers={"duckdb": {"absent": "no npm"}})
        self.assertIsNone(line["reached"])
        self.assertIn("?", table.render([line]))
        self.assertIsNone(line_of("batch_of_100_durable_p50_ms")["reached"])

    def test_every_line_is_rendered(self):
        text = table.render(table.evaluate(OURS, {"duckdb": {"bulk_rows_per_second": 1234567.0}}))
        self.assertEqual(len(text.splitlines()), 1 + len(table.LINES))
        self.assertIn("1,234,567", text)


if __name__ == "__main__":
    unittest.main()
