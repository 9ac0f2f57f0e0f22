#include "services/ingest/push_batch.h"

#include <gmock/gmock.h>

#include <string>

#include "clv/v1/ingest_service.pb.h"
#include "common/wire/log_codec.h"
#include "services/ingest/typed_batch.h"

namespace clv::ingest {
namespace {

using domain::DataSource;
using ::testing::HasSubstr;

constexpr int64_t kNow = 1'700'000'000;

absl::StatusOr<PreparedWrite> ReadRows(const PushBatch& batch, DataSource data_source) {
  return ReadTypedBatch(batch, data_source, {.received_at_seconds = kNow, .import_id = "i1"});
}

// The batch id and rows of a request whose bytes must outlive the result.
PushBatch BatchOf(const std::string& bytes) { return ReadPushBatch(bytes).value(); }

TEST(PushBatchTest, HasWhatTheRequestHas) {
  v1::PushPurchasesRequest request;
  request.set_batch_id(UINT64_MAX);
  request.set_wait(true);
  request.add_purchases()->set_purchase_id("p1");
  request.add_purchases();
  const std::string bytes = request.SerializeAsString();
  const PushBatch batch = BatchOf(bytes);
  EXPECT_EQ(batch.batch_id, UINT64_MAX);
  EXPECT_TRUE(batch.wait);
  ASSERT_EQ(batch.rows.size(), 2u);
  EXPECT_EQ(batch.rows[0], request.purchases(0).SerializeAsString());
  EXPECT_EQ(batch.rows[1], "");
}

TEST(PushBatchTest, AnEmptyMessageIsABatchWithoutRows) {
  const PushBatch batch = BatchOf("");
  EXPECT_EQ(batch.batch_id, 0u);
  EXPECT_FALSE(batch.wait);
  EXPECT_THAT(batch.rows, ::testing::IsEmpty());
}

TEST(PushBatchTest, RefusesBytesThatAreNoMessage) {
  for (const std::string& bytes :
       {std::string("\x12\x05x"), std::string("\x08"), std::string("\x02\x00", 2),
        std::string("\x23"), std::string("\x12\x85\x80\x80\x80\x10xxxxx")}) {
    const absl::StatusOr<PushBatch> batch = ReadPushBatch(bytes);
    EXPECT_EQ(batch.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(batch.status().message()), HasSubstr("want a batch of rows"));
  }
}

// Every data source reads the rows of its own request, good and broken ones.
TEST(PushBatchTest, RowsOfEachDataSourceAreCheckedByItsRules) {
  v1::PushCustomersRequest customers;
  customers.add_customers()->set_customer_id("c1");
  customers.add_customers()->set_name("Nobody");
  v1::PushPurchasesRequest purchases;
  for (const char* customer : {"c1", ""}) {
    v1::Purchase* purchase = purchases.add_purchases();
    purchase->set_purchase_id("p1");
    purchase->set_customer_id(customer);
    purchase->set_purchase_amount_micros(1);
    purchase->mutable_purchase_date()->set_seconds(kNow);
  }
  v1::PushCustomerClvsRequest clvs;
  for (const char* customer : {"c1", ""}) {
    v1::CustomerClv* clv = clvs.add_customer_clvs();
    clv->set_customer_id(customer);
    clv->set_total_spend_micros(1);
    clv->set_purchase_count(1);
    clv->mutable_first_purchase_date()->set_seconds(kNow);
    clv->mutable_last_purchase_date()->set_seconds(kNow);
    clv->set_customer_segment("s");
    clv->set_country("US");
    clv->set_acquisition_source("a");
    clv->mutable_updated_at()->set_seconds(kNow);
  }
  const auto expect_first_alone = [](const std::string& bytes, DataSource data_source) {
    const absl::StatusOr<PreparedWrite> write = ReadRows(BatchOf(bytes), data_source);
    ASSERT_TRUE(write.ok()) << write.status();
    EXPECT_EQ(write->data_source, data_source);
    EXPECT_EQ(write->accepted_rows, 1u);
    ASSERT_EQ(write->refusals.size(), 1u);
    EXPECT_EQ(write->refusals[0].row, 1u);
    EXPECT_EQ(write->refusals[0].column, "customer_id");
  };
  expect_first_alone(customers.SerializeAsString(), DataSource::kCustomers);
  expect_first_alone(purchases.SerializeAsString(), DataSource::kPurchases);
  expect_first_alone(clvs.SerializeAsString(), DataSource::kCustomerClv);
}

TEST(PushBatchTest, ARowThatCannotBeReadIsNamed) {
  const std::string bytes = std::string("\x08\x07\x12\x00\x12\x02\x0a\x05", 8);
  const std::vector<std::pair<DataSource, std::string>> wanted = {
      {DataSource::kCustomers,
       "customers[1]: got 'bytes that cannot be read in batch 7', want a "
       "clv.v1.Customer"},
      {DataSource::kPurchases,
       "purchases[1]: got 'bytes that cannot be read in batch 7', want a "
       "clv.v1.Purchase"},
      {DataSource::kCustomerClv,
       "customer_clvs[1]: got 'bytes that cannot be read in batch 7', "
       "want a clv.v1.CustomerClv"}};
  for (const auto& [data_source, text] : wanted) {
    const absl::StatusOr<PreparedWrite> write = ReadRows(BatchOf(bytes), data_source);
    EXPECT_EQ(write.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(std::string(write.status().message()), text);
  }
}

}  // namespace
}  // namespace clv::ingest
