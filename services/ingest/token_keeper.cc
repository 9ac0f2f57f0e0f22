#include "services/ingest/token_keeper.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/rpc/jwt.h"
#include "common/rpc/status_conversion.h"
#include "services/ingest/token_rules.h"

namespace clv::ingest {
namespace {

constexpr char kAdminScope[] = "ADMIN";

// A token that administers tokens must not make itself the administrator of everything.
absl::Status CheckMayHandle(const rpc::Caller& caller, const std::vector<std::string>& scopes) {
  const bool has_admin = std::find(scopes.begin(), scopes.end(), kAdminScope) != scopes.end();
  if (!has_admin || caller.May(kAdminScope)) return absl::OkStatus();
  return absl::PermissionDeniedError(
      "only a token with ADMIN may create, change or revoke one with ADMIN");
}

absl::Status RefuseAdmin(const std::string& name, absl::string_view what) {
  if (name != kAdminTokenName) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("the admin token cannot be ", what));
}

storage::StoredToken AdminToken(const std::string& secret) {
  return {.name = kAdminTokenName, .scopes = {kAdminScope}, .prefix = ShownPrefix(secret)};
}

}  // namespace

absl::StatusOr<NewToken> TokenKeeper::Create(const rpc::CallContext& call,
                                             const TokenRequest& request) {
  CLV_RETURN_IF_ERROR(CheckMayHandle(call.caller(), request.scopes));
  return CreateToken(*options_.tokens, *options_.clock, request,
                     options_.audit->Entry(call, "token.create", request.name));
}

absl::StatusOr<std::vector<storage::StoredToken>> TokenKeeper::List() const {
  return options_.tokens->ListTokens();
}

absl::StatusOr<storage::StoredToken> TokenKeeper::Get(const std::string& name) const {
  if (name == kAdminTokenName) return AdminToken(FindAdminToken(options_.directory).value_or(""));
  CLV_ASSIGN_OR_RETURN(std::vector<storage::StoredToken> tokens, options_.tokens->ListTokens());
  const auto found =
      std::find_if(tokens.begin(), tokens.end(),
                   [&](const storage::StoredToken& token) { return token.name == name; });
  if (found != tokens.end()) return *std::move(found);
  return absl::NotFoundError(absl::StrCat("name: there is no token \"", name, "\""));
}

absl::StatusOr<storage::StoredToken> TokenKeeper::Update(const rpc::CallContext& call,
                                                         const TokenUpdate& update) {
  CLV_RETURN_IF_ERROR(RefuseAdmin(update.name, "changed"));
  std::lock_guard lock(changing_);
  CLV_ASSIGN_OR_RETURN(storage::StoredToken token, Get(update.name));
  CLV_RETURN_IF_ERROR(CheckMayHandle(call.caller(), token.scopes));
  if (update.scopes) {
    CLV_ASSIGN_OR_RETURN(token.scopes, CheckTokenScopes(*update.scopes));
    CLV_RETURN_IF_ERROR(CheckMayHandle(call.caller(), token.scopes));
  }
  if (update.description) {
    CLV_RETURN_IF_ERROR(CheckTokenDescription(*update.description));
    token.description = *update.description;
  }
  if (update.limits) {
    CLV_RETURN_IF_ERROR(CheckTokenLimits(*update.limits));
    token.limits = *update.limits;
  }
  CLV_RETURN_IF_ERROR(
      options_.tokens->UpdateToken(token, options_.audit->Entry(call, "token.update", token.name)));
  return token;
}

absl::StatusOr<NewToken> TokenKeeper::Refresh(const rpc::CallContext& call,
                                              const std::string& name) {
  std::lock_guard lock(changing_);
  CLV_ASSIGN_OR_RETURN(storage::StoredToken token, Get(name));
  CLV_RETURN_IF_ERROR(CheckMayHandle(call.caller(), token.scopes));
  if (name == kAdminTokenName) return RefreshAdmin(call);
  return RefreshToken(*options_.tokens, std::move(token),
                      options_.audit->Entry(call, "token.refresh", name));
}

absl::StatusOr<NewToken> TokenKeeper::RefreshAdmin(const rpc::CallContext& call) {
  CLV_ASSIGN_OR_RETURN(std::string secret, ReplaceAdminToken(options_.directory));
  const absl::Status announced = options_.tokens->AnnounceAdminToken(
      options_.audit->Entry(call, "token.refresh", kAdminTokenName));
  if (!announced.ok()) {
    return absl::Status(announced.code(),
                        absl::StrCat("the file admin_token holds a new admin token, but the "
                                     "processes could not be told; refresh it again: ",
                                     announced.message()));
  }
  return NewToken{.stored = AdminToken(secret), .secret = std::move(secret)};
}

absl::Status TokenKeeper::Delete(const rpc::CallContext& call, const std::string& name) {
  CLV_RETURN_IF_ERROR(RefuseAdmin(name, "deleted"));
  std::lock_guard lock(changing_);
  CLV_ASSIGN_OR_RETURN(const storage::StoredToken token, Get(name));
  CLV_RETURN_IF_ERROR(CheckMayHandle(call.caller(), token.scopes));
  return options_.tokens->DeleteToken(name, options_.audit->Entry(call, "token.delete", name));
}

absl::StatusOr<std::string> TokenKeeper::CreateJwt(const rpc::CallContext& call,
                                                   const rpc::JwtClaims& claims) const {
  CLV_RETURN_IF_ERROR(CheckJwtClaims(claims, options_.clock->NowSeconds()));
  for (const rpc::FixedScope& held : claims.scopes) {
    if (!call.caller().May(held.scope)) {
      return absl::PermissionDeniedError(
          absl::StrCat("the token lacks a scope that it wants to give: ", held.scope));
    }
  }
  const std::optional<std::string> key = FindAdminToken(options_.directory);
  if (!key) return absl::UnavailableError("there is no admin token to sign with");
  std::string jwt = rpc::SignJwt(claims, *key);
  if (jwt.size() > rpc::kMaxJwtBytes) {
    return rpc::FieldError("scopes", absl::StrCat("a JWT of ", jwt.size(), " bytes"),
                           absl::StrCat("at most ", rpc::kMaxJwtBytes));
  }
  CLV_RETURN_IF_ERROR(options_.audit->Record(call, "jwt.create", claims.name));
  return jwt;
}

}  // namespace clv::ingest
