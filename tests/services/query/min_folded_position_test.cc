// Reports that wait until a position of the log is folded.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/rpc/server_host.h"
#include "common/rpc/v0_reply.h"
#include "services/query/query_service.h"
#include "tests/common/storage/manual_fold_progress.h"
#include "tests/services/query/scripted_backends.h"

namespace clv::query {
namespace {

using ::testing::HasSubstr;

constexpr std::chrono::milliseconds kShort(30);
constexpr std::chrono::seconds kLong(60);

class MinFoldedPositionTest : public ::testing::Test {
 protected:
  struct Answer {
    grpc::Status status;
    std::string http_status;
    std::string body;
  };

  static void Prepare(grpc::ClientContext& context, std::chrono::milliseconds time) {
    context.AddMetadata("authorization", "Bearer the-admin");
    context.set_deadline(std::chrono::system_clock::now() + time);
  }

  Answer Segments(uint64_t position, std::chrono::milliseconds time = kLong) {
    grpc::ClientContext context;
    Prepare(context, time);
    v1::GetClvBySegmentRequest request;
    request.set_min_folded_position(position);
    v1::GetClvBySegmentResponse response;
    return {stub_->GetClvBySegment(&context, request, &response), "", ""};
  }

  Answer Customer(uint64_t position) {
    grpc::ClientContext context;
    Prepare(context, kLong);
    v1::GetTotalCustomerValueRequest request;
    request.add_customer_id("c1");
    request.set_min_folded_position(position);
    v1::GetTotalCustomerValueResponse response;
    return {stub_->GetTotalCustomerValue(&context, request, &response), "", ""};
  }

  Answer Pipe(const std::string& pipe, const std::string& position,
              std::chrono::milliseconds time = kLong) {
    grpc::ClientContext context;
    Prepare(context, time);
    context.AddMetadata(rpc::kOriginalPathMetadata,
                        "/v0/pipes/" + pipe + "?min_folded_position=" + position);
    v1::QueryPipeRequest request;
    request.set_pipe(pipe);
    google::api::HttpBody body;
    Answer answer{stub_->QueryPipe(&context, request, &body), "", ""};
    answer.body = body.data();
    const auto found = context.GetServerInitialMetadata().find(rpc::kHttpStatusMetadata);
    if (found != context.GetServerInitialMetadata().end()) {
      answer.http_status = {found->second.data(), found->second.size()};
    }
    return answer;
  }

  template <typename Call>
  static std::future<Answer> Start(Call call) {
    return std::async(std::launch::async, std::move(call));
  }

  FixedClock clock_;
  ScriptedReports reports_;
  ScriptedQuarantine quarantine_;
  storage::ManualFoldProgress progress_;
  rpc::Authenticator authenticator_{{.admin_token = "the-admin"}};
  rpc::WorkerPool workers_{{.threads = 1}};
  QueryService service_{{.reports = reports_,
                         .quarantine = quarantine_,
                         .progress = progress_,
                         .database_bytes = [] { return uint64_t{4096}; },
                         .clock = clock_,
                         .answers_at_once = [] { return true; }},
                        {.authenticator = &authenticator_, .workers = &workers_}};
  std::unique_ptr<rpc::ServerHost> host_ =
      rpc::ServerHost::Start({.address = ""}, {&service_}).value();
  const std::unique_ptr<v1::QueryService::Stub> stub_ =
      v1::QueryService::NewStub(host_->InProcessChannel());
};

TEST_F(MinFoldedPositionTest, AReportIsAnsweredOnceItIsFolded) {
  std::future<Answer> segments = Start([this] { return Segments(5); });
  std::future<Answer> customer = Start([this] { return Customer(5); });
  std::future<Answer> pipe = Start([this] { return Pipe("clv_by_segment.json", "5"); });
  progress_.FoldThrough(4);
  EXPECT_EQ(segments.wait_for(kShort), std::future_status::timeout);
  EXPECT_EQ(customer.wait_for(kShort), std::future_status::timeout);
  EXPECT_EQ(pipe.wait_for(kShort), std::future_status::timeout);
  progress_.FoldThrough(6);
  EXPECT_TRUE(segments.get().status.ok());
  EXPECT_TRUE(customer.get().status.ok());
  EXPECT_EQ(pipe.get().http_status, "200");
}

TEST_F(MinFoldedPositionTest, WhatIsFoldedIsNotWaitedFor) {
  progress_.FoldThrough(5);
  EXPECT_TRUE(Segments(5).status.ok());
  EXPECT_TRUE(Customer(0).status.ok());
  EXPECT_EQ(Pipe("clv_by_segment.json", "").http_status, "200");
}

TEST_F(MinFoldedPositionTest, WhatIsNotFoldedInTimeIsSaid) {
  progress_.FoldThrough(5);
  const Answer segments = Segments(6, std::chrono::milliseconds(500));
  EXPECT_EQ(segments.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_THAT(segments.status.error_message(),
              HasSubstr("min_folded_position: 6 is not folded yet, 5 is"));
  const Answer pipe = Pipe("clv_by_segment.json", "6", std::chrono::milliseconds(500));
  EXPECT_EQ(pipe.http_status, "408");
  EXPECT_THAT(pipe.body, HasSubstr("min_folded_position: 6 is not folded yet, 5 is"));
}

TEST_F(MinFoldedPositionTest, WhoWaitsKeepsNoWorkerFromOthers) {
  std::vector<std::future<Answer>> waiting;
  for (int i = 0; i < 5; ++i) waiting.push_back(Start([this] { return Segments(9); }));
  EXPECT_EQ(waiting.front().wait_for(kShort), std::future_status::timeout);
  EXPECT_TRUE(Segments(0).status.ok());
  progress_.FoldThrough(9);
  for (std::future<Answer>& answer : waiting) EXPECT_TRUE(answer.get().status.ok());
}

TEST_F(MinFoldedPositionTest, ABadPositionAndAnUnknownPipeAreRefusedAtOnce) {
  const Answer bad = Pipe("clv_by_segment.json", "soon");
  EXPECT_EQ(bad.http_status, "400");
  EXPECT_THAT(bad.body, HasSubstr("min_folded_position"));
  EXPECT_EQ(Pipe("nothing.json", "9").http_status, "404");
}

}  // namespace
}  // namespace clv::query
