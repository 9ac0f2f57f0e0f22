"""A small HTTP client that shows everything of an answer, and a raw socket for what no client sends."""

import decimal
import http.client
import json
import socket
import urllib.parse

TIMEOUT_SECONDS = 60


class Answer:
    """Status, headers (names in lower case) and body of an answer."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self):
        return self.body.decode("utf-8")

    def json(self):
        """The body; fractions are Decimals, so that money stays exact."""
        return json.loads(self.text, parse_float=decimal.Decimal)

    def json_text(self):
        """The body with every number as the text that was sent and objects as lists of pairs: equal
        only where the bytes are, white space aside."""
        return json.loads(self.text, parse_float=lambda text: ("number", text),
                          parse_int=lambda text: ("number", text), object_pairs_hook=lambda pairs: pairs)

    def __repr__(self):
        return f"HTTP {self.status} {self.body[:2000]!r}"


def request(address, method, target, body=None, headers=None):
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection(address, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(method, target, body=body, headers=headers or {})
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


def raw_request(address, data):
    """Sends bytes as they are and reads the answer until the connection closes."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=TIMEOUT_SECONDS) as connection:
        connection.sendall(data)
        reply = b""
        while True:
            piece = connection.recv(65536)
            if not piece:
                break
            reply += piece
    head, _, body = reply.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = _unchunk(body)
    return Answer(int(lines[0].split()[1]), headers, body)


def _unchunk(body):
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        whole += body[:length]
        body = body[length + 2:]
    return whole


def query_string(parameters):
    """A query string from a mapping or from pairs; lists repeat their key."""
    return urllib.parse.urlencode(parameters, doseq=True)
