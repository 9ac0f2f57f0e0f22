#include "services/query/projection/snapshot_file.h"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>

#include "common/storage/sqlite/projection_source.h"
#include "gtest/gtest.h"
#include "services/query/projection/projection.h"
#include "services/query/projection/projection_builder.h"
#include "tests/services/query/projection/folded_store.h"

namespace clv::query {
namespace {

properties::Batch SomePurchases(int customers) {
  properties::Batch batch{"purchases", {}};
  for (int i = 0; i < customers * 3; ++i) {
    const std::string n = std::to_string(i);
    batch.values.push_back(R"({"purchase_id":"p)" + n + R"(","customer_id":"c)" +
                           std::to_string(i % customers) + R"(","purchase_amount":")" + n +
                           R"(.5","purchase_date":"2023-03-0)" + std::to_string(1 + i % 9) +
                           R"(","product_category":"k)" + std::to_string(i % 4) + "\"}");
  }
  return batch;
}

std::string ContentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class SnapshotFileTest : public ::testing::Test {
 protected:
  SnapshotFileTest() { store_.Fold(SomePurchases(600), properties::kNow); }

  std::unique_ptr<storage::ProjectionReading> Reading() { return source_.Read().value(); }
  std::shared_ptr<const ProjectionVersion> Build() { return builder_.Advance(*Reading()).value(); }
  void Damage(size_t at) {
    std::string content = ContentOf(path_);
    content[at] = static_cast<char>(content[at] ^ 0x10);
    std::ofstream(path_, std::ios::binary) << content;
  }

  FoldedStore store_;
  storage::SqliteProjectionSource source_{store_.path()};
  ProjectionBuilder builder_;
  const std::string path_ = store_.path() + "-snapshot";
};

TEST_F(SnapshotFileTest, GivesBackWhatWasWritten) {
  const auto version = Build();
  ASSERT_TRUE(WriteSnapshot(*version, path_).ok());
  const ProjectionBase base = ReadSnapshot(path_).value();
  EXPECT_EQ(base.version->customers, 600u);
  EXPECT_EQ(base.version->last_change, version->last_change);
  EXPECT_EQ(base.version->Find("c17"), version->Find("c17"));
  EXPECT_EQ(base.version->population->by_spend.size(), 600u);
  // Written again it is the same, byte by byte.
  ASSERT_TRUE(WriteSnapshot(*base.version, path_ + "-again").ok());
  EXPECT_EQ(ContentOf(path_ + "-again"), ContentOf(path_));
}

TEST_F(SnapshotFileTest, GivesBackValuesThatNarrowColumnsDoNotHoldAndRareFacts) {
  const properties::Batch imports{
      "customer_clv",
      {R"({"customer_id":"c7","total_spend":"40.5","purchase_count":3,)"
       R"("first_purchase_date":"2022-01-02","last_purchase_date":"2022-05-06",)"
       R"("updated_at":"2023-03-01"})"}};
  store_.Fold(imports, properties::kNow);
  properties::Batch batch{"purchases", {}};
  const auto add = [&](const std::string& id, const std::string& order, const std::string& amount) {
    batch.values.push_back(R"({"purchase_id":")" + id + R"(","customer_id":"c7","order_id":")" +
                           order + R"(","purchase_amount":")" + amount +
                           R"(","purchase_date":"2023-04-01"})");
  };
  add("x1", "o1", "0.000001");
  add("x2", "o1", "30000000");
  add("x3", "o1", "-2.5");
  store_.Fold(batch, properties::kNow);
  const auto version = Build();
  ASSERT_TRUE(WriteSnapshot(*version, path_).ok());
  const ProjectionBase base = ReadSnapshot(path_).value();
  const uint32_t number = version->Find("c7").value();
  const size_t i = number % kChunkCustomers;
  const CustomerChunk& was = version->ChunkOf(number);
  const CustomerChunk& is = base.version->ChunkOf(number);
  EXPECT_TRUE(is.state.spend_micros.is_wide());
  EXPECT_EQ(is.state.spend_micros[i], was.state.spend_micros[i]);
  EXPECT_EQ(is.state.spend_micros[i] % 10'000, 1);
  EXPECT_EQ(is.state.refunded_micros[i], 2'500'000);
  EXPECT_EQ(is.rare.Of(i).rows.size(), 3u);
  ASSERT_TRUE(is.rare.Of(i).imported.has_value());
  EXPECT_EQ(is.rare.Of(i).imported->purchase_count, 3);
  EXPECT_EQ(is.rare.Of(i), was.rare.Of(i));
  const size_t block = i / kBlockCustomers;
  EXPECT_EQ(is.orders[block]->OrdersOf(i % kBlockCustomers),
            was.orders[block]->OrdersOf(i % kBlockCustomers));
  ASSERT_TRUE(WriteSnapshot(*base.version, path_ + "-again").ok());
  EXPECT_EQ(ContentOf(path_ + "-again"), ContentOf(path_));
}

TEST_F(SnapshotFileTest, IsWrittenAgainWhereOnlyTheScoringHasChanged) {
  const auto follow = [&] {
    Projection projection(std::make_unique<storage::SqliteProjectionSource>(store_.path()),
                          std::make_unique<storage::SqliteChangeWatch>(store_.path(), nullptr),
                          {.snapshot_path = path_, .least_customers_in_snapshot = 1});
    ASSERT_TRUE(projection.Newest(Projection::Deadline::max()).ok());
  };
  follow();
  EXPECT_EQ(ReadSnapshot(path_).value().version->scoring, std::nullopt);
  store_.PutScoring(3, 19'500);
  follow();
  EXPECT_EQ(ReadSnapshot(path_).value().version->scoring, (storage::ScoringState{3, 19'500}));
}

TEST_F(SnapshotFileTest, HoldsAtTheEndWhatWasFoldedJustBefore) {
  // The watch is told nothing and looks every 20 ms.
  const Broadcast silent;
  {
    Projection projection(std::make_unique<storage::SqliteProjectionSource>(store_.path()),
                          std::make_unique<storage::SqliteChangeWatch>(store_.path(), &silent),
                          {.snapshot_path = path_, .least_customers_in_snapshot = 1});
    ASSERT_TRUE(projection.Newest(Projection::Deadline::max()).ok());
    store_.Fold(SomePurchases(650), properties::kNow + 1);
  }
  EXPECT_EQ(ReadSnapshot(path_).value().version->customers, 650u);
}

TEST_F(SnapshotFileTest, IsNotFoundWhereThereIsNone) {
  EXPECT_TRUE(absl::IsNotFound(ReadSnapshot(path_).status()));
}

TEST_F(SnapshotFileTest, IsRefusedWhereverItIsDamaged) {
  ASSERT_TRUE(WriteSnapshot(*Build(), path_).ok());
  const std::string whole = ContentOf(path_);
  for (size_t at = 0; at < whole.size(); at += 1 + whole.size() / 300) {
    Damage(at);
    EXPECT_TRUE(absl::IsDataLoss(ReadSnapshot(path_).status())) << "byte " << at;
    Damage(at);
  }
  EXPECT_TRUE(ReadSnapshot(path_).ok());
}

TEST_F(SnapshotFileTest, IsRefusedWhereItIsCutOff) {
  ASSERT_TRUE(WriteSnapshot(*Build(), path_).ok());
  const size_t size = ContentOf(path_).size();
  for (const size_t left : {size - 1, size / 2, size_t{100}, size_t{7}, size_t{0}}) {
    ASSERT_EQ(::truncate(path_.c_str(), static_cast<off_t>(left)), 0);
    EXPECT_TRUE(absl::IsDataLoss(ReadSnapshot(path_).status())) << left << " bytes";
  }
}

TEST_F(SnapshotFileTest, IsAdoptedByAnEarlierStateOfTheSameStoreOnly) {
  ASSERT_TRUE(WriteSnapshot(*Build(), path_).ok());
  store_.Fold(SomePurchases(601), properties::kNow + 1);
  ProjectionBuilder later;
  EXPECT_TRUE(later.Adopt(ReadSnapshot(path_).value(), *Reading()));
  EXPECT_EQ(later.Advance(*Reading()).value()->customers, 601u);
  EXPECT_EQ(later.loads(), 0u);

  FoldedStore other;
  other.Fold(SomePurchases(700), properties::kNow);
  storage::SqliteProjectionSource other_source(other.path());
  const auto other_reading = other_source.Read().value();
  ProjectionBuilder builder;
  EXPECT_FALSE(builder.Adopt(ReadSnapshot(path_).value(), *other_reading));
}

TEST_F(SnapshotFileTest, IsNotAdoptedWhereItIsAheadOfTheStore) {
  storage::SqliteProjectionSource earlier(store_.path());
  const auto before = earlier.Read().value();
  store_.Fold(SomePurchases(601), properties::kNow + 1);
  ASSERT_TRUE(WriteSnapshot(*Build(), path_).ok());
  ProjectionBuilder builder;
  EXPECT_FALSE(builder.Adopt(ReadSnapshot(path_).value(), *before));
}

}  // namespace
}  // namespace clv::query
