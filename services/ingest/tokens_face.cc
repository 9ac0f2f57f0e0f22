#include "services/ingest/tokens_face.h"

#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "common/rpc/json_text.h"
#include "common/rpc/jwt_claims.h"
#include "common/rpc/status_conversion.h"
#include "common/rpc/v0_parameters.h"

namespace clv::ingest {
namespace {

constexpr std::string_view kPrefix = "/v0/tokens";

// The name in the path; empty for `/v0/tokens`. A parameter `name` must not take its place, as the
// transcoder would have it.
std::string NameInPath(std::string_view original_path) {
  std::string_view path = original_path.substr(0, original_path.find('?'));
  if (!path.starts_with(kPrefix)) return "";
  path.remove_prefix(kPrefix.size());
  if (!path.starts_with('/')) return "";
  path.remove_prefix(1);
  return rpc::DecodePathSegment(path.substr(0, path.find('/')));
}

void AppendMember(std::string_view name, std::string_view text, std::string* out) {
  rpc::AppendJsonText(name, out);
  *out += ": ";
  rpc::AppendJsonText(text, out);
}

void AppendScope(const std::string& scope, std::string* out) {
  const size_t colon = scope.rfind(':');
  *out += '{';
  AppendMember("type", std::string_view(scope).substr(0, colon), out);
  if (colon != std::string::npos) {
    *out += ", ";
    AppendMember("resource", std::string_view(scope).substr(colon + 1), out);
  }
  *out += '}';
}

// `text`: what stands for the token's text.
void AppendToken(const storage::StoredToken& token, const std::string& text, std::string* out) {
  *out += '{';
  AppendMember("id", token.name, out);
  *out += ", ";
  AppendMember("name", token.name, out);
  *out += ", ";
  AppendMember("description", token.description, out);
  *out += ", \"scopes\": [";
  for (size_t i = 0; i < token.scopes.size(); ++i) {
    if (i > 0) *out += ", ";
    AppendScope(token.scopes[i], out);
  }
  *out += "], ";
  AppendMember("token", text, out);
  *out += ", \"host\": \"\", \"is_internal\": false}";
}

std::string ShownText(const storage::StoredToken& token) { return token.prefix + "..."; }

rpc::V0Reply TokenReply(const storage::StoredToken& token, const std::string& text) {
  rpc::V0Reply reply;
  AppendToken(token, text, &reply.body);
  return reply;
}

absl::StatusOr<rpc::V0Reply> AnswerNew(const absl::StatusOr<NewToken>& token) {
  CLV_RETURN_IF_ERROR(token.status());
  return TokenReply(token->stored, token->secret);
}

absl::StatusOr<rpc::V0Reply> AnswerStored(const absl::StatusOr<storage::StoredToken>& token) {
  CLV_RETURN_IF_ERROR(token.status());
  return TokenReply(*token, ShownText(*token));
}

absl::StatusOr<rpc::V0Reply> AnswerList(
    const absl::StatusOr<std::vector<storage::StoredToken>>& tokens) {
  CLV_RETURN_IF_ERROR(tokens.status());
  rpc::V0Reply reply{.body = "{\"tokens\": ["};
  for (const storage::StoredToken& token : *tokens) {
    if (&token != &tokens->front()) reply.body += ", ";
    AppendToken(token, ShownText(token), &reply.body);
  }
  reply.body += "]}";
  return reply;
}

absl::StatusOr<rpc::V0Reply> AnswerOk(const absl::Status& status) {
  CLV_RETURN_IF_ERROR(status);
  return rpc::V0Reply{.body = "{\"ok\": true}"};
}

// The anchor of errors of this face is `authentication`, not that of pipes.
absl::StatusOr<rpc::V0Reply> WithDocumentation(absl::StatusOr<rpc::V0Reply> answer) {
  if (!absl::IsNotFound(answer.status()) && !absl::IsAlreadyExists(answer.status())) return answer;
  return rpc::V0Error(answer.status().code(), rpc::HttpStatusOf(answer.status()),
                      std::string(answer.status().message()), "authentication");
}

}  // namespace

bool IsJsonBody(std::string_view body) {
  const size_t first = body.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && body[first] == '{';
}

absl::StatusOr<rpc::V0Reply> TokensFace::Answer(const rpc::CallContext& call,
                                                const std::string& name, std::string_view body) {
  const std::string method = call.Metadata(rpc::kOriginalMethodMetadata);
  const std::string token = call.original_path().empty() ? name : NameInPath(call.original_path());
  if (token.empty()) {
    if (method == "POST") return WithDocumentation(Create(call, body));
    return AnswerList(keeper_.List());
  }
  if (method == "POST") return WithDocumentation(AnswerNew(keeper_.Refresh(call, token)));
  if (method == "PUT") return WithDocumentation(Update(call, token));
  if (method == "DELETE") return WithDocumentation(AnswerOk(keeper_.Delete(call, token)));
  return WithDocumentation(AnswerStored(keeper_.Get(token)));
}

absl::StatusOr<rpc::V0Reply> TokensFace::Create(const rpc::CallContext& call,
                                                std::string_view body) {
  const std::optional<std::string> expiration_time = call.parameters().Last("expiration_time");
  if (expiration_time || IsJsonBody(body)) {
    return CreateJwt(call, expiration_time.value_or(""), body);
  }
  return AnswerNew(
      keeper_.Create(call, {.name = call.parameters().Last("name").value_or(""),
                            .scopes = call.parameters().All("scope"),
                            .description = call.parameters().Last("description").value_or("")}));
}

absl::StatusOr<rpc::V0Reply> TokensFace::CreateJwt(const rpc::CallContext& call,
                                                   const std::string& expiration_time,
                                                   std::string_view body) {
  int64_t seconds = 0;
  const char* const end = expiration_time.data() + expiration_time.size();
  const auto [rest, error] = std::from_chars(expiration_time.data(), end, seconds);
  if (error != std::errc() || rest != end) {
    return rpc::FieldError("expiration_time", expiration_time, "Unix seconds");
  }
  if (!IsJsonBody(body)) {
    return rpc::FieldError("body", body.substr(0, 64), "a JSON object {name, scopes, limits}");
  }
  CLV_ASSIGN_OR_RETURN(rpc::JwtClaims claims, rpc::ReadJwtClaims(body));
  claims.expires_at_seconds = seconds;
  claims.not_before_seconds = 0;
  if (claims.name.empty()) claims.name = call.parameters().Last("name").value_or("");
  CLV_ASSIGN_OR_RETURN(const std::string jwt, keeper_.CreateJwt(call, claims));
  rpc::V0Reply reply{.body = "{"};
  AppendMember("token", jwt, &reply.body);
  reply.body += '}';
  return reply;
}

absl::StatusOr<rpc::V0Reply> TokensFace::Update(const rpc::CallContext& call,
                                                const std::string& name) {
  TokenUpdate update{.name = name};
  if (const auto wanted = call.parameters().Last("name"); wanted && *wanted != name) {
    return rpc::FieldError("name", *wanted, "the name in the path: a token cannot be renamed");
  }
  if (auto scopes = call.parameters().All("scope"); !scopes.empty())
    update.scopes = std::move(scopes);
  update.description = call.parameters().Last("description");
  return AnswerStored(keeper_.Update(call, update));
}

}  // namespace clv::ingest
