// Every way in which the dispatcher ends a call is counted once, under its code.

#include "common/rpc/call_metrics.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "clv/v1/admin_service.grpc.pb.h"
#include "clv/v1/ingest_service.grpc.pb.h"
#include "clv/v1/query_service.grpc.pb.h"
#include "common/rpc/dispatcher.h"
#include "common/rpc/server_host.h"
#include "tests/common/metrics/exposition.h"
#include "tests/common/rpc/fake_tokens.h"

namespace clv::rpc {
namespace {

// Answers ListTokens and DeleteToken with the test's status; the latter asks the dispatcher for a
// method that no proto declares.
class CountedAdminService : public v1::AdminService::CallbackService {
 public:
  explicit CountedAdminService(const Dispatcher::Options& options)
      : dispatcher_("clv.v1.AdminService", options) {}

  grpc::ServerUnaryReactor* ListTokens(grpc::CallbackServerContext* context,
                                       const v1::ListTokensRequest*,
                                       v1::ListTokensResponse*) override {
    return dispatcher_.ServeAsync(
        context, "ListTokens",
        [this](CallContext&, const Dispatcher::Done& done) { done(status); });
  }

  grpc::ServerUnaryReactor* DeleteToken(grpc::CallbackServerContext* context,
                                        const v1::DeleteTokenRequest*,
                                        v1::DeleteTokenResponse*) override {
    return dispatcher_.ServeAsync(
        context, "NoSuchMethod",
        [this](CallContext&, const Dispatcher::Done& done) { done(status); });
  }

  absl::Status status;

 private:
  Dispatcher dispatcher_;
};

class CountedQueryService : public v1::QueryService::CallbackService {
 public:
  explicit CountedQueryService(const Dispatcher::Options& options)
      : dispatcher_("clv.v1.QueryService", options) {}

  grpc::ServerUnaryReactor* QueryPipe(grpc::CallbackServerContext* context,
                                      const v1::QueryPipeRequest* request,
                                      google::api::HttpBody* response) override {
    return dispatcher_.ServeV0(context, "QueryPipe", &request->body(), response,
                               [this](CallContext&) { return reply; });
  }

  absl::StatusOr<V0Reply> reply = V0Reply();

 private:
  Dispatcher dispatcher_;
};

// A stream that takes everything and ends with the test's status.
class CountedIngestService : public v1::IngestService::CallbackService {
 public:
  explicit CountedIngestService(const Dispatcher::Options& options)
      : dispatcher_("clv.v1.IngestService", options) {}

  grpc::ServerReadReactor<v1::StreamCustomersRequest>* StreamCustomers(
      grpc::CallbackServerContext* context, v1::StreamCustomersResponse*) override {
    return new Reader(dispatcher_.StartCall(context, "StreamCustomers"), status);
  }

  absl::Status status;

 private:
  class Reader : public grpc::ServerReadReactor<v1::StreamCustomersRequest> {
   public:
    Reader(absl::StatusOr<std::shared_ptr<CallContext>> call, absl::Status end)
        : end_(std::move(end)) {
      if (!call.ok()) {
        Finish(Dispatcher::Conclude(nullptr, call.status()));
        return;
      }
      call_ = *std::move(call);
      StartRead(&request_);
    }
    void OnReadDone(bool ok) override {
      if (ok) {
        StartRead(&request_);
      } else {
        Finish(Dispatcher::Conclude(call_.get(), end_));
      }
    }
    void OnDone() override { delete this; }

   private:
    const absl::Status end_;
    std::shared_ptr<CallContext> call_;
    v1::StreamCustomersRequest request_;
  };

  Dispatcher dispatcher_;
};

class CallMetricsTest : public ::testing::Test {
 protected:
  CallMetricsTest() { tokens_.Add("reader", "reader-secret", {"PIPES:READ:*"}); }

  // All calls come with this token.
  std::unique_ptr<grpc::ClientContext> Context(const std::string& token = "the-admin") {
    auto context = std::make_unique<grpc::ClientContext>();
    if (!token.empty()) context->AddMetadata("authorization", "Bearer " + token);
    return context;
  }

  void ListTokens(const std::string& token = "the-admin") {
    v1::ListTokensResponse response;
    v1::AdminService::NewStub(host_->InProcessChannel())
        ->ListTokens(Context(token).get(), {}, &response);
  }

  void QueryPipe(const std::string& token = "the-admin") {
    google::api::HttpBody response;
    v1::QueryService::NewStub(host_->InProcessChannel())
        ->QueryPipe(Context(token).get(), {}, &response);
  }

  void StreamCustomers(const std::string& token = "the-admin") {
    v1::StreamCustomersResponse response;
    const auto context = Context(token);
    const auto stub = v1::IngestService::NewStub(host_->InProcessChannel());
    const auto writer = stub->StreamCustomers(context.get(), &response);
    writer->Write({});
    writer->WritesDone();
    writer->Finish();
  }

  metrics::Exposition Scrape() const { return metrics::ReadExposition(registry_.Text()); }

  static std::string Requests(const std::string& service, const std::string& method,
                              const std::string& code) {
    return "clv_rpc_requests_total{code=\"" + code + "\",method=\"" + method +
           "\",service=\"clv.v1." + service + "\"}";
  }

  metrics::Registry registry_;
  FakeTokens tokens_;
  Authenticator authenticator_{{.admin_token = "the-admin",
                                .tokens = &tokens_,
                                .refresh_interval = std::chrono::milliseconds(0)}};
  WorkerPool workers_{{.threads = 1}};
  const Dispatcher::Options options_{
      .authenticator = &authenticator_, .workers = &workers_, .metrics = &registry_};
  CountedAdminService admin_{options_};
  CountedQueryService query_{options_};
  CountedIngestService ingest_{options_};
  std::unique_ptr<ServerHost> host_ =
      ServerHost::Start({.address = ""}, {&admin_, &query_, &ingest_}).value();
};

TEST_F(CallMetricsTest, CountsCallsByMethodAndCode) {
  ListTokens();
  ListTokens();
  admin_.status = absl::NotFoundError("x");
  ListTokens();
  const metrics::Exposition exposition = Scrape();
  EXPECT_EQ(exposition.At(Requests("AdminService", "ListTokens", "OK")), 2);
  EXPECT_EQ(exposition.At(Requests("AdminService", "ListTokens", "NOT_FOUND")), 1);
  EXPECT_EQ(exposition.Sum("clv_rpc_requests_total"), 3);
  EXPECT_EQ(exposition.Sum("clv_rpc_request_duration_seconds_count", "ListTokens"), 3);
  EXPECT_EQ(exposition.Sum("clv_rpc_v0_requests_total"), 0);
}

TEST_F(CallMetricsTest, CountsRefusedCalls) {
  ListTokens("");
  ListTokens("wrong-secret");
  ListTokens("reader-secret");
  const metrics::Exposition exposition = Scrape();
  EXPECT_EQ(exposition.At(Requests("AdminService", "ListTokens", "UNAUTHENTICATED")), 2);
  EXPECT_EQ(exposition.At(Requests("AdminService", "ListTokens", "PERMISSION_DENIED")), 1);
}

TEST_F(CallMetricsTest, CountsHiddenErrorsUnderTheirCode) {
  admin_.status = absl::InternalError("table x");
  ListTokens();
  EXPECT_EQ(Scrape().At(Requests("AdminService", "ListTokens", "INTERNAL")), 1);
}

TEST_F(CallMetricsTest, CountsV0CallsByHttpStatusToo) {
  QueryPipe();
  query_.reply = V0Reply{.http_status = 202};
  QueryPipe();
  query_.reply = absl::InvalidArgumentError("limit");
  QueryPipe();
  query_.reply = V0Error(absl::StatusCode::kResourceExhausted, 413, "too large", "events");
  QueryPipe();
  QueryPipe("wrong-secret");
  const metrics::Exposition exposition = Scrape();
  const auto status = [&](const std::string& http_status) {
    return exposition.At("clv_rpc_v0_requests_total{http_status=\"" + http_status +
                         "\",method=\"QueryPipe\",service=\"clv.v1.QueryService\"}");
  };
  EXPECT_EQ(status("200"), 1);
  EXPECT_EQ(status("202"), 1);
  EXPECT_EQ(status("400"), 1);
  EXPECT_EQ(status("403"), 1);
  EXPECT_EQ(status("413"), 1);
  EXPECT_EQ(exposition.At(Requests("QueryService", "QueryPipe", "OK")), 2);
  EXPECT_EQ(exposition.At(Requests("QueryService", "QueryPipe", "INVALID_ARGUMENT")), 1);
  EXPECT_EQ(exposition.At(Requests("QueryService", "QueryPipe", "RESOURCE_EXHAUSTED")), 1);
  EXPECT_EQ(exposition.At(Requests("QueryService", "QueryPipe", "UNAUTHENTICATED")), 1);
  EXPECT_EQ(exposition.Sum("clv_rpc_request_duration_seconds_count"), 5);
}

TEST_F(CallMetricsTest, CountsAStreamOnceWhetherItIsServedOrRefused) {
  StreamCustomers();
  ingest_.status = absl::DeadlineExceededError("silence");
  StreamCustomers();
  StreamCustomers("wrong-secret");
  const metrics::Exposition exposition = Scrape();
  EXPECT_EQ(exposition.At(Requests("IngestService", "StreamCustomers", "OK")), 1);
  EXPECT_EQ(exposition.At(Requests("IngestService", "StreamCustomers", "DEADLINE_EXCEEDED")), 1);
  EXPECT_EQ(exposition.At(Requests("IngestService", "StreamCustomers", "UNAUTHENTICATED")), 1);
  EXPECT_EQ(exposition.Sum("clv_rpc_requests_total"), 3);
}

TEST_F(CallMetricsTest, MakesNoLabelOfAMethodThatNoProtoDeclares) {
  v1::DeleteTokenResponse response;
  v1::AdminService::NewStub(host_->InProcessChannel())->DeleteToken(Context().get(), {}, &response);
  EXPECT_EQ(Scrape().Sum("clv_rpc_requests_total"), 0);
}

TEST_F(CallMetricsTest, LabelsHoldNoToken) {
  ListTokens("wrong-secret");
  QueryPipe("reader-secret");
  EXPECT_EQ(registry_.Text().find("secret"), std::string::npos);
}

}  // namespace
}  // namespace clv::rpc
