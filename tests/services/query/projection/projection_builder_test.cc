#include "services/query/projection/projection_builder.h"

#include <memory>
#include <string>

#include "absl/strings/escaping.h"
#include "common/base/byte_codec.h"
#include "common/storage/projected_customer_codec.h"
#include "common/storage/sqlite/projection_source.h"
#include "gtest/gtest.h"
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

}  // namespace
}  // namespace clv::query
