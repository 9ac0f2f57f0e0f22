// Deletion, truncation, the catalogue, jobs and the quarantine, from the call to what is served.

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "clv/v1/admin_service.grpc.pb.h"
#include "clv/v1/data_source_service.grpc.pb.h"
#include "clv/v1/query_service.grpc.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/properties/commands.h"
#include "tests/properties/suite_fixture.h"

namespace clv::properties {
namespace {

using ::testing::Contains;

std::string PurchaseRow(int number, const std::string& customer, const std::string& amount,
                        const std::string& date) {
  return R"({"purchase_id":"p)" + std::to_string(number) + R"(","customer_id":")" + customer +
         R"(","purchase_amount":)" + amount + R"(,"purchase_date":")" + date + "\"}\n";
}

class RunningDataSourcesTest : public ::testing::Test {
 protected:
  void Prepare(grpc::ClientContext* context) {
    context->AddMetadata("authorization", suite_.authorization());
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  }

  v1::DataSource Described(const std::string& name) {
    grpc::ClientContext context;
    Prepare(&context);
    v1::GetDataSourceRequest request;
    request.set_data_source(name);
    v1::GetDataSourceResponse response;
    const grpc::Status status = v1::DataSourceService::NewStub(suite_.channel())
                                    ->GetDataSource(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.data_source();
  }

  std::vector<v1::Job> Jobs() {
    grpc::ClientContext context;
    Prepare(&context);
    v1::AdminServiceListJobsResponse response;
    const grpc::Status status =
        v1::AdminService::NewStub(suite_.channel())->ListJobs(&context, {}, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return {response.jobs().begin(), response.jobs().end()};
  }

  v1::Job Job(const std::string& job_id) {
    grpc::ClientContext context;
    Prepare(&context);
    v1::AdminServiceGetJobRequest request;
    request.set_job_id(job_id);
    v1::AdminServiceGetJobResponse response;
    const grpc::Status status =
        v1::AdminService::NewStub(suite_.channel())->GetJob(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.job();
  }

  v1::Job Ended(v1::Job job) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!job.has_end_time() && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      job = Job(job.job_id());
    }
    EXPECT_EQ(job.state(), v1::JOB_STATE_DONE) << job.ShortDebugString();
    return job;
  }

  v1::Job Retry(const v1::RetryQuarantinedRowsRequest& request) {
    grpc::ClientContext context;
    Prepare(&context);
    v1::RetryQuarantinedRowsResponse response;
    const grpc::Status status = v1::DataSourceService::NewStub(suite_.channel())
                                    ->RetryQuarantinedRows(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return Ended(response.job());
  }

  // Net spend in all, in micros.
  __int128 Spend() { return SumOf(suite_.AskTable("total_customer_value"), "total_spend"); }

  RunningSuite suite_;
};

TEST_F(RunningDataSourcesTest, ADeletionRemovesWhatItsDryRunCountsAndNothingThatComesLater) {
  std::string rows;
  for (int i = 0; i < 40; ++i) {
    rows += PurchaseRow(i, "c" + std::to_string(i % 4), "10",
                        i % 2 == 0 ? "2023-01-01 00:00:00" : "2023-06-01 00:00:00");
  }
  ASSERT_EQ(suite_.Send("purchases", rows, /*wait=*/true).successful_rows, 40);
  const std::string condition = "customer_id = 'c1' and purchase_date >= '2023-03-01'";
  EXPECT_EQ(CountRows(suite_, "purchases", condition), 10);
  EXPECT_EQ(Spend(), MicrosOf("400"));
  EXPECT_EQ(DeleteRows(suite_, "purchases", condition).removed_rows(), 10u);
  EXPECT_EQ(Spend(), MicrosOf("300"));
  EXPECT_EQ(CountRows(suite_, "purchases", condition), 0);
  // A removed key is new.
  suite_.SendRow("purchases", PurchaseRow(1, "c1", "7", "2023-06-01 00:00:00"));
  EXPECT_EQ(Spend(), MicrosOf("307"));
  EXPECT_EQ(CountRows(suite_, "purchases", condition), 1);
  EXPECT_EQ(Truncate(suite_, "purchases").removed_rows(), 31u);
  EXPECT_EQ(Spend(), MicrosOf("0"));
  suite_.ExpectVerified();
}

TEST_F(RunningDataSourcesTest, TheJobsOfBothServicesAreListedAndFound) {
  suite_.SendRow("customers", R"({"customer_id":"c"})");
  const v1::Job verified = suite_.Verify(false);
  suite_.clock().Advance(5);
  const v1::Job deleted = DeleteRows(suite_, "customers", "customer_id = 'c'");
  suite_.clock().Advance(5);
  const v1::Job rebuilt = suite_.Rebuild();
  std::vector<std::string> ids;
  for (const v1::Job& job : Jobs()) ids.push_back(job.job_id());
  EXPECT_EQ(ids, (std::vector<std::string>{rebuilt.job_id(), deleted.job_id(), verified.job_id()}));
  EXPECT_EQ(Job(verified.job_id()).kind(), v1::JOB_KIND_VERIFY);
  EXPECT_EQ(Job(deleted.job_id()).removed_rows(), 1u);
  suite_.Restart();
  EXPECT_EQ(Job(deleted.job_id()).state(), v1::JOB_STATE_DONE);
  EXPECT_EQ(Job(verified.job_id()).state(), v1::JOB_STATE_DONE);
}

TEST_F(RunningDataSourcesTest, TheCatalogueCountsWhatIsFolded) {
  EXPECT_EQ(Described("customers").row_count(), 0u);
  suite_.SendRow("customers", R"({"customer_id":"c"})");
  suite_.Send("customers", "{}", /*wait=*/false);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (Described("customers").row_count() == 0 && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(Described("customers").row_count(), 1u);
  EXPECT_EQ(Described("customers").quarantined_rows(), 1u);
  EXPECT_THAT(Described("customers").used_by(), Contains("clv_by_segment"));
}

TEST_F(RunningDataSourcesTest, RowsThatCameTooEarlyAreAcceptedOnceTheirTimeHasCome) {
  // Ahead of the suite's clock by more than a day.
  suite_.SendRow("purchases", PurchaseRow(1, "c", "1", "2023-01-01 00:00:00"));
  const int64_t ahead = suite_.clock().NowSeconds() + 3 * 86'400;
  const SendResult sent = suite_.Send(
      "purchases",
      R"({"purchase_id":"early","customer_id":"c","purchase_amount":2,"purchase_date":)" +
          std::to_string(ahead) + "}",
      /*wait=*/false);
  ASSERT_EQ(sent.quarantined_rows, 1);
  v1::RetryQuarantinedRowsRequest request;
  request.set_data_source("purchases");
  EXPECT_EQ(Retry(request).quarantined_rows(), 1u);
  suite_.clock().Advance(3 * 86'400);
  const v1::Job job = Retry(request);
  EXPECT_EQ(job.successful_rows(), 1u);
  EXPECT_EQ(job.quarantined_rows(), 0u);
  suite_.WaitUntilFolded();
  EXPECT_EQ(Spend(), MicrosOf("3"));
  EXPECT_EQ(Described("purchases_quarantine").row_count(), 0u);
  suite_.ExpectVerified();
}

TEST_F(RunningDataSourcesTest, MendedRowsCountLikeRowsThatWereSentWell) {
  for (int i = 0; i < 30; ++i) {
    suite_.Send("purchases", PurchaseRow(i, "c" + std::to_string(i % 3), "\"many\"", "2023-01-01"),
                /*wait=*/false);
  }
  v1::ListQuarantinedRowsRequest list;
  list.set_data_source("purchases");
  grpc::ClientContext context;
  Prepare(&context);
  v1::ListQuarantinedRowsResponse rows;
  ASSERT_TRUE(
      v1::QueryService::NewStub(suite_.channel())->ListQuarantinedRows(&context, list, &rows).ok());
  ASSERT_EQ(rows.rows_size(), 30);
  v1::RetryQuarantinedRowsRequest request;
  request.set_data_source("purchases");
  for (const v1::QuarantinedRow& row : rows.rows()) {
    v1::MendedRow* mended = request.add_rows();
    mended->set_id(row.id());
    std::string raw = row.raw();
    raw.replace(raw.find("\"many\""), 6, "2.5");
    mended->set_raw(raw);
  }
  EXPECT_EQ(Retry(request).successful_rows(), 30u);
  suite_.WaitUntilFolded();
  EXPECT_EQ(Spend(), MicrosOf("75"));
  suite_.ExpectVerified();
}

}  // namespace
}  // namespace clv::properties
