"""Waits for what a suite does by itself after rows have come."""

import contextlib
import os
import sqlite3
import time

from harness import eventually, field

FOLD_SECONDS = 7200
REST_SECONDS = 120
RESTING_SHARE = 0.05  # of a processor
SCORE_SECONDS = 600
LEAST_REPEAT_CUSTOMERS = 200  # fewer may be too few for a model


def await_folded(suite):
    """Waits until the suite's status says that everything in the log is folded."""
    def unfolded():
        status = suite.status()
        position = field(status["ingest"], "log_position")
        aggregation = status.get("aggregation")
        return None if aggregation is not None and field(aggregation, "folded_position") >= position else position
    # Statuses asked without end would be a third of a processor's work beside the fold that is waited for.
    with contextlib.closing(sqlite3.connect(f"file:{suite.data_dir}/clv.db?mode=ro", uri=True)) as database:
        def folded():
            return database.execute("SELECT folded_position FROM checkpoint").fetchone()[0]
        begin = time.monotonic()
        while (position := unfolded()) is not None:
            while folded() < position:
                if time.monotonic() - begin > FOLD_SECONDS:
                    raise AssertionError(f"not within {FOLD_SECONDS} s: everything folded")
                time.sleep(0.002)


def await_scored(data_dir):
    """Waits until the default predictions are of the last day and know all changes, where there is a model or will be."""
    with contextlib.closing(sqlite3.connect(f"file:{data_dir}/clv.db?mode=ro", uri=True)) as database:
        few = f"SELECT COUNT(*) FROM (SELECT 1 FROM customer_clv WHERE repeat_order_days > 0 LIMIT {LEAST_REPEAT_CUSTOMERS})"

        def scored():
            if database.execute(few).fetchone()[0] < LEAST_REPEAT_CUSTOMERS:
                return True
            row = database.execute("SELECT day >= (SELECT date / 86400 FROM latest_activity) AND scored_change = "
                                   "(SELECT MAX(change_id) FROM customer_changes) FROM scoring").fetchone()
            return row is not None and row[0]
        eventually(scored, "everybody scored", seconds=SCORE_SECONDS, pause=0.2)


def await_rest(suite):
    """Waits until the programs do next to nothing: what their start, or the rows before, set going has ended."""
    def processor_seconds():
        ticks = 0
        for program in suite.programs.values():
            with open(f"/proc/{program.pid}/stat", encoding="utf-8") as stat:
                ticks += sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")
    begin = time.monotonic()
    while True:
        before, since = processor_seconds(), time.monotonic()
        time.sleep(0.5)
        if processor_seconds() - before <= RESTING_SHARE * (time.monotonic() - since):
            return
        if since - begin > REST_SECONDS:
            raise AssertionError(f"not within {REST_SECONDS} s: programs at rest")
