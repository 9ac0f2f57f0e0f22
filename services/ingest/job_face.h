// services/ingest/job_face.h: the calls of the /v0 face about jobs.
#ifndef CLV_SERVICES_INGEST_JOB_FACE_H_
#define CLV_SERVICES_INGEST_JOB_FACE_H_

#include <string>

#include "common/rpc/call_context.h"
#include "common/rpc/dispatcher.h"
#include "services/ingest/job_handlers.h"

namespace clv::ingest {

// What the caller authorised himself by, as the header's value: a `token` parameter is as good.
std::string AuthorizationOf(const rpc::CallContext& call);

// `GET /v0/jobs` (`job_id` is empty; the newest 100, of a `kind` and a `status` where these
// parameters are there) and `GET /v0/jobs/ID` (404 for an unknown one). `handlers` must live until
// `done` was called.
void ServeV0Jobs(const JobHandlers& handlers, const rpc::CallContext& call,
                 const std::string& job_id, const rpc::Dispatcher::V0Done& done);

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_JOB_FACE_H_
