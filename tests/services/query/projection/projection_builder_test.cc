#include "services/query/projection/projection_builder.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "common/base/byte_codec.h"
#include "common/storage/projected_customer_codec.h"
#include "common/storage/sqlite/projection_source.h"
#include "gtest/gtest.h"
#include "services/query/projection/coming_reading.h"
#include "tests/common/storage/raw_sqlite.h"
#include "tests/properties/histories.h"
#include "tests/services/query/projection/folded_store.h"

namespace clv::query {
namespace {

properties::Batch Purchase(const std::string& id, const std::string& date) {
  return {"purchases",
          {R"({"purchase_id":")" + id + R"(","customer_id":"a","purchase_amount":10,)" +
           R"("purchase_date":")" + date + R"("})"}};
}

// What the last fold tells becomes this change of this customer.
void TellInstead(const FoldedStore& store, const storage::OrdersChange& change) {
  const std::string& id = change.value.customer_id;
  ByteWriter names;
  names.Number(0);
  names.Text(id);
  ByteWriter packed;
  PackChange(change, &packed);
  ByteWriter facts;
  facts.Text(packed.Take());
  const auto blob = [](ByteWriter& bytes) {
    return "x'" + absl::BytesToHexString(bytes.Take()) + "'";
  };
  const std::string last = " WHERE change_id = (SELECT MAX(change_id) FROM customer_changes);";
  storage::RunRawSql(store.path(), "UPDATE customer_changes SET customers = " + blob(names) + last +
                                       "UPDATE customer_change_facts SET facts = " + blob(facts) +
                                       last);
}

storage::OrdersChange RemovalOfNoOrder(const std::string& id) {
  storage::OrdersChange change;
  change.value.customer_id = id;
  change.removed = {{.date = 77, .value_micros = 10'000}};
  return change;
}

class ProjectionBuilderTest : public ::testing::Test {
 protected:
  std::shared_ptr<const ProjectionVersion> Advance() {
    return builder_.Advance(*source_.Read().value()).value();
  }
  // The version where, of two purchases of the customer a, the second one is told as `change`.
  std::shared_ptr<const ProjectionVersion> AdvanceBy(const storage::OrdersChange& change) {
    store_.Fold(Purchase("p1", "2023-01-01 10:00:00"), properties::kNow);
    EXPECT_EQ(Advance()->customers, 1u);
    store_.Fold(Purchase("p2", "2023-02-01 10:00:00"), properties::kNow);
    TellInstead(store_, change);
    return Advance();
  }
  FoldedStore store_;
  storage::SqliteProjectionSource source_{store_.path()};
  ProjectionBuilder builder_;
};

TEST_F(ProjectionBuilderTest, ACustomerWhoseChangeIsNoneOfTheKnownStateIsRead) {
  const auto version = AdvanceBy(RemovalOfNoOrder("a"));
  const auto number = version->Find("a");
  ASSERT_TRUE(number.has_value());
  const CustomerChunk& chunk = version->ChunkOf(*number);
  EXPECT_EQ(chunk.state.purchase_count[*number], 2);
  EXPECT_EQ(chunk.state.spend_micros[*number], 20'000'000);
  EXPECT_EQ(chunk.orders[0]->count(*number), 2u);
  EXPECT_EQ(builder_.loads(), 1u);
}

TEST_F(ProjectionBuilderTest, AChangeOfWhoIsNotThereChangesNothing) {
  const auto version = AdvanceBy(RemovalOfNoOrder("nobody"));
  EXPECT_EQ(version->customers, 1u);
  EXPECT_FALSE(version->Find("nobody").has_value());
  EXPECT_EQ(version->population->orders, 1);
}

// Three chunks of customers, and a fold under way that is told by hand.
class ForeseeingBuilderTest : public ProjectionBuilderTest {
 protected:
  static constexpr int kCustomers = 2 * static_cast<int>(kChunkCustomers) + 2;

  ForeseeingBuilderTest() {
    properties::Batch batch{"customers", {}};
    for (int n = 0; n < kCustomers; ++n) batch.values.push_back(Description(n));
    store_.Fold(batch, properties::kNow);
    before_ = Advance();
    store_.coming().StartFollowing();
    store_.coming().Want();
  }

  static std::string Id(int n) { return absl::StrFormat("c%03d", n); }
  static std::string Description(int n) { return R"({"customer_id":")" + Id(n) + R"("})"; }

  static std::string PurchaseBy(int n) {
    storage::ProjectedCustomer customer;
    customer.value.customer_id = Id(n);
    customer.value.summary.purchase_count = 1;
    customer.orders = {{.date = 86'400, .value_micros = 5, .qualifies = true}};
    ByteWriter packed;
    storage::PackCustomer(customer, &packed);
    return packed.Take();
  }

  absl::Status Foresee(std::vector<std::string> told) {
    storage::ComingChanges& coming = store_.coming();
    EXPECT_TRUE(coming.Begin({.change = before_->last_change, .reporting_currency = "USD"}));
    coming.Tell(std::move(told));
    coming.Complete({.folded_position = 99, .last_change = before_->last_change + 1});
    const auto fold = coming.WaitForFold(0);
    ComingReading reading(coming, *fold, *before_);
    return builder_.Foresee(reading);
  }

  // The next version is made as if nothing had been foreseen: it shares all chunks but the first.
  void ExpectNextShares() {
    store_.Fold({"purchases",
                 {R"({"purchase_id":"p","customer_id":")" + Id(0) +
                  R"(","purchase_amount":10,"purchase_date":"2023-01-01 10:00:00"})"}},
                properties::kNow);
    const auto after = Advance();
    EXPECT_EQ(after->population->orders, 1);
    EXPECT_EQ(after->population->by_spend.size(), 1u);
    EXPECT_NE(&after->chunks[0], &before_->chunks[0]);
    EXPECT_EQ(&after->chunks[1], &before_->chunks[1]);
    EXPECT_EQ(&after->chunks[2], &before_->chunks[2]);
  }

  std::shared_ptr<const ProjectionVersion> before_;
};

TEST_F(ForeseeingBuilderTest, ACommittedFoldIsTheNextVersion) {
  std::vector<std::string> told;
  for (int n = 0; n < kCustomers; n += 2) told.push_back(PurchaseBy(n));
  const auto customers = static_cast<int64_t>(told.size());
  ASSERT_TRUE(Foresee(std::move(told)).ok());
  const auto after = builder_.Settle(true);
  EXPECT_EQ(after->last_change, before_->last_change + 1);
  EXPECT_EQ(after->folded_position, 99u);
  EXPECT_TRUE(after->population->orders == customers);
  EXPECT_EQ(before_->population->by_spend.size(), 0u);
}

TEST_F(ForeseeingBuilderTest, AFoldThatDoesNotCommitLeavesEverythingAsItWas) {
  std::vector<std::string> told;
  for (int n = 0; n < kCustomers; ++n) told.push_back(PurchaseBy(n));
  ASSERT_TRUE(Foresee(std::move(told)).ok());
  EXPECT_EQ(builder_.Settle(false), before_);
  ExpectNextShares();
}

TEST_F(ForeseeingBuilderTest, AFoldThatTellsACustomerTwiceIsLeftToTheStore) {
  std::vector<std::string> told;
  for (int n = 0; n < kCustomers; ++n) told.push_back(PurchaseBy(n));
  told.push_back(PurchaseBy(70));
  EXPECT_TRUE(absl::IsAborted(Foresee(std::move(told))));
  ExpectNextShares();
}

}  // namespace
}  // namespace clv::query
