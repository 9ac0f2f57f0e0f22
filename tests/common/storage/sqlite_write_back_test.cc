// Who writes the write-ahead file of clv.db back, and when.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "common/storage/sqlite/clv_store.h"
#include "common/storage/sqlite/db.h"
#include "common/storage/sqlite/migrations/migrations.h"
#include "gtest/gtest.h"
#include "tests/common/storage/temp_directory.h"

namespace clv::storage {
namespace {

constexpr int kLongWalPages = 64;
constexpr int kLongWalBytes = kLongWalPages * 4'096;

class SqliteWriteBackTest : public ::testing::Test {
 protected:
  SqliteWriteBackTest() {
    Fold();
    // The first time empties the file.
    EXPECT_TRUE(store_->MakeDurable().ok());
  }

  void Fold() {
    auto fold = store_->Begin().value();
    for (int i = 0; i < 100; ++i) {
      const std::string id =
          "c" + std::to_string((position_ * 37 + static_cast<uint64_t>(i) * 11) % 5'000);
      ASSERT_TRUE(fold->PutCustomer({.customer_id = id, .name = std::string(200, 'n')}).ok());
      ASSERT_TRUE(fold->PutValue({.customer_id = id}).ok());
    }
    ASSERT_TRUE(fold->Commit(++position_).ok());
  }
  int64_t WalBytes() const { return static_cast<int64_t>(SizeOfDatabase(path_).wal_bytes); }
  // Frames of the write-ahead file that are back in the database, and all: `nBackfill` and
  // `mxFrame` of the wal-index (https://sqlite.org/walformat.html#the_wal_index_header).
  uint32_t WrittenBackPages() const { return NumberOfIndex(96); }
  uint32_t WalPages() const { return NumberOfIndex(16); }
  uint32_t NumberOfIndex(int place) const {
    std::ifstream index(path_ + "-shm", std::ios::binary);
    index.seekg(place);
    uint32_t number = 0;
    index.read(reinterpret_cast<char*>(&number), sizeof(number));
    return number;
  }

  TempDirectory directory_;
  const std::string path_ = directory_.path() + "/clv.db";
  const std::unique_ptr<SqliteClvStore> store_ =
      SqliteClvStore::Open({.path = path_, .wal_pages_at_sync = 4, .long_wal_pages = kLongWalPages})
          .value();
  LogPosition position_ = 0;
};

TEST_F(SqliteWriteBackTest, MuchThatIsNotWrittenBackMustBeMadeDurableSoon) {
  EXPECT_FALSE(store_->MustBeMadeDurableSoon());
  for (int n = 0; n < 100 && WalBytes() <= kLongWalBytes / 2; ++n) {
    EXPECT_FALSE(store_->MustBeMadeDurableSoon());
    Fold();
  }
  Fold();
  EXPECT_TRUE(store_->MustBeMadeDurableSoon());
  const uint64_t bytes_before = SizeOfDatabase(path_).database_bytes;
  ASSERT_TRUE(store_->MakeDurable().ok());
  EXPECT_FALSE(store_->MustBeMadeDurableSoon());
  EXPECT_GT(SizeOfDatabase(path_).database_bytes, bytes_before);
}

TEST_F(SqliteWriteBackTest, AFoldLeavesAFileThatWasBegunAnewToMakeDurable) {
  while (!store_->MustBeMadeDurableSoon()) Fold();
  ASSERT_TRUE(store_->MakeDurable().ok());
  // All is written back, or little left, which a fold does; what is committed next begins the file
  // anew.
  for (int n = 0; n < 10 && WrittenBackPages() > 0; ++n) Fold();
  ASSERT_EQ(WrittenBackPages(), 0u);
  while (!store_->MustBeMadeDurableSoon()) Fold();
  EXPECT_EQ(WrittenBackPages(), 0u);
}

TEST_F(SqliteWriteBackTest, AFoldThatFindsAVeryLongFileWritesItBackItself) {
  for (int n = 0; n < 1'000 && WalPages() <= 2 * kLongWalPages; ++n) Fold();
  EXPECT_EQ(WrittenBackPages(), WalPages());
  const uint32_t before = WalPages();
  Fold();
  EXPECT_LT(WalPages(), before);
}

TEST_F(SqliteWriteBackTest, WhoBeginsTheFileAnewWaitsForReadersOfAMoment) {
  const auto open = [this](Database::Mode mode) {
    return Database::Open({.path = path_, .mode = mode, .migrations = &ClvMigrations()}).value();
  };
  const std::unique_ptr<Database> writer = open(Database::Mode::kReadWrite);
  const std::unique_ptr<Database> reader = open(Database::Mode::kReadOnly);
  bool has_waited = false;
  // On a busy machine a moment may last for longer than it waits.
  for (int tries = 0; tries < 50 && !has_waited; ++tries) {
    Fold();
    ASSERT_TRUE(reader->Execute("BEGIN; SELECT COUNT(*) FROM checkpoint").ok());
    std::thread moment([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      EXPECT_TRUE(reader->Execute("COMMIT").ok());
    });
    const absl::StatusOr<bool> begins_anew = writer->TryRestartWal();
    moment.join();
    ASSERT_TRUE(begins_anew.ok()) << begins_anew.status();
    has_waited = *begins_anew;
  }
  EXPECT_TRUE(has_waited);
}

TEST_F(SqliteWriteBackTest, WhileAReaderIsInTheWayTheFileGrowsAndAfterwardsItIsBegunAnew) {
  uint32_t longest = 0;
  const auto reader = Database::Open({.path = path_, .migrations = &ClvMigrations()}).value();
  {
    const auto reading = Transaction::Begin(*reader, Transaction::Kind::kDeferred).value();
    ASSERT_TRUE(reader->Execute("SELECT * FROM checkpoint").ok());
    for (int n = 0; n < 1'000 && WalPages() <= 5 * kLongWalPages; ++n) Fold();
    EXPECT_GT(WalPages(), static_cast<uint32_t>(5 * kLongWalPages));
    EXPECT_LT(WrittenBackPages(), WalPages());
  }
  // From then on it is written back when it is long, as before.
  for (int n = 0; n < 30; ++n) {
    Fold();
    longest = std::max(longest, n < 10 ? 0u : WalPages());
  }
  EXPECT_LE(longest, static_cast<uint32_t>(4 * kLongWalPages));
}

}  // namespace
}  // namespace clv::storage
