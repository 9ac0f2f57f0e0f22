#include "tools/cli/tokens.h"

#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "tools/cli/server_json.h"
#include "tools/cli/table_printer.h"
#include "tools/cli/text_format.h"
#include "tools/cli/url.h"

namespace clv::cli {
namespace {

void AppendMember(const std::string& name, std::string& json) {
  if (json.back() != '{') json += ',';
  AppendJsonString(json, name);
  json += ':';
}

void AppendList(const std::vector<std::string>& texts, std::string& json) {
  json += '[';
  for (const std::string& text : texts) {
    if (json.back() != '[') json += ',';
    AppendJsonString(json, text);
  }
  json += ']';
}

// The settings as a proto JSON object.
std::string SettingsJson(const TokenSettings& settings, bool with_name) {
  std::string json = "{";
  if (with_name) {
    AppendMember("name", json);
    AppendJsonString(json, settings.name);
  }
  if (!settings.scopes.empty()) {
    AppendMember("scopes", json);
    AppendList(settings.scopes, json);
  }
  if (settings.description) {
    AppendMember("description", json);
    AppendJsonString(json, *settings.description);
  }
  if (settings.requests_per_second || settings.bytes_per_second) {
    AppendMember("limits", json);
    json += '{';
    if (settings.requests_per_second) {
      AppendMember("requests_per_second", json);
      absl::StrAppend(&json, *settings.requests_per_second);
    }
    if (settings.bytes_per_second) {
      AppendMember("bytes_per_second", json);
      absl::StrAppend(&json, *settings.bytes_per_second);
    }
    json += '}';
  }
  return json + '}';
}

// `PIPES:READ:x` as `{"type":"PIPES:READ","resource":"x"}`.
absl::Status AppendJwtScope(const std::string& scope,
                            const std::map<std::string, std::string>& fixed_params,
                            std::string& json) {
  const size_t colon = scope.rfind(':');
  if (colon == std::string::npos || scope.find(':') == colon) {
    return absl::InvalidArgumentError(absl::StrCat(
        "scope '", scope, "': want TYPE:ACTION:resource, as PIPES:READ:clv_by_segment"));
  }
  const std::string type = scope.substr(0, colon);
  json += '{';
  AppendMember("type", json);
  AppendJsonString(json, type);
  AppendMember("resource", json);
  AppendJsonString(json, scope.substr(colon + 1));
  if (!fixed_params.empty() && type.rfind("PIPE", 0) == 0) {
    AppendMember("fixed_params", json);
    json += '{';
    for (const auto& [name, value] : fixed_params) {
      AppendMember(name, json);
      AppendJsonString(json, value);
    }
    json += '}';
  }
  json += '}';
  return absl::OkStatus();
}

// Prints the new text alone on standard output, so that a script can take it.
void PrintSecret(const std::string& secret, const std::string& what) {
  std::printf("%s\n", secret.c_str());
  std::fprintf(stderr, "%s; keep its text, it is not shown again\n", what.c_str());
}

HttpRequest JsonRequest(std::string method, std::string target, std::string body) {
  return {.method = std::move(method),
          .target = std::move(target),
          .content_type = "application/json",
          .body = std::move(body)};
}

}  // namespace

absl::Status RunListTokens(const Server& server) {
  CLV_ASSIGN_OR_RETURN(const JsonDocument document, CallServer(server, {.target = "/v1/tokens"}));
  Table table;
  table.columns = {
      {.name = "name"}, {.name = "begins with"}, {.name = "created"}, {.name = "scopes"}};
  for (const ProtoJson& token : document.root().List("tokens")) {
    std::vector<std::string> scopes;
    for (const ProtoJson& scope : token.List("scopes")) {
      scopes.push_back(scope.text());
    }
    table.rows.push_back({token.Text("name"), token.Text("prefix"), token.Text("create_time"),
                          absl::StrJoin(scopes, " ")});
  }
  std::fputs(RenderTable(table).c_str(), stdout);
  return absl::OkStatus();
}

absl::Status RunCreateToken(const Server& server, const TokenSettings& settings) {
  CLV_ASSIGN_OR_RETURN(
      const JsonDocument document,
      CallServer(server, JsonRequest("POST", "/v1/tokens", SettingsJson(settings, true))));
  PrintSecret(document.root().Text("secret"), absl::StrCat("created token ", settings.name));
  return absl::OkStatus();
}

absl::Status RunUpdateToken(const Server& server, const TokenSettings& settings) {
  const std::string changes = SettingsJson(settings, false);
  if (changes == "{}") {
    return absl::InvalidArgumentError(
        "nothing to change: give --scope, --description, --requests-per-second or "
        "--bytes-per-second");
  }
  CLV_RETURN_IF_ERROR(
      CallServer(
          server,
          JsonRequest("PATCH", absl::StrCat("/v1/tokens/", PercentEncode(settings.name)), changes))
          .status());
  std::fprintf(stderr, "changed token %s\n", settings.name.c_str());
  return absl::OkStatus();
}

absl::Status RunRefreshToken(const Server& server, const std::string& name) {
  CLV_ASSIGN_OR_RETURN(
      const JsonDocument document,
      CallServer(
          server,
          JsonRequest("POST", absl::StrCat("/v1/tokens/", PercentEncode(name), ":refresh"), "{}")));
  PrintSecret(document.root().Text("secret"), absl::StrCat("refreshed token ", name));
  return absl::OkStatus();
}

absl::Status RunCreateJwt(const Server& server, const JwtSettings& settings, int64_t now_seconds) {
  std::string body = R"({"name":)";
  AppendJsonString(body, settings.name);
  absl::StrAppend(&body, R"(,"expiration_time":")", now_seconds + settings.lifetime_seconds,
                  R"(","scopes":[)");
  for (const std::string& scope : settings.scopes) {
    if (body.back() != '[') body += ',';
    CLV_RETURN_IF_ERROR(AppendJwtScope(scope, settings.fixed_params, body));
  }
  body += ']';
  if (settings.requests_per_second) {
    absl::StrAppend(&body, R"(,"requests_per_second":)", *settings.requests_per_second);
  }
  body += '}';
  CLV_ASSIGN_OR_RETURN(
      const JsonDocument document,
      CallServer(server, JsonRequest("POST", "/v1/tokens:createJwt", std::move(body))));
  PrintSecret(document.root().Text("jwt"),
              absl::StrCat("made a JWT for ", settings.lifetime_seconds, " s"));
  return absl::OkStatus();
}

absl::Status RunDeleteToken(const Server& server, const std::string& name) {
  CLV_RETURN_IF_ERROR(
      CallServer(server,
                 {.method = "DELETE", .target = absl::StrCat("/v1/tokens/", PercentEncode(name))})
          .status());
  std::fprintf(stderr, "revoked token %s\n", name.c_str());
  return absl::OkStatus();
}

}  // namespace clv::cli
