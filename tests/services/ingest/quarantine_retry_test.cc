#include "services/ingest/quarantine_retry.h"

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/services/ingest/data_source_fixture.h"

namespace clv::ingest {
namespace {

using domain::DataSource;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class QuarantineRetryTest : public DataSourceFixture {
 protected:
  // Puts texts into the quarantine of `customers`, as an older set of rules might have, and returns
  // their ids.
  std::vector<uint64_t> Quarantine(const std::vector<std::string>& texts,
                                   const std::string& import_id = "i", uint64_t cut_bytes = 0) {
    storage::LogBatch batch;
    for (const std::string& text : texts) {
      batch.quarantined.push_back({.data_source = DataSource::kCustomers,
                                   .error = "refused",
                                   .reason = "refused",
                                   .import_id = import_id,
                                   .inserted_at_seconds = SystemClock().NowSeconds(),
                                   .raw = text,
                                   .raw_length = text.size() + cut_bytes});
    }
    EXPECT_TRUE(
        queue_.RunOnWriter([&](storage::EventLog& log) { return log.Append({batch}).status(); })
            .ok());
    std::vector<uint64_t> ids;
    const auto rows = quarantine_.List(DataSource::kCustomers, texts.size(), 0).value();
    for (auto row = rows.rbegin(); row != rows.rend(); ++row) ids.push_back(row->id);
    return ids;
  }

  grpc::Status Retry(const v1::RetryQuarantinedRowsRequest& request,
                     v1::RetryQuarantinedRowsResponse* response,
                     const std::string& token = kAdminToken) {
    return stub_->RetryQuarantinedRows(Context(token).get(), request, response);
  }

  static v1::RetryQuarantinedRowsRequest Request(
      const std::vector<std::pair<uint64_t, std::string>>& rows) {
    v1::RetryQuarantinedRowsRequest request;
    request.set_data_source("customers");
    for (const auto& [id, raw] : rows) {
      v1::MendedRow* row = request.add_rows();
      row->set_id(id);
      row->set_raw(raw);
    }
    return request;
  }

  // Runs a retry to its end; an error fails the test.
  v1::Job Retried(const v1::RetryQuarantinedRowsRequest& request) {
    v1::RetryQuarantinedRowsResponse response;
    const grpc::Status status = Retry(request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    const v1::Job job = Ended(response.job());
    EXPECT_EQ(job.state(), v1::JOB_STATE_DONE) << job.error();
    EXPECT_EQ(job.progress(), 1);
    return job;
  }

  std::vector<std::string> LoggedCustomers() {
    std::vector<std::string> ids;
    const wire::LogRows rows = LoggedRows();
    for (const domain::Customer& customer : rows.customers) {
      ids.push_back(customer.customer_id);
    }
    return ids;
  }

  // Raw texts that are still in quarantine, oldest first.
  std::vector<std::string> Left() {
    std::vector<std::string> texts;
    const auto rows = quarantine_.ListAfter(DataSource::kCustomers, 0, 10'000).value();
    for (const auto& row : rows) texts.push_back(row.raw);
    return texts;
  }
};

TEST_F(QuarantineRetryTest, AcceptedRowsMoveIntoTheLogAndTheOthersStayAsTheyWere) {
  Quarantine({R"({"customer_id":"a"})", "{}", R"( {"customer_id":"b"} )", "nonsense"});
  const auto before = quarantine_.ListAfter(DataSource::kCustomers, 0, 10).value();
  const v1::Job job = Retried(Request({}));
  EXPECT_EQ(job.kind(), v1::JOB_KIND_RETRY);
  EXPECT_EQ(job.data_source(), "customers");
  EXPECT_EQ(job.successful_rows(), 2u);
  EXPECT_EQ(job.removed_quarantined_rows(), 2u);
  EXPECT_EQ(job.quarantined_rows(), 2u);
  EXPECT_EQ(job.folded_position(), 1u);
  EXPECT_THAT(LoggedCustomers(), ElementsAre("a", "b"));
  EXPECT_THAT(Left(), ElementsAre("{}", "nonsense"));
  const auto after = quarantine_.ListAfter(DataSource::kCustomers, 0, 10).value();
  EXPECT_EQ(after[0].id, before[1].id);
  EXPECT_EQ(after[0].error, before[1].error);
  EXPECT_EQ(after[1].id, before[3].id);
  EXPECT_EQ(log_->quarantine_counts()[DataSource::kCustomers].rows, 2u);
}

TEST_F(QuarantineRetryTest, MendedTextsReplaceTheOldOnes) {
  const auto ids = Quarantine({"{}", "{}", R"({"customer_id":"kept"})", "{}"});
  const v1::Job job = Retried(Request({{ids[3], R"({"customer_id":"d","active":9})"},
                                       {ids[0], R"({"customer_id":"a"})"},
                                       {ids[1], R"(  {"customer_id":"b"}  )"}}));
  EXPECT_EQ(job.successful_rows(), 2u);
  EXPECT_EQ(job.quarantined_rows(), 1u);
  EXPECT_THAT(LoggedCustomers(), ElementsAre("a", "b"));
  EXPECT_THAT(Left(), ElementsAre(R"({"customer_id":"kept"})", "{}"));
}

TEST_F(QuarantineRetryTest, ARowWithoutAMendedTextIsReadAsItWas) {
  const auto ids = Quarantine({R"({"customer_id":"a"})", "{}"});
  const v1::Job job = Retried(Request({{ids[0], ""}, {ids[1], ""}}));
  EXPECT_EQ(job.successful_rows(), 1u);
  EXPECT_EQ(job.quarantined_rows(), 1u);
}

TEST_F(QuarantineRetryTest, UnknownIdsCountAsLeft) {
  const auto ids = Quarantine({R"({"customer_id":"a"})"});
  Post("?name=purchases", "{}");
  const uint64_t of_purchases = Quarantined(DataSource::kPurchases)[0].id;
  const v1::Job job =
      Retried(Request({{ids[0], ""}, {of_purchases, R"({"customer_id":"b"})"}, {9'999, ""}}));
  EXPECT_EQ(job.successful_rows(), 1u);
  EXPECT_EQ(job.quarantined_rows(), 2u);
  EXPECT_THAT(Quarantined(DataSource::kPurchases), SizeIs(1));
}

TEST_F(QuarantineRetryTest, ATextThatIsNotWholeWantsAMendedOne) {
  const auto cut = Quarantine({R"({"customer_id":"cut"})"}, "i", 1);
  // A byte that is no UTF-8 was kept as three others.
  Post("?name=customers", "{\"customer_id\":\"x\xff\"}");
  v1::Job job = Retried(Request({}));
  EXPECT_EQ(job.successful_rows(), 0u);
  EXPECT_EQ(job.quarantined_rows(), 2u);
  job = Retried(Request({{cut[0], R"({"customer_id":"whole"})"}}));
  EXPECT_EQ(job.successful_rows(), 1u);
  EXPECT_THAT(LoggedCustomers(), ElementsAre("whole"));
}

TEST_F(QuarantineRetryTest, OnlyOneObjectIsARow) {
  const auto ids = Quarantine({"[{\"customer_id\":\"a\"}]", "{\"customer_id\":\"a\"}{}", "7", " "});
  std::vector<std::pair<uint64_t, std::string>> mended;
  for (const uint64_t id : ids) mended.emplace_back(id, R"([{"customer_id":"b"}])");
  EXPECT_EQ(Retried(Request({})).successful_rows(), 0u);
  EXPECT_EQ(Retried(Request(mended)).successful_rows(), 0u);
  EXPECT_THAT(Left(), SizeIs(4));
}

TEST_F(QuarantineRetryTest, TheRowsOfOneImportMayBeSentAgainAlone) {
  Quarantine({R"({"customer_id":"a"})", "{}"}, "first");
  Quarantine({R"({"customer_id":"b"})"}, "second");
  v1::RetryQuarantinedRowsRequest request = Request({});
  request.set_import_id("first");
  v1::Job job = Retried(request);
  EXPECT_EQ(job.successful_rows(), 1u);
  EXPECT_EQ(job.quarantined_rows(), 1u);
  EXPECT_THAT(Left(), ElementsAre("{}", R"({"customer_id":"b"})"));
  request.set_import_id("unknown");
  job = Retried(request);
  EXPECT_EQ(job.successful_rows() + job.quarantined_rows(), 0u);
}

TEST_F(QuarantineRetryTest, ALargeQuarantineIsSentAgainInSlices) {
  std::vector<std::string> texts;
  for (int i = 0; i < 1'111; ++i) {
    texts.push_back(i % 3 == 0 ? "{}" : R"({"customer_id":"c)" + std::to_string(i) + "\"}");
  }
  const auto ids = Quarantine(texts);
  const v1::Job job = Retried(Request({}));
  EXPECT_EQ(job.successful_rows(), 740u);
  EXPECT_EQ(job.quarantined_rows(), 371u);
  EXPECT_THAT(LoggedCustomers(), SizeIs(740));
  EXPECT_THAT(Left(), SizeIs(371));
  std::vector<std::pair<uint64_t, std::string>> mended;
  for (const uint64_t id : ids) {
    mended.emplace_back(id, R"({"customer_id":"m)" + std::to_string(id) + "\"}");
  }
  const v1::Job second = Retried(Request(mended));
  EXPECT_EQ(second.successful_rows(), 371u);
  EXPECT_EQ(second.quarantined_rows(), 740u);
  EXPECT_THAT(Left(), IsEmpty());
}

TEST_F(QuarantineRetryTest, AnEmptyQuarantineIsDoneAtOnce) {
  const v1::Job job = Retried(Request({}));
  EXPECT_EQ(job.successful_rows(), 0u);
  EXPECT_EQ(log_->LastPosition(), 0u);
}

TEST_F(QuarantineRetryTest, ALogThatCannotBeWrittenFailsTheJobAndKeepsTheRows) {
  Quarantine({R"({"customer_id":"a"})"});
  queue_.Drain();
  v1::RetryQuarantinedRowsResponse response;
  ASSERT_TRUE(Retry(Request({}), &response).ok());
  const v1::Job job = Ended(response.job());
  EXPECT_EQ(job.state(), v1::JOB_STATE_ERROR);
  EXPECT_THAT(job.error(), HasSubstr("shutting down"));
  EXPECT_THAT(Left(), SizeIs(1));
}

TEST_F(QuarantineRetryTest, RefusesBadRequests) {
  v1::RetryQuarantinedRowsResponse response;
  grpc::Status status = Retry(Request({{1, ""}, {2, ""}, {1, ""}}), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("rows[2].id: got '1', want the id of"));
  status = Retry(Request({{0, ""}}), &response);
  EXPECT_THAT(status.error_message(), HasSubstr("rows[0].id: got '0'"));
  v1::RetryQuarantinedRowsRequest both = Request({{1, ""}});
  both.set_import_id("i");
  status = Retry(both, &response);
  EXPECT_THAT(status.error_message(), HasSubstr("import_id: got 'i', want none beside rows"));
  v1::RetryQuarantinedRowsRequest many = Request({});
  for (uint64_t id = 1; id <= kMaxMendedRows + 1; ++id) many.add_rows()->set_id(id);
  status = Retry(many, &response);
  EXPECT_THAT(status.error_message(), HasSubstr("rows: got '100001 rows', want at most 100000"));
  v1::RetryQuarantinedRowsRequest unknown = Request({});
  unknown.set_data_source("orders");
  EXPECT_EQ(Retry(unknown, &response).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(board_->ListJobs(10), IsEmpty());
}

TEST_F(QuarantineRetryTest, NeedsTheRightToAppend) {
  v1::RetryQuarantinedRowsResponse response;
  EXPECT_EQ(
      Retry(Request({}), &response, NewTokenWith({"DATASOURCES:READ:customers"})).error_code(),
      grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(Retry(Request({}), &response, "").error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(Retry(Request({}), &response, NewTokenWith({"DATASOURCES:APPEND:customers"})).ok());
}

}  // namespace
}  // namespace clv::ingest
