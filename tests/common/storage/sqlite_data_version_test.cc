// That Database::DataVersion, which mostly looks at the wal-index only, moves when SQLite's does.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "common/storage/sqlite/db.h"
#include "common/storage/sqlite/migrations/migrations.h"
#include "common/storage/sqlite/wal_index.h"
#include "tests/common/storage/temp_directory.h"

namespace clv::storage {
namespace {

enum class Step {
  kNothing,
  kCommit,
  kTwoCommits,
  kRollBack,
  kWriteBack,
  kTruncate,
  kAnotherWriter
};

std::unique_ptr<Database> Open(const std::string& path, Database::Mode mode) {
  return Database::Open({.path = path, .mode = mode, .migrations = &ClvMigrations()}).value();
}

int64_t AskSqlite(Database& db) {
  Statement version = db.Prepare("PRAGMA data_version").value();
  RC_ASSERT(version.Step().ok());
  return version.Int(0);
}

void Do(Step step, const std::string& path, Database& writer) {
  constexpr char kChange[] = "UPDATE checkpoint SET folded_position = folded_position + 1";
  switch (step) {
    case Step::kNothing:
      return;
    case Step::kCommit:
      RC_ASSERT(writer.Execute(kChange).ok());
      return;
    case Step::kTwoCommits:
      RC_ASSERT(writer.Execute(kChange).ok());
      RC_ASSERT(writer.Execute(kChange).ok());
      return;
    case Step::kRollBack:
      RC_ASSERT(writer.Execute("BEGIN IMMEDIATE").ok());
      RC_ASSERT(writer.Execute(kChange).ok());
      RC_ASSERT(writer.Execute("ROLLBACK").ok());
      return;
    case Step::kWriteBack:
      RC_ASSERT(writer.WriteBack().ok());
      return;
    case Step::kTruncate:
      RC_ASSERT(writer.TryTruncateWal().ok());
      return;
    case Step::kAnotherWriter:
      RC_ASSERT(Open(path, Database::Mode::kReadWrite)->Execute(kChange).ok());
      return;
  }
}

RC_GTEST_PROP(SqliteDataVersionTest, MovesWhenThatOfSqliteMoves, ()) {
  const TempDirectory directory;
  const std::string path = directory.path() + "/clv.db";
  const auto writer = Open(path, Database::Mode::kReadWrite);
  const auto watcher = Open(path, Database::Mode::kReadOnly);
  const auto oracle = Open(path, Database::Mode::kReadOnly);
  int64_t seen = watcher->DataVersion().value();
  int64_t said = AskSqlite(*oracle);
  const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 7));
  for (const int step : steps) {
    Do(static_cast<Step>(step), path, *writer);
    const int64_t now = watcher->DataVersion().value();
    const int64_t says = AskSqlite(*oracle);
    RC_ASSERT((now != seen) == (says != said));
    RC_ASSERT(watcher->DataVersion().value() == now);
    seen = now;
    said = says;
  }
}

TEST(WalIndexTest, TheHeaderStaysUntilACommit) {
  const TempDirectory directory;
  const std::string path = directory.path() + "/clv.db";
  const auto writer = Open(path, Database::Mode::kReadWrite);
  const auto watcher = Open(path, Database::Mode::kReadOnly);
  ASSERT_TRUE(watcher->DataVersion().ok());
  const auto header = ReadWalIndexHeader(watcher->raw());
  ASSERT_TRUE(header.has_value());
  EXPECT_EQ(ReadWalIndexHeader(watcher->raw()), header);
  ASSERT_TRUE(writer->Execute("UPDATE checkpoint SET folded_position = 8").ok());
  EXPECT_NE(ReadWalIndexHeader(watcher->raw()), header);
}

}  // namespace
}  // namespace clv::storage
