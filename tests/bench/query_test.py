"""The table of goals of reading, and the comparison of answers."""

import unittest

import query_lines
import query_table

FIGURES = {line.key: 1.0 for line in query_table.LINES}


def line_of(key, figures=None, peers=None):
    return next(line for line in query_table.evaluate(FIGURES | (figures or {}), peers or {}) if line["key"] == key)


class TableTest(unittest.TestCase):
    def test_the_better_peer_counts(self):
        for ours, reached, aim in ((1.1, False, False), (1.0, True, False), (0.2, True, True)):
            line = line_of("retention_varied_p50_ms", {"retention_varied_p50_ms": ours},
                           {"duckdb": {"retention_p50_ms": 10.0}, "clickhouse": {"retention_p50_ms": 12.0}})
            self.assertEqual((line["reached"], line["aim_reached"]), (reached, aim), ours)
            self.assertAlmostEqual(line["ratio"], 10 / ours)

    def test_without_peers_nobody_knows(self):
        line = line_of("retention_repeated_p50_ms", peers={"duckdb": {"absent": "no npm"}})
        self.assertIsNone(line["reached"])
        self.assertIn(">= 10x: ?", query_table.render([line]))

    def test_one_customer_is_held_against_the_echo(self):
        echo = {"echo_p50_ms": 1.0, "echo_flood_per_second": 100.0, "one_varied_p50_ms": 1.4,
                "one_flood_per_second": 59.0}
        self.assertEqual(line_of("one_varied_p50_ms", echo)["reached"], True)
        self.assertEqual(line_of("one_varied_p50_ms", echo)["aim_reached"], False)
        self.assertEqual(line_of("one_flood_per_second", echo)["reached"], False)

    def test_bounds_without_a_peer(self):
        self.assertTrue(line_of("start_seconds", {"start_seconds": 0.8})["reached"])
        self.assertFalse(line_of("start_seconds", {"start_seconds": 0.81})["reached"])
        self.assertIsNone(line_of("visible_in_all_p99_ms")["aim_reached"])

    def test_ingest_may_double_short_times_by_five_milliseconds(self):
        self.assertEqual(query_table.bound_of_ingest(1), 6)
        self.assertEqual(query_table.bound_of_ingest(10), 20)

    def test_growth_is_told_for_each_step(self):
        text = query_table.render_growth([("S", FIGURES), ("M", FIGURES | {"start_seconds": 4.0}), ("L", FIGURES)])
        line = next(row for row in text.splitlines() if row.startswith("start to first answer, clean"))
        self.assertEqual(line.split()[-5:], ["1.000", "4.000", "1.000", "4.000x", "0.250x"])


class ComparisonTest(unittest.TestCase):
    def test_money_and_counts_are_compared_exactly_and_floats_nearly(self):
        self.assertEqual(query_lines.difference([["a", 5, 0.1 + 0.2, None]], [["a", "5", 0.3, None]]), "")
        for other in (["b", 5, 0.3, None], ["a", 6, 0.3, None], ["a", 5, 0.3001, None], ["a", 5, 0.3, 0],
                      ["a", 5, 0.3]):
            self.assertNotEqual(query_lines.difference([["a", 5, 0.3, None]], [other]), "", other)
        self.assertNotEqual(query_lines.difference([], [["a"]]), "")

    def test_money_is_exact(self):
        self.assertEqual([query_lines.micros(text) for text in ("0", "-1.5", "12345678901234.000001")],
                         [0, -1_500_000, 12_345_678_901_234_000_001])


if __name__ == "__main__":
    unittest.main()
