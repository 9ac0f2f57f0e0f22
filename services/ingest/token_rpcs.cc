#include "services/ingest/token_rpcs.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/rpc/status_conversion.h"

namespace clv::ingest {
namespace {

constexpr uint32_t kDefaultAuditLimit = 100;
constexpr uint32_t kMostAuditEntries = 10'000;

storage::TokenLimits FromProto(const v1::TokenLimits& proto) {
  storage::TokenLimits limits;
  if (proto.has_requests_per_second()) limits.requests_per_second = proto.requests_per_second();
  if (proto.has_bytes_per_second()) limits.bytes_per_second = proto.bytes_per_second();
  return limits;
}

v1::Token ToProto(const storage::StoredToken& stored) {
  v1::Token token;
  token.set_name(stored.name);
  for (const std::string& scope : stored.scopes) token.add_scopes(scope);
  token.set_prefix(stored.prefix);
  if (stored.created_at_seconds != 0) {
    token.mutable_create_time()->set_seconds(stored.created_at_seconds);
  }
  token.set_description(stored.description);
  if (stored.limits == storage::TokenLimits()) return token;
  v1::TokenLimits* limits = token.mutable_limits();
  if (const auto& rate = stored.limits.requests_per_second) limits->set_requests_per_second(*rate);
  if (const auto& rate = stored.limits.bytes_per_second) limits->set_bytes_per_second(*rate);
  return token;
}

}  // namespace

absl::StatusOr<v1::CreateTokenResponse> TokenRpcs::Create(const rpc::CallContext& call,
                                                          const v1::CreateTokenRequest& request) {
  CLV_ASSIGN_OR_RETURN(
      NewToken token,
      keeper_.Create(call, {.name = request.name(),
                            .scopes = {request.scopes().begin(), request.scopes().end()},
                            .description = request.description(),
                            .limits = FromProto(request.limits())}));
  v1::CreateTokenResponse created;
  *created.mutable_token() = ToProto(token.stored);
  created.set_secret(std::move(token.secret));
  return created;
}

absl::StatusOr<v1::ListTokensResponse> TokenRpcs::List() {
  CLV_ASSIGN_OR_RETURN(const std::vector<storage::StoredToken> tokens, keeper_.List());
  v1::ListTokensResponse list;
  for (const storage::StoredToken& token : tokens) *list.add_tokens() = ToProto(token);
  return list;
}

absl::StatusOr<v1::DeleteTokenResponse> TokenRpcs::Delete(const rpc::CallContext& call,
                                                          const v1::DeleteTokenRequest& request) {
  CLV_RETURN_IF_ERROR(keeper_.Delete(call, request.name()));
  return v1::DeleteTokenResponse();
}

absl::StatusOr<v1::RefreshTokenResponse> TokenRpcs::Refresh(
    const rpc::CallContext& call, const v1::RefreshTokenRequest& request) {
  CLV_ASSIGN_OR_RETURN(NewToken token, keeper_.Refresh(call, request.name()));
  v1::RefreshTokenResponse refreshed;
  *refreshed.mutable_token() = ToProto(token.stored);
  refreshed.set_secret(std::move(token.secret));
  return refreshed;
}

absl::StatusOr<v1::UpdateTokenResponse> TokenRpcs::Update(const rpc::CallContext& call,
                                                          const v1::UpdateTokenRequest& request) {
  TokenUpdate update{.name = request.name()};
  if (!request.scopes().empty())
    update.scopes.emplace(request.scopes().begin(), request.scopes().end());
  if (request.has_description()) update.description = request.description();
  if (request.has_limits()) update.limits = FromProto(request.limits());
  CLV_ASSIGN_OR_RETURN(const storage::StoredToken token, keeper_.Update(call, update));
  v1::UpdateTokenResponse updated;
  *updated.mutable_token() = ToProto(token);
  return updated;
}

absl::StatusOr<v1::CreateJwtResponse> TokenRpcs::CreateJwt(const rpc::CallContext& call,
                                                           const v1::CreateJwtRequest& request) {
  rpc::JwtClaims claims{.name = request.name(), .expires_at_seconds = request.expiration_time()};
  for (const v1::JwtScope& scope : request.scopes()) {
    CLV_ASSIGN_OR_RETURN(
        rpc::FixedScope held,
        rpc::MakeJwtScope(absl::StrCat("scopes[", claims.scopes.size(), "]"), scope.type(),
                          scope.resource(),
                          {scope.fixed_params().begin(), scope.fixed_params().end()}));
    claims.scopes.push_back(std::move(held));
  }
  if (request.requests_per_second() != 0) {
    claims.requests_per_second = request.requests_per_second();
  }
  v1::CreateJwtResponse response;
  CLV_ASSIGN_OR_RETURN(*response.mutable_jwt(), keeper_.CreateJwt(call, claims));
  return response;
}

absl::StatusOr<v1::ListAuditEntriesResponse> TokenRpcs::ListAuditEntries(
    const v1::ListAuditEntriesRequest& request) {
  const uint32_t limit = request.has_limit() ? request.limit() : kDefaultAuditLimit;
  if (limit == 0 || limit > kMostAuditEntries) {
    return rpc::FieldError("limit", absl::StrCat(limit), absl::StrCat("1 to ", kMostAuditEntries));
  }
  CLV_ASSIGN_OR_RETURN(const std::vector<storage::AuditEntry> entries,
                       audit_.log().List(limit, uint64_t{request.page()} * limit));
  v1::ListAuditEntriesResponse response;
  CLV_ASSIGN_OR_RETURN(const uint64_t total, audit_.log().Count());
  response.set_total_entries(total);
  for (const storage::AuditEntry& entry : entries) {
    v1::AuditEntry* proto = response.add_entries();
    proto->set_id(entry.id);
    proto->mutable_time()->set_seconds(entry.recorded_at_seconds);
    proto->set_actor(entry.actor);
    proto->set_action(entry.action);
    proto->set_subject(entry.subject);
    proto->set_request_id(entry.request_id);
  }
  return response;
}

}  // namespace clv::ingest
