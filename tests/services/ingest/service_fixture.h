// tests/services/ingest/service_fixture.h: both services of ingest on a real server over a real
// log.
#ifndef CLV_TESTS_SERVICES_INGEST_SERVICE_FIXTURE_H_
#define CLV_TESTS_SERVICES_INGEST_SERVICE_FIXTURE_H_

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "clv/v1/admin_service.grpc.pb.h"
#include "clv/v1/ingest_service.grpc.pb.h"
#include "common/base/data_directory.h"
#include "common/rpc/authenticator.h"
#include "common/rpc/server_host.h"
#include "common/rpc/v0_reply.h"
#include "common/rpc/worker_pool.h"
#include "common/storage/sqlite/event_log.h"
#include "common/storage/sqlite/event_reader.h"
#include "common/storage/sqlite/quarantine_reader.h"
#include "common/storage/sqlite/token_store.h"
#include "common/wire/log_codec.h"
#include "services/ingest/admin_service.h"
#include "services/ingest/erased_customers.h"
#include "services/ingest/ingest_service.h"
#include "services/ingest/token_factory.h"
#include "tests/common/storage/manual_fold_progress.h"
#include "tests/services/ingest/manual_fold_outcomes.h"
#include "tests/services/ingest/temp_directory.h"

namespace clv::ingest {

inline constexpr char kAdminToken[] = "the-admin-token";

// An answer of the /v0 face as an HTTP client sees it.
struct HttpAnswer {
  int status = 0;
  std::string body;
  std::map<std::string, std::string> headers;
};

class ServiceFixture : public ::testing::Test {
 protected:
  ServiceFixture() {
    std::ofstream(data_.admin_token()) << kAdminToken << "\n";
    authenticator_.Open([this] { return FindAdminToken(data_); }, tokens_.get());
  }

  // A context with the admin token; `token` empty: with none.
  static std::unique_ptr<grpc::ClientContext> Context(const std::string& token = kAdminToken) {
    auto context = std::make_unique<grpc::ClientContext>();
    if (!token.empty()) context->AddMetadata("authorization", "Bearer " + token);
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    return context;
  }

  // POST /v0/events with this query string.
  HttpAnswer Post(const std::string& query, const std::string& body,
                  const std::string& token = kAdminToken, const std::string& encoding = "",
                  std::chrono::milliseconds deadline = std::chrono::seconds(30)) {
    const auto context = Context(token);
    context->set_deadline(std::chrono::system_clock::now() + deadline);
    context->AddMetadata(rpc::kOriginalPathMetadata, "/v0/events" + query);
    if (!encoding.empty()) context->AddMetadata("content-encoding", encoding);
    v1::AppendEventsRequest request;
    request.mutable_body()->set_data(body);
    google::api::HttpBody response;
    const grpc::Status status = ingest_stub_->AppendEvents(context.get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    HttpAnswer answer{.body = response.data()};
    for (const auto& [name, value] : context->GetServerInitialMetadata()) {
      answer.headers[std::string(name.data(), name.size())] =
          std::string(value.data(), value.size());
    }
    answer.headers["content-type"] = response.content_type();
    answer.status = std::stoi(answer.headers[rpc::kHttpStatusMetadata]);
    return answer;
  }

  // The text of a new token.
  std::string NewTokenWith(const std::vector<std::string>& scopes) {
    return NewToken({.name = "t" + std::to_string(++created_), .scopes = scopes});
  }
  std::string NewToken(const TokenRequest& request) {
    return CreateToken(*tokens_, SystemClock(), request, {}).value().secret;
  }

  // All rows of the log.
  wire::LogRows LoggedRows() {
    auto reader =
        storage::SqliteEventReader::Open({.path = directory_.path() + "/event_log.db"}).value();
    wire::LogRows all;
    const std::vector<storage::LoggedRecord> records = reader->ReadAfter(0, 1'000'000).value();
    for (const storage::LoggedRecord& record : records) {
      const wire::LogRows rows = wire::DecodeLogRecord(record.payload).value();
      all.customers.insert(all.customers.end(), rows.customers.begin(), rows.customers.end());
      all.purchases.insert(all.purchases.end(), rows.purchases.begin(), rows.purchases.end());
      all.customer_clvs.insert(all.customer_clvs.end(), rows.customer_clvs.begin(),
                               rows.customer_clvs.end());
    }
    return all;
  }

  std::vector<storage::QuarantinedRow> Quarantined(domain::DataSource data_source) {
    storage::SqliteQuarantineReader reader(directory_.path() + "/event_log.db");
    return reader.List(data_source, 1'000, 0).value();
  }

  TempDirectory directory_;
  const DataDirectory data_{directory_.path()};
  std::unique_ptr<storage::SqliteEventLog> log_ =
      storage::SqliteEventLog::Open({.path = directory_.path() + "/event_log.db"}).value();
  std::unique_ptr<storage::SqliteTokenStore> tokens_ =
      storage::SqliteTokenStore::Open(directory_.path() + "/auth.db").value();
  ErasedCustomers erased_{log_->ErasureKey()};
  storage::ManualFoldProgress progress_;
  rpc::Authenticator authenticator_{{.refresh_interval = std::chrono::milliseconds(0)}};
  ManualFoldOutcomes outcomes_;
  rpc::WorkerPool workers_{{.threads = 2}};
  rpc::RateLimiter limiter_{{}};
  rpc::Dispatcher::Options dispatch_{
      .authenticator = &authenticator_, .workers = &workers_, .limiter = &limiter_};
  Audit audit_{*tokens_, SystemClock()};
  WriteQueue queue_{{.log = log_.get(),
                     .progress = &progress_,
                     .clock = &SystemClock(),
                     .erased = &erased_,
                     .log_retention = LogRetention::kAll}};
  storage::VisibilityWaiter visibility_{&progress_};
  IngestService ingest_{{.dispatch = dispatch_,
                         .queue = &queue_,
                         .visibility = &visibility_,
                         .clock = &SystemClock(),
                         .erased = &erased_,
                         .outcomes = &outcomes_,
                         .stream_idle_timeout = std::chrono::milliseconds(1'500)}};
  AdminService admin_{{.dispatch = dispatch_,
                       .tokens = tokens_.get(),
                       .audit = &audit_,
                       .directory = data_,
                       .clock = &SystemClock(),
                       .log = log_.get(),
                       .queue = &queue_,
                       .version = "1.2.3"}};
  std::unique_ptr<rpc::ServerHost> host_ =
      rpc::ServerHost::Start({.address = "127.0.0.1:0"}, {&ingest_, &admin_}).value();
  std::shared_ptr<grpc::Channel> channel_ =
      grpc::CreateChannel(host_->address(), grpc::InsecureChannelCredentials());
  std::unique_ptr<v1::IngestService::Stub> ingest_stub_ = v1::IngestService::NewStub(channel_);
  std::unique_ptr<v1::AdminService::Stub> admin_stub_ = v1::AdminService::NewStub(channel_);
  int created_ = 0;
};

}  // namespace clv::ingest

#endif  // CLV_TESTS_SERVICES_INGEST_SERVICE_FIXTURE_H_
