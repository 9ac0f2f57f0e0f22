// `/v0/tokens` as an HTTP client sees it, through the RPC with the metadata that a gateway sets.
#include "services/ingest/tokens_face.h"

#include <gmock/gmock.h>

#include <string>

#include "common/rpc/jwt.h"
#include "tests/services/ingest/service_fixture.h"

namespace clv::ingest {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class TokensFaceTest : public ServiceFixture {
 protected:
  HttpAnswer Call(const std::string& method, const std::string& target,
                  const std::string& body = "", const std::string& token = kAdminToken) {
    const auto context = Context(token);
    context->AddMetadata(rpc::kOriginalPathMetadata, target);
    context->AddMetadata(rpc::kOriginalMethodMetadata, method);
    v1::ServeTokensRequest request;
    request.set_name("from-the-transcoder");  // as a parameter `name` sets it; must not count
    request.mutable_body()->set_data(body);
    google::api::HttpBody response;
    const grpc::Status status = admin_stub_->ServeTokens(context.get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    HttpAnswer answer{.body = response.data()};
    for (const auto& [name, value] : context->GetServerInitialMetadata()) {
      answer.headers[std::string(name.data(), name.size())] =
          std::string(value.data(), value.size());
    }
    answer.status = std::stoi(answer.headers[rpc::kHttpStatusMetadata]);
    EXPECT_EQ(response.content_type(), "application/json; charset=UTF-8");
    return answer;
  }

  static std::string ExpirationTime(int64_t lifetime = 3600) {
    return "expiration_time=" + std::to_string(SystemClock().NowSeconds() + lifetime);
  }

  // The text behind `"token": "`.
  static std::string TokenOf(const HttpAnswer& answer) {
    const std::string key = "\"token\": \"";
    const size_t begin = answer.body.find(key) + key.size();
    return answer.body.substr(begin, answer.body.find('"', begin) - begin);
  }
};

TEST_F(TokensFaceTest, CreatesATokenAndShowsItsTextOnce) {
  const HttpAnswer created = Call("POST",
                                  "/v0/tokens/?name=loader&scope=DATASOURCES:APPEND:customers"
                                  "&scope=PIPE%3AREAD%3Aclv_by_segment&description=for+the+shop");
  EXPECT_EQ(created.status, 200) << created.body;
  const std::string text = TokenOf(created);
  EXPECT_EQ(text.size(), 47u);
  EXPECT_EQ(created.body,
            R"({"id": "loader", "name": "loader", "description": "for the shop", "scopes": )"
            R"([{"type": "DATASOURCES:APPEND", "resource": "customers"}, )"
            R"({"type": "PIPES:READ", "resource": "clv_by_segment"}], "token": ")" +
                text + R"(", "host": "", "is_internal": false})");
  EXPECT_EQ(Post("?name=customers", "{\"customer_id\":\"c\"}", text).status, 202);

  const HttpAnswer found = Call("GET", "/v0/tokens/loader");
  EXPECT_EQ(found.status, 200);
  EXPECT_EQ(TokenOf(found), text.substr(0, 6) + "...");
}

TEST_F(TokensFaceTest, CreatesATokenFromAForm) {
  const HttpAnswer created = Call("POST", "/v0/tokens", "name=ops&scope=ADMIN&scope=TOKENS\n");
  EXPECT_EQ(created.status, 200) << created.body;
  EXPECT_THAT(created.body, HasSubstr(R"("scopes": [{"type": "ADMIN"}, {"type": "TOKENS"}])"));
}

TEST_F(TokensFaceTest, ListsTokensWithoutTheirTexts) {
  const std::string a = NewToken({.name = "a", .scopes = {"TOKENS"}});
  const std::string b = NewToken({.name = "b", .scopes = {"PIPES:READ:*"}});
  const HttpAnswer list = Call("GET", "/v0/tokens?from=ts-sdk");
  EXPECT_EQ(list.status, 200);
  EXPECT_TRUE(list.body.starts_with(R"({"tokens": [{"id": "a")")) << list.body;
  EXPECT_THAT(list.body, HasSubstr(R"(, {"id": "b")"));
  EXPECT_THAT(list.body, HasSubstr(R"({"type": "PIPES:READ", "resource": "*"})"));
  EXPECT_THAT(list.body, Not(HasSubstr(a)));
  EXPECT_THAT(list.body, Not(HasSubstr(b)));
}

TEST_F(TokensFaceTest, AnEmptyListIsAList) {
  EXPECT_EQ(Call("GET", "/v0/tokens").body, R"({"tokens": []})");
}

TEST_F(TokensFaceTest, RefreshesAToken) {
  const std::string old_text = NewToken({.name = "my token", .scopes = {"DATASOURCES:APPEND:*"}});
  const HttpAnswer refreshed = Call("POST", "/v0/tokens/my%20token/refresh");
  EXPECT_EQ(refreshed.status, 200) << refreshed.body;
  EXPECT_EQ(Post("?name=customers", "{\"customer_id\":\"c\"}", old_text).status, 403);
  EXPECT_EQ(Post("?name=customers", "{\"customer_id\":\"c\"}", TokenOf(refreshed)).status, 202);
}

TEST_F(TokensFaceTest, ChangesAToken) {
  NewToken({.name = "t", .scopes = {"TOKENS"}, .description = "old"});
  const HttpAnswer first = Call("PUT", "/v0/tokens/t?scope=PIPES:READ:clv_prediction&name=t");
  EXPECT_EQ(first.status, 200) << first.body;
  EXPECT_THAT(first.body, HasSubstr(R"([{"type": "PIPES:READ", "resource": "clv_prediction"}])"));
  EXPECT_THAT(first.body, HasSubstr(R"("description": "old")"));
  const HttpAnswer second = Call("PUT", "/v0/tokens/t", "description=new");
  EXPECT_THAT(second.body, HasSubstr("clv_prediction"));
  EXPECT_THAT(second.body, HasSubstr(R"("description": "new")"));
}

TEST_F(TokensFaceTest, TheNameInThePathCountsNotTheParameter) {
  NewToken({.name = "a", .scopes = {"TOKENS"}});
  NewToken({.name = "b", .scopes = {"TOKENS"}});
  const HttpAnswer renamed = Call("PUT", "/v0/tokens/a?name=b&description=x");
  EXPECT_EQ(renamed.status, 400);
  EXPECT_THAT(renamed.body, HasSubstr("cannot be renamed"));
  EXPECT_EQ(Call("DELETE", "/v0/tokens/a?name=b").status, 200);
  EXPECT_EQ(Call("GET", "/v0/tokens/b").status, 200);
  EXPECT_EQ(Call("GET", "/v0/tokens/a").status, 404);
}

TEST_F(TokensFaceTest, DeletesAToken) {
  const std::string text = NewToken({.name = "t", .scopes = {"TOKENS"}});
  EXPECT_EQ(Call("DELETE", "/v0/tokens/t").body, R"({"ok": true})");
  EXPECT_EQ(Call("GET", "/v0/tokens", "", text).status, 403);
}

TEST_F(TokensFaceTest, AnUnknownTokenIs404ForWhoMaySeeTokensAnd403ForOthers) {
  const std::string reader = NewToken({.name = "reader", .scopes = {"PIPES:READ:*"}});
  for (const auto& [method, target] :
       std::vector<std::pair<std::string, std::string>>{{"GET", "/v0/tokens/nobody"},
                                                        {"PUT", "/v0/tokens/nobody"},
                                                        {"DELETE", "/v0/tokens/nobody"},
                                                        {"POST", "/v0/tokens/nobody/refresh"}}) {
    const HttpAnswer unknown = Call(method, target);
    EXPECT_EQ(unknown.status, 404) << method;
    EXPECT_THAT(unknown.body, HasSubstr("/#authentication"));
    EXPECT_EQ(Call(method, target, "", reader).status, 403) << method;
    EXPECT_EQ(Call(method, target, "", "").status, 403) << method;
  }
}

TEST_F(TokensFaceTest, NamesScopesThatItDoesNotHave) {
  for (const std::string scope : {"DATASOURCES:CREATE", "PIPES:CREATE", "WORKSPACE:READ_ALL", "ALL",
                                  "DATASOURCES:APPEND:orders"}) {
    const HttpAnswer answer = Call("POST", "/v0/tokens/?name=t&scope=" + scope);
    EXPECT_EQ(answer.status, 400);
    EXPECT_THAT(answer.body, HasSubstr(scope));
  }
  const HttpAnswer filter =
      Call("POST", "/v0/tokens/?name=t&scope=DATASOURCES:READ:customers:country%3D'NL'");
  EXPECT_EQ(filter.status, 400);
  EXPECT_THAT(filter.body, HasSubstr("filters are not supported"));
  EXPECT_EQ(Call("POST", "/v0/tokens/?name=t").status, 400);
  EXPECT_EQ(Call("POST", "/v0/tokens/?scope=TOKENS").status, 400);
  EXPECT_TRUE(tokens_->ListTokens().value().empty());
}

TEST_F(TokensFaceTest, ATakenNameIs409) {
  NewToken({.name = "t", .scopes = {"TOKENS"}});
  EXPECT_EQ(Call("POST", "/v0/tokens/?name=t&scope=TOKENS").status, 409);
  EXPECT_EQ(Call("POST", "/v0/tokens/?name=admin&scope=TOKENS").status, 409);
}

TEST_F(TokensFaceTest, TheAdminTokenIsShownByItsBeginningAndRefreshed) {
  const HttpAnswer shown = Call("GET", "/v0/tokens/admin");
  EXPECT_THAT(shown.body, HasSubstr(R"("scopes": [{"type": "ADMIN"}])"));
  EXPECT_THAT(shown.body, Not(HasSubstr(kAdminToken)));
  EXPECT_EQ(Call("DELETE", "/v0/tokens/admin").status, 400);
  const HttpAnswer refreshed = Call("POST", "/v0/tokens/admin/refresh");
  EXPECT_EQ(refreshed.status, 200) << refreshed.body;
  EXPECT_EQ(Call("GET", "/v0/tokens").status, 403) << "the old text";
  EXPECT_EQ(Call("GET", "/v0/tokens", "", TokenOf(refreshed)).status, 200);
}

TEST_F(TokensFaceTest, MakesAJwtOfTheTypeScriptClientsBody) {
  const HttpAnswer answer =
      Call("POST", "/v0/tokens/?" + ExpirationTime() + "&from=ts-sdk",
           R"({"name":"user_123","scopes":[{"type":"PIPES:READ","resource":"clv_by_segment",)"
           R"("fixed_params":{"country":"USA","limit":5}}],"limits":{"rps":10}})");
  EXPECT_EQ(answer.status, 200) << answer.body;
  const std::string jwt = TokenOf(answer);
  EXPECT_EQ(answer.body, R"({"token": ")" + jwt + "\"}");
  EXPECT_TRUE(jwt.starts_with("eyJ"));
  const auto claims = rpc::VerifyJwt(jwt, kAdminToken, SystemClock().NowSeconds());
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_EQ(claims->scopes[0].params.at("limit"), "5");
  EXPECT_EQ(claims->requests_per_second, 10.0);
  EXPECT_TRUE(tokens_->ListTokens().value().empty());
}

TEST_F(TokensFaceTest, TheNameOfAJwtMayBeInTheQuery) {
  const HttpAnswer answer =
      Call("POST", "/v0/tokens/?name=user_9&" + ExpirationTime(),
           R"({"scopes":[{"type":"DATASOURCES:APPEND","resource":"customers"}]})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(rpc::VerifyJwt(TokenOf(answer), kAdminToken, SystemClock().NowSeconds())->name,
            "user_9");
}

TEST_F(TokensFaceTest, AJwtFromHereOpensEvents) {
  const HttpAnswer answer =
      Call("POST", "/v0/tokens/?" + ExpirationTime(),
           R"({"name":"n","scopes":[{"type":"DATASOURCES:APPEND","resource":"customers"}]})");
  const std::string jwt = TokenOf(answer);
  EXPECT_EQ(Post("?name=customers", "{\"customer_id\":\"c\"}", jwt).status, 202);
  EXPECT_EQ(Post("?name=customers&token=" + jwt, "{\"customer_id\":\"c\"}", "").status, 202);
  EXPECT_EQ(Post("?name=purchases", "{}", jwt).status, 403);
}

TEST_F(TokensFaceTest, RefusesBadJwts) {
  const std::string good =
      R"({"name":"n","scopes":[{"type":"PIPES:READ","resource":"clv_by_segment"}]})";
  EXPECT_EQ(Call("POST", "/v0/tokens/?" + ExpirationTime(-1), good).status, 400);
  EXPECT_EQ(Call("POST", "/v0/tokens/?expiration_time=soon", good).status, 400);
  EXPECT_EQ(Call("POST", "/v0/tokens/?expiration_time=", good).status, 400);
  EXPECT_EQ(Call("POST", "/v0/tokens/", good).status, 400) << "a JSON body makes a JWT";
  EXPECT_EQ(Call("POST", "/v0/tokens/?" + ExpirationTime(), "").status, 400);
  EXPECT_EQ(Call("POST", "/v0/tokens/?" + ExpirationTime(), "{").status, 400);
  const auto with_scope = [&](const std::string& scope) {
    return Call("POST", "/v0/tokens/?" + ExpirationTime(),
                R"({"name":"n","scopes":[)" + scope + "]}");
  };
  const HttpAnswer filter = with_scope(
      R"({"type":"DATASOURCES:READ","resource":"customers","filter":"country = 'USA'"})");
  EXPECT_EQ(filter.status, 400);
  EXPECT_THAT(filter.body, HasSubstr("SQL filters on scopes are not supported"));
  const HttpAnswer admin = with_scope(R"({"type":"ADMIN","resource":"x"})");
  EXPECT_EQ(admin.status, 400);
  EXPECT_THAT(admin.body, HasSubstr("scopes[0].type: got 'ADMIN'"));
  EXPECT_EQ(with_scope(R"({"type":"PIPES:READ","resource":"nothing"})").status, 400);
  EXPECT_EQ(
      with_scope(
          R"({"type":"PIPES:READ","resource":"clv_by_segment","fixed_params":{"tenant":"a"}})")
          .status,
      400);
}

TEST_F(TokensFaceTest, ATokenInTheFormOpensButOneInAJsonBodyDoesNot) {
  EXPECT_EQ(Call("POST", "/v0/tokens", std::string("name=t&scope=TOKENS&token=") + kAdminToken, "")
                .status,
            200);
  EXPECT_EQ(Call("POST", "/v0/tokens/?" + ExpirationTime(),
                 std::string(R"({"name":"&token=)") + kAdminToken + R"(&"})", "")
                .status,
            403);
}

TEST_F(TokensFaceTest, ACallThatDidNotComeOverHttpListsOrGets) {
  NewToken({.name = "t", .scopes = {"TOKENS"}});
  v1::ServeTokensRequest request;
  google::api::HttpBody response;
  ASSERT_TRUE(admin_stub_->ServeTokens(Context(kAdminToken).get(), request, &response).ok());
  EXPECT_THAT(response.data(), HasSubstr("\"tokens\""));
  request.set_name("t");
  ASSERT_TRUE(admin_stub_->ServeTokens(Context(kAdminToken).get(), request, &response).ok());
  EXPECT_THAT(response.data(), HasSubstr(R"({"id": "t")"));
}

}  // namespace
}  // namespace clv::ingest
