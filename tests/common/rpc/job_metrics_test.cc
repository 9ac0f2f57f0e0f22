#include "common/rpc/job_metrics.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/metrics/catalogue.h"
#include "tests/common/metrics/exposition.h"

namespace clv::rpc {
namespace {

constexpr JobMetrics kNames{.waiting = metrics::kAggregationWaitingJobs,
                            .running = metrics::kAggregationRunningJobs,
                            .progress = metrics::kAggregationJobProgress};

v1::Job JobOf(v1::JobKind kind, v1::JobState state, double progress = 0) {
  v1::Job job;
  job.set_job_id("job_0123");
  job.set_kind(kind);
  job.set_state(state);
  job.set_progress(progress);
  return job;
}

metrics::Exposition Collect(const std::vector<v1::Job>& jobs) {
  metrics::Registry registry;
  const auto collection = registry.Collect("jobs", [&jobs](metrics::Scrape& scrape) {
    AddJobMetrics(kNames, {v1::JOB_KIND_VERIFY, v1::JOB_KIND_REBUILD}, jobs, scrape);
    return absl::OkStatus();
  });
  const std::string text = registry.Text();
  EXPECT_EQ(text.find("job_0123"), std::string::npos);
  return metrics::ReadExposition(text);
}

TEST(JobMetricsTest, WithoutJobsEveryKindIsZero) {
  const metrics::Exposition exposition = Collect({});
  EXPECT_EQ(exposition.At(R"(clv_aggregation_running_jobs{kind="verify"})"), 0);
  EXPECT_EQ(exposition.At(R"(clv_aggregation_running_jobs{kind="rebuild"})"), 0);
  EXPECT_EQ(exposition.At(R"(clv_aggregation_waiting_jobs{kind="verify"})"), 0);
  EXPECT_FALSE(exposition.Has(R"(clv_aggregation_job_progress_ratio{kind="verify"})"));
}

TEST(JobMetricsTest, CountJobsByKindAndForgetEndedOnes) {
  const metrics::Exposition exposition =
      Collect({JobOf(v1::JOB_KIND_VERIFY, v1::JOB_STATE_WORKING),
               JobOf(v1::JOB_KIND_VERIFY, v1::JOB_STATE_WAITING),
               JobOf(v1::JOB_KIND_VERIFY, v1::JOB_STATE_DONE, 1),
               JobOf(v1::JOB_KIND_REBUILD, v1::JOB_STATE_WAITING),
               JobOf(v1::JOB_KIND_REBUILD, v1::JOB_STATE_ERROR)});
  EXPECT_EQ(exposition.At(R"(clv_aggregation_running_jobs{kind="verify"})"), 1);
  EXPECT_EQ(exposition.At(R"(clv_aggregation_waiting_jobs{kind="verify"})"), 1);
  EXPECT_EQ(exposition.At(R"(clv_aggregation_running_jobs{kind="rebuild"})"), 0);
  EXPECT_EQ(exposition.At(R"(clv_aggregation_waiting_jobs{kind="rebuild"})"), 1);
  EXPECT_EQ(exposition.At(R"(clv_aggregation_job_progress_ratio{kind="verify"})"), 0);
  EXPECT_FALSE(exposition.Has(R"(clv_aggregation_job_progress_ratio{kind="rebuild"})"));
}

TEST(JobMetricsTest, OfSeveralJobsOfAKindTheOneThatIsFurthestBackCounts) {
  EXPECT_EQ(Collect({JobOf(v1::JOB_KIND_VERIFY, v1::JOB_STATE_WORKING, 0.75),
                     JobOf(v1::JOB_KIND_VERIFY, v1::JOB_STATE_WORKING, 0.5)})
                .At(R"(clv_aggregation_job_progress_ratio{kind="verify"})"),
            0.5);
}

}  // namespace
}  // namespace clv::rpc
