// services/ingest/events_request.h: the request of POST /v0/events.
#ifndef CLV_SERVICES_INGEST_EVENTS_REQUEST_H_
#define CLV_SERVICES_INGEST_EVENTS_REQUEST_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "clv/v1/ingest_service.pb.h"
#include "common/domain/data_sources.h"
#include "common/rpc/call_context.h"
#include "common/rpc/v0_reply.h"

namespace clv::ingest {

// Refused rows that an answer of this face lists.
inline constexpr int kMaxEventsRefusals = 5;

// What a call asks for, the body unpacked.
struct EventsRequest {
  domain::DataSource data_source = domain::DataSource::kCustomers;
  bool wait = false;
  std::string body;
};

// Reads the parameters `name`, `format` and `wait` and the body. Errors carry their HTTP status:
// 400 for a missing name, a bad format, a `wait` that is no boolean or an empty body, 403 when the
// caller may not append, 404 for an unknown data source, 413 and 415 (see body_decoder.h).
absl::StatusOr<EventsRequest> ReadEventsRequest(const rpc::CallContext& call,
                                                std::string_view body);

// 202 with the counts, or 200 when the rows are visible as the request wanted; 202 with
// `x-clv-visible: false` when they should be but are not. Beside the counts: the first refused rows
// where there are any, and the duplicates where they are known. `x-clv-log-position`, where a row
// is valid: what a report takes as `min_folded_position`.
rpc::V0Reply EventsReply(const v1::WriteResult& result, bool wait);

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_EVENTS_REQUEST_H_
