#include <algorithm>
#include <set>

#include "tests/model/instants.h"
#include "tests/model/reports.h"

namespace clv::model {
namespace {

struct Bucket {
  int64_t min = 0;
  std::optional<int64_t> max;  // nullopt for the last one.

  bool Contains(int64_t value) const { return value >= min && (!max.has_value() || value <= *max); }

  std::vector<Cell> Cells() const {
    const std::string from = std::to_string(min);
    if (!max.has_value()) return {Cell::Text(from + "+"), Cell::Integer(min), Cell()};
    const std::string label = *max == min ? from : from + "-" + std::to_string(*max);
    return {Cell::Text(label), Cell::Integer(min), Cell::Integer(*max)};
  }
};

std::vector<Bucket> BucketsOf(const std::vector<int64_t>& bounds) {
  std::vector<Bucket> buckets;
  for (size_t i = 0; i < bounds.size(); ++i) {
    Bucket bucket;
    bucket.min = bounds[i];
    if (i + 1 < bounds.size()) bucket.max = bounds[i + 1] - 1;
    buckets.push_back(bucket);
  }
  return buckets;
}

Ratio DaysOf(int64_t seconds) { return Ratio(BigInt(seconds), BigInt(kSecondsPerDay)); }

int64_t RecencySeconds(const Customer& customer, int64_t as_of) {
  return as_of - *customer.lifetime.last;
}

// The time between two consecutive qualifying orders of one customer.
struct Gap {
  const Customer* customer = nullptr;
  int64_t number = 0;  // Of the order that begins it, from 1.
  int64_t seconds = 0;
  BigInt value;  // Of the order that ends it.
};

std::vector<Gap> GapsOf(const std::vector<const Customer*>& population) {
  std::vector<Gap> gaps;
  for (const Customer* customer : population) {
    if (customer->import != nullptr) continue;
    const std::vector<const Order*> orders = customer->QualifyingOrders();
    for (size_t i = 1; i < orders.size(); ++i) {
      gaps.push_back({customer, static_cast<int64_t>(i), orders[i]->date - orders[i - 1]->date,
                      orders[i]->value});
    }
  }
  return gaps;
}

Cell Overdue(const std::vector<const Customer*>& members, int64_t as_of,
             const std::optional<Ratio>& p90) {
  if (!p90.has_value()) return Cell();
  return Cell::Integer(std::count_if(members.begin(), members.end(), [&](const Customer* customer) {
    return DaysOf(RecencySeconds(*customer, as_of)) > *p90;
  }));
}

std::vector<Cell> CustomersRow(const Bucket& bucket, const std::vector<const Customer*>& members,
                               const Scene& scene) {
  std::vector<BigInt> spends;
  std::vector<Ratio> recencies, mean_gaps;
  BigInt recency_sum, lifespans, gap_count;
  for (const Customer* customer : members) {
    const int64_t recency = RecencySeconds(*customer, scene.as_of);
    spends.push_back(customer->lifetime.total_spend);
    recencies.push_back(DaysOf(recency));
    recency_sum += recency;
    lifespans += *customer->lifetime.LifespanSeconds();
    gap_count += customer->lifetime.purchase_count - 1;
    if (const auto mean = customer->lifetime.MeanGapDays(); mean.has_value()) {
      mean_gaps.push_back(*mean);
    }
  }
  const BigInt count = members.size();
  const BigInt orders = PurchaseCount(members);
  const BigInt revenue = TotalSpend(members);
  const std::optional<Ratio> p90 = Percentile(mean_gaps, 90);
  std::vector<Cell> row = bucket.Cells();
  const std::vector<Cell> cells = {Cell::Integer(static_cast<int64_t>(members.size())),
                                   Share(count, scene.population.size()),
                                   Cell::Integer(orders.convert_to<int64_t>()),
                                   Share(orders, PurchaseCount(scene.population)),
                                   Amount(revenue),
                                   Share(revenue, TotalSpend(scene.population)),
                                   MeanAmount(revenue, count),
                                   Amount(Percentile(spends, 50)),
                                   MeanAmount(revenue, orders),
                                   MeanDays(recency_sum, count),
                                   Days(Percentile(recencies, 50)),
                                   MeanDays(lifespans, gap_count),
                                   Days(Percentile(mean_gaps, 50)),
                                   Days(p90),
                                   Overdue(members, scene.as_of, p90)};
  row.insert(row.end(), cells.begin(), cells.end());
  return row;
}

Table ByCustomers(const Scene& scene, const std::vector<Bucket>& buckets, bool by_recency) {
  Table table =
      TableFor(scene, {"bucket", "bucket_min", "bucket_max", "customers", "share_of_customers",
                       "orders", "share_of_orders", "revenue", "share_of_revenue", "avg_clv",
                       "median_clv", "avg_order_value", "avg_recency_days", "median_recency_days",
                       "avg_days_between_orders", "median_days_between_orders",
                       "p90_days_between_orders", "overdue_customers"});
  for (const Bucket& bucket : buckets) {
    std::vector<const Customer*> members;
    for (const Customer* customer : scene.population) {
      const int64_t value =
          by_recency ? FloorDivide(RecencySeconds(*customer, scene.as_of), kSecondsPerDay)
                     : customer->lifetime.purchase_count;
      if (bucket.Contains(value)) members.push_back(customer);
    }
    table.rows.push_back(CustomersRow(bucket, members, scene));
  }
  return table;
}

Table ByInterval(const Scene& scene, const std::vector<Bucket>& buckets) {
  Table table = TableFor(
      scene, {"bucket", "bucket_min", "bucket_max", "customers", "orders", "share_of_orders",
              "revenue", "share_of_revenue", "avg_order_value", "avg_gap_days", "median_gap_days"});
  const std::vector<Gap> gaps = GapsOf(scene.population);
  BigInt all_revenue;
  for (const Gap& gap : gaps) all_revenue += gap.value;
  for (const Bucket& bucket : buckets) {
    std::set<const Customer*> customers;
    std::vector<Ratio> days;
    BigInt revenue, seconds;
    for (const Gap& gap : gaps) {
      if (!bucket.Contains(FloorDivide(gap.seconds, kSecondsPerDay))) continue;
      customers.insert(gap.customer);
      days.push_back(DaysOf(gap.seconds));
      revenue += gap.value;
      seconds += gap.seconds;
    }
    const BigInt orders = days.size();
    std::vector<Cell> row = bucket.Cells();
    const std::vector<Cell> cells = {Cell::Integer(static_cast<int64_t>(customers.size())),
                                     Cell::Integer(static_cast<int64_t>(days.size())),
                                     Share(orders, gaps.size()),
                                     Amount(revenue),
                                     Share(revenue, all_revenue),
                                     MeanAmount(revenue, orders),
                                     MeanDays(seconds, orders),
                                     Days(Percentile(days, 50))};
    row.insert(row.end(), cells.begin(), cells.end());
    table.rows.push_back(std::move(row));
  }
  return table;
}

int64_t Reached(const std::vector<const Customer*>& population, int64_t n) {
  return std::count_if(population.begin(), population.end(), [&](const Customer* customer) {
    return customer->lifetime.purchase_count >= n;
  });
}

// Makes the rows of the wanted page only: an imported count may be astronomical.
Table ByOrderNumber(const Scene& scene, const Paging& paging) {
  Table table = TableFor(
      scene, {"order_number", "customers_reached", "next_order_rate", "median_days_to_next"});
  int64_t largest = 0;
  for (const Customer* customer : scene.population) {
    largest = std::max(largest, customer->lifetime.purchase_count);
  }
  const std::vector<Gap> gaps = GapsOf(scene.population);
  const Slice slice = SliceOf(largest, paging, 20);
  for (int64_t i = slice.begin; i < slice.end; ++i) {
    const int64_t n = i + 1;
    std::vector<Ratio> days;
    for (const Gap& gap : gaps) {
      if (gap.number == n) days.push_back(DaysOf(gap.seconds));
    }
    const int64_t reached = Reached(scene.population, n);
    const int64_t reached_next = n == largest ? 0 : Reached(scene.population, n + 1);
    table.rows.push_back({Cell::Integer(n), Cell::Integer(reached), Share(reached_next, reached),
                          Days(Percentile(days, 50))});
  }
  table.rows_before_limit = largest;
  return table;
}

}  // namespace

Answer PurchaseFrequencyAnalysis(const Ledger& ledger, Parameters& parameters) {
  const Filters filters = parameters.ReadFilters();
  const int64_t as_of = parameters.AsOf().value_or(DefaultAsOf(ledger, parameters.now()));
  const std::string view =
      parameters.Choice("view", {"orders", "interval", "recency", "order_number"});
  std::vector<int64_t> bounds;
  if (view == "orders") bounds = parameters.Buckets({1, 2, 3, 6, 11, 21});
  if (view == "interval") bounds = parameters.Buckets({0, 8, 15, 31, 61, 91, 181});
  if (view == "recency") bounds = parameters.Buckets({0, 31, 61, 91, 181, 366});
  const Paging paging = parameters.ReadPaging();
  if (parameters.error().has_value()) return *parameters.error();

  const Scene scene(ledger, as_of, filters);
  if (view == "order_number") return ByOrderNumber(scene, paging);
  const std::vector<Bucket> buckets = BucketsOf(bounds);
  Table table = view == "interval" ? ByInterval(scene, buckets)
                                   : ByCustomers(scene, buckets, view == "recency");
  Cut(table, paging, std::nullopt);
  return table;
}

}  // namespace clv::model
