"""What the suite and the peers take for the questions of query_lines.py."""

import collections
import contextlib
import csv
import functools
import json
import os
import random
import shutil
import subprocess
import time

import query_lines
import query_table
from harness import SEPARATE, Suite, eventually
from programs import Program, binary, clean_environment
from query_peers import Absent, Peer
from store_state import await_folded, await_scored

ADMIN_TOKEN = "admin-token-of-the-benchmark"
LATENCY_BATCHES = 200
IN_FLIGHT = 64
ONE_CUSTOMER_CALLS = 400
WARM_UP = 2


def percentile(values, share):
    return sorted(values)[int(share * (len(values) - 1))]


def peak_memory_mib(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024


class Client:
    """clv-bench-query."""

    def __init__(self, target, token=""):
        self._process = subprocess.Popen(
            [binary("clv-bench-query"), "--target", target, *(["--token", token] if token else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=clean_environment())

    def ask(self, method, *requests):
        """{"ms": [...], "bytes": n, "answer": {...}}."""
        return self._command("ask", method, *map(json.dumps, requests))

    def flood(self, method, in_flight, seconds, *requests):
        return self._command("flood", method, str(in_flight), str(seconds), *map(json.dumps, requests))

    def _command(self, *words):
        self._process.stdin.write("\t".join(words) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("clv-bench-query has ended")
        return json.loads(line)

    def close(self):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


class QueryFigures:
    """Measures one store. The order of the calls matters: what comes later writes into the store."""

    def __init__(self, directory, data_dir, peer_names, options):
        self.figures = {}
        self.peers = collections.defaultdict(dict)
        self._directory = directory
        self._data_dir = data_dir
        self._peer_names = peer_names
        self._options = options
        self._peers = []
        self._environment = {"CLV_ADMIN_TOKEN": ADMIN_TOKEN}
        self._scene = None
        self._ids = []
        self._countries = collections.Counter()  # customers by country, and by segment
        self._segments = collections.Counter()
        self._steps = 0
        self._windows = 0

    def measure(self):
        """(our figures, the peers' by name)."""
        with self._separate():
            pass  # a store of an earlier release is of this one now
        self._dump()
        self._open_peers()
        try:
            with self._separate() as (suite, client):
                self._look(client)
                self._compare_answers(client)
                self._measure_questions(client)
                self._measure_one_customer(client)
                self._end_peers()
                self._measure_latencies(client, "idle")
                self.figures["peak_memory_mib"] = peak_memory_mib(suite.programs["clv-query"].pid)
        finally:
            for peer in self._peers:
                peer.close()
        self._measure_one_process()
        with self._separate() as (suite, client):
            self._measure_during_ingest(suite, client)
        return self.figures, dict(self.peers)

    @contextlib.contextmanager
    def _separate(self):
        """The suite in separate processes, and a client of its query service."""
        suite = Suite(SEPARATE, environment=self._environment, data_dir=self._data_dir)
        client = None
        try:
            suite.start()
            client = Client(suite.addresses["query"], ADMIN_TOKEN)
            yield suite, client
            suite.stop()
        finally:
            if client is not None:
                client.close()
            suite.close()

    def _end_peers(self):
        for peer in self._peers:
            self.peers[peer.name]["peak_memory_mib"] = peer.peak_memory_mib()
            self.peers[peer.name]["load_memory_mib"] = peer.load_memory_mib
            self.peers[peer.name]["start_seconds"] = peer.start_seconds
            peer.close()
        self._peers = []

    # ---- preparation

    def _dump(self):
        subprocess.run([binary("clv-bench-dump"), os.path.join(self._data_dir, "clv.db"), self._directory], check=True,
                       env=clean_environment())
        with open(os.path.join(self._directory, "customers.csv"), encoding="utf-8", newline="") as file:
            for _, customer_id, country, segment, _ in csv.reader(file):
                self._ids.append(customer_id)
                self._countries[country] += 1
                self._segments[segment] += 1
        with open(os.path.join(self._directory, "rows.csv"), "rb") as file:
            self.figures["purchase_rows"] = sum(
                chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))

    def _open_peers(self):
        for name in self._peer_names:
            try:
                self._peers.append(Peer(name, self._directory))
            except (Absent, OSError, ValueError) as error:
                self.peers[name]["absent"] = str(error)
        for name in ("customers.csv", "rows.csv"):
            os.unlink(os.path.join(self._directory, name))

    def _look(self, client):
        answer = client.ask("GetClvBySegment", {})["answer"]
        self.figures["customers"] = sum(int(row["customers"]) for row in answer["rows"])
        names = {"country": sorted(self._countries), "segment": sorted(self._segments)}
        for peer in self._peers:
            for attribute in ("country", "segment", "source"):
                _, rows = peer.ask(f"SELECT name FROM {{t}}{attribute}_names ORDER BY code")
                names[attribute] = [row[0] for row in rows]
        self._scene = query_lines.Scene(
            horizon=query_lines.seconds_of(answer["context"]["as_of"]), ids=self._ids, names=names,
            country=names["country"].index(self._countries.most_common(1)[0][0]),
            segment=names["segment"].index(self._segments.most_common(1)[0][0]))

    # ---- parts

    def _compare_answers(self, client):
        """A difference ends the run: there is nothing to compare the times of."""
        scene = self._scene
        for question in query_lines.QUESTIONS:
            answer = client.ask(question.method, question.request(scene))["answer"]
            if not answer["rows"]:
                raise SystemExit(f"{question.title}: no rows")
            ours = question.ours(scene, answer)
            theirs = {peer.name: question.theirs(scene, peer.ask(question.sql(scene, peer.name))[1])
                      for peer in self._peers}
            if question.method == "GetClvPrediction":
                self._compare_predictions(question, ours, theirs)
                continue
            if question.method == "GetCustomerRetention":
                ours = [row for row in ours if row[2] <= query_lines.PERIODS]
            for name, rows in theirs.items():
                self._must_agree(question, "ours", ours, name, rows)

    def _compare_predictions(self, question, ours, theirs):
        """Models differ, so the customers do; what is known of them must not."""
        if len(theirs) == 2:
            self._must_agree(question, "duckdb", [[float(v) for v in row] for row in theirs["duckdb"]], "clickhouse",
                             [[float(v) for v in row] for row in theirs["clickhouse"]])
        for peer in self._peers:
            if peer.name == "duckdb":
                facts = query_lines.facts_sql([row[0] for row in ours])(self._scene)
                self._must_agree(question, "ours", ours, peer.name, [list(row) for row in peer.ask(facts)[1]])

    @staticmethod
    def _must_agree(question, name, rows, other_name, other_rows):
        difference = query_lines.difference(rows, other_rows)
        if difference:
            raise SystemExit(f"{question.title}: {name} and {other_name} differ: {difference}")

    def _varied(self, question, request):
        """The same question so that no kept answer covers it: mostly at another instant, at which nothing else is
        visible; of predictions, which differ with the instant, other rows of the same answer."""
        self._steps += 1
        if question.method == "GetClvPrediction":
            return {**request, **query_lines.other_rows(self._steps)}
        return self._at_another_instant(request)

    def _at_another_instant(self, request):
        self._steps += 1
        return {**request, "as_of": query_lines.instant_text(self._scene.horizon + self._steps)}

    def _of_another_window(self, question):
        """The same of a window that was not asked for lately."""
        self._windows += 1
        return self._at_another_instant(question.other_window(self._scene, self._windows))

    def _measure_questions(self, client):
        """Each is asked by all in turn, so that whatever else the machine does hits all alike."""
        for question in query_lines.QUESTIONS:
            request = question.request(self._scene)
            times = collections.defaultdict(list)
            # Called within this turn of the loop only.
            asked = {"repeated": lambda: client.ask(question.method, request)["ms"][0],
                     "varied": lambda: client.ask(question.method, self._varied(question, request))["ms"][0],
                     **{peer.name: functools.partial(self._time_of, peer, question) for peer in self._peers}}
            if question.key == "prediction":
                asked["other_instant"] = lambda: client.ask(question.method, self._at_another_instant(request))["ms"][0]
            if question.other_window:
                asked["other_window"] = lambda: client.ask(question.method, self._of_another_window(question))["ms"][0]
            order = random.Random(1)  # nobody always follows the same other
            for turn in range(self._options.repeat + WARM_UP):
                taken = {name: asked[name]() for name in order.sample(sorted(asked), len(asked))}
                if turn >= WARM_UP:
                    for name, ms in taken.items():
                        times[name].append(ms)
            for form in ("repeated", "varied", "other_instant", "other_window"):
                if form not in asked:
                    continue
                self.figures[f"{question.key}_{form}_p50_ms"] = percentile(times[form], 0.5)
            for peer in self._peers:
                self.peers[peer.name][f"{question.key}_p50_ms"] = percentile(times[peer.name], 0.5)

    def _time_of(self, peer, question):
        return peer.ask(question.sql(self._scene, peer.name))[0]

    def _some_ids(self, count):
        """Ids from all over, in no order that a cache likes."""
        size = len(self._ids)
        return [self._ids[(i * 7_919 + 13) % size] for i in range(count)]

    def _measure_one_customer(self, client):
        method = "GetTotalCustomerValue"
        one = {"customer_id": [self._ids[len(self._ids) // 2]]}
        many = [{"customer_id": [customer_id]} for customer_id in self._some_ids(1_000)]
        event = {"body": {"contentType": "application/json", "data": ""}}
        program = Program("clv-bench-echo")
        echo = Client(program.ready()["grpc"])
        times = collections.defaultdict(list)
        try:
            for turn in range(6):
                calls = ONE_CUSTOMER_CALLS // 4
                for name, asked, requests in (("one_repeated", client, [one] * calls),
                                              ("one_varied", client, many[turn * calls:(turn + 1) * calls]),
                                              ("echo", echo, [event] * calls)):
                    taken = asked.ask("AppendEvents" if asked is echo else method, *requests)["ms"]
                    if turn > 0:
                        times[name] += taken
                for peer in self._peers:
                    for request in many[:20]:
                        number = self._scene.number_of(request["customer_id"][0])
                        ms, _ = peer.ask(f"SELECT * FROM {{t}}customer_clv WHERE k = {number}")
                        times[peer.name].append(ms)
            for name in ("one_repeated", "one_varied", "echo"):
                self.figures[name + "_p50_ms"] = percentile(times[name], 0.5)
                self.figures[name + "_p99_ms"] = percentile(times[name], 0.99)
            for peer in self._peers:
                self.peers[peer.name]["one_p50_ms"] = percentile(times[peer.name], 0.5)
            floods = collections.defaultdict(list)
            for _ in range(3):
                floods["echo"].append(echo.flood("AppendEvents", IN_FLIGHT, self._options.seconds / 3, event))
                floods["one"].append(client.flood(method, IN_FLIGHT, self._options.seconds / 3, *many))
            for name, measured in floods.items():
                self.figures[name + "_flood_per_second"] = percentile([m["per_second"] for m in measured], 0.5)
                self.figures[name + "_flood_p99_ms"] = percentile([m["p99_ms"] for m in measured], 0.5)
        finally:
            echo.close()
            program.close()

    def _measure_latencies(self, client, name):
        """p95 of every question, asked alone, one after another, no question twice."""
        for question in query_lines.QUESTIONS:
            request = question.request(self._scene)
            self._measure_latency(client, question, lambda: self._varied(question, request), f"{question.key}_{name}")
            if question.other_window:
                self._measure_latency(client, question, lambda: self._of_another_window(question),
                                      f"{question.key}_other_window_{name}")

    def _measure_latency(self, client, question, next_request, key):
        times = []
        end = time.monotonic() + self._options.seconds
        while time.monotonic() < end or len(times) < 20:
            times += client.ask(question.method, next_request())["ms"]
        self.figures[f"{key}_p95_ms"] = percentile(times, 0.95)
        self.figures[f"{key}_samples"] = len(times)

    def _measure_during_ingest(self, suite, client):
        rate = self._options.rows_per_second
        measured = len(query_lines.QUESTIONS) + sum(1 for question in query_lines.QUESTIONS if question.other_window)
        rows = int(rate * (measured * (self._options.seconds + 2) + 10))
        batches = self._encoded(self._new_purchases("h", rows), 1_000)
        background = subprocess.Popen(
            [binary("clv-bench-load"), "send", "--target", suite.addresses["ingest"], "--token", ADMIN_TOKEN,
             "--rows-per-second", str(rate), batches],
            stdout=subprocess.PIPE, env=clean_environment(), text=True)
        try:
            time.sleep(1)  # the rate is that of the clock, not of the start
            self._measure_latencies(client, "ingest")
            self.figures["peak_memory_during_ingest_mib"] = peak_memory_mib(suite.programs["clv-query"].pid)
            self.figures["background_went_on"] = background.poll() is None
        finally:
            background.terminate()  # it ends what it has begun
            printed = background.communicate()[0]
            os.unlink(batches)
        sent = json.loads(printed)
        self.figures["background_rows_per_second"] = sent["rows"] / sent["seconds"]
        for form, questions in (("", query_lines.QUESTIONS),
                                ("other_window_", [q for q in query_lines.QUESTIONS if q.other_window])):
            slowed = [(self.figures[f"{question.key}_{form}ingest_p95_ms"],
                       self.figures[f"{question.key}_{form}idle_p95_ms"]) for question in questions]
            self.figures[form + "during_ingest_of_bound"] = max(
                busy / query_table.bound_of_ingest(idle) for busy, idle in slowed)
            self.figures[form + "during_ingest_of_idle"] = max(busy / idle for busy, idle in slowed)
        await_folded(suite)

    def _measure_one_process(self):
        """clv-suite: how soon a batch is seen, and how soon it answers after its start."""
        suite = Suite(environment=self._environment, data_dir=self._data_dir)
        try:
            self._start_and_answer(suite)
            batches = self._encoded(self._new_purchases("v", 100 * LATENCY_BATCHES), 100)
            for name, flags in (("visible", []), ("visible_in_all", ["--all-reports"])):
                result = subprocess.run(
                    [binary("clv-bench-load"), "send", "--target", suite.addresses["ingest"], "--token", ADMIN_TOKEN,
                     "--query", suite.addresses["query"], "--seconds", str(self._options.seconds), *flags, batches],
                    check=True, capture_output=True, text=True, env=clean_environment())
                measured = json.loads(result.stdout)
                for share in ("p50", "p99"):
                    self.figures[f"{name}_{share}_ms"] = measured[f"visible_{share}_ms"]
                self.figures[f"{name}_samples"] = measured["batches"]
                batches = self._encoded(self._new_purchases("w", 100 * LATENCY_BATCHES), 100)
            await_folded(suite)
            before = self._answers(suite)
            suite.stop()
            self.figures["start_seconds"] = self._start_and_answer(suite)
            same = self._answers(suite) == before
            suite.kill("clv-suite")
            self.figures["start_after_kill_seconds"] = self._start_and_answer(suite)
            self.figures["answers_equal_after_starts"] = same and self._answers(suite) == before
        finally:
            suite.close()

    # ---- steps

    @staticmethod
    def _start_and_answer(suite):
        """Seconds until a report over all customers is answered."""
        begin = time.monotonic()
        suite.start_program("clv-suite")
        eventually(lambda: suite.pipe("clv_by_segment").status == 200, "an answer", pause=0.002)
        return time.monotonic() - begin

    @staticmethod
    def _answers(suite):
        return [suite.rows(name, limit=50) for name in ("clv_by_segment", "total_customer_value")]

    def _new_purchases(self, prefix, count):
        """A file of purchases of known customers in the last day of the data, hardly two of one within a second."""
        path = os.path.join(self._directory, f"purchases_{prefix}.ndjson")
        with open(path, "w", encoding="utf-8") as file:
            for i, customer_id in enumerate(self._some_ids(count)):
                date = query_lines.instant_text(self._scene.horizon - i % 86_400)
                file.write(f'{{"purchase_id":"{prefix}{i}","customer_id":{json.dumps(customer_id)},'
                           f'"purchase_amount":{5 + i % 90}.25,"purchase_date":"{date}","product_id":"prod1000",'
                           '"product_category":"Grocery","payment_method":"Credit Card","currency":"USD"}\n')
        return path

    @staticmethod
    def _encoded(path, batch_rows):
        target = path + ".batches"
        subprocess.run([binary("clv-bench-load"), "encode", "--batch-rows", str(batch_rows), path, target], check=True,
                       capture_output=True, env=clean_environment())
        os.unlink(path)
        return target


def make_store(directory, shop_flags):
    """Loads a shop into a new data directory, whose path it returns."""
    shop = os.path.join(directory, "shop")
    subprocess.run([binary("clv-demo-data"), "--output-dir", shop, *shop_flags], check=True, capture_output=True)
    suite = Suite(environment={"CLV_ADMIN_TOKEN": ADMIN_TOKEN}, data_dir=os.path.join(directory, "data"))
    try:
        suite.start()
        for name in ("customers", "purchases"):
            subprocess.run([binary("clv"), "--url", "http://" + suite.addresses["http"], "--token", ADMIN_TOKEN,
                            "load", os.path.join(shop, name + ".ndjson")], check=True, capture_output=True,
                           env=clean_environment())
        await_folded(suite)
        await_scored(suite.data_dir)
        suite.stop()
    finally:
        suite.close()
    shutil.rmtree(shop)
    return suite.data_dir
