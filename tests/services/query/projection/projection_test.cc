// How a projection follows its store, and what it waits for.

#include "services/query/projection/projection.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "common/base/byte_codec.h"
#include "common/storage/projected_customer_codec.h"
#include "common/storage/sqlite/customer_details.h"
#include "common/storage/sqlite/projection_source.h"
#include "common/wire/purchase_batch.h"
#include "gtest/gtest.h"
#include "services/aggregation/recompute.h"
#include "services/query/projection/projection_reports.h"
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

// A purchase on this day, which a fold tells of before it commits.
aggregation::LoggedRows PurchaseOf(const std::string& customer_id, int day) {
  const std::string id = "p" + std::to_string(day);
  return {.purchases = wire::BatchOf({{.purchase_id = id,
                                       .customer_id = customer_id,
                                       .order_id = id,
                                       .purchase_amount_micros = 1'000'000,
                                       .purchase_date = int64_t{86'400} * day,
                                       .currency = "USD",
                                       .created_at = 1}})};
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

// A projection that does not follow by itself, but is told of folds that are under way; folds are
// not announced.
class ForeseeingProjectionTest : public ::testing::Test {
 protected:
  ForeseeingProjectionTest() {
    store_.Fold(PurchaseOf("a", 1));
    store_.LeaveUnannounced(1'000);
  }
  ~ForeseeingProjectionTest() override { is_frozen_ = false; }

  std::shared_ptr<const ProjectionVersion> Newest() { return projection_.Newest(kForever).value(); }

  // As a fold would that goes on from this version and makes this customer; its end is not told.
  void TellOfCustomer(const std::string& id, const std::string& currency,
                      const ProjectionVersion& before) {
    storage::ProjectedCustomer customer;
    customer.value.customer_id = id;
    customer.value.summary.purchase_count = 1;
    customer.orders = {{.date = 86'400, .value_micros = 5, .qualifies = true}};
    ByteWriter packed;
    storage::PackCustomer(customer, &packed);
    storage::ComingChanges& coming = store_.coming();
    coming.Want();
    ASSERT_TRUE(coming.Begin({.change = before.last_change, .reporting_currency = currency}));
    coming.Tell({packed.Take()});
    coming.Complete({.folded_position = 99, .last_change = before.last_change + 1});
  }

  FoldedStore store_;
  std::atomic<bool> is_frozen_ = true;
  Projection projection_{std::make_unique<storage::SqliteProjectionSource>(store_.path()),
                         std::make_unique<FrozenWatch>(store_.path(), &is_frozen_),
                         Projection::Options{.coming = &store_.coming()}};
};

TEST_F(ForeseeingProjectionTest, MakesTheVersionOfAFoldThatIsUnderWay) {
  ASSERT_EQ(Newest()->population->orders, 1);
  store_.Fold(PurchaseOf("a", 2));
  EXPECT_TRUE(Eventually([&] { return Newest()->population->orders == 2; }));
  store_.Fold(PurchaseOf("b", 3));
  EXPECT_TRUE(Eventually([&] { return Newest()->population->orders == 3; }));
  const auto version = Newest();
  EXPECT_EQ(version->customers, 2u);
  EXPECT_EQ(version->folded_position, store_.position());
  EXPECT_EQ(version->horizon_seconds, 3 * 86'400);
  EXPECT_EQ(projection_.WithAllCommitted(kForever).value(), version) << "there is nothing to add";
}

TEST_F(ForeseeingProjectionTest, AnswersWithWhatIsCommittedMeanwhile) {
  ASSERT_EQ(Newest()->population->orders, 1);
  store_.Fold(PurchaseOf("a", 2), [&] {
    EXPECT_EQ(Newest()->population->orders, 1);
    return true;
  });
  EXPECT_TRUE(Eventually([&] { return Newest()->population->orders == 2; }));
}

TEST_F(ForeseeingProjectionTest, ForgetsAFoldThatDoesNotCommit) {
  const auto before = Newest();
  for (const char* id : {"a", "b", "c"}) {
    store_.Fold(PurchaseOf(id, 2), [&] {
      // For as long as it takes to foresee it.
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      return false;
    });
    EXPECT_EQ(Newest(), before);
  }
  EXPECT_EQ(projection_.WithAllCommitted(kForever).value(), before);
  store_.Fold(PurchaseOf("c", 2));
  const auto after = projection_.WithAllCommitted(kForever).value();
  EXPECT_EQ(after->customers, 2u);
  EXPECT_EQ(after->population->orders, 2);
  EXPECT_FALSE(after->Find("b").has_value());
  EXPECT_EQ(after->IdOf(*after->Find("c")), "c");
  store_.Fold(PurchaseOf("b", 4));
  EXPECT_TRUE(Eventually([&] { return Newest()->Find("b").has_value(); }));
}

// All is told, and then the commit fails.
TEST_F(ForeseeingProjectionTest, ForgetsAFoldWhoseCommitFails) {
  const auto before = Newest();
  for (int i = 0; i < 3; ++i) {
    TellOfCustomer("z", "USD", *before);
    // For as long as it takes to foresee it.
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(Newest(), before);
    store_.coming().End(false);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(Newest(), before);
    EXPECT_EQ(projection_.WithAllCommitted(kForever).value(), before);
  }
  store_.Fold(PurchaseOf("c", 2));
  const auto after = projection_.WithAllCommitted(kForever).value();
  EXPECT_FALSE(after->Find("z").has_value());
  EXPECT_EQ(after->customers, 2u);
  EXPECT_EQ(after->population->orders, 2);
}

TEST_F(ForeseeingProjectionTest, LeavesAFoldInAnotherCurrencyToTheStore) {
  const auto before = Newest();
  TellOfCustomer("z", "EUR", *before);
  store_.coming().End(true);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(Newest(), before);
  // In the same one it would have been taken.
  TellOfCustomer("z", "USD", *before);
  store_.coming().End(true);
  EXPECT_TRUE(Eventually([&] { return Newest()->Find("z").has_value(); }));
}

TEST_F(ForeseeingProjectionTest, LeavesWhatIsNotToldToWhoAsks) {
  ASSERT_EQ(Newest()->population->orders, 1);
  FoldCustomer("d", &store_);
  store_.Fold(PurchaseOf("a", 2));
  EXPECT_EQ(projection_.WithAllCommitted(kForever).value()->population->orders, 2);
  EXPECT_EQ(Newest()->customers, 2u);
}

TEST_F(ForeseeingProjectionTest, AFoldThatChangesNobodyLeavesTheVersion) {
  const auto before = Newest();
  store_.Fold(PurchaseOf("a", 1));
  EXPECT_EQ(Newest(), before);
  const auto after = projection_.WithAllCommitted(kForever).value();
  EXPECT_EQ(after->last_change, before->last_change);
  EXPECT_EQ(after->folded_position, store_.position());
}

// What changes of somebody with imported totals must be read from the store.
TEST_F(ForeseeingProjectionTest, LeavesWhoNeedsTheStoreToWhoAsks) {
  store_.Fold(aggregation::LoggedRows{
      .customer_clvs = {
          {.customer_id = "i", .total_spend_micros = 9'000'000, .purchase_count = 3}}});
  ASSERT_EQ(projection_.WithAllCommitted(kForever).value()->customers, 2u);
  for (const int day : {2, 3}) {
    store_.Fold(PurchaseOf("i", day));
    const auto version = projection_.WithAllCommitted(kForever).value();
    const size_t i = *version->Find("i");
    EXPECT_EQ(version->ChunkOf(0).state.purchase_count[i], 3 + day - 1);
  }
  EXPECT_EQ(Newest()->folded_position, store_.position());
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
  FoldedStore store({.changes = {.most_named = 1}});
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

// A real reader that counts how often it is to forget.
class CountedDetails final : public storage::CustomerDetailsReader {
 public:
  CountedDetails(const std::string& path, std::atomic<int>* forgotten)
      : details_(path), forgotten_(*forgotten) {}

  absl::StatusOr<State> Read(absl::Span<const std::string_view> customer_ids,
                             const std::optional<storage::ProductScope>& products, uint64_t change,
                             std::chrono::steady_clock::time_point deadline) override {
    return details_.Read(customer_ids, products, change, deadline);
  }
  absl::StatusOr<storage::CustomerDetails> ReadOne(
      std::string_view customer_id, std::chrono::steady_clock::time_point deadline) override {
    return details_.ReadOne(customer_id, deadline);
  }
  void Forget() override {
    ++forgotten_;
    details_.Forget();
  }

 private:
  storage::SqliteCustomerDetails details_;
  std::atomic<int>& forgotten_;
};

TEST(ProjectionTest, ReportsForgetWhatTheyRememberOfCustomersAfterAnErasure) {
  FoldedStore store;
  FoldCustomer("a", &store);
  FoldCustomer("b", &store);
  std::atomic<int> forgotten{0};
  const auto projection = std::make_shared<Projection>(
      std::make_unique<storage::SqliteProjectionSource>(store.path()),
      std::make_unique<storage::SqliteChangeWatch>(store.path(), nullptr));
  ProjectionReports reports(projection, std::make_unique<CountedDetails>(store.path(), &forgotten));
  ASSERT_EQ(projection->WithAllCommitted(kForever).value()->customers, 2u);
  FoldCustomer("c", &store);
  ASSERT_EQ(projection->WithAllCommitted(kForever).value()->customers, 3u);
  // With the first version, which is made from nothing, too.
  const int before = forgotten;
  store.Fold(wire::CustomerErasure{.customer_id = "b"});
  ASSERT_EQ(projection->WithAllCommitted(kForever).value()->customers, 2u);
  EXPECT_TRUE(Eventually([&] { return forgotten > before; }));
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
