// tools/cli/jobs.h: `clv verify` and `clv rebuild`: start a job of the aggregation and follow it to
// its end.
#ifndef CLV_TOOLS_CLI_JOBS_H_
#define CLV_TOOLS_CLI_JOBS_H_

#include "absl/status/status.h"
#include "tools/cli/http_client.h"

namespace clv::cli {

// Compares every stored value with a recomputation from the facts, with `from_log` also from the
// log, and prints the result. DATA_LOSS when there are differences (the first ones are printed),
// UNKNOWN when the job failed.
absl::Status RunVerify(const Server& server, bool from_log);

// Computes every customer's values again from the facts and stores them.
absl::Status RunRebuild(const Server& server);

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_JOBS_H_
