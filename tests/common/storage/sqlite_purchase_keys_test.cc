// The index of purchases, against a plain multiset; and its filter.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "common/storage/sqlite/key_filter.h"
#include "common/storage/sqlite/purchase_keys.h"
#include "tests/common/storage/raw_sqlite.h"
#include "tests/common/storage/temp_directory.h"

namespace clv::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

using KeyModel = std::multiset<KeyPlace>;

constexpr uint64_t kLastHash = (uint64_t{1} << 40) - 1;

// The keys of a new store.
struct KeyStore {
  TempDirectory directory;
  const std::string path = directory.path() + "/clv.db";
  std::unique_ptr<Database> db;
  std::unique_ptr<PurchaseKeys> keys;

  KeyStore() { Open(); }

  void Open() {
    keys.reset();
    db = Database::Open({.path = path,
                         .mode = Database::Mode::kReadWrite,
                         .migrations = &ClvMigrations(),
                         .syncs_commits = false})
             .value();
    keys = PurchaseKeys::Prepare(*db).value();
  }
  // Flushes in a transaction of its own.
  absl::Status Flush() {
    absl::Status status = db->Execute("BEGIN");
    if (status.ok()) status = keys->Flush();
    if (status.ok()) return db->Execute("COMMIT");
    EXPECT_TRUE(db->Execute("ROLLBACK").ok());
    keys->Forget();
    return status;
  }
  bool MayContain(uint64_t hash) { return keys->MayContain({hash}).value().front(); }
  std::string Dump(const std::string& sql) { return DumpRawSql(path, sql); }
};

// How many runs lie in each class of eight times as many keys.
std::map<int, int> RunsOfClasses(KeyStore& store) {
  std::map<int, int> runs;
  auto counts = store.db->Prepare("SELECT key_count FROM purchase_key_runs").value();
  while (counts.Step().value()) {
    int size_class = 0;
    for (int64_t keys = counts.Int(0); keys >= 8; keys /= 8) ++size_class;
    ++runs[size_class];
  }
  return runs;
}

// 0 .. n - 1, each as often: inRange alone keeps to the first at small sizes.
int KeysBelow(int n) { return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, n)); }

// Random work in one transaction, some of it flushed before the end.
void ChangeSome(KeyStore& store, KeyModel& model) {
  const std::vector<uint64_t> hashes = {0, 1, 2, 1000, 1'000'000'007, kLastHash - 1, kLastHash};
  const int steps = *rc::gen::inRange(0, 12);
  for (int i = 0; i < steps; ++i) {
    switch (KeysBelow(6)) {
      case 0:
        RC_ASSERT(store.keys->Flush().ok());
        break;
      case 1:
      case 2: {
        if (model.empty()) break;
        const auto gone = std::next(model.begin(), KeysBelow(static_cast<int>(model.size())));
        store.keys->Remove(gone->hash, gone->page_id);
        model.erase(gone);
        break;
      }
      default: {
        const KeyPlace key{
            .hash = *rc::gen::elementOf(hashes),
            .page_id = *rc::gen::elementOf(std::vector<int64_t>{1, 2, 127, 128, INT64_MAX})};
        store.keys->Add(key.hash, key.page_id);
        model.insert(key);
      }
    }
  }
}

void CheckAgainst(KeyStore& store, const KeyModel& model) {
  RC_ASSERT(store.keys->All().value() == std::vector<KeyPlace>(model.begin(), model.end()));
  std::map<uint64_t, std::multiset<int64_t>> pages;
  pages[77];
  for (const KeyPlace& key : model) pages[key.hash].insert(key.page_id);
  std::vector<uint64_t> hashes;
  for (const auto& [hash, expected] : pages) {
    hashes.push_back(hash);
    const std::vector<int64_t> found = store.keys->FindPages(hash).value();
    RC_ASSERT(std::multiset<int64_t>(found.begin(), found.end()) == expected);
  }
  const std::vector<bool> answers = store.keys->MayContain(hashes).value();
  for (size_t i = 0; i < hashes.size(); ++i) RC_ASSERT(answers[i] || pages.at(hashes[i]).empty());
}

RC_GTEST_PROP(SqlitePurchaseKeysProperty, HoldWhatWasAddedAndRemovedAndCommitted, ()) {
  KeyStore store;
  KeyModel model;
  const int transactions = *rc::gen::inRange(0, 30);
  for (int i = 0; i < transactions; ++i) {
    KeyModel changed = model;
    RC_ASSERT(store.db->Execute("BEGIN").ok());
    ChangeSome(store, changed);
    const int end = KeysBelow(4);
    if (end == 0) {
      RC_ASSERT(store.db->Execute("ROLLBACK").ok());
      store.keys->Forget();
    } else {
      RC_ASSERT(store.keys->Flush().ok());
      CheckAgainst(store, changed);
      RC_ASSERT(store.db->Execute("COMMIT").ok());
      model = changed;
    }
    if (end == 1) store.Open();
    CheckAgainst(store, model);
  }
}

TEST(SqlitePurchaseKeysTest, ManySmallFlushesLeaveFewRunsWhoseIdsAreReused) {
  KeyStore store;
  KeyModel model;
  std::mt19937_64 random(1);
  int64_t most_runs = 0;
  for (int i = 0; i < 700; ++i) {
    for (uint64_t n = random() % 3; n < 3; ++n) {
      const KeyPlace key{.hash = random() & kLastHash, .page_id = 1 + i};
      store.keys->Add(key.hash, key.page_id);
      model.insert(key);
    }
    ASSERT_TRUE(store.Flush().ok());
    int64_t runs_in_all = 0;
    for (const auto& [size_class, runs] : RunsOfClasses(store)) {
      ASSERT_LT(runs, 8) << "class " << size_class << " after flush " << i;
      runs_in_all += runs;
    }
    most_runs = std::max(most_runs, runs_in_all);
  }
  EXPECT_GT(most_runs, 7);
  EXPECT_EQ(*store.keys->All(), std::vector<KeyPlace>(model.begin(), model.end()));
  // The counts are true, and no block lies outside of a run.
  EXPECT_EQ(store.Dump("SELECT SUM(key_count) FROM purchase_key_runs"),
            std::to_string(model.size()) + "\n");
  EXPECT_EQ(store.Dump("SELECT COUNT(*) FROM purchase_key_blocks WHERE block_id >> 40 NOT IN "
                       "(SELECT run_id FROM purchase_key_runs)"),
            "0\n");
  // One more while a run is written that replaces eight.
  EXPECT_LE(std::stoll(ReadRawSql(store.path, "SELECT MAX(run_id) FROM purchase_key_runs")),
            most_runs + 2);
  for (const KeyPlace& key : model) {
    EXPECT_THAT(*store.keys->FindPages(key.hash), ::testing::Contains(key.page_id));
    EXPECT_TRUE(store.MayContain(key.hash));
  }
}

TEST(SqlitePurchaseKeysTest, RunsThatLoseAllTheirEntriesAreGone) {
  KeyStore store;
  for (int64_t page = 1; page <= 5; ++page) {
    store.keys->Add(static_cast<uint64_t>(page), page);
    ASSERT_TRUE(store.Flush().ok());
  }
  for (int64_t page = 1; page <= 5; ++page) store.keys->Remove(static_cast<uint64_t>(page), page);
  ASSERT_TRUE(store.Flush().ok());
  EXPECT_THAT(*store.keys->All(), IsEmpty());
  EXPECT_EQ(store.Dump("SELECT * FROM purchase_key_runs"), "");
  EXPECT_EQ(store.Dump("SELECT * FROM purchase_key_blocks"), "");
  store.keys->Add(9, 9);
  ASSERT_TRUE(store.Flush().ok());
  EXPECT_EQ(store.Dump("SELECT run_id FROM purchase_key_runs"), "1\n");
}

TEST(SqlitePurchaseKeysTest, MoreEntriesOfOneHashThanABlockHoldsAreFoundTogether) {
  KeyStore store;
  KeyModel model;
  constexpr uint64_t kHash = 5'000;
  for (int64_t page = 1; page <= 1'500; ++page) {
    model.insert({kHash, page});
    model.insert({kHash - static_cast<uint64_t>(page), page});
    model.insert({kHash + static_cast<uint64_t>(page), page});
  }
  for (const KeyPlace& key : model) store.keys->Add(key.hash, key.page_id);
  ASSERT_TRUE(store.Flush().ok());
  // More of the same in runs that are merged with the first: eight runs of the same class.
  for (int64_t run = 1; run <= 7; ++run) {
    for (int64_t page = 1; page <= 4'200; ++page) {
      store.keys->Add(kHash, run * 10'000 + page);
      model.insert({kHash, run * 10'000 + page});
    }
    ASSERT_TRUE(store.Flush().ok());
  }
  EXPECT_EQ(store.Dump("SELECT COUNT(*) FROM purchase_key_runs"), "1\n");
  EXPECT_THAT(*store.keys->FindPages(kHash), SizeIs(1'500 + 7 * 4'200));
  EXPECT_THAT(*store.keys->FindPages(kHash - 1), ElementsAre(1));
  EXPECT_THAT(*store.keys->FindPages(kHash + 1), ElementsAre(1));
  EXPECT_THAT(*store.keys->FindPages(kHash + 1'501), IsEmpty());
  EXPECT_EQ(*store.keys->All(), std::vector<KeyPlace>(model.begin(), model.end()));
  store.keys->Remove(kHash, 1'500);
  ASSERT_TRUE(store.Flush().ok());
  EXPECT_THAT(*store.keys->FindPages(kHash), SizeIs(1'499 + 7 * 4'200));
}

TEST(SqlitePurchaseKeysTest, EqualEntriesCountEach) {
  KeyStore store;
  for (int i = 0; i < 3; ++i) {
    store.keys->Add(7, 1);
    store.keys->Add(7, 2);
    ASSERT_TRUE(store.Flush().ok());
  }
  EXPECT_THAT(*store.keys->FindPages(7), UnorderedElementsAre(1, 1, 1, 2, 2, 2));
  store.keys->Remove(7, 1);
  store.keys->Remove(7, 1);
  ASSERT_TRUE(store.Flush().ok());
  EXPECT_THAT(*store.keys->FindPages(7), UnorderedElementsAre(1, 2, 2, 2));
}

TEST(SqlitePurchaseKeysTest, WhatIsAddedAndRemovedBeforeAFlushCancelsOut) {
  KeyStore store;
  store.keys->Remove(7, 1);
  store.keys->Add(7, 1);
  store.keys->Add(7, 2);
  store.keys->Add(7, 2);
  store.keys->Remove(7, 2);
  ASSERT_TRUE(store.Flush().ok());
  EXPECT_THAT(*store.keys->FindPages(7), ElementsAre(2));
}

TEST(SqlitePurchaseKeysTest, AnEntryToRemoveThatIsMissingIsDataLoss) {
  KeyStore store;
  store.keys->Add(7, 1);
  ASSERT_TRUE(store.Flush().ok());
  for (const KeyPlace& missing : {KeyPlace{7, 2}, KeyPlace{6, 1}, KeyPlace{8, 1}}) {
    store.keys->Remove(missing.hash, missing.page_id);
    EXPECT_TRUE(absl::IsDataLoss(store.Flush()));
  }
  EXPECT_THAT(*store.keys->All(), ElementsAre(KeyPlace{7, 1}));
}

TEST(SqlitePurchaseKeysTest, TheFilterKnowsWhatIsFlushedAndNotWhatIsAdded) {
  KeyStore store;
  EXPECT_FALSE(store.MayContain(7));
  store.keys->Add(7, 1);
  EXPECT_FALSE(store.MayContain(7));
  ASSERT_TRUE(store.Flush().ok());
  EXPECT_TRUE(store.MayContain(7));
  EXPECT_FALSE(store.MayContain(8));
}

TEST(SqlitePurchaseKeysTest, TheFilterGrowsWithTheKeys) {
  KeyStore store;
  std::mt19937_64 random(2);
  std::vector<uint64_t> stored;
  // Loaded for few keys.
  EXPECT_FALSE(store.MayContain(7));
  for (int flush = 0; flush < 4; ++flush) {
    for (int i = 0; i < 100'000; ++i) {
      stored.push_back(random() & kLastHash);
      store.keys->Add(stored.back(), 1 + i);
    }
    ASSERT_TRUE(store.Flush().ok());
    const std::vector<bool> answers = store.keys->MayContain(stored).value();
    ASSERT_EQ(std::count(answers.begin(), answers.end(), false), 0) << "after flush " << flush;
  }
  std::vector<uint64_t> others(100'000);
  for (uint64_t& hash : others) hash = random() & kLastHash;
  const std::vector<bool> answers = store.keys->MayContain(others).value();
  EXPECT_LT(std::count(answers.begin(), answers.end(), true), 2'000);
}

TEST(SqlitePurchaseKeysTest, TheFilterIsTrueAgainAfterAnotherConnectionWrote) {
  KeyStore store;
  EXPECT_FALSE(store.MayContain(7));
  const auto db =
      Database::Open(
          {.path = store.path, .mode = Database::Mode::kReadWrite, .migrations = &ClvMigrations()})
          .value();
  const auto other = PurchaseKeys::Prepare(*db).value();
  other->Add(7, 1);
  ASSERT_TRUE(other->Flush().ok());
  store.keys->Forget();
  EXPECT_TRUE(store.MayContain(7));
  EXPECT_THAT(*store.keys->FindPages(7), ElementsAre(1));
}

TEST(SqlitePurchaseKeysTest, ADamagedBlockIsDataLossEverywhere) {
  for (const char* damage :
       {"x''", "x'00'", "x'80'", "substr(keys, 1, length(keys) - 1)", "CAST(keys || x'ff' AS BLOB)",
        "CAST(x'ffffffffffffffffffffffff' || keys AS BLOB)"}) {
    KeyStore store;
    for (uint64_t hash = 1; hash <= 100; ++hash) store.keys->Add(hash, 1'000);
    ASSERT_TRUE(store.Flush().ok());
    store.Dump("CREATE TABLE kept AS SELECT * FROM purchase_key_blocks");
    store.Dump(std::string("UPDATE purchase_key_blocks SET keys = ") + damage);
    EXPECT_TRUE(absl::IsDataLoss(store.keys->FindPages(7).status())) << damage;
    EXPECT_TRUE(absl::IsDataLoss(store.keys->All().status())) << damage;
    EXPECT_TRUE(absl::IsDataLoss(store.keys->MayContain({7}).status())) << damage;
    store.keys->Remove(7, 1'000);
    EXPECT_TRUE(absl::IsDataLoss(store.Flush())) << damage;
    // A filter of a part of the keys would say no to others.
    EXPECT_TRUE(absl::IsDataLoss(store.keys->MayContain({7}).status())) << damage;
    store.Dump("INSERT OR REPLACE INTO purchase_key_blocks SELECT * FROM kept");
    EXPECT_TRUE(store.MayContain(100)) << damage;
    EXPECT_THAT(*store.keys->FindPages(7), ElementsAre(1'000)) << damage;
  }
}

TEST(SqlitePurchaseKeysTest, AMergeOfADamagedRunIsDataLossAndChangesNothing) {
  KeyStore store;
  for (int64_t page = 1; page <= 7; ++page) {
    store.keys->Add(static_cast<uint64_t>(page), page);
    ASSERT_TRUE(store.Flush().ok());
  }
  store.Dump("UPDATE purchase_key_blocks SET keys = x'' WHERE block_id >> 40 = 3");
  store.keys->Add(8, 8);
  EXPECT_TRUE(absl::IsDataLoss(store.Flush()));
  EXPECT_EQ(store.Dump("SELECT COUNT(*) FROM purchase_key_runs"), "7\n");
}

TEST(KeyFilterTest, SaysYesToAllItHoldsAndToFewOthers) {
  for (const uint64_t capacity : {uint64_t{1}, uint64_t{1} << 16, uint64_t{1'000'000}}) {
    KeyFilter filter(capacity);
    ASSERT_GE(filter.capacity(), capacity);
    ASSERT_LE(filter.capacity(), std::max<uint64_t>(2 * capacity, 24 * 1'024));
    std::mt19937_64 random(capacity);
    std::vector<uint64_t> held(filter.capacity());
    for (uint64_t& hash : held) {
      hash = random() & kLastHash;
      filter.Add(hash);
    }
    EXPECT_TRUE(
        std::all_of(held.begin(), held.end(), [&](uint64_t h) { return filter.MayContain(h); }));
    int wrong = 0;
    for (int i = 0; i < 100'000; ++i) wrong += filter.MayContain(random() & kLastHash);
    EXPECT_LT(wrong, 2'000) << "capacity " << filter.capacity();
  }
}

TEST(KeyFilterTest, TakesTheFirstAndTheLastHash) {
  KeyFilter filter(1);
  EXPECT_FALSE(filter.MayContain(0));
  EXPECT_FALSE(filter.MayContain(kLastHash));
  filter.Add(0);
  filter.Add(kLastHash);
  EXPECT_TRUE(filter.MayContain(0));
  EXPECT_TRUE(filter.MayContain(kLastHash));
}

}  // namespace
}  // namespace clv::storage
