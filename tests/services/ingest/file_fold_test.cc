// Files and waiting writes beside a real fold: what queries see.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "clv/v1/data_source_service.grpc.pb.h"
#include "clv/v1/ingest_service.grpc.pb.h"
#include "clv/v1/query_service.grpc.pb.h"
#include "common/rpc/v0_reply.h"
#include "services/suite/suite.h"
#include "tests/services/ingest/temp_directory.h"

namespace clv::ingest {
namespace {

using ::testing::HasSubstr;

class FileFoldTest : public ::testing::Test {
 protected:
  std::unique_ptr<grpc::ClientContext> Context() {
    auto context = std::make_unique<grpc::ClientContext>();
    context->AddMetadata("authorization", "Bearer " + suite_->admin_token());
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    return context;
  }

  // Loads a file of purchases in pieces and waits until it is visible.
  grpc::Status Load(v1::ImportFileRequest first, const std::vector<std::string>& pieces,
                    v1::ImportFileResponse* response) {
    const auto context = Context();
    const auto writer = files_->ImportFile(context.get(), response);
    first.set_data_source("purchases");
    first.set_wait(true);
    for (const std::string& piece : pieces) {
      first.mutable_body()->set_data(piece);
      if (!writer->Write(first)) break;
    }
    writer->WritesDone();
    const grpc::Status status = writer->Finish();
    EXPECT_TRUE(!status.ok() || response->visible());
    return status;
  }

  static v1::ImportFileRequest Replace(const std::string& condition = "") {
    v1::ImportFileRequest first;
    first.set_mode(v1::IMPORT_MODE_REPLACE);
    first.set_replace_condition(condition);
    return first;
  }

  // `units` of each purchase, the first one `first`; one customer, one day in `month` of 2024.
  static std::string Purchases(int first, int count, int units, int month) {
    std::string text;
    for (int i = first; i < first + count; ++i) {
      text += "p" + std::to_string(i) + ",c1," + std::to_string(units) + ",2024-0" +
              std::to_string(month) + "-15\n";
    }
    return text;
  }

  // What the customer has spent, in units; -1 when nobody is known.
  int64_t Total() {
    v1::GetTotalCustomerValueRequest request;
    v1::GetTotalCustomerValueResponse response;
    const grpc::Status status = query_->GetTotalCustomerValue(Context().get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    if (response.rows_size() == 0) return -1;
    EXPECT_EQ(response.rows_size(), 1);
    return std::stoll(response.rows(0).total_spend());
  }

  // POST /v0/events; the body.
  std::string Events(const std::string& query, const std::string& body) {
    const auto context = Context();
    context->AddMetadata(rpc::kOriginalPathMetadata, "/v0/events" + query);
    v1::AppendEventsRequest request;
    request.mutable_body()->set_data(body);
    google::api::HttpBody response;
    EXPECT_TRUE(ingest_->AppendEvents(context.get(), request, &response).ok());
    return response.data();
  }

  TempDirectory directory_;
  std::unique_ptr<suite::Suite> suite_ =
      suite::Suite::Start(
          {.directory = {directory_.path()}, .http_address = "", .grpc_address = ""})
          .value();
  std::unique_ptr<v1::DataSourceService::Stub> files_ =
      v1::DataSourceService::NewStub(suite_->channel());
  std::unique_ptr<v1::IngestService::Stub> ingest_ = v1::IngestService::NewStub(suite_->channel());
  std::unique_ptr<v1::QueryService::Stub> query_ = v1::QueryService::NewStub(suite_->channel());
};

TEST_F(FileFoldTest, AFileThatIsAppendedTwiceCountsOnce) {
  for (int i = 0; i < 2; ++i) {
    v1::ImportFileResponse response;
    ASSERT_TRUE(Load({}, {Purchases(0, 100, 3, 1)}, &response).ok());
    EXPECT_EQ(response.job().successful_rows(), 100u);
    EXPECT_EQ(Total(), 300);
  }
}

TEST_F(FileFoldTest, AReplacementRemovesAllRowsAndAddsTheFiles) {
  v1::ImportFileResponse response;
  ASSERT_TRUE(Load({}, {Purchases(0, 10, 3, 1)}, &response).ok());
  ASSERT_TRUE(Load(Replace(), {Purchases(5, 2, 100, 1)}, &response).ok());
  EXPECT_EQ(response.job().removed_rows(), 10u);
  EXPECT_EQ(response.job().successful_rows(), 2u);
  EXPECT_EQ(Total(), 200);
  // What was removed is new when it comes again.
  ASSERT_TRUE(Load({}, {Purchases(0, 1, 1, 1)}, &response).ok());
  EXPECT_EQ(Total(), 201);
}

TEST_F(FileFoldTest, AReplacementWithAConditionLeavesOtherRowsAlone) {
  v1::ImportFileResponse response;
  ASSERT_TRUE(Load({}, {Purchases(0, 10, 3, 1) + Purchases(10, 10, 5, 2)}, &response).ok());
  ASSERT_TRUE(Load(Replace("purchase_date >= '2024-02-01'"),
                   {Purchases(20, 1, 7, 2) + Purchases(30, 1, 1'000, 1)}, &response)
                  .ok());
  EXPECT_EQ(response.job().removed_rows(), 10u);
  EXPECT_EQ(response.job().successful_rows(), 1u);
  EXPECT_EQ(response.job().quarantined_rows(), 1u);
  EXPECT_EQ(Total(), 37);
}

TEST_F(FileFoldTest, AReplacementThatFailsChangesNothing) {
  v1::ImportFileResponse response;
  ASSERT_TRUE(Load({}, {Purchases(0, 10, 3, 1)}, &response).ok());
  v1::ImportFileRequest first = Replace();
  first.set_compression("gzip");
  EXPECT_FALSE(Load(first, {Purchases(0, 10, 9, 1)}, &response).ok());
  const std::string form = "--x\r\nContent-Disposition: form-data; name=csv\r\n\r\n";
  first = Replace();
  first.mutable_body()->set_content_type("multipart/form-data; boundary=x");
  EXPECT_FALSE(
      Load(first, {form, Purchases(0, 50'000, 9, 1), Purchases(0, 10, 9, 1)}, &response).ok());
  // The log goes on behind what was staged.
  ASSERT_TRUE(Load({}, {Purchases(10, 1, 1, 1)}, &response).ok());
  EXPECT_EQ(Total(), 31);
}

TEST_F(FileFoldTest, ReadersSeeTheStateBeforeAReplacementOrAfterIt) {
  v1::ImportFileResponse response;
  ASSERT_TRUE(Load({}, {Purchases(0, 40'000, 1, 1)}, &response).ok());
  std::atomic<bool> ending = false;
  std::set<int64_t> seen;
  std::thread reader([&] {
    while (!ending) seen.insert(Total());
  });
  ASSERT_TRUE(
      Load(Replace(), {Purchases(0, 30'000, 2, 1), Purchases(30'000, 30'000, 2, 1)}, &response)
          .ok());
  EXPECT_EQ(Total(), 120'000);
  ending = true;
  reader.join();
  for (const int64_t total : seen) EXPECT_TRUE(total == 40'000 || total == 120'000) << total;
}

TEST_F(FileFoldTest, AWaitingWriteLearnsOfItsDuplicates) {
  const std::string row =
      R"({"purchase_id":"p1","customer_id":"c1","purchase_amount":5,"purchase_date":"2024-01-15"})";
  const std::string other =
      R"({"purchase_id":"p2","customer_id":"c1","purchase_amount":5,"purchase_date":"2024-01-15"})";
  EXPECT_THAT(Events("?name=purchases&wait=true", row), HasSubstr("\"duplicate_rows\": 0}"));
  EXPECT_THAT(Events("?name=purchases&wait=true", row + other + row),
              HasSubstr("\"duplicate_rows\": 2}"));
  EXPECT_EQ(Total(), 10);
}

}  // namespace
}  // namespace clv::ingest
