#include "services/ingest/events_request.h"

#include <algorithm>
#include <array>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "common/rpc/json_text.h"
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

// Clients write booleans in every way; a word that is none must not be taken for either.
absl::StatusOr<bool> ReadWait(const std::string& value) {
  constexpr std::array<std::string_view, 5> kYes = {"true", "1", "yes", "t", "y"};
  constexpr std::array<std::string_view, 6> kNo = {"", "false", "0", "no", "f", "n"};
  const std::string word = absl::AsciiStrToLower(value);
  if (std::find(kYes.begin(), kYes.end(), word) != kYes.end()) return true;
  if (std::find(kNo.begin(), kNo.end(), word) != kNo.end()) return false;
  return BadRequest(absl::StrCat("wait: got ", Quoted(value), ", want true or false"));
}

void AppendRefusals(const v1::WriteResult& result, std::string* json) {
  *json += ", \"quarantine_errors\": [";
  const int count = std::min(result.errors_size(), kMaxEventsRefusals);
  for (int i = 0; i < count; ++i) {
    const v1::RowError& error = result.errors(i);
    absl::StrAppend(json, i == 0 ? "" : ", ", "{\"row\": ", error.row(), ", \"column\": ");
    rpc::AppendJsonText(error.field(), json);
    *json += ", \"error\": ";
    rpc::AppendJsonText(error.description(), json);
    *json += '}';
  }
  *json += ']';
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
  EventsRequest request{.data_source = *data_source};
  CLV_ASSIGN_OR_RETURN(request.wait, ReadWait(call.parameters().Last("wait").value_or("")));
  CLV_ASSIGN_OR_RETURN(request.body, DecodeBody(body, call.content_encoding()));
  if (IsBlank(request.body)) return BadRequest("the body is empty: want JSON objects");
  return request;
}

rpc::V0Reply EventsReply(const v1::WriteResult& result, bool wait) {
  rpc::V0Reply reply;
  reply.http_status = wait && result.visible() ? 200 : 202;
  reply.body = absl::StrCat("{\"successful_rows\": ", result.successful_rows(),
                            ", \"quarantined_rows\": ", result.quarantined_rows());
  if (result.errors_size() > 0) AppendRefusals(result, &reply.body);
  if (result.has_duplicate_rows()) {
    absl::StrAppend(&reply.body, ", \"duplicate_rows\": ", result.duplicate_rows());
  }
  reply.body += '}';
  if (result.log_position() > 0) {
    reply.headers.emplace_back("x-clv-log-position", absl::StrCat(result.log_position()));
  }
  if (wait && !result.visible()) reply.headers.emplace_back("x-clv-visible", "false");
  return reply;
}

}  // namespace clv::ingest
