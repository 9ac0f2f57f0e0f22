#include "tests/common/storage/sqlite_reports_fixture.h"

namespace clv::storage {
namespace {

using domain::CustomerRetentionRow;
using Rows = std::vector<CustomerRetentionRow>;

// a: January, twice in February, April. b: January (and its refund in March). c: February. The
// horizon is 2023-04-30 23:59:59, the end of April.
class Cohorts : public ::testing::Test {
 protected:
  void SetUp() override {
    store_.Add(
        {.purchase_id = "a1", .customer_id = "a", .amount = "10", .date = "2023-01-31 23:59:59"});
    store_.Add({.purchase_id = "a2", .customer_id = "a", .amount = "20", .date = "2023-02-01"});
    store_.Add({.purchase_id = "a3", .customer_id = "a", .amount = "5", .date = "2023-02-28"});
    store_.Add(
        {.purchase_id = "a4", .customer_id = "a", .amount = "8", .date = "2023-04-30 23:59:59"});
    store_.Add({.purchase_id = "b1", .customer_id = "b", .amount = "30", .date = "2023-01-10"});
    store_.Add({.purchase_id = "b2", .customer_id = "b", .amount = "-4", .date = "2023-03-03"});
    store_.Add({.purchase_id = "c1", .customer_id = "c", .amount = "7", .date = "2023-02-14"});
  }

  Rows Ask(RetentionQuery query) {
    if (!written_) store_.Write();
    written_ = true;
    return Must(store_.reports().CustomerRetention(query)).rows;
  }

  ReportStore store_;
  bool written_ = false;
};

TEST_F(Cohorts, HasOneRowForEachCohortAndBegunPeriodThenTheAverages) {
  const Rows rows = Ask({});
  ASSERT_EQ(rows.size(), 4u + 3u + 4u);
  EXPECT_EQ(rows[0].cohort, At("2023-01-01"));
  EXPECT_EQ(rows[3].period, 3u);
  EXPECT_EQ(rows[3].period_start, At("2023-04-01"));
  EXPECT_EQ(rows[4].cohort, At("2023-02-01"));
  EXPECT_EQ(rows[7].cohort, std::nullopt);
  EXPECT_EQ(rows[7].period_start, std::nullopt);
  EXPECT_EQ(rows[10].period, 3u);
}

TEST_F(Cohorts, CountsRetentionOrdersAndRevenueOfAPeriod) {
  const CustomerRetentionRow row = Ask({})[1];
  EXPECT_EQ(row.cohort_size, 2u);
  EXPECT_EQ(row.period, 1u);
  EXPECT_TRUE(row.is_complete);
  EXPECT_EQ(row.retained_customers, 1u);
  EXPECT_EQ(row.retention_rate, 0.5);
  EXPECT_EQ(row.churn_rate, 0.5);
  EXPECT_EQ(row.orders, 2u);
  EXPECT_EQ(row.revenue_micros, Money("25"));
  EXPECT_EQ(row.revenue_retention_rate, 25.0 / 40);
  EXPECT_EQ(row.cumulative_revenue_micros, Money("65"));
  EXPECT_EQ(row.cumulative_ltv, 32.5);
}

TEST_F(Cohorts, CountsRefundsAsRevenueOfTheirOwnPeriodButNotAsOrders) {
  const CustomerRetentionRow row = Ask({})[2];
  EXPECT_EQ(row.period_start, At("2023-03-01"));
  EXPECT_EQ(row.orders, 0u);
  EXPECT_EQ(row.retained_customers, 0u);
  EXPECT_EQ(row.revenue_micros, Money("-4"));
  EXPECT_EQ(row.cumulative_revenue_micros, Money("61"));
}

TEST_F(Cohorts, WeighsAveragesOverTheCohortsThatHaveThePeriodComplete) {
  const CustomerRetentionRow row = Ask({})[8];
  EXPECT_EQ(row.period, 1u);
  EXPECT_TRUE(row.is_complete);
  EXPECT_EQ(row.cohort_size, 3u);
  EXPECT_EQ(row.retained_customers, 1u);
  EXPECT_DOUBLE_EQ(*row.retention_rate, 1.0 / 3);
  EXPECT_EQ(row.revenue_micros, Money("25"));
  EXPECT_DOUBLE_EQ(*row.revenue_retention_rate, 25.0 / 47);
  EXPECT_EQ(row.cumulative_revenue_micros, Money("72"));
  EXPECT_DOUBLE_EQ(*row.cumulative_ltv, 24);
}

TEST_F(Cohorts, LeavesIncompletePeriodsOutOfTheAverages) {
  RetentionQuery query;
  query.scope.as_of_seconds = At("2023-04-30 23:59:58");
  const Rows rows = Ask(query);
  ASSERT_EQ(rows.size(), 4u + 3u + 3u);
  EXPECT_FALSE(rows[3].is_complete);
  EXPECT_EQ(rows[3].retained_customers, 0u);
  EXPECT_EQ(rows[9].period, 2u);
  EXPECT_EQ(rows[9].cohort_size, 2u);
}

TEST_F(Cohorts, CountsAsRetainedWhoComesLaterWhenRolling) {
  RetentionQuery query;
  query.retention = RetentionMode::kRolling;
  const Rows rows = Ask(query);
  EXPECT_EQ(rows[0].retained_customers, 2u);
  EXPECT_EQ(rows[1].retained_customers, 1u);
  EXPECT_EQ(rows[2].retained_customers, 1u);
  EXPECT_EQ(rows[3].retained_customers, 1u);
  EXPECT_EQ(rows[4].retained_customers, 1u);
  EXPECT_EQ(rows[5].retained_customers, 0u);
  EXPECT_EQ(rows[2].orders, 0u);
}

TEST_F(Cohorts, CountsRollingActivityBehindTheLastPeriodShown) {
  RetentionQuery query;
  query.retention = RetentionMode::kRolling;
  query.periods = 2;
  const Rows rows = Ask(query);
  EXPECT_EQ(rows[2].period, 2u);
  EXPECT_EQ(rows[2].retained_customers, 1u);
}

TEST_F(Cohorts, CountsWhoEverOrderedAgainWhenCumulative) {
  RetentionQuery query;
  query.retention = RetentionMode::kCumulative;
  const Rows rows = Ask(query);
  EXPECT_EQ(rows[0].retained_customers, 0u);
  EXPECT_EQ(rows[1].retained_customers, 1u);
  EXPECT_EQ(rows[3].retained_customers, 1u);
  EXPECT_EQ(rows[5].retained_customers, 0u);
}

TEST_F(Cohorts, KeepsCohortsWhoseFirstDayLiesInTheWindow) {
  RetentionQuery query;
  query.scope.window = TimeWindow{.start = At("2023-01-01 00:00:01"), .end = std::nullopt};
  const Rows rows = Ask(query);
  ASSERT_EQ(rows.size(), 3u + 3u);
  EXPECT_EQ(rows[0].cohort, At("2023-02-01"));
}

TEST_F(Cohorts, CutsTheRangeOverCohortAndAverageRows) {
  RetentionQuery query;
  query.scope.range = {.limit = 2, .offset = 6};
  store_.Write();
  written_ = true;
  const auto report = Must(store_.reports().CustomerRetention(query));
  EXPECT_EQ(report.total_rows, 11u);
  ASSERT_EQ(report.rows.size(), 2u);
  EXPECT_EQ(report.rows[0].cohort, At("2023-02-01"));
  EXPECT_EQ(report.rows[1].cohort, std::nullopt);
}

TEST_F(Cohorts, KnowsEveryGranularity) {
  RetentionQuery query;
  query.periods = 0;
  const auto first_cohort = [&](Granularity granularity) {
    query.granularity = granularity;
    return Ask(query).at(0).cohort;
  };
  EXPECT_EQ(first_cohort(Granularity::kDay), At("2023-01-10"));
  EXPECT_EQ(first_cohort(Granularity::kWeek), At("2023-01-09"));
  EXPECT_EQ(first_cohort(Granularity::kQuarter), At("2023-01-01"));
  EXPECT_EQ(first_cohort(Granularity::kYear), At("2023-01-01"));
}

// d signed up in February; bought in January, March and April. e never bought. f has no signup
// date. g signs up after as_of.
class SignupCohorts : public Cohorts {
 protected:
  void SetUp() override {
    Cohorts::SetUp();
    store_.Add(domain::Customer{.customer_id = "d", .signup_date = At("2023-02-10")});
    store_.Add(domain::Customer{.customer_id = "e", .signup_date = At("2023-02-20")});
    store_.Add(domain::Customer{.customer_id = "f"});
    store_.Add(domain::Customer{.customer_id = "g", .signup_date = At("2023-05-20")});
    store_.Add({.purchase_id = "d1", .customer_id = "d", .amount = "1", .date = "2023-01-05"});
    store_.Add({.purchase_id = "d2", .customer_id = "d", .amount = "2", .date = "2023-03-05"});
    store_.Add({.purchase_id = "e1", .customer_id = "e", .amount = "-3", .date = "2023-03-06"});
    query_.cohort_by = CohortBasis::kSignup;
  }

  RetentionQuery query_;
};

TEST_F(SignupCohorts, HoldEveryoneWhoSignedUpWithOrWithoutOrders) {
  const Rows rows = Ask(query_);
  ASSERT_EQ(rows.size(), 3u + 3u);
  EXPECT_EQ(rows[0].cohort, At("2023-02-01"));
  EXPECT_EQ(rows[0].cohort_size, 2u);
  EXPECT_EQ(rows[0].retained_customers, 0u);
  EXPECT_EQ(rows[0].orders, 0u);
  EXPECT_EQ(rows[1].retained_customers, 1u);
  EXPECT_EQ(rows[1].revenue_micros, Money("-1"));
  EXPECT_EQ(rows[1].revenue_retention_rate, std::nullopt);
}

TEST_F(SignupCohorts, TakeEarlierOrdersAsFirstOrderOnlyWhenCumulative) {
  query_.retention = RetentionMode::kCumulative;
  const Rows rows = Ask(query_);
  EXPECT_EQ(rows[0].retained_customers, 0u);
  EXPECT_EQ(rows[1].retained_customers, 1u);
}

TEST_F(SignupCohorts, CountASecondOrderBeforeTheCohortFromPeriodZeroOn) {
  store_.Add({.purchase_id = "d0", .customer_id = "d", .amount = "1", .date = "2023-01-06"});
  query_.retention = RetentionMode::kCumulative;
  EXPECT_EQ(Ask(query_)[0].retained_customers, 1u);
}

TEST_F(SignupCohorts, DoNotRetainByOrdersBeforeThemWhenRolling) {
  query_.retention = RetentionMode::kRolling;
  query_.scope.as_of_seconds = At("2023-03-04");
  const Rows rows = Ask(query_);
  EXPECT_EQ(rows[0].retained_customers, 0u);
}

// An imported record from January to March 2023 without rows.
class ImportedCohort : public ::testing::Test {
 protected:
  void SetUp() override {
    store_.Add(domain::ImportedClv{.customer_id = "i",
                                   .total_spend_micros = Money("90"),
                                   .purchase_count = 3,
                                   .first_purchase_date = At("2023-01-05"),
                                   .last_purchase_date = At("2023-03-05"),
                                   .updated_at = At("2023-03-31 23:59:59")});
  }

  Rows Ask(RetentionMode mode) {
    store_.Write();
    RetentionQuery query;
    query.retention = mode;
    return Must(store_.reports().CustomerRetention(query)).rows;
  }

  ReportStore store_;
};

TEST_F(ImportedCohort, IsActiveAtItsTwoDatesWithoutOrdersOrRevenue) {
  const Rows rows = Ask(RetentionMode::kPeriod);
  ASSERT_EQ(rows.size(), 3u + 2u);
  EXPECT_EQ(rows[0].cohort, At("2023-01-01"));
  EXPECT_EQ(rows[0].retained_customers, 1u);
  EXPECT_EQ(rows[1].retained_customers, 0u);
  EXPECT_EQ(rows[2].retained_customers, 1u);
  EXPECT_EQ(rows[2].orders, 0u);
  EXPECT_EQ(rows[2].revenue_micros, 0);
  EXPECT_EQ(rows[0].revenue_retention_rate, std::nullopt);
}

TEST_F(ImportedCohort, CountsItsLastDateAsSecondOrder) {
  const Rows rows = Ask(RetentionMode::kCumulative);
  EXPECT_EQ(rows[1].retained_customers, 0u);
  EXPECT_EQ(rows[2].retained_customers, 1u);
}

TEST_F(ImportedCohort, CountsNoDateTwiceThatAnOrderBears) {
  store_.Add({.purchase_id = "i1", .customer_id = "i", .amount = "30", .date = "2023-01-05"});
  const Rows rows = Ask(RetentionMode::kCumulative);
  EXPECT_EQ(rows[0].retained_customers, 0u);
  EXPECT_EQ(rows[0].orders, 1u);
  EXPECT_EQ(rows[2].retained_customers, 1u);
}

TEST_F(ImportedCohort, CountsTwoOrdersAtOneInstantAsTwo) {
  store_.Add({.purchase_id = "i1", .customer_id = "i", .amount = "30", .date = "2023-01-05"});
  store_.Add({.purchase_id = "i2", .customer_id = "i", .amount = "30", .date = "2023-01-05"});
  EXPECT_EQ(Ask(RetentionMode::kCumulative)[0].retained_customers, 1u);
}

}  // namespace
}  // namespace clv::storage
