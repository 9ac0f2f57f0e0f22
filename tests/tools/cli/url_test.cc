#include "tools/cli/url.h"

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace clv::cli {
namespace {

TEST(UrlTest, ReadsHostPortAndBase) {
  const ServerUrl url = ParseUrl("http://clv.example.com:8080/base/path/").value();
  EXPECT_EQ(url.host, "clv.example.com");
  EXPECT_EQ(url.port, "8080");
  EXPECT_EQ(url.base_path, "/base/path");
  EXPECT_EQ(url.ToString(), "http://clv.example.com:8080/base/path");
}

TEST(UrlTest, DefaultsToPort80) {
  const ServerUrl url = ParseUrl("http://localhost").value();
  EXPECT_EQ(url.port, "80");
  EXPECT_EQ(url.Authority(), "localhost");
}

TEST(UrlTest, ReadsIpv6Addresses) {
  const ServerUrl url = ParseUrl("http://[::1]:8080").value();
  EXPECT_EQ(url.host, "::1");
  EXPECT_EQ(url.Authority(), "[::1]:8080");
}

TEST(UrlTest, RefusesEverythingElse) {
  for (const char* text : {"", "localhost:8080", "https://localhost", "http://", "http://:80",
                           "http://a:b", "http://a:123456", "http://a b", "http://user@host",
                           "http://host?x=1", "http://host/?x", "http://[::1", "http://[::1]80"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseUrl(text).status())) << text;
  }
}

TEST(UrlTest, EncodesEverythingThatIsNotUnreserved) {
  EXPECT_EQ(PercentEncode("Aa0-._~"), "Aa0-._~");
  EXPECT_EQ(PercentEncode("a b&c=d/é+%"), "a%20b%26c%3Dd%2F%C3%A9%2B%25");
}

TEST(UrlTest, JoinsParameters) {
  EXPECT_EQ(EncodeParameters({}), "");
  EXPECT_EQ(EncodeParameters({{"country", "USA"}, {"a b", "=&"}}), "country=USA&a%20b=%3D%26");
}

}  // namespace
}  // namespace clv::cli
