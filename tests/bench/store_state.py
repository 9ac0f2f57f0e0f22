"""Waits for what a suite does by itself after rows have come."""

import contextlib
import sqlite3
import time

from harness import eventually, field

FOLD_SECONDS = 7200
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
        def scored():
            repeat, = database.execute("SELECT COUNT(*) FROM customer_clv WHERE repeat_order_days > 0").fetchone()
            if repeat < LEAST_REPEAT_CUSTOMERS:
                return True
            row = database.execute("SELECT day >= (SELECT date / 86400 FROM latest_activity) AND scored_change = "
                                   "(SELECT MAX(change_id) FROM customer_changes) FROM scoring").fetchone()
            return row is not None and row[0]
        eventually(scored, "everybody scored", seconds=SCORE_SECONDS, pause=0.2)
