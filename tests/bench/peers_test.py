"""A peer that cannot be had is told, not failed of."""

import os
import tempfile
import types
import unittest
from unittest import mock

import peers


class PeersTest(unittest.TestCase):
    def setUp(self):
        self.workload = types.SimpleNamespace(rows=2, purchases="p", continuous={1000: "a"}, latency="c")

    def test_without_npm_its_peers_are_absent(self):
        with tempfile.TemporaryDirectory() as cache, mock.patch.object(peers, "CACHE", os.path.join(cache, "none")), \
                mock.patch.object(peers.shutil, "which", return_value=None):
            figures = peers.measure(self.workload, ["duckdb", "clickhouse"])
        self.assertEqual(figures, {name: {"absent": "node and npm are not installed"}
                                   for name in ("duckdb", "clickhouse")})

    def test_a_failed_installation_is_the_reason(self):
        failed = types.SimpleNamespace(returncode=1, stdout="", stderr="npm error\nnpm error 404 Not Found\n")
        with tempfile.TemporaryDirectory() as cache, mock.patch.object(peers, "CACHE", cache), \
                mock.patch.object(peers.shutil, "which", return_value="/bin/npm"), \
                mock.patch.object(peers.subprocess, "run", return_value=failed):
            reason = peers.measure(self.workload, ["clickhouse"])["clickhouse"]["absent"]
        self.assertIn("npm error 404 Not Found", reason)

    def test_a_peer_that_fails_leaves_no_directory(self):
        with tempfile.TemporaryDirectory() as scratch, mock.patch.object(tempfile, "tempdir", scratch):
            figures = peers.measure(self.workload, ["sqlite"])  # its file of rows is not there
            self.assertIn("No such file", figures["sqlite"]["absent"])
            self.assertEqual(os.listdir(scratch), [])


if __name__ == "__main__":
    unittest.main()
