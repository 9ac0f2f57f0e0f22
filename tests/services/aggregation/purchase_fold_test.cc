// The fold customer by customer does what the fold row by row does.
#include "services/aggregation/purchase_fold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/domain/row_condition.h"
#include "services/aggregation/batch_fold.h"
#include "services/aggregation/recompute.h"
#include "tests/common/storage/raw_sqlite.h"
#include "tests/services/aggregation/fold_fixture.h"

namespace clv::aggregation {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kGreatest = std::numeric_limits<int64_t>::max();

struct States : FoldTest {
  using FoldTest::StateOf;
};

std::vector<PurchasePlace> AllPlaces(absl::Span<const LoggedRows> records) {
  std::vector<PurchasePlace> places;
  for (uint32_t record = 0; record < records.size(); ++record) {
    for (uint32_t row = 0; row < records[record].purchases.size(); ++row) {
      places.push_back({record, row});
    }
  }
  return places;
}

enum class Way { kFold, kFoldOnTwoThreads, kRowByRow };

// A store, and what its folds said.
class Site {
 public:
  explicit Site(Way way) : way_(way) {
    RC_ASSERT(AdoptReportingCurrency(*store_, options_.reporting_currency).ok());
  }

  // Folds the records in one transaction, and looks at latest_activity.
  void Fold(absl::Span<const LoggedRows> records) {
    if (records.empty()) return;
    const auto transaction = store_->Begin().value();
    if (way_ != Way::kRowByRow) {
      winners_ += aggregation::Fold(records, options_, *transaction).value().winners;
    } else {
      FoldRowByRow(records, *transaction);
    }
    const absl::Status committed = transaction->Commit(records.back().position);
    RC_ASSERT(committed.ok());
    if (way_ != Way::kRowByRow) ReadOutcomes(records);
    RC_ASSERT(Dump("SELECT date FROM latest_activity") ==
              Dump("SELECT MAX(last_activity_date) FROM customer_clv"));
    RC_ASSERT(Dump("SELECT l.customer_id FROM latest_activity l LEFT JOIN customer_clv v USING "
                   "(customer_id) WHERE CASE WHEN l.date IS NULL THEN l.customer_id <> '' ELSE "
                   "v.last_activity_date IS NOT l.date END") == "");
  }

  std::string State() const { return States::StateOf(path_, true); }
  std::string FoldedPositions() {
    return Dump("SELECT customer_id, folded_position FROM customer_clv ORDER BY customer_id");
  }
  const std::vector<storage::FoldOutcome>& outcomes() const { return outcomes_; }
  uint64_t winners() const { return winners_; }
  storage::ClvStore& store() { return *store_; }

 private:
  std::string Dump(const std::string& sql) { return storage::DumpRawSql(path_, sql); }

  void FoldRowByRow(absl::Span<const LoggedRows> records, storage::FoldTransaction& transaction) {
    while (!records.empty()) {
      const size_t count = std::find_if(records.begin(), records.end(),
                                        [](const LoggedRows& one) { return one.IsCommand(); }) -
                           records.begin();
      if (count == 0) {
        RC_ASSERT(aggregation::Fold(records.first(1), options_, transaction).ok());
        records.remove_prefix(1);
        continue;
      }
      const auto run = records.first(count);
      std::vector<storage::FoldOutcome> outcomes(count);
      for (size_t i = 0; i < count; ++i) outcomes[i].rows = run[i].size();
      BatchFold fold(options_.reporting_currency, transaction);
      RC_ASSERT(fold.Run(run, AllPlaces(run), run.back().position, absl::MakeSpan(outcomes)).ok());
      winners_ += fold.winners();
      outcomes_.insert(outcomes_.end(), outcomes.begin(), outcomes.end());
      records.remove_prefix(count);
    }
  }

  void ReadOutcomes(absl::Span<const LoggedRows> records) {
    const auto state = store_->Read().value();
    for (const LoggedRows& record : records) {
      if (!record.IsCommand()) outcomes_.push_back(state->OutcomeOf(record.position)->value());
    }
  }

  const Way way_;
  const FoldOptions options_{.reporting_currency = "USD", .rows_one_by_one = 3};
  TempDirectory directory_;
  const std::string path_ = directory_.path() + "/clv.db";
  std::unique_ptr<storage::SqliteClvStore> store_ =
      storage::SqliteClvStore::Open(
          {.path = path_, .least_folded_ahead = way_ == Way::kFoldOnTwoThreads ? 1 : SIZE_MAX})
          .value();
  std::vector<storage::FoldOutcome> outcomes_;  // of the records that are no commands
  uint64_t winners_ = 0;
};

// 0 .. n - 1, each as often: inRange alone keeps to the first at small sizes.
int Below(int n) { return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, n)); }
bool OneIn(int n) { return Below(n) == n - 1; }
template <typename T>
T OneOf(const std::vector<T>& choices) {
  return choices[Below(static_cast<int>(choices.size()))];
}

std::string AnyCustomer() { return "c" + std::to_string(Below(4)); }

// Of purchases and imports; `is_large`: now and then so large that few fit a customer.
int64_t AnyAmount(bool is_large) {
  if (is_large && OneIn(3)) {
    const int64_t amount =
        OneOf<int64_t>({int64_t{1} << 60, int64_t{1} << 61, storage::kLargeGross - 2,
                        storage::kLargeGross - 1, storage::kLargeGross, kGreatest - 1, kGreatest});
    return OneIn(2) ? -amount : amount;
  }
  return (Below(20) - 5) * (OneIn(2) ? 1 : Units(1));
}

domain::Purchase AnyPurchase(bool is_large) {
  const int number = Below(16);
  domain::Purchase purchase{.purchase_id = "p" + std::to_string(number),
                            // Most purchases stay where they are.
                            .customer_id = "c" + std::to_string(number % 4),
                            .purchase_amount_micros = AnyAmount(is_large),
                            .purchase_date = kNewYear + Below(10) * kDay};
  if (OneIn(8)) purchase.customer_id = AnyCustomer();
  if (OneIn(24)) purchase.customer_id.clear();  // a version of an erased customer
  purchase.order_id =
      OneIn(3) ? OneOf<std::string>({"o1", "o2", "p1", "p2"}) : purchase.purchase_id;
  if (OneIn(2)) purchase.created_at = kNewYear + Below(5) * kDay;
  purchase.currency = OneOf<std::string>({"", "", "", "USD", "EUR"});
  if (OneIn(2)) purchase.product_name = OneOf<std::string>({"Pen", "Ink", "USD"});
  return purchase;
}

wire::RowDeletion AnyDeletion() {
  using domain::DataSource;
  const auto [data_source, text] = OneOf<std::pair<DataSource, std::string>>(
      {{DataSource::kPurchases, "purchase_amount < 0"},
       {DataSource::kPurchases, "customer_id = 'c1' or purchase_id in ('p2', 'p3')"},
       {DataSource::kPurchases, "purchase_date > '2023-01-07'"},
       {DataSource::kPurchases, ""},
       {DataSource::kCustomers, ""},
       {DataSource::kCustomerClv, "customer_id < 'c2'"}});
  wire::RowDeletion deletion{.data_source = data_source};
  if (!text.empty()) deletion.condition = domain::ParseRowCondition(data_source, text).value();
  return deletion;
}

LoggedRows AnyRecord(bool is_large) {
  LoggedRows record;
  switch (Below(24)) {
    case 16:
    case 17:
      record.customers.push_back({.customer_id = AnyCustomer(),
                                  .country = OneOf<std::string>({"", "FRA", "USA"}),
                                  .created_at = Below(5)});
      break;
    case 18:
    case 19:
    case 20:
      record.customer_clvs.push_back({.customer_id = AnyCustomer(),
                                      .total_spend_micros = AnyAmount(is_large),
                                      .purchase_count = 1 + Below(3),
                                      .first_purchase_date = kNewYear - 9 * kDay,
                                      .last_purchase_date = kNewYear + Below(12) * kDay,
                                      .updated_at = kNewYear + Below(9) * kDay});
      break;
    case 21:
      record.command = AnyDeletion();
      break;
    case 22:
      record.command = wire::CustomerErasure{.customer_id = AnyCustomer()};
      break;
    case 23:
      record.undecodable = "broken";
      break;
    default: {
      std::vector<domain::Purchase> purchases(Below(7));
      for (domain::Purchase& purchase : purchases) purchase = AnyPurchase(is_large);
      record.purchases = wire::BatchOf(purchases);
    }
  }
  return record;
}

std::vector<LoggedRows> AnyRecords(bool is_large) {
  std::vector<LoggedRows> records(*rc::gen::inRange(0, 26));
  storage::LogPosition position = 0;
  for (LoggedRows& record : records) {
    record = AnyRecord(is_large);
    record.position = ++position;
    record.received_at_seconds = kNewYear + static_cast<int64_t>(position);
    record.wants_outcome = true;
  }
  return records;
}

void ExpectTheWaysToAgree(const std::vector<LoggedRows>& records) {
  Site by_fold(Way::kFold);
  Site on_two_threads(Way::kFoldOnTwoThreads);
  Site by_rows(Way::kRowByRow);
  Site at_once(Way::kFold);
  for (absl::Span<const LoggedRows> rest = records; !rest.empty();) {
    const auto some = rest.first(std::min(rest.size(), *rc::gen::inRange<size_t>(1, 10)));
    by_fold.Fold(some);
    on_two_threads.Fold(some);
    by_rows.Fold(some);
    rest.remove_prefix(some.size());
  }
  at_once.Fold(records);
  const std::string state = by_rows.State();
  RC_ASSERT(by_fold.State() == state);
  RC_ASSERT(on_two_threads.State() == state);
  RC_ASSERT(at_once.State() == state);
  RC_ASSERT(by_fold.FoldedPositions() == by_rows.FoldedPositions());
  for (const Site* site : {&by_fold, &on_two_threads, &at_once}) {
    RC_ASSERT(site->outcomes() == by_rows.outcomes());
    RC_ASSERT(site->winners() == by_rows.winners());
  }
}

// Where amounts are large the same rows are refused.
RC_GTEST_PROP(PurchaseFoldProperty, EqualsTheFoldRowByRowWhateverTheSplit, (bool is_large)) {
  ExpectTheWaysToAgree(AnyRecords(is_large));
}

// Which rows are left to the other way.
class PurchaseFoldTest : public FoldTest {
 protected:
  struct Done {
    std::vector<PurchasePlace> left;
    std::vector<storage::FoldOutcome> outcomes;
    uint64_t winners = 0;
  };
  // Runs the purchase fold alone, and commits.
  Done Run(const std::vector<LoggedRows>& records) {
    const auto transaction = store_->Begin().value();
    const std::string currency = "USD";
    PurchaseFold fold(currency, *transaction);
    Done done{.outcomes = std::vector<storage::FoldOutcome>(records.size())};
    done.left = fold.Run(records, records.back().position, absl::MakeSpan(done.outcomes)).value();
    done.winners = fold.winners();
    EXPECT_TRUE(transaction->Commit(records.back().position).ok());
    return done;
  }
  static domain::Purchase Large(const std::string& purchase_id, int64_t micros) {
    return {.purchase_id = purchase_id,
            .customer_id = "c1",
            .order_id = purchase_id,
            .purchase_amount_micros = micros,
            .purchase_date = kNewYear};
  }
  LoggedRows RecordOf(const domain::Purchase& purchase) {
    LoggedRows record = Record(std::vector<Buy>());
    record.purchases = wire::BatchOf({purchase});
    return record;
  }
  LoggedRows ImportOf(int64_t micros) {
    return Record(domain::ImportedClv{.customer_id = "c1",
                                      .total_spend_micros = micros,
                                      .first_purchase_date = kNewYear,
                                      .last_purchase_date = kNewYear,
                                      .updated_at = kNewYear});
  }
};

using Buys = std::vector<Buy>;

TEST_F(PurchaseFoldTest, KeepsTheGreatestReceiptTime) {
  std::vector<LoggedRows> records = {Record(Buys{{"p1", "c1", 1, 1}}),
                                     Record(Buys{{"p1", "c1", 2, 1}}),
                                     Record(Buys{{"p2", "c1", 2, 1}})};
  records[0].received_at_seconds = kNewYear + 70;
  records[1].received_at_seconds = kNewYear + 90;
  records[2].received_at_seconds = kNewYear + 80;
  EXPECT_THAT(Run({records[0]}).left, IsEmpty());
  EXPECT_EQ(Value("c1").updated_at, kNewYear + 70);
  EXPECT_THAT(Run({records[1], records[2]}).left, IsEmpty());
  EXPECT_EQ(Value("c1").updated_at, kNewYear + 90);
  // Older ones, and those that do not win, leave it.
  LoggedRows older = Record(Buys{{"p3", "c1", 2, 1}});
  older.received_at_seconds = kNewYear + 1;
  LoggedRows duplicate = Record(Buys{{"p3", "c1", 2, 1}});
  duplicate.received_at_seconds = kNewYear + 99;
  EXPECT_THAT(Run({older, duplicate}).left, IsEmpty());
  EXPECT_EQ(Value("c1").updated_at, kNewYear + 90);
  EXPECT_EQ(Value("c1").folded_position, duplicate.position);
}

TEST_F(PurchaseFoldTest, LeavesNothingOfPurchasesThatStay) {
  Send(Buys{{"p1", "c1", 1, 1, 1}, {"p2", "c2", 1, 1, 3}});
  const Done done = Run({Record(Buys{{"p1", "c1", 2, 1, 2}, {"p3", "c1", 5, 2}}),
                         Record(Buys{{"p2", "c2", 9, 1, 2}, {"p3", "c1", 5, 2}})});
  EXPECT_THAT(done.left, IsEmpty());
  EXPECT_EQ(done.winners, 2u);
  EXPECT_EQ(done.outcomes[1].superseded_rows, 1u);
  EXPECT_EQ(done.outcomes[1].duplicate_rows, 1u);
  EXPECT_EQ(Summary("c1").total_spend_micros, Units(7));
  EXPECT_EQ(Summary("c2").total_spend_micros, Units(1));
}

TEST_F(PurchaseFoldTest, LeavesAllVersionsOfWhatNamesSeveralCustomersOrNone) {
  const Done done = Run({Record(Buys{{"p1", "c1", 1, 1}, {"p2", "c1", 1, 1}, {"p3", "", 1, 1}}),
                         Record(Buys{{"p4", "c2", 1, 1}, {"p1", "c2", 1, 1}}),
                         Record(Buys{{"p1", "c1", 3, 1}, {"p4", "c2", 2, 1}})});
  EXPECT_THAT(done.left, ElementsAre(PurchasePlace{0, 0}, PurchasePlace{0, 2}, PurchasePlace{1, 1},
                                     PurchasePlace{2, 0}));
  EXPECT_EQ(Summary("c1").visible_rows, 1);
  EXPECT_EQ(Summary("c2").total_spend_micros, Units(2));
}

TEST_F(PurchaseFoldTest, LeavesAllVersionsOfWhatLiesWithAnotherCustomer) {
  Send(Buys{{"p1", "c1", 1, 1}, {"p3", "c1", 1, 1}});
  const Done done = Run({Record(Buys{{"p1", "c2", 2, 1}, {"p2", "c2", 1, 1}}),
                         Record(Buys{{"p1", "c2", 3, 1}, {"p3", "c2", 1, 1}})});
  EXPECT_THAT(done.left,
              ElementsAre(PurchasePlace{0, 0}, PurchasePlace{1, 0}, PurchasePlace{1, 1}));
  EXPECT_EQ(Purchase("p1").customer_id, "c1");
  EXPECT_EQ(Purchase("p3").customer_id, "c1");
  EXPECT_EQ(Summary("c2").visible_rows, 1);
}

TEST_F(PurchaseFoldTest, LeavesEverythingWhereTheRowsAreLarge) {
  EXPECT_THAT(Run({RecordOf(Large("p1", storage::kLargeGross - 2))}).left, IsEmpty());
  EXPECT_THAT(
      Run({RecordOf(Large("p2", storage::kLargeGross - 1)), Record(Buys{{"q", "c2"}})}).left,
      SizeIs(2));
  EXPECT_THAT(
      Run({RecordOf(Large("p3", -(storage::kLargeGross - 4))), RecordOf(Large("p4", 2))}).left,
      IsEmpty());
  // Nothing large can be added unseen to the gross from now on.
  EXPECT_EQ(Summary("c1").gross_micros, kGreatest - 3);
  EXPECT_THAT(Run({Record(Buys{{"q", "c2"}})}).left, SizeIs(1));
}

TEST_F(PurchaseFoldTest, LeavesEverythingWhereImportsAreLarge) {
  EXPECT_THAT(Run({ImportOf(storage::kLargeGross - 4), RecordOf(Large("p1", 2))}).left, IsEmpty());
  EXPECT_THAT(Run({ImportOf(-(storage::kLargeGross - 3)), RecordOf(Large("p2", -2))}).left,
              SizeIs(1));
}

TEST_F(PurchaseFoldTest, AnImportBeforeAPurchaseIsNotRefusedForIt) {
  FoldRecords({RecordOf(Large("p1", storage::kLargeGross))});
  FoldRecords({ImportOf(storage::kLargeGross - 1), RecordOf(Large("p2", 1'000'000))});
  EXPECT_EQ(DeadLetters(), "3|0|2|p2\n");
  EXPECT_TRUE(Value("c1").imported);
}

}  // namespace
}  // namespace clv::aggregation
