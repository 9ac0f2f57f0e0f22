#include "services/ingest/token_rules.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "clv/v1/options.pb.h"
#include "clv/v1/query_service.pb.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "common/domain/data_sources.h"
#include "common/rpc/fixed_params.h"
#include "common/rpc/scopes.h"
#include "common/rpc/status_conversion.h"

namespace clv::ingest {
namespace {

constexpr std::string_view kPipeScope = "PIPES:READ:";
constexpr size_t kMaxNameCharacters = 128;
constexpr size_t kMaxDescriptionBytes = 1024;
constexpr size_t kMaxScopes = 100;
constexpr double kMostRequestsPerSecond = 1e9;
constexpr double kMostBytesPerSecond = 1e12;
constexpr int64_t kLatestSeconds = 253'402'300'799;  // 9999-12-31 23:59:59

const google::protobuf::ServiceDescriptor& QueryServiceDescriptor() {
  return *v1::GetQueryStatusRequest::descriptor()->file()->FindServiceByName("QueryService");
}

bool IsKnownResource(const std::string& canonical) {
  const size_t colon = canonical.rfind(':');
  if (colon == std::string::npos) return true;
  const std::string resource = canonical.substr(colon + 1);
  if (resource == "*") return true;
  if (!canonical.starts_with(kPipeScope)) return domain::DataSourceOfName(resource).has_value();
  return std::find(PipeNames().begin(), PipeNames().end(), resource) != PipeNames().end();
}

absl::Status BadScope(const std::string& field, const std::string& got) {
  // `DATASOURCES:READ:customers:country = 'USA'`.
  if (std::count(got.begin(), got.end(), ':') > 2) {
    return rpc::FieldError(field, got, "a scope without SQL filter: filters are not supported");
  }
  return rpc::FieldError(
      field, got,
      "ADMIN, TOKENS, DATASOURCES:APPEND:<data source>, DATASOURCES:READ:<data source> or "
      "PIPES:READ:<endpoint>, with a data source or endpoint that exists or '*'");
}

absl::Status CheckRate(const std::string& field, const std::optional<double>& rate, double most) {
  if (!rate || (std::isfinite(*rate) && *rate >= 0 && *rate <= most)) return absl::OkStatus();
  return rpc::FieldError(field, absl::StrCat(*rate), absl::StrCat("a number from 0 to ", most));
}

}  // namespace

absl::Status CheckTokenName(const std::string& name) {
  const bool has_good_characters = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == ' ';
  });
  if (name.empty() || name.size() > kMaxNameCharacters || !has_good_characters) {
    return rpc::FieldError("name", name, "1 to 128 letters, digits, '_', '-', '.' or spaces");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> CheckTokenScopes(const std::vector<std::string>& scopes) {
  if (scopes.empty() || scopes.size() > kMaxScopes) {
    return rpc::FieldError("scopes", absl::StrCat(scopes.size(), " scopes"), "1 to 100");
  }
  std::vector<std::string> canonical;
  for (size_t i = 0; i < scopes.size(); ++i) {
    const absl::StatusOr<std::string> scope = rpc::CanonicalScope(scopes[i]);
    if (!scope.ok() || !IsKnownResource(*scope)) {
      return BadScope(absl::StrCat("scopes[", i, "]"), scopes[i]);
    }
    canonical.push_back(*scope);
  }
  std::sort(canonical.begin(), canonical.end());
  canonical.erase(std::unique(canonical.begin(), canonical.end()), canonical.end());
  return canonical;
}

absl::Status CheckTokenDescription(const std::string& description) {
  if (description.size() > kMaxDescriptionBytes) {
    return rpc::FieldError("description", absl::StrCat(description.size(), " bytes"),
                           absl::StrCat("at most ", kMaxDescriptionBytes));
  }
  if (!IsValidUtf8(description) || HasControlCharacter(description)) {
    return rpc::FieldError("description", description, "UTF-8 without control characters");
  }
  return absl::OkStatus();
}

absl::Status CheckTokenLimits(const storage::TokenLimits& limits) {
  CLV_RETURN_IF_ERROR(
      CheckRate("limits.requests_per_second", limits.requests_per_second, kMostRequestsPerSecond));
  return CheckRate("limits.bytes_per_second", limits.bytes_per_second, kMostBytesPerSecond);
}

absl::Status CheckJwtClaims(const rpc::JwtClaims& claims, int64_t now_seconds) {
  CLV_RETURN_IF_ERROR(CheckTokenName(claims.name));
  if (claims.expires_at_seconds <= now_seconds || claims.expires_at_seconds > kLatestSeconds) {
    return rpc::FieldError("expiration_time", absl::StrCat(claims.expires_at_seconds),
                           absl::StrCat("Unix seconds after ", now_seconds));
  }
  if (claims.scopes.empty() || claims.scopes.size() > kMaxScopes) {
    return rpc::FieldError("scopes", absl::StrCat(claims.scopes.size(), " scopes"), "1 to 100");
  }
  for (size_t i = 0; i < claims.scopes.size(); ++i) {
    const rpc::FixedScope& held = claims.scopes[i];
    if (!IsKnownResource(held.scope)) {
      return rpc::FieldError(absl::StrCat("scopes[", i, "].resource"), held.scope,
                             "an endpoint or data source that exists or '*'");
    }
    CLV_RETURN_IF_ERROR(rpc::CheckFixedParams(QueryServiceDescriptor(), held.scope, held.params));
  }
  if (!claims.requests_per_second) return absl::OkStatus();
  if (std::isfinite(*claims.requests_per_second) &&
      *claims.requests_per_second <= kMostRequestsPerSecond) {
    return absl::OkStatus();
  }
  return rpc::FieldError("limits.rps", absl::StrCat(*claims.requests_per_second),
                         "a number up to 1e9");
}

const std::vector<std::string>& PipeNames() {
  static const auto* const names = [] {
    auto* found = new std::vector<std::string>;
    const google::protobuf::ServiceDescriptor& service = QueryServiceDescriptor();
    for (int i = 0; i < service.method_count(); ++i) {
      for (const std::string& scope :
           service.method(i)->options().GetExtension(v1::access).any_of()) {
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
