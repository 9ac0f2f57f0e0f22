"""A client that sends batches of purchases in the background until it is told to stop."""

import http.client
import json
import threading
import time

import http_client

GIVE_UP_SECONDS = 60


class LoadingClient(threading.Thread):
    """Calls send_one again and again, which a subclass writes with deliver. What that raises ends the client and is
    kept as `error`."""

    def __init__(self, address, token):
        super().__init__(daemon=True)
        self._address = address
        self._token = token
        self._stop_request = threading.Event()
        self.acknowledged_batches = 0
        self.repeated_batches = 0
        self.error = None

    def send_one(self):
        raise NotImplementedError

    def run(self):
        try:
            while not self._stop_request.is_set():
                self.send_one()
                time.sleep(0.002)
        except Exception as error:  # pylint: disable=broad-except
            self.error = error

    def stop(self):
        self._stop_request.set()
        self.join(timeout=2 * GIVE_UP_SECONDS)

    def deliver(self, rows):
        """Sends a batch until it is acknowledged, whatever happens to the suite meanwhile; never again afterwards."""
        body = "\n".join(json.dumps(row) for row in rows).encode()
        end = time.monotonic() + GIVE_UP_SECONDS
        while True:
            try:
                answer = http_client.request(self._address, "POST", "/v0/events?name=purchases", body,
                                             {"Authorization": "Bearer " + self._token})
                if answer.status in (200, 202):
                    if answer.json() != {"successful_rows": len(rows), "quarantined_rows": 0}:
                        raise AssertionError(f"{len(rows)} rows: {answer}")
                    self.acknowledged_batches += 1
                    return
                if answer.status not in (408, 429, 499, 500, 502, 503, 504):
                    raise AssertionError(f"a good batch got {answer}")
            except (OSError, http.client.HTTPException):
                pass
            if time.monotonic() > end:
                raise AssertionError(f"a batch is not acknowledged for {GIVE_UP_SECONDS} s")
            self.repeated_batches += 1
            time.sleep(0.02)
