#include "tools/cli/tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/tools/cli/fake_server.h"

namespace clv::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::internal::CaptureStderr;
using ::testing::internal::CaptureStdout;
using ::testing::internal::GetCapturedStderr;
using ::testing::internal::GetCapturedStdout;

class TokensTest : public ::testing::Test {
 protected:
  TokensTest() {
    CaptureStdout();
    CaptureStderr();
  }

  // What was printed; to be called once.
  void EndCapture() {
    out_ = GetCapturedStdout();
    err_ = GetCapturedStderr();
  }

  FakeServer::Answer answer_;
  FakeServer server_{[this](const FakeServer::Request&) { return answer_; }};
  std::string out_;
  std::string err_;
};

TEST_F(TokensTest, CreatesATokenAndPrintsItsTextAlone) {
  answer_.body = R"({"token":{"name":"a \"b\""},"secret":"clv_text"})";
  const absl::Status status =
      RunCreateToken(server_.server(), {.name = "a \"b\"",
                                        .scopes = {"TOKENS", "PIPES:READ:*"},
                                        .description = "d",
                                        .requests_per_second = 2.5,
                                        .bytes_per_second = 0});
  EndCapture();
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(out_, "clv_text\n");
  EXPECT_THAT(err_, HasSubstr("not shown again"));
  const FakeServer::Request request = server_.requests().at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/v1/tokens");
  EXPECT_EQ(request.authorization, "Bearer secret");
  EXPECT_EQ(request.body,
            R"({"name":"a \"b\"","scopes":["TOKENS","PIPES:READ:*"],"description":"d",)"
            R"("limits":{"requests_per_second":2.5,"bytes_per_second":0}})");
}

TEST_F(TokensTest, UpdatesOnlyWhatIsGiven) {
  answer_.body = "{}";
  const absl::Status status =
      RunUpdateToken(server_.server(), {.name = "my token", .description = ""});
  EndCapture();
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(out_, "");
  const FakeServer::Request request = server_.requests().at(0);
  EXPECT_EQ(request.method, "PATCH");
  EXPECT_EQ(request.target, "/v1/tokens/my%20token");
  EXPECT_EQ(request.body, R"({"description":""})");
}

TEST_F(TokensTest, AnUpdateOfNothingIsBadUsageAndSendsNothing) {
  const absl::Status status = RunUpdateToken(server_.server(), {.name = "t"});
  EndCapture();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(TokensTest, RefreshesATokenAndPrintsItsTextAlone) {
  answer_.body = R"({"token":{"name":"admin"},"secret":"clv_next"})";
  const absl::Status status = RunRefreshToken(server_.server(), "admin");
  EndCapture();
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(out_, "clv_next\n");
  EXPECT_EQ(server_.requests().at(0).method, "POST");
  EXPECT_EQ(server_.requests().at(0).target, "/v1/tokens/admin:refresh");
}

TEST_F(TokensTest, MakesAJwtAndPrintsItAlone) {
  answer_.body = R"({"jwt":"eyJ.a.b"})";
  const absl::Status status =
      RunCreateJwt(server_.server(),
                   {.name = "user_1",
                    .scopes = {"PIPES:READ:clv_by_segment", "DATASOURCES:APPEND:customers"},
                    .fixed_params = {{"country", "USA"}, {"limit", "5"}},
                    .lifetime_seconds = 60,
                    .requests_per_second = 3},
                   1'000);
  EndCapture();
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(out_, "eyJ.a.b\n");
  EXPECT_EQ(server_.requests().at(0).target, "/v1/tokens:createJwt");
  EXPECT_EQ(server_.requests().at(0).body,
            R"({"name":"user_1","expiration_time":"1060","scopes":[)"
            R"({"type":"PIPES:READ","resource":"clv_by_segment",)"
            R"("fixed_params":{"country":"USA","limit":"5"}},)"
            R"({"type":"DATASOURCES:APPEND","resource":"customers"}],"requests_per_second":3})");
}

TEST_F(TokensTest, AScopeOfAJwtNeedsAResource) {
  for (const char* scope : {"ADMIN", "PIPES:READ", ""}) {
    const absl::Status status = RunCreateJwt(server_.server(), {.name = "n", .scopes = {scope}}, 0);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << scope;
  }
  EndCapture();
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(TokensTest, PassesTheServersRefusalOn) {
  answer_ = {.status = 400,
             .body = R"({"code":9,"message":"CLV_ADMIN_TOKEN sets the admin token"})"};
  const absl::Status status = RunRefreshToken(server_.server(), "admin");
  EndCapture();
  EXPECT_THAT(std::string(status.message()), HasSubstr("CLV_ADMIN_TOKEN sets"));
  EXPECT_EQ(out_, "");
}

}  // namespace
}  // namespace clv::cli
