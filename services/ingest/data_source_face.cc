#include "services/ingest/data_source_face.h"

#include <google/protobuf/util/json_util.h>

#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "services/ingest/body_decoder.h"
#include "services/ingest/data_source_json.h"
#include "services/ingest/data_source_names.h"
#include "services/ingest/job_json.h"

namespace clv::ingest {
namespace {

constexpr std::string_view kDataSourcePath = "/v0/datasources/";

absl::Status BadParameter(std::string_view text) {
  return rpc::V0Error(absl::StatusCode::kInvalidArgument, 400, text, "query-parameters");
}

// The name in the path counts: a parameter `name` would be bound over it.
std::string NameInPath(const rpc::CallContext& call, const std::string& bound) {
  std::string_view path = call.original_path();
  if (!path.starts_with(kDataSourcePath)) return bound;
  path.remove_prefix(kDataSourcePath.size());
  const std::string_view name = path.substr(0, path.find_first_of("/?"));
  return name.empty() || name.find('%') != std::string_view::npos ? bound : std::string(name);
}

absl::StatusOr<bool> ReadDryRun(const rpc::CallContext& call) {
  const std::string value = call.parameters().Last("dry_run").value_or("");
  if (value == "true" || value == "1") return true;
  if (value.empty() || value == "false" || value == "0") return false;
  return BadParameter(absl::StrCat("dry_run: got ", Quoted(value), ", want true or false"));
}

std::string_view WithoutBlanks(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin);
}

absl::Status CheckIsPlain(const rpc::CallContext& call, const google::api::HttpBody& body) {
  const std::string& encoding = call.content_encoding();
  if (body.data().empty() || encoding.empty() || encoding == "identity") return absl::OkStatus();
  return rpc::V0Error(
      absl::StatusCode::kInvalidArgument, 415,
      absl::StrCat("content-encoding: got ", Quoted(encoding), ", want a form body without one"),
      "query-parameters");
}

// Without a parameter every row is sent again, so what is misspelt must not count as nothing.
absl::Status CheckRetryForm(std::string_view body) {
  const rpc::V0Parameters parameters("", WithoutBlanks(body));
  for (const auto& [name, value] : parameters.items()) {
    if (name == "import_id") continue;
    return BadParameter(absl::StrCat("the body: got ", Quoted(name),
                                     ", want a form with import_id, or {\"rows\": [{\"id\": ..., "
                                     "\"raw\": \"...\"}]}"));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::RetryQuarantinedRowsRequest> ReadRetryRequest(
    const rpc::CallContext& call, const google::api::HttpBody& body) {
  v1::RetryQuarantinedRowsRequest request;
  if (DataSourceFace::IsForm(body)) {
    CLV_RETURN_IF_ERROR(CheckRetryForm(body.data()));
  } else {
    CLV_ASSIGN_OR_RETURN(const std::string json, DecodeBody(body.data(), call.content_encoding()));
    const auto parsed = google::protobuf::util::JsonStringToMessage(json, &request);
    if (!parsed.ok()) {
      return BadParameter(
          absl::StrCat("the body is no {\"rows\": [{\"id\": ..., \"raw\": \"...\"}]}: ",
                       parsed.message().ToString()));
    }
  }
  if (const auto import_id = call.parameters().Last("import_id")) request.set_import_id(*import_id);
  return request;
}

}  // namespace

bool DataSourceFace::IsForm(const google::api::HttpBody& body) {
  // Packed bytes are no form, either; only JSON may be packed.
  const std::string_view text = WithoutBlanks(body.data());
  const bool is_packed = text.starts_with("\x1f\x8b") || text.starts_with("\x28\xb5\x2f\xfd");
  return !is_packed && !text.starts_with('{') && !text.starts_with('[');
}

absl::StatusOr<rpc::V0Reply> DataSourceFace::Describe(
    const rpc::CallContext& call, const v1::DescribeDataSourcesRequest& request) const {
  const std::vector<std::string> attrs =
      absl::StrSplit(call.parameters().Last("attrs").value_or(""), ',', absl::SkipWhitespace());
  if (!request.name().empty()) {
    v1::GetDataSourceRequest get;
    get.set_data_source(NameInPath(call, request.name()));
    CLV_ASSIGN_OR_RETURN(const v1::GetDataSourceResponse got,
                         options_.handlers->GetDataSource(call, get));
    return rpc::V0Reply{.body = DataSourceJson(got.data_source(), attrs)};
  }
  std::string json = "{\"datasources\":[";
  const v1::ListDataSourcesResponse list = options_.handlers->ListDataSources(call);
  for (const v1::DataSource& data_source : list.data_sources()) {
    if (!json.ends_with('[')) json += ',';
    json += DataSourceJson(data_source, attrs);
  }
  return rpc::V0Reply{.body = json + "]}"};
}

absl::StatusOr<rpc::V0Reply> DataSourceFace::Change(
    const rpc::CallContext& call, const v1::ChangeDataSourceRequest& request) const {
  const std::string name = NameInPath(call, request.name());
  if (request.action().empty()) return Retry(call, name, request.body());
  if (request.action() != "delete" && request.action() != "truncate") {
    return rpc::V0Error(absl::StatusCode::kNotFound, 404,
                        absl::StrCat("the action ", Quoted(request.action()),
                                     " does not exist: want delete or truncate"),
                        "events");
  }
  // As the typed methods.
  CLV_RETURN_IF_ERROR(call.RequireAnyOf({"ADMIN"}));
  CLV_RETURN_IF_ERROR(CheckIsPlain(call, request.body()));
  return request.action() == "delete" ? Delete(call, name) : Truncate(call, name);
}

absl::StatusOr<rpc::V0Reply> DataSourceFace::Delete(const rpc::CallContext& call,
                                                    const std::string& name) const {
  CLV_RETURN_IF_ERROR(FindDataSource(name).status());
  const std::string condition = call.parameters().Last("delete_condition").value_or("");
  const std::string customer_id = call.parameters().Last("customer_id").value_or("");
  CLV_ASSIGN_OR_RETURN(const bool dry_run, ReadDryRun(call));
  if (condition.empty() == customer_id.empty()) {
    return BadParameter(condition.empty()
                            ? "neither delete_condition nor customer_id is there: want one"
                            : "delete_condition and customer_id are both there: want one");
  }
  if (!customer_id.empty()) {
    if (dry_run) return BadParameter("dry_run: want it with delete_condition only");
    return EraseCustomer(call, customer_id);
  }
  v1::DeleteRowsRequest request;
  request.set_data_source(name);
  request.set_delete_condition(condition);
  request.set_dry_run(dry_run);
  CLV_ASSIGN_OR_RETURN(const v1::DeleteRowsResponse response,
                       options_.handlers->DeleteRows(call, request));
  if (!dry_run) return JobReply(response.job());
  return rpc::V0Reply{
      .body = absl::StrCat("{\"rows_to_be_deleted\":", response.rows_to_be_deleted(), "}")};
}

absl::StatusOr<rpc::V0Reply> DataSourceFace::EraseCustomer(const rpc::CallContext& call,
                                                           const std::string& customer_id) const {
  if (options_.eraser == nullptr)
    return absl::UnimplementedError("customers cannot be erased here");
  CLV_ASSIGN_OR_RETURN(const v1::Job job, options_.eraser->StartErase(customer_id));
  CLV_RETURN_IF_ERROR(options_.audit->Record(call, "customer.erase", job.job_id()));
  return JobReply(job);
}

absl::StatusOr<rpc::V0Reply> DataSourceFace::Truncate(const rpc::CallContext& call,
                                                      const std::string& name) const {
  v1::TruncateDataSourceRequest request;
  request.set_data_source(name);
  CLV_ASSIGN_OR_RETURN(const v1::TruncateDataSourceResponse response,
                       options_.handlers->TruncateDataSource(call, request));
  return JobReply(response.job());
}

absl::StatusOr<rpc::V0Reply> DataSourceFace::Retry(const rpc::CallContext& call,
                                                   const std::string& name,
                                                   const google::api::HttpBody& body) const {
  CLV_ASSIGN_OR_RETURN(const domain::DataSource data_source, FindDataSource(name));
  CLV_RETURN_IF_ERROR(call.RequireAnyOf({ScopeToAppend(data_source)}));
  CLV_ASSIGN_OR_RETURN(v1::RetryQuarantinedRowsRequest request, ReadRetryRequest(call, body));
  request.set_data_source(name);
  CLV_ASSIGN_OR_RETURN(const v1::RetryQuarantinedRowsResponse response,
                       options_.handlers->RetryQuarantinedRows(call, request));
  return JobReply(response.job());
}

}  // namespace clv::ingest
