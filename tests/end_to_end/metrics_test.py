"""What /metrics of the built programs says, compared with what was sent, with GetStatus and with the files."""

import collections
import json
import os
import re
import sqlite3
import time
import unittest

import http_client
from harness import ONE_PROCESS, SEPARATE, SuiteTest, eventually, field, seeded_random
from programs import Program

CANARY = "canary-7f3a"
DATA_SOURCES = ("customers", "purchases", "customer_clv")
SERIES = re.compile(r'([a-z0-9_]+)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')

# Of each data source: rows that are refused, and the column that is to blame.
BAD_ROWS = {
    "customers": [({"name": "nobody"}, "customer_id"),
                  ({"customer_id": "c1", "signup_date": "soon"}, "signup_date"),
                  ("no json at all", "(text)"), ('"a text"', "(text)")],
    "purchases": [({"customer_id": "c1", "purchase_amount": 1, "purchase_date": "2023-01-01"}, "purchase_id"),
                  ({"purchase_id": "x", "customer_id": "c1", "purchase_amount": "much",
                    "purchase_date": "2023-01-01"}, "purchase_amount"),
                  ({"purchase_id": "x", "customer_id": "c1", "purchase_amount": 1, "purchase_date": "never",
                    "currency": "too long"}, "purchase_date"),
                  ("{", "(text)")],
    "customer_clv": [({"customer_id": "c1", "total_spend": 1, "purchase_count": 0,
                       "first_purchase_date": "2023-01-01", "last_purchase_date": "2023-01-02",
                       "updated_at": "2023-02-01"}, "purchase_count")],
}


class Scrape:
    """What one program serves at /metrics."""

    def __init__(self, address):
        answer = http_client.request(address, "GET", "/metrics")
        if answer.status != 200 or not answer.headers["content-type"].startswith("text/plain"):
            raise AssertionError(f"metrics: {answer}")
        self.text = answer.text
        self.series = []
        for line in self.text.splitlines():
            if line.startswith("#"):
                continue
            match = SERIES.fullmatch(line)
            if match is None:
                raise AssertionError(f"no sample: {line}")
            self.series.append((match.group(1), dict(LABEL.findall(match.group(2) or "")), float(match.group(3))))

    def names(self):
        return {name for name, _, _ in self.series}

    def has(self, name):
        return name in self.names()

    def sum(self, name, **labels):
        """The sum over the series of a metric with these labels; there must be one."""
        found = [value for other, of_series, value in self.series
                 if other == name and labels.items() <= of_series.items()]
        if not found:
            raise AssertionError(f"there is no {name} {labels}")
        return sum(found)


class Load:
    """Random rows, good and bad, and what became of them."""

    def __init__(self, suite, dice):
        self.suite = suite
        self.dice = dice
        self.requests = 0
        self.accepted = collections.Counter()
        self.quarantined = collections.Counter()  # by data source and column
        self.answered_accepted = 0
        self.answered_quarantined = 0

    def good_row(self, data_source):
        customer = f"{CANARY}-{self.dice.randrange(50)}"
        if data_source == "customers":
            return {"customer_id": customer, "name": CANARY, "email": f"{CANARY}@example.com",
                    "created_at": "2023-01-01"}
        if data_source == "purchases":
            return {"purchase_id": f"{CANARY}-p{self.dice.randrange(400)}", "customer_id": customer,
                    "purchase_amount": self.dice.randrange(1, 10000) / 100,
                    "purchase_date": f"2023-0{self.dice.randrange(1, 10)}-15",
                    "created_at": f"2023-1{self.dice.randrange(3)}-01"}
        return {"customer_id": customer, "total_spend": 10, "purchase_count": self.dice.randrange(1, 9),
                "first_purchase_date": "2023-01-01", "last_purchase_date": "2023-02-01",
                "updated_at": f"2023-03-{self.dice.randrange(10, 29)}"}

    def send(self, data_source, rows):
        body = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
        answer = self.suite.events(data_source, body)
        if answer.status != 202:
            raise AssertionError(f"events: {answer}")
        counts = answer.json()
        self.requests += 1
        self.answered_accepted += counts["successful_rows"]
        self.answered_quarantined += counts["quarantined_rows"]

    def run(self, requests):
        for _ in range(requests):
            data_source = self.dice.choice(DATA_SOURCES)
            rows = []
            for _ in range(self.dice.randrange(1, 40)):
                if self.dice.random() < 0.2:
                    row, column = self.dice.choice(BAD_ROWS[data_source])
                    self.quarantined[data_source, column] += 1
                else:
                    row = self.good_row(data_source)
                    self.accepted[data_source] += 1
                rows.append(row)
            self.send(data_source, rows)

    def send_dead_letters(self, count):
        """Rows that are valid but cannot be folded."""
        for number in range(count):
            self.send("customer_clv", [{"customer_id": f"dead-{number}", "total_spend": 1,
                                        "purchase_count": 2 * 10**15, "first_purchase_date": "2023-01-01",
                                        "last_purchase_date": "2023-01-01", "updated_at": "2023-02-01"}])
            self.accepted["customer_clv"] += 1


class MetricsTest(SuiteTest):
    def scrape(self, suite, program):
        """What serves the metrics of that program, whichever topology."""
        name = "clv-suite" if suite.topology == ONE_PROCESS else program
        return Scrape(suite.metrics_addresses[name])

    def sql(self, suite, file, query):
        connection = sqlite3.connect(f"file:{os.path.join(suite.data_dir, file)}?mode=ro", uri=True)
        try:
            return connection.execute(query).fetchone()[0] or 0
        finally:
            connection.close()

    def check_numbers(self, topology):
        suite = self.start_suite(topology, log_retention="all", metrics=True)
        load = Load(suite, seeded_random())
        load.run(60)
        load.send_dead_letters(3)
        status = suite.wait_folded()
        self.check_ingest(suite, load, status["ingest"])
        self.check_aggregation(suite, load, status["aggregation"])
        self.check_requests(suite, load)
        self.check_sizes(suite)
        self.check_privacy(suite)
        return suite, load

    def check_ingest(self, suite, load, status):
        scrape = self.scrape(suite, "clv-ingest")
        self.assertEqual(load.answered_accepted, sum(load.accepted.values()))
        self.assertEqual(load.answered_quarantined, sum(load.quarantined.values()))
        for data_source in DATA_SOURCES:
            self.assertEqual(scrape.sum("clv_ingest_accepted_rows_total", data_source=data_source),
                             load.accepted[data_source])
        for data_source, rows in BAD_ROWS.items():
            for column in {column for _, column in rows}:
                self.assertEqual(
                    scrape.sum("clv_ingest_quarantined_rows_total", data_source=data_source, column=column),
                    load.quarantined[data_source, column], (data_source, column))
        self.assertEqual(scrape.sum("clv_ingest_quarantined_rows_total"), load.answered_quarantined)
        self.assertEqual(scrape.sum("clv_ingest_accepted_rows_total"), field(status, "accepted_rows"))
        self.assertEqual(scrape.sum("clv_ingest_accepted_rows_total"),
                         self.sql(suite, "event_log.db", "SELECT SUM(row_count) FROM log_records"))
        for number, data_source in enumerate(DATA_SOURCES, 1):
            self.assertEqual(
                scrape.sum("clv_ingest_quarantine_rows", data_source=data_source),
                self.sql(suite, "event_log.db", f"SELECT COUNT(*) FROM quarantine WHERE data_source = {number}"))
        held = sum(field(count, "rows") for count in status["quarantine"])
        self.assertEqual(scrape.sum("clv_ingest_quarantine_rows"), held)
        self.assertEqual(scrape.sum("clv_ingest_log_position"), field(status, "log_position"))
        self.assertEqual(scrape.sum("clv_ingest_log_position"),
                         self.sql(suite, "event_log.db", "SELECT MAX(position) FROM log_records"))
        self.assertEqual(scrape.sum("clv_ingest_first_retained_position"), 1)
        self.assertEqual(scrape.sum("clv_ingest_queued_rows"), 0)
        self.assertEqual(scrape.sum("clv_ingest_queued_bytes"), 0)
        self.assertEqual(scrape.sum("clv_ingest_append_group_writes_sum"), load.requests)
        self.assertEqual(scrape.sum("clv_ingest_append_group_writes_count"),
                         scrape.sum("clv_ingest_append_duration_seconds_count"))

    def check_aggregation(self, suite, load, status):
        scrape = self.scrape(suite, "clv-aggregation")
        self.assertEqual(scrape.sum("clv_aggregation_folded_position"), field(status, "log_position"))
        self.assertEqual(scrape.sum("clv_aggregation_folded_position"),
                         self.sql(suite, "clv.db", "SELECT folded_position FROM checkpoint"))
        self.assertEqual(scrape.sum("clv_aggregation_lag_rows"), 0)
        self.assertEqual(scrape.sum("clv_aggregation_lag_seconds"), 0)
        self.assertEqual(scrape.sum("clv_aggregation_folded_rows_total"), load.answered_accepted)
        self.assertEqual(scrape.sum("clv_aggregation_dead_letters"), 3)
        self.assertEqual(scrape.sum("clv_aggregation_dead_letters"),
                         self.sql(suite, "clv.db", "SELECT COUNT(*) FROM dead_letters"))
        self.assertEqual(scrape.sum("clv_aggregation_customers"),
                         self.sql(suite, "clv.db", "SELECT COUNT(*) FROM customer_clv"))
        self.assertEqual(scrape.sum("clv_aggregation_purchases"),
                         self.sql(suite, "clv.db", "SELECT SUM(key_count) FROM purchase_key_runs"))
        for name in ("dead_letters", "customers", "purchases"):
            self.assertEqual(scrape.sum("clv_aggregation_" + name), field(status, name))
        for name in ("duplicate_rows", "superseded_rows", "removed_rows"):
            self.assertEqual(scrape.sum(f"clv_aggregation_{name}_total"), field(status, name))
        self.assertGreater(scrape.sum("clv_aggregation_superseded_rows_total"), 0)
        self.assertGreater(scrape.sum("clv_aggregation_fold_duration_seconds_count"), 0)
        query = self.scrape(suite, "clv-query")
        self.assertEqual(query.sum("clv_query_folded_position"), field(status, "folded_position"))

    def check_requests(self, suite, load):
        for _ in range(3):
            self.assertEqual(suite.pipe("clv_by_segment").status, 200)
        self.assertEqual(suite.pipe("clv_by_segment", {"limit": CANARY}).status, 400)
        self.assertEqual(suite.pipe("clv_by_segment", token="wrong-" + CANARY).status, 403)
        self.assertEqual(suite.pipe(CANARY).status, 404)
        self.assertEqual(suite.request("GET", f"/{CANARY}/{CANARY}").status, 404)
        self.assertEqual(suite.request("GET", "/v1/tokens", token=None).status, 401)
        ingest = self.scrape(suite, "clv-ingest")
        self.assertEqual(ingest.sum("clv_rpc_v0_requests_total", method="AppendEvents", http_status="202"),
                         load.requests)
        self.assertEqual(ingest.sum("clv_rpc_requests_total", method="AppendEvents", code="OK"), load.requests)
        self.assertEqual(ingest.sum("clv_rpc_request_duration_seconds_count", method="AppendEvents"), load.requests)
        self.assertEqual(ingest.sum("clv_rpc_requests_total", method="ListTokens", code="UNAUTHENTICATED"), 1)
        query = self.scrape(suite, "clv-query")
        for status, count in (("200", 3), ("400", 1), ("403", 1), ("404", 1)):
            self.assertEqual(query.sum("clv_rpc_v0_requests_total", method="QueryPipe", http_status=status), count)
        self.assertEqual(query.sum("clv_query_reports_total", report="clv_by_segment", code="OK"), 3)
        self.assertEqual(query.sum("clv_query_report_duration_seconds_count", report="clv_by_segment"), 3)

        def counted():
            # The gateway counts an answer when it is written, which its client may see first.
            gateway = self.scrape(suite, "clv-gateway")
            rule = "GET /v0/pipes/{pipe}"
            wanted = (("POST /v0/events", "202", load.requests), (rule, "200", 3), (rule, "400", 1),
                      (rule, "403", 1), (rule, "404", 1), ("(none)", "404", 1), ("GET /v1/tokens", "401", 1))
            try:
                return all(gateway.sum("clv_gateway_requests_total", rule=rule, status=status) == count
                           for rule, status, count in wanted)
            except AssertionError:
                return False
        eventually(counted, "the gateway's requests counted")
        gateway = self.scrape(suite, "clv-gateway")
        self.assertGreater(gateway.sum("clv_gateway_received_bytes_total"), 1000)
        self.assertGreater(gateway.sum("clv_gateway_sent_bytes_total"), 1000)
        self.assertGreaterEqual(gateway.sum("clv_gateway_open_connections"), 0)

    def check_sizes(self, suite):
        def size(file):
            path = os.path.join(suite.data_dir, file)
            return os.path.getsize(path) if os.path.exists(path) else 0

        def equal():
            ingest, query = self.scrape(suite, "clv-ingest"), self.scrape(suite, "clv-query")
            aggregation = self.scrape(suite, "clv-aggregation")
            return (ingest.sum("clv_ingest_database_bytes", database="event_log") == size("event_log.db")
                    and ingest.sum("clv_ingest_wal_bytes", database="event_log") == size("event_log.db-wal")
                    and ingest.sum("clv_ingest_database_bytes", database="auth") == size("auth.db")
                    and aggregation.sum("clv_aggregation_database_bytes", database="clv") == size("clv.db")
                    and aggregation.sum("clv_aggregation_wal_bytes", database="clv") == size("clv.db-wal")
                    and query.sum("clv_query_database_bytes", database="clv") == size("clv.db"))
        eventually(equal, "sizes as of the files", seconds=30)
        self.assertGreater(self.scrape(suite, "clv-ingest").sum("clv_ingest_wal_bytes", database="event_log"), 0)

    def check_privacy(self, suite):
        """Nothing that a client sent is in a label: no path, no token, no row."""
        for name, address in suite.metrics_addresses.items():
            text = Scrape(address).text
            self.assertNotIn(CANARY, text, name)
            for token in suite.tokens.values():
                self.assertNotIn(token, text, name)
                self.assertNotIn(token[4:12], text, name)

    def test_one_process(self):
        suite, _ = self.check_numbers(ONE_PROCESS)
        self.assertEqual(set(suite.metrics_addresses), {"clv-suite"})
        names = Scrape(suite.metrics_addresses["clv-suite"]).names()
        for part in ("rpc", "ingest", "aggregation", "query", "gateway", "process"):
            self.assertTrue(any(name.startswith(f"clv_{part}_") for name in names), part)

    def test_separate_processes(self):
        suite, _ = self.check_numbers(SEPARATE)
        parts = {"clv-ingest": "ingest", "clv-aggregation": "aggregation", "clv-query": "query",
                 "clv-gateway": "gateway"}
        self.assertEqual(set(suite.metrics_addresses), set(parts))
        for program, address in suite.metrics_addresses.items():
            names = Scrape(address).names()
            for part in parts.values():
                self.assertEqual(any(name.startswith(f"clv_{part}_") for name in names), part == parts[program],
                                 (program, part))

    def test_process(self):
        for topology in (ONE_PROCESS, SEPARATE):
            began = time.time()
            suite = self.start_suite(topology, metrics=True)
            for name, address in suite.metrics_addresses.items():
                with self.subTest(name):
                    scrape = Scrape(address)
                    self.assertEqual(scrape.sum("clv_process_build_info", program=name), 1)
                    self.assertAlmostEqual(scrape.sum("clv_process_start_time_seconds"), began, delta=60)
                    with open(f"/proc/{suite.programs[name].pid}/statm", encoding="ascii") as statm:
                        resident = int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
                    self.assertAlmostEqual(scrape.sum("clv_process_resident_memory_bytes"), resident,
                                           delta=resident / 4)
                    cpu = scrape.sum("clv_process_cpu_seconds_total")
                    self.assertLess(cpu, time.time() - began + 60)
                    self.assertGreaterEqual(Scrape(address).sum("clv_process_cpu_seconds_total"), cpu)

    def test_jobs(self):
        suite = self.start_suite(ONE_PROCESS, log_retention="all", metrics=True)
        Load(suite, seeded_random()).run(5)
        suite.wait_folded()
        answer = suite.request("POST", "/v1/jobs:verify", "{}", headers={"Content-Type": "application/json"})
        self.assertEqual(answer.status, 200, answer)

        def ended():
            scrape = self.scrape(suite, "clv-aggregation")
            jobs = {(state, kind): scrape.sum(f"clv_aggregation_{state}_jobs", kind=kind)
                    for state in ("running", "waiting") for kind in ("verify", "rebuild")}
            self.assertLessEqual(sum(jobs.values()), 1)
            self.assertEqual(scrape.has("clv_aggregation_job_progress_ratio"), jobs["running", "verify"] == 1)
            return sum(jobs.values()) == 0
        eventually(ended, "no job at work")
        job_id = field(answer.json()["job"], "job_id", "")
        job = suite.request("GET", f"/v1/aggregation/jobs/{job_id}").json()["job"]
        self.assertEqual(job["state"], "JOB_STATE_DONE")

    def test_restart(self):
        """Counts of the process begin again; what the databases hold does not."""
        suite = self.start_suite(ONE_PROCESS, log_retention="all", metrics=True)
        load = Load(suite, seeded_random())
        load.run(10)
        suite.wait_folded()
        before = self.scrape(suite, "clv-ingest")
        suite.restart("clv-suite")
        suite.wait_folded()
        after = self.scrape(suite, "clv-ingest")
        self.assertEqual(after.sum("clv_ingest_accepted_rows_total"), 0)
        self.assertEqual(after.sum("clv_ingest_quarantined_rows_total"), 0)
        for name in ("clv_ingest_log_position", "clv_ingest_quarantine_rows", "clv_aggregation_customers",
                     "clv_aggregation_purchases", "clv_aggregation_superseded_rows_total",
                     "clv_aggregation_duplicate_rows_total"):
            self.assertEqual(after.sum(name), before.sum(name), name)

    def test_off_unless_asked_for(self):
        suite = self.start_suite(ONE_PROCESS)
        self.assertEqual(suite.metrics_addresses, {})
        self.assertNotIn("metrics=", suite.programs["clv-suite"].lines[-1])

    def test_environment(self):
        suite = self.start_suite(ONE_PROCESS, environment={"CLV_METRICS_ADDRESS": "127.0.0.1:0"})
        self.assertTrue(Scrape(suite.metrics_addresses["clv-suite"]).has("clv_ingest_log_position"))

    def test_gateway_needs_no_services(self):
        """A program serves its metrics while those that it depends on are away."""
        gateway = Program("clv-gateway", "--http-address", "127.0.0.1:0", "--metrics-address", "127.0.0.1:0",
                          "--ingest", "127.0.0.1:1", "--aggregation", "127.0.0.1:1", "--query", "127.0.0.1:1")
        self.addCleanup(gateway.close)
        ready = gateway.ready()
        answer = http_client.request(ready["http"], "GET", "/v1/status")
        self.assertEqual(answer.status, 503)
        eventually(lambda: Scrape(ready["metrics"]).has("clv_gateway_requests_total"), "the request counted")
        self.assertEqual(
            Scrape(ready["metrics"]).sum("clv_gateway_requests_total", rule="GET /v1/status", status="503"), 1)


if __name__ == "__main__":
    unittest.main()
