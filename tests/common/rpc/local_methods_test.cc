// Calls in the process end as calls over gRPC do.
#include "common/rpc/local_methods.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "clv/v1/admin_service.grpc.pb.h"
#include "clv/v1/query_service.grpc.pb.h"
#include "common/rpc/dispatcher.h"
#include "common/rpc/server_host.h"
#include "tests/common/rpc/fake_tokens.h"

namespace clv::rpc {
namespace {

using std::chrono::system_clock;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr size_t kMostBytes = 10'000;

// CreateToken needs scope TOKENS; what the test gives it decides.
class TokenMaker : public v1::AdminService::CallbackService {
 public:
  using Handler =
      std::function<void(CallContext&, const v1::CreateTokenRequest&, const Dispatcher::Done&)>;

  explicit TokenMaker(const Dispatcher::Options& options)
      : dispatcher_("clv.v1.AdminService", options) {}

  grpc::ServerUnaryReactor* CreateToken(grpc::CallbackServerContext* context,
                                        const v1::CreateTokenRequest* request,
                                        v1::CreateTokenResponse* response) override {
    return dispatcher_.ServeAsync(
        context, "CreateToken",
        [this, request, response](CallContext& call, const Dispatcher::Done& done) {
          response->set_secret("made of " + request->name());
          handler(call, *request, done);
        },
        request, run_on);
  }

  Handler handler = [](CallContext&, const v1::CreateTokenRequest&, const Dispatcher::Done& done) {
    done(absl::OkStatus());
  };
  Dispatcher::RunOn run_on = Dispatcher::RunOn::kWorker;

 private:
  Dispatcher dispatcher_;
};

// Of the /v0 face.
class PageMaker : public v1::QueryService::CallbackService {
 public:
  explicit PageMaker(const Dispatcher::Options& options)
      : dispatcher_("clv.v1.QueryService", options) {}

  grpc::ServerUnaryReactor* QueryPipe(grpc::CallbackServerContext* context,
                                      const v1::QueryPipeRequest* request,
                                      google::api::HttpBody* response) override {
    return dispatcher_.ServeV0(context, "QueryPipe", &request->body(), response,
                               [](const CallContext& call) {
                                 return V0Reply{.http_status = 202, .body = call.caller().name};
                               });
  }

 private:
  Dispatcher dispatcher_;
};

class LocalMethodsTest : public ::testing::Test {
 protected:
  LocalMethodsTest() {
    tokens_.Add("keeper", "keeper-secret", {"TOKENS"}, {.requests_per_second = 1'000});
    tokens_.Add("reader", "reader-secret", {"PIPES:READ:*"});
    methods_.Add("clv.v1.AdminService", "CreateToken", &maker_, &TokenMaker::CreateToken);
    methods_.Add("clv.v1.QueryService", "QueryPipe", &pages_, &PageMaker::QueryPipe);
    host_ = ServerHost::Start({.address = "", .max_receive_bytes = kMostBytes}, {&maker_}).value();
    stub_ = v1::AdminService::NewStub(host_->InProcessChannel());
  }

  static grpc::ByteBuffer BufferOf(const std::string& bytes) {
    const grpc::Slice slice(bytes);
    return grpc::ByteBuffer(&slice, 1);
  }
  static std::string BytesOf(const grpc::ByteBuffer& buffer) {
    grpc::Slice slice;
    EXPECT_TRUE(buffer.DumpToSingleSlice(&slice).ok());
    return std::string(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  static LocalRequest Request(const std::string& token, const std::string& name) {
    v1::CreateTokenRequest request;
    request.set_name(name);
    LocalRequest local{.metadata = {}, .message = BufferOf(request.SerializeAsString())};
    if (!token.empty()) local.metadata.emplace_back("authorization", "Bearer " + token);
    return local;
  }

  // A call whose reply can be waited for.
  struct Started {
    std::shared_ptr<LocalCall> call;
    std::future<LocalReply> reply;
  };
  Started Start(LocalRequest request,
                const std::string& path = "/clv.v1.AdminService/CreateToken") {
    auto reply = std::make_shared<std::promise<LocalReply>>();
    std::future<LocalReply> future = reply->get_future();
    auto call = methods_.Start(path, std::move(request),
                               [reply](LocalReply answer) { reply->set_value(std::move(answer)); });
    return {std::move(call), std::move(future)};
  }
  LocalReply Call(LocalRequest request) { return Start(std::move(request)).reply.get(); }

  // The same call both ways.
  void ExpectSameEnd(const std::string& token, const std::string& name) {
    const LocalReply reply = Call(Request(token, name));
    grpc::ClientContext context;
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    v1::CreateTokenRequest request;
    request.set_name(name);
    v1::CreateTokenResponse response;
    const grpc::Status status = stub_->CreateToken(&context, request, &response);
    EXPECT_EQ(reply.status.error_code(), status.error_code());
    EXPECT_EQ(reply.status.error_message(), status.error_message());
    EXPECT_EQ(reply.status.error_details(), status.error_details());
    if (status.ok()) {
      EXPECT_EQ(BytesOf(reply.message), response.SerializeAsString());
    }
    for (const auto& [key, value] : context.GetServerInitialMetadata()) {
      const std::string limit(value.data(), value.size());
      if (key != "x-ratelimit-remaining") {
        EXPECT_THAT(reply.metadata, Contains(Pair(std::string(key.data(), key.size()), limit)));
      }
    }
    EXPECT_EQ(reply.metadata.size(), context.GetServerInitialMetadata().size());
  }

  FakeTokens tokens_;
  Authenticator authenticator_{{.admin_token = "the-admin",
                                .tokens = &tokens_,
                                .refresh_interval = std::chrono::milliseconds(0)}};
  WorkerPool workers_{{.threads = 1}};
  RateLimiter limiter_{{}};
  Dispatcher::Options dispatch_{
      .authenticator = &authenticator_, .workers = &workers_, .limiter = &limiter_};
  TokenMaker maker_{dispatch_};
  PageMaker pages_{dispatch_};
  LocalMethods methods_{kMostBytes};
  std::unique_ptr<ServerHost> host_;
  std::unique_ptr<v1::AdminService::Stub> stub_;
};

TEST_F(LocalMethodsTest, KnowWhatWasAdded) {
  EXPECT_TRUE(methods_.Has("/clv.v1.AdminService/CreateToken"));
  EXPECT_FALSE(methods_.Has("/clv.v1.AdminService/ListTokens"));
}

TEST_F(LocalMethodsTest, AnswerAsOverGrpc) {
  ExpectSameEnd("keeper-secret", "a");
  ExpectSameEnd("the-admin", std::string(9'000, 'n'));
}

TEST_F(LocalMethodsTest, RefuseAsOverGrpc) {
  ExpectSameEnd("", "a");
  ExpectSameEnd("nonsense", "a");
  ExpectSameEnd("reader-secret", "a");
  ExpectSameEnd("the-admin", std::string(20'000, 'n'));
  EXPECT_EQ(Call(Request("the-admin", std::string(20'000, 'n'))).status.error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(LocalMethodsTest, FailAsOverGrpc) {
  maker_.handler = [](CallContext&, const v1::CreateTokenRequest&, const Dispatcher::Done& done) {
    done(absl::AlreadyExistsError("there is one of that name"));
  };
  ExpectSameEnd("keeper-secret", "a");
}

TEST_F(LocalMethodsTest, RefuseWhatIsNoMessage) {
  LocalRequest request = Request("the-admin", "a");
  request.message = BufferOf("\xff\xff\xff");
  const LocalReply reply = Call(std::move(request));
  EXPECT_EQ(reply.status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_FALSE(reply.message.Valid());
}

TEST_F(LocalMethodsTest, BringBackTheHeadersOfTheV0Face) {
  const LocalReply reply =
      Start({.metadata = {{"authorization", "Bearer reader-secret"}}, .message = BufferOf("")},
            "/clv.v1.QueryService/QueryPipe")
          .reply.get();
  ASSERT_TRUE(reply.status.ok());
  EXPECT_THAT(reply.metadata, Contains(Pair(kHttpStatusMetadata, "202")));
  google::api::HttpBody body;
  ASSERT_TRUE(body.ParseFromString(BytesOf(reply.message)));
  EXPECT_EQ(body.data(), "reader");
}

TEST_F(LocalMethodsTest, AHandlerRunsWhereItsMethodSays) {
  for (const auto run_on : {Dispatcher::RunOn::kWorker, Dispatcher::RunOn::kCallingThread}) {
    maker_.run_on = run_on;
    std::thread::id ran_on;
    maker_.handler = [&](CallContext&, const v1::CreateTokenRequest&,
                         const Dispatcher::Done& done) {
      ran_on = std::this_thread::get_id();
      done(absl::OkStatus());
    };
    EXPECT_TRUE(Call(Request("the-admin", "a")).status.ok());
    EXPECT_EQ(ran_on == std::this_thread::get_id(), run_on == Dispatcher::RunOn::kCallingThread);
  }
}

TEST_F(LocalMethodsTest, AHandlerSeesMetadataAndDeadline) {
  LocalRequest request = Request("the-admin", "a");
  request.metadata.emplace_back("x-request-id", "r7");
  request.deadline = system_clock::now() + std::chrono::seconds(100);
  std::optional<std::chrono::steady_clock::duration> left;
  maker_.handler = [&](CallContext& call, const v1::CreateTokenRequest&,
                       const Dispatcher::Done& done) {
    EXPECT_EQ(call.request_id(), "r7");
    EXPECT_EQ(call.Metadata("x-nothing"), "");
    EXPECT_FALSE(call.IsCancelled());
    left = call.deadline() - std::chrono::steady_clock::now();
    done(absl::OkStatus());
  };
  EXPECT_TRUE(Call(std::move(request)).status.ok());
  ASSERT_TRUE(left.has_value());
  EXPECT_GT(*left, std::chrono::seconds(50));
  EXPECT_LE(*left, std::chrono::seconds(100));
}

TEST_F(LocalMethodsTest, ADeadlineThatIsOverEndsTheCall) {
  LocalRequest request = Request("the-admin", "a");
  request.deadline = system_clock::now() - std::chrono::seconds(1);
  EXPECT_EQ(Call(std::move(request)).status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(LocalMethodsTest, WhoCancelsHasHisReplyAtOnceAndTheHandlerSeesIt) {
  std::promise<std::pair<CallContext*, Dispatcher::Done>> begun;
  maker_.handler = [&](CallContext& call, const v1::CreateTokenRequest&,
                       const Dispatcher::Done& done) {
    begun.set_value({&call, done});
  };
  Started started = Start(Request("the-admin", "a"));
  auto [call, done] = begun.get_future().get();
  EXPECT_FALSE(call->IsCancelled());
  started.call->Cancel();
  EXPECT_EQ(started.reply.get().status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(call->IsCancelled());
  started.call->Cancel();
  started.call.reset();
  // For nothing: the reply was there.
  done(absl::OkStatus());
}

TEST_F(LocalMethodsTest, AReplyOutlivesItsCall) {
  LocalReply reply;
  {
    Started started = Start(Request("the-admin", std::string(5'000, 'n')));
    reply = started.reply.get();
  }
  v1::CreateTokenResponse response;
  ASSERT_TRUE(response.ParseFromString(BytesOf(reply.message)));
  EXPECT_EQ(response.secret(), "made of " + std::string(5'000, 'n'));
}

}  // namespace
}  // namespace clv::rpc
