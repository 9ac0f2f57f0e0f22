// Replaying, splitting and merging records leaves the state as it is.

#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/services/aggregation/fold_fixture.h"

namespace clv::aggregation {
namespace {

class FoldBatchesTest : public FoldTest {
 protected:
  // Rows that correct, move and repeat one another.
  std::vector<LoggedRows> RandomRecords(unsigned seed, int count) {
    std::mt19937 random(seed);
    const auto below = [&](int n) { return static_cast<int>(random() % n); };
    std::vector<LoggedRows> records;
    for (int i = 0; i < count; ++i) {
      const std::string customer = "c" + std::to_string(below(4));
      switch (below(6)) {
        case 0:
          records.push_back(Record(domain::Customer{.customer_id = customer,
                                                    .country = below(2) == 0 ? "USA" : "FRA",
                                                    .created_at = below(5)}));
          break;
        case 1:
          records.push_back(Record(domain::ImportedClv{.customer_id = customer,
                                                       .total_spend_micros = below(1'000),
                                                       .purchase_count = 1 + below(3),
                                                       .first_purchase_date = kNewYear,
                                                       .last_purchase_date = kNewYear,
                                                       .updated_at = kNewYear + below(9) * kDay}));
          break;
        default: {
          std::vector<Buy> buys;
          for (int n = below(5); n >= 0; --n) {
            Buy buy{"p" + std::to_string(below(12)), customer, below(20) - 5, below(10)};
            if (below(2) == 0) buy.created_day = below(6);
            if (below(3) == 0) buy.order_id = "o" + std::to_string(below(3));
            if (below(8) == 0) buy.currency = "EUR";
            buys.push_back(buy);
          }
          records.push_back(Record(buys));
        }
      }
    }
    return records;
  }

  // The state after folding the records `per_fold` at a time into a new store.
  std::string StateAfter(const std::vector<LoggedRows>& records, size_t per_fold) {
    auto first = std::move(store_);
    const std::string path = directory_.path() + "/split" + std::to_string(per_fold) + ".db";
    store_ = *storage::SqliteClvStore::Open({.path = path});
    {
      const auto transaction = store_->Begin().value();
      EXPECT_TRUE(transaction->PutReportingCurrency("USD").ok());
      EXPECT_TRUE(transaction->Commit(0).ok());
    }
    for (size_t i = 0; i < records.size(); i += per_fold) {
      FoldRecords({records.begin() + i, records.begin() + std::min(records.size(), i + per_fold)});
    }
    store_ = std::move(first);
    return StateOf(path, true);
  }
};

TEST_F(FoldBatchesTest, TheSplitIntoFoldsDoesNotMatter) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    last_position_ = 0;
    const std::vector<LoggedRows> records = RandomRecords(seed, 60);
    const std::string one_by_one = StateAfter(records, 1);
    EXPECT_EQ(StateAfter(records, 7), one_by_one) << "seed " << seed;
    EXPECT_EQ(StateAfter(records, 60), one_by_one) << "seed " << seed;
    for (const char* name : {"/split1.db", "/split7.db", "/split60.db"}) {
      std::filesystem::remove(directory_.path() + name);
    }
  }
}

// More rows than those from which on folds have a second thread for what comes before customers,
// and, in one fold, more customers than those from which on they have one for these.
TEST_F(FoldBatchesTest, LargeFoldsGiveWhatSmallOnesGive) {
  constexpr int kRows = 130'000;
  constexpr int kCustomers = 60'000;
  constexpr int kRowsOfRecord = 6'500;
  std::mt19937 random(4);
  const auto below = [&](int n) { return static_cast<int>(random() % n); };
  std::vector<LoggedRows> records;
  for (int row = 0; row < kRows;) {
    std::vector<Buy> buys;
    for (int i = 0; i < kRowsOfRecord; ++i, ++row) {
      // One in a hundred is a version of an earlier one, of those half of another customer's.
      const int purchase = below(100) == 0 ? below(row + 1) : row;
      const int customer = purchase == row || below(2) == 0 ? purchase * 7 % kCustomers : below(9);
      buys.push_back({"p" + std::to_string(purchase), "c" + std::to_string(customer), below(50),
                      below(300), below(5)});
    }
    records.push_back(Record(buys));
  }
  // Not in a comparison that would print millions of bytes.
  const std::string in_one = StateAfter(records, records.size());
  EXPECT_TRUE(StateAfter(records, 1) == in_one);
}

TEST_F(FoldBatchesTest, TheSplitOfRowsIntoRecordsDoesNotMatter) {
  const std::vector<LoggedRows> records = RandomRecords(99, 60);
  std::vector<LoggedRows> split;
  for (const LoggedRows& record : records) {
    for (const domain::Customer& row : record.customers) split.push_back(Record(row));
    for (const domain::ImportedClv& row : record.customer_clvs) split.push_back(Record(row));
    for (size_t i = 0; i < record.purchases.size(); ++i) {
      split.push_back(Record(std::vector<Buy>()));
      split.back().purchases = wire::BatchOf({record.purchases.PurchaseAt(i)});
    }
  }
  for (size_t i = 0; i < split.size(); ++i) split[i].position = i + 1;
  FoldRecords(records);
  const std::string together = State();
  const std::string path = directory_.path() + "/other.db";
  store_ = *storage::SqliteClvStore::Open({.path = path});
  const auto transaction = store_->Begin().value();
  ASSERT_TRUE(transaction->PutReportingCurrency("USD").ok());
  ASSERT_TRUE(Fold(split, Options(), *transaction).ok());
  ASSERT_TRUE(transaction->Commit(split.size()).ok());
  EXPECT_EQ(StateOf(path), together);
}

TEST_F(FoldBatchesTest, ReplayingRowsWithInstantsChangesNothing) {
  std::vector<LoggedRows> records;
  std::mt19937 random(5);
  for (int i = 0; i < 80; ++i) {
    // Distinct instants: i is part of each.
    records.push_back(Record(
        std::vector<Buy>{{"p" + std::to_string(random() % 10), "c" + std::to_string(random() % 3),
                          static_cast<int64_t>(random() % 50), static_cast<int64_t>(random() % 30),
                          static_cast<int64_t>((i * 37) % 80)}}));
  }
  FoldRecords(records);
  const std::string once = State(true);
  for (LoggedRows& record : records) record.position = ++last_position_;
  EXPECT_EQ(FoldRecords(records).winners, 0u);
  EXPECT_EQ(State(true), once);
}

TEST_F(FoldBatchesTest, AnEmptyFoldDoesNothing) {
  const auto transaction = store_->Begin().value();
  const auto counts = Fold({}, Options(), *transaction);
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_EQ(counts->outcome.rows, 0u);
}

TEST_F(FoldBatchesTest, CountsRowsWinnersAndCustomers) {
  const FoldCounts counts =
      Send(std::vector<Buy>{{"p1", "c1", 1, 1}, {"p1", "c1", 1, 1}, {"p1", "c2", 1, 1}});
  EXPECT_EQ(counts.outcome.rows, 3u);
  EXPECT_EQ(counts.winners, 2u);
  EXPECT_EQ(counts.customers, 2u);
  EXPECT_EQ(counts.outcome.dead_letters, 0u);
  EXPECT_EQ(counts.outcome.duplicate_rows, 1u);
  EXPECT_EQ(counts.outcome.superseded_rows, 0u);
}

}  // namespace
}  // namespace clv::aggregation
