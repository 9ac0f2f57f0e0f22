#include "common/domain/customer_summary.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "common/base/instant.h"
#include "common/base/money.h"
#include "common/base/seeded_bugs.h"

namespace clv::domain {
namespace {

void Widen(int64_t date, std::optional<int64_t>* first, std::optional<int64_t>* last) {
  if (!*first || date < **first) *first = date;
  if (!*last || date > **last) *last = date;
}

bool IsEarlierOrder(const PurchaseAmountView& a, const PurchaseAmountView& b) {
  return a.order_id < b.order_id;
}

// The rows in the order of order_id. Almost all come in it, as rows sorted by purchase_id do that
// are orders of their own; the few others are sorted by themselves and merged.
std::vector<PurchaseAmountView> SortedByOrder(absl::Span<const PurchaseAmountView> rows) {
  std::vector<PurchaseAmountView> sorted;
  std::vector<PurchaseAmountView> strays;
  sorted.reserve(rows.size());
  for (const PurchaseAmountView& row : rows) {
    const bool is_stray = !sorted.empty() && IsEarlierOrder(row, sorted.back());
    (is_stray ? strays : sorted).push_back(row);
  }
  std::sort(strays.begin(), strays.end(), IsEarlierOrder);
  const auto middle = static_cast<std::ptrdiff_t>(sorted.size());
  sorted.insert(sorted.end(), strays.begin(), strays.end());
  std::inplace_merge(sorted.begin(), sorted.begin() + middle, sorted.end(), IsEarlierOrder);
  return sorted;
}

// Calls `visit` with the order_id, the date, the value and whether a row is negative, of each order
// in the reporting currency; in the order of order_id.
template <typename Visit>
void ForEachOrder(absl::Span<const PurchaseAmountView> rows, const Visit& visit) {
  std::vector<PurchaseAmountView> sorted;
  if (!std::is_sorted(rows.begin(), rows.end(), IsEarlierOrder)) {
    sorted = SortedByOrder(rows);
    rows = sorted;
  }
  for (size_t i = 0; i < rows.size();) {
    const std::string_view order_id = rows[i].order_id;
    std::optional<int64_t> date;
    int64_t value_micros = 0;
    bool has_negative_row = false;
    for (; i < rows.size() && rows[i].order_id == order_id; ++i) {
      const PurchaseAmountView& row = rows[i];
      if (!row.in_reporting_currency) continue;
      date = std::min(date.value_or(row.date), row.date);
      value_micros += row.amount_micros;
      has_negative_row |= row.amount_micros < 0;
    }
    if (date) visit(order_id, *date, value_micros, has_negative_row);
  }
}

std::vector<PurchaseAmountView> ViewsOf(absl::Span<const PurchaseAmount> rows) {
  std::vector<PurchaseAmountView> views;
  views.reserve(rows.size());
  for (const PurchaseAmount& row : rows) {
    views.push_back({row.order_id, row.amount_micros, row.date, row.in_reporting_currency});
  }
  return views;
}

// As it would be with sums in units of the currency.
int64_t InexactSum(int64_t some_micros, int64_t more_micros) {
  constexpr double kUnit = kMicrosPerUnit;
  const double sum =
      static_cast<double>(some_micros) / kUnit + static_cast<double>(more_micros) / kUnit;
  return static_cast<int64_t>(sum * kUnit);
}

// How many different days there are; reorders them.
int64_t CountDistinct(absl::Span<int64_t> days) {
  if (days.empty()) return 0;
  const auto [first, last] = std::minmax_element(days.begin(), days.end());
  // Within some years a bit each, which takes a tenth of the time of sorting.
  std::array<uint64_t, 32> seen = {};
  if (*last - *first >= static_cast<int64_t>(64 * seen.size())) {
    std::sort(days.begin(), days.end());
    return std::unique(days.begin(), days.end()) - days.begin();
  }
  const int64_t from = *first;
  for (const int64_t day : days) {
    const auto bit = static_cast<size_t>(day - from);
    seen[bit / 64] |= uint64_t{1} << bit % 64;
  }
  int64_t distinct = 0;
  for (const uint64_t bits : seen) distinct += std::popcount(bits);
  return distinct;
}

const std::string& FirstGiven(const std::string* own, const std::string* imported) {
  static const std::string unknown(kUnknownAttribute);
  if (own != nullptr && !own->empty()) return *own;
  if (imported != nullptr && !imported->empty()) return *imported;
  return unknown;
}

}  // namespace

std::vector<Order> OrdersOf(absl::Span<const PurchaseAmount> rows) {
  std::vector<Order> orders;
  ForEachOrder(ViewsOf(rows), [&](std::string_view order_id, int64_t date, int64_t value_micros,
                                  bool has_negative_row) {
    orders.push_back({std::string(order_id), date, value_micros, has_negative_row});
  });
  return orders;
}

std::vector<OrderDay> OrderDaysOf(absl::Span<const PurchaseAmountView> rows) {
  std::vector<OrderDay> days;
  ForEachOrder(rows, [&](std::string_view /*order_id*/, int64_t date, int64_t value_micros,
                         bool has_negative_row) {
    if (!Order::Qualifies(value_micros, has_negative_row)) return;
    days.push_back({static_cast<int32_t>(DayOf(date)), value_micros});
  });
  std::sort(days.begin(), days.end(),
            [](const OrderDay& a, const OrderDay& b) { return a.day < b.day; });
  size_t kept = 0;
  for (size_t i = 0; i < days.size(); ++i) {
    if (kept > 0 && days[kept - 1].day == days[i].day) {
      days[kept - 1].value_micros += days[i].value_micros;
    } else {
      days[kept++] = days[i];
    }
  }
  days.resize(kept);
  return days;
}

CustomerSummary Summarize(absl::Span<const PurchaseAmount> rows, const ImportedClv* imported) {
  return Summarize(ViewsOf(rows), imported);
}

CustomerSummary Summarize(absl::Span<const PurchaseAmountView> rows, const ImportedClv* imported) {
  SummaryBuilder builder(imported);
  for (const PurchaseAmountView& row : rows) {
    builder.AddRow(row.amount_micros, row.date, row.in_reporting_currency);
  }
  ForEachOrder(
      rows, [&](std::string_view /*order_id*/, int64_t date, int64_t value_micros,
                bool has_negative_row) { builder.AddOrder(date, value_micros, has_negative_row); });
  return builder.Finish();
}

SummaryBuilder::SummaryBuilder(const ImportedClv* imported)
    : imported_(imported), imported_day_(imported != nullptr ? DayOf(imported->updated_at) : 0) {
  if (imported == nullptr) return;
  summary_.purchase_count = imported->purchase_count;
  summary_.total_spend_micros = imported->total_spend_micros;
  summary_.gross_micros = std::abs(imported->total_spend_micros);
  summary_.last_activity_date = imported->last_purchase_date;
  Widen(imported->first_purchase_date, &summary_.first_purchase_date, &summary_.last_purchase_date);
  Widen(imported->last_purchase_date, &summary_.first_purchase_date, &summary_.last_purchase_date);
}

void SummaryBuilder::AddRow(int64_t amount_micros, int64_t date, bool in_reporting_currency) {
  summary_.gross_micros += std::abs(amount_micros);
  if (!in_reporting_currency) {
    ++summary_.unconverted_rows;
    return;
  }
  ++summary_.visible_rows;
  summary_.last_activity_date = std::max(summary_.last_activity_date.value_or(date), date);
  if (!Counts(date)) return;
  summary_.total_spend_micros = IsSeeded(SeededBug::kFloatingPointSums)
                                    ? InexactSum(summary_.total_spend_micros, amount_micros)
                                    : summary_.total_spend_micros + amount_micros;
  summary_.refunded_micros += std::max<int64_t>(0, -amount_micros);
}

void SummaryBuilder::AddOrder(int64_t date, int64_t value_micros, bool has_negative_row) {
  if (!Order::Qualifies(value_micros, has_negative_row)) return;
  Widen(date, &summary_.first_purchase_date, &summary_.last_purchase_date);
  if (Counts(date)) ++summary_.purchase_count;
  const int64_t day = DayOf(date);
  if (imported_ == nullptr || day > imported_day_) days_.push_back(day);
}

CustomerSummary SummaryBuilder::Finish() {
  const int64_t order_days = CountDistinct(absl::MakeSpan(days_));
  summary_.repeat_order_days = imported_ != nullptr ? imported_->purchase_count - 1 + order_days
                                                    : std::max<int64_t>(0, order_days - 1);
  return summary_;
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
