#include <algorithm>
#include <map>

#include "tests/model/reports.h"

namespace clv::model {
namespace {

constexpr int kLtvDays[] = {30, 90, 180, 365};

// The members of one group of the report.
struct Group {
  std::vector<const Customer*> selected;
  std::vector<const Customer*> signups;
};

// The sums over the selected customers that shares are taken of, and the window's.
struct Totals {
  BigInt customers, total_revenue, window_revenue, window_orders, orders;
};

Totals Sum(const std::vector<const Customer*>& customers, const Window& window) {
  Totals totals;
  for (const Customer* customer : customers) {
    const Figures inside =
        window.given ? FiguresWithin(*customer, window.start, window.end) : customer->lifetime;
    totals.customers += 1;
    totals.total_revenue += customer->lifetime.total_spend;
    totals.orders += customer->lifetime.purchase_count;
    totals.window_revenue += inside.total_spend;
    totals.window_orders += inside.purchase_count;
  }
  return totals;
}

Cell Count(const BigInt& count) { return Cell::Integer(count.convert_to<int64_t>()); }

Cell SampleDeviation(const std::vector<BigInt>& micros) {
  const auto n = static_cast<int64_t>(micros.size());
  if (n < 2) return Cell();
  BigInt sum;
  for (const BigInt& value : micros) sum += value;
  const Ratio mean(sum, BigInt(n));
  Ratio squares = 0;
  for (const BigInt& value : micros) squares += (Ratio(value) - mean) * (Ratio(value) - mean);
  const Ratio variance = squares / Ratio(n - 1);
  const BigReal exact = sqrt(BigReal(numerator(variance)) / BigReal(denominator(variance)));
  return Cell::Real((exact / kMicros).convert_to<double>());
}

// From `share_of_customers` on to `last_purchase_date`; see the columns below.
void AppendCommon(const std::vector<const Customer*>& selected, const Window& window,
                  const Totals& grand, std::vector<Cell>& row) {
  const Totals totals = Sum(selected, window);
  std::vector<BigInt> spends;
  BigInt repeaters, lifespans, gaps;
  std::optional<int64_t> first, last;
  for (const Customer* customer : selected) {
    const Figures& figures = customer->lifetime;
    spends.push_back(figures.total_spend);
    if (figures.purchase_count >= 2) repeaters += 1;
    lifespans += *figures.LifespanSeconds();
    gaps += figures.purchase_count - 1;
    first = std::min(first.value_or(*figures.first), *figures.first);
    last = std::max(last.value_or(*figures.last), *figures.last);
  }
  const std::vector<Cell> cells = {Count(totals.customers),
                                   Share(totals.customers, grand.customers),
                                   Amount(totals.total_revenue),
                                   Share(totals.total_revenue, grand.total_revenue),
                                   Amount(totals.window_revenue),
                                   Count(totals.window_orders),
                                   Count(totals.orders),
                                   MeanAmount(totals.total_revenue, totals.customers),
                                   Amount(Percentile(spends, 50)),
                                   Amount(Percentile(spends, 25)),
                                   Amount(Percentile(spends, 75)),
                                   Amount(Percentile(spends, 90)),
                                   Amount(Percentile(spends, 99)),
                                   Amount(Percentile(spends, 0)),
                                   Amount(Percentile(spends, 100)),
                                   SampleDeviation(spends),
                                   MeanAmount(totals.total_revenue, totals.orders),
                                   Share(totals.orders, totals.customers),
                                   Share(repeaters, totals.customers),
                                   MeanDays(lifespans, totals.customers),
                                   MeanDays(lifespans, gaps),
                                   InstantOrNull(first),
                                   InstantOrNull(last)};
  row.insert(row.end(), cells.begin(), cells.end());
}

bool IsSignup(const Customer& customer, int64_t as_of, const Window& window) {
  if (customer.described == nullptr) return false;
  const std::optional<int64_t>& date = customer.described->signup_date;
  if (!date.has_value()) return !window.given;
  return *date <= as_of && window.Contains(*date);
}

void AppendSignups(const std::vector<const Customer*>& signups, std::vector<Cell>& row) {
  const auto buyers = std::count_if(signups.begin(), signups.end(), [](const Customer* customer) {
    return customer->lifetime.purchase_count >= 1;
  });
  row.push_back(Cell::Integer(static_cast<int64_t>(signups.size())));
  row.push_back(Share(buyers, signups.size()));
}

void AppendLtv(const std::vector<const Customer*>& selected, int64_t as_of,
               std::vector<Cell>& row) {
  std::vector<Cell> counts;
  for (int days : kLtvDays) {
    const int64_t seconds = days * kSecondsPerDay;
    int64_t old_enough = 0;
    BigInt value;
    for (const Customer* customer : selected) {
      const int64_t first = *customer->lifetime.first;
      if (customer->import != nullptr || as_of - first < seconds) continue;
      old_enough += 1;
      for (const Order& order : customer->orders) {
        if (order.date >= first && order.date <= first + seconds) value += order.value;
      }
    }
    row.push_back(MeanAmount(value, old_enough));
    counts.push_back(Cell::Integer(old_enough));
  }
  row.insert(row.end(), counts.begin(), counts.end());
}

std::vector<std::string> Columns(const std::string& group, bool by_source) {
  std::vector<std::string> columns = {group,
                                      "customers",
                                      "share_of_customers",
                                      "total_revenue",
                                      "share_of_revenue",
                                      "window_revenue",
                                      "window_orders",
                                      "orders",
                                      "avg_clv",
                                      "median_clv",
                                      "p25_clv",
                                      "p75_clv",
                                      "p90_clv",
                                      "p99_clv",
                                      "min_clv",
                                      "max_clv",
                                      "stddev_clv",
                                      "avg_order_value",
                                      "avg_purchase_count",
                                      "repeat_rate",
                                      "avg_lifespan_days",
                                      "avg_days_between_orders",
                                      "first_purchase_date",
                                      "last_purchase_date"};
  if (!by_source) return columns;
  columns.push_back("signups");
  columns.push_back("signup_to_purchase_rate");
  for (int days : kLtvDays) columns.push_back("ltv_" + std::to_string(days) + "d");
  for (int days : kLtvDays) columns.push_back("ltv_" + std::to_string(days) + "d_customers");
  return columns;
}

std::vector<const Customer*> Select(const Scene& scene, const Window& window) {
  if (!window.given) return scene.population;
  std::vector<const Customer*> selected;
  for (const Customer* customer : scene.population) {
    if (FiguresWithin(*customer, window.start, window.end).purchase_count >= 1) {
      selected.push_back(customer);
    }
  }
  return selected;
}

Answer ByGroup(const Ledger& ledger, Parameters& parameters, const std::string& group_column,
               std::string Customer::*group_of, bool by_source) {
  const Filters filters = parameters.ReadFilters();
  const int64_t as_of = parameters.AsOf().value_or(DefaultAsOf(ledger, parameters.now()));
  const Window window = parameters.ReadWindow();
  const Paging paging = parameters.ReadPaging();
  if (parameters.error().has_value()) return *parameters.error();

  const Scene scene(ledger, as_of, filters);
  Table table = TableFor(scene, Columns(group_column, by_source));
  const std::vector<const Customer*> selected = Select(scene, window);
  const Totals grand = Sum(selected, window);

  std::map<std::string, Group> groups;
  for (const Customer* customer : selected)
    groups[customer->*group_of].selected.push_back(customer);
  for (const Customer* customer : scene.passing) {
    const bool listed = by_source && IsSignup(*customer, as_of, window);
    if (listed) groups[customer->*group_of].signups.push_back(customer);
  }
  std::vector<std::pair<BigInt, std::string>> order;  // Minus the revenue, then the group.
  for (const auto& [name, group] : groups) order.emplace_back(-TotalSpend(group.selected), name);
  std::sort(order.begin(), order.end());
  for (const auto& [revenue, name] : order) {
    const Group& group = groups[name];
    std::vector<Cell> row = {Cell::Text(name)};
    AppendCommon(group.selected, window, grand, row);
    if (by_source) {
      AppendSignups(group.signups, row);
      AppendLtv(group.selected, as_of, row);
    }
    table.rows.push_back(std::move(row));
  }
  Cut(table, paging, std::nullopt);
  return table;
}

}  // namespace

Answer ClvBySegment(const Ledger& ledger, Parameters& parameters) {
  return ByGroup(ledger, parameters, "customer_segment", &Customer::customer_segment, false);
}

Answer ClvByAcquisitionSource(const Ledger& ledger, Parameters& parameters) {
  return ByGroup(ledger, parameters, "acquisition_source", &Customer::acquisition_source, true);
}

}  // namespace clv::model
