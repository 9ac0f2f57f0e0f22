// Tokens, JWTs and limits as an HTTP client of the whole suite sees them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "common/rpc/authenticator.h"
#include "common/storage/sqlite/token_store.h"
#include "services/suite/suite.h"
#include "tests/common/storage/temp_directory.h"
#include "tests/services/gateway/raw_client.h"

namespace clv::suite {
namespace {

using gateway::testing::RawClient;
using gateway::testing::RawResponse;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class TokensOverHttpTest : public ::testing::Test {
 protected:
  TokensOverHttpTest() { ::unsetenv("CLV_ADMIN_TOKEN"); }

  void Start(Suite::Options options = {}) {
    options.directory.path = directory_.path();
    options.http_address = "127.0.0.1:0";
    options.grpc_address = "";
    suite_ = Suite::Start(options).value();
  }

  RawResponse Ask(const std::string& method, const std::string& target, const std::string& token,
                  const std::string& body = "") {
    std::string request = method + " " + target + " HTTP/1.1\r\nHost: x\r\n";
    if (!token.empty()) request += "Authorization: Bearer " + token + "\r\n";
    request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    RawClient client(suite_->http_address());
    return client.Ask(request);
  }

  RawResponse AskAsAdmin(const std::string& method, const std::string& target,
                         const std::string& body = "") {
    return Ask(method, target, suite_->admin_token(), body);
  }

  // The text behind `"key": "` or `"key":"`.
  static std::string TextOf(const RawResponse& response, const std::string& key) {
    size_t begin = response.body.find("\"" + key + "\":") + key.size() + 3;
    begin = response.body.find('"', begin) + 1;
    return response.body.substr(begin, response.body.find('"', begin) - begin);
  }

  static std::string InAnHour() { return std::to_string(SystemClock().NowSeconds() + 3600); }

  std::string NewJwt(const std::string& scopes, const std::string& rest = "") {
    const RawResponse made =
        AskAsAdmin("POST", "/v0/tokens/?expiration_time=" + InAnHour(),
                   R"({"name":"user_1","scopes":[)" + scopes + "]" + rest + "}");
    EXPECT_EQ(made.status, 200) << made.body;
    return TextOf(made, "token");
  }

  TempDirectory directory_;
  std::unique_ptr<Suite> suite_;
};

std::string Everything(const RawResponse& response) {
  std::string text = response.body;
  for (const auto& [name, value] : response.headers) text += "\n" + name + ": " + value;
  return text;
}

TEST_F(TokensOverHttpTest, V1Answers401WithAChallengeAndV0403) {
  Start();
  for (const std::string token : {"", "clv_wrong_wrong_wrong_wrong", "a.b.c"}) {
    const RawResponse typed = Ask("GET", "/v1/tokens", token);
    EXPECT_EQ(typed.status, 401);
    EXPECT_EQ(typed.headers.at("www-authenticate"), "Bearer");
    const RawResponse v0 = Ask("GET", "/v0/tokens", token);
    EXPECT_EQ(v0.status, 403);
    EXPECT_FALSE(v0.headers.contains("www-authenticate"));
    EXPECT_THAT(v0.body,
                AllOf(HasSubstr("invalid authentication token. "), HasSubstr("#authentication")));
  }
}

TEST_F(TokensOverHttpTest, ATokenIsNeverEchoed) {
  Start();
  const std::string wrong = "clv_wr0ng-S3cret-Text-that-nobody-made";
  const std::string jwt = "eyJhbGciOiJIUzI1NiJ9.eyJuYW1lIjoieCJ9.c2lnbmF0dXJlLW9mLW5vYm9keQ";
  for (const std::string& token : {wrong, jwt}) {
    for (const RawResponse& response :
         {Ask("GET", "/v1/tokens", token), Ask("GET", "/v0/tokens", token),
          Ask("GET", "/v0/tokens?token=" + token, ""), Ask("GET", "/v1/tokens?token=" + token, ""),
          Ask("GET", "/v0/pipes/clv_by_segment.json?token=" + token, ""),
          Ask("GET", "/v0/nothing?token=" + token, ""),
          Ask("GET", "/v1/nothing?token=" + token, ""),
          Ask("POST", "/v0/events?name=customers&token=" + token, "", "{}"),
          Ask("POST", "/v0/tokens", "", "name=x&scope=TOKENS&token=" + token),
          Ask("POST", "/v0/tokens/?" + std::string("name=x&scope=NONSENSE&token=") + token,
              suite_->admin_token())}) {
      EXPECT_GE(response.status, 400);
      EXPECT_THAT(Everything(response), Not(HasSubstr(token)));
      EXPECT_THAT(Everything(response), Not(HasSubstr(suite_->admin_token())));
    }
  }
}

TEST_F(TokensOverHttpTest, AJwtWithAFixedCountrySeesNoOtherOnAnyFace) {
  Start();
  ASSERT_EQ(
      AskAsAdmin("POST", "/v0/events?name=customers&wait=true",
                 R"({"customer_id":"u","country":"USA"}{"customer_id":"s","country":"Spain"})")
          .status,
      200);
  ASSERT_EQ(
      AskAsAdmin(
          "POST", "/v0/events?name=purchases&wait=true",
          R"({"purchase_id":"1","customer_id":"u","purchase_amount":10,"purchase_date":"2023-01-01"})"
          R"({"purchase_id":"2","customer_id":"s","purchase_amount":20,"purchase_date":"2023-01-01"})")
          .status,
      200);
  const std::string jwt = NewJwt(
      R"({"type":"PIPES:READ","resource":"total_customer_value","fixed_params":{"country":"USA"}})");
  const std::string pipe = "/v0/pipes/total_customer_value.ndjson?";
  ASSERT_THAT(AskAsAdmin("GET", pipe).body, AllOf(HasSubstr("USA"), HasSubstr("Spain")));
  for (const char* query : {"", "country=Spain", "country=", "country=USA,Spain", "customer_id=s",
                            "country=Spain&country=Spain", "sort=customer_id"}) {
    const std::vector<RawResponse> answers = {
        Ask("GET", pipe + query, jwt), Ask("GET", pipe + query + "&token=" + jwt, ""),
        Ask("POST", pipe, jwt, query),
        Ask("GET",
            "/v1/reports/total_customer_value?" +
                std::string(query == std::string("sort=customer_id") ? "" : query),
            jwt)};
    for (const RawResponse& answer : answers) {
      EXPECT_EQ(answer.status, 200) << query << answer.body;
      EXPECT_THAT(answer.body, Not(HasSubstr("Spain"))) << query;
    }
  }
  EXPECT_THAT(Ask("GET", pipe, jwt).body, HasSubstr("USA"));
  EXPECT_EQ(Ask("GET", "/v0/pipes/clv_by_segment.json", jwt).status, 403);
}

TEST_F(TokensOverHttpTest, TheRateOfAJwtCountsByItsName) {
  Start();
  const std::string scope = R"({"type":"PIPES:READ","resource":"clv_by_segment"})";
  const std::string pipe = "/v0/pipes/clv_by_segment.json";
  const RawResponse admitted = Ask("GET", pipe, NewJwt(scope, R"(,"limits":{"rps":0.001})"));
  EXPECT_EQ(admitted.status, 200) << admitted.body;
  EXPECT_EQ(admitted.headers.at("x-ratelimit-limit"), "1");
  EXPECT_EQ(admitted.headers.at("x-ratelimit-remaining"), "0");
  EXPECT_FALSE(admitted.headers.contains("retry-after"));
  // Another JWT of the same name.
  const RawResponse refused = Ask("GET", pipe, NewJwt(scope, R"(,"limits":{"rps":0.001})"));
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.body, HasSubstr("rate limit"));
  EXPECT_GT(std::stoi(refused.headers.at("retry-after")), 500);
  EXPECT_GT(std::stoi(refused.headers.at("x-ratelimit-reset")), 500);
  for (int i = 0; i < 3; ++i) {
    const RawResponse free = Ask("GET", pipe, NewJwt(scope, R"(,"limits":{"rps":0})"));
    EXPECT_EQ(free.status, 200);
    EXPECT_FALSE(free.headers.contains("x-ratelimit-limit"));
  }
}

TEST_F(TokensOverHttpTest, LimitsOfTheInstallationAreToldOnEveryAnswerOfBothFaces) {
  Start({.rate_limit_requests = 1});
  bool was_refused[2] = {false, false};
  for (int i = 0; i < 500 && !(was_refused[0] && was_refused[1]); ++i) {
    const RawResponse answer = AskAsAdmin("GET", i % 2 == 0 ? "/v1/tokens" : "/v0/tokens");
    EXPECT_EQ(answer.headers.at("x-ratelimit-limit"), "1");
    EXPECT_TRUE(answer.headers.contains("x-ratelimit-remaining"));
    EXPECT_TRUE(answer.headers.contains("x-ratelimit-reset"));
    EXPECT_EQ(answer.headers.contains("retry-after"), answer.status == 429);
    was_refused[i % 2] = was_refused[i % 2] || answer.status == 429;
  }
  EXPECT_TRUE(was_refused[0]);
  EXPECT_TRUE(was_refused[1]);
}

TEST_F(TokensOverHttpTest, WithoutLimitsNoAnswerTellsOne) {
  Start();
  EXPECT_FALSE(AskAsAdmin("GET", "/v1/tokens").headers.contains("x-ratelimit-limit"));
  EXPECT_FALSE(AskAsAdmin("GET", "/v0/tokens").headers.contains("x-ratelimit-limit"));
}

TEST_F(TokensOverHttpTest, TheTypedFaceHasEveryTokenCall) {
  Start();
  const RawResponse created =
      AskAsAdmin("POST", "/v1/tokens", R"({"name":"my token","scopes":["PIPES:READ:*"]})");
  ASSERT_EQ(created.status, 200) << created.body;
  const std::string text = TextOf(created, "secret");
  const RawResponse updated = AskAsAdmin("PATCH", "/v1/tokens/my%20token",
                                         R"({"description":"d","limits":{"requestsPerSecond":5}})");
  EXPECT_EQ(updated.status, 200) << updated.body;
  EXPECT_THAT(updated.body, HasSubstr("requestsPerSecond"));
  const RawResponse refreshed = AskAsAdmin("POST", "/v1/tokens/my%20token:refresh", "{}");
  ASSERT_EQ(refreshed.status, 200) << refreshed.body;
  const std::string next = TextOf(refreshed, "secret");
  EXPECT_NE(next, text);
  EXPECT_EQ(Ask("GET", "/v0/pipes/clv_by_segment.json", next).status, 200);
  const RawResponse jwt = AskAsAdmin(
      "POST", "/v1/tokens:createJwt",
      R"({"name":"u","expirationTime":")" + InAnHour() +
          R"(","scopes":[{"type":"PIPES:READ","resource":"clv_by_segment","fixedParams":{"country":"USA"}}]})");
  ASSERT_EQ(jwt.status, 200) << jwt.body;
  EXPECT_EQ(Ask("GET", "/v1/reports/clv_by_segment", TextOf(jwt, "jwt")).status, 200);
  EXPECT_EQ(AskAsAdmin("DELETE", "/v1/tokens/my%20token").status, 200);
  const RawResponse audit = AskAsAdmin("GET", "/v1/audit?limit=3");
  EXPECT_EQ(audit.status, 200);
  EXPECT_THAT(audit.body, AllOf(HasSubstr("token.delete"), HasSubstr("jwt.create"),
                                HasSubstr("token.refresh"), Not(HasSubstr(next))));
}

TEST_F(TokensOverHttpTest, AReplacedAdminTokenIsRefusedInEveryProcessWithinASecond) {
  Start();
  const std::string old_admin = suite_->admin_token();
  const std::string jwt = NewJwt(R"({"type":"PIPES:READ","resource":"clv_by_segment"})");
  // As clv-query has it when it runs by itself.
  const DataDirectory data{directory_.path()};
  storage::SqliteTokenReader reader(data.auth());
  rpc::Authenticator other({});
  other.Open([data] { return FindAdminToken(data); }, &reader);
  ASSERT_TRUE(other.FindCaller(old_admin).ok());
  ASSERT_TRUE(other.FindCaller(jwt).ok());

  const RawResponse refreshed = AskAsAdmin("POST", "/v0/tokens/admin/refresh");
  const auto replaced_at = std::chrono::steady_clock::now();
  ASSERT_EQ(refreshed.status, 200) << refreshed.body;
  const std::string new_admin = TextOf(refreshed, "token");
  EXPECT_EQ(Ask("GET", "/v0/tokens", new_admin).status, 200);
  for (bool refused = false; !refused;) {
    const auto began_at = std::chrono::steady_clock::now();
    refused = !other.FindCaller(old_admin).ok() && !other.FindCaller(jwt).ok() &&
              Ask("GET", "/v0/tokens", old_admin).status == 403 &&
              Ask("GET", "/v0/pipes/clv_by_segment.json", jwt).status == 403;
    ASSERT_TRUE(refused || began_at - replaced_at < std::chrono::seconds(1));
  }
  EXPECT_TRUE(other.FindCaller(new_admin).ok());
}

TEST_F(TokensOverHttpTest, TheSuiteStartsWithTheReplacedAdminToken) {
  Start();
  const std::string new_admin = TextOf(AskAsAdmin("POST", "/v0/tokens/admin/refresh"), "token");
  suite_.reset();
  Start();
  EXPECT_EQ(suite_->admin_token(), new_admin);
  EXPECT_EQ(suite_->first_start_message(), "");
}

}  // namespace
}  // namespace clv::suite
