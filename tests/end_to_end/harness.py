"""The suite under test, in one process or in separate ones, and what every test does with it."""

import os
import random
import shutil
import socket
import sys
import tempfile
import time
import unittest

import http_client
from programs import BIN_DIR, BUILD_DIR, SOURCE_DIR, Program, binary, run  # noqa: F401

ONE_PROCESS = "one process"
SEPARATE = "separate processes"

LONG = os.environ.get("CLV_TEST_LONG", "") not in ("", "0")
WAIT_SECONDS = 120

ENDPOINTS = ("customer_retention", "clv_by_segment", "purchase_frequency_analysis", "clv_by_acquisition_source",
             "clv_prediction", "customer_segmentation", "total_customer_value")


def field(message, name, default=0):
    """A field of a message in proto JSON in either spelling; digits become integers."""
    head, *tail = name.split("_")
    value = message.get(name, message.get(head + "".join(word.capitalize() for word in tail), default))
    return int(value) if isinstance(value, str) and value.isdigit() else value


def eventually(condition, what, seconds=WAIT_SECONDS, pause=0.02):
    """Calls `condition` until it returns something true, which it returns."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(pause)


class ReservedPort:
    """A free port that nobody else gets while this object lives; a server may listen on it."""

    def __init__(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._socket.getsockname()[1]

    def close(self):
        self._socket.close()


class Suite:
    """One installation of the suite. Addresses and tokens are known once start() has returned.

    In one process the only program is `clv-suite`; in separate ones there are `clv-ingest`,
    `clv-aggregation`, `clv-query` and `clv-gateway`.
    """

    def __init__(self, topology=ONE_PROCESS, log_retention=None, environment=None, data_dir=None, metrics=False):
        self.topology = topology
        self.directory = tempfile.mkdtemp(prefix="clv-e2e.")
        self.data_dir = data_dir or os.path.join(self.directory, "data")
        self.programs = {}
        self.tokens = {}
        self.addresses = {}
        self.metrics_addresses = {}  # by program, with `metrics`
        self._environment = environment
        self._ingest_flags = ["--log-retention", log_retention] if log_retention else []
        self._metrics_flags = ["--metrics-address", "127.0.0.1:0"] if metrics else []
        self._ports = {}

    # ---- life

    def start(self):
        for name in self.names():
            self.start_program(name)
        return self

    def names(self):
        if self.topology == ONE_PROCESS:
            return ["clv-suite"]
        return ["clv-ingest", "clv-aggregation", "clv-query", "clv-gateway"]

    def start_program(self, name, environment=None):
        """Starts one program and waits until it is ready. `environment`: of this start only."""
        program = Program(name, *self._flags(name), *self._metrics_flags,
                          environment={**(self._environment or {}), **(environment or {})})
        previous = self.programs.get(name)
        if previous is not None:
            previous.close()
        self.programs[name] = program
        ready = program.ready()
        self.tokens.update(program.tokens())
        if "metrics" in ready:
            self.metrics_addresses[name] = ready["metrics"]
        if name == "clv-suite":
            self.addresses.update(http=ready["http"], ingest=ready["grpc"], aggregation=ready["grpc"],
                                  query=ready["grpc"])
        elif name == "clv-gateway":
            self.addresses["http"] = ready["http"]
        else:
            self.addresses[name[len("clv-"):]] = ready["grpc"]

    def _flags(self, name):
        data = ["--data-dir", self.data_dir]
        # A restarted program keeps its address, as it would in an installation.
        http = self.addresses.get("http", "127.0.0.1:0")
        if name == "clv-suite":
            grpc = self.addresses.get("ingest", "127.0.0.1:0")
            return data + ["--http-address", http, "--grpc-address", grpc] + self._ingest_flags
        upstreams = {role: self._port(role) for role in ("ingest", "aggregation", "query")}
        if name == "clv-gateway":
            return ["--http-address", http] + [
                word for role, address in upstreams.items() for word in ("--" + role, address)]
        if name == "clv-ingest":
            return data + ["--grpc-address", upstreams["ingest"], "--aggregation", upstreams["aggregation"],
                           "--query", upstreams["query"]] + self._ingest_flags
        return data + ["--grpc-address", upstreams[name[len("clv-"):]]]

    def _port(self, role):
        if role not in self._ports:
            self._ports[role] = ReservedPort()
        return self._ports[role].address

    def kill(self, name):
        """kill -9 of one program."""
        self.programs[name].kill()

    def restart(self, name):
        """Kills a program, where it still runs, and starts it on the same data."""
        self.kill(name)
        self.start_program(name)

    def stop(self):
        """SIGTERM to all, gateway first; returns the exit codes by program."""
        return {name: self.programs[name].terminate() for name in reversed(self.names())}

    def logs(self):
        """All that the programs logged."""
        return "".join(program.full_log() for program in self.programs.values())

    def close(self):
        for program in self.programs.values():
            program.close()
        for port in self._ports.values():
            port.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    # ---- HTTP

    @property
    def admin_token(self):
        if "admin" in self.tokens:
            return self.tokens["admin"]
        return (self._environment or {})["CLV_ADMIN_TOKEN"]

    def request(self, method, target, body=None, token="admin", headers=None):
        """A request with a bearer token: "admin", "append", "read", another text, or None for none."""
        all_headers = {}
        if token is not None:
            text = self.admin_token if token == "admin" else self.tokens.get(token, token)
            all_headers["Authorization"] = "Bearer " + text
        all_headers.update(headers or {})
        if isinstance(body, str):
            body = body.encode()
        return http_client.request(self.addresses["http"], method, target, body, all_headers)

    def events(self, name, body, wait=False, **options):
        """Sends rows to a data source."""
        target = "/v0/events?name=" + name + ("&wait=true" if wait else "")
        return self.request("POST", target, body, **options)

    def pipe(self, name, parameters=None, form="json", **options):
        """Asks an endpoint in the tabular face."""
        query = http_client.query_string(parameters or {})
        return self.request("GET", f"/v0/pipes/{name}.{form}" + ("?" + query if query else ""), **options)

    def rows(self, name, **parameters):
        """The `data` of an endpoint that must answer."""
        answer = self.pipe(name, parameters)
        if answer.status != 200:
            raise AssertionError(f"{name} {parameters}: {answer}")
        return answer.json()["data"]

    def status(self, answer=None):
        answer = answer or self.request("GET", "/v1/status")
        if answer.status != 200:
            raise AssertionError(f"status: {answer}")
        return answer.json()

    # ---- state

    def wait_folded(self):
        """Waits until everything in the log is folded; returns the status."""
        def folded():
            answer = self.request("GET", "/v1/status")
            if answer.status == 503 and "retry-after" in answer.headers:
                # A gateway that has not noticed yet that a killed program is back.
                return None
            status = self.status(answer)
            aggregation = status.get("aggregation")
            if aggregation is None:
                return None
            caught_up = field(aggregation, "folded_position") >= field(status["ingest"], "log_position")
            return status if caught_up else None
        return eventually(folded, "everything folded")

    def counts(self):
        """What a refused request must not change."""
        status = self.wait_folded()
        ingest, aggregation = status["ingest"], status["aggregation"]
        quarantine = {row_count.get("dataSource", row_count.get("data_source")): field(row_count, "rows")
                      for row_count in ingest.get("quarantine", [])}
        return {"log_position": field(ingest, "log_position"),
                "quarantine": {name: rows for name, rows in quarantine.items() if rows},
                "customers": field(aggregation, "customers"),
                "purchases": field(aggregation, "purchases")}

    def run_job(self, path, body):
        """Starts a job and waits until it has ended."""
        answer = self.request("POST", path, body, headers={"Content-Type": "application/json"})
        if answer.status != 200:
            raise AssertionError(f"{path}: {answer}")
        job_id = field(answer.json()["job"], "job_id", "")

        def ended():
            reply = self.request("GET", f"/v1/jobs/{job_id}")
            if reply.status == 503:  # a thread of the gateway pauses after it met nobody
                return None
            if reply.status != 200:
                raise AssertionError(f"job {job_id}: {reply}")
            job = reply.json()["job"]
            return job if job["state"] in ("JOB_STATE_DONE", "JOB_STATE_ERROR") else None

        return eventually(ended, f"end of {path}")

    def fit_models(self):
        """Fits to all there is; when the suite does it of itself depends on how fast rows came."""
        job = self.run_job("/v1/models:fit", '{"cold":true}')
        if job["state"] != "JOB_STATE_DONE":
            raise AssertionError(f"fit: {job}")

    def verify(self, from_log=False):
        """Runs a Verify job; fails unless it ends well and finds no difference."""
        job = self.run_job("/v1/jobs:verify", '{"fromLog":true}' if from_log else "{}")
        if job["state"] != "JOB_STATE_DONE" or field(job, "difference_count") != 0:
            raise AssertionError(f"verification: {job}")
        return job


class SuiteTest(unittest.TestCase):
    """A test case whose suites end with it."""

    maxDiff = 4000

    def start_suite(self, topology=ONE_PROCESS, **options):
        suite = Suite(topology, **options)
        self.addCleanup(suite.close)
        return suite.start()

    def assert_accepted(self, answer, successful, quarantined=0, status=202):
        """The counts stand first; behind them refused rows and, where the answer waited, duplicates."""
        self.assertEqual(answer.status, status, answer)
        counts = r'\{"successful_rows": %d, "quarantined_rows": %d' % (successful, quarantined)
        errors = r', "quarantine_errors": \[.*\]' if quarantined else ""
        duplicates = r', "duplicate_rows": \d+' if status == 200 else ""
        self.assertRegex(answer.text, "^" + counts + errors + duplicates + r"\}$")


class SharedSuiteTest(SuiteTest):
    """A test case whose tests share one suite, `self.suite`, of the topology that the class names."""

    topology = ONE_PROCESS
    suite_options = {}

    @classmethod
    def setUpClass(cls):
        cls.suite = Suite(cls.topology, **cls.suite_options)
        cls.addClassCleanup(cls.suite.close)
        cls.suite.start()


def seeded_random(default=20230116):
    """A generator whose seed CLV_TEST_SEED can set; it is printed, so that a failure can be repeated."""
    seed = int(os.environ.get("CLV_TEST_SEED", default))
    print(f"CLV_TEST_SEED={seed}", file=sys.stderr)
    return random.Random(seed)
