// tests/services/ingest/data_source_fixture.h: the calls about whole data sources and their jobs on
// a real server, over a real log and a store of facts that the test fills in the fold's place.
#ifndef CLV_TESTS_SERVICES_INGEST_DATA_SOURCE_FIXTURE_H_
#define CLV_TESTS_SERVICES_INGEST_DATA_SOURCE_FIXTURE_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "clv/v1/data_source_service.grpc.pb.h"
#include "common/storage/sqlite/clv_store.h"
#include "common/storage/sqlite/job_store.h"
#include "services/ingest/data_source_parts.h"
#include "services/ingest/data_source_service.h"
#include "tests/services/ingest/service_fixture.h"

namespace clv::ingest {

// Notes who is to be erased.
class NotingEraser final : public Eraser {
 public:
  absl::StatusOr<v1::Job> StartErase(const std::string& customer_id) override {
    customer_ids.push_back(customer_id);
    v1::Job job;
    job.set_job_id("job_erase");
    job.set_kind(v1::JOB_KIND_ERASE);
    job.set_state(v1::JOB_STATE_WAITING);
    return job;
  }
  std::vector<std::string> customer_ids;
};

class DataSourceFixture : public ServiceFixture {
 protected:
  DataSourceFixture() { OpenServices(); }
  ~DataSourceFixture() override {
    host_of_data_sources_.reset();
    board_.reset();
  }

  // Opens the jobs and services, again after the first time, as a new process does.
  void OpenServices() {
    host_of_data_sources_.reset();
    board_.reset();
    board_ = JobBoard::Open({.store = job_store_.get(),
                             .clock = &SystemClock(),
                             .can_resume = &Deletion::CanResume})
                 .value();
    parts_ = std::make_unique<DataSourceParts>(DataSourceParts::Options{
        .write = {.queue = &queue_, .visibility = &visibility_, .clock = &SystemClock()},
        .jobs = board_.get(),
        .log = log_.get(),
        .progress = &progress_,
        .facts = &facts_,
        .quarantine = &quarantine_,
        .eraser = &eraser_,
        .pipes = {"clv_by_segment"},
        .audit = &audit_});
    service_ = std::make_unique<DataSourceService>(
        DataSourceService::Options{.dispatch = dispatch_,
                                   .handlers = &parts_->handlers(),
                                   .face = &parts_->face(),
                                   .jobs = board_.get(),
                                   .audit = &audit_,
                                   .file_idle_timeout = idle_timeout_,
                                   .max_export_time = max_export_time_,
                                   .facts = &facts_});
    jobs_admin_ = std::make_unique<AdminService>(AdminService::Options{.dispatch = dispatch_,
                                                                       .tokens = tokens_.get(),
                                                                       .clock = &SystemClock(),
                                                                       .log = log_.get(),
                                                                       .queue = &queue_,
                                                                       .jobs = board_.get(),
                                                                       .version = "1"});
    parts_->ResumeJobs();
    host_of_data_sources_ =
        rpc::ServerHost::Start({.address = "127.0.0.1:0"}, {service_.get(), jobs_admin_.get()})
            .value();
    const auto channel =
        grpc::CreateChannel(host_of_data_sources_->address(), grpc::InsecureChannelCredentials());
    stub_ = v1::DataSourceService::NewStub(channel);
    jobs_stub_ = v1::AdminService::NewStub(channel);
  }

  // Writes facts as a fold up to `position` would; nobody is told of the fold.
  void Commit(storage::LogPosition position,
              const std::function<void(storage::FoldTransaction&)>& write) {
    const auto transaction = store_->Begin().value();
    write(*transaction);
    ASSERT_TRUE(transaction->Commit(position).ok());
  }

  // Ends the fold of a deletion that removed so many rows.
  void FoldDeletion(storage::LogPosition position, uint64_t removed_rows) {
    Commit(position, [&](storage::FoldTransaction& transaction) {
      ASSERT_TRUE(transaction.PutOutcome(position, {.removed_rows = removed_rows}).ok());
    });
    progress_.FoldThrough(position);
  }

  // The job at its end.
  v1::Job Ended(const v1::Job& job) {
    return board_
        ->WaitUntilEnded(job.job_id(), std::chrono::steady_clock::now() + std::chrono::seconds(30))
        .value();
  }

  // "ACTOR ACTION SUBJECT" of what the audit log holds, oldest first.
  std::vector<std::string> Audited() {
    const std::vector<storage::AuditEntry> entries = tokens_->List(1'000, 0).value();
    std::vector<std::string> lines;
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
      lines.push_back(entry->actor + " " + entry->action + " " + entry->subject);
    }
    return lines;
  }

  // POST of `path` ("/v0/datasources/NAME/ACTION?...") as the gateway sends it up.
  HttpAnswer Change(const std::string& path, const std::string& body,
                    const std::string& token = kAdminToken, const std::string& encoding = "") {
    const auto context = V0Context(path, token);
    if (!encoding.empty()) context->AddMetadata("content-encoding", encoding);
    v1::ChangeDataSourceRequest request;
    request.set_name(Segment(path, 3));
    const std::string action = Segment(path, 4);
    if (action != "quarantine:retry") request.set_action(action);
    request.mutable_body()->set_data(body);
    google::api::HttpBody response;
    const grpc::Status status = stub_->ChangeDataSource(context.get(), request, &response);
    return AnswerOf(status, *context, response);
  }

  // GET of "/v0/datasources[/NAME][?...]".
  HttpAnswer Describe(const std::string& path, const std::string& token = kAdminToken) {
    const auto context = V0Context(path, token);
    v1::DescribeDataSourcesRequest request;
    request.set_name(Segment(path, 3));
    google::api::HttpBody response;
    const grpc::Status status = stub_->DescribeDataSources(context.get(), request, &response);
    return AnswerOf(status, *context, response);
  }

  // GET of "/v0/jobs[/ID][?...]".
  HttpAnswer Jobs(const std::string& path, const std::string& token = kAdminToken) {
    const auto context = V0Context(path, token);
    v1::ServeJobsRequest request;
    request.set_job_id(Segment(path, 3));
    google::api::HttpBody response;
    const grpc::Status status = jobs_stub_->ServeJobs(context.get(), request, &response);
    return AnswerOf(status, *context, response);
  }

  // The n-th part of a path between slashes, "" behind the last one.
  static std::string Segment(std::string path, int n) {
    path = path.substr(0, path.find('?'));
    for (int i = 0; i < n; ++i) {
      const size_t slash = path.find('/');
      if (slash == std::string::npos) return "";
      path.erase(0, slash + 1);
    }
    return path.substr(0, path.find('/'));
  }

  static std::unique_ptr<grpc::ClientContext> V0Context(const std::string& path,
                                                        const std::string& token) {
    auto context = Context(token);
    context->AddMetadata(rpc::kOriginalPathMetadata, path);
    return context;
  }

  static HttpAnswer AnswerOf(const grpc::Status& status, const grpc::ClientContext& context,
                             const google::api::HttpBody& body) {
    EXPECT_TRUE(status.ok()) << status.error_message();
    HttpAnswer answer{.body = body.data()};
    for (const auto& [name, value] : context.GetServerInitialMetadata()) {
      answer.headers[std::string(name.data(), name.size())] =
          std::string(value.data(), value.size());
    }
    answer.status = std::stoi(answer.headers[rpc::kHttpStatusMetadata]);
    return answer;
  }

  std::unique_ptr<storage::SqliteClvStore> store_ =
      storage::SqliteClvStore::Open({.path = directory_.path() + "/clv.db"}).value();
  storage::SqliteClvReader facts_{directory_.path() + "/clv.db"};
  storage::SqliteQuarantineReader quarantine_{directory_.path() + "/event_log.db"};
  std::unique_ptr<storage::SqliteJobStore> job_store_ =
      storage::SqliteJobStore::Open(directory_.path() + "/event_log.db").value();
  NotingEraser eraser_;
  std::chrono::milliseconds idle_timeout_{60'000};  // counts at OpenServices, as the next
  std::chrono::milliseconds max_export_time_{60'000};
  std::unique_ptr<JobBoard> board_;
  std::unique_ptr<DataSourceParts> parts_;
  std::unique_ptr<DataSourceService> service_;
  std::unique_ptr<AdminService> jobs_admin_;
  std::unique_ptr<rpc::ServerHost> host_of_data_sources_;
  std::unique_ptr<v1::DataSourceService::Stub> stub_;
  std::unique_ptr<v1::AdminService::Stub> jobs_stub_;
};

}  // namespace clv::ingest

#endif  // CLV_TESTS_SERVICES_INGEST_DATA_SOURCE_FIXTURE_H_
