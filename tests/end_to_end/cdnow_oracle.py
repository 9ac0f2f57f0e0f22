"""The reports of the CDNOW sample by independent computation: exact decimals and fractions, no shortcuts.

Every line is one purchase and one order; there are no refunds, no attributes and no imported records.
Rows are dictionaries with the columns of the endpoints; money is Decimal, quotients are floats.
"""

import bisect
import collections
import datetime
import decimal
import fractions
import gzip

DAY_SECONDS = 86400
SEGMENTS = (
    ("Lost", "Hibernating", "At Risk", "Can't Lose Them", "Can't Lose Them"),
    ("About To Sleep", "Needs Attention", "Needs Attention", "At Risk", "At Risk"),
    ("Promising", "Needs Attention", "Potential Loyalists", "Loyal Customers", "Loyal Customers"),
    ("Promising", "Potential Loyalists", "Potential Loyalists", "Loyal Customers", "Champions"),
    ("New Customers", "Potential Loyalists", "Loyal Customers", "Champions", "Champions"))

Purchase = collections.namedtuple("Purchase", "purchase_id customer_id date amount")


def read_purchases(path):
    """The lines of the file: id, sample id, date, number of CDs, dollars."""
    purchases = []
    with gzip.open(path, "rt", encoding="ascii") as lines:
        for number, line in enumerate(lines, 1):
            _, sample_id, day, _, dollars = line.split()
            date = datetime.date(int(day[:4]), int(day[4:6]), int(day[6:]))
            purchases.append(Purchase(str(number), sample_id, date, decimal.Decimal(dollars)))
    return purchases


def quotient(numerator, denominator):
    """The double next to the exact quotient, or None where it is not defined."""
    if denominator <= 0:
        return None
    return float(fractions.Fraction(numerator) / fractions.Fraction(denominator))


def percentile(values, p):
    """Nearest rank; None for no values."""
    if not values:
        return None
    ranked = sorted(values)
    return ranked[max(1, -(-p * len(ranked) // 100)) - 1]


def sample_deviation(values):
    if len(values) < 2:
        return None
    exact = [fractions.Fraction(value) for value in values]
    mean = sum(exact) / len(exact)
    variance = sum((value - mean) ** 2 for value in exact) / (len(exact) - 1)
    with decimal.localcontext() as context:
        context.prec = 50
        return float((decimal.Decimal(variance.numerator) / decimal.Decimal(variance.denominator)).sqrt())


def instant(date):
    return f"{date:%Y-%m-%d} 00:00:00"


def month_number(date):
    return date.year * 12 + date.month - 1


def month_text(number):
    return f"{number // 12:04d}-{number % 12 + 1:02d}-01"


class Customer:
    """What the purchases say about one customer; orders by date, then order_id as text."""

    def __init__(self, customer_id, purchases):
        self.customer_id = customer_id
        self.orders = sorted(purchases, key=lambda purchase: (purchase.date, purchase.purchase_id.encode()))
        self.total = sum(purchase.amount for purchase in purchases)
        self.count = len(purchases)
        self.first = self.orders[0].date
        self.last = self.orders[-1].date
        self.lifespan = (self.last - self.first).days

    def mean_gap(self):
        return fractions.Fraction(self.lifespan, self.count - 1) if self.count >= 2 else None


class Oracle:
    def __init__(self, purchases):
        self.purchases = purchases
        by_customer = collections.defaultdict(list)
        for purchase in purchases:
            by_customer[purchase.customer_id].append(purchase)
        self.customers = [Customer(key, rows) for key, rows in sorted(by_customer.items())]
        self.as_of = max(purchase.date for purchase in purchases)
        self.total = sum(purchase.amount for purchase in purchases)
        self._score()

    def _recency(self, customer):
        return (self.as_of - customer.last).days

    # ---- total_customer_value

    def total_customer_value(self):
        """All customers by total_spend descending, then id, with the columns that purchases alone decide."""
        totals = sorted(customer.total for customer in self.customers)
        size = len(totals)
        rows = []
        for customer in self.customers:
            smaller = bisect.bisect_left(totals, customer.total)
            greater = size - bisect.bisect_right(totals, customer.total)
            rows.append({
                "customer_id": customer.customer_id,
                "country": "(unknown)", "customer_segment": "(unknown)", "acquisition_source": "(unknown)",
                "name": None, "email": None, "active": None, "signup_date": None,
                "first_purchase_date": instant(customer.first), "last_purchase_date": instant(customer.last),
                "total_spend": customer.total, "refunded_amount": 0, "purchase_count": customer.count,
                "avg_order_value": quotient(customer.total, customer.count),
                "days_since_last_purchase": self._recency(customer),
                "lifespan_days": customer.lifespan,
                "avg_days_between_purchases": None if customer.count < 2 else float(customer.mean_gap()),
                "distinct_products": 0, "favorite_category": None,
                "value_rank": 1 + greater, "value_percentile": quotient(smaller, size),
                "share_of_revenue": quotient(customer.total, self.total),
                "rfm_segment": self.scores[customer.customer_id][3]})
        return sorted(rows, key=lambda row: (-row["total_spend"], row["customer_id"]))

    # ---- customer_segmentation

    def _score(self):
        size = len(self.customers)
        measures = ([customer.last for customer in self.customers], [customer.count for customer in self.customers],
                    [customer.total for customer in self.customers])
        ranked = [sorted(values) for values in measures]
        self.scores = {}
        for customer in self.customers:
            r, f, m = (min(5, 1 + 5 * bisect.bisect_left(values, value) // size)
                       for values, value in zip(ranked, (customer.last, customer.count, customer.total)))
            fm = (f + m + 1) // 2
            self.scores[customer.customer_id] = (r, f, m, SEGMENTS[r - 1][fm - 1], fm)

    def rfm_customers(self):
        rows = []
        for customer in self.customers:
            r, f, m, segment, _ = self.scores[customer.customer_id]
            rows.append({
                "customer_id": customer.customer_id, "last_purchase_date": instant(customer.last),
                "recency_days": self._recency(customer), "frequency": customer.count, "monetary": customer.total,
                "avg_order_value": quotient(customer.total, customer.count), "r_score": r, "f_score": f,
                "m_score": m, "rfm_score": f"{r}{f}{m}", "rfm_segment": segment})
        return sorted(rows, key=lambda row: (-(row["r_score"] + row["f_score"] + row["m_score"]), -row["monetary"],
                                             row["customer_id"]))

    def _rfm_group(self, members):
        count = len(members)
        revenue = sum((customer.total for customer in members), decimal.Decimal(0))
        return {
            "customers": count, "share_of_customers": quotient(count, len(self.customers)), "revenue": revenue,
            "share_of_revenue": quotient(revenue, self.total),
            "avg_recency_days": quotient(sum(self._recency(customer) for customer in members), count),
            "avg_frequency": quotient(sum(customer.count for customer in members), count),
            "avg_monetary": quotient(revenue, count)}

    def rfm_summary(self):
        rows = []
        for segment in sorted({name for line in SEGMENTS for name in line}):
            members = [customer for customer in self.customers if self.scores[customer.customer_id][3] == segment]
            rows.append({"rfm_segment": segment, **self._rfm_group(members)})
        return sorted(rows, key=lambda row: (-row["revenue"], row["rfm_segment"].encode()))

    def rfm_matrix(self):
        rows = []
        for r in range(5, 0, -1):
            for fm in range(1, 6):
                members = [customer for customer in self.customers
                           if (self.scores[customer.customer_id][0], self.scores[customer.customer_id][4]) == (r, fm)]
                rows.append({"r_score": r, "fm_score": fm, "rfm_segment": SEGMENTS[r - 1][fm - 1],
                             **self._rfm_group(members)})
        return rows

    # ---- clv_by_segment, clv_by_acquisition_source

    def group(self):
        """The one group that there is, `(unknown)`."""
        totals = [customer.total for customer in self.customers]
        size, orders = len(self.customers), len(self.purchases)
        lifespans = sum(customer.lifespan for customer in self.customers)
        return {
            "customers": size, "share_of_customers": 1, "total_revenue": self.total, "share_of_revenue": 1,
            "window_revenue": self.total, "window_orders": orders, "orders": orders,
            "avg_clv": quotient(self.total, size), "median_clv": percentile(totals, 50),
            "p25_clv": percentile(totals, 25), "p75_clv": percentile(totals, 75), "p90_clv": percentile(totals, 90),
            "p99_clv": percentile(totals, 99), "min_clv": min(totals), "max_clv": max(totals),
            "stddev_clv": sample_deviation(totals), "avg_order_value": quotient(self.total, orders),
            "avg_purchase_count": quotient(orders, size),
            "repeat_rate": quotient(sum(customer.count >= 2 for customer in self.customers), size),
            "avg_lifespan_days": quotient(lifespans, size),
            "avg_days_between_orders": quotient(lifespans, orders - size),
            "first_purchase_date": instant(min(customer.first for customer in self.customers)),
            "last_purchase_date": instant(self.as_of)}

    def source_group(self):
        row = {**self.group(), "signups": 0, "signup_to_purchase_rate": None}
        for days in (30, 90, 180, 365):
            old = [customer for customer in self.customers if (self.as_of - customer.first).days >= days]
            value = sum(order.amount for customer in old for order in customer.orders
                        if (order.date - customer.first).days <= days)
            row[f"ltv_{days}d"] = quotient(value, len(old))
            row[f"ltv_{days}d_customers"] = len(old)
        return row

    # ---- customer_retention

    def retention(self, periods, mode):
        """Monthly cohorts, then the weighted averages."""
        cohorts = collections.defaultdict(list)
        for customer in self.customers:
            cohorts[month_number(customer.first)].append(customer)
        last_month = month_number(self.as_of)
        rows = []
        for cohort, members in sorted(cohorts.items()):
            cumulative = decimal.Decimal(0)
            for period in range(min(periods, last_month - cohort) + 1):
                month = cohort + period
                inside = [order for customer in members for order in customer.orders
                          if month_number(order.date) == month]
                revenue = sum((order.amount for order in inside), decimal.Decimal(0))
                cumulative += revenue
                rows.append(self._retention_row({
                    "cohort": month_text(cohort), "cohort_size": len(members), "period": period,
                    "period_start": month_text(month), "is_complete": int(month < last_month),
                    "retained_customers": sum(self._retained(customer, month, mode) for customer in members),
                    "orders": len(inside), "revenue": revenue, "cumulative_revenue": cumulative},
                    revenue if period == 0 else next(
                        row["revenue"] for row in rows if row["cohort"] == month_text(cohort) and row["period"] == 0)))
        return rows + self._average_rows(rows, periods)

    @staticmethod
    def _retained(customer, month, mode):
        months = [month_number(order.date) for order in customer.orders]
        if mode == "period":
            return month in months
        if mode == "rolling":
            return max(months) >= month
        return len(months) >= 2 and months[1] <= month

    @staticmethod
    def _retention_row(row, first_revenue):
        rate = quotient(row["retained_customers"], row["cohort_size"])
        missing = quotient(row["cohort_size"] - row["retained_customers"], row["cohort_size"])
        return {**row, "retention_rate": rate, "churn_rate": missing,
                "revenue_retention_rate": quotient(row["revenue"], first_revenue),
                "cumulative_ltv": quotient(row["cumulative_revenue"], row["cohort_size"])}

    def _average_rows(self, rows, periods):
        averages = []
        for period in range(periods + 1):
            complete = [row for row in rows if row["period"] == period and row["is_complete"]]
            if not complete:
                continue
            cohorts = {row["cohort"] for row in complete}
            first_revenue = sum(row["revenue"] for row in rows if row["period"] == 0 and row["cohort"] in cohorts)
            sums = {name: sum(row[name] for row in complete)
                    for name in ("cohort_size", "retained_customers", "orders", "revenue", "cumulative_revenue")}
            averages.append(self._retention_row(
                {"cohort": None, "period": period, "period_start": None, "is_complete": 1, **sums}, first_revenue))
        return averages

    # ---- purchase_frequency_analysis

    @staticmethod
    def _buckets(bounds):
        for index, low in enumerate(bounds):
            high = bounds[index + 1] - 1 if index + 1 < len(bounds) else None
            label = f"{low}+" if high is None else str(low) if high == low else f"{low}-{high}"
            yield {"bucket": label, "bucket_min": low, "bucket_max": high}

    @staticmethod
    def _lies_in(bucket, value):
        return bucket["bucket_min"] <= value and (bucket["bucket_max"] is None or value <= bucket["bucket_max"])

    def frequency(self, view, bounds):
        """Views orders and recency."""
        rows = []
        for bucket in self._buckets(bounds):
            members = [customer for customer in self.customers
                       if self._lies_in(bucket, customer.count if view == "orders" else self._recency(customer))]
            orders = sum(customer.count for customer in members)
            revenue = sum((customer.total for customer in members), decimal.Decimal(0))
            recencies = [self._recency(customer) for customer in members]
            means = [customer.mean_gap() for customer in members if customer.count >= 2]
            p90 = percentile(means, 90)
            lifespans = sum(customer.lifespan for customer in members)
            rows.append({
                **bucket, "customers": len(members),
                "share_of_customers": quotient(len(members), len(self.customers)), "orders": orders,
                "share_of_orders": quotient(orders, len(self.purchases)), "revenue": revenue,
                "share_of_revenue": quotient(revenue, self.total), "avg_clv": quotient(revenue, len(members)),
                "median_clv": percentile([customer.total for customer in members], 50),
                "avg_order_value": quotient(revenue, orders),
                "avg_recency_days": quotient(sum(recencies), len(members)),
                "median_recency_days": percentile(recencies, 50),
                "avg_days_between_orders": quotient(lifespans, orders - len(members)),
                "median_days_between_orders": float(percentile(means, 50)) if means else None,
                "p90_days_between_orders": float(p90) if means else None,
                "overdue_customers": sum(recency > p90 for recency in recencies) if means else None})
        return rows

    def intervals(self, bounds):
        gaps = [(customer.customer_id, (later.date - earlier.date).days, later.amount)
                for customer in self.customers for earlier, later in zip(customer.orders, customer.orders[1:])]
        all_revenue = sum(amount for _, _, amount in gaps)
        rows = []
        for bucket in self._buckets(bounds):
            inside = [gap for gap in gaps if self._lies_in(bucket, gap[1])]
            revenue = sum((amount for _, _, amount in inside), decimal.Decimal(0))
            days = [day for _, day, _ in inside]
            rows.append({
                **bucket, "customers": len({customer_id for customer_id, _, _ in inside}), "orders": len(inside),
                "share_of_orders": quotient(len(inside), len(gaps)), "revenue": revenue,
                "share_of_revenue": quotient(revenue, all_revenue),
                "avg_order_value": quotient(revenue, len(inside)), "avg_gap_days": quotient(sum(days), len(inside)),
                "median_gap_days": percentile(days, 50)})
        return rows

    def order_numbers(self, limit):
        rows = []
        for number in range(1, max(customer.count for customer in self.customers) + 1):
            reached = sum(customer.count >= number for customer in self.customers)
            onward = sum(customer.count > number for customer in self.customers)
            days = [(customer.orders[number].date - customer.orders[number - 1].date).days
                    for customer in self.customers if customer.count > number]
            rows.append({"order_number": number, "customers_reached": reached,
                         "next_order_rate": quotient(onward, reached), "median_days_to_next": percentile(days, 50)})
        return rows[:limit]
