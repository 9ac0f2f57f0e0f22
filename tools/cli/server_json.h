// tools/cli/server_json.h: reading of the server's JSON: errors, and messages in proto JSON.
//
// Pure and thread-safe.
#ifndef CLV_TOOLS_CLI_SERVER_JSON_H_
#define CLV_TOOLS_CLI_SERVER_JSON_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "simdjson.h"
#include "tools/cli/http_client.h"

namespace clv::cli {

// OK for a 2xx answer. Else UNKNOWN with "HTTP 400: " and the server's message: `error` of /v0,
// `message` of /v1, or else the begin of the body.
absl::Status StatusOfResponse(const HttpResponse& response);

class JsonDocument;

// Sends one request and reads the JSON of its answer; errors as HttpClient::Send, StatusOfResponse
// and JsonDocument::Parse have them.
absl::StatusOr<JsonDocument> CallServer(HttpClient& client, const HttpRequest& request);
absl::StatusOr<JsonDocument> CallServer(const Server& server, const HttpRequest& request);

// A message in proto JSON that shares the document it came from: fields are looked up by their
// proto name, in either spelling (log_position, logPosition); fields that are absent have their
// default value.
class ProtoJson {
 public:
  ProtoJson() = default;
  explicit ProtoJson(simdjson::dom::element element) : element_(element), present_(true) {}

  bool present() const { return present_; }
  ProtoJson Field(std::string_view name) const;
  // A number, or a string of digits as 64-bit numbers are written.
  uint64_t Unsigned(std::string_view name) const;
  double Number(std::string_view name) const;
  std::string Text(std::string_view name) const;
  bool Flag(std::string_view name) const;
  // Elements of a repeated message or scalar field.
  std::vector<ProtoJson> List(std::string_view name) const;
  // The element itself, where it is a string.
  std::string text() const;

 private:
  simdjson::dom::element element_;
  bool present_ = false;
};

// A document and the parser that owns its memory.
class JsonDocument {
 public:
  // UNKNOWN when `text` is no JSON: what a proxy between may send.
  static absl::StatusOr<JsonDocument> Parse(std::string_view text);
  ProtoJson root() const { return ProtoJson(root_); }

 private:
  // Elements point into the parser, so it must stay where it is.
  std::unique_ptr<simdjson::dom::parser> parser_ = std::make_unique<simdjson::dom::parser>();
  simdjson::dom::element root_;
};

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_SERVER_JSON_H_
