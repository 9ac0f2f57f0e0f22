// Rows that the fold refuses to the dead letters.

#include <limits>
#include <string>
#include <vector>

#include "common/wire/log_codec.h"
#include "gtest/gtest.h"
#include "tests/services/aggregation/fold_fixture.h"

namespace clv::aggregation {
namespace {

using Buys = std::vector<Buy>;

constexpr int64_t kBillion = 1'000'000'000;

class FoldLimitsTest : public FoldTest {
 protected:
  static domain::ImportedClv Import(const std::string& customer_id, int64_t units,
                                    int64_t orders = 1) {
    return {.customer_id = customer_id,
            .total_spend_micros = Units(units),
            .purchase_count = orders,
            .first_purchase_date = kNewYear - 3,
            .last_purchase_date = kNewYear - 2,
            .updated_at = kNewYear - 1};
  }

  // 9,000,000,000,000 of the 9,223,372,036,854 that fit: a trillion imported, the rest in rows.
  void FillAlmost(const std::string& customer_id) {
    Send(Import(customer_id, 1'000 * kBillion));
    Buys buys;
    for (int i = 0; i < 8'000; ++i) {
      buys.push_back({customer_id + "-" + std::to_string(i), customer_id,
                      i % 2 == 0 ? kBillion : -kBillion, 1});
    }
    EXPECT_EQ(Send(buys).outcome.dead_letters, 0u);
  }
};

TEST_F(FoldLimitsTest, ARowThatWouldOverflowTheAbsoluteSumIsRefused) {
  FillAlmost("c1");
  Buys more;
  for (int i = 0; i < 300; ++i) {
    more.push_back({"q" + std::to_string(i), "c1", i % 2 == 0 ? kBillion : -kBillion, 2});
  }
  EXPECT_EQ(Send(more).outcome.dead_letters, 300u - 223u);
  EXPECT_EQ(Summary("c1").gross_micros, Units(9'223 * kBillion));
  EXPECT_EQ(Summary("c1").visible_rows, 8'223);
  EXPECT_EQ(store_->Read().value()->CountFacts()->dead_letters, 77u);
  EXPECT_EQ(DeadLetters().substr(0, 11), "3|223|2|q22");
}

TEST_F(FoldLimitsTest, ARefusedRowLeavesTheEarlierWinner) {
  FillAlmost("c1");
  Send(Buys{{"p1", "c2", 5, 1}});
  Buys more;
  for (int i = 0; i < 223; ++i) more.push_back({"q" + std::to_string(i), "c1", kBillion, 2});
  Send(more);
  EXPECT_EQ(Send(Buys{{"p1", "c1", kBillion, 1}}).outcome.dead_letters, 1u);
  EXPECT_EQ(Purchase("p1").customer_id, "c2");
  EXPECT_EQ(Summary("c2").total_spend_micros, Units(5));
}

TEST_F(FoldLimitsTest, ACorrectionCountsInsteadOfTheRowThatItReplaces) {
  FillAlmost("c1");
  Buys more;
  for (int i = 0; i < 223; ++i) more.push_back({"q" + std::to_string(i), "c1", kBillion, 2});
  Send(more);
  EXPECT_EQ(Send(Buys{{"q0", "c1", -kBillion, 2}}).outcome.dead_letters, 0u);
  EXPECT_EQ(Send(Buys{{"q0", "c2", kBillion, 2}, {"q223", "c1", kBillion, 2}}).outcome.dead_letters,
            0u);
  EXPECT_EQ(Send(Buys{{"q224", "c1", kBillion, 2}}).outcome.dead_letters, 1u);
}

TEST_F(FoldLimitsTest, AnImportThatWouldOverflowTheAbsoluteSumIsRefused) {
  Buys buys;
  for (int i = 0; i < 9'000; ++i) buys.push_back({"p" + std::to_string(i), "c1", kBillion, 1});
  Send(buys);
  EXPECT_EQ(Send(Import("c1", -1'000 * kBillion)).outcome.dead_letters, 1u);
  EXPECT_FALSE(Value("c1").imported);
  EXPECT_EQ(DeadLetters(), "2|0|3|c1\n");
}

TEST_F(FoldLimitsTest, AnImportOfTooManyOrdersIsRefused) {
  constexpr int64_t kMostOrders = 1'000'000'000'000'000;
  EXPECT_EQ(Send(Import("c1", 1, kMostOrders + 1)).outcome.dead_letters, 1u);
  EXPECT_FALSE(IsKnown("c1"));
  EXPECT_EQ(Send(Import("c1", 1, kMostOrders)).outcome.dead_letters, 0u);
  EXPECT_EQ(Summary("c1").purchase_count, kMostOrders);
}

TEST_F(FoldLimitsTest, WhatIsRefusedDoesNotDependOnTheSplitIntoFolds) {
  FillAlmost("c1");
  std::vector<LoggedRows> records;
  for (int i = 0; i < 230; ++i) {
    records.push_back(Record(Buys{{"q" + std::to_string(i), "c1", kBillion, 2}}));
  }
  FoldRecords(records);
  EXPECT_EQ(DeadLetters().substr(0, 11), "226|0|2|q22");
  EXPECT_EQ(Summary("c1").visible_rows, 8'223);
}

TEST_F(FoldLimitsTest, ARecordThatCannotBeDecodedIsOneDeadLetter) {
  const LoggedRows rows = DecodeRecord(
      {.position = 1, .received_at_seconds = 1, .row_count = 3, .payload = "\xff\xff garbage"});
  EXPECT_FALSE(rows.undecodable.empty());
  ++last_position_;
  EXPECT_EQ(FoldRecords({rows, Record(Buys{{"p1", "c1", 1, 1}})}).outcome.dead_letters, 1u);
  EXPECT_EQ(Summary("c1").purchase_count, 1);
  EXPECT_EQ(store_->Checkpoint().value(), 2u);
}

}  // namespace
}  // namespace clv::aggregation
