#include "common/rpc/jwt.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace clv::rpc {
namespace {

constexpr std::string_view kHeader = R"({"alg":"HS256","typ":"JWT"})";
constexpr size_t kMaxDepth = 16;

struct Parts {
  std::string_view signed_text;  // header and payload with the dot between them
  std::string_view header;
  std::string_view payload;
  std::string_view signature;
};

bool IsBase64Url(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

std::optional<Parts> Split(std::string_view token) {
  const size_t first = token.find('.');
  const size_t second = token.rfind('.');
  if (first == std::string_view::npos || first == second) return std::nullopt;
  const Parts parts{.signed_text = token.substr(0, second),
                    .header = token.substr(0, first),
                    .payload = token.substr(first + 1, second - first - 1),
                    .signature = token.substr(second + 1)};
  const bool well_formed =
      IsBase64Url(parts.header) && IsBase64Url(parts.payload) && IsBase64Url(parts.signature);
  return well_formed ? std::optional(parts) : std::nullopt;
}

// Without padding, as JWTs have it.
std::string ToBase64Url(std::string_view bytes) {
  return absl::WebSafeBase64Escape(absl::string_view(bytes.data(), bytes.size()));
}

std::optional<std::string> FromBase64Url(std::string_view text) {
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(absl::string_view(text.data(), text.size()), &bytes)) {
    return std::nullopt;
  }
  return bytes;
}

std::string Sign(std::string_view text, std::string_view key) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac;
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size);
  return ToBase64Url(std::string_view(reinterpret_cast<const char*>(mac.data()), size));
}

// Texts rather than bytes: the last character of a signature has bits that decoding drops, so that
// four texts would be the same bytes.
bool SameText(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool IsOurHeader(std::string_view json) {
  const simdjson::padded_string padded(json);
  simdjson::dom::parser parser;
  simdjson::dom::object header;
  std::string_view algorithm;
  return parser.allocate(std::max<size_t>(padded.size(), 1), kMaxDepth) == simdjson::SUCCESS &&
         parser.parse(padded).get(header) == simdjson::SUCCESS &&
         header.at_key("alg").get(algorithm) == simdjson::SUCCESS && algorithm == "HS256" &&
         header.at_key("crit").error() == simdjson::NO_SUCH_FIELD;
}

absl::Status Refuse(absl::string_view reason) {
  return absl::UnauthenticatedError(
      absl::StrCat("invalid authentication token. Invalid token: ", reason));
}

}  // namespace

bool LooksLikeJwt(std::string_view token) { return Split(token).has_value(); }

std::string SignJwt(const JwtClaims& claims, std::string_view key) {
  std::string token = ToBase64Url(kHeader) + "." + ToBase64Url(WriteJwtClaims(claims));
  const std::string signature = Sign(token, key);
  return token + "." + signature;
}

absl::StatusOr<JwtClaims> VerifyJwt(std::string_view token, std::string_view key,
                                    int64_t now_seconds) {
  const std::optional<Parts> parts =
      token.size() <= kMaxJwtBytes ? Split(token) : std::optional<Parts>();
  if (!parts) return Refuse("it is no JWT");
  if (key.empty() || !SameText(parts->signature, Sign(parts->signed_text, key))) {
    return Refuse("the signature of the JWT is wrong, or the admin token has changed since");
  }
  const std::optional<std::string> header = FromBase64Url(parts->header);
  if (!header || !IsOurHeader(*header)) return Refuse("the algorithm of a JWT must be HS256");
  const std::optional<std::string> payload = FromBase64Url(parts->payload);
  if (!payload) return Refuse("the claims of the JWT are no base64url");
  absl::StatusOr<JwtClaims> claims = ReadJwtClaims(*payload);
  if (!claims.ok()) return Refuse(claims.status().message());
  if (claims->name.empty()) return Refuse("the JWT has no name");
  if (claims->expires_at_seconds == 0) return Refuse("the JWT has no exp");
  if (claims->expires_at_seconds <= now_seconds) return Refuse("the JWT has expired");
  if (claims->not_before_seconds > now_seconds) return Refuse("the JWT is not valid yet");
  return claims;
}

}  // namespace clv::rpc
