#include "services/ingest/deletion.h"

#include <gmock/gmock.h>

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "services/ingest/matching_rows.h"
#include "tests/services/ingest/data_source_fixture.h"

namespace clv::ingest {
namespace {

using domain::DataSource;
using storage::FoldTransaction;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DeletionTest : public DataSourceFixture {
 protected:
  grpc::Status Delete(const std::string& data_source, const std::string& condition,
                      v1::DeleteRowsResponse* response, bool dry_run = false,
                      const std::string& token = kAdminToken) {
    v1::DeleteRowsRequest request;
    request.set_data_source(data_source);
    request.set_delete_condition(condition);
    request.set_dry_run(dry_run);
    return stub_->DeleteRows(Context(token).get(), request, response);
  }

  grpc::Status Truncate(const std::string& data_source, v1::TruncateDataSourceResponse* response,
                        const std::string& token = kAdminToken) {
    v1::TruncateDataSourceRequest request;
    request.set_data_source(data_source);
    return stub_->TruncateDataSource(Context(token).get(), request, response);
  }

  // Rows that a dry run finds; an error fails the test.
  uint64_t Counted(const std::string& data_source, const std::string& condition) {
    v1::DeleteRowsResponse response;
    const grpc::Status status = Delete(data_source, condition, &response, /*dry_run=*/true);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_FALSE(response.has_job());
    return response.rows_to_be_deleted();
  }

  // The command at a position of the log.
  wire::RowDeletion Logged(storage::LogPosition position) {
    auto reader =
        storage::SqliteEventReader::Open({.path = directory_.path() + "/event_log.db"}).value();
    const storage::LoggedRecord record = reader->ReadAfter(position - 1, 1)->front();
    const wire::LogRows rows = wire::DecodeLogRecord(record.payload).value();
    EXPECT_TRUE(rows.wants_outcome);
    EXPECT_EQ(rows.size(), 0u);
    return std::get<wire::RowDeletion>(rows.command);
  }

  // `customers` customers c0, c1, ... in two countries with two purchases each, and an imported
  // record for every third of them.
  void FillStore(int customers) {
    Commit(1, [&](FoldTransaction& facts) {
      for (int i = 0; i < customers; ++i) {
        const std::string id = "c" + std::to_string(i);
        ASSERT_TRUE(
            facts.PutCustomer({.customer_id = id, .country = i % 2 == 0 ? "NL" : "US"}).ok());
        for (int n = 0; n < 2; ++n) {
          ASSERT_TRUE(facts
                          .PutPurchase({.purchase_id = id + "-" + std::to_string(n),
                                        .customer_id = id,
                                        .order_id = id,
                                        .purchase_amount_micros = n * 1'000'000,
                                        .purchase_date = 1'700'000'000 + n * 86'400,
                                        .currency = "USD"})
                          .ok());
        }
        if (i % 3 == 0) {
          ASSERT_TRUE(facts.PutImport({.customer_id = id, .purchase_count = i + 1}).ok());
        }
      }
    });
  }
};

TEST_F(DeletionTest, ADeletionIsARecordThatItsJobFollowsUntilItIsFolded) {
  v1::DeleteRowsResponse response;
  ASSERT_TRUE(Delete("purchases", "customer_id = 'c1'", &response).ok());
  const v1::Job& job = response.job();
  EXPECT_EQ(job.kind(), v1::JOB_KIND_DELETE);
  EXPECT_EQ(job.data_source(), "purchases");
  EXPECT_EQ(job.folded_position(), 1u);
  EXPECT_EQ(log_->LastPosition(), 1u);
  EXPECT_EQ(Logged(1),
            (wire::RowDeletion{
                DataSource::kPurchases,
                domain::ParseRowCondition(DataSource::kPurchases, "customer_id = 'c1'").value()}));
  EXPECT_FALSE(board_->GetJob(job.job_id())->has_end_time());
  FoldDeletion(1, 7);
  const v1::Job ended = Ended(job);
  EXPECT_EQ(ended.state(), v1::JOB_STATE_DONE);
  EXPECT_EQ(ended.removed_rows(), 7u);
  EXPECT_EQ(ended.folded_position(), 1u);
  EXPECT_EQ(ended.progress(), 1);
}

TEST_F(DeletionTest, ATruncationIsADeletionWithoutACondition) {
  v1::TruncateDataSourceResponse response;
  ASSERT_TRUE(Truncate("customer_clv", &response).ok());
  EXPECT_EQ(response.job().kind(), v1::JOB_KIND_TRUNCATE);
  EXPECT_EQ(response.job().data_source(), "customer_clv");
  EXPECT_EQ(Logged(1), (wire::RowDeletion{DataSource::kCustomerClv, std::nullopt}));
  FoldDeletion(1, 3);
  EXPECT_EQ(Ended(response.job()).removed_rows(), 3u);
}

TEST_F(DeletionTest, ADryRunCountsAndChangesNothing) {
  FillStore(9);
  EXPECT_EQ(Counted("customers", "country = 'NL'"), 5u);
  EXPECT_EQ(Counted("customers", "customer_id in ('c1', 'c2', 'nobody') and country = 'NL'"), 1u);
  EXPECT_EQ(Counted("customers", "not country = 'NL'"), 4u);
  EXPECT_EQ(Counted("purchases", "purchase_amount > 0.5"), 9u);
  EXPECT_EQ(Counted("purchases", "customer_id = 'c4' and purchase_date >= '2023-11-15'"), 1u);
  EXPECT_EQ(Counted("purchases", "customer_id = 'c4' or customer_id = 'c5'"), 4u);
  EXPECT_EQ(Counted("customer_clv", "purchase_count >= 4"), 2u);
  EXPECT_EQ(Counted("customer_clv", "customer_id = 'c0'"), 1u);
  EXPECT_EQ(Counted("customer_clv", "customer_id = 'c1'"), 0u);
  EXPECT_EQ(log_->LastPosition(), 0u);
  EXPECT_THAT(board_->ListJobs(10), IsEmpty());
}

TEST_F(DeletionTest, ADryRunLooksAtEveryRowOfALargeStore) {
  FillStore(4'500);
  EXPECT_EQ(Counted("customers", "country is not null"), 4'500u);
  EXPECT_EQ(Counted("purchases", "purchase_amount <= 0"), 4'500u);
  EXPECT_EQ(Counted("customer_clv", "purchase_count between 1 and 1000000"), 1'500u);
}

TEST_F(DeletionTest, CountingEndsWhenItMayNotGoOn) {
  FillStore(3);
  const auto refuse = [] { return absl::DeadlineExceededError("over"); };
  for (const DataSource data_source : domain::kDataSources) {
    for (const char* text : {"customer_id = 'c0'", "customer_id != 'c0'"}) {
      const auto condition = domain::ParseRowCondition(data_source, text).value();
      EXPECT_EQ(
          CountMatchingRows(*facts_.Read().value(), data_source, condition, refuse).status().code(),
          absl::StatusCode::kDeadlineExceeded)
          << text;
    }
  }
}

TEST_F(DeletionTest, CountingWithoutAStoreIsUnavailable) {
  storage::SqliteClvReader nothing(directory_.path() + "/nothing.db");
  const Deletion deletion({.facts = &nothing});
  const auto condition = domain::ParseRowCondition(DataSource::kCustomers, "active = 1").value();
  EXPECT_EQ(deletion.Count(DataSource::kCustomers, condition, [] { return absl::OkStatus(); })
                .status()
                .code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(DeletionTest, RefusesBadRequestsWithoutATrace) {
  v1::DeleteRowsResponse response;
  grpc::Status status = Delete("orders", "customer_id = 'c'", &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "Data Source \"orders\" does not exist");
  EXPECT_EQ(Delete("customers_quarantine", "name = 'c'", &response).error_code(),
            grpc::StatusCode::NOT_FOUND);
  for (const char* condition : {"", "customer_id", "customer_id = ", "1 = 1", "name = 'x' or"}) {
    for (const bool dry_run : {false, true}) {
      status = Delete("customers", condition, &response, dry_run);
      EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << condition;
      EXPECT_THAT(status.error_message(), HasSubstr("delete_condition: at byte "));
    }
  }
  status = Delete("customers", "purchase_id = 'p'", &response);
  EXPECT_EQ(status.error_message(),
            "delete_condition: at byte 0: got 'purchase_id', want a column: customer_id, name, "
            "email, signup_date, country, customer_segment, acquisition_source, active, "
            "created_at");
  v1::TruncateDataSourceResponse truncated;
  EXPECT_EQ(Truncate("", &truncated).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(log_->LastPosition(), 0u);
  EXPECT_THAT(board_->ListJobs(10), IsEmpty());
}

TEST_F(DeletionTest, OnlyAdministratorsDelete) {
  v1::DeleteRowsResponse response;
  v1::TruncateDataSourceResponse truncated;
  const std::string append = NewTokenWith({"DATASOURCES:APPEND:*", "DATASOURCES:READ:*"});
  for (const bool dry_run : {false, true}) {
    EXPECT_EQ(Delete("customers", "active = 1", &response, dry_run, append).error_code(),
              grpc::StatusCode::PERMISSION_DENIED);
    EXPECT_EQ(Delete("customers", "active = 1", &response, dry_run, "").error_code(),
              grpc::StatusCode::UNAUTHENTICATED);
  }
  EXPECT_EQ(Truncate("customers", &truncated, append).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(log_->LastPosition(), 0u);
}

TEST_F(DeletionTest, TheNextProcessGoesOnWithAJobWhoseRecordIsNotFoldedYet) {
  v1::DeleteRowsResponse response;
  ASSERT_TRUE(Delete("purchases", "customer_id = 'c1'", &response).ok());
  OpenServices();
  const std::string job_id = response.job().job_id();
  EXPECT_FALSE(board_->GetJob(job_id)->has_end_time());
  FoldDeletion(1, 2);
  EXPECT_EQ(Ended(response.job()).state(), v1::JOB_STATE_DONE);
  EXPECT_EQ(board_->GetJob(job_id)->removed_rows(), 2u);
}

TEST_F(DeletionTest, AJobWhoseOutcomeIsForgottenIsDoneAllTheSame) {
  v1::DeleteRowsResponse response;
  ASSERT_TRUE(Delete("purchases", "customer_id = 'c1'", &response).ok());
  progress_.FoldThrough(1);
  EXPECT_EQ(Ended(response.job()).state(), v1::JOB_STATE_DONE);
}

TEST_F(DeletionTest, ADeletionThatCannotBeWrittenLeavesAFailedJob) {
  queue_.Drain();
  v1::DeleteRowsResponse response;
  EXPECT_EQ(Delete("purchases", "customer_id = 'c1'", &response).error_code(),
            grpc::StatusCode::UNAVAILABLE);
  ASSERT_EQ(board_->ListJobs(10).size(), 1u);
  EXPECT_EQ(board_->ListJobs(10)[0].state(), v1::JOB_STATE_ERROR);
  EXPECT_THAT(board_->ListJobs(10)[0].error(), HasSubstr("shutting down"));
}

TEST_F(DeletionTest, TruncatingAQuarantineEmptiesItAndNothingElse) {
  std::string bad;
  for (int i = 0; i < 950; ++i) bad += "{}\n";
  Post("?name=purchases", bad);
  Post("?name=customers", "{}\n{\"customer_id\":\"c\"}");
  v1::TruncateDataSourceResponse response;
  ASSERT_TRUE(Truncate("purchases_quarantine", &response).ok());
  EXPECT_EQ(response.job().kind(), v1::JOB_KIND_TRUNCATE);
  EXPECT_EQ(response.job().data_source(), "purchases_quarantine");
  const v1::Job ended = Ended(response.job());
  EXPECT_EQ(ended.state(), v1::JOB_STATE_DONE);
  EXPECT_EQ(ended.removed_quarantined_rows(), 950u);
  EXPECT_THAT(Quarantined(DataSource::kPurchases), IsEmpty());
  EXPECT_EQ(Quarantined(DataSource::kCustomers).size(), 1u);
  EXPECT_EQ(log_->quarantine_counts()[DataSource::kPurchases].rows, 0u);
  EXPECT_EQ(log_->LastPosition(), 1u);
}

TEST_F(DeletionTest, TruncatingAnEmptyQuarantineIsDoneAtOnce) {
  v1::TruncateDataSourceResponse response;
  ASSERT_TRUE(Truncate("customers_quarantine", &response).ok());
  EXPECT_EQ(Ended(response.job()).removed_quarantined_rows(), 0u);
}

}  // namespace
}  // namespace clv::ingest
