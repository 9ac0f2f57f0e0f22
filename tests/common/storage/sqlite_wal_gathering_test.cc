// Frames that are written many at once are the same frames, and there when anybody may read them.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>

#include "common/storage/sqlite/db.h"
#include "tests/common/storage/raw_sqlite.h"
#include "tests/common/storage/temp_directory.h"

namespace clv::storage {
namespace {

const Migrations& Tables() {
  static const Migrations migrations = {
      {"CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT"}};
  return migrations;
}

class WalGatheringTest : public ::testing::Test {
 protected:
  // Few pages stay in memory, so that long transactions write before they commit.
  std::unique_ptr<Database> Open(bool syncs_commits) {
    return Database::Open({.path = path_,
                           .mode = Database::Mode::kReadWrite,
                           .migrations = &Tables(),
                           .syncs_commits = syncs_commits,
                           .wal_pages = 0,
                           .cache_kib = 64})
        .value();
  }
  static std::string Content(const std::string& path) {
    return DumpRawSql(path, "PRAGMA integrity_check") +
           DumpRawSql(path, "SELECT id, text FROM t ORDER BY id");
  }
  // What a killed process would leave.
  std::string ContentOfCopy() {
    const std::string copy = directory_.path() + "/copy.db";
    for (const char* end : {"", "-wal"}) {
      std::filesystem::copy_file(path_ + end, copy + end,
                                 std::filesystem::copy_options::overwrite_existing);
    }
    std::filesystem::remove(copy + "-shm");
    return Content(copy);
  }

  TempDirectory directory_;
  const std::string path_ = directory_.path() + "/t.db";
};

std::string SomeChange(std::mt19937& random) {
  const std::string id = std::to_string(random() % 400);
  switch (random() % 4) {
    case 0:
      return "DELETE FROM t WHERE id = " + id + "; ";
    case 1:
      return "UPDATE t SET text = text || 'u' WHERE id % 7 = " + id + " % 7; ";
    default:
      return "INSERT OR REPLACE INTO t VALUES (" + id + ", hex(zeroblob(" +
             std::to_string(random() % 3'000) + "))); ";
  }
}

TEST_F(WalGatheringTest, EveryCommitIsWholeForReadersAndAfterAKill) {
  for (const bool syncs : {false, true}) {
    std::mt19937 random(syncs);
    const auto db = Open(syncs);
    const std::string plain = directory_.path() + "/plain" + std::to_string(syncs) + ".db";
    std::ofstream(plain).close();
    RunRawSql(plain, "CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT");
    ASSERT_TRUE(db->Execute("DELETE FROM t").ok());
    for (int transaction = 0; transaction < 60; ++transaction) {
      std::string script = "BEGIN IMMEDIATE; ";
      for (uint32_t n = random() % 40; n > 0; --n) script += SomeChange(random);
      if (random() % 3 == 0) {
        script += "SAVEPOINT s; " + SomeChange(random) + SomeChange(random) + "ROLLBACK TO s; ";
      }
      script += random() % 5 == 0 ? "ROLLBACK" : "COMMIT";
      ASSERT_TRUE(db->Execute(script).ok());
      RunRawSql(plain, script);
      const std::string expected = Content(plain);
      // Not ASSERT_EQ, which would print them.
      ASSERT_TRUE(Content(path_) == expected) << "transaction " << transaction;
      ASSERT_TRUE(ContentOfCopy() == expected) << "transaction " << transaction;
      const uint32_t upkeep = random() % 10;
      ASSERT_TRUE(upkeep != 0 || db->TruncateWal().ok());
      ASSERT_TRUE(upkeep != 1 || db->WriteBack().ok());
    }
  }
}

TEST_F(WalGatheringTest, ACommitOfManyPagesTakesFewCalls) {
  const auto db = Open(false);
  ASSERT_TRUE(db->Execute("PRAGMA cache_size=-4096").ok());
  const uint64_t before = db->wal_writes();
  EXPECT_EQ(db->Execute("BEGIN; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                        "WHERE i < 1000) INSERT INTO t SELECT i, hex(zeroblob(1000)) FROM n; "
                        "COMMIT"),
            absl::OkStatus());
  // More than 500 pages, 29 at once.
  EXPECT_LT(db->wal_writes() - before, 30u);
  EXPECT_EQ(ReadRawSql(path_, "SELECT COUNT(*) FROM t"), "1000");
}

TEST_F(WalGatheringTest, AStatementThatOutlivesItsConnectionIsNoHarm) {
  auto db = Open(false);
  Statement statement = db->Prepare("SELECT COUNT(*) FROM t").value();
  ASSERT_TRUE(db->Execute("INSERT INTO t VALUES (1, 'a')").ok());
  db.reset();
  statement = Statement();
  EXPECT_EQ(Content(path_), "ok\n1|a\n");
}

}  // namespace
}  // namespace clv::storage
