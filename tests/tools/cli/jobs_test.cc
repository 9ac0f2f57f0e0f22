#include "tools/cli/jobs.h"

#include <atomic>
#include <string>

#include "gtest/gtest.h"
#include "tests/tools/cli/fake_server.h"

namespace clv::cli {
namespace {

TEST(JobsTest, FollowsAJobToItsEnd) {
  std::atomic<int> polls = 0;
  FakeServer fake([&](const FakeServer::Request& request) -> FakeServer::Answer {
    if (request.method == "POST") {
      return {.body = R"({"job":{"jobId":"job_1","state":"JOB_STATE_WAITING"}})"};
    }
    if (++polls < 3) {
      return {.body = R"({"job":{"jobId":"job_1","state":"JOB_STATE_WORKING","progress":0.5}})"};
    }
    return {.body = R"({"job":{"jobId":"job_1","state":"JOB_STATE_DONE","removedRows":"7"}})"};
  });
  const auto ended =
      StartAndFollowJob(fake.server(), {.method = "POST", .target = "/x"}, "working");
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_EQ(ended->root().Field("job").Unsigned("removed_rows"), 7u);
  EXPECT_EQ(fake.requests().back().target, "/v1/jobs/job_1");
  EXPECT_EQ(fake.requests().back().authorization, "Bearer secret");
}

TEST(JobsTest, AJobThatFailedTellsWhy) {
  FakeServer fake([](const FakeServer::Request&) -> FakeServer::Answer {
    return {.body = R"({"job":{"jobId":"j","state":"JOB_STATE_ERROR","error":"no room"}})"};
  });
  const auto ended =
      StartAndFollowJob(fake.server(), {.method = "POST", .target = "/x"}, "working");
  EXPECT_EQ(ended.status().message(), "the job failed: no room");
}

TEST(JobsTest, RefusalsAndStrangeAnswersAreErrors) {
  std::string body;
  int status = 200;
  FakeServer fake([&](const FakeServer::Request&) -> FakeServer::Answer {
    return {.status = status, .body = body};
  });
  const auto message = [&] {
    return std::string(
        StartAndFollowJob(fake.server(), {.method = "POST", .target = "/x"}, "working")
            .status()
            .message());
  };
  body = "{}";
  EXPECT_EQ(message(), "the server named no job; is the URL that of a CLV suite?");
  body = R"({"job":{"jobId":"j","state":"SLEEPING"}})";
  EXPECT_EQ(message(), "the job has the unknown state SLEEPING");
  status = 400;
  body = R"({"code":3,"message":"delete_condition: at byte 0: ..."})";
  EXPECT_EQ(message(), "HTTP 400: delete_condition: at byte 0: ...");
}

TEST(JobsTest, VerifyAndRebuildStartJobsOfTheirOwn) {
  FakeServer fake([](const FakeServer::Request&) -> FakeServer::Answer {
    return {.body = R"({"job":{"jobId":"j","state":"JOB_STATE_DONE","valuesChecked":"2"}})"};
  });
  EXPECT_TRUE(RunVerify(fake.server(), /*from_log=*/true).ok());
  EXPECT_EQ(fake.requests()[0].target, "/v1/jobs:verify");
  EXPECT_EQ(fake.requests()[0].body, R"({"fromLog":true})");
  EXPECT_TRUE(RunRebuild(fake.server()).ok());
  EXPECT_EQ(fake.requests()[2].target, "/v1/jobs:rebuild");
}

TEST(JobsTest, ListsJobs) {
  const auto document = JsonDocument::Parse(
      R"({"jobs":[{"jobId":"job_2","kind":"JOB_KIND_DELETE","state":"JOB_STATE_WORKING",
                   "dataSource":"purchases","progress":0.25,"createTime":"2026-01-02T03:04:05Z"},
                  {"jobId":"job_1","kind":"JOB_KIND_VERIFY","state":"JOB_STATE_ERROR",
                   "error":"no room","createTime":"2026-01-01T03:04:05Z"}]})");
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(RenderJobs(document->root()),
            "job    kind    state    data source  done  created               error\n"
            "-----  ------  -------  -----------  ----  --------------------  -------\n"
            "job_2  delete  working  purchases    25 %  2026-01-02T03:04:05Z  -\n"
            "job_1  verify  error    -             0 %  2026-01-01T03:04:05Z  no room\n");
}

TEST(JobsTest, AsksForAsManyJobsAsToldTo) {
  FakeServer fake(
      [](const FakeServer::Request&) -> FakeServer::Answer { return {.body = R"({"jobs":[]})"}; });
  EXPECT_TRUE(RunListJobs(fake.server(), 7).ok());
  EXPECT_EQ(fake.requests()[0].target, "/v1/jobs?limit=7");
}

}  // namespace
}  // namespace clv::cli
