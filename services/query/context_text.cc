#include "services/query/context_text.h"

#include "common/base/instant.h"
#include "common/rpc/json_text.h"

namespace clv::query {
namespace {

std::string Write(const v1::ReportContext& context, rpc::JsonCharset charset) {
  std::string json =
      "{\"as_of\":\"" + FormatInstant(context.as_of().seconds()) + "\",\"reporting_currency\":";
  rpc::AppendJsonText(context.reporting_currency(), &json, charset);
  json += ",\"unconverted_purchases\":";
  rpc::AppendUnsigned(context.unconverted_purchases(), &json);
  json += ",\"warnings\":[";
  for (int i = 0; i < context.warnings_size(); ++i) {
    if (i > 0) json += ',';
    rpc::AppendJsonText(context.warnings(i), &json, charset);
  }
  json += "],\"folded_position\":";
  rpc::AppendUnsigned(context.folded_position(), &json);
  if (context.has_model_version()) {
    json += ",\"model_version\":";
    rpc::AppendUnsigned(context.model_version(), &json);
  }
  json += '}';
  return json;
}

}  // namespace

std::string ContextJson(const v1::ReportContext& context) {
  return Write(context, rpc::JsonCharset::kUtf8);
}

std::string ContextHeader(const v1::ReportContext& context) {
  std::string header = Write(context, rpc::JsonCharset::kAscii);
  v1::ReportContext shorter = context;
  while (header.size() > kMaxContextHeaderBytes && shorter.warnings_size() > 0) {
    shorter.mutable_warnings()->RemoveLast();
    header = Write(shorter, rpc::JsonCharset::kAscii);
  }
  return header;
}

}  // namespace clv::query
