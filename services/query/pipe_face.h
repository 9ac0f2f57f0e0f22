// services/query/pipe_face.h: the reports as /v0 pipes.
#ifndef CLV_SERVICES_QUERY_PIPE_FACE_H_
#define CLV_SERVICES_QUERY_PIPE_FACE_H_

#include <string>

#include "absl/status/statusor.h"
#include "common/rpc/v0_parameters.h"
#include "common/rpc/v0_reply.h"
#include "services/query/report_handlers.h"

namespace clv::query {

// Answers `/v0/pipes/NAME.FORMAT`: the seven reports, and `<data source>_quarantine`; formats json,
// csv, csvwithnames, ndjson. Each report goes through the handler of its own RPC. Thread-safe.
class PipeFace {
 public:
  // `handlers` must outlive this object.
  explicit PipeFace(ReportHandlers& handlers) : handlers_(handlers) {}

  // What Answer says of a name and a caller, without the rest: NOT_FOUND or PERMISSION_DENIED.
  static absl::Status CheckAccess(const std::string& pipe, const rpc::Caller& caller);

  // `pipe`: name and format. NOT_FOUND for an unknown name, PERMISSION_DENIED without
  // PIPES:READ:<name> (quarantine: without a scope for the data source), INVALID_ARGUMENT for a bad
  // parameter (see InWordsOfV0), an unknown format, `q` and `explain`.
  absl::StatusOr<rpc::V0Reply> Answer(const std::string& pipe, const rpc::V0Parameters& parameters,
                                      const ReportCall& call) const;

 private:
  ReportHandlers& handlers_;
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PIPE_FACE_H_
