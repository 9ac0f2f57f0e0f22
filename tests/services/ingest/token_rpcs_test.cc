// The token calls of AdminService over gRPC, on the real token database and admin token file.
#include "services/ingest/token_rpcs.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <string>
#include <vector>

#include "common/rpc/jwt.h"
#include "tests/services/ingest/service_fixture.h"

namespace clv::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class TokenRpcsTest : public ServiceFixture {
 protected:
  grpc::Status Refresh(const std::string& name, v1::RefreshTokenResponse* response,
                       const std::string& token = kAdminToken) {
    v1::RefreshTokenRequest request;
    request.set_name(name);
    return admin_stub_->RefreshToken(Context(token).get(), request, response);
  }

  grpc::Status Update(const v1::UpdateTokenRequest& request, v1::UpdateTokenResponse* response,
                      const std::string& token = kAdminToken) {
    return admin_stub_->UpdateToken(Context(token).get(), request, response);
  }

  grpc::Status CreateJwt(const v1::CreateJwtRequest& request, std::string* jwt,
                         const std::string& token = kAdminToken) {
    v1::CreateJwtResponse response;
    const grpc::Status status = admin_stub_->CreateJwt(Context(token).get(), request, &response);
    *jwt = response.jwt();
    return status;
  }

  static v1::CreateJwtRequest JwtRequest(const std::string& type = "DATASOURCES:APPEND",
                                         const std::string& resource = "customers") {
    v1::CreateJwtRequest request;
    request.set_name("user_1");
    request.set_expiration_time(SystemClock().NowSeconds() + 3600);
    v1::JwtScope* scope = request.add_scopes();
    scope->set_type(type);
    scope->set_resource(resource);
    return request;
  }

  // The HTTP status of an append to `customers`.
  int Append(const std::string& token) {
    return Post("?name=customers", "{\"customer_id\":\"c\"}", token).status;
  }

  v1::ListAuditEntriesResponse Audited(uint32_t limit = 100, uint32_t page = 0) {
    v1::ListAuditEntriesRequest request;
    request.set_limit(limit);
    request.set_page(page);
    v1::ListAuditEntriesResponse response;
    const grpc::Status status =
        admin_stub_->ListAuditEntries(Context(kAdminToken).get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
};

TEST_F(TokenRpcsTest, ARefreshedTokenHasANewTextAndTheOldOneIsRefused) {
  const std::string old_text = NewToken({.name = "loader", .scopes = {"DATASOURCES:APPEND:*"}});
  v1::RefreshTokenResponse refreshed;
  ASSERT_TRUE(Refresh("loader", &refreshed).ok());
  EXPECT_EQ(refreshed.token().name(), "loader");
  EXPECT_THAT(refreshed.token().scopes(), ElementsAre("DATASOURCES:APPEND:*"));
  EXPECT_EQ(refreshed.token().prefix(), refreshed.secret().substr(0, 6));
  EXPECT_EQ(Append(old_text), 403);
  EXPECT_EQ(Append(refreshed.secret()), 202);
}

TEST_F(TokenRpcsTest, RefreshingTheAdminTokenReplacesItAndEndsEveryJwt) {
  std::string jwt;
  ASSERT_TRUE(CreateJwt(JwtRequest(), &jwt).ok());
  ASSERT_EQ(Append(jwt), 202);
  v1::RefreshTokenResponse refreshed;
  ASSERT_TRUE(Refresh("admin", &refreshed).ok());
  EXPECT_EQ(refreshed.token().name(), "admin");
  EXPECT_THAT(refreshed.token().scopes(), ElementsAre("ADMIN"));
  EXPECT_EQ(FindAdminToken(data_), refreshed.secret());
  EXPECT_EQ(Append(kAdminToken), 403);
  EXPECT_EQ(Append(jwt), 403);
  EXPECT_EQ(Append(refreshed.secret()), 202);
  std::string next;
  ASSERT_TRUE(CreateJwt(JwtRequest(), &next, refreshed.secret()).ok());
  EXPECT_EQ(Append(next), 202);
}

TEST_F(TokenRpcsTest, AnAdminTokenOfTheEnvironmentIsNotRefreshed) {
  ::setenv("CLV_ADMIN_TOKEN", "the-token-of-the-environment", 1);
  ASSERT_TRUE(tokens_->AnnounceAdminToken(std::nullopt).ok());
  v1::RefreshTokenResponse refreshed;
  const grpc::Status status = Refresh("admin", &refreshed, "the-token-of-the-environment");
  ::unsetenv("CLV_ADMIN_TOKEN");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("CLV_ADMIN_TOKEN"));
  EXPECT_EQ(FindAdminToken(data_), kAdminToken);
}

TEST_F(TokenRpcsTest, OnlyAnAdminRefreshesOrChangesWhatHasAdmin) {
  const std::string keeper = NewToken({.name = "keeper", .scopes = {"TOKENS"}});
  NewToken({.name = "ops", .scopes = {"ADMIN"}});
  v1::RefreshTokenResponse refreshed;
  EXPECT_EQ(Refresh("ops", &refreshed, keeper).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(Refresh("admin", &refreshed, keeper).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(refreshed.secret(), IsEmpty());
  v1::UpdateTokenRequest update;
  update.set_name("keeper");
  update.add_scopes("ADMIN");
  v1::UpdateTokenResponse updated;
  EXPECT_EQ(Update(update, &updated, keeper).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  update.set_name("ops");
  update.set_scopes(0, "TOKENS");
  EXPECT_EQ(Update(update, &updated, keeper).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  v1::DeleteTokenRequest remove;
  remove.set_name("ops");
  v1::DeleteTokenResponse removed;
  EXPECT_EQ(admin_stub_->DeleteToken(Context(keeper).get(), remove, &removed).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_TRUE(Refresh("keeper", &refreshed, keeper).ok());
  EXPECT_TRUE(Refresh("ops", &refreshed).ok());
}

TEST_F(TokenRpcsTest, AnUpdateChangesWhatItNamesAndKeepsTheRest) {
  const std::string text = NewToken({.name = "loader",
                                     .scopes = {"PIPES:READ:*"},
                                     .description = "old",
                                     .limits = {.requests_per_second = 9}});
  v1::UpdateTokenRequest request;
  request.set_name("loader");
  request.add_scopes("DATASOURCE:APPEND:customers");
  v1::UpdateTokenResponse updated;
  ASSERT_TRUE(Update(request, &updated).ok());
  EXPECT_THAT(updated.token().scopes(), ElementsAre("DATASOURCES:APPEND:customers"));
  EXPECT_EQ(updated.token().description(), "old");
  EXPECT_EQ(updated.token().limits().requests_per_second(), 9);
  EXPECT_EQ(Append(text), 202);

  request.clear_scopes();
  request.set_description("");
  request.mutable_limits()->set_bytes_per_second(1e6);
  ASSERT_TRUE(Update(request, &updated).ok());
  EXPECT_THAT(updated.token().scopes(), ElementsAre("DATASOURCES:APPEND:customers"));
  EXPECT_EQ(updated.token().description(), "");
  EXPECT_FALSE(updated.token().limits().has_requests_per_second());
  EXPECT_EQ(updated.token().limits().bytes_per_second(), 1e6);
}

TEST_F(TokenRpcsTest, RefusesBadUpdatesAndChangesNothing) {
  NewToken({.name = "loader", .scopes = {"PIPES:READ:*"}});
  v1::UpdateTokenRequest request;
  request.set_name("loader");
  request.add_scopes("PIPES:CREATE");
  v1::UpdateTokenResponse updated;
  EXPECT_EQ(Update(request, &updated).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  request.set_scopes(0, "TOKENS");
  request.mutable_limits()->set_requests_per_second(-1);
  EXPECT_EQ(Update(request, &updated).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(tokens_->ListTokens().value().at(0).scopes, ElementsAre("PIPES:READ:*"));
  request.clear_limits();
  request.set_name("nobody");
  EXPECT_EQ(Update(request, &updated).error_code(), grpc::StatusCode::NOT_FOUND);
  request.set_name("admin");
  EXPECT_EQ(Update(request, &updated).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  v1::RefreshTokenResponse refreshed;
  EXPECT_EQ(Refresh("nobody", &refreshed).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(TokenRpcsTest, ATokenIsCreatedWithDescriptionAndLimitsThatCount) {
  v1::CreateTokenRequest request;
  request.set_name("slow");
  request.add_scopes("DATASOURCES:APPEND:*");
  request.set_description("one an hour");
  request.mutable_limits()->set_requests_per_second(1.0 / 3600);
  v1::CreateTokenResponse created;
  ASSERT_TRUE(admin_stub_->CreateToken(Context(kAdminToken).get(), request, &created).ok());
  EXPECT_EQ(created.token().description(), "one an hour");
  EXPECT_EQ(Append(created.secret()), 202);
  const HttpAnswer refused = Post("?name=customers", "{\"customer_id\":\"c\"}", created.secret());
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.headers.at("x-ratelimit-limit"), "1");
  EXPECT_GT(std::stoi(refused.headers.at("retry-after")), 3000);
}

TEST_F(TokenRpcsTest, BytesOfEventsCountAgainstTheLimit) {
  const std::string text = NewToken(
      {.name = "small", .scopes = {"DATASOURCES:APPEND:*"}, .limits = {.bytes_per_second = 100}});
  const std::string body = "{\"customer_id\":\"" + std::string(500, 'c') + "\"}";
  const HttpAnswer first = Post("?name=customers", body, text);
  EXPECT_EQ(first.status, 202);
  EXPECT_EQ(first.headers.at("x-ratelimit-limit"), "100");
  EXPECT_EQ(Post("?name=customers", body, text).status, 429);
}

TEST_F(TokenRpcsTest, AStreamEndsAtTheMessageThatIsBeyondTheLimit) {
  const std::string text = NewToken({.name = "slow",
                                     .scopes = {"DATASOURCES:APPEND:*"},
                                     .limits = {.requests_per_second = 0.001}});
  v1::StreamCustomersResponse response;
  const auto context = Context(text);
  const auto writer = ingest_stub_->StreamCustomers(context.get(), &response);
  v1::StreamCustomersRequest request;
  request.add_customers()->set_customer_id("c");
  writer->Write(request);
  writer->Write(request);
  writer->WritesDone();
  EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(LoggedRows().customers.size(), 1u);
  EXPECT_EQ(context->GetServerInitialMetadata().count("retry-after"), 1u);
}

TEST_F(TokenRpcsTest, AJwtOpensWhatItsScopesSay) {
  std::string jwt;
  ASSERT_TRUE(CreateJwt(JwtRequest(), &jwt).ok());
  EXPECT_TRUE(rpc::LooksLikeJwt(jwt));
  EXPECT_EQ(Append(jwt), 202);
  EXPECT_EQ(Post("?name=purchases", "{}", jwt).status, 403);
  v1::ListTokensResponse list;
  EXPECT_EQ(admin_stub_->ListTokens(Context(jwt).get(), {}, &list).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(TokenRpcsTest, AJwtCarriesFixedParametersAndRate) {
  v1::CreateJwtRequest request = JwtRequest("PIPE:READ", "clv_by_segment");
  (*request.mutable_scopes(0)->mutable_fixed_params())["country"] = "USA";
  request.set_requests_per_second(3);
  std::string jwt;
  ASSERT_TRUE(CreateJwt(request, &jwt).ok());
  const auto claims = rpc::VerifyJwt(jwt, kAdminToken, SystemClock().NowSeconds());
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_EQ(claims->name, "user_1");
  EXPECT_EQ(claims->scopes[0].scope, "PIPES:READ:clv_by_segment");
  EXPECT_EQ(claims->scopes[0].params.at("country"), "USA");
  EXPECT_EQ(claims->requests_per_second, 3.0);
}

TEST_F(TokenRpcsTest, RefusesBadJwts) {
  std::string jwt;
  v1::CreateJwtRequest request = JwtRequest();
  request.set_expiration_time(SystemClock().NowSeconds());
  EXPECT_EQ(CreateJwt(request, &jwt).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  for (const char* type : {"ADMIN", "TOKENS", "DATASOURCES:CREATE", ""}) {
    const grpc::Status status = CreateJwt(JwtRequest(type), &jwt);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(status.error_message(), HasSubstr("scopes[0].type"));
  }
  EXPECT_EQ(CreateJwt(JwtRequest("PIPES:READ", "nothing"), &jwt).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  request = JwtRequest();
  request.clear_scopes();
  EXPECT_EQ(CreateJwt(request, &jwt).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  request = JwtRequest("PIPES:READ", "clv_by_segment");
  (*request.mutable_scopes(0)->mutable_fixed_params())["country"] = std::string(8'000, 'x');
  const grpc::Status too_long = CreateJwt(request, &jwt);
  EXPECT_EQ(too_long.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(too_long.error_message(), HasSubstr("at most 8192"));
  EXPECT_THAT(Audited().entries(), IsEmpty());
}

TEST_F(TokenRpcsTest, ACallerGivesNoScopeThatItLacks) {
  const std::string keeper =
      NewToken({.name = "keeper", .scopes = {"TOKENS", "DATASOURCES:APPEND:customers"}});
  std::string jwt;
  EXPECT_TRUE(CreateJwt(JwtRequest(), &jwt, keeper).ok());
  EXPECT_EQ(CreateJwt(JwtRequest("DATASOURCES:APPEND", "*"), &jwt, keeper).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(CreateJwt(JwtRequest("PIPES:READ", "clv_by_segment"), &jwt, keeper).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(TokenRpcsTest, EveryChangeIsInTheAuditLogWithItsActorAndRequest) {
  v1::CreateTokenRequest create;
  create.set_name("loader");
  create.add_scopes("TOKENS");
  v1::CreateTokenResponse created;
  const auto context = Context(kAdminToken);
  context->AddMetadata("x-request-id", "request-7");
  ASSERT_TRUE(admin_stub_->CreateToken(context.get(), create, &created).ok());
  v1::UpdateTokenRequest update;
  update.set_name("loader");
  update.set_description("x");
  v1::UpdateTokenResponse updated;
  ASSERT_TRUE(Update(update, &updated, created.secret()).ok());
  v1::RefreshTokenResponse refreshed;
  ASSERT_TRUE(Refresh("loader", &refreshed).ok());
  std::string jwt;
  ASSERT_TRUE(CreateJwt(JwtRequest(), &jwt).ok());
  v1::DeleteTokenRequest remove;
  remove.set_name("loader");
  v1::DeleteTokenResponse removed;
  ASSERT_TRUE(admin_stub_->DeleteToken(Context(kAdminToken).get(), remove, &removed).ok());

  const v1::ListAuditEntriesResponse list = Audited();
  EXPECT_EQ(list.total_entries(), 5u);
  ASSERT_EQ(list.entries_size(), 5);
  std::vector<std::string> lines;
  for (const v1::AuditEntry& entry : list.entries()) {
    lines.push_back(entry.actor() + " " + entry.action() + " " + entry.subject());
    EXPECT_GT(entry.time().seconds(), 1'600'000'000);
    EXPECT_THAT(entry.request_id(), Not(IsEmpty()));
  }
  EXPECT_THAT(lines, ElementsAre("admin token.delete loader", "admin jwt.create user_1",
                                 "admin token.refresh loader", "loader token.update loader",
                                 "admin token.create loader"));
  EXPECT_EQ(list.entries(4).request_id(), "request-7");
  EXPECT_GT(list.entries(0).id(), list.entries(4).id());
  for (const std::string& secret : {created.secret(), refreshed.secret(), jwt}) {
    EXPECT_THAT(list.ShortDebugString(), Not(HasSubstr(secret)));
  }
}

TEST_F(TokenRpcsTest, TheAuditLogIsPagedAndOpenToAdminsOnly) {
  for (const char* name : {"a", "b", "c"}) {
    v1::CreateTokenRequest create;
    create.set_name(name);
    create.add_scopes("TOKENS");
    v1::CreateTokenResponse created;
    ASSERT_TRUE(admin_stub_->CreateToken(Context(kAdminToken).get(), create, &created).ok());
  }
  ASSERT_EQ(Audited(2, 1).entries_size(), 1);
  EXPECT_EQ(Audited(2, 1).entries(0).subject(), "a");
  v1::ListAuditEntriesRequest request;
  request.set_limit(0);
  v1::ListAuditEntriesResponse response;
  EXPECT_EQ(
      admin_stub_->ListAuditEntries(Context(kAdminToken).get(), request, &response).error_code(),
      grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(admin_stub_->ListAuditEntries(Context(NewTokenWith({"TOKENS"})).get(), {}, &response)
                .error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
}

}  // namespace
}  // namespace clv::ingest
