"""SIGTERM of clv-gateway under load: every request that was sent is answered, and the program ends soon."""

import http.client
import json
import sys
import threading
import time
import unittest

from harness import SEPARATE, SuiteTest, eventually

CLIENTS = 8
LARGE_BYTES = 1 << 20  # more than a connection to the service holds, so that writes have to wait
END_SECONDS = 8  # the drain itself takes one; machines may be busy


class BusyClient(threading.Thread):
    """Posts purchases on one kept connection until an answer says that it was the last."""

    def __init__(self, number, suite):
        super().__init__(daemon=True)
        self._number = number
        self._address = suite.addresses["http"]
        self._headers = {"Authorization": "Bearer " + suite.tokens["append"]}
        self._note = "x" * (LARGE_BYTES if number % 4 == 0 else 10)
        self.error = None
        self.acknowledged = 0

    def run(self):
        connection = http.client.HTTPConnection(self._address, timeout=60)
        try:
            closes = False
            while not closes:
                row = {"purchase_id": f"d{self._number}-{self.acknowledged}", "customer_id": "c1", "purchase_amount": 1,
                       "purchase_date": "2023-04-05 06:07:08", "note": self._note}
                connection.request("POST", "/v0/events?name=purchases", json.dumps(row), self._headers)
                response = connection.getresponse()
                text = response.read()
                if response.status != 202:
                    raise AssertionError(f"HTTP {response.status} {text!r}")
                self.acknowledged += 1
                closes = response.getheader("Connection") == "close"
        except Exception as error:  # pylint: disable=broad-except
            self.error = error
        finally:
            connection.close()


class GatewayDrainTest(SuiteTest):
    def test_no_request_is_dropped(self):
        suite = self.start_suite(SEPARATE)
        clients = [BusyClient(number, suite) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        eventually(lambda: all(client.error or client.acknowledged >= 5 for client in clients), "load")
        begin = time.monotonic()
        self.assertEqual(suite.programs["clv-gateway"].terminate(), 0)
        took = time.monotonic() - begin
        for client in clients:
            client.join(timeout=60)
            self.assertIsNone(client.error)
        acknowledged = sum(client.acknowledged for client in clients)
        print(f"{acknowledged} requests, none dropped, ended after {took:.2f} s", file=sys.stderr)
        self.assertLess(took, END_SECONDS)
        suite.start_program("clv-gateway")
        self.assertEqual(suite.counts()["purchases"], acknowledged)


if __name__ == "__main__":
    unittest.main()
