// JWTs with fixed parameters: whatever a request says, on whatever face, the report is asked for
// with what the token fixes.
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/rpc/jwt.h"
#include "common/rpc/server_host.h"
#include "common/rpc/v0_reply.h"
#include "services/query/query_service.h"
#include "tests/services/query/scripted_backends.h"

namespace clv::query {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kAdmin[] = "the-admin";

class NoTokens final : public storage::TokenReader {
 public:
  absl::StatusOr<std::vector<storage::StoredToken>> ListTokens() override {
    return std::vector<storage::StoredToken>();
  }
  absl::StatusOr<int64_t> TokensVersion() override { return 1; }
};

class FixedParamsFacesTest : public ::testing::Test {
 protected:
  static std::string Jwt(std::vector<rpc::FixedScope> scopes) {
    return rpc::SignJwt({.name = "user",
                         .expires_at_seconds = SystemClock().NowSeconds() + 3600,
                         .scopes = std::move(scopes)},
                        kAdmin);
  }

  static std::unique_ptr<grpc::ClientContext> Context(const std::string& token) {
    auto context = std::make_unique<grpc::ClientContext>();
    context->AddMetadata("authorization", "Bearer " + token);
    return context;
  }

  // HTTP status and body of a pipe.
  std::pair<std::string, std::string> Pipe(const std::string& token, const std::string& pipe,
                                           const std::string& query, const std::string& form = "") {
    const auto context = Context(token);
    context->AddMetadata(rpc::kOriginalPathMetadata, "/v0/pipes/" + pipe + "?" + query);
    v1::QueryPipeRequest request;
    request.set_pipe(pipe);
    request.mutable_body()->set_data(form);
    google::api::HttpBody body;
    EXPECT_TRUE(stub_->QueryPipe(context.get(), request, &body).ok());
    const auto& metadata = context->GetServerInitialMetadata();
    const auto status = metadata.find(rpc::kHttpStatusMetadata);
    return {std::string(status->second.data(), status->second.size()), body.data()};
  }

  // Calls an RPC by its name and drops the answer.
  static grpc::Status CallTyped(grpc::GenericStub& stub, const std::string& method,
                                const google::protobuf::Message& request,
                                const std::string& token) {
    const grpc::Slice slice(request.SerializeAsString());
    const grpc::ByteBuffer bytes(&slice, 1);
    grpc::ByteBuffer reply;
    std::promise<grpc::Status> ended;
    const auto context = Context(token);
    stub.UnaryCall(context.get(), "/clv.v1.QueryService/" + method, grpc::StubOptions(), &bytes,
                   &reply, [&](grpc::Status status) { ended.set_value(std::move(status)); });
    return ended.get_future().get();
  }

  FixedClock clock_;
  ScriptedReports reports_;
  ScriptedQuarantine quarantine_;
  ScriptedProgress progress_;
  NoTokens no_tokens_;
  rpc::Authenticator authenticator_{{.admin_token = kAdmin, .tokens = &no_tokens_}};
  rpc::WorkerPool workers_{{.threads = 1}};
  QueryService service_{{.reports = reports_,
                         .quarantine = quarantine_,
                         .progress = progress_,
                         .database_bytes = [] { return uint64_t{4096}; },
                         .clock = clock_},
                        {.authenticator = &authenticator_, .workers = &workers_}};
  std::unique_ptr<rpc::ServerHost> host_ =
      rpc::ServerHost::Start({.address = ""}, {&service_}).value();
  std::unique_ptr<v1::QueryService::Stub> stub_ =
      v1::QueryService::NewStub(host_->InProcessChannel());

  const std::string usa_ = Jwt({{"PIPES:READ:clv_by_segment", {{"country", "USA"}}}});
};

TEST_F(FixedParamsFacesTest, BeatTheUrlOfAPipe) {
  EXPECT_EQ(Pipe(usa_, "clv_by_segment.json", "country=Spain&country=France&customer_segment=Basic")
                .first,
            "200");
  EXPECT_THAT(reports_.scope.filters.country, ElementsAre("USA"));
  EXPECT_THAT(reports_.scope.filters.customer_segment, ElementsAre("Basic"));
}

TEST_F(FixedParamsFacesTest, BeatTheFormOfAPipe) {
  EXPECT_EQ(Pipe(usa_, "clv_by_segment.csv", "", "country=Spain").first, "200");
  EXPECT_THAT(reports_.scope.filters.country, ElementsAre("USA"));
}

TEST_F(FixedParamsFacesTest, CountWhereTheRequestSaysNothingOrNothingMuch) {
  for (const char* query :
       {"", "country=", "country=&country=", "Country=Spain", "%63ountry=Spain"}) {
    reports_.scope = {};
    EXPECT_EQ(Pipe(usa_, "clv_by_segment.json", query).first, "200") << query;
    EXPECT_THAT(reports_.scope.filters.country, ElementsAre("USA")) << query;
  }
}

TEST_F(FixedParamsFacesTest, BeatATypedRequest) {
  v1::GetClvBySegmentRequest request;
  request.add_country("Spain");
  v1::GetClvBySegmentResponse response;
  ASSERT_TRUE(stub_->GetClvBySegment(Context(usa_).get(), request, &response).ok());
  EXPECT_THAT(reports_.scope.filters.country, ElementsAre("USA"));
}

// Every report, on both faces.
TEST_F(FixedParamsFacesTest, BeatEveryReportOnBothFaces) {
  const std::string jwt = Jwt({{"PIPES:READ:*", {{"country", "USA"}}}});
  const google::protobuf::ServiceDescriptor& service =
      *v1::GetWebPageRequest::descriptor()->file()->FindServiceByName("QueryService");
  grpc::GenericStub generic(host_->InProcessChannel());
  int reports = 0;
  for (int i = 0; i < service.method_count(); ++i) {
    const google::protobuf::MethodDescriptor& method = *service.method(i);
    const google::protobuf::FieldDescriptor* country =
        method.input_type()->FindFieldByName("country");
    if (country == nullptr) continue;
    ++reports;
    std::unique_ptr<google::protobuf::Message> request(
        google::protobuf::MessageFactory::generated_factory()
            ->GetPrototype(method.input_type())
            ->New());
    request->GetReflection()->AddString(request.get(), country, "Spain");
    reports_.scope = {};
    EXPECT_TRUE(CallTyped(generic, method.name(), *request, jwt).ok()) << method.name();
    EXPECT_THAT(reports_.scope.filters.country, ElementsAre("USA")) << method.name();
  }
  EXPECT_EQ(reports, 7);
  for (const char* pipe : {"customer_retention", "clv_by_segment", "clv_by_acquisition_source",
                           "purchase_frequency_analysis", "clv_prediction", "customer_segmentation",
                           "total_customer_value"}) {
    reports_.scope = {};
    EXPECT_EQ(Pipe(jwt, std::string(pipe) + ".ndjson", "country=Spain").first, "200") << pipe;
    EXPECT_THAT(reports_.scope.filters.country, ElementsAre("USA")) << pipe;
  }
}

TEST_F(FixedParamsFacesTest, DecideWhichRowsAPipeShows) {
  const std::string jwt =
      Jwt({{"PIPES:READ:purchase_frequency_analysis", {{"view", "order_number"}}}});
  reports_.order_numbers.resize(2);
  const auto [status, body] = Pipe(jwt, "purchase_frequency_analysis.csv", "view=orders");
  EXPECT_EQ(status, "200");
  EXPECT_EQ(reports_.called, "FrequencyByOrderNumber");
  EXPECT_THAT(body, HasSubstr("order_number"));
}

TEST_F(FixedParamsFacesTest, OpenNoOtherPipe) {
  EXPECT_EQ(Pipe(usa_, "clv_prediction.json", "").first, "403");
  v1::GetClvPredictionResponse response;
  EXPECT_EQ(stub_->GetClvPrediction(Context(usa_).get(), {}, &response).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(reports_.called, IsEmpty());
}

TEST_F(FixedParamsFacesTest, ThatThePipeDoesNotHaveAreRefusedRatherThanIgnored) {
  const std::string jwt = Jwt({{"PIPES:READ:clv_by_segment", {{"tenant", "acme"}}}});
  EXPECT_EQ(Pipe(jwt, "clv_by_segment.json", "").first, "403");
  v1::GetClvBySegmentResponse response;
  EXPECT_EQ(stub_->GetClvBySegment(Context(jwt).get(), {}, &response).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(reports_.called, IsEmpty());
}

TEST_F(FixedParamsFacesTest, DoNotOpenTheQuarantine) {
  const std::string jwt = Jwt({{"PIPES:READ:*", {{"country", "USA"}}}});
  EXPECT_EQ(Pipe(jwt, "customers_quarantine.json", "").first, "403");
  v1::ListQuarantinedRowsRequest request;
  request.set_data_source("customers");
  v1::ListQuarantinedRowsResponse response;
  EXPECT_EQ(stub_->ListQuarantinedRows(Context(jwt).get(), request, &response).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(FixedParamsFacesTest, AJwtWithoutThemSeesEverything) {
  const std::string jwt = Jwt({{"PIPES:READ:clv_by_segment", {}}});
  EXPECT_EQ(Pipe(jwt, "clv_by_segment.json", "country=Spain").first, "200");
  EXPECT_THAT(reports_.scope.filters.country, ElementsAre("Spain"));
}

}  // namespace
}  // namespace clv::query
