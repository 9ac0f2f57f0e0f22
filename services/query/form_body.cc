#include "services/query/form_body.h"

#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/utf8.h"
#include "common/rpc/status_conversion.h"
#include "common/rpc/v0_reply.h"

namespace clv::query {
namespace {

constexpr char kForm[] = "application/x-www-form-urlencoded";

// The media type without parameters, in lower case.
std::string EssenceOf(const std::string& content_type) {
  const std::string essence = content_type.substr(0, content_type.find(';'));
  return absl::AsciiStrToLower(absl::StripAsciiWhitespace(essence));
}

}  // namespace

absl::Status CheckFormBody(const google::api::HttpBody& body, const std::string& content_encoding) {
  if (body.data().empty()) return absl::OkStatus();
  if (!content_encoding.empty() && content_encoding != "identity") {
    return rpc::V0Error(
        absl::StatusCode::kInvalidArgument, 415,
        absl::StrCat("content-encoding: got ", Quoted(content_encoding), ", want none for a form"),
        "query-parameters");
  }
  const std::string type = EssenceOf(body.content_type());
  if (!type.empty() && type != kForm && type != "text/plain") {
    return rpc::FieldError("content-type", type, absl::StrCat(kForm, " with the parameters"));
  }
  const absl::string_view text = absl::StripLeadingAsciiWhitespace(body.data());
  if (!text.empty() && (text.front() == '{' || text.front() == '[')) {
    return rpc::FieldError("body", std::string_view(text.data(), text.size()),
                           "parameters as name=value with & between them");
  }
  return absl::OkStatus();
}

}  // namespace clv::query
