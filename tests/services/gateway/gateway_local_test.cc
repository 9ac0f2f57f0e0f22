// A gateway before methods in its own process. Those of the test API that are not local go over the
// channel.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "common/rpc/local_methods.h"
#include "tests/services/gateway/gateway_fixture.h"
#include "tests/services/gateway/test_api.grpc.pb.h"

namespace clv::gateway::testing {
namespace {

using rpc::CallPeer;
using ::testing::HasSubstr;

// Methods as a service's are, each of which finds its peer itself.
class LocalEchoes {
 public:
  grpc::ServerUnaryReactor* Echo(grpc::CallbackServerContext* context, const Everything* request,
                                 Everything* response) {
    const auto peer = CallPeer::Of(context);
    *response = *request;
    response->set_text("local " + request->text());
    peer->AddHeader("x-path", peer->Metadata("x-envoy-original-path"));
    peer->FinishUnary(grpc::Status::OK);
    return peer->StartUnary();
  }

  // Ends later and on another thread.
  grpc::ServerUnaryReactor* WithStatus(grpc::CallbackServerContext* context,
                                       const StatusRequest* request,
                                       google::api::HttpBody* response) {
    std::thread([peer = CallPeer::Of(context), request, response] {
      response->set_content_type("text/plain");
      response->set_data("later");
      peer->AddHeader("x-clv-http-status", request->status());
      peer->FinishUnary(grpc::Status::OK);
    }).detach();
    return nullptr;
  }

  grpc::ServerUnaryReactor* Fail(grpc::CallbackServerContext* context, const FailRequest*, Empty*) {
    const auto peer = CallPeer::Of(context);
    peer->AddHeader("retry-after", "7");
    peer->FinishUnary({grpc::StatusCode::RESOURCE_EXHAUSTED, "too much"});
    return nullptr;
  }

  grpc::ServerUnaryReactor* Hang(grpc::CallbackServerContext* context, const Empty*, Empty*) {
    hanging.set_value(CallPeer::Of(context));
    return nullptr;
  }

  std::promise<std::shared_ptr<CallPeer>> hanging;
};

class GatewayLocalTest : public GatewayFixture {
 protected:
  void SetUp() override {
    const std::string package = "clv.gateway.testing.";
    methods_.Add(package + "EchoService", "Echo", &echoes_, &LocalEchoes::Echo);
    methods_.Add(package + "BodyService", "WithStatus", &echoes_, &LocalEchoes::WithStatus);
    methods_.Add(package + "TroubleService", "Fail", &echoes_, &LocalEchoes::Fail);
    methods_.Add(package + "TroubleService", "Hang", &echoes_, &LocalEchoes::Hang);
    Gateway::Options options = SuiteOptions();
    options.upstreams.front().local_methods = &methods_;
    StartGateway(std::move(options));
  }

  std::shared_ptr<CallPeer> StartHanging(RawClient& client) {
    client.Send("GET /v1/hang HTTP/1.1\r\n\r\n");
    return echoes_.hanging.get_future().get();
  }
  static bool Eventually(const CallPeer& peer) {
    for (int i = 0; i < 1'000 && !peer.HasGivenUp(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return peer.HasGivenUp();
  }

  LocalEchoes echoes_;
  rpc::LocalMethods methods_{1 << 20};
};

TEST_F(GatewayLocalTest, AnswersFromALocalMethod) {
  const RawResponse response = Post("/v1/echo?flag=true", R"({"text":"a","i32":4})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"i32":4,"flag":true,"text":"local a"})");
  EXPECT_EQ(response.headers.at("x-path"), "/v1/echo?flag=true");
}

TEST_F(GatewayLocalTest, CallsWhatIsNotLocalOverTheChannel) {
  EXPECT_THAT(Get("/v1/page").body, HasSubstr("<p>"));
}

TEST_F(GatewayLocalTest, AnAnswerMayComeLaterAndSayItsStatus) {
  const RawResponse response = Get("/v0/status/201");
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body, "later");
  EXPECT_EQ(response.headers.count("x-clv-http-status"), 0u);
}

TEST_F(GatewayLocalTest, AnErrorHasItsStatusAndHeaders) {
  const RawResponse response = Get("/v1/fail/8");
  EXPECT_EQ(response.status, 429);
  EXPECT_THAT(response.body, HasSubstr("too much"));
  EXPECT_EQ(response.headers.at("retry-after"), "7");
}

TEST_F(GatewayLocalTest, CancelsTheCallWhenTheClientLeaves) {
  RawClient client(gateway_->http_address());
  const auto peer = StartHanging(client);
  EXPECT_FALSE(peer->HasGivenUp());
  client.Reset();
  EXPECT_TRUE(Eventually(*peer));
  peer->FinishUnary(grpc::Status::OK);
}

TEST_F(GatewayLocalTest, ShutdownWaitsForNoCallBeyondItsDeadline) {
  RawClient client(gateway_->http_address());
  const auto peer = StartHanging(client);
  gateway_->Shutdown(std::chrono::steady_clock::now() + std::chrono::milliseconds(50));
  EXPECT_TRUE(peer->HasGivenUp());
  gateway_.reset();
  // The method ends after its caller has.
  peer->FinishUnary(grpc::Status::OK);
}

}  // namespace
}  // namespace clv::gateway::testing
