"""PostgreSQL over a Unix socket: COPY and one INSERT ... ON CONFLICT a batch, synchronous commits; no totals.

A cluster of its own in the task's directory, run by an unprivileged user, since the server refuses root.
"""

import glob
import itertools
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import threading
import time

COLUMNS = ("purchase_id", "customer_id", "order_id", "product_id", "product_name", "product_category",
           "purchase_amount", "purchase_date", "payment_method", "currency", "created_at")
TYPES = {"purchase_amount": "numeric(18,6)", "purchase_date": "timestamp", "created_at": "timestamp"}
SETTINGS = {"listen_addresses": "", "shared_buffers": "1GB", "max_wal_size": "8GB", "work_mem": "256MB",
            "maintenance_work_mem": "512MB", "checkpoint_timeout": "30min", "fsync": "on", "synchronous_commit": "on"}
DEFINITION = ", ".join(f"{column} {TYPES.get(column, 'text')}" for column in COLUMNS)
UPSERT = (" ON CONFLICT (purchase_id) DO UPDATE SET "
          + ", ".join(f"{column} = excluded.{column}" for column in COLUMNS[1:])
          + " WHERE excluded.created_at >= purchases.created_at;\n")
# One command may not touch a row twice, so that of a key the newest row of the batch goes.
NEWEST = "INSERT INTO purchases SELECT DISTINCT ON (purchase_id) * FROM staging ORDER BY purchase_id, created_at DESC"
STAGING = "CREATE TEMP TABLE staging (LIKE purchases) ON COMMIT DELETE ROWS;\n"


def copy_line(row):
    def cell(value):
        if value is None:
            return "\\N"
        return str(value).replace("\\", "\\\\").replace("\t", "\\t")
    return "\t".join(cell(row.get(column)) for column in COLUMNS) + "\n"


def rows_of(path, batch_rows):
    with open(path, encoding="utf-8") as source:
        while batch := [json.loads(line) for line in itertools.islice(source, batch_rows)]:
            yield batch


def write_copies(path, script, batch_rows):
    """A script of one transaction a batch: COPY, then one upsert; the number of rows. Holds one row in memory."""
    count = 0
    end = "\\.\n" + NEWEST + UPSERT + "COMMIT;\n"
    with open(path, encoding="utf-8") as source, open(script, "w", encoding="utf-8") as out:
        out.write(STAGING)
        for line in source:
            if count % batch_rows == 0:
                out.write((end if count else "") + f"BEGIN;\nCOPY staging ({', '.join(COLUMNS)}) FROM STDIN;\n")
            out.write(copy_line(json.loads(line)))
            count += 1
        out.write(end)
    return count


def write_inserts(path, script, batch_rows):
    """A script of one INSERT of many rows a batch, each its own transaction, with times."""
    def literal(value):
        return "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"
    with open(script, "w", encoding="utf-8") as out:
        out.write("\\timing on\n")
        for batch in rows_of(path, batch_rows):
            newest = {row["purchase_id"]: row for row in batch}
            out.write("INSERT INTO purchases VALUES " + ",".join(
                "(" + ",".join(literal(row.get(column)) for column in COLUMNS) + ")" for row in newest.values()) + UPSERT)


class Cluster:
    def __init__(self, directory):
        self._directory = directory
        self._programs = self._find_programs()
        self._as_user = []
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(directory, user.pw_uid, user.pw_gid)
            self._as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        self._data = os.path.join(directory, "data")
        self._call("initdb", "-D", self._data, "-U", "peer", "--auth=trust", "-E", "UTF8", "--locale=C")
        options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items() if value)
        options += f" -c listen_addresses= -c unix_socket_directories={directory}"
        self._call("pg_ctl", "-D", self._data, "-w", "-l", os.path.join(directory, "log"), "-o", options, "start")

    @staticmethod
    def _find_programs():
        for folder in sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True):
            if os.path.exists(os.path.join(folder, "initdb")):
                return folder
        initdb = shutil.which("initdb")
        if not initdb:
            raise SystemExit("no initdb: apt-get install postgresql-15")
        return os.path.dirname(initdb)

    def _call(self, program, *arguments):
        result = subprocess.run(self._as_user + [os.path.join(self._programs, program), *arguments],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                check=False, cwd=self._directory)
        # pg_ctl's server would hold an output that is a pipe open, but logs to its file.
        if result.returncode != 0:
            raise SystemExit(f"{program}: {result.stdout}")

    def sql(self, text=None, script=None):
        """Runs SQL; what it printed."""
        command = ["psql", "-h", self._directory, "-U", "peer", "-d", "postgres", "-X", "-q", "-t", "-A",
                   "-v", "ON_ERROR_STOP=1"]
        command += ["-f", script] if script else ["-c", text]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise SystemExit("psql: " + result.stderr[-2000:])
        return result.stdout

    def pids(self):
        with open(os.path.join(self._data, "postmaster.pid"), encoding="utf-8") as file:
            root = file.readline().strip()
        with open(f"/proc/{root}/task/{root}/children", encoding="utf-8") as file:
            return [root] + file.read().split()

    def stop(self):
        self._call("pg_ctl", "-D", self._data, "-w", "-m", "fast", "stop")


class PeakMemory:
    """Greatest sum of the processes' shares of memory, looked at twice a second."""

    def __init__(self, cluster):
        self.mib = 0.0
        self._cluster = cluster
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self):
        while not self._end.wait(0.5):
            total = 0
            for pid in self._cluster.pids():
                try:
                    with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
                        total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
                except OSError:
                    continue  # it has ended
            self.mib = max(self.mib, total / 1024)

    def end(self):
        self._end.set()
        self._thread.join()
        return self.mib


def main():
    task = json.loads(sys.argv[1])
    scripts = os.path.join(task["directory"], "scripts")
    os.mkdir(scripts)
    cluster = Cluster(task["directory"])
    try:
        cluster.sql(f"CREATE TABLE purchases ({DEFINITION}, PRIMARY KEY (purchase_id))")
        figures = {}

        def rate(path, batch_rows):
            script = os.path.join(scripts, "script.sql")
            rows = write_copies(path, script, batch_rows)
            begin = time.perf_counter()
            cluster.sql(script=script)
            seconds = time.perf_counter() - begin
            os.unlink(script)
            return rows / seconds

        memory = PeakMemory(cluster)
        figures["bulk_rows_per_second"] = rate(task["bulk"], task["rows"])
        figures["peak_memory_mib"] = memory.end()
        figures["disk_bytes_per_purchase"] = (
            int(cluster.sql("SELECT pg_total_relation_size('purchases')")) / task["rows"])
        cluster.sql("CHECKPOINT")
        for batch_rows, path in task["continuous"].items():
            figures[f"batches_of_{batch_rows}_rows_per_second"] = rate(path, int(batch_rows))
        script = os.path.join(scripts, "latency.sql")
        write_inserts(task["latency"], script, 100)
        # What is committed is visible.
        times = sorted(float(found) for found in re.findall(r"^Time: ([\d.]+) ms", cluster.sql(script=script), re.M))
        figures["batch_of_100_durable_p50_ms"] = times[len(times) // 2]
        figures["batch_of_100_durable_p99_ms"] = times[int(0.99 * (len(times) - 1))]
    finally:
        cluster.stop()
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
