"""A client that sends purchases, corrections and refunds, and keeps its own books of what must count."""

import collections
import time

from loading_client import LoadingClient


class AccountingClient(LoadingClient):
    """Every purchase id is this client's own, and versions rise, so that at the end each counts exactly once.

    `allowance`: rows that it may have sent by now; whoever runs the drill raises it.
    """

    def __init__(self, number, address, token, random, customers, batch_rows):
        super().__init__(address, token)
        self._number = number
        self._random = random
        self._customers = customers
        self._batch_rows = batch_rows
        self._version = 0
        self._recent = collections.deque(maxlen=500)
        self.allowance = 0
        self.acknowledged_rows = 0
        self.winners = {}  # purchase_id: (customer, order_id, cents)

    def send_one(self):
        if self.acknowledged_rows >= self.allowance:
            time.sleep(0.005)
            return
        rows = [self._row() for _ in range(self._random.randint(1, self._batch_rows))]
        self.deliver(rows)
        self.acknowledged_rows += len(rows)

    def _row(self):
        self._version += 1
        random = self._random
        kind = random.random()
        purchase_id = order_id = f"p{self._number}-{self._version}"
        customer = random.randrange(self._customers)
        if kind < 0.1 and self._recent:
            purchase_id = random.choice(self._recent)  # a correction, perhaps of the customer
            order_id = self.winners[purchase_id][1]
        elif kind < 0.2 and self._recent:
            order_id = random.choice(self._recent)
            customer = self.winners[order_id][0]
        cents = random.randint(-3000, 20000) if kind < 0.3 else random.randint(0, 20000)
        self.winners[purchase_id] = (customer, order_id, cents)
        self._recent.append(purchase_id)
        return {"purchase_id": purchase_id, "order_id": order_id, "customer_id": f"c{customer}",
                "purchase_amount": f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}",
                "purchase_date": f"2023-{random.randint(1, 12):02d}-{random.randint(1, 28):02d} 10:00:00",
                "created_at": 1_700_000_000 + self._version}


def expected_values(clients):
    """(total in cents, qualifying orders) by customer_id, of those who have any."""
    orders = collections.defaultdict(list)
    for client in clients:
        for customer, order_id, cents in client.winners.values():
            orders[customer, order_id].append(cents)
    totals, counts = collections.Counter(), collections.Counter()
    for (customer, _), amounts in orders.items():
        value = sum(amounts)
        totals[customer] += value
        if value >= 0 and not (min(amounts) < 0 and value <= 0):
            counts[customer] += 1
    return {f"c{customer}": (totals[customer], count) for customer, count in counts.items() if count}


def served_values(suite):
    """The same, as the suite says it."""
    return {row["customer_id"]: (int(row["total_spend"] * 100), row["purchase_count"])
            for row in suite.rows("total_customer_value", limit=100000)}
