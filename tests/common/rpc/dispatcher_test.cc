#include "common/rpc/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "clv/v1/admin_service.grpc.pb.h"
#include "clv/v1/query_service.grpc.pb.h"
#include "common/rpc/jwt.h"
#include "common/rpc/server_host.h"
#include "common/rpc/status_conversion.h"
#include "google/rpc/status.pb.h"
#include "tests/common/rpc/fake_tokens.h"

namespace clv::rpc {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A call that its handler did not end.
struct PendingCall {
  v1::CreateTokenResponse* response = nullptr;
  Dispatcher::Done done;
};

// ListTokens needs scope TOKENS; its handler is the test's. DeleteToken asks the dispatcher for a
// method that no proto declares.
class TestAdminService : public v1::AdminService::CallbackService {
 public:
  using Handler = std::function<absl::StatusOr<v1::ListTokensResponse>(CallContext&)>;

  explicit TestAdminService(Dispatcher::Options options)
      : dispatcher_("clv.v1.AdminService", options) {}

  grpc::ServerUnaryReactor* ListTokens(grpc::CallbackServerContext* context,
                                       const v1::ListTokensRequest*,
                                       v1::ListTokensResponse* response) override {
    return dispatcher_.Serve(context, "ListTokens", response, handler);
  }

  grpc::ServerUnaryReactor* CreateToken(grpc::CallbackServerContext* context,
                                        const v1::CreateTokenRequest*,
                                        v1::CreateTokenResponse* response) override {
    return dispatcher_.ServeAsync(context, "CreateToken",
                                  [this, response](CallContext&, Dispatcher::Done done) {
                                    pending.set_value({response, std::move(done)});
                                  });
  }

  grpc::ServerUnaryReactor* DeleteToken(grpc::CallbackServerContext* context,
                                        const v1::DeleteTokenRequest*,
                                        v1::DeleteTokenResponse* response) override {
    return dispatcher_.Serve(context, "NoSuchMethod", response,
                             [](CallContext&) { return v1::DeleteTokenResponse(); });
  }

  // Answered on gRPC's thread.
  grpc::ServerUnaryReactor* UpdateToken(grpc::CallbackServerContext* context,
                                        const v1::UpdateTokenRequest*,
                                        v1::UpdateTokenResponse* response) override {
    const auto thread = std::this_thread::get_id();
    return dispatcher_.Serve(
        context, "UpdateToken", response,
        [this, thread](CallContext& call) -> absl::StatusOr<v1::UpdateTokenResponse> {
          EXPECT_EQ(std::this_thread::get_id(), thread);
          EXPECT_EQ(call.caller().name, "keeper");
          ++answered_here;
          return here;
        },
        nullptr, Dispatcher::RunOn::kCallingThread);
  }

  Handler handler = [](CallContext&) { return v1::ListTokensResponse(); };
  absl::StatusOr<v1::UpdateTokenResponse> here = v1::UpdateTokenResponse();
  std::atomic<int> answered_here = 0;
  std::promise<PendingCall> pending;  // the call of CreateToken, for the test to end

 private:
  Dispatcher dispatcher_;
};

// The /v0 face: any token; its handler is the test's.
class TestQueryService : public v1::QueryService::CallbackService {
 public:
  explicit TestQueryService(Dispatcher::Options options)
      : dispatcher_("clv.v1.QueryService", options) {}

  grpc::ServerUnaryReactor* QueryPipe(grpc::CallbackServerContext* context,
                                      const v1::QueryPipeRequest* request,
                                      google::api::HttpBody* response) override {
    return dispatcher_.ServeV0(context, "QueryPipe", &request->body(), response, handler);
  }

  grpc::ServerUnaryReactor* GetWebPage(grpc::CallbackServerContext* context,
                                       const v1::GetWebPageRequest*,
                                       google::api::HttpBody* response) override {
    return dispatcher_.ServeV0(context, "GetWebPage", nullptr, response, handler);
  }

  Dispatcher::V0Handler handler = [](CallContext& call) {
    return V0Reply{.body = call.caller().name};
  };

 private:
  Dispatcher dispatcher_;
};

class DispatcherTest : public ::testing::Test {
 protected:
  DispatcherTest() {
    tokens_.Add("keeper", "keeper-secret", {"TOKENS"});
    tokens_.Add("reader", "reader-secret", {"PIPES:READ:*"});
    host_ = ServerHost::Start({.address = ""}, {&admin_, &query_}).value();
    admin_stub_ = v1::AdminService::NewStub(host_->InProcessChannel());
    query_stub_ = v1::QueryService::NewStub(host_->InProcessChannel());
  }

  static void SetToken(grpc::ClientContext* context, const std::string& token) {
    context->AddMetadata("authorization", "Bearer " + token);
  }

  grpc::Status ListTokens(const std::string& token) {
    grpc::ClientContext context;
    if (!token.empty()) SetToken(&context, token);
    v1::ListTokensResponse response;
    return admin_stub_->ListTokens(&context, {}, &response);
  }

  // Calls QueryPipe; the reply's HTTP status comes from its metadata.
  std::pair<std::string, std::string> QueryPipe(grpc::ClientContext* context,
                                                const std::string& path,
                                                const std::string& form = "") {
    if (!path.empty()) context->AddMetadata(kOriginalPathMetadata, path);
    v1::QueryPipeRequest request;
    request.mutable_body()->set_data(form);
    google::api::HttpBody response;
    const grpc::Status status = query_stub_->QueryPipe(context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return {HttpStatus(*context), response.data()};
  }

  static std::string HttpStatus(const grpc::ClientContext& context) {
    const auto& metadata = context.GetServerInitialMetadata();
    const auto found = metadata.find(kHttpStatusMetadata);
    return found == metadata.end() ? "" : std::string(found->second.data(), found->second.size());
  }

  FakeTokens tokens_;
  Authenticator authenticator_{{.admin_token = "the-admin",
                                .tokens = &tokens_,
                                .refresh_interval = std::chrono::milliseconds(0)}};
  WorkerPool workers_{{.threads = 1, .max_queued = 1}};
  RateLimiter limiter_{{}};
  TestAdminService admin_{
      {.authenticator = &authenticator_, .workers = &workers_, .limiter = &limiter_}};
  TestQueryService query_{
      {.authenticator = &authenticator_, .workers = &workers_, .limiter = &limiter_}};
  std::unique_ptr<ServerHost> host_;
  std::unique_ptr<v1::AdminService::Stub> admin_stub_;
  std::unique_ptr<v1::QueryService::Stub> query_stub_;
};

TEST_F(DispatcherTest, AdmitsTheScopeOfTheMethod) {
  EXPECT_TRUE(ListTokens("keeper-secret").ok());
  EXPECT_TRUE(ListTokens("the-admin").ok());
}

TEST_F(DispatcherTest, RefusesACallWithoutToken) {
  EXPECT_EQ(ListTokens("").error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(DispatcherTest, RefusesAnUnknownToken) {
  EXPECT_EQ(ListTokens("nonsense").error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(DispatcherTest, RefusesATokenWithoutTheScope) {
  const grpc::Status status = ListTokens("reader-secret");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(status.error_message(), HasSubstr("TOKENS"));
}

TEST_F(DispatcherTest, RefusesAMethodWithoutARule) {
  grpc::ClientContext context;
  SetToken(&context, "the-admin");
  v1::DeleteTokenResponse response;
  EXPECT_EQ(admin_stub_->DeleteToken(&context, {}, &response).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(DispatcherTest, DoesNotRunTheHandlerOfARefusedCall) {
  bool ran = false;
  admin_.handler = [&](CallContext&) {
    ran = true;
    return v1::ListTokensResponse();
  };
  ListTokens("reader-secret");
  EXPECT_FALSE(ran);
}

TEST_F(DispatcherTest, WhatIsServedHereIsAdmittedAndConcludedLikeEverythingElse) {
  const auto update = [&](const std::string& token) {
    grpc::ClientContext context;
    SetToken(&context, token);
    v1::UpdateTokenResponse response;
    return admin_stub_->UpdateToken(&context, {}, &response);
  };
  EXPECT_TRUE(update("keeper-secret").ok());
  EXPECT_EQ(admin_.answered_here, 1);
  EXPECT_EQ(update("nonsense").error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(update("reader-secret").error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(admin_.answered_here, 1) << "refused calls do not run";
  admin_.here = absl::InternalError("a secret of ours");
  const grpc::Status failed = update("keeper-secret");
  EXPECT_EQ(failed.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_THAT(failed.error_message(), Not(HasSubstr("secret")));
}

TEST_F(DispatcherTest, ImposesADeadline) {
  std::chrono::steady_clock::time_point deadline;
  admin_.handler = [&](CallContext& call) {
    deadline = call.deadline();
    return v1::ListTokensResponse();
  };
  const auto before = std::chrono::steady_clock::now();
  ASSERT_TRUE(ListTokens("the-admin").ok());
  EXPECT_GE(deadline, before + std::chrono::seconds(10));
  EXPECT_LE(deadline, std::chrono::steady_clock::now() + std::chrono::seconds(10));
}

TEST_F(DispatcherTest, KeepsTheClientsDeadline) {
  std::chrono::steady_clock::time_point deadline;
  admin_.handler = [&](CallContext& call) {
    deadline = call.deadline();
    return v1::ListTokensResponse();
  };
  grpc::ClientContext context;
  SetToken(&context, "the-admin");
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  v1::ListTokensResponse response;
  ASSERT_TRUE(admin_stub_->ListTokens(&context, {}, &response).ok());
  EXPECT_GE(deadline, std::chrono::steady_clock::now() + std::chrono::seconds(50));
}

TEST_F(DispatcherTest, RefusesWhatItsQueueCannotHold) {
  std::promise<void> go;
  std::shared_future<void> gone = go.get_future().share();
  std::promise<void> started;
  std::once_flag once;
  admin_.handler = [&](CallContext&) {
    std::call_once(once, [&] { started.set_value(); });
    gone.wait();
    return v1::ListTokensResponse();
  };
  auto running = std::async(std::launch::async, [&] { return ListTokens("the-admin"); });
  started.get_future().wait();
  ASSERT_TRUE(workers_.TrySubmit([] {}));
  EXPECT_EQ(ListTokens("the-admin").error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  go.set_value();
  EXPECT_TRUE(running.get().ok());
}

TEST_F(DispatcherTest, PassesFieldViolationsOn) {
  admin_.handler = [](CallContext&) -> absl::StatusOr<v1::ListTokensResponse> {
    return FieldError("limit", "-1", "more");
  };
  const grpc::Status status = ListTokens("the-admin");
  EXPECT_EQ(status.error_message(), "limit: got '-1', want more");
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  EXPECT_EQ(details.details_size(), 1);
}

TEST_F(DispatcherTest, HidesTheTextOfInternalErrors) {
  admin_.handler = [](CallContext&) -> absl::StatusOr<v1::ListTokensResponse> {
    return absl::InternalError("table customers has no column x");
  };
  const grpc::Status status = ListTokens("the-admin");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_THAT(status.error_message(), Not(HasSubstr("customers")));
  EXPECT_THAT(status.error_message(), HasSubstr("request "));
}

TEST_F(DispatcherTest, EndsACallFromAnotherThread) {
  grpc::ClientContext context;
  SetToken(&context, "the-admin");
  const auto later = std::async(std::launch::async, [this] {
    const PendingCall call = admin_.pending.get_future().get();
    call.response->set_secret("made later");
    call.done(absl::OkStatus());
  });
  v1::CreateTokenResponse response;
  ASSERT_TRUE(admin_stub_->CreateToken(&context, {}, &response).ok());
  EXPECT_EQ(response.secret(), "made later");
}

TEST_F(DispatcherTest, V0TakesTheTokenFromTheQuery) {
  grpc::ClientContext context;
  EXPECT_EQ(QueryPipe(&context, "/v0/pipes/x.json?token=reader-secret"),
            std::make_pair(std::string("200"), std::string("reader")));
}

TEST_F(DispatcherTest, V0TakesTheTokenFromTheForm) {
  grpc::ClientContext context;
  EXPECT_EQ(QueryPipe(&context, "/v0/pipes/x.json", "token=reader-secret").second, "reader");
}

TEST_F(DispatcherTest, TheHeaderCountsBeforeTheQuery) {
  grpc::ClientContext context;
  SetToken(&context, "keeper-secret");
  EXPECT_EQ(QueryPipe(&context, "/v0/pipes/x.json?token=reader-secret").second, "keeper");
}

TEST_F(DispatcherTest, TheQueryTokenOpensNothingOutsideV0) {
  grpc::ClientContext context;
  context.AddMetadata(kOriginalPathMetadata, "/v1/tokens?token=the-admin");
  v1::ListTokensResponse response;
  EXPECT_EQ(admin_stub_->ListTokens(&context, {}, &response).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(DispatcherTest, V0RefusesWith403AndAJsonBody) {
  grpc::ClientContext context;
  const auto [http_status, body] = QueryPipe(&context, "/v0/pipes/x.json?token=wrong-secret");
  EXPECT_EQ(http_status, "403");
  EXPECT_THAT(body, HasSubstr(R"({"error": "invalid authentication token. Invalid token)"));
  EXPECT_THAT(body, HasSubstr(R"("documentation": "/#authentication"})"));
  EXPECT_THAT(body, Not(HasSubstr("wrong-secret")));
}

TEST_F(DispatcherTest, V0SendsHeadersAndStatusOfTheReply) {
  query_.handler = [](CallContext&) {
    V0Reply reply{.http_status = 202, .body = "x"};
    reply.headers.emplace_back("x-clv-visible", "false");
    return reply;
  };
  grpc::ClientContext context;
  EXPECT_EQ(QueryPipe(&context, "/?token=the-admin").first, "202");
  EXPECT_EQ(context.GetServerInitialMetadata().count("x-clv-visible"), 1u);
}

TEST_F(DispatcherTest, V0HidesTheTextOfInternalErrors) {
  query_.handler = [](CallContext&) -> absl::StatusOr<V0Reply> {
    return absl::DataLossError("page 7");
  };
  grpc::ClientContext context;
  const auto [http_status, body] = QueryPipe(&context, "/?token=the-admin");
  EXPECT_EQ(http_status, "500");
  EXPECT_THAT(body, Not(HasSubstr("page 7")));
}

TEST_F(DispatcherTest, APublicMethodNeedsNoToken) {
  grpc::ClientContext context;
  google::api::HttpBody response;
  ASSERT_TRUE(query_stub_->GetWebPage(&context, {}, &response).ok());
  EXPECT_EQ(HttpStatus(context), "200");
}

// With rate limits, and with callers who have their own.
class DispatcherLimitTest : public DispatcherTest {
 protected:
  DispatcherLimitTest() {
    tokens_.Add("slow", "slow-secret", {"TOKENS"}, {.requests_per_second = 0.001});
    tokens_.Add("small", "small-secret", {"PIPES:READ:*"}, {.bytes_per_second = 100});
  }

  // The status of ListTokens and the metadata of its answer.
  grpc::Status ListTokens(const std::string& token, grpc::ClientContext* context) {
    SetToken(context, token);
    v1::ListTokensResponse response;
    return admin_stub_->ListTokens(context, {}, &response);
  }

  static std::string Header(const grpc::ClientContext& context, const std::string& name) {
    const auto& metadata = context.GetServerInitialMetadata();
    EXPECT_LE(metadata.count(name), 1u) << name;
    const auto found = metadata.find(name);
    return found == metadata.end() ? "" : std::string(found->second.data(), found->second.size());
  }
};

TEST_F(DispatcherLimitTest, WithoutALimitNoHeaderTellsOne) {
  grpc::ClientContext context;
  ASSERT_TRUE(ListTokens("keeper-secret", &context).ok());
  EXPECT_EQ(context.GetServerInitialMetadata().count("x-ratelimit-limit"), 0u);
}

TEST_F(DispatcherLimitTest, ASuccessTellsTheLimit) {
  grpc::ClientContext context;
  ASSERT_TRUE(ListTokens("slow-secret", &context).ok());
  EXPECT_EQ(Header(context, "x-ratelimit-limit"), "1");
  EXPECT_EQ(Header(context, "x-ratelimit-remaining"), "0");
  EXPECT_EQ(Header(context, "x-ratelimit-reset"), "1000");
  EXPECT_EQ(Header(context, "retry-after"), "");
}

TEST_F(DispatcherLimitTest, BeyondTheLimitACallIsRefusedAndToldWhenToComeBack) {
  grpc::ClientContext first;
  ASSERT_TRUE(ListTokens("slow-secret", &first).ok());
  grpc::ClientContext second;
  const grpc::Status status = ListTokens("slow-secret", &second);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(Header(second, "retry-after"), ::testing::AnyOf("999", "1000"));
  EXPECT_EQ(Header(second, "x-ratelimit-remaining"), "0");
}

TEST_F(DispatcherLimitTest, ARefusalForLackOfScopeTellsTheLimitToo) {
  grpc::ClientContext context;
  EXPECT_EQ(ListTokens("small-secret", &context).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(Header(context, "x-ratelimit-limit"), "100");
}

TEST_F(DispatcherLimitTest, V0Answers429WithTheSameHeaders) {
  const std::string form(80, 'x');
  grpc::ClientContext first;
  EXPECT_EQ(QueryPipe(&first, "/v0/pipes/x.json?token=small-secret", form).first, "200");
  EXPECT_EQ(Header(first, "x-ratelimit-limit"), "100");
  grpc::ClientContext second;
  const auto [http_status, body] = QueryPipe(&second, "/v0/pipes/x.json?token=small-secret", form);
  EXPECT_EQ(http_status, "429");
  EXPECT_THAT(body, HasSubstr("/#limits"));
  EXPECT_THAT(body, Not(HasSubstr("small-secret")));
  EXPECT_EQ(Header(second, "retry-after"), "1");
  EXPECT_EQ(Header(second, "x-ratelimit-limit"), "100");
}

TEST_F(DispatcherLimitTest, ALimitOfTheInstallationCountsForEveryTokenWithoutItsOwn) {
  RateLimiter limiter({.requests_per_second = 0.001});
  TestAdminService admin(
      {.authenticator = &authenticator_, .workers = &workers_, .limiter = &limiter});
  const auto host = ServerHost::Start({.address = ""}, {&admin}).value();
  const auto stub = v1::AdminService::NewStub(host->InProcessChannel());
  for (const char* token : {"keeper-secret", "the-admin"}) {
    for (const auto wanted : {grpc::StatusCode::OK, grpc::StatusCode::RESOURCE_EXHAUSTED}) {
      grpc::ClientContext context;
      SetToken(&context, token);
      v1::ListTokensResponse response;
      EXPECT_EQ(stub->ListTokens(&context, {}, &response).error_code(), wanted) << token;
    }
  }
}

TEST_F(DispatcherTest, AFixedScopeOpensOnlyMethodsThatApplyIt) {
  const std::string jwt = SignJwt({.name = "user",
                                   .expires_at_seconds = SystemClock().NowSeconds() + 3600,
                                   .scopes = {{"PIPES:READ:*", {{"country", "USA"}}}}},
                                  "the-admin");
  grpc::ClientContext context;
  EXPECT_EQ(QueryPipe(&context, "/v0/pipes/x.json?token=" + jwt).second, "user");
  EXPECT_EQ(ListTokens(jwt).error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST(CheckAccessTest, AppliesFixedParamsOnlyWhereTheRuleSaysSo) {
  const Caller caller{.name = "jwt",
                      .scopes = {},
                      .kind = CallerKind::kJwt,
                      .fixed_scopes = {{"PIPES:READ:a", {{"country", "USA"}}}}};
  AccessRule rule{.any_of = {"PIPES:READ:a"}};
  EXPECT_EQ(CheckAccess(rule, caller).code(), absl::StatusCode::kPermissionDenied);
  rule.applies_fixed_params = true;
  EXPECT_TRUE(CheckAccess(rule, caller).ok());
}

}  // namespace
}  // namespace clv::rpc
