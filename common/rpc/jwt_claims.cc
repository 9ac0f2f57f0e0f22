#include "common/rpc/jwt_claims.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/rpc/json_text.h"
#include "common/rpc/status_conversion.h"

namespace clv::rpc {
namespace {

namespace dom = simdjson::dom;

constexpr size_t kMaxScopes = 100;
constexpr size_t kMaxClaimsDepth = 16;
constexpr double kMostRequestsPerSecond = 1e9;
constexpr int64_t kLatestSeconds = 253'402'300'799;  // 9999-12-31 23:59:59
constexpr std::string_view kPipeScope = "PIPES:READ:";
constexpr std::string_view kWantedTypes = "PIPES:READ, DATASOURCES:READ or DATASOURCES:APPEND";
constexpr std::array<std::string_view, 6> kTypes = {"PIPES:READ",         "PIPE:READ",
                                                    "DATASOURCES:READ",   "DATASOURCE:READ",
                                                    "DATASOURCES:APPEND", "DATASOURCE:APPEND"};

// The member of an object; nothing where it is absent or null.
std::optional<dom::element> Find(const dom::object& object, std::string_view name) {
  dom::element member;
  if (object.at_key(name).get(member) != simdjson::SUCCESS || member.is_null()) return std::nullopt;
  return member;
}

std::string TextOf(const dom::element& value) { return simdjson::minify(value); }

absl::StatusOr<std::string> ReadText(const std::string& field, const dom::object& object,
                                     std::string_view name) {
  const std::optional<dom::element> member = Find(object, name);
  if (!member) return std::string();
  std::string_view text;
  if (member->get(text) != simdjson::SUCCESS) {
    return FieldError(field, TextOf(*member), "a text");
  }
  return std::string(text);
}

absl::StatusOr<std::optional<double>> ReadNumber(const std::string& field,
                                                 const dom::object& object, std::string_view name) {
  const std::optional<dom::element> member = Find(object, name);
  if (!member) return std::optional<double>();
  double number = 0;
  if (member->get(number) != simdjson::SUCCESS || !std::isfinite(number)) {
    return FieldError(field, TextOf(*member), "a number");
  }
  return std::optional<double>(number);
}

absl::StatusOr<int64_t> ReadSeconds(const dom::object& object, std::string_view name) {
  const std::string field(name);
  CLV_ASSIGN_OR_RETURN(const std::optional<double> seconds, ReadNumber(field, object, name));
  if (!seconds) return int64_t{0};
  if (*seconds < 1 || *seconds > static_cast<double>(kLatestSeconds)) {
    return FieldError(field, absl::StrCat(*seconds), "Unix seconds from 1 to 253402300799");
  }
  return static_cast<int64_t>(*seconds);
}

absl::StatusOr<std::string> ReadParam(const std::string& field, const dom::element& value) {
  std::string text;
  switch (value.type()) {
    case dom::element_type::STRING:
      return std::string(value.get_string().value_unsafe());
    case dom::element_type::INT64:
      AppendSigned(value.get_int64().value_unsafe(), &text);
      return text;
    case dom::element_type::UINT64:
      AppendUnsigned(value.get_uint64().value_unsafe(), &text);
      return text;
    case dom::element_type::DOUBLE:
      AppendDouble(value.get_double().value_unsafe(), &text);
      return text;
    case dom::element_type::BOOL:
      return std::string(value.get_bool().value_unsafe() ? "true" : "false");
    default:
      return FieldError(field, TextOf(value), "a text, a number or a boolean");
  }
}

absl::StatusOr<FixedParams> ReadParams(const std::string& field, const dom::object& scope) {
  FixedParams params;
  const std::optional<dom::element> member = Find(scope, "fixed_params");
  if (!member) return params;
  dom::object object;
  if (member->get(object) != simdjson::SUCCESS) {
    return FieldError(field, TextOf(*member), "an object");
  }
  for (const dom::key_value_pair& param : object) {
    const std::string name(param.key);
    CLV_ASSIGN_OR_RETURN(params[name], ReadParam(absl::StrCat(field, ".", name), param.value));
  }
  return params;
}

absl::StatusOr<FixedScope> ReadScope(const std::string& field, const dom::element& element) {
  dom::object object;
  if (element.get(object) != simdjson::SUCCESS) {
    return FieldError(field, TextOf(element), "an object with type and resource");
  }
  if (const auto filter = Find(object, "filter")) {
    std::string_view text;
    if (filter->get(text) != simdjson::SUCCESS || !text.empty()) {
      return FieldError(field + ".filter", TextOf(*filter),
                        "none: SQL filters on scopes are not supported");
    }
  }
  CLV_ASSIGN_OR_RETURN(const std::string type, ReadText(field + ".type", object, "type"));
  CLV_ASSIGN_OR_RETURN(const std::string resource,
                       ReadText(field + ".resource", object, "resource"));
  CLV_ASSIGN_OR_RETURN(FixedParams params, ReadParams(field + ".fixed_params", object));
  return MakeJwtScope(field, type, resource, std::move(params));
}

absl::StatusOr<std::vector<FixedScope>> ReadScopes(const dom::object& object) {
  const std::optional<dom::element> member = Find(object, "scopes");
  dom::array array;
  if (!member || member->get(array) != simdjson::SUCCESS || array.size() == 0 ||
      array.size() > kMaxScopes) {
    return FieldError("scopes", member ? TextOf(*member) : "nothing", "a list of 1 to 100 scopes");
  }
  std::vector<FixedScope> scopes;
  for (const dom::element element : array) {
    CLV_ASSIGN_OR_RETURN(FixedScope scope,
                         ReadScope(absl::StrCat("scopes[", scopes.size(), "]"), element));
    scopes.push_back(std::move(scope));
  }
  return scopes;
}

absl::StatusOr<std::optional<double>> ReadRate(const dom::object& object) {
  const std::optional<dom::element> member = Find(object, "limits");
  if (!member) return std::optional<double>();
  dom::object limits;
  if (member->get(limits) != simdjson::SUCCESS) {
    return FieldError("limits", TextOf(*member), "an object");
  }
  return ReadNumber("limits.rps", limits, "rps");
}

}  // namespace

absl::StatusOr<FixedScope> MakeJwtScope(const std::string& field, std::string_view type,
                                        std::string_view resource, FixedParams params) {
  if (std::find(kTypes.begin(), kTypes.end(), type) == kTypes.end()) {
    return FieldError(field + ".type", type, kWantedTypes);
  }
  const absl::StatusOr<std::string> scope =
      CanonicalScope(std::string(type) + ":" + std::string(resource));
  if (!scope.ok()) return FieldError(field + ".resource", resource, "an endpoint or data source");
  if (!params.empty() && !scope->starts_with(kPipeScope)) {
    return FieldError(field + ".fixed_params", absl::StrCat(params.size(), " parameters"),
                      "none, except with PIPES:READ");
  }
  return FixedScope{*scope, std::move(params)};
}

absl::StatusOr<JwtClaims> ReadJwtClaims(std::string_view json) {
  if (json.size() > kMaxClaimsBytes) {
    return FieldError("claims", absl::StrCat(json.size(), " bytes"),
                      absl::StrCat("at most ", kMaxClaimsBytes));
  }
  const simdjson::padded_string padded(json);
  dom::parser parser;
  dom::object object;
  if (parser.allocate(std::max<size_t>(padded.size(), 1), kMaxClaimsDepth) != simdjson::SUCCESS ||
      parser.parse(padded).get(object) != simdjson::SUCCESS) {
    return FieldError("claims", json, "a JSON object");
  }
  JwtClaims claims;
  CLV_ASSIGN_OR_RETURN(claims.name, ReadText("name", object, "name"));
  CLV_ASSIGN_OR_RETURN(claims.expires_at_seconds, ReadSeconds(object, "exp"));
  CLV_ASSIGN_OR_RETURN(claims.not_before_seconds, ReadSeconds(object, "nbf"));
  CLV_ASSIGN_OR_RETURN(claims.scopes, ReadScopes(object));
  CLV_ASSIGN_OR_RETURN(claims.requests_per_second, ReadRate(object));
  return claims;
}

std::string WriteJwtClaims(const JwtClaims& claims) {
  std::string json = "{\"name\":";
  AppendJsonText(claims.name, &json);
  if (claims.expires_at_seconds != 0)
    absl::StrAppend(&json, ",\"exp\":", claims.expires_at_seconds);
  if (claims.not_before_seconds != 0)
    absl::StrAppend(&json, ",\"nbf\":", claims.not_before_seconds);
  json += ",\"scopes\":[";
  for (const FixedScope& held : claims.scopes) {
    const size_t colon = held.scope.rfind(':');
    if (json.back() == '}') json += ',';
    json += "{\"type\":";
    AppendJsonText(std::string_view(held.scope).substr(0, colon), &json);
    json += ",\"resource\":";
    AppendJsonText(std::string_view(held.scope).substr(colon + 1), &json);
    if (!held.params.empty()) json += ",\"fixed_params\":{";
    for (auto param = held.params.begin(); param != held.params.end(); ++param) {
      if (param != held.params.begin()) json += ',';
      AppendJsonText(param->first, &json);
      json += ':';
      AppendJsonText(param->second, &json);
    }
    json += held.params.empty() ? "}" : "}}";
  }
  json += ']';
  if (claims.requests_per_second) {
    json += ",\"limits\":{\"rps\":";
    AppendDouble(*claims.requests_per_second, &json);
    json += '}';
  }
  return json + '}';
}

Caller CallerOf(const JwtClaims& claims) {
  Caller caller{.name = claims.name, .kind = CallerKind::kJwt};
  for (const FixedScope& held : claims.scopes) {
    if (held.params.empty()) {
      caller.scopes.push_back(held.scope);
    } else {
      caller.fixed_scopes.push_back(held);
    }
  }
  if (claims.requests_per_second) {
    caller.limits.requests_per_second =
        std::clamp(*claims.requests_per_second, 0.0, kMostRequestsPerSecond);
  }
  return caller;
}

}  // namespace clv::rpc
