#include "services/ingest/job_face.h"

#include <utility>
#include <vector>

#include "services/ingest/job_json.h"

namespace clv::ingest {

std::string AuthorizationOf(const rpc::CallContext& call) {
  std::string header = call.Metadata("authorization");
  const auto& token = call.parameters().token();
  return header.empty() && token.has_value() ? "Bearer " + *token : header;
}

void ServeV0Jobs(const JobHandlers& handlers, const rpc::CallContext& call,
                 const std::string& job_id, const rpc::Dispatcher::V0Done& done) {
  if (!job_id.empty()) {
    handlers.GetJob(job_id, AuthorizationOf(call), [done](const absl::StatusOr<v1::Job>& job) {
      if (job.ok()) {
        done(JobReply(*job));
      } else {
        done(job.status());
      }
    });
    return;
  }
  const std::string kind = call.parameters().Last("kind").value_or("");
  const std::string status = call.parameters().Last("status").value_or("");
  handlers.ListJobs(kMaxListedJobs, AuthorizationOf(call),
                    [done, kind, status](std::vector<v1::Job> jobs) {
                      std::erase_if(jobs, [&](const v1::Job& job) {
                        return (!kind.empty() && V0KindOf(job) != kind) ||
                               (!status.empty() && V0StatusOf(job) != status);
                      });
                      if (jobs.size() > kDefaultListedJobs) jobs.resize(kDefaultListedJobs);
                      done(JobsReply(jobs));
                    });
}

}  // namespace clv::ingest
