#include "services/ingest/token_factory.h"

#include <google/protobuf/descriptor.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "clv/v1/options.pb.h"
#include "clv/v1/query_service.pb.h"
#include "common/base/status_macros.h"
#include "common/domain/data_sources.h"
#include "common/rpc/authenticator.h"
#include "common/rpc/scopes.h"
#include "common/rpc/status_conversion.h"

namespace clv::ingest {
namespace {

constexpr std::string_view kPipeScope = "PIPES:READ:";
constexpr size_t kPrefixCharacters = 6;
constexpr size_t kMaxNameCharacters = 128;
constexpr size_t kMaxScopes = 100;

absl::Status CheckName(const std::string& name) {
  const bool has_good_characters = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == ' ';
  });
  if (name.empty() || name.size() > kMaxNameCharacters || !has_good_characters) {
    return rpc::FieldError("name", name, "1 to 128 letters, digits, '_', '-', '.' or spaces");
  }
  if (name == "admin")
    return absl::AlreadyExistsError("token 'admin' exists: it is the admin token");
  return absl::OkStatus();
}

bool IsKnownResource(const std::string& canonical) {
  const size_t colon = canonical.rfind(':');
  if (colon == std::string::npos) return true;
  const std::string resource = canonical.substr(colon + 1);
  if (resource == "*") return true;
  if (!canonical.starts_with(kPipeScope)) return domain::DataSourceOfName(resource).has_value();
  return std::find(PipeNames().begin(), PipeNames().end(), resource) != PipeNames().end();
}

absl::StatusOr<std::vector<std::string>> CheckScopes(const std::vector<std::string>& scopes) {
  if (scopes.empty() || scopes.size() > kMaxScopes) {
    return rpc::FieldError("scopes", absl::StrCat(scopes.size(), " scopes"), "1 to 100");
  }
  std::vector<std::string> canonical;
  for (size_t i = 0; i < scopes.size(); ++i) {
    const absl::StatusOr<std::string> scope = rpc::CanonicalScope(scopes[i]);
    if (!scope.ok() || !IsKnownResource(*scope)) {
      return rpc::FieldError(
          absl::StrCat("scopes[", i, "]"), scopes[i],
          "ADMIN, TOKENS, DATASOURCES:APPEND:<data source>, DATASOURCES:READ:<data source> or "
          "PIPES:READ:<endpoint>, with a data source or endpoint that exists or '*'");
    }
    canonical.push_back(*scope);
  }
  std::sort(canonical.begin(), canonical.end());
  canonical.erase(std::unique(canonical.begin(), canonical.end()), canonical.end());
  return canonical;
}

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

absl::StatusOr<NewToken> CreateToken(storage::TokenStore& store, const Clock& clock,
                                     const std::string& name,
                                     const std::vector<std::string>& scopes) {
  CLV_RETURN_IF_ERROR(CheckName(name));
  CLV_ASSIGN_OR_RETURN(std::vector<std::string> canonical, CheckScopes(scopes));
  CLV_ASSIGN_OR_RETURN(std::string secret, NewSecret());
  NewToken token{.stored = {.name = name,
                            .scopes = std::move(canonical),
                            .hash = rpc::HashToken(secret),
                            .prefix = secret.substr(0, kPrefixCharacters),
                            .created_at_seconds = clock.NowSeconds()},
                 .secret = secret};
  CLV_RETURN_IF_ERROR(store.CreateToken(token.stored));
  return token;
}

absl::StatusOr<std::vector<NewToken>> EnsureDefaultTokens(storage::TokenStore& store,
                                                          const Clock& clock) {
  CLV_ASSIGN_OR_RETURN(const std::vector<storage::StoredToken> present, store.ListTokens());
  std::vector<NewToken> made;
  if (!present.empty()) return made;
  CLV_ASSIGN_OR_RETURN(NewToken append,
                       CreateToken(store, clock, "append", {"DATASOURCES:APPEND:*"}));
  CLV_ASSIGN_OR_RETURN(NewToken read, CreateToken(store, clock, "read", {"PIPES:READ:*"}));
  made.push_back(std::move(append));
  made.push_back(std::move(read));
  return made;
}

const std::vector<std::string>& PipeNames() {
  static const auto* const names = [] {
    auto* found = new std::vector<std::string>;
    const google::protobuf::ServiceDescriptor* service =
        v1::GetQueryStatusRequest::descriptor()->file()->FindServiceByName("QueryService");
    for (int i = 0; i < service->method_count(); ++i) {
      for (const std::string& scope :
           service->method(i)->options().GetExtension(v1::access).any_of()) {
        if (scope.starts_with(kPipeScope)) found->push_back(scope.substr(kPipeScope.size()));
      }
    }
    std::sort(found->begin(), found->end());
    found->erase(std::unique(found->begin(), found->end()), found->end());
    return found;
  }();
  return *names;
}

}  // namespace clv::ingest
