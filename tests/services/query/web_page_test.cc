#include "services/query/web_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clv::query {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(WebPageTest, HoldsTheWholePage) {
  EXPECT_TRUE(WebPageText().starts_with("<!doctype html>"));
  EXPECT_TRUE(WebPageText().ends_with("</html>\n"));
}

TEST(WebPageTest, LoadsNothingFromElsewhere) {
  const std::string page(WebPageText());
  EXPECT_THAT(page, Not(HasSubstr("http://")));
  EXPECT_THAT(page, Not(HasSubstr("https://")));
  EXPECT_THAT(page, Not(HasSubstr(" src=")));
}

TEST(WebPageTest, ExplainsTheAnchorsOfErrorBodies) {
  const std::string page(WebPageText());
  for (const char* anchor :
       {"authentication", "events", "gateway", "query-parameters", "pipes", "limits"}) {
    EXPECT_THAT(page, HasSubstr(std::string("id=\"") + anchor + "\""));
  }
}

TEST(WebPageTest, ThePolicyNamesTheHashOfTheScript) {
  // printf 'x' | openssl dgst -sha256 -binary | base64
  const std::string policy = ContentSecurityPolicyOf("<style>y</style><script>x</script>");
  EXPECT_THAT(policy,
              HasSubstr("script-src 'sha256-LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE='"));
  EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
}

TEST(WebPageTest, RepliesWithHtml) {
  EXPECT_EQ(WebPageReply().content_type, "text/html; charset=UTF-8");
  EXPECT_EQ(WebPageReply().http_status, 200);
}

}  // namespace
}  // namespace clv::query
