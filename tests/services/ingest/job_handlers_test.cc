#include "services/ingest/job_handlers.h"

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "services/ingest/job_json.h"
#include "tests/services/ingest/data_source_fixture.h"

namespace clv::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

v1::Job JobOf(const std::string& id, v1::JobKind kind, int64_t seconds) {
  v1::Job job;
  job.set_job_id(id);
  job.set_kind(kind);
  job.set_state(v1::JOB_STATE_DONE);
  job.mutable_create_time()->set_seconds(seconds);
  return job;
}

// An aggregation with two jobs: one long ago, one far ahead.
class AggregationWithJobs final : public v1::AggregationService::Service {
 public:
  grpc::Status GetJob(grpc::ServerContext* context, const v1::GetJobRequest* request,
                      v1::GetJobResponse* response) override {
    Note(*context);
    if (request->job_id() == "job_ahead") {
      *response->mutable_job() = JobOf("job_ahead", v1::JOB_KIND_VERIFY, 4'000'000'000);
      return grpc::Status::OK;
    }
    return grpc::Status(grpc::StatusCode::NOT_FOUND, "there is no such job");
  }
  grpc::Status ListJobs(grpc::ServerContext* context, const v1::ListJobsRequest* request,
                        v1::ListJobsResponse* response) override {
    Note(*context);
    limit = request->limit();
    *response->add_jobs() = JobOf("job_ahead", v1::JOB_KIND_VERIFY, 4'000'000'000);
    *response->add_jobs() = JobOf("job_past", v1::JOB_KIND_REBUILD, 1'000);
    return grpc::Status::OK;
  }
  std::string credential;
  uint32_t limit = 0;

 private:
  void Note(const grpc::ServerContext& context) {
    const auto found = context.client_metadata().find("authorization");
    credential = found == context.client_metadata().end()
                     ? ""
                     : std::string(found->second.data(), found->second.size());
  }
};

class JobHandlersTest : public DataSourceFixture {
 protected:
  void Connect() {
    others_ = rpc::ServerHost::Start({.address = "127.0.0.1:0"}, {&aggregation_}).value();
    jobs_admin_->Connect(
        grpc::CreateChannel(others_->address(), grpc::InsecureChannelCredentials()), nullptr);
  }

  v1::Job StartOne() {
    v1::Job prototype;
    prototype.set_kind(v1::JOB_KIND_DELETE);
    return Ended(board_->Start(prototype, [](JobProgress&) { return absl::OkStatus(); }).value());
  }

  std::vector<std::string> Listed(uint32_t limit) {
    v1::AdminServiceListJobsRequest request;
    request.set_limit(limit);
    v1::AdminServiceListJobsResponse response;
    EXPECT_TRUE(jobs_stub_->ListJobs(Context().get(), request, &response).ok());
    std::vector<std::string> ids;
    for (const v1::Job& job : response.jobs()) ids.push_back(job.job_id());
    return ids;
  }

  grpc::Status Get(const std::string& id, v1::Job* job) {
    v1::AdminServiceGetJobRequest request;
    request.set_job_id(id);
    v1::AdminServiceGetJobResponse response;
    const grpc::Status status = jobs_stub_->GetJob(Context().get(), request, &response);
    *job = response.job();
    return status;
  }

  AggregationWithJobs aggregation_;
  std::unique_ptr<rpc::ServerHost> others_;
};

TEST_F(JobHandlersTest, ListsTheJobsOfBothNewestFirst) {
  Connect();
  const std::string first = StartOne().job_id();
  const std::string second = StartOne().job_id();
  EXPECT_THAT(Listed(100), ElementsAre("job_ahead", second, first, "job_past"));
  EXPECT_EQ(aggregation_.credential, std::string("Bearer ") + kAdminToken);
  EXPECT_THAT(Listed(3), ElementsAre("job_ahead", second, first));
  EXPECT_EQ(aggregation_.limit, 3u);
}

TEST_F(JobHandlersTest, GetsAJobOfEither) {
  Connect();
  const v1::Job own = StartOne();
  v1::Job job;
  ASSERT_TRUE(Get(own.job_id(), &job).ok());
  EXPECT_EQ(job.kind(), v1::JOB_KIND_DELETE);
  ASSERT_TRUE(Get("job_ahead", &job).ok());
  EXPECT_EQ(job.kind(), v1::JOB_KIND_VERIFY);
  EXPECT_EQ(aggregation_.credential, std::string("Bearer ") + kAdminToken);
  EXPECT_EQ(Get("job_none", &job).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(JobHandlersTest, WithoutAggregationOnlyIngestHasJobs) {
  const v1::Job own = StartOne();
  v1::Job job;
  EXPECT_THAT(Listed(10), ElementsAre(own.job_id()));
  EXPECT_EQ(Get("job_ahead", &job).error_code(), grpc::StatusCode::NOT_FOUND);
  Connect();
  others_->Drain(std::chrono::seconds(1));
  others_.reset();
  EXPECT_THAT(Listed(10), ElementsAre(own.job_id()));
  EXPECT_TRUE(Get(own.job_id(), &job).ok());
  const grpc::Status status = Get("job_ahead", &job);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr("aggregation does not answer"));
}

TEST_F(JobHandlersTest, RefusesBadLimitsAndStrangers) {
  v1::AdminServiceListJobsResponse response;
  for (const uint32_t limit : {0u, 1'001u}) {
    v1::AdminServiceListJobsRequest request;
    request.set_limit(limit);
    const grpc::Status status = jobs_stub_->ListJobs(Context().get(), request, &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(status.error_message(), HasSubstr("want 1 to 1000"));
  }
  const std::string append = NewTokenWith({"DATASOURCES:APPEND:*", "TOKENS"});
  EXPECT_EQ(jobs_stub_->ListJobs(Context(append).get(), {}, &response).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(Jobs("/v0/jobs", append).status, 403);
  EXPECT_EQ(Jobs("/v0/jobs", "").status, 403);
}

TEST_F(JobHandlersTest, TheV0FaceShowsTheJobsOfBoth) {
  Connect();
  const v1::Job own = StartOne();
  const HttpAnswer list = Jobs("/v0/jobs");
  EXPECT_EQ(list.status, 200);
  EXPECT_EQ(list.body, JobsReply({JobOf("job_ahead", v1::JOB_KIND_VERIFY, 4'000'000'000), own,
                                  JobOf("job_past", v1::JOB_KIND_REBUILD, 1'000)})
                           .body);
  EXPECT_EQ(Jobs("/v0/jobs?kind=delete_data").body, JobsReply({own}).body);
  EXPECT_EQ(Jobs("/v0/jobs?status=waiting&from=ts-sdk").body, "{\"jobs\":[]}");
  EXPECT_EQ(Jobs("/v0/jobs/" + own.job_id()).body, JobReply(own).body);
  EXPECT_EQ(Jobs("/v0/jobs/job_ahead").status, 200);
  const HttpAnswer unknown = Jobs("/v0/jobs/job_none");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.body, HasSubstr("{\"error\": \"job_id: there is no job \\\"job_none\\\"\""));
}

TEST_F(JobHandlersTest, TheV0FacePassesATokenParameterOn) {
  Connect();
  EXPECT_EQ(Jobs("/v0/jobs?token=" + std::string(kAdminToken), "").status, 200);
  EXPECT_EQ(aggregation_.credential, std::string("Bearer ") + kAdminToken);
}

TEST(JobJsonTest, ShowsAJobWithEveryKey) {
  v1::Job job = JobOf("job_1", v1::JOB_KIND_IMPORT, 1'700'000'000);
  job.mutable_end_time()->set_seconds(1'700'000'061);
  job.set_data_source("purchases");
  job.set_successful_rows(18'446'744'073'709'551'615u);
  job.set_quarantined_rows(3);
  job.set_invalid_lines(2);
  job.set_removed_rows(4);
  job.set_progress(1);
  EXPECT_EQ(JobReply(job).body,
            "{\"id\":\"job_1\",\"job_id\":\"job_1\",\"kind\":\"import\",\"status\":\"done\","
            "\"created_at\":\"2023-11-14 22:13:20\",\"updated_at\":\"2023-11-14 22:14:21\","
            "\"job_url\":\"/v0/jobs/job_1\","
            "\"datasource\":{\"id\":\"purchases\",\"name\":\"purchases\"},"
            "\"statistics\":{\"bytes\":null,\"row_count\":18446744073709551615},"
            "\"quarantine_rows\":3,\"invalid_lines\":2,\"rows_affected\":4,"
            "\"progress_percentage\":100}");
}

TEST(JobJsonTest, ShowsAFailedJobWithItsError) {
  v1::Job job = JobOf("job_2", v1::JOB_KIND_BACKUP, 1'700'000'000);
  job.set_state(v1::JOB_STATE_ERROR);
  job.set_error("no \"room\"");
  job.set_progress(0.125);
  EXPECT_THAT(JobReply(job).body, HasSubstr("\"progress_percentage\":12.5,"
                                            "\"error\":\"no \\\"room\\\"\"}"));
}

TEST(JobJsonTest, HasAWordForEveryKindAndState) {
  std::vector<std::string> kinds;
  for (int kind = 1; v1::JobKind_IsValid(kind); ++kind) {
    kinds.push_back(V0KindOf(JobOf("j", static_cast<v1::JobKind>(kind), 0)));
  }
  EXPECT_THAT(kinds, ElementsAre("verify", "rebuild", "delete_data", "truncate", "import", "erase",
                                 "retry", "backup", "fit_model"));
  v1::Job job;
  std::vector<std::string> states;
  for (int state = 1; v1::JobState_IsValid(state); ++state) {
    job.set_state(static_cast<v1::JobState>(state));
    states.push_back(V0StatusOf(job));
  }
  EXPECT_THAT(states, ElementsAre("waiting", "working", "done", "error"));
}

}  // namespace
}  // namespace clv::ingest
