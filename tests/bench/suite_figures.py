"""What the suite reaches: every figure of the table that is ours."""

import json
import os
import subprocess
import time

from harness import SEPARATE, Suite
from programs import Program, binary, clean_environment
from store_state import await_folded, await_rest, await_scored
from workload import LATENCY_BATCH_ROWS

BACKGROUND_ROWS_PER_SECOND = 50_000
CONNECTIONS = 64
EVENTS_TARGET = "/v0/events?name=purchases"
QUERY_SECONDS = 300


def call(name, *arguments):
    """The JSON object that a client of this folder printed; its failure fails the run."""
    result = subprocess.run([binary(name), *map(str, arguments)], capture_output=True, text=True, check=False,
                            env=clean_environment())
    if result.returncode != 0:
        raise SystemExit(result.stderr)
    return json.loads(result.stdout)


def peak_memory_mib(pid):
    """VmHWM of a process: the kernel keeps the peak itself."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024


def stored_bytes(directory):
    return sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(directory) for name in names)


class SuiteFigures:
    """Measures in the order of the calls: each works on the store that the ones before have filled."""

    def __init__(self, workload, seconds):
        self.figures = {}
        self._workload = workload
        self._seconds = seconds  # of the lines that end by time
        self._suite = None

    def measure(self):
        self._load_files()
        self._suite = Suite().start()
        try:
            self._load_stream()
            self._push_continuously()
            self._measure_latency()
            self._send_events("events_per_second", self._suite.addresses["http"], self._suite.admin_token)
            self._kill()
            self._suite.stop()
            self._measure_separate_processes()
        finally:
            self._suite.close()
        self._measure_echo()
        return self.figures

    # ---- parts

    def _load_files(self):
        """`clv load` of NDJSON into an empty store of separate processes, parsing and reading included."""
        suite = Suite(SEPARATE).start()
        try:
            begin = time.monotonic()
            self._clv_load(suite, self._workload.purchases)
            await_folded(suite)
            self.figures["bulk_clv_load_rows_per_second"] = self._workload.rows / (time.monotonic() - begin)
            peaks = {name: peak_memory_mib(program.pid) for name, program in suite.programs.items()}
            self.figures["peak_memory_mib"] = peaks["clv-ingest"] + peaks["clv-aggregation"]
            for name, peak in peaks.items():
                self.figures[f"peak_memory_{name}_mib"] = peak
        finally:
            suite.close()

    def _load_stream(self):
        suite, workload = self._suite, self._workload
        self.figures["bulk_stream_rows_per_second"], _ = self._rate_until_visible(workload.purchases, 10_000)
        self._clv_load(suite, workload.customers)
        await_folded(suite)
        self.figures["peak_memory_clv-suite_mib"] = peak_memory_mib(suite.programs["clv-suite"].pid)
        # What comes then is the work of a store that is there, not that of loading one.
        await_scored(suite.data_dir)
        suite.stop()
        self.figures["disk_bytes_per_purchase"] = stored_bytes(suite.data_dir) / workload.rows
        for name in sorted(os.listdir(suite.data_dir)):
            share = os.path.getsize(os.path.join(suite.data_dir, name)) / workload.rows
            if share >= 1:
                self.figures[f"disk_{name}_bytes_per_purchase"] = share
        suite.restart("clv-suite")

    def _push_continuously(self):
        await_rest(self._suite)
        for batch_rows, path in self._workload.continuous.items():
            rate, measured = self._rate_until_visible(path, batch_rows)
            self.figures[f"batches_of_{batch_rows}_rows_per_second"] = rate
            self.figures[f"batches_of_{batch_rows}_acknowledged_p50_ms"] = measured["p50_ms"]

    def _measure_latency(self):
        # Predictions that the rows of the lines before have made due are no part of this one.
        await_scored(self._suite.data_dir)
        await_rest(self._suite)
        measured = self._latency(self._suite, self._workload.latency)
        for name in ("durable", "visible"):
            for share in ("p50", "p99"):
                key = f"{share}_ms" if name == "durable" else f"visible_{share}_ms"
                self.figures[f"batch_of_100_{name}_{share}_ms"] = measured[key]
        self.figures["batch_of_100_visible_samples"] = measured["batches"]
        awaited = self._push(self._suite, self._workload.awaited, LATENCY_BATCH_ROWS, "--one-at-a-time", "--seconds",
                             self._seconds, encode_flags=["--wait"])
        self.figures["batch_of_100_awaited_p50_ms"] = awaited["p50_ms"]
        self.figures["batch_of_100_awaited_p99_ms"] = awaited["p99_ms"]
        await_folded(self._suite)

    def _send_events(self, key, address, token):
        measured = call("clv-bench-http", "--address", address, "--token", token, "--target", EVENTS_TARGET,
                        "--connections", CONNECTIONS, "--seconds", self._seconds, self._workload.events)
        if measured["accepted"] != measured["requests"]:
            raise SystemExit(f"events were refused: {measured}")
        self.figures[key] = measured["requests_per_second"]
        self.figures[key + "_p99_ms"] = measured["p99_ms"]

    def _kill(self):
        suite = self._suite
        await_folded(suite)
        before = self._answers()
        suite.kill("clv-suite")
        begin = time.monotonic()
        suite.restart("clv-suite")
        self.figures["ready_after_kill_seconds"] = time.monotonic() - begin
        self.figures["answers_equal_after_kill"] = self._answers() == before

    def _measure_separate_processes(self):
        """On the same data: latency while another client sends at a fixed rate, then single events alone."""
        token = self._suite.admin_token
        suite = Suite(SEPARATE, data_dir=self._suite.data_dir)
        suite.tokens["admin"] = token
        background = None
        try:
            suite.start()
            rows = BACKGROUND_ROWS_PER_SECOND * (2 * self._seconds + 10)
            batches = self._encoded_copies(self._workload.background, rows)
            await_rest(suite)
            background = subprocess.Popen(
                [binary("clv-bench-load"), "send", "--target", suite.addresses["ingest"], "--token", token,
                 "--rows-per-second", str(BACKGROUND_ROWS_PER_SECOND), batches],
                stdout=subprocess.PIPE, env=clean_environment(), text=True)
            time.sleep(1)  # the rate is that of the clock, not of the start
            measured = self._latency(suite, self._workload.separate)
            background.terminate()  # it ends what it has begun
            printed = json.loads(background.communicate()[0])
            os.unlink(batches)
            for share in ("p50", "p99"):
                self.figures[f"separate_batch_of_100_visible_{share}_ms"] = measured[f"visible_{share}_ms"]
                self.figures[f"separate_batch_of_100_durable_{share}_ms"] = measured[f"{share}_ms"]
            self.figures["separate_batch_of_100_visible_samples"] = measured["batches"]
            self.figures["separate_background_rows_per_second"] = printed["rows"] / printed["seconds"]
            await_folded(suite)
            self._send_events("separate_events_per_second", suite.addresses["http"], token)
            await_folded(suite)
        finally:
            if background is not None and background.poll() is None:
                background.kill()
                background.wait()
            suite.close()

    def _measure_echo(self):
        """The gateway as a process of its own, and in the place of ingest a server that only answers."""
        programs = []
        try:
            programs.append(Program("clv-bench-echo"))
            echo = programs[0].ready()["grpc"]
            programs.append(Program("clv-gateway", "--http-address", "127.0.0.1:0", "--ingest", echo, "--aggregation",
                                    echo, "--query", echo))
            self._send_events("echo_events_per_second", programs[1].ready()["http"], "none")
        finally:
            for program in programs:
                program.close()

    # ---- steps

    def _answers(self):
        """The best customers, with as much time as the query needs."""
        answer = self._suite.request("GET", "/v1/reports/total_customer_value?limit=50",
                                     headers={"grpc-timeout": f"{QUERY_SECONDS}S"})
        if answer.status != 200:
            raise SystemExit(f"total_customer_value: {answer}")
        return answer.json()["rows"]

    def _encoded_copies(self, path, rows):
        copies = rows // max(1, self._workload.lines(path)) + 1
        return self._workload.encoded(path, 1_000, "--copies", copies, "--max-rows", rows, "--rename", "h")

    def _latency(self, suite, path):
        return self._push(suite, path, LATENCY_BATCH_ROWS, "--query", suite.addresses["query"], "--seconds",
                          self._seconds)

    def _push(self, suite, path, batch_rows, *flags, encode_flags=()):
        """What clv-bench-load measured; a batch that is not accepted as a whole fails the run."""
        batches = self._workload.encoded(path, batch_rows, *encode_flags)
        measured = call("clv-bench-load", "send", "--target", suite.addresses["ingest"], "--token", suite.admin_token,
                        *flags, batches)
        os.unlink(batches)
        if measured["accepted"] != measured["rows"]:
            raise SystemExit(f"rows were refused: {measured}")
        measured["end"] = time.monotonic()
        return measured

    def _rate_until_visible(self, path, batch_rows):
        """Rows a second from the first batch until all rows are folded, and what the client measured."""
        measured = self._push(self._suite, path, batch_rows)
        begin = measured["end"] - measured["seconds"]
        await_folded(self._suite)
        return measured["rows"] / (time.monotonic() - begin), measured

    @staticmethod
    def _clv_load(suite, path):
        subprocess.run([binary("clv"), "--url", "http://" + suite.addresses["http"], "--token", suite.admin_token,
                        "load", path], check=True, capture_output=True, env=clean_environment())
