"""The table of goals: what each line must reach and should reach, against absolute figures or peers of the same run."""

import dataclasses

PEERS = ("duckdb", "clickhouse", "sqlite", "postgresql")


@dataclasses.dataclass(frozen=True)
class Goal:
    """`factor` times the figure of `peer`, or the absolute `factor` without one."""
    factor: float
    peer: str = ""

    def text(self, line):
        sign = ">=" if line.higher_is_better else "<="
        return f"{sign} {self.factor:g}x {self.peer}" if self.peer else f"{sign} {self.factor:g}"


@dataclasses.dataclass(frozen=True)
class Line:
    title: str
    key: str         # of our figures
    must: tuple      # Goals, all of them
    aim: tuple
    higher_is_better: bool = True
    peer_key: str = ""  # of the peers' figures; default: key without a `separate_`


LINES = (
    Line("bulk load by gRPC stream, rows/s", "bulk_stream_rows_per_second", (Goal(0.8, "duckdb"),),
         (Goal(2, "duckdb"),), peer_key="bulk_rows_per_second"),
    Line("bulk load by clv load of NDJSON, rows/s", "bulk_clv_load_rows_per_second", (Goal(0.8, "duckdb"),),
         (Goal(2, "duckdb"),), peer_key="bulk_rows_per_second"),
    Line("batches of 1,000, rows/s", "batches_of_1000_rows_per_second", (Goal(5, "sqlite"), Goal(3, "clickhouse")),
         (Goal(15, "sqlite"),)),
    Line("batches of 10,000, rows/s", "batches_of_10000_rows_per_second", (Goal(3, "clickhouse"),),
         (Goal(8, "clickhouse"),)),
    Line("single events, clv-suite, events/s", "events_per_second", (Goal(0.5, "echo"),), (Goal(0.8, "echo"),)),
    Line("single events, separate processes, events/s", "separate_events_per_second", (Goal(0.5, "echo"),),
         (Goal(0.8, "echo"),)),
    Line("batch of 100: until durable, p50 ms", "batch_of_100_durable_p50_ms", (), (), higher_is_better=False),
    Line("batch of 100: until durable, p99 ms", "batch_of_100_durable_p99_ms", (), (), higher_is_better=False),
    Line("batch of 100: durable to visible, p50 ms", "batch_of_100_visible_p50_ms", (Goal(3),), (Goal(1),),
         higher_is_better=False),
    Line("batch of 100: durable to visible, p99 ms", "batch_of_100_visible_p99_ms", (Goal(15),), (),
         higher_is_better=False),
    Line("the same, separate processes under load, p50 ms", "separate_batch_of_100_visible_p50_ms", (Goal(20),),
         (Goal(5),), higher_is_better=False),
    Line("the same, separate processes under load, p99 ms", "separate_batch_of_100_visible_p99_ms", (Goal(100),),
         (Goal(50),), higher_is_better=False),
    Line("disk, bytes a purchase", "disk_bytes_per_purchase", (Goal(54),), (Goal(33),), higher_is_better=False),
    Line("peak memory while loading, MiB", "peak_memory_mib", (Goal(0.8, "duckdb"),), (Goal(0.4, "duckdb"),),
         higher_is_better=False),
    Line("ready again after kill -9, s", "ready_after_kill_seconds", (Goal(3),), (Goal(1.2),), higher_is_better=False),
)


def _peer_figure(line, peer, peers, ours):
    if peer == "echo":
        return ours.get("echo_events_per_second")
    return peers.get(peer, {}).get(line.peer_key or line.key)


def _reached(line, goals, peers, ours):
    """True or False; None when there is no goal, or a peer that it names is absent."""
    if not goals:
        return None
    reached = True
    for goal in goals:
        bound = goal.factor
        if goal.peer:
            figure = _peer_figure(line, goal.peer, peers, ours)
            if figure is None:
                return None
            bound *= figure
        reached = reached and (ours[line.key] >= bound if line.higher_is_better else ours[line.key] <= bound)
    return reached


def evaluate(ours, peers):
    """One object a line: our figure, the peers', ratios to those that goals name, and which goals are reached."""
    result = []
    for line in LINES:
        named = [goal.peer for goal in line.must + line.aim if goal.peer]
        figures = {peer: _peer_figure(line, peer, peers, ours) for peer in (*PEERS, "echo") if
                   peer != "echo" or "echo" in named}
        result.append({
            "line": line.title, "key": line.key, "ours": ours[line.key],
            "peers": {peer: figure for peer, figure in figures.items() if figure is not None},
            "ratio": {peer: ours[line.key] / figures[peer] for peer in dict.fromkeys(named) if figures.get(peer)},
            "must_reach": " and ".join(goal.text(line) for goal in line.must),
            "reached": _reached(line, line.must, peers, ours),
            "aim": " and ".join(goal.text(line) for goal in line.aim),
            "aim_reached": _reached(line, line.aim, peers, ours),
        })
    return result


def _number(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 1000 else f"{value:,.1f}" if value >= 100 else f"{value:,.2f}"


def _verdict(goal, reached):
    return goal and f"{goal}: " + {True: "yes", False: "NO", None: "?"}[reached]


def render(evaluated):
    """The table as aligned text."""
    rows = [["line", "ours", *PEERS, "echo", "ratio", "must reach", "aim"]]
    for line in evaluated:
        rows.append([line["line"], _number(line["ours"]), *(_number(line["peers"].get(peer)) for peer in PEERS),
                     _number(line["peers"].get("echo")),
                     ", ".join(f"{ratio:.2f}x {peer}" for peer, ratio in line["ratio"].items()),
                     _verdict(line["must_reach"], line["reached"]), _verdict(line["aim"], line["aim_reached"])])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    numbers = range(1, len(PEERS) + 3)
    return "\n".join("  ".join(
        cell.rjust(widths[column]) if column in numbers else cell.ljust(widths[column])
        for column, cell in enumerate(row)).rstrip() for row in rows)
