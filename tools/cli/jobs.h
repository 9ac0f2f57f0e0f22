// tools/cli/jobs.h: following jobs to their end; `clv jobs`, and `clv verify` and `clv rebuild`,
// which start a job of the aggregation.
#ifndef CLV_TOOLS_CLI_JOBS_H_
#define CLV_TOOLS_CLI_JOBS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/cli/http_client.h"
#include "tools/cli/server_json.h"

namespace clv::cli {

// Follows a job until it has ended, with a line of progress under `label`, and returns the last
// answer about it (its field `job`). UNKNOWN when the job failed.
absl::StatusOr<JsonDocument> FollowJob(HttpClient& client, const std::string& job_id,
                                       const char* label);

// Sends a request that starts a job, and follows it.
absl::StatusOr<JsonDocument> StartAndFollowJob(const Server& server, const HttpRequest& request,
                                               const char* label);

// Prints a table of the newest jobs, 1 to 1,000.
absl::Status RunListJobs(const Server& server, uint32_t limit);

// The table that RunListJobs prints of an answer.
std::string RenderJobs(const ProtoJson& response);

// Compares every stored value with a recomputation from the facts, with `from_log` also from the
// log, and prints the result. DATA_LOSS when there are differences (the first ones are printed),
// UNKNOWN when the job failed.
absl::Status RunVerify(const Server& server, bool from_log);

// Computes every customer's values again from the facts and stores them.
absl::Status RunRebuild(const Server& server);

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_JOBS_H_
