#include <gtest/gtest.h>

#include "common/storage/sqlite/clv_store.h"
#include "common/storage/sqlite/fold_outcomes.h"
#include "tests/common/storage/temp_directory.h"

namespace clv::storage {
namespace {

TEST(SqliteFoldOutcomesTest, TellsWhatFoldsDidAsTheyAreCommitted) {
  TempDirectory directory;
  const std::string path = directory.path() + "/clv.db";
  SqliteFoldOutcomes outcomes(path);
  EXPECT_EQ(outcomes.OutcomeOf(1).status().code(), absl::StatusCode::kUnavailable);
  const auto store = SqliteClvStore::Open({.path = path}).value();
  EXPECT_FALSE(outcomes.OutcomeOf(1).value().has_value());
  for (LogPosition position = 1; position <= 3; ++position) {
    auto fold = store->Begin().value();
    const FoldOutcome outcome{.rows = 10, .duplicate_rows = position};
    ASSERT_TRUE(fold->PutOutcome(position, outcome).ok());
    EXPECT_FALSE(outcomes.OutcomeOf(position).value().has_value());
    ASSERT_TRUE(fold->Commit(position).ok());
    EXPECT_EQ(outcomes.OutcomeOf(position).value(), outcome);
  }
  EXPECT_EQ(outcomes.OutcomeOf(1).value()->duplicate_rows, 1u);
  EXPECT_FALSE(outcomes.OutcomeOf(4).value().has_value());
}

TEST(SqliteFoldOutcomesTest, TellsOfAFoldOnceItIsAnnounced) {
  TempDirectory directory;
  const std::string path = directory.path() + "/clv.db";
  const auto store = SqliteClvStore::Open({.path = path}).value();
  SqliteFoldOutcomes outcomes(path);
  auto fold = store->Begin().value();
  ASSERT_TRUE(fold->PutOutcome(4, {.rows = 10}).ok());
  ASSERT_TRUE(fold->Commit(4, 3).ok());
  EXPECT_FALSE(outcomes.OutcomeOf(4).value().has_value());
  ASSERT_TRUE(store->Announce(4).ok());
  EXPECT_TRUE(outcomes.OutcomeOf(4).value().has_value());
}

TEST(SqliteFoldOutcomesTest, HoldsNothingBack) {
  TempDirectory directory;
  const std::string path = directory.path() + "/clv.db";
  const auto store = SqliteClvStore::Open({.path = path}).value();
  SqliteFoldOutcomes outcomes(path);
  ASSERT_TRUE(outcomes.OutcomeOf(1).ok());
  // Needs the file without readers.
  EXPECT_TRUE(store->Scrub().ok());
}

}  // namespace
}  // namespace clv::storage
