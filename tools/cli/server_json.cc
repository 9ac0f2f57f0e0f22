#include "tools/cli/server_json.h"

#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace clv::cli {
namespace {

constexpr size_t kMostErrorBytes = 1000;

std::string LowerCamel(std::string_view name) {
  std::string camel;
  bool upper = false;
  for (const char c : name) {
    if (c == '_') {
      upper = true;
    } else {
      camel += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      upper = false;
    }
  }
  return camel;
}

std::string ErrorText(const HttpResponse& response) {
  if (const auto document = JsonDocument::Parse(response.body); document.ok()) {
    for (const std::string_view key : {"error", "message"}) {
      if (std::string text = document->root().Text(key); !text.empty()) {
        return text;
      }
    }
  }
  return response.body.substr(0, kMostErrorBytes);
}

}  // namespace

absl::Status StatusOfResponse(const HttpResponse& response) {
  if (response.ok()) {
    return absl::OkStatus();
  }
  return absl::UnknownError(absl::StrCat("HTTP ", response.status, ": ", ErrorText(response)));
}

absl::StatusOr<JsonDocument> CallServer(HttpClient& client, const HttpRequest& request) {
  CLV_ASSIGN_OR_RETURN(const HttpResponse response, client.Send(request));
  CLV_RETURN_IF_ERROR(StatusOfResponse(response));
  return JsonDocument::Parse(response.body);
}

absl::StatusOr<JsonDocument> CallServer(const Server& server, const HttpRequest& request) {
  HttpClient client(server);
  return CallServer(client, request);
}

ProtoJson ProtoJson::Field(std::string_view name) const {
  simdjson::dom::object object;
  if (!present_ || element_.get(object) != simdjson::SUCCESS) {
    return {};
  }
  simdjson::dom::element value;
  if (object.at_key(name).get(value) == simdjson::SUCCESS ||
      object.at_key(LowerCamel(name)).get(value) == simdjson::SUCCESS) {
    return value.is_null() ? ProtoJson() : ProtoJson(value);
  }
  return {};
}

uint64_t ProtoJson::Unsigned(std::string_view name) const {
  const ProtoJson field = Field(name);
  uint64_t number = 0;
  if (!field.present_ || field.element_.get(number) == simdjson::SUCCESS) {
    return number;
  }
  const std::string text = field.text();
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

double ProtoJson::Number(std::string_view name) const {
  const ProtoJson field = Field(name);
  double number = 0;
  return field.present_ && field.element_.get(number) == simdjson::SUCCESS ? number : 0;
}

std::string ProtoJson::Text(std::string_view name) const { return Field(name).text(); }

bool ProtoJson::Flag(std::string_view name) const {
  const ProtoJson field = Field(name);
  bool flag = false;
  return field.present_ && field.element_.get(flag) == simdjson::SUCCESS && flag;
}

std::vector<ProtoJson> ProtoJson::List(std::string_view name) const {
  const ProtoJson field = Field(name);
  simdjson::dom::array array;
  std::vector<ProtoJson> items;
  if (field.present_ && field.element_.get(array) == simdjson::SUCCESS) {
    for (const simdjson::dom::element item : array) {
      items.emplace_back(item);
    }
  }
  return items;
}

std::string ProtoJson::text() const {
  std::string_view text;
  return present_ && element_.get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

absl::StatusOr<JsonDocument> JsonDocument::Parse(std::string_view text) {
  JsonDocument document;
  if (document.parser_->parse(text.data(), text.size()).get(document.root_) != simdjson::SUCCESS) {
    return absl::UnknownError("the server's answer is no JSON; is the URL that of a CLV suite?");
  }
  return document;
}

}  // namespace clv::cli
