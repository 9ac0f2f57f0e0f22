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

absl::Status RunCreateToken(const Server& server, const std::string& name,
                            const std::vector<std::string>& scopes) {
  HttpRequest request{.method = "POST", .target = "/v1/tokens", .content_type = "application/json"};
  request.body = R"({"name":)";
  AppendJsonString(request.body, name);
  request.body += R"(,"scopes":[)";
  for (size_t i = 0; i < scopes.size(); ++i) {
    request.body += i == 0 ? "" : ",";
    AppendJsonString(request.body, scopes[i]);
  }
  request.body += "]}";
  CLV_ASSIGN_OR_RETURN(const JsonDocument document, CallServer(server, request));
  std::printf("%s\n", document.root().Text("secret").c_str());
  std::fprintf(stderr, "created token %s; keep its text, it is not shown again\n", name.c_str());
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
