// How a projection follows its store, and what it waits for.

#include "services/query/projection/projection.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "common/storage/sqlite/projection_source.h"
#include "gtest/gtest.h"
#include "services/aggregation/recompute.h"
#include "tests/services/query/projection/folded_store.h"

namespace clv::query {
namespace {

constexpr auto kForever = Projection::Deadline::max();

// Waits for what happens by itself, a minute at most; returns whether it did.
bool Eventually(const std::function<bool()>& has_happened) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!has_happened()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

void FoldCustomer(const std::string& id, FoldedStore* store) {
  store->Fold(aggregation::LoggedRows{.customers = {{.customer_id = id, .created_at = 1}}});
}

// Says that nothing has happened for as long as it is told to, but for what is announced.
class FrozenWatch final : public storage::ChangeWatch {
 public:
  FrozenWatch(const std::string& path, const std::atomic<bool>* is_frozen)
      : watch_(path, nullptr), is_frozen_(*is_frozen) {}

  absl::StatusOr<int64_t> Version() override { return watch_.Version(); }
  absl::StatusOr<storage::AnnouncedState> Announced() override { return watch_.Announced(); }
  void WaitBeyond(int64_t seen, std::chrono::milliseconds timeout) override {
    // Of the follower alone.
    while (is_frozen_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    watch_.WaitBeyond(seen, timeout);
  }

 private:
  storage::SqliteChangeWatch watch_;
  const std::atomic<bool>& is_frozen_;
};

TEST(ProjectionTest, WaitsForWhatIsAnnouncedOnly) {
  FoldedStore store;
  const auto fold = [&](const std::string& id) { FoldCustomer(id, &store); };
  fold("a");
  std::atomic<bool> is_frozen = true;
  Projection projection(std::make_unique<storage::SqliteProjectionSource>(store.path()),
                        std::make_unique<FrozenWatch>(store.path(), &is_frozen));
  const auto customers = [&] { return projection.Newest(kForever).value()->customers; };
  EXPECT_EQ(customers(), 1u);
  store.LeaveUnannounced(2);
  fold("b");
  fold("c");
  EXPECT_EQ(customers(), 1u) << "whoever folded b has not been told of it";
  fold("d");
  EXPECT_EQ(customers(), 4u) << "b is announced, and who applies takes all there is";
  fold("e");
  fold("f");
  EXPECT_EQ(customers(), 4u);
  EXPECT_EQ(projection.WithAllCommitted(kForever).value()->customers, 6u);
  fold("g");
  EXPECT_EQ(customers(), 6u);
  store.Announce();
  EXPECT_EQ(customers(), 7u);
  fold("h");
  store.PutScoring(1, 1);
  EXPECT_EQ(customers(), 8u) << "a scoring is no fold: whoever waited for it is told at once";
  fold("i");
  EXPECT_EQ(customers(), 8u);
  is_frozen = false;
  EXPECT_TRUE(Eventually([&] { return customers() == 9; })) << "it follows by itself";
}

TEST(ProjectionTest, ShowsHowFarItIsWhileSomebodyAsks) {
  FoldedStore store;
  TempDirectory directory;
  const std::string path = directory.path() + "/position";
  ShownNumberReader shown(path);
  FoldCustomer("a", &store);
  Projection projection(std::make_unique<storage::SqliteProjectionSource>(store.path()),
                        std::make_unique<storage::SqliteChangeWatch>(store.path(), nullptr),
                        Projection::Options{.position_path = path});
  ASSERT_TRUE(projection.Newest(kForever).ok());
  const auto await = [&](uint64_t position) {
    EXPECT_TRUE(Eventually([&] { return shown.Read() == position; })) << shown.Read().value_or(0);
  };
  await(1);
  FoldCustomer("b", &store);
  ASSERT_TRUE(projection.Newest(kForever).ok());
  await(2);
  await(UINT64_MAX);  // nobody has asked for a while
}

TEST(ProjectionTest, LeavesALoadToWhoAsksUntilItIsOver) {
  using std::chrono::steady_clock;
  // More than one customer is not named: a load.
  FoldedStore store(storage::ChangeLimits{.most_named = 1});
  int next = 0;
  const auto fold = [&](int customers) {
    aggregation::LoggedRows rows;
    for (int i = 0; i < customers; ++i) {
      rows.customers.push_back({.customer_id = "c" + std::to_string(next++), .created_at = 1});
    }
    store.Fold(std::move(rows));
  };
  fold(1);
  Projection projection(std::make_unique<storage::SqliteProjectionSource>(store.path()),
                        std::make_unique<storage::SqliteChangeWatch>(store.path(), nullptr));
  const auto await = [&](uint32_t customers) {
    ASSERT_TRUE(Eventually([&] { return projection.Size().customers == customers; }))
        << projection.Size().customers;
  };
  await(1);
  fold(1);
  await(2);
  const auto begin = steady_clock::now();
  fold(5);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const uint32_t meanwhile = projection.Size().customers;
  // Where the test itself was not held up for so long that it took the load for over.
  const bool is_in_time = steady_clock::now() - begin < std::chrono::seconds(1);
  EXPECT_EQ(meanwhile, is_in_time ? 2u : meanwhile);
  EXPECT_EQ(projection.Newest(kForever).value()->customers, 7u);
  fold(5);
  await(12);
}

TEST(ProjectionTest, TellsWhenAVersionIsMadeFromNothingAfterAnErasure) {
  FoldedStore store;
  const auto fold = [&](const std::string& id) { FoldCustomer(id, &store); };
  fold("a");
  fold("b");
  Projection projection(std::make_unique<storage::SqliteProjectionSource>(store.path()),
                        std::make_unique<storage::SqliteChangeWatch>(store.path(), nullptr));
  const auto newest = [&] { return projection.Newest(kForever).value(); };
  EXPECT_EQ(newest()->customers, 2u);
  std::atomic<uint64_t> loaded{0};
  projection.OnLoad([&](uint64_t serial) { loaded = serial; });
  fold("c");
  EXPECT_EQ(newest()->customers, 3u);
  EXPECT_EQ(loaded, 0u);
  store.Fold(wire::CustomerErasure{.customer_id = "b"});
  const auto version = newest();
  EXPECT_EQ(version->customers, 2u);
  EXPECT_TRUE(Eventually([&] { return loaded != 0; }));
  EXPECT_EQ(loaded, version->serial);
}

TEST(ProjectionTest, IsUnavailableWithoutAStoreAndThereOnceItIs) {
  TempDirectory directory;
  const std::string path = directory.path() + "/clv.db";
  Projection projection(std::make_unique<storage::SqliteProjectionSource>(path),
                        std::make_unique<storage::SqliteChangeWatch>(path, nullptr));
  EXPECT_TRUE(absl::IsUnavailable(projection.Newest(kForever).status()));
  ASSERT_TRUE(storage::SqliteClvStore::Open({.path = path}).ok());
  EXPECT_TRUE(absl::IsUnavailable(projection.Newest(kForever).status()))
      << "it has no reporting currency yet";
  {
    auto store = storage::SqliteClvStore::Open({.path = path}).value();
    ASSERT_TRUE(aggregation::AdoptReportingCurrency(*store, "USD").ok());
  }
  EXPECT_TRUE(projection.Newest(kForever).ok());
}

}  // namespace
}  // namespace clv::query
