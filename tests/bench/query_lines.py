"""The questions of the benchmark of reading: what ours are asked, the same for the peers, and how answers compare."""

import bisect
import dataclasses
import datetime
import math
import typing

YEAR_SECONDS = 365 * 86_400
OTHER_WINDOWS = 20  # more than the query service remembers to have been asked for once
PERIODS = 12
_SHARES = (0.25, 0.5, 0.75, 0.9, 0.99)


def instant_text(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def seconds_of(text):
    """UTC seconds of a protobuf timestamp."""
    return int(datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(
        tzinfo=datetime.timezone.utc).timestamp())


def micros(decimal):
    """Exact micros of a decimal text."""
    whole, _, fraction = decimal.lstrip("-").partition(".")
    value = int(whole or 0) * 10**6 + int(fraction.ljust(6, "0") or 0)
    return -value if decimal.startswith("-") else value


def difference(ours, theirs):
    """"" when the rows agree: integers and texts exactly, floats within 1e-9 of each other; None is not a number."""
    if len(ours) != len(theirs):
        return f"{len(ours)} rows and {len(theirs)}"
    for number, (row, other) in enumerate(zip(ours, theirs)):
        if len(row) != len(other):
            return f"row {number}: {len(row)} columns and {len(other)}"
        for column, (a, b) in enumerate(zip(row, other)):
            if a is None or b is None:
                same = a is b
            elif isinstance(a, float) or isinstance(b, float):
                same = math.isclose(a, float(b), rel_tol=1e-9, abs_tol=1e-9)
            else:
                same = a == (int(b) if isinstance(a, int) else b)
            if not same:
                return f"row {number}, column {column}: {a} and {b}"
    return ""


# ---- what differs between the dialects


def _percentiles(dialect, shares, value, condition=""):
    """An array of the nearest-rank percentiles."""
    if dialect == "duckdb":
        return f"quantile_disc({value}, [{', '.join(map(str, shares))}])" + (
            f" FILTER ({condition})" if condition else "")
    # Its rank is floor(share * n) + 1, which is ceil(share * n) for a share that is a little smaller.
    levels = ", ".join(f"{share - 1e-9:.10f}" for share in shares)
    return f"quantilesExactIf({levels})({value}, {condition})" if condition else f"quantilesExact({levels})({value})"


def _bit(dialect, number):
    return f"(mask >> {number}) & 1" if dialect == "duckdb" else f"bitAnd(bitShiftRight(mask, {number}), 1)"


def _integer(dialect, condition):
    return f"({condition})::INTEGER" if dialect == "duckdb" else f"({condition})"


def _where(*conditions):
    kept = [condition for condition in conditions if condition]
    return f" WHERE {' AND '.join(kept)}" if kept else ""


# ---- questions


@dataclasses.dataclass
class Scene:
    """What the questions of a store are about."""
    horizon: int       # the data's, UTC seconds
    ids: list          # of the customers by their numbers, sorted
    names: dict        # of an attribute's codes: names["segment"][code]
    country: int       # codes of the filters
    segment: int

    def number_of(self, customer_id):
        return bisect.bisect_left(self.ids, customer_id)

    def filters(self):
        return {"country": [self.names["country"][self.country]],
                "customer_segment": [self.names["segment"][self.segment]]}

    def filter_sql(self):
        return f"country = {self.country} AND segment = {self.segment}"

    def year(self, earlier=0):
        """The year up to the horizon, to the second, or so many seconds earlier."""
        end = self.horizon - earlier
        return end - YEAR_SECONDS, end

    def months(self, earlier=0):
        """Twelve whole months, of which the last holds the horizon, or so many months earlier."""
        last = datetime.datetime.fromtimestamp(self.horizon, datetime.timezone.utc)
        month = last.year * 12 + last.month - earlier  # from 0, the one after the last
        begin, end = (datetime.datetime(m // 12, m % 12 + 1, 1, tzinfo=datetime.timezone.utc).timestamp()
                      for m in (month - 12, month))
        return int(begin), int(end) - 1


@dataclasses.dataclass(frozen=True)
class Question:
    key: str
    title: str
    method: str
    request: typing.Callable  # of a scene: the request's fields
    sql: typing.Callable      # of a scene and a dialect
    ours: typing.Callable     # of a scene and our answer: rows that compare with `theirs`
    theirs: typing.Callable   # of a scene and the rows of a peer
    must: float               # times faster than the better peer
    aim: float
    other_window: typing.Callable = None  # of a scene and a step: of a window that was not asked for lately


def _retention_sql(filtered):
    def sql(scene, dialect):
        sums = ", ".join(f"sum({_bit(dialect, period)})" for period in range(PERIODS + 1))
        return (f"SELECT cohort, count(*), {sums} FROM {{t}}customer_clv"
                + _where(filtered and scene.filter_sql()) + " GROUP BY cohort ORDER BY cohort")
    return sql


def _our_retention(_, answer):
    """Cohort, size, period, retained."""
    rows = []
    for row in answer["rows"]:
        if row.get("cohort"):
            year, month, _day = map(int, row["cohort"].split("-"))
            rows.append([year * 12 + month - 1, int(row["cohort_size"]), int(row["period"]),
                         int(row["retained_customers"])])
    return rows


def _their_retention(scene, rows):
    last = datetime.datetime.fromtimestamp(scene.horizon, datetime.timezone.utc)
    last_month = last.year * 12 + last.month - 1
    return [[int(cohort), int(size), period, int(retained)] for cohort, size, *sums in rows
            for period, retained in enumerate(sums) if int(cohort) + period <= last_month]


def _group_columns(dialect):
    return (f"count(*), sum(spend), sum(n), {_percentiles(dialect, _SHARES, 'spend')}, min(spend), max(spend), "
            "sum(spend) / 1e6 / count(*), stddev_samp(spend) / 1e6, sum(spend) / 1e6 / sum(n), sum(n) * 1.0 / count(*), "
            f"sum({_integer(dialect, 'n >= 2')}) * 1.0 / count(*), sum(lifespan) / 86400.0 / count(*), "
            "sum(lifespan) / 86400.0 / sum(n - 1), min(first), max(last)")


def _groups_sql(attribute):
    return lambda scene, dialect: (
        f"SELECT {attribute}, {_group_columns(dialect)} FROM {{t}}customer_clv GROUP BY {attribute}")


def _our_groups(attribute):
    def rows_of(_, answer):
        return [[row[attribute], int(row["customers"]), micros(row["total_revenue"]), int(row["orders"]),
                 *(micros(row[name + "_clv"]) for name in ("p25", "median", "p75", "p90", "p99", "min", "max")),
                 *(row.get(name) for name in ("avg_clv", "stddev_clv", "avg_order_value", "avg_purchase_count",
                                              "repeat_rate", "avg_lifespan_days", "avg_days_between_orders")),
                 seconds_of(row["first_purchase_date"]), seconds_of(row["last_purchase_date"])]
                for row in answer["rows"]]
    return rows_of


def _flat(row):
    return [value for cell in row for value in (cell if isinstance(cell, list) else [cell])]


def _their_groups(attribute):
    def rows_of(scene, rows):
        named = [[scene.names[attribute][int(code)], *_flat(rest)] for code, *rest in rows]
        return sorted(named, key=lambda row: (-int(row[2]), row[0]))
    return rows_of


def _frequency_sql(scene, dialect):
    bucket = " + ".join(_integer(dialect, f"n >= {bound}") for bound in (2, 3, 6, 11, 21))
    recency = f"{scene.horizon} - last"
    gap = "lifespan / (n - 1) / 86400.0" if dialect == "clickhouse" else "lifespan::DOUBLE / (n - 1) / 86400"
    return (f"SELECT {bucket} AS bucket, count(*), sum(n), sum(spend), {_percentiles(dialect, (0.5,), 'spend')}, "
            f"sum(spend) / 1e6 / count(*), sum({recency}) / 86400.0 / count(*), "
            f"{_percentiles(dialect, (0.5,), recency)}, "
            f"{_percentiles(dialect, (0.5, 0.9), gap, 'n >= 2' if dialect == 'clickhouse' else 'WHERE n >= 2')} "
            "FROM {t}customer_clv GROUP BY bucket ORDER BY bucket")


def _our_frequency(_, answer):
    rows = []
    for bucket, row in enumerate(answer["rows"]):
        if int(row["customers"]) == 0:
            continue
        gaps = [row.get(name + "_days_between_orders") for name in ("median", "p90")] if bucket > 0 else []
        rows.append([bucket, int(row["customers"]), int(row["orders"]), micros(row["revenue"]),
                     micros(row["median_clv"]), float(row["avg_clv"]), float(row["avg_recency_days"]),
                     float(row["median_recency_days"]), *gaps])
    return rows


def _their_frequency(_, rows):
    result = []
    for bucket, *rest, recency, gaps in rows:
        seconds = float(recency[0]) / 86_400
        result.append([int(bucket), *_flat(rest), seconds, *(gaps if int(bucket) > 0 else [])])
    return result


def _prediction_sql(filtered):
    """p(alive) of BG/NBD in closed form, times a rate and a mean value; the parameters are plausible ones."""
    r, alpha, a, b = 0.6, 60.0, 0.8, 2.5

    def sql(scene, dialect):
        day = "//" if dialect == "duckdb" else ""
        t_first, t_last = (f"first {day} 86400", f"last {day} 86400") if day else (
            "intDiv(first, 86400)", "intDiv(last, 86400)")
        inner = (f"SELECT k, x, {t_last} - ({t_first}) AS tx, {scene.horizon // 86_400} - ({t_first}) AS age, n, spend "
                 "FROM {t}customer_clv" + _where(filtered and scene.filter_sql()))
        alive = (f"1 / (1 + CASE WHEN x > 0 THEN {a} / ({b} + x - 1) * "
                 f"pow(({alpha} + age) / ({alpha} + tx), {r} + x) ELSE 0 END)")
        return (f"SELECT k, x, tx, age, n, spend, {alive} * ({r} + x) / ({alpha} + age) * spend / n AS score "
                f"FROM ({inner}) AS customers ORDER BY score DESC, k LIMIT 50")
    return sql


def facts_sql(numbers):
    """What our prediction shows of customers, from DuckDB."""
    def sql(scene):
        return ("SELECT k, x, last // 86400 - first // 86400, "
                f"{scene.horizon // 86_400} - first // 86400, n, spend FROM {{t}}customer_clv WHERE k IN "
                f"({', '.join(map(str, numbers))}) ORDER BY k")
    return sql


def our_facts(scene, answer):
    """The same from our answer, by customer."""
    return sorted([scene.number_of(row["customer_id"]), int(row["frequency"]), int(row["recency_days"]),
                   int(row["tenure_days"]), int(row["purchase_count"]), micros(row["total_spend"])]
                  for row in answer["rows"])


def other_rows(step):
    """A page of about 50 rows; none comes again before kept answers are forgotten for their number (20,000 rows)."""
    return {"page_size": 50 + step % 20, "page": step // 20 % 20}


def _rfm_sql(filtered):
    def sql(scene, dialect):
        shares = (0.2, 0.4, 0.6, 0.8)
        bounds = ", ".join(f"{_percentiles(dialect, shares, column)} AS {column}_bounds"
                           for column in ("last", "n", "spend"))

        def score(column):
            return "1 + " + " + ".join(_integer(dialect, f"{column} > {column}_bounds[{i}]") for i in (1, 2, 3, 4))
        # Of the table, so that the bounds are of the whole population.
        return (f"WITH bounds AS (SELECT {bounds} FROM {{t}}customer_clv) "
                f"SELECT k, r, f, m, last, n, spend FROM (SELECT k, {score('last')} AS r, {score('n')} AS f, "
                f"{score('spend')} AS m, last, n, spend FROM {{t}}customer_clv CROSS JOIN bounds"
                + _where(filtered and scene.filter_sql())
                + ") AS scored ORDER BY r + f + m DESC, spend DESC, k LIMIT 100")
    return sql


def _our_rfm(scene, answer):
    return [[scene.number_of(row["customer_id"]), int(row["r_score"]), int(row["f_score"]), int(row["m_score"]),
             seconds_of(row["last_purchase_date"]), int(row["frequency"]), micros(row["monetary"])]
            for row in answer["rows"]]


def _value_sql(_, dialect):
    del dialect
    return ("SELECT k, spend, n, first, last, lifespan / 86400.0, rank() OVER (ORDER BY spend DESC), spend * 1.0 / total "
            "FROM (SELECT * FROM {t}customer_clv ORDER BY spend DESC, k LIMIT 100) AS best "
            "CROSS JOIN (SELECT sum(spend) AS total FROM {t}customer_clv) AS everybody ORDER BY spend DESC, k")


def _our_values(scene, answer):
    return [[scene.number_of(row["customer_id"]), micros(row["total_spend"]), int(row["purchase_count"]),
             seconds_of(row["first_purchase_date"]), seconds_of(row["last_purchase_date"]), float(row["lifespan_days"]),
             int(row["value_rank"]), float(row["share_of_revenue"])] for row in answer["rows"]]


def _window_sql(window, filtered):
    def sql(scene, dialect):
        begin, end = window(scene)
        qualifying = "count(*) FILTER (q)" if dialect == "duckdb" else "countIf(q = 1)"
        chosen = filtered and f"k IN (SELECT k FROM {{t}}customer_clv WHERE country = {scene.country})"
        inside = (f"SELECT k, sum(v) AS wv, {qualifying} AS wn FROM {{t}}orders"
                  + _where(f"d BETWEEN {begin} AND {end}", chosen) + f" GROUP BY k HAVING {qualifying} > 0")
        return (f"SELECT segment, {_group_columns(dialect)}, sum(wv), sum(wn) FROM ({inside}) AS inside "
                "JOIN {t}customer_clv AS c USING (k) GROUP BY segment")
    return sql


def _our_windows(scene, answer):
    return [row + [micros(message["window_revenue"]), int(message["window_orders"])] for row, message in
            zip(_our_groups("customer_segment")(scene, answer), answer["rows"])]


def _window_request(window, filtered):
    def request(scene, step=0):
        begin, end = map(instant_text, window(scene, step % OTHER_WINDOWS))
        fields = {"start_date": begin, "end_date": end}
        return {**fields, "country": scene.filters()["country"]} if filtered else fields
    return request


def _plain(_, rows):
    return [_flat(row) for row in rows]


def _nothing(_):
    return {}


def _filters(scene):
    return scene.filters()


QUESTIONS = (
    Question("retention", "customer_retention", "GetCustomerRetention", _nothing, _retention_sql(False), _our_retention,
             _their_retention, 10, 50),
    Question("segments", "clv_by_segment", "GetClvBySegment", _nothing, _groups_sql("segment"),
             _our_groups("customer_segment"), _their_groups("segment"), 3, 20),
    Question("sources", "clv_by_acquisition_source", "GetClvByAcquisitionSource", _nothing, _groups_sql("source"),
             _our_groups("acquisition_source"), _their_groups("source"), 3, 20),
    Question("frequency", "purchase_frequency_analysis", "GetPurchaseFrequencyAnalysis", _nothing, _frequency_sql,
             _our_frequency, _their_frequency, 5, 40),
    Question("prediction", "clv_prediction, top 50", "GetClvPrediction", _nothing, _prediction_sql(False), our_facts,
             _plain, 10, 50),
    Question("rfm", "customer_segmentation, top 100", "GetCustomerSegmentation", _nothing, _rfm_sql(False), _our_rfm,
             _plain, 8, 40),
    Question("values", "total_customer_value, top 100", "GetTotalCustomerValue", _nothing, _value_sql, _our_values,
             _plain, 5, 20),
    Question("filtered_retention", "customer_retention, country and segment", "GetCustomerRetention", _filters,
             _retention_sql(True), _our_retention, _their_retention, 4, 15),
    Question("filtered_prediction", "clv_prediction, country and segment", "GetClvPrediction", _filters,
             _prediction_sql(True), our_facts, _plain, 4, 15),
    Question("filtered_rfm", "customer_segmentation, country and segment", "GetCustomerSegmentation", _filters,
             _rfm_sql(True), _our_rfm, _plain, 4, 15),
    *(Question(("filtered_" if filtered else "") + key, f"clv_by_segment, {title}" + (", country" if filtered else ""),
               "GetClvBySegment", _window_request(window, filtered), _window_sql(window, filtered), _our_windows,
               _their_groups("segment"), 4 if filtered else 3, 10, _window_request(window, filtered))
      for key, title, window in (("window", "one year", Scene.year), ("months", "twelve months", Scene.months))
      for filtered in (False, True)),
)
