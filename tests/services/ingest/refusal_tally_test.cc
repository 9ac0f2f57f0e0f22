#include "services/ingest/refusal_tally.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace clv::ingest {
namespace {

using storage::DataSource;

storage::LogBatch Refused(const std::string& column, const std::string& reason, int64_t seconds) {
  storage::QuarantinedRow row{.data_source = DataSource::kPurchases,
                              .inserted_at_seconds = seconds};
  if (column.empty()) {
    row.error = "got a text";
    row.reason = reason;
  } else {
    row.columns = {{.name = "purchase_id"},
                   {.name = column, .error = "got 'x', want " + reason, .reason = reason}};
  }
  return {.quarantined = {row}};
}

TEST(RefusalTallyTest, CountsByColumnAndReasonMostFrequentFirst) {
  RefusalTally tally;
  tally.Count({Refused("currency", "letters", 5), Refused("", "an object", 6)});
  tally.Count({Refused("currency", "letters", 9), Refused("currency", "letters", 7)});
  const auto counts = tally.MostFrequent(DataSource::kPurchases, 10);
  ASSERT_EQ(counts.size(), 2u);
  EXPECT_EQ(counts[0].column, "currency");
  EXPECT_EQ(counts[0].reason, "letters");
  EXPECT_EQ(counts[0].rows, 3u);
  EXPECT_EQ(counts[0].last_inserted_at_seconds, 9);
  EXPECT_EQ(counts[1].column, "");
  EXPECT_EQ(tally.MostFrequent(DataSource::kPurchases, 1).size(), 1u);
  EXPECT_TRUE(tally.MostFrequent(DataSource::kCustomers, 10).empty());
}

TEST(RefusalTallyTest, CountsARowForEachRuleThatItBreaks) {
  RefusalTally tally;
  storage::LogBatch batch = Refused("currency", "letters", 5);
  batch.quarantined[0].columns[0].error = "got nothing, want a value";
  batch.quarantined[0].columns[0].reason = "a value";
  tally.Count({batch});
  EXPECT_EQ(tally.MostFrequent(DataSource::kPurchases, 10).size(), 2u);
}

TEST(RefusalTallyTest, KeepsABoundedNumberOfReasons) {
  RefusalTally tally;
  for (int i = 0; i < 5'000; ++i) tally.Count({Refused("currency", std::to_string(i), 5)});
  tally.Count({Refused("currency", "0", 5)});
  const auto counts = tally.MostFrequent(DataSource::kPurchases, 10'000);
  EXPECT_EQ(counts.size(), 1'000u);
  EXPECT_EQ(counts[0].reason, "0");
  EXPECT_EQ(counts[0].rows, 2u);
}

}  // namespace
}  // namespace clv::ingest
