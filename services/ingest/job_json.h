// services/ingest/job_json.h: jobs as the /v0 face shows them.
#ifndef CLV_SERVICES_INGEST_JOB_JSON_H_
#define CLV_SERVICES_INGEST_JOB_JSON_H_

#include <string>
#include <vector>

#include "clv/v1/job.pb.h"
#include "common/rpc/v0_reply.h"

namespace clv::ingest {

// The words of /v0: `delete_data`, `waiting`.
std::string V0KindOf(const v1::Job& job);
std::string V0StatusOf(const v1::Job& job);

// A job as one object: `id`, `job_id`, `kind`, `status`, `created_at`, `updated_at`, `job_url`,
// `datasource` where there is one, `statistics`, `rows_affected` and the other counts,
// `progress_percentage`, and `error` where there is one. A deletion also has its `delete_id`.
rpc::V0Reply JobReply(const v1::Job& job);

// `{"jobs":[...]}`.
rpc::V0Reply JobsReply(const std::vector<v1::Job>& jobs);

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_JOB_JSON_H_
