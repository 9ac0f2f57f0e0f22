#include "services/ingest/audit.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "clv/v1/query_service.grpc.pb.h"
#include "common/rpc/authenticator.h"
#include "common/rpc/dispatcher.h"
#include "common/rpc/jwt.h"
#include "common/rpc/server_host.h"
#include "common/storage/sqlite/token_store.h"
#include "tests/services/ingest/temp_directory.h"

namespace clv::ingest {
namespace {

// Records something for whoever calls ListPipes, which any token may.
class RecordingService final : public v1::QueryService::CallbackService {
 public:
  RecordingService(rpc::Dispatcher::Options options, const Audit& audit)
      : dispatcher_("clv.v1.QueryService", options), audit_(audit) {}

  grpc::ServerUnaryReactor* ListPipes(grpc::CallbackServerContext* context,
                                      const v1::ListPipesRequest* /*request*/,
                                      v1::ListPipesResponse* response) override {
    return dispatcher_.Serve(
        context, "ListPipes", response,
        [this](rpc::CallContext& call) -> absl::StatusOr<v1::ListPipesResponse> {
          if (absl::Status recorded = audit_.Record(call, "customer.erase", "job-1");
              !recorded.ok()) {
            return recorded;
          }
          return v1::ListPipesResponse();
        });
  }

 private:
  const rpc::Dispatcher dispatcher_;
  const Audit& audit_;
};

class AuditTest : public ::testing::Test {
 protected:
  storage::AuditEntry Call(const std::string& token) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + token);
    context.AddMetadata("x-request-id", "r-1");
    v1::ListPipesResponse response;
    EXPECT_TRUE(stub_->ListPipes(&context, {}, &response).ok());
    const std::vector<storage::AuditEntry> entries = store_->List(1, 0).value();
    return entries.empty() ? storage::AuditEntry() : entries[0];
  }

  static std::string Jwt(const std::string& name) {
    return rpc::SignJwt({.name = name,
                         .expires_at_seconds = SystemClock().NowSeconds() + 60,
                         .scopes = {{"PIPES:READ:*", {}}}},
                        "the-admin");
  }

  TempDirectory directory_;
  std::unique_ptr<storage::SqliteTokenStore> store_ =
      storage::SqliteTokenStore::Open(directory_.path() + "/auth.db").value();
  const Audit audit_{*store_, SystemClock()};
  rpc::Authenticator authenticator_{{.admin_token = "the-admin", .tokens = store_.get()}};
  rpc::WorkerPool workers_{{.threads = 1}};
  RecordingService service_{{.authenticator = &authenticator_, .workers = &workers_}, audit_};
  std::unique_ptr<rpc::ServerHost> host_ =
      rpc::ServerHost::Start({.address = ""}, {&service_}).value();
  std::unique_ptr<v1::QueryService::Stub> stub_ =
      v1::QueryService::NewStub(host_->InProcessChannel());
};

TEST_F(AuditTest, RecordsWhoDidWhatToWhat) {
  const storage::AuditEntry entry = Call("the-admin");
  EXPECT_EQ(entry.actor, "admin");
  EXPECT_EQ(entry.action, "customer.erase");
  EXPECT_EQ(entry.subject, "job-1");
  EXPECT_EQ(entry.request_id, "r-1");
  EXPECT_GT(entry.recorded_at_seconds, 1'600'000'000);
}

TEST_F(AuditTest, TellsAJwtFromATokenOfTheSameName) {
  EXPECT_EQ(Call(Jwt("admin")).actor, "jwt admin");
}

TEST_F(AuditTest, WritesNoNameOfAJwtThatMayBeAPersons) {
  EXPECT_EQ(Call(Jwt("ann@example.com")).actor, "jwt");
}

}  // namespace
}  // namespace clv::ingest
