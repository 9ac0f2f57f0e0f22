// A customer's numbers, against plain sums over a map of orders.
#include "common/domain/customer_summary.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace clv::domain {
namespace {

constexpr int64_t kDay = 86'400;

std::vector<PurchaseAmountView> ViewsOf(const std::vector<PurchaseAmount>& rows) {
  std::vector<PurchaseAmountView> views;
  for (const PurchaseAmount& row : rows) {
    views.push_back({row.order_id, row.amount_micros, row.date, row.in_reporting_currency});
  }
  return views;
}

// From `least` up to before `end`, each as often: inRange alone keeps to the first at small sizes.
int64_t Between(int64_t least, int64_t end) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(least, end));
}

// Few orders, amounts that often cancel out, several rows a day, some before 1970.
PurchaseAmount AnyRow() {
  return {.order_id = *rc::gen::elementOf(std::vector<std::string>{"", "a", "ab", "b", "c", "d"}),
          .amount_micros = Between(-3, 5) * 1'000'000,
          .date = Between(-4 * kDay, 9 * kDay),
          .in_reporting_currency = Between(0, 4) != 0};
}

std::vector<PurchaseAmount> AnyRows() {
  std::vector<PurchaseAmount> rows(*rc::gen::inRange(0, 14));
  for (PurchaseAmount& row : rows) row = AnyRow();
  return rows;
}

std::optional<ImportedClv> AnyImport() {
  if (*rc::gen::arbitrary<bool>()) return std::nullopt;
  return ImportedClv{.customer_id = "c",
                     .total_spend_micros = Between(-9, 9),
                     .purchase_count = Between(1, 5),
                     .first_purchase_date = Between(-5 * kDay, 2 * kDay),
                     .last_purchase_date = Between(2 * kDay, 9 * kDay),
                     .updated_at = Between(-4 * kDay, 9 * kDay)};
}

int64_t Day(int64_t instant) { return (instant - ((instant % kDay) + kDay) % kDay) / kDay; }

// The days and the dates of a customer's qualifying orders.
std::multiset<int64_t> QualifyingDates(const std::vector<PurchaseAmount>& rows) {
  std::map<std::string, std::vector<PurchaseAmount>> orders;
  for (const PurchaseAmount& row : rows) {
    if (row.in_reporting_currency) orders[row.order_id].push_back(row);
  }
  std::multiset<int64_t> dates;
  for (const auto& [order_id, of_order] : orders) {
    int64_t value = 0;
    bool has_negative_row = false;
    int64_t date = of_order.front().date;
    for (const PurchaseAmount& row : of_order) {
      value += row.amount_micros;
      has_negative_row = has_negative_row || row.amount_micros < 0;
      date = std::min(date, row.date);
    }
    if (value > 0 || (value == 0 && !has_negative_row)) dates.insert(date);
  }
  return dates;
}

CustomerSummary ExpectedSummary(const std::vector<PurchaseAmount>& rows,
                                const std::optional<ImportedClv>& imported) {
  CustomerSummary expected;
  std::set<int64_t> activity;
  for (const PurchaseAmount& row : rows) {
    expected.gross_micros += std::abs(row.amount_micros);
    ++(row.in_reporting_currency ? expected.visible_rows : expected.unconverted_rows);
    if (!row.in_reporting_currency) continue;
    activity.insert(row.date);
    if (imported && row.date <= imported->updated_at) continue;
    expected.total_spend_micros += row.amount_micros;
    if (row.amount_micros < 0) expected.refunded_micros -= row.amount_micros;
  }
  std::multiset<int64_t> dates = QualifyingDates(rows);
  std::set<int64_t> repeat_days;
  for (const int64_t date : dates) {
    if (!imported || date > imported->updated_at) ++expected.purchase_count;
    if (!imported || Day(date) > Day(imported->updated_at)) repeat_days.insert(Day(date));
  }
  const auto days = static_cast<int64_t>(repeat_days.size());
  expected.repeat_order_days = std::max<int64_t>(0, days - 1);
  if (imported) {
    expected.repeat_order_days = imported->purchase_count - 1 + days;
    expected.purchase_count += imported->purchase_count;
    expected.total_spend_micros += imported->total_spend_micros;
    expected.gross_micros += std::abs(imported->total_spend_micros);
    activity.insert(imported->last_purchase_date);
    dates.insert({imported->first_purchase_date, imported->last_purchase_date});
  }
  if (!activity.empty()) expected.last_activity_date = *activity.rbegin();
  if (!dates.empty()) {
    expected.first_purchase_date = *dates.begin();
    expected.last_purchase_date = *dates.rbegin();
  }
  return expected;
}

RC_GTEST_PROP(CustomerSummaryProperty, FollowsFromTheOrders, ()) {
  const std::vector<PurchaseAmount> rows = AnyRows();
  const std::optional<ImportedClv> imported = AnyImport();
  const CustomerSummary expected = ExpectedSummary(rows, imported);
  const ImportedClv* import_row = imported ? &*imported : nullptr;
  RC_ASSERT(Summarize(rows, import_row) == expected);
  RC_ASSERT(Summarize(ViewsOf(rows), import_row) == expected);
}

RC_GTEST_PROP(CustomerSummaryProperty, OfViewsIsThatOfRowsInAnyOrder, (uint32_t seed)) {
  std::vector<PurchaseAmount> rows = AnyRows();
  const std::optional<ImportedClv> imported = AnyImport();
  const ImportedClv* import_row = imported ? &*imported : nullptr;
  const CustomerSummary of_rows = Summarize(rows, import_row);
  std::vector<PurchaseAmountView> views = ViewsOf(rows);
  std::shuffle(views.begin(), views.end(), std::mt19937(seed));
  const std::vector<PurchaseAmountView> unsorted = views;
  RC_ASSERT(Summarize(views, import_row) == of_rows);
  // The caller's rows stay as they are.
  for (size_t i = 0; i < views.size(); ++i) {
    RC_ASSERT(std::string(views[i].order_id) == std::string(unsorted[i].order_id));
    RC_ASSERT(views[i].date == unsorted[i].date);
  }
  std::stable_sort(views.begin(), views.end(),
                   [](const auto& a, const auto& b) { return a.order_id < b.order_id; });
  RC_ASSERT(Summarize(views, import_row) == of_rows);
}

TEST(CustomerSummaryTest, OrderDaysAreCountedWhereverTheyLie) {
  // Days at the ends of what has a bit each, and far beyond.
  for (const int64_t span : {1, 63, 64, 2'046, 2'047, 2'048, 2'049, 40'000}) {
    std::vector<PurchaseAmount> rows;
    for (const int64_t day : {span, int64_t{0}, span, int64_t{1}, int64_t{0}}) {
      rows.push_back({.order_id = std::to_string(rows.size()),
                      .amount_micros = 1'000'000,
                      .date = (day - 3) * kDay + static_cast<int64_t>(rows.size()),
                      .in_reporting_currency = true});
    }
    EXPECT_EQ(Summarize(rows, nullptr).repeat_order_days, span == 1 ? 1 : 2) << span;
  }
}

TEST(CustomerSummaryTest, RowsOfOneOrderThatLieApartAreOneOrder) {
  const std::vector<PurchaseAmountView> rows = {
      {"o1", 5, 2 * kDay, true}, {"o2", 7, kDay, true}, {"o1", -5, 3 * kDay, true}};
  const CustomerSummary summary = Summarize(rows, nullptr);
  EXPECT_EQ(summary.purchase_count, 1);
  EXPECT_EQ(summary.first_purchase_date, kDay);
  EXPECT_EQ(summary.last_purchase_date, kDay);
  EXPECT_EQ(summary.last_activity_date, 3 * kDay);
  EXPECT_EQ(summary.gross_micros, 17);
}

}  // namespace
}  // namespace clv::domain
