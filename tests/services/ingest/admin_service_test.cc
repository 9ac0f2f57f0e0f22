#include "services/ingest/admin_service.h"

#include <gmock/gmock.h>

#include <string>

#include "tests/services/ingest/service_fixture.h"

namespace clv::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AdminServiceTest : public ServiceFixture {
 protected:
  grpc::Status Create(const std::string& name, const std::string& scope,
                      v1::CreateTokenResponse* response, const std::string& token = kAdminToken) {
    v1::CreateTokenRequest request;
    request.set_name(name);
    request.add_scopes(scope);
    return admin_stub_->CreateToken(Context(token).get(), request, response);
  }

  grpc::Status Delete(const std::string& name) {
    v1::DeleteTokenRequest request;
    request.set_name(name);
    v1::DeleteTokenResponse response;
    return admin_stub_->DeleteToken(Context().get(), request, &response);
  }
};

TEST_F(AdminServiceTest, ACreatedTokenWorksUntilItIsDeleted) {
  v1::CreateTokenResponse created;
  ASSERT_TRUE(Create("loader", "DATASOURCE:APPEND:customers", &created).ok());
  EXPECT_EQ(created.token().name(), "loader");
  EXPECT_THAT(created.token().scopes(), ElementsAre("DATASOURCES:APPEND:customers"));
  EXPECT_EQ(created.token().prefix(), created.secret().substr(0, 6));
  EXPECT_GT(created.token().create_time().seconds(), 1'600'000'000);
  EXPECT_EQ(Post("?name=customers", "{\"customer_id\":\"c\"}", created.secret()).status, 202);
  ASSERT_TRUE(Delete("loader").ok());
  EXPECT_EQ(Post("?name=customers", "{\"customer_id\":\"c\"}", created.secret()).status, 403);
}

TEST_F(AdminServiceTest, ListsTokensWithoutTheirTexts) {
  v1::CreateTokenResponse created;
  ASSERT_TRUE(Create("b", "TOKENS", &created).ok());
  ASSERT_TRUE(Create("a", "PIPES:READ:*", &created).ok());
  v1::ListTokensResponse list;
  ASSERT_TRUE(admin_stub_->ListTokens(Context().get(), v1::ListTokensRequest(), &list).ok());
  ASSERT_EQ(list.tokens_size(), 2);
  EXPECT_EQ(list.tokens(0).name(), "a");
  EXPECT_THAT(list.ShortDebugString(), ::testing::Not(HasSubstr(created.secret())));
}

TEST_F(AdminServiceTest, RefusesBadTokens) {
  v1::CreateTokenResponse created;
  EXPECT_EQ(Create("", "TOKENS", &created).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  const grpc::Status unknown = Create("t", "DATASOURCES:APPEND:orders", &created);
  EXPECT_EQ(unknown.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(unknown.error_message(), HasSubstr("scopes[0]"));
  ASSERT_TRUE(Create("t", "TOKENS", &created).ok());
  EXPECT_EQ(Create("t", "TOKENS", &created).error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_EQ(Delete("nobody").error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Delete("admin").error_code(), grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(AdminServiceTest, OpensOnlyToAdministrators) {
  v1::CreateTokenResponse created;
  EXPECT_EQ(Create("t", "TOKENS", &created, "").error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(Create("t", "TOKENS", &created, NewTokenWith({"DATASOURCES:APPEND:*"})).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  const std::string tokens_only = NewTokenWith({"TOKENS"});
  EXPECT_TRUE(Create("t", "TOKENS", &created, tokens_only).ok());
  EXPECT_EQ(Create("u", "ADMIN", &created, tokens_only).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  v1::GetStatusResponse status;
  EXPECT_EQ(admin_stub_->GetStatus(Context(tokens_only).get(), v1::GetStatusRequest(), &status)
                .error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(AdminServiceTest, ReportsTheStateOfIngestAndWhoIsMissing) {
  Post("?name=purchases", "{}{}");
  Post("?name=customers", "{\"customer_id\":\"c\"}");
  v1::GetStatusResponse status;
  ASSERT_TRUE(admin_stub_->GetStatus(Context().get(), v1::GetStatusRequest(), &status).ok());
  EXPECT_EQ(status.version(), "1.2.3");
  EXPECT_EQ(status.ingest().log_position(), 1u);
  EXPECT_EQ(status.ingest().first_retained_position(), 1u);
  EXPECT_EQ(status.ingest().accepted_rows(), 1u);
  EXPECT_EQ(status.ingest().queued_rows(), 0u);
  EXPECT_GT(status.ingest().log_bytes(), 0u);
  ASSERT_EQ(status.ingest().quarantine_size(), 3);
  EXPECT_EQ(status.ingest().quarantine(1).data_source(), "purchases");
  EXPECT_EQ(status.ingest().quarantine(1).rows(), 2u);
  EXPECT_FALSE(status.has_aggregation());
  EXPECT_THAT(status.problems(),
              ElementsAre("aggregation is not connected", "query is not connected"));
}

// Answers for aggregation and query, and remembers the caller's credential.
class OtherAggregation final : public v1::AggregationService::Service {
 public:
  grpc::Status GetAggregationStatus(grpc::ServerContext* context,
                                    const v1::GetAggregationStatusRequest* /*request*/,
                                    v1::GetAggregationStatusResponse* response) override {
    const auto found = context->client_metadata().find("authorization");
    if (found != context->client_metadata().end())
      credential = {found->second.data(), found->second.size()};
    response->mutable_status()->set_folded_position(7);
    return grpc::Status::OK;
  }
  std::string credential;
};

class OtherQuery final : public v1::QueryService::Service {
 public:
  grpc::Status GetQueryStatus(grpc::ServerContext* /*context*/,
                              const v1::GetQueryStatusRequest* /*request*/,
                              v1::GetQueryStatusResponse* response) override {
    response->mutable_status()->set_folded_position(6);
    return grpc::Status::OK;
  }
};

TEST_F(AdminServiceTest, JoinsTheStatesOfTheOthers) {
  OtherAggregation aggregation;
  OtherQuery query;
  auto others = rpc::ServerHost::Start({.address = "127.0.0.1:0"}, {&aggregation, &query}).value();
  const auto channel = grpc::CreateChannel(others->address(), grpc::InsecureChannelCredentials());
  AdminService admin({.dispatch = dispatch_,
                      .tokens = tokens_.get(),
                      .audit = &audit_,
                      .directory = data_,
                      .clock = &SystemClock(),
                      .log = log_.get(),
                      .queue = &queue_,
                      .version = "1"});
  admin.Connect(channel, channel);
  auto host = rpc::ServerHost::Start({.address = "127.0.0.1:0"}, {&admin}).value();
  const auto stub = v1::AdminService::NewStub(
      grpc::CreateChannel(host->address(), grpc::InsecureChannelCredentials()));
  v1::GetStatusResponse status;
  ASSERT_TRUE(stub->GetStatus(Context().get(), v1::GetStatusRequest(), &status).ok());
  EXPECT_EQ(status.aggregation().folded_position(), 7u);
  EXPECT_EQ(status.query().folded_position(), 6u);
  EXPECT_THAT(status.problems(), IsEmpty());
  EXPECT_EQ(aggregation.credential, std::string("Bearer ") + kAdminToken);

  others->Drain(std::chrono::seconds(1));
  others.reset();
  ASSERT_TRUE(stub->GetStatus(Context().get(), v1::GetStatusRequest(), &status).ok());
  EXPECT_FALSE(status.has_aggregation());
  EXPECT_EQ(status.problems_size(), 2);
  host->Drain(std::chrono::seconds(1));
}

}  // namespace
}  // namespace clv::ingest
