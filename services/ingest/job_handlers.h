// services/ingest/job_handlers.h: the jobs of the whole suite: those of ingest, joined with those
// of aggregation, which is asked.
#ifndef CLV_SERVICES_INGEST_JOB_HANDLERS_H_
#define CLV_SERVICES_INGEST_JOB_HANDLERS_H_

#include <grpcpp/channel.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "clv/v1/aggregation_service.grpc.pb.h"
#include "clv/v1/job.pb.h"
#include "services/ingest/job_board.h"

namespace clv::ingest {

// Numbers of jobs that one call lists.
inline constexpr uint32_t kDefaultListedJobs = 100;
inline constexpr uint32_t kMaxListedJobs = 1'000;

// Thread-safe. Everything in the options must outlive every question.
class JobHandlers {
 public:
  struct Options {
    const JobBoard* board = nullptr;
    std::chrono::milliseconds timeout{2'000};  // for aggregation
  };

  // Called exactly once, perhaps on another thread, never later than the timeout; must not block.
  using GetDone = std::function<void(absl::StatusOr<v1::Job>)>;
  using ListDone = std::function<void(std::vector<v1::Job>)>;

  explicit JobHandlers(Options options) : options_(options) {}

  // Tells where aggregation is; until then, and for null, only ingest has jobs.
  void Connect(const std::shared_ptr<grpc::Channel>& aggregation);

  // The job. NOT_FOUND when there is none of this id, UNAVAILABLE when ingest has none and
  // aggregation does not answer. `authorization`: of the asking caller, passed on as it is.
  void GetJob(const std::string& job_id, const std::string& authorization,
              const GetDone& done) const;

  // At most `limit` jobs, newest first; without those of an aggregation that does not answer.
  void ListJobs(uint32_t limit, const std::string& authorization, const ListDone& done) const;

 private:
  std::shared_ptr<v1::AggregationService::Stub> aggregation() const;

  const Options options_;
  mutable std::mutex mutex_;
  std::shared_ptr<v1::AggregationService::Stub> aggregation_;  // guarded by mutex_
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_JOB_HANDLERS_H_
