"""The peers of the benchmark of reading: DuckDB and ClickHouse with the pre-aggregated table, asked one statement at a
time."""

import json
import os
import shutil
import subprocess
import tempfile
import time

import peers
from peers import Absent

NAMES = ("duckdb", "clickhouse")

# Both read the files of clv-bench-dump, and aggregate them to customers with integer keys, attributes as codes, and a
# mask of the months (bit n: the n-th after the first) in which a customer ordered.
_ORDERS = """SELECT k, o, min(d) AS od, sum(m) AS v, NOT (sum(m) < 0 OR (min(m) < 0 AND sum(m) <= 0)) AS q
    FROM purchase_rows GROUP BY k, o"""

SETUP = {
    "duckdb": (
        "SET threads = {threads}",
        """CREATE TABLE customers AS SELECT * FROM read_csv('{directory}/customers.csv', header = false, columns =
            {{k: 'UINTEGER', id: 'VARCHAR', country: 'VARCHAR', segment: 'VARCHAR', source: 'VARCHAR'}})""",
        """CREATE TABLE purchase_rows AS SELECT * FROM read_csv('{directory}/rows.csv', header = false, columns =
            {{k: 'UINTEGER', o: 'UINTEGER', d: 'UINTEGER', m: 'BIGINT'}})""",
        f"CREATE TABLE orders AS SELECT k, od AS d, v::BIGINT AS v, q FROM ({_ORDERS}) ORDER BY k, d",
        "DROP TABLE purchase_rows",
        *(f"""CREATE TABLE {name}_names AS SELECT (row_number() OVER (ORDER BY name) - 1)::UTINYINT AS code, name
            FROM (SELECT DISTINCT {name} AS name FROM customers)""" for name in ("country", "segment", "source")),
        """CREATE TABLE customer_clv AS
            WITH months AS (SELECT k, d, v, q, year(make_timestamp(d * 1000000::BIGINT)) * 12
                + month(make_timestamp(d * 1000000::BIGINT)) - 1 AS month FROM orders),
            firsts AS (SELECT k, min(month) AS cohort FROM months WHERE q GROUP BY k),
            sums AS (SELECT k, sum(v)::BIGINT AS spend, (count(*) FILTER (q))::UINTEGER AS n,
                min(d) FILTER (q) AS first, max(d) FILTER (q) AS last,
                (count(DISTINCT d // 86400) FILTER (q) - 1)::UINTEGER AS x, any_value(cohort)::USMALLINT AS cohort,
                bit_or(1::UBIGINT << greatest(0, least(63, month - cohort))::UBIGINT) FILTER (q) AS mask
                FROM months JOIN firsts USING (k) GROUP BY k)
            SELECT k, country_names.code AS country, segment_names.code AS segment, source_names.code AS source, spend,
                n, first, last, (CASE WHEN n >= 2 THEN last - first ELSE 0 END)::UINTEGER AS lifespan, x, cohort, mask
            FROM sums JOIN customers USING (k) JOIN country_names ON country_names.name = customers.country
                JOIN segment_names ON segment_names.name = customers.segment
                JOIN source_names ON source_names.name = customers.source ORDER BY k""",
        "CHECKPOINT",
    ),
    "clickhouse": (
        """CREATE TABLE peer.customers (k UInt32, id String, country String, segment String, source String)
            ENGINE = MergeTree ORDER BY k""",
        """INSERT INTO peer.customers SELECT * FROM file('{directory}/customers.csv', 'CSV',
            'k UInt32, id String, country String, segment String, source String')""",
        """CREATE TABLE peer.orders ENGINE = MergeTree ORDER BY (k, d) AS SELECT k, od AS d, v, toUInt8(q) AS q FROM ("""
        + _ORDERS.replace("purchase_rows", """file('{directory}/rows.csv', 'CSV',
            'k UInt32, o UInt32, d UInt32, m Int64')""") + ")",
        *(f"""CREATE TABLE peer.{name}_names ENGINE = MergeTree ORDER BY name AS
            SELECT toUInt8(row_number() OVER (ORDER BY name) - 1) AS code, name
            FROM (SELECT DISTINCT {name} AS name FROM peer.customers)""" for name in ("country", "segment", "source")),
        """CREATE TABLE peer.customer_clv ENGINE = MergeTree ORDER BY k AS
            WITH months AS (SELECT k, d, v, q, toYear(toDateTime(d, 'UTC')) * 12
                + toMonth(toDateTime(d, 'UTC')) - 1 AS month FROM peer.orders),
            firsts AS (SELECT k, min(month) AS cohort FROM months WHERE q GROUP BY k),
            sums AS (SELECT k, sum(v) AS spend, toUInt32(countIf(q)) AS n, minIf(d, q) AS first, maxIf(d, q) AS last,
                toUInt32(uniqExactIf(intDiv(d, 86400), q) - 1) AS x, toUInt16(any(firsts.cohort)) AS cohort,
                groupBitOrIf(bitShiftLeft(toUInt64(1), toUInt8(greatest(0, least(63, month - firsts.cohort)))), q) AS mask
                FROM months JOIN firsts USING (k) GROUP BY k)
            SELECT k, country_names.code AS country, segment_names.code AS segment, source_names.code AS source, spend,
                n, first, last, toUInt32(if(n >= 2, last - first, 0)) AS lifespan, x, cohort, mask
            FROM sums JOIN peer.customers AS customers USING (k)
                JOIN peer.country_names AS country_names ON country_names.name = customers.country
                JOIN peer.segment_names AS segment_names ON segment_names.name = customers.segment
                JOIN peer.source_names AS source_names ON source_names.name = customers.source""",
        "OPTIMIZE TABLE peer.customer_clv FINAL",
        "OPTIMIZE TABLE peer.orders FINAL",
    ),
}


class _Server:
    """A process that answers statements."""

    def __init__(self, name, directory):
        command, environment = peers.node_program("query_" + name, name)
        self._errors = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(command + [directory], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=self._errors, text=True, env=environment)

    def ask(self, sql):
        """(milliseconds, rows)."""
        try:
            self._process.stdin.write(json.dumps(sql) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._errors.seek(0)
            raise Absent(self._errors.read().strip()[-600:] + "\n" + sql)
        answer = json.loads(line)
        return answer["ms"], answer["rows"]

    def peak_memory_mib(self):
        """VmHWM: the kernel keeps the peak itself."""
        with open(f"/proc/{self._process.pid}/status", encoding="utf-8") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024

    def close(self):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._errors.close()


class Peer:
    """A peer with the tables of a dump. Loads in one process and answers in another, whose memory is what counts."""

    def __init__(self, name, dump_directory):
        self.name = name
        self.directory = tempfile.mkdtemp(prefix=f"clv-bench-{name}.")
        try:
            loader = _Server(name, self.directory)
            try:
                for sql in SETUP[name]:
                    loader.ask(sql.format(directory=dump_directory, threads=os.cpu_count()))
                self.load_memory_mib = loader.peak_memory_mib()
            finally:
                loader.close()
            begin = time.monotonic()
            self._server = _Server(name, self.directory)
            if name == "duckdb":
                self.ask(SETUP[name][0].format(threads=os.cpu_count()))
            self.ask("SELECT segment, count(*) FROM {t}customer_clv GROUP BY segment")
            self.start_seconds = time.monotonic() - begin
        except BaseException:
            shutil.rmtree(self.directory, ignore_errors=True)
            raise

    def ask(self, sql):
        """`{t}` stands before each table."""
        return self._server.ask(sql.replace("{t}", "peer." if self.name == "clickhouse" else ""))

    def peak_memory_mib(self):
        return self._server.peak_memory_mib()

    def close(self):
        self._server.close()
        shutil.rmtree(self.directory, ignore_errors=True)
