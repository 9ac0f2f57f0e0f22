#include "services/ingest/customer_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/services/ingest/erasure_scene.h"

namespace clv::ingest {
namespace {

using domain::DataSource;
using ::testing::HasSubstr;

class CustomerExportTest : public ::testing::Test {
 protected:
  absl::StatusOr<v1::ExportCustomerResponse> Export(
      const std::string& customer_id,
      std::chrono::steady_clock::duration time = std::chrono::seconds(30)) {
    return exports_.Export(customer_id, std::chrono::steady_clock::now() + time);
  }

  ErasureScene scene_;
  storage::SqliteClvReader facts_{scene_.directory().path() + "/clv.db"};
  storage::SqliteQuarantineReader quarantine_{scene_.directory().path() + "/event_log.db"};
  CustomerExport exports_{
      {.facts = &facts_,
       .quarantine = &quarantine_,
       .log = &scene_.log(),
       .open_log = [this]() -> absl::StatusOr<std::unique_ptr<storage::EventReader>> {
         return storage::SqliteEventReader::Open(
             {.path = scene_.directory().path() + "/event_log.db"});
       },
       .queue = &scene_.queue()}};
};

TEST_F(CustomerExportTest, ShowsAllThatIsHeld) {
  scene_.Append({.received_at_seconds = 1,
                 .customers = {{.customer_id = "cust-1", .name = "Old Name", .created_at = 1},
                               {.customer_id = "cust-2", .name = "Other"}}});
  scene_.Append({.received_at_seconds = 2,
                 .customers = {{.customer_id = "cust-1",
                                .name = "New Name",
                                .email = "new@example.com",
                                .country = "DE",
                                .created_at = 2}}});
  domain::Purchase purchase{.purchase_id = "p1",
                            .customer_id = "cust-1",
                            .order_id = "p1",
                            .purchase_amount_micros = 1'500'000,
                            .purchase_date = 1'672'531'200,
                            .product_name = "a thing"};
  domain::Purchase other = purchase;
  other.purchase_id = other.order_id = "p2";
  other.customer_id = "cust-2";
  scene_.Append({.received_at_seconds = 3, .purchases = {purchase, other}});
  scene_.Append({.received_at_seconds = 4,
                 .customer_clvs = {{.customer_id = "cust-1",
                                    .total_spend_micros = 2'000'000,
                                    .purchase_count = 3,
                                    .first_purchase_date = 5,
                                    .last_purchase_date = 6,
                                    .updated_at = 7}}});
  scene_.Quarantine({{.data_source = DataSource::kCustomers, .raw = "mail new@example.com"},
                     {.data_source = DataSource::kPurchases, .raw = "for old name"},
                     {.data_source = DataSource::kCustomerClv,
                      .columns = {{.name = "customer_id", .raw = "cust-1"}},
                      .raw = "{}"},
                     {.data_source = DataSource::kCustomerClv, .raw = "cust-2"}});
  scene_.FoldAll();
  const auto held = Export("cust-1");
  ASSERT_TRUE(held.ok()) << held.status();
  EXPECT_EQ(held->customer().name(), "New Name");
  ASSERT_EQ(held->purchases_size(), 1);
  EXPECT_EQ(held->purchases(0).product_name(), "a thing");
  EXPECT_EQ(held->imported_clv().purchase_count(), 3);
  EXPECT_EQ(held->computed_clv().total_spend(), "3.5");
  EXPECT_EQ(held->computed_clv().country(), "DE");
  EXPECT_EQ(held->computed_clv().purchase_count(), 4u);
  EXPECT_EQ(held->computed_clv().update_time().seconds(), 4);
  ASSERT_EQ(held->quarantined_rows_size(), 3);
  EXPECT_EQ(held->quarantined_rows(0).raw(), "mail new@example.com");
  EXPECT_EQ(held->quarantined_rows(2).columns(0).raw(), "cust-1");
  EXPECT_EQ(held->log_rows(), 4u);
}

TEST_F(CustomerExportTest, OneTraceIsEnough) {
  scene_.Quarantine({{.data_source = DataSource::kCustomers, .raw = "cust-1 in ruins"}});
  EXPECT_EQ(Export("cust-1")->quarantined_rows_size(), 1);
  scene_.Append({.received_at_seconds = 1, .customers = {{.customer_id = "cust-2"}}});
  // Not folded yet.
  EXPECT_EQ(Export("cust-2")->log_rows(), 1u);
  EXPECT_FALSE(Export("cust-2")->has_customer());
}

TEST_F(CustomerExportTest, NothingIsNotFound) {
  scene_.Append({.received_at_seconds = 1, .customers = {{.customer_id = "cust-12"}}});
  scene_.FoldAll();
  EXPECT_EQ(Export("cust-1").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(CustomerExportTest, RefusesWhatNoCustomerIdCanBe) {
  EXPECT_EQ(Export("").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Export("a\nb").status().message(), HasSubstr("customer_id"));
}

TEST_F(CustomerExportTest, GivesUpAtItsDeadline) {
  scene_.Append({.received_at_seconds = 1, .customers = {{.customer_id = "cust-1"}}});
  EXPECT_EQ(Export("cust-1", std::chrono::seconds(0)).status().code(),
            absl::StatusCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace clv::ingest
