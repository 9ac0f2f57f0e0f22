"""The table of goals of reading: what each line must reach and should reach."""

import dataclasses

from query_lines import QUESTIONS
from query_peers import NAMES

# How a line's bound is made from the goal's factor.
FASTER = "faster"      # the better peer's figure over ours
AT_MOST = "at most"    # an absolute bound
OF_ECHO = "of echo"    # a share of the call that does nothing
OF_DUCKDB = "of duckdb"


@dataclasses.dataclass(frozen=True)
class Line:
    key: str
    title: str
    unit: str
    kind: str
    must: float  # None: no such goal
    aim: float
    higher_is_better: bool = False


FORMS = {"repeated": "", "varied": ", varied", "other_window": ", another"}


def forms_of(question):
    return [form for form in FORMS if form != "other_window" or question.other_window]


LINES = tuple(
    Line(f"{question.key}_{form}_p50_ms", question.title + FORMS[form], "ms", FASTER, question.must, question.aim)
    for question in QUESTIONS for form in forms_of(question)
) + (
    Line("prediction_other_instant_p50_ms", "clv_prediction, top 50, as of another instant", "ms", FASTER, None, None),
    Line("one_repeated_p50_ms", "total_customer_value, one customer", "ms", OF_ECHO, 1.5, 1.1),
    Line("one_varied_p50_ms", "total_customer_value, one customer, varied", "ms", OF_ECHO, 1.5, 1.1),
    Line("one_flood_per_second", "the same, 64 in flight, calls/s", "", OF_ECHO, 0.6, 0.85, higher_is_better=True),
    Line("during_ingest_of_bound", "p95 during ingest, of what it may be, worst of all reports", "", AT_MOST, 1, None),
    Line("other_window_during_ingest_of_bound", "the same, worst of other windows", "", AT_MOST, 1, None),
    Line("during_ingest_of_idle", "p95 during ingest, of idle, worst of all reports", "", AT_MOST, None, 1.3),
    Line("visible_in_all_p50_ms", "batch of 100: durable to visible in all seven, p50", "ms", AT_MOST, 3, 1),
    Line("visible_in_all_p99_ms", "batch of 100: durable to visible in all seven, p99", "ms", AT_MOST, 15, None),
    Line("peak_memory_mib", "memory of the query process, MiB", "", OF_DUCKDB, 0.5, 0.33),
    Line("start_seconds", "start to first answer, clean stop", "s", AT_MOST, 0.8, 0.2),
    Line("start_after_kill_seconds", "start to first answer, after kill -9", "s", AT_MOST, 3, 1.2),
)

# The peers' figure beside a line of ours, where it has another name.
PEER_KEYS = {"peak_memory_mib": "peak_memory_mib", "start_seconds": "start_seconds", "one_repeated_p50_ms": "one_p50_ms",
             **{f"{question.key}_{form}_p50_ms": question.key + "_p50_ms" for question in QUESTIONS
                for form in (*FORMS, "other_instant")}}
ECHO_KEYS = {"one_repeated_p50_ms": "echo_p50_ms", "one_varied_p50_ms": "echo_p50_ms",
             "one_flood_per_second": "echo_flood_per_second"}


def bound_of_ingest(idle):
    """What a p95 may be during ingest, of the idle one, both in milliseconds."""
    return max(2 * idle, idle + 5)


def _ratio(line, ours, peers, figures):
    """What the goal's factor is compared with; None where what it names is absent."""
    if line.kind == AT_MOST:
        return ours
    if line.kind == FASTER:
        known = [figure for figure in peers.values() if figure is not None]
        return min(known) / ours if known else None
    reference = figures.get(ECHO_KEYS[line.key]) if line.kind == OF_ECHO else peers.get("duckdb")
    return None if reference is None else ours / reference


def _reached(line, ratio, factor):
    if ratio is None or factor is None:
        return None
    return ratio >= factor if line.kind == FASTER or line.higher_is_better else ratio <= factor


def _goal(line, factor):
    if factor is None:
        return ""
    sign = ">=" if line.kind == FASTER or line.higher_is_better else "<="
    end = {FASTER: "x", AT_MOST: "", OF_ECHO: "x echo", OF_DUCKDB: "x duckdb"}[line.kind]
    return f"{sign} {factor:.3g}{end}"


def evaluate(figures, peers):
    """One object a line; `figures`: ours by key, `peers`: theirs by name and key."""
    result = []
    for line in LINES:
        ours = figures[line.key]
        theirs = {name: peers.get(name, {}).get(PEER_KEYS.get(line.key)) for name in NAMES}
        ratio = _ratio(line, ours, theirs, figures)
        result.append({"key": line.key, "line": line.title, "unit": line.unit, "ours": ours, "peers": theirs,
                       "echo": figures.get(ECHO_KEYS.get(line.key)), "ratio": ratio,
                       "must_reach": _goal(line, line.must), "reached": _reached(line, ratio, line.must),
                       "aim": _goal(line, line.aim), "aim_reached": _reached(line, ratio, line.aim)})
    return result


def number(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 1000 else f"{value:,.1f}" if value >= 100 else f"{value:,.3f}"


def aligned(rows, left=(0,)):
    """Rows of texts as aligned text; the columns of `left` are left-aligned."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(widths[column]) if column in left else cell.rjust(widths[column])
                               for column, cell in enumerate(row)).rstrip() for row in rows)


def _ratio_text(line):
    if line["ratio"] is None or line["ratio"] == line["ours"]:
        return "-"
    return f"{line['ratio']:.2f}x"


def _verdict(goal, reached):
    return goal and f"{goal}: " + {True: "yes", False: "NO", None: "?"}[reached]


def render(evaluated):
    rows = [["line", "ours", *NAMES, "echo", "ratio", "must reach", "aim"]]
    for line in evaluated:
        title = line["line"] + (f", {line['unit']}" if line["unit"] else "")
        rows.append([title, number(line["ours"]), *(number(line["peers"][name]) for name in NAMES),
                     number(line["echo"]), _ratio_text(line),
                     _verdict(line["must_reach"], line["reached"]), _verdict(line["aim"], line["aim_reached"])])
    columns = len(rows[0])
    return aligned(rows, (0, columns - 2, columns - 1))


def render_latencies(figures):
    """Idle and during ingest, by question."""
    rows = [["p95, ms", "idle", "during ingest", "may be"]]
    for question in QUESTIONS:
        for key, title in ((question.key, question.title),
                           (question.key + "_other_window", question.title + FORMS["other_window"])):
            idle = figures.get(key + "_idle_p95_ms")
            if idle is None:
                continue
            rows.append([title, number(idle), number(figures[key + "_ingest_p95_ms"]), number(bound_of_ingest(idle))])
    return aligned(rows)


def render_growth(runs):
    """How figures grow from size to size; `runs`: (name, figures) in rising order."""
    rows = [["growth", *(name for name, _ in runs),
             *(f"{name} / {before}" for (before, _), (name, _) in zip(runs, runs[1:]))]]
    for line in LINES:
        values = [figures[line.key] for _, figures in runs]
        rows.append([line.title, *map(number, values),
                     *(number(after / before) + "x" if before else "-" for before, after in zip(values, values[1:]))])
    return aligned(rows)
