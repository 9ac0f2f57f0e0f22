"""SQLite in process: WAL, synchronous=FULL, a transaction a batch; each new purchase upserts its customer's totals."""

import itertools
import json
import os
import sqlite3
import sys
import time

COLUMNS = ("purchase_id", "customer_id", "order_id", "product_id", "product_name", "product_category",
           "purchase_amount", "purchase_date", "payment_method", "currency", "created_at")
TABLES = (
    f"CREATE TABLE purchases ({', '.join(COLUMNS)}, PRIMARY KEY (purchase_id)) WITHOUT ROWID",
    """CREATE TABLE customer_clv (
         customer_id PRIMARY KEY, purchase_count, total_spend, first_purchase_date, last_purchase_date) WITHOUT ROWID""",
    # Within SQLite, so that nothing of Python is in between.
    """CREATE TRIGGER total AFTER INSERT ON purchases BEGIN
         INSERT INTO customer_clv VALUES (new.customer_id, 1, new.purchase_amount, new.purchase_date, new.purchase_date)
           ON CONFLICT (customer_id) DO UPDATE SET
             purchase_count = purchase_count + 1,
             total_spend = total_spend + excluded.total_spend,
             first_purchase_date = MIN(first_purchase_date, excluded.first_purchase_date),
             last_purchase_date = MAX(last_purchase_date, excluded.last_purchase_date);
       END""")
# Corrections are left out: they would have to take the old amount off.
INSERT = f"INSERT INTO purchases VALUES ({', '.join('?' * len(COLUMNS))}) ON CONFLICT (purchase_id) DO NOTHING"
BULK_BATCH_ROWS = 10_000


def batches(path, batch_rows):
    with open(path, encoding="utf-8") as source:
        while True:
            rows = [tuple(row.get(column) for column in COLUMNS)
                    for row in map(json.loads, itertools.islice(source, batch_rows))]
            if not rows:
                return
            yield rows


class Peer:
    def __init__(self, directory):
        self._path = os.path.join(directory, "peer.sqlite")
        self._database = sqlite3.connect(self._path, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-262144"):
            self._database.execute("PRAGMA " + pragma)
        for statement in TABLES:
            self._database.execute(statement)

    def seconds(self, rows):
        """Time of one transaction."""
        begin = time.perf_counter()
        self._database.execute("BEGIN IMMEDIATE")
        self._database.executemany(INSERT, rows)
        self._database.execute("COMMIT")
        return time.perf_counter() - begin

    def rate(self, path, batch_rows):
        """Rows a second; reading the file is not counted."""
        rows, seconds = 0, 0.0
        for batch in batches(path, batch_rows):
            seconds += self.seconds(batch)
            rows += len(batch)
        return rows / seconds

    def size(self):
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return os.path.getsize(self._path)


def peak_memory_mib():
    with open("/proc/self/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024


def main():
    task = json.loads(sys.argv[1])
    peer = Peer(task["directory"])
    figures = {"bulk_rows_per_second": peer.rate(task["bulk"], BULK_BATCH_ROWS), "peak_memory_mib": peak_memory_mib(),
               "disk_bytes_per_purchase": peer.size() / task["rows"]}
    for batch_rows, path in task["continuous"].items():
        figures[f"batches_of_{batch_rows}_rows_per_second"] = peer.rate(path, int(batch_rows))
    # What is committed is visible.
    durable = sorted(1e3 * peer.seconds(batch) for batch in batches(task["latency"], 100))
    figures["batch_of_100_durable_p50_ms"] = durable[len(durable) // 2]
    figures["batch_of_100_durable_p99_ms"] = durable[int(0.99 * (len(durable) - 1))]
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
