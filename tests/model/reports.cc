#include "tests/model/reports.h"

#include <utility>

#include "tests/model/instants.h"

namespace clv::model {

Scene::Scene(const Ledger& ledger, int64_t as_of, const Filters& filters)
    : as_of(as_of), customers(ledger.CustomersAt(as_of)) {
  for (const Customer& customer : customers) {
    const bool bought = customer.lifetime.purchase_count >= 1;
    if (bought) everyone.push_back(&customer);
    if (!filters.Pass(customer)) continue;
    passing.push_back(&customer);
    unconverted += customer.unconverted;
    if (bought) population.push_back(&customer);
  }
}

int64_t DefaultAsOf(const Ledger& ledger, int64_t now) { return ledger.Horizon().value_or(now); }

int64_t DefaultScoringAsOf(const Ledger& ledger, int64_t now) {
  const std::optional<int64_t> horizon = ledger.Horizon();
  return horizon.has_value() ? (DayOf(*horizon) + 1) * kSecondsPerDay - 1 : now;
}

Table TableFor(const Scene& scene, std::vector<std::string> columns) {
  Table table;
  table.columns = std::move(columns);
  table.as_of = FormatInstant(scene.as_of);
  table.unconverted_purchases = scene.unconverted;
  return table;
}

void Cut(Table& table, const Paging& paging, std::optional<int64_t> default_limit) {
  const auto total = static_cast<int64_t>(table.rows.size());
  const Slice slice = SliceOf(total, paging, default_limit);
  table.rows.erase(table.rows.begin() + slice.end, table.rows.end());
  table.rows.erase(table.rows.begin(), table.rows.begin() + slice.begin);
  if (paging.given() || default_limit.has_value()) table.rows_before_limit = total;
}

Cell TextOrNull(const std::optional<std::string>& text) {
  return text.has_value() ? Cell::Text(*text) : Cell();
}

Cell InstantOrNull(const std::optional<int64_t>& seconds) {
  return seconds.has_value() ? Cell::Text(FormatInstant(*seconds)) : Cell();
}

BigInt TotalSpend(const std::vector<const Customer*>& customers) {
  BigInt sum;
  for (const Customer* customer : customers) sum += customer->lifetime.total_spend;
  return sum;
}

BigInt PurchaseCount(const std::vector<const Customer*>& customers) {
  BigInt sum;
  for (const Customer* customer : customers) sum += customer->lifetime.purchase_count;
  return sum;
}

}  // namespace clv::model
