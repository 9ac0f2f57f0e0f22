#include "common/domain/customer_summary.h"

#include <algorithm>
#include <cstdlib>

#include "common/base/instant.h"
#include "common/base/money.h"
#include "common/base/seeded_bugs.h"

namespace clv::domain {
namespace {

void Widen(int64_t date, std::optional<int64_t>* first, std::optional<int64_t>* last) {
  if (!*first || date < **first) *first = date;
  if (!*last || date > **last) *last = date;
}

// Distinct days of the qualifying orders dated after the end of day `after`.
int64_t CountOrderDays(const std::vector<Order>& orders, std::optional<int64_t> after) {
  std::vector<int64_t> days;
  for (const Order& order : orders) {
    const int64_t day = DayOf(order.date);
    if (order.Qualifies() && (!after || day > *after)) days.push_back(day);
  }
  std::sort(days.begin(), days.end());
  return std::unique(days.begin(), days.end()) - days.begin();
}

// As it would be with sums in units of the currency.
int64_t InexactSum(int64_t some_micros, int64_t more_micros) {
  constexpr double kUnit = kMicrosPerUnit;
  const double sum =
      static_cast<double>(some_micros) / kUnit + static_cast<double>(more_micros) / kUnit;
  return static_cast<int64_t>(sum * kUnit);
}

const std::string& FirstGiven(const std::string* own, const std::string* imported) {
  static const std::string unknown(kUnknownAttribute);
  if (own != nullptr && !own->empty()) return *own;
  if (imported != nullptr && !imported->empty()) return *imported;
  return unknown;
}

}  // namespace

std::vector<Order> OrdersOf(absl::Span<const PurchaseAmount> rows) {
  std::vector<const PurchaseAmount*> sorted;
  sorted.reserve(rows.size());
  for (const PurchaseAmount& row : rows) {
    if (row.in_reporting_currency) sorted.push_back(&row);
  }
  std::sort(sorted.begin(), sorted.end(), [](const PurchaseAmount* a, const PurchaseAmount* b) {
    return a->order_id < b->order_id;
  });
  std::vector<Order> orders;
  for (const PurchaseAmount* row : sorted) {
    if (orders.empty() || orders.back().order_id != row->order_id) {
      orders.push_back({row->order_id, row->date, 0, false});
    }
    Order& order = orders.back();
    order.date = std::min(order.date, row->date);
    order.value_micros += row->amount_micros;
    order.has_negative_row |= row->amount_micros < 0;
  }
  return orders;
}

CustomerSummary Summarize(absl::Span<const PurchaseAmount> rows, const ImportedClv* imported) {
  CustomerSummary summary;
  const auto counts = [&](int64_t date) {
    return imported == nullptr || date > imported->updated_at;
  };
  if (imported != nullptr) {
    summary.purchase_count = imported->purchase_count;
    summary.total_spend_micros = imported->total_spend_micros;
    summary.gross_micros = std::abs(imported->total_spend_micros);
    summary.last_activity_date = imported->last_purchase_date;
    Widen(imported->first_purchase_date, &summary.first_purchase_date, &summary.last_purchase_date);
    Widen(imported->last_purchase_date, &summary.first_purchase_date, &summary.last_purchase_date);
  }
  for (const PurchaseAmount& row : rows) {
    summary.gross_micros += std::abs(row.amount_micros);
    if (!row.in_reporting_currency) {
      ++summary.unconverted_rows;
      continue;
    }
    ++summary.visible_rows;
    summary.last_activity_date = std::max(summary.last_activity_date.value_or(row.date), row.date);
    if (!counts(row.date)) continue;
    summary.total_spend_micros = IsSeeded(SeededBug::kFloatingPointSums)
                                     ? InexactSum(summary.total_spend_micros, row.amount_micros)
                                     : summary.total_spend_micros + row.amount_micros;
    summary.refunded_micros += std::max<int64_t>(0, -row.amount_micros);
  }
  const std::vector<Order> orders = OrdersOf(rows);
  for (const Order& order : orders) {
    if (!order.Qualifies()) continue;
    Widen(order.date, &summary.first_purchase_date, &summary.last_purchase_date);
    if (counts(order.date)) ++summary.purchase_count;
  }
  if (imported != nullptr) {
    summary.repeat_order_days =
        imported->purchase_count - 1 + CountOrderDays(orders, DayOf(imported->updated_at));
  } else {
    summary.repeat_order_days = std::max<int64_t>(0, CountOrderDays(orders, std::nullopt) - 1);
  }
  return summary;
}

CustomerAttributes AttributesOf(const Customer* customer, const ImportedClv* imported) {
  const auto pick = [&](std::string Customer::*own, std::string ImportedClv::*other) {
    return FirstGiven(customer != nullptr ? &(customer->*own) : nullptr,
                      imported != nullptr ? &(imported->*other) : nullptr);
  };
  return {pick(&Customer::country, &ImportedClv::country),
          pick(&Customer::customer_segment, &ImportedClv::customer_segment),
          pick(&Customer::acquisition_source, &ImportedClv::acquisition_source)};
}

}  // namespace clv::domain
