// The kept table and the facts tell the same: a store that ends at some instant, and a longer one
// asked as of that instant.
#include <random>

#include "tests/common/storage/sqlite_reports_fixture.h"

namespace clv::storage {
namespace {

constexpr int kCustomers = 9;
constexpr int kDays = 420;

// Random facts of few customers, few days and few amounts, so that ties, refunds, shared orders and
// imported records meet.
class RandomFacts {
 public:
  explicit RandomFacts(uint32_t seed) : random_(seed) {}

  // Facts up to day kDays; the stores get the same.
  void AddPast(ReportStore& first, ReportStore& second) {
    for (int i = 0; i < kCustomers; ++i) {
      AddCustomer(i, first, second);
      if (Chance(30)) AddImport(i, 0, kDays - 60, first, second);
    }
    for (int n = 0; n < 60; ++n) {
      const domain::Purchase purchase = MakePurchase(n, 0, kDays);
      first.Add(purchase);
      second.Add(purchase);
    }
  }

  // Facts after day kDays + 1: purchases, some of them rows of earlier orders, and records of
  // customers without any.
  void AddFuture(ReportStore& store) {
    for (int n = 60; n < 90; ++n) store.Add(MakePurchase(n, kDays + 2, kDays + 50));
    for (int i = 0; i < kCustomers; ++i) {
      if (!imported_[i] && Chance(40)) AddImport(i, kDays + 2, 30, store, store);
    }
  }

 private:
  int Pick(int count) { return std::uniform_int_distribution<int>(0, count - 1)(random_); }
  bool Chance(int percent) { return Pick(100) < percent; }
  int64_t Day(int from, int to) {
    const int64_t time_of_day = Chance(70) ? 0 : Pick(86'400);
    return At("2022-01-01") + int64_t{from + Pick(to - from)} * 86'400 + time_of_day;
  }

  void AddCustomer(int i, ReportStore& first, ReportStore& second) {
    if (Chance(20)) return;
    const char* segments[] = {"Gold", "Silver", ""};
    const char* sources[] = {"Web", "Mail", ""};
    domain::Customer customer{.customer_id = "c" + std::to_string(i),
                              .name = "Name",
                              .country = Chance(50) ? "FR" : "US",
                              .customer_segment = segments[Pick(3)],
                              .acquisition_source = sources[Pick(3)]};
    if (Chance(70)) customer.signup_date = Day(0, kDays);
    first.Add(customer);
    second.Add(customer);
  }

  void AddImport(int i, int from, int span, ReportStore& first, ReportStore& second) {
    domain::ImportedClv imported{.customer_id = "c" + std::to_string(i),
                                 .total_spend_micros = Money("77.5"),
                                 .purchase_count = 1 + Pick(4)};
    imported.first_purchase_date = Day(from, from + span / 2);
    imported.last_purchase_date =
        Chance(20) ? imported.first_purchase_date : Day(from + span / 2, from + span);
    imported.updated_at = imported.last_purchase_date + int64_t{Pick(30)} * 86'400;
    imported_[i] = true;
    first.Add(imported);
    if (&first != &second) second.Add(imported);
  }

  domain::Purchase MakePurchase(int n, int from, int to) {
    const int64_t amounts[] = {-20, -10, 0, 5, 10, 10, 30, 45};
    domain::Purchase purchase;
    purchase.purchase_id = "p" + std::to_string(n);
    const int customer = Pick(kCustomers);
    purchase.customer_id = "c" + std::to_string(customer);
    purchase.order_id = Chance(40) ? "o" + std::to_string(Pick(3)) : purchase.purchase_id;
    purchase.purchase_amount_micros = amounts[Pick(8)] * 1'000'000;
    purchase.purchase_date = Day(from, to);
    purchase.currency = Chance(10) ? "EUR" : "USD";
    purchase.product_id = Chance(80) ? "x" + std::to_string(Pick(4)) : "";
    purchase.product_category = Chance(80) ? std::string(1, static_cast<char>('A' + Pick(3))) : "";
    return purchase;
  }

  std::mt19937 random_;
  bool imported_[kCustomers] = {};
};

// Expects that `ended` by default and `longer` as of the same instant give equal reports.
template <typename Query, typename Function>
void ExpectSame(ReportStore& ended, ReportStore& longer, Query query, Function report,
                const char* name) {
  SCOPED_TRACE(name);
  const auto want = Must(report(ended.reports(), query));
  ReportScope* scope = nullptr;
  if constexpr (std::is_same_v<Query, ReportScope>) {
    scope = &query;
  } else {
    scope = &query.scope;
  }
  scope->as_of_seconds = want.context.as_of_seconds;
  const auto got = Must(report(longer.reports(), query));
  EXPECT_TRUE(got.rows == want.rows);
  EXPECT_EQ(got.total_rows, want.total_rows);
  EXPECT_EQ(got.context.as_of_seconds, want.context.as_of_seconds);
  EXPECT_EQ(got.context.unconverted_purchases, want.context.unconverted_purchases);
}

void ExpectSameReports(ReportStore& ended, ReportStore& longer, const ReportScope& scope) {
  for (const CohortBasis basis : {CohortBasis::kFirstPurchase, CohortBasis::kSignup}) {
    for (const RetentionMode mode :
         {RetentionMode::kPeriod, RetentionMode::kRolling, RetentionMode::kCumulative}) {
      ExpectSame(
          ended, longer,
          RetentionQuery{.scope = scope, .cohort_by = basis, .periods = 5, .retention = mode},
          [](Reports& r, const RetentionQuery& q) { return r.CustomerRetention(q); }, "retention");
    }
  }
  ExpectSame(
      ended, longer, SegmentQuery{scope},
      [](Reports& r, const SegmentQuery& q) { return r.ClvBySegment(q); }, "segment");
  ExpectSame(
      ended, longer, SegmentQuery{scope},
      [](Reports& r, const SegmentQuery& q) { return r.ClvByAcquisitionSource(q); }, "source");
  ExpectSame(
      ended, longer, FrequencyQuery{scope, {1, 2, 3, 6}},
      [](Reports& r, const FrequencyQuery& q) { return r.FrequencyByOrders(q); }, "orders");
  ExpectSame(
      ended, longer, FrequencyQuery{scope, {0, 31, 91}},
      [](Reports& r, const FrequencyQuery& q) { return r.FrequencyByRecency(q); }, "recency");
  ExpectSame(
      ended, longer, FrequencyQuery{scope, {0, 8, 31}},
      [](Reports& r, const FrequencyQuery& q) { return r.FrequencyByInterval(q); }, "interval");
  ExpectSame(
      ended, longer, scope,
      [](Reports& r, const ReportScope& q) { return r.FrequencyByOrderNumber(q); }, "order number");
  ExpectSame(
      ended, longer, PredictionQuery{.scope = scope, .customer_ids = {}},
      [](Reports& r, const PredictionQuery& q) { return r.ClvPrediction(q); }, "prediction");
  ExpectSame(
      ended, longer, SegmentationQuery{.scope = scope, .rfm_segments = {}},
      [](Reports& r, const SegmentationQuery& q) { return r.RfmCustomers(q); }, "rfm");
  ExpectSame(
      ended, longer, SegmentationQuery{.scope = scope, .rfm_segments = {}},
      [](Reports& r, const SegmentationQuery& q) { return r.RfmMatrix(q); }, "matrix");
  for (const std::vector<std::string>& ids :
       {std::vector<std::string>{}, std::vector<std::string>{"c0", "c1", "c2", "c3", "c4"}}) {
    ExpectSame(
        ended, longer, CustomerValueQuery{.scope = scope, .customer_ids = ids},
        [](Reports& r, const CustomerValueQuery& q) { return r.TotalCustomerValue(q); }, "value");
  }
}

TEST(SqliteReportsAsOfTest, ThePastIsWhatTheStoreWouldHaveSaidThen) {
  for (uint32_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    ReportStore ended;
    ReportStore longer;
    RandomFacts facts(seed);
    facts.AddPast(ended, longer);
    facts.AddFuture(longer);
    ended.Write();
    longer.Write();
    ReportScope scope;
    ExpectSameReports(ended, longer, scope);
    scope.filters.country = {"FR", "(unknown)"};
    scope.window = TimeWindow{.start = At("2022-03-01"), .end = At("2022-10-31 23:59:59")};
    ExpectSameReports(ended, longer, scope);
    if (HasFailure()) break;
  }
}

// Groups of any kind add up to the population.
TEST(SqliteReportsAsOfTest, GroupTotalsAddUpToTheGrandTotal) {
  for (uint32_t seed = 100; seed < 110; ++seed) {
    SCOPED_TRACE(seed);
    ReportStore store;
    ReportStore same;
    RandomFacts(seed).AddPast(store, same);
    store.Write();
    absl::int128 by_customer = 0;
    uint64_t orders = 0;
    const auto customers = Must(store.reports().TotalCustomerValue({}));
    for (const auto& row : customers.rows) {
      by_customer += row.total_spend_micros;
      orders += row.purchase_count;
    }
    absl::int128 by_segment = 0;
    for (const auto& row : Must(store.reports().ClvBySegment({})).rows) {
      by_segment += row.total_revenue_micros;
    }
    absl::int128 by_source = 0;
    for (const auto& row : Must(store.reports().ClvByAcquisitionSource({})).rows) {
      by_source += row.total_revenue_micros;
    }
    absl::int128 by_bucket = 0;
    uint64_t bucket_orders = 0;
    for (const auto& row : Must(store.reports().FrequencyByOrders({{}, {1, 3}})).rows) {
      by_bucket += row.revenue_micros;
      bucket_orders += row.orders;
    }
    absl::int128 by_cell = 0;
    for (const auto& row : Must(store.reports().RfmMatrix({})).rows) by_cell += row.revenue_micros;
    EXPECT_EQ(by_segment, by_customer);
    EXPECT_EQ(by_source, by_customer);
    EXPECT_EQ(by_bucket, by_customer);
    EXPECT_EQ(by_cell, by_customer);
    EXPECT_EQ(bucket_orders, orders);
  }
}

}  // namespace
}  // namespace clv::storage
