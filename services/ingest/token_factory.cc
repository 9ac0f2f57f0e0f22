#include "services/ingest/token_factory.h"

#include <openssl/rand.h>

#include <array>
#include <utility>

#include "absl/strings/escaping.h"
#include "common/base/status_macros.h"
#include "common/rpc/authenticator.h"
#include "services/ingest/token_rules.h"

namespace clv::ingest {
namespace {

constexpr size_t kPrefixCharacters = 6;
constexpr size_t kLeastCharactersToShowPrefix = 20;

absl::StatusOr<std::string> NewSecret() {
  std::array<unsigned char, 32> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    return absl::InternalError("no random numbers for a token");
  }
  std::string text;
  absl::WebSafeBase64Escape(
      absl::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()), &text);
  return "clv_" + text;
}

}  // namespace

std::string ShownPrefix(const std::string& secret) {
  return secret.size() < kLeastCharactersToShowPrefix ? "" : secret.substr(0, kPrefixCharacters);
}

absl::StatusOr<NewToken> CreateToken(storage::TokenStore& store, const Clock& clock,
                                     const TokenRequest& request,
                                     const storage::AuditEntry& entry) {
  CLV_RETURN_IF_ERROR(CheckTokenName(request.name));
  if (request.name == kAdminTokenName) {
    return absl::AlreadyExistsError("token 'admin' exists: it is the admin token");
  }
  CLV_ASSIGN_OR_RETURN(std::vector<std::string> scopes, CheckTokenScopes(request.scopes));
  CLV_RETURN_IF_ERROR(CheckTokenDescription(request.description));
  CLV_RETURN_IF_ERROR(CheckTokenLimits(request.limits));
  CLV_ASSIGN_OR_RETURN(std::string secret, NewSecret());
  NewToken token{.stored = {.name = request.name,
                            .scopes = std::move(scopes),
                            .hash = rpc::HashToken(secret),
                            .prefix = ShownPrefix(secret),
                            .created_at_seconds = clock.NowSeconds(),
                            .description = request.description,
                            .limits = request.limits},
                 .secret = secret};
  CLV_RETURN_IF_ERROR(store.CreateToken(token.stored, entry));
  return token;
}

absl::StatusOr<NewToken> RefreshToken(storage::TokenStore& store, storage::StoredToken token,
                                      const storage::AuditEntry& entry) {
  CLV_ASSIGN_OR_RETURN(std::string secret, NewSecret());
  token.hash = rpc::HashToken(secret);
  token.prefix = ShownPrefix(secret);
  CLV_RETURN_IF_ERROR(store.RefreshToken(token, entry));
  return NewToken{.stored = std::move(token), .secret = std::move(secret)};
}

absl::StatusOr<std::vector<NewToken>> EnsureDefaultTokens(storage::TokenStore& store,
                                                          const Clock& clock) {
  CLV_ASSIGN_OR_RETURN(const std::vector<storage::StoredToken> present, store.ListTokens());
  std::vector<NewToken> made;
  if (!present.empty()) return made;
  const auto make = [&](const std::string& name, const std::string& scope) {
    return CreateToken(store, clock, {.name = name, .scopes = {scope}},
                       {.recorded_at_seconds = clock.NowSeconds(),
                        .actor = "first start",
                        .action = "token.create",
                        .subject = name});
  };
  CLV_ASSIGN_OR_RETURN(NewToken append, make("append", "DATASOURCES:APPEND:*"));
  CLV_ASSIGN_OR_RETURN(NewToken read, make("read", "PIPES:READ:*"));
  made.push_back(std::move(append));
  made.push_back(std::move(read));
  return made;
}

}  // namespace clv::ingest
