#include "services/ingest/events_request.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "services/ingest/body_decoder.h"
#include "services/ingest/data_source_names.h"

namespace clv::ingest {
namespace {

absl::Status BadRequest(std::string_view text) {
  return rpc::V0Error(absl::StatusCode::kInvalidArgument, 400, text, "events");
}

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

absl::StatusOr<EventsRequest> ReadEventsRequest(const rpc::CallContext& call,
                                                std::string_view body) {
  const std::optional<std::string> name = call.parameters().Last("name");
  if (!name.has_value() || name->empty()) {
    return BadRequest(
        "the parameter 'name' is missing: want the name of a data source (customers, purchases, "
        "customer_clv)");
  }
  const std::optional<domain::DataSource> data_source = domain::DataSourceOfName(*name);
  if (!data_source.has_value()) return UnknownDataSource(*name);
  CLV_RETURN_IF_ERROR(call.RequireAnyOf({absl::StrCat("DATASOURCES:APPEND:", *name)}));
  const std::string format = call.parameters().Last("format").value_or("");
  if (!format.empty() && format != "ndjson" && format != "json") {
    return BadRequest(absl::StrCat("format: got ", Quoted(format), ", want ndjson or json"));
  }
  const std::string wait = call.parameters().Last("wait").value_or("");
  EventsRequest request{.data_source = *data_source, .wait = wait == "true" || wait == "1"};
  CLV_ASSIGN_OR_RETURN(request.body, DecodeBody(body, call.content_encoding()));
  if (IsBlank(request.body)) return BadRequest("the body is empty: want JSON objects");
  return request;
}

rpc::V0Reply EventsReply(const v1::WriteResult& result, bool wait) {
  rpc::V0Reply reply;
  reply.http_status = wait && result.visible() ? 200 : 202;
  reply.body = absl::StrCat("{\"successful_rows\": ", result.successful_rows(),
                            ", \"quarantined_rows\": ", result.quarantined_rows(), "}");
  if (wait && !result.visible()) reply.headers.emplace_back("x-clv-visible", "false");
  return reply;
}

}  // namespace clv::ingest
