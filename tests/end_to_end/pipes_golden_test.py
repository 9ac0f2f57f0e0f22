"""Golden pairs of the pipes: requests as they go over the wire and the replies that the contract wants.

golden/<case>.request: `METHOD TARGET` (raw spaces are sent as they are), headers, an empty line, the body.
`{{admin}}`, `{{read}}` and `{{append}}` stand for tokens.

golden/<case>.reply: the status; headers that must be there with that value, and `-name` for those that must not; an
empty line; the body, byte for byte. `{{number}}`, `{{instant}}` and `{{id}}` stand for what no test can know: times,
counts of work, ids of requests.

The replies were derived from the contract for the rows in golden/data, not recorded.
"""

import os
import re
import unittest

import http_client
from harness import ENDPOINTS, ONE_PROCESS, SEPARATE, SuiteTest

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden")
PLACEHOLDERS = {
    "number": r"\d+(?:\.\d+)?(?:e-?\d+)?",
    "instant": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
    "id": r"[0-9A-Za-z_-]+",
}
DATA = ("customers", "purchases", "customer_clv")


def read(name):
    with open(os.path.join(GOLDEN, name), encoding="utf-8", newline="") as file:
        return file.read()


def cases():
    return sorted(name[:-len(".request")] for name in os.listdir(GOLDEN) if name.endswith(".request"))


def pattern_of(text):
    """A regular expression for a text with placeholders."""
    parts = re.split(r"\{\{(\w+)\}\}", text)
    return "".join(PLACEHOLDERS[part] if i % 2 else re.escape(part) for i, part in enumerate(parts))


class Request:
    def __init__(self, text, tokens):
        for name, token in tokens.items():
            text = text.replace("{{" + name + "}}", token)
        head, _, self.body = text.partition("\n\n")
        line, *self.headers = head.split("\n")
        self.method, _, self.target = line.partition(" ")

    def to_bytes(self, host):
        """What a client sends."""
        lines = [f"{self.method} {self.target} HTTP/1.1", "Host: " + host, "Connection: close", *self.headers]
        body = self.body.encode()
        if body or self.method == "POST":
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Reply:
    def __init__(self, text):
        head, _, self.body = text.partition("\n\n")
        status, *headers = head.split("\n")
        self.status = int(status)
        self.absent = [line[1:] for line in headers if line.startswith("-")]
        self.headers = dict(line.split(": ", 1) for line in headers if not line.startswith("-"))


class Golden:
    """The same pairs against both topologies."""

    topology = ONE_PROCESS

    def test_every_pair(self):
        suite = self.start_suite(self.topology)
        for name in DATA:
            answer = suite.events(name, read(f"data/{name}.ndjson"), wait=True)
            self.assertEqual(answer.status, 200, answer)
        for case in cases():
            with self.subTest(case):
                self.check(suite, Request(read(case + ".request"), suite.tokens), Reply(read(case + ".reply")))

    def check(self, suite, request, reply):
        host = suite.addresses["http"]
        answer = http_client.raw_request(host, request.to_bytes(host))
        self.assertEqual(answer.status, reply.status, answer)
        for name, value in reply.headers.items():
            self.assertRegex(answer.headers.get(name, ""), r"\A" + pattern_of(value) + r"\Z", name)
        for name in reply.absent:
            self.assertNotIn(name, answer.headers)
        if not re.fullmatch(pattern_of(reply.body), answer.text):
            # Where it differs is easier to see in a comparison of texts.
            self.assertEqual(answer.text, reply.body)
        if "x-clv-context" in answer.headers:
            self.assertTrue(answer.headers["x-clv-context"].isascii())
            self.assertLessEqual(len(answer.headers["x-clv-context"]), 4096)


class GoldenOneProcessTest(Golden, SuiteTest):
    topology = ONE_PROCESS


class GoldenSeparateProcessesTest(Golden, SuiteTest):
    topology = SEPARATE


class GoldenFilesTest(unittest.TestCase):
    def test_every_request_has_a_reply_and_back(self):
        replies = sorted(name[:-len(".reply")] for name in os.listdir(GOLDEN) if name.endswith(".reply"))
        self.assertEqual(cases(), replies)

    def test_every_endpoint_is_asked_in_every_format(self):
        asked = {read(case + ".request").split()[1].split("?")[0] for case in cases()}
        for endpoint in ENDPOINTS:
            for form in ("json", "csv", "csvwithnames", "ndjson"):
                self.assertIn(f"/v0/pipes/{endpoint}.{form}", asked)
        for data_source in DATA:
            self.assertTrue(any(target.startswith(f"/v0/pipes/{data_source}_quarantine.") for target in asked))


if __name__ == "__main__":
    unittest.main()
