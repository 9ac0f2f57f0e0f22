#include "services/query/pipe_face.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "common/domain/data_sources.h"
#include "common/rpc/fixed_params.h"
#include "common/rpc/parameter_binding.h"
#include "common/rpc/status_conversion.h"
#include "common/rpc/table_renderer.h"
#include "services/query/context_text.h"
#include "services/query/parameter_errors.h"
#include "services/query/quarantine_table.h"

namespace clv::query {
namespace {

constexpr std::string_view kQuarantineSuffix = "_quarantine";

// A rendered table and what goes into `X-CLV-Context`.
struct RenderedTable {
  std::string body;
  std::string context_header;
};

using PipeFunction = absl::StatusOr<RenderedTable> (*)(ReportHandlers&, const ReportCall&,
                                                       const rpc::V0Parameters&,
                                                       const rpc::TableOptions&);

// The field of the response that a request fills.
template <typename Request>
std::string RowsField(const Request&) {
  return "rows";
}

std::string RowsField(const v1::GetPurchaseFrequencyAnalysisRequest& request) {
  if (request.view() == v1::FREQUENCY_VIEW_INTERVAL) return "interval_rows";
  return request.view() == v1::FREQUENCY_VIEW_ORDER_NUMBER ? "order_number_rows" : "rows";
}

std::string RowsField(const v1::GetCustomerSegmentationRequest& request) {
  if (request.level() == v1::SEGMENTATION_LEVEL_SUMMARY) return "segment_rows";
  return request.level() == v1::SEGMENTATION_LEVEL_MATRIX ? "cell_rows" : "rows";
}

template <auto kHandler, typename Request>
absl::StatusOr<RenderedTable> AnswerReport(ReportHandlers& handlers, const ReportCall& call,
                                           const rpc::V0Parameters& parameters,
                                           const rpc::TableOptions& options) {
  CLV_ASSIGN_OR_RETURN(Request request, rpc::BindRequest<Request>(parameters));
  // The handler does the same; here it decides which rows the answer has.
  CLV_RETURN_IF_ERROR(rpc::ApplyFixedParams(call.caller, &request));
  CLV_ASSIGN_OR_RETURN(const auto response, (handlers.*kHandler)(call, request));
  rpc::TableFooter footer;
  if (response.has_rows_before_limit_at_least()) {
    footer.rows_before_limit_at_least = response.rows_before_limit_at_least();
  }
  const v1::ReportStatistics& statistics = response.context().statistics();
  footer.elapsed_seconds = statistics.elapsed();
  footer.rows_read = statistics.rows_read();
  footer.bytes_read = statistics.bytes_read();
  footer.context_json = ContextJson(response.context());
  return RenderedTable{rpc::RenderTable(response, RowsField(request), options, footer),
                       ContextHeader(response.context())};
}

const std::map<std::string_view, PipeFunction>& Pipes() {
  static const auto* const pipes = new std::map<std::string_view, PipeFunction>{
      {"customer_retention",
       &AnswerReport<&ReportHandlers::GetCustomerRetention, v1::GetCustomerRetentionRequest>},
      {"clv_by_segment",
       &AnswerReport<&ReportHandlers::GetClvBySegment, v1::GetClvBySegmentRequest>},
      {"clv_by_acquisition_source", &AnswerReport<&ReportHandlers::GetClvByAcquisitionSource,
                                                  v1::GetClvByAcquisitionSourceRequest>},
      {"purchase_frequency_analysis", &AnswerReport<&ReportHandlers::GetPurchaseFrequencyAnalysis,
                                                    v1::GetPurchaseFrequencyAnalysisRequest>},
      {"clv_prediction",
       &AnswerReport<&ReportHandlers::GetClvPrediction, v1::GetClvPredictionRequest>},
      {"clv_model_info",
       &AnswerReport<&ReportHandlers::GetClvModelInfo, v1::GetClvModelInfoRequest>},
      {"customer_segmentation",
       &AnswerReport<&ReportHandlers::GetCustomerSegmentation, v1::GetCustomerSegmentationRequest>},
      {"total_customer_value",
       &AnswerReport<&ReportHandlers::GetTotalCustomerValue, v1::GetTotalCustomerValueRequest>},
  };
  return *pipes;
}

absl::StatusOr<RenderedTable> AnswerQuarantine(ReportHandlers& handlers, const ReportCall& call,
                                               domain::DataSource data_source,
                                               const rpc::V0Parameters& parameters,
                                               const rpc::TableOptions& options) {
  CLV_ASSIGN_OR_RETURN(auto request, rpc::BindRequest<v1::ListQuarantinedRowsRequest>(parameters));
  request.set_data_source(std::string(domain::DataSourceName(data_source)));
  CLV_ASSIGN_OR_RETURN(const v1::ListQuarantinedRowsResponse response,
                       handlers.ListQuarantinedRows(call, request));
  v1::ReportContext context;
  context.mutable_as_of()->set_seconds(handlers.clock().NowSeconds());
  return RenderedTable{RenderQuarantine(data_source, response, options, ContextJson(context)),
                       ContextHeader(context)};
}

std::optional<domain::DataSource> QuarantinedDataSource(std::string_view name) {
  if (!name.ends_with(kQuarantineSuffix)) return std::nullopt;
  return domain::DataSourceOfName(name.substr(0, name.size() - kQuarantineSuffix.size()));
}

// Without the format.
std::string NameOf(const std::string& pipe) { return pipe.substr(0, pipe.rfind('.')); }

absl::StatusOr<rpc::TableFormat> FormatOf(const std::string& extension) {
  if (extension == "json") return rpc::TableFormat::kJson;
  if (extension == "csv" || extension == "csvwithnames") return rpc::TableFormat::kCsv;
  if (extension == "ndjson") return rpc::TableFormat::kNdjson;
  return rpc::FieldError("format", extension, "json, csv, csvwithnames or ndjson");
}

// An absent or empty switch is off.
absl::StatusOr<bool> SwitchOf(const std::string& name, const rpc::V0Parameters& parameters) {
  const std::string value = parameters.Last(name).value_or("");
  if (value == "1" || value == "true") return true;
  if (value.empty() || value == "0" || value == "false") return false;
  return rpc::FieldError(name, value, "0, 1, true or false");
}

absl::StatusOr<rpc::TableOptions> MakeOptions(const std::string& extension,
                                              const rpc::V0Parameters& parameters) {
  rpc::TableOptions options;
  CLV_ASSIGN_OR_RETURN(options.format, FormatOf(extension));
  CLV_ASSIGN_OR_RETURN(options.quote_64bit_integers,
                       SwitchOf("output_format_json_quote_64bit_integers", parameters));
  CLV_ASSIGN_OR_RETURN(options.quote_denormals,
                       SwitchOf("output_format_json_quote_denormals", parameters));
  for (const std::string& sql : parameters.All("q")) {
    if (!sql.empty()) return rpc::FieldError("q", sql, "none: SQL over a pipe is not supported");
  }
  CLV_ASSIGN_OR_RETURN(const bool explains, SwitchOf("explain", parameters));
  if (explains) {
    return rpc::FieldError("explain", *parameters.Last("explain"),
                           "none: there is no query plan to show");
  }
  return options;
}

}  // namespace

absl::Status PipeFace::CheckAccess(const std::string& pipe, const rpc::Caller& caller) {
  const std::string name = NameOf(pipe);
  if (QuarantinedDataSource(name)) return absl::OkStatus();  // the handler looks at the data source
  if (!Pipes().contains(name)) {
    return absl::NotFoundError(absl::StrCat("The pipe ", Quoted(name), " does not exist"));
  }
  if (!caller.MayWithFixedParams("PIPES:READ:" + name)) {
    return absl::PermissionDeniedError(
        absl::StrCat("the token lacks the scope: want PIPES:READ:", name));
  }
  return absl::OkStatus();
}

absl::StatusOr<rpc::V0Reply> PipeFace::Answer(const std::string& pipe,
                                              const rpc::V0Parameters& parameters,
                                              const ReportCall& call) const {
  CLV_RETURN_IF_ERROR(CheckAccess(pipe, call.caller));
  const std::string name = NameOf(pipe);
  const std::optional<domain::DataSource> quarantined = QuarantinedDataSource(name);
  CLV_ASSIGN_OR_RETURN(
      const rpc::TableOptions options,
      MakeOptions(pipe.substr(std::min(name.size() + 1, pipe.size())), parameters));
  absl::StatusOr<RenderedTable> table =
      quarantined ? AnswerQuarantine(handlers_, call, *quarantined, parameters, options)
                  : Pipes().at(name)(handlers_, call, parameters, options);
  if (!table.ok()) return InWordsOfV0(table.status());
  rpc::V0Reply reply;
  reply.content_type = std::string(rpc::ContentTypeOf(options.format));
  reply.body = std::move(table->body);
  if (options.format != rpc::TableFormat::kJson) {
    reply.headers.emplace_back("x-clv-context", std::move(table->context_header));
  }
  return reply;
}

}  // namespace clv::query
