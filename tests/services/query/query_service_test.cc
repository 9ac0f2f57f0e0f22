#include "services/query/query_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/rpc/server_host.h"
#include "common/rpc/v0_reply.h"
#include "tests/services/query/scripted_backends.h"

namespace clv::query {
namespace {

using ::testing::HasSubstr;

class QueryServiceTest : public ::testing::Test {
 protected:
  QueryServiceTest() : stub_(v1::QueryService::NewStub(host_->InProcessChannel())) {
    context_.AddMetadata("authorization", "Bearer the-admin");
  }

  std::string Header(const std::string& name) const {
    const auto found = context_.GetServerInitialMetadata().find(name);
    return found == context_.GetServerInitialMetadata().end()
               ? ""
               : std::string(found->second.data(), found->second.size());
  }

  google::api::HttpBody Pipe(const std::string& pipe, const std::string& query) {
    context_.AddMetadata(rpc::kOriginalPathMetadata, "/v0/pipes/" + pipe + "?" + query);
    v1::QueryPipeRequest request;
    request.set_pipe(pipe);
    google::api::HttpBody body;
    EXPECT_TRUE(stub_->QueryPipe(&context_, request, &body).ok());
    return body;
  }

  FixedClock clock_;
  ScriptedReports reports_;
  ScriptedQuarantine quarantine_;
  ScriptedProgress progress_;
  rpc::Authenticator authenticator_{{.admin_token = "the-admin"}};
  rpc::WorkerPool workers_{{.threads = 1}};
  QueryService service_{{.reports = reports_,
                         .quarantine = quarantine_,
                         .progress = progress_,
                         .database_bytes = [] { return uint64_t{4096}; },
                         .clock = clock_},
                        {.authenticator = &authenticator_, .workers = &workers_}};
  std::unique_ptr<rpc::ServerHost> host_ =
      rpc::ServerHost::Start({.address = ""}, {&service_}).value();
  std::unique_ptr<v1::QueryService::Stub> stub_;
  grpc::ClientContext context_;
};

TEST_F(QueryServiceTest, AnswersATypedReport) {
  reports_.segments.resize(3);
  v1::GetClvBySegmentResponse response;
  ASSERT_TRUE(stub_->GetClvBySegment(&context_, {}, &response).ok());
  EXPECT_EQ(response.rows_size(), 3);
}

TEST_F(QueryServiceTest, RefusesATypedReportWithAFieldViolation) {
  v1::GetClvBySegmentRequest request;
  request.set_limit(100'001);
  v1::GetClvBySegmentResponse response;
  const grpc::Status status = stub_->GetClvBySegment(&context_, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_details(), HasSubstr("google.rpc.BadRequest"));
}

TEST_F(QueryServiceTest, AnswersAPipe) {
  const google::api::HttpBody body = Pipe("clv_by_segment.json", "country=USA");
  EXPECT_EQ(Header(rpc::kHttpStatusMetadata), "200");
  EXPECT_EQ(body.content_type(), "application/json; charset=UTF-8");
  EXPECT_THAT(body.data(), HasSubstr("\"meta\""));
  EXPECT_THAT(reports_.scope.filters.country, ::testing::ElementsAre("USA"));
}

TEST_F(QueryServiceTest, SendsTheContextOfAPipeAsAHeader) {
  Pipe("clv_by_segment.csv", "");
  EXPECT_THAT(Header("x-clv-context"), HasSubstr("\"as_of\":\"2023-06-20 09:15:00\""));
}

TEST_F(QueryServiceTest, RefusesABadParameterOfAPipe) {
  const google::api::HttpBody body = Pipe("clv_by_segment.json", "limit=-1");
  EXPECT_EQ(Header(rpc::kHttpStatusMetadata), "400");
  EXPECT_EQ(
      body.data(),
      R"j({"error": "The value of the LIMIT expression cannot be taken: limit: got '-1', want a whole )j"
      R"j(number from 0 to 100000 (INVALID_LIMIT_EXPRESSION)", "documentation": "/#query-parameters"})j");
}

TEST_F(QueryServiceTest, RefusesAFormThatIsNone) {
  context_.AddMetadata(rpc::kOriginalPathMetadata, "/v0/pipes/clv_by_segment.json");
  v1::QueryPipeRequest request;
  request.set_pipe("clv_by_segment.json");
  request.mutable_body()->set_content_type("application/json");
  request.mutable_body()->set_data("{}");
  google::api::HttpBody body;
  ASSERT_TRUE(stub_->QueryPipe(&context_, request, &body).ok());
  EXPECT_EQ(Header(rpc::kHttpStatusMetadata), "400");
  EXPECT_EQ(reports_.called, "");
}

TEST_F(QueryServiceTest, TakesParametersOfQueryAndForm) {
  context_.AddMetadata(rpc::kOriginalPathMetadata, "/v0/pipes/clv_by_segment.json?country=USA");
  v1::QueryPipeRequest request;
  request.set_pipe("clv_by_segment.json");
  request.mutable_body()->set_data("country=UK&limit=3");
  google::api::HttpBody body;
  ASSERT_TRUE(stub_->QueryPipe(&context_, request, &body).ok());
  EXPECT_THAT(reports_.scope.filters.country, ::testing::ElementsAre("USA", "UK"));
  EXPECT_EQ(reports_.scope.range.limit, 3u);
}

TEST_F(QueryServiceTest, ListsPipes) {
  v1::ListPipesResponse response;
  ASSERT_TRUE(stub_->ListPipes(&context_, {}, &response).ok());
  EXPECT_EQ(response.pipes_size(), 11);
}

TEST_F(QueryServiceTest, DescribesPipes) {
  context_.AddMetadata(rpc::kOriginalPathMetadata, "/v0/pipes?attrs=name");
  google::api::HttpBody body;
  ASSERT_TRUE(stub_->DescribePipes(&context_, {}, &body).ok());
  EXPECT_EQ(Header(rpc::kHttpStatusMetadata), "200");
  EXPECT_THAT(body.data(), HasSubstr(R"({"name":"clv_by_segment","url":)"));
}

TEST_F(QueryServiceTest, DescribesOnePipe) {
  EXPECT_THAT(Pipe("clv_by_segment", "").data(), HasSubstr(R"("path":"endpoints/)"));
  EXPECT_EQ(Header(rpc::kHttpStatusMetadata), "200");
}

TEST_F(QueryServiceTest, DescribesAllAsOpenApi) {
  EXPECT_THAT(Pipe("openapi.json", "").data(), HasSubstr(R"({"openapi":"3.0.3")"));
}

TEST_F(QueryServiceTest, AnUnknownPipeIs404WithOrWithoutExtension) {
  EXPECT_EQ(Pipe("nothing", "").data(),
            R"({"error": "Pipe 'nothing' not found", "documentation": "/#pipes"})");
  EXPECT_EQ(Header(rpc::kHttpStatusMetadata), "404");
}

TEST_F(QueryServiceTest, ASlowPipeIs408) {
  reports_.status = absl::DeadlineExceededError("the report took too long");
  Pipe("clv_by_segment.json", "");
  EXPECT_EQ(Header(rpc::kHttpStatusMetadata), "408");
}

TEST_F(QueryServiceTest, APipeHasTenSecondsWhateverTheDeadline) {
  context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  Pipe("clv_by_segment.json", "");
  EXPECT_LE(reports_.scope.deadline, std::chrono::steady_clock::now() + std::chrono::seconds(10));
}

TEST_F(QueryServiceTest, APipeKeepsAShorterDeadline) {
  context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
  Pipe("clv_by_segment.json", "");
  EXPECT_LE(reports_.scope.deadline, std::chrono::steady_clock::now() + std::chrono::seconds(6));
}

TEST_F(QueryServiceTest, APipeWithoutStoreIs503) {
  reports_.status = absl::UnavailableError("there are no data files yet");
  Pipe("clv_by_segment.json", "");
  EXPECT_EQ(Header(rpc::kHttpStatusMetadata), "503");
}

TEST_F(QueryServiceTest, ServesTheWebPageToEverybody) {
  grpc::ClientContext context;
  google::api::HttpBody body;
  ASSERT_TRUE(stub_->GetWebPage(&context, {}, &body).ok());
  EXPECT_EQ(body.content_type(), "text/html; charset=UTF-8");
  EXPECT_EQ(context.GetServerInitialMetadata().count("content-security-policy"), 1u);
}

TEST_F(QueryServiceTest, ReportsItsStatus) {
  v1::GetClvBySegmentResponse report;
  grpc::ClientContext other;
  other.AddMetadata("authorization", "Bearer the-admin");
  ASSERT_TRUE(stub_->GetClvBySegment(&other, {}, &report).ok());
  v1::GetQueryStatusResponse response;
  ASSERT_TRUE(stub_->GetQueryStatus(&context_, {}, &response).ok());
  EXPECT_EQ(response.status().folded_position(), 9u);
  EXPECT_EQ(response.status().reports(), 1u);
  EXPECT_EQ(response.status().database_bytes(), 4096u);
}

TEST_F(QueryServiceTest, HasAStatusBeforeThereIsAStore) {
  progress_.position = absl::UnavailableError("no store");
  v1::GetQueryStatusResponse response;
  ASSERT_TRUE(stub_->GetQueryStatus(&context_, {}, &response).ok());
  EXPECT_EQ(response.status().folded_position(), 0u);
}

}  // namespace
}  // namespace clv::query
