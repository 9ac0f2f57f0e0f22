#include "common/rpc/jwt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <random>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"

namespace clv::rpc {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kKey[] = "clv_the-text-of-the-admin-token";
constexpr int64_t kNow = 1'700'000'000;
constexpr char kHeader[] = R"({"alg":"HS256","typ":"JWT"})";
constexpr char kPayload[] = R"({"workspace_id":"w","name":"shop","exp":1700000060,)"
                            R"("scopes":[{"type":"PIPES:READ","resource":"clv_by_segment"}]})";

// Independent of the code under test: signs any texts.
std::string Sign(const std::string& header, const std::string& payload,
                 const std::string& key = kKey, const EVP_MD* digest = EVP_sha256()) {
  const std::string text =
      absl::WebSafeBase64Escape(header) + "." + absl::WebSafeBase64Escape(payload);
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(digest, key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
  return text + "." +
         absl::WebSafeBase64Escape(absl::string_view(reinterpret_cast<const char*>(mac), size));
}

absl::Status Verify(const std::string& token, const std::string& key = kKey) {
  return VerifyJwt(token, key, kNow).status();
}

// Refused with a reason that contains `reason`.
void ExpectRefused(const std::string& token, const std::string& reason) {
  const absl::Status status = Verify(token);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated) << token;
  EXPECT_THAT(std::string(status.message()), HasSubstr("invalid authentication token"));
  EXPECT_THAT(std::string(status.message()), HasSubstr(reason));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr(token)));
}

JwtClaims SomeClaims() {
  return {.name = "shop \"é\"",
          .expires_at_seconds = kNow + 60,
          .scopes = {{"PIPES:READ:clv_by_segment", {{"country", "U\"SA"}, {"limit", "5"}}},
                     {"DATASOURCES:APPEND:customers", {}}},
          .requests_per_second = 2.5};
}

TEST(JwtTest, AcceptsWhatAnotherLibrarySigned) {
  // Made with Python's hmac and base64 modules.
  constexpr char kForeign[] =
      "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
      "eyJuYW1lIjoicHkiLCJleHAiOjQxMDI0NDQ4MDAsInNjb3BlcyI6W3sidHlwZSI6IlBJUEVTOlJFQUQi"
      "LCJyZXNvdXJjZSI6ImNsdl9ieV9zZWdtZW50In1dfQ."
      "X5okXRTsfPOH0Z1K1ogSjVpGXHqUy62FQg41onmM7u0";
  const auto claims = VerifyJwt(kForeign, "secret", kNow);
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_EQ(claims->name, "py");
}

TEST(JwtTest, ReadsBackWhatItSigned) {
  const std::string token = SignJwt(SomeClaims(), kKey);
  EXPECT_TRUE(token.starts_with("eyJ"));
  const auto claims = VerifyJwt(token, kKey, kNow);
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_EQ(claims->name, SomeClaims().name);
  EXPECT_EQ(claims->expires_at_seconds, kNow + 60);
  ASSERT_EQ(claims->scopes.size(), 2u);
  EXPECT_EQ(claims->scopes[0].scope, "PIPES:READ:clv_by_segment");
  EXPECT_EQ(claims->scopes[0].params, SomeClaims().scopes[0].params);
  EXPECT_EQ(claims->scopes[1].scope, "DATASOURCES:APPEND:customers");
  EXPECT_EQ(claims->requests_per_second, 2.5);
}

TEST(JwtTest, TakesAWorkspaceAndDoesNotWantOne) {
  EXPECT_TRUE(Verify(Sign(kHeader, kPayload)).ok());
  EXPECT_TRUE(Verify(SignJwt(SomeClaims(), kKey)).ok());
}

TEST(JwtTest, RefusesAnotherKey) {
  const std::string token = Sign(kHeader, kPayload);
  EXPECT_EQ(Verify(token, "another").code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(Verify(Sign(kHeader, kPayload, ""), "").code(), absl::StatusCode::kUnauthenticated);
}

TEST(JwtTest, RefusesEveryAlgorithmButHs256WhateverTheSignature) {
  for (const char* header :
       {R"({"alg":"none"})", R"({"alg":"NONE"})", R"({"alg":"hs256"})", R"({"alg":"HS512"})",
        R"({"alg":"RS256"})", R"({"typ":"JWT"})", R"({"alg":["HS256"]})", R"({"alg":null})", "[]",
        "HS256", "", R"({"alg":"HS256","crit":["exp"]})"}) {
    ExpectRefused(Sign(header, kPayload), *header == '\0' ? "no JWT" : "HS256");
  }
}

TEST(JwtTest, RefusesNoneWithoutSignature) {
  const std::string unsigned_text =
      absl::WebSafeBase64Escape(R"({"alg":"none"})") + "." + absl::WebSafeBase64Escape(kPayload);
  ExpectRefused(unsigned_text + ".", "no JWT");
  ExpectRefused(unsigned_text, "no JWT");
}

TEST(JwtTest, RefusesASignatureOfAnotherDigest) {
  ExpectRefused(Sign(kHeader, kPayload, kKey, EVP_sha512()), "signature");
  ExpectRefused(Sign(kHeader, kPayload, kKey, EVP_sha1()), "signature");
}

TEST(JwtTest, RefusesATamperedPayload) {
  const std::vector<std::string> parts = absl::StrSplit(Sign(kHeader, kPayload), '.');
  std::string payload = kPayload;
  payload.replace(payload.find("clv_by_segment"), 14, "clv_prediction");
  ExpectRefused(parts[0] + "." + absl::WebSafeBase64Escape(payload) + "." + parts[2], "signature");
}

TEST(JwtTest, RefusesOtherSpellingsOfTheSameSignature) {
  const std::string token = Sign(kHeader, kPayload);
  constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  int accepted = 0;
  for (const char last : std::string(kAlphabet)) {
    accepted += Verify(token.substr(0, token.size() - 1) + last).ok() ? 1 : 0;
  }
  EXPECT_EQ(accepted, 1);
  EXPECT_FALSE(Verify(token + "=").ok());
  EXPECT_FALSE(Verify(" " + token).ok());
  EXPECT_FALSE(Verify(token + "\n").ok());
}

TEST(JwtTest, RefusesAnExpiredOne) {
  const std::string token = Sign(kHeader, kPayload);
  EXPECT_TRUE(VerifyJwt(token, kKey, 1'700'000'059).ok());
  EXPECT_EQ(VerifyJwt(token, kKey, 1'700'000'060).status().message(),
            "invalid authentication token. Invalid token: the JWT has expired");
}

TEST(JwtTest, RefusesOneThatIsNotValidYet) {
  ExpectRefused(
      Sign(
          kHeader,
          R"({"name":"n","exp":1700000060,"nbf":1700000001,"scopes":[{"type":"PIPES:READ","resource":"x"}]})"),
      "not valid yet");
}

TEST(JwtTest, RefusesOneWithoutExp) {
  ExpectRefused(Sign(kHeader, R"({"name":"n","scopes":[{"type":"PIPES:READ","resource":"x"}]})"),
                "no exp");
  ExpectRefused(
      Sign(kHeader, R"({"name":"n","exp":null,"scopes":[{"type":"PIPES:READ","resource":"x"}]})"),
      "no exp");
}

TEST(JwtTest, RefusesAnExpThatIsNoTime) {
  for (const char* exp : {"\"1700000060\"", "0", "-5", "1e300", "true", "[]"}) {
    ExpectRefused(Sign(kHeader, std::string(R"({"name":"n","exp":)") + exp +
                                    R"(,"scopes":[{"type":"PIPES:READ","resource":"x"}]})"),
                  "exp");
  }
}

TEST(JwtTest, RefusesOneWithoutName) {
  ExpectRefused(
      Sign(kHeader, R"({"exp":1700000060,"scopes":[{"type":"PIPES:READ","resource":"x"}]})"),
      "no name");
}

TEST(JwtTest, RefusesScopesThatAJwtCannotHave) {
  for (const char* type : {"ADMIN", "TOKENS", "DATASOURCES:CREATE", "PIPES:CREATE", "PIPES",
                           "WORKSPACE:READ_ALL", ""}) {
    ExpectRefused(Sign(kHeader, std::string(R"({"name":"n","exp":1700000060,"scopes":[{"type":")") +
                                    type + R"(","resource":"READ:x"}]})"),
                  "scopes[0].type");
  }
}

TEST(JwtTest, RefusesAScopeWithFilter) {
  ExpectRefused(
      Sign(
          kHeader,
          R"({"name":"n","exp":1700000060,"scopes":[{"type":"DATASOURCES:READ","resource":"customers","filter":"country = 'USA'"}]})"),
      "scopes[0].filter");
}

TEST(JwtTest, RefusesOneThatIsTooLong) {
  std::string payload = kPayload;
  payload.insert(1, R"("padding":")" + std::string(kMaxJwtBytes, 'x') + "\",");
  ExpectRefused(Sign(kHeader, payload), "no JWT");
}

TEST(JwtTest, RefusesNestingWithoutEnd) {
  std::string payload = kPayload;
  payload.insert(1, R"("deep":)" + std::string(2'000, '[') + std::string(2'000, ']') + ",");
  ExpectRefused(Sign(kHeader, payload), "JSON object");
}

TEST(JwtTest, KnowsTheShapeOfAJwt) {
  EXPECT_TRUE(LooksLikeJwt("a.b.c"));
  EXPECT_TRUE(LooksLikeJwt(Sign(kHeader, kPayload)));
  for (const char* text :
       {"", "clv_abc", "a.b", "a.b.", ".b.c", "a..c", "a.b.c.d", "a.b.c=", "a b.c.d", "a.b.\xff"}) {
    EXPECT_FALSE(LooksLikeJwt(text)) << text;
  }
}

// Random bytes, with the characters that matter more often than others.
std::string RandomText(std::mt19937_64& dice, size_t longest) {
  constexpr char kLikely[] = "..{}[]\":,eyJhbGciOiJIUzI1NiJ9-_=\\";
  std::string text(dice() % (longest + 1), '\0');
  for (char& c : text) {
    c = dice() % 2 == 0 ? kLikely[dice() % (sizeof(kLikely) - 1)] : static_cast<char>(dice());
  }
  return text;
}

TEST(JwtPropertyTest, RandomTextsAreNeverAccepted) {
  std::mt19937_64 dice(1);
  for (int i = 0; i < 50'000; ++i) EXPECT_FALSE(Verify(RandomText(dice, 200)).ok());
}

TEST(JwtPropertyTest, NoMutationOfAJwtIsAccepted) {
  std::mt19937_64 dice(2);
  const std::string token = Sign(kHeader, kPayload);
  ASSERT_TRUE(Verify(token).ok());
  for (int i = 0; i < 50'000; ++i) {
    std::string mutant = token;
    for (uint64_t changes = 1 + dice() % 3; changes > 0 && !mutant.empty(); --changes) {
      const size_t place = dice() % mutant.size();
      switch (dice() % 4) {
        case 0:
          mutant[place] = static_cast<char>(dice());
          break;
        case 1:
          mutant.erase(place, 1 + dice() % 8);
          break;
        case 2:
          mutant.insert(place, RandomText(dice, 8));
          break;
        default:
          mutant.insert(place, mutant.substr(dice() % mutant.size(), dice() % 16));
      }
    }
    if (mutant == token) continue;
    EXPECT_FALSE(Verify(mutant).ok()) << mutant;
  }
}

TEST(JwtPropertyTest, SignedNonsenseIsReadWithoutHarmAndOpensNoMoreThanItSays) {
  std::mt19937_64 dice(3);
  for (int i = 0; i < 20'000; ++i) {
    std::string payload = kPayload;
    for (uint64_t changes = dice() % 4; changes > 0 && !payload.empty(); --changes) {
      const size_t place = dice() % payload.size();
      if (dice() % 2 == 0) {
        payload[place] = static_cast<char>(dice());
      } else {
        payload.insert(place, RandomText(dice, 8));
      }
    }
    const auto claims = VerifyJwt(Sign(kHeader, payload), kKey, kNow);
    if (!claims.ok()) continue;
    EXPECT_FALSE(claims->name.empty());
    EXPECT_GT(claims->expires_at_seconds, kNow);
    const Caller caller = CallerOf(*claims);
    EXPECT_FALSE(caller.May("ADMIN"));
    EXPECT_FALSE(caller.May("TOKENS"));
  }
}

}  // namespace
}  // namespace clv::rpc
