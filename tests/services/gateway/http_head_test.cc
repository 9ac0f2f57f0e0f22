#include "services/gateway/http_head.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace clv::gateway {
namespace {

TEST(HttpHeadTest, FindsTheEmptyLine) {
  EXPECT_EQ(FindHeadEnd("GET / HTTP/1.1\r\nA: b\r\n\r\nrest")->value(), 24u);
  EXPECT_FALSE(FindHeadEnd("GET / HTTP/1.1\r\nA: b\r\n\r")->has_value());
  EXPECT_FALSE(FindHeadEnd("")->has_value());
}

TEST(HttpHeadTest, RefusesLinesWithoutACarriageReturn) {
  EXPECT_FALSE(FindHeadEnd("GET / HTTP/1.1\n\n").ok());
  EXPECT_FALSE(FindHeadEnd("\n").ok());
  EXPECT_TRUE(FindHeadEnd("GET / HTTP/1.1\r\n\r\nbody\n").ok());
}

TEST(HttpHeadTest, EscapesTheSpacesOfTheTargetOnly) {
  EXPECT_EQ(*PrepareHead("GET /a?b=2023-01-01 00:00:00&c=d e HTTP/1.1\r\nX: a b c\r\n\r\n"),
            "GET /a?b=2023-01-01%2000:00:00&c=d%20e HTTP/1.1\r\nX: a b c\r\n\r\n");
}

TEST(HttpHeadTest, LeavesAPlainRequestLineAlone) {
  for (const char* head :
       {"GET /a HTTP/1.1\r\n\r\n", "GET\r\n\r\n", "GET /a\r\n\r\n", "\r\n\r\n"}) {
    EXPECT_EQ(*PrepareHead(head), head);
  }
}

TEST(HttpHeadTest, RefusesFoldedHeaders) {
  EXPECT_FALSE(PrepareHead("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n").ok());
  EXPECT_FALSE(PrepareHead("GET / HTTP/1.1\r\nA: b\r\n\tc\r\n\r\n").ok());
}

TEST(HttpHeadTest, ReadsTheTargetOfAnIncompleteHead) {
  EXPECT_EQ(TargetOf("GET /a b HTTP/1.1\r\nX"), "/a b");
  EXPECT_EQ(TargetOf("GET /abc"), "/abc");
  EXPECT_EQ(TargetOf("GET"), "");
}

TEST(HttpHeadTest, AnyHeadKeepsItsTextAndHasAtMostTwoSpacesInItsFirstLine) {
  EXPECT_TRUE(rc::check([](const std::vector<uint8_t>& bytes) {
    std::string line;
    for (const uint8_t byte : bytes) line.push_back("GE /?= %\t\xFF"[byte % 10]);
    const std::string prepared = PrepareHead(line + "\r\nA: b c d\r\n\r\n").value();
    const std::string first = prepared.substr(0, prepared.find('\r'));
    RC_ASSERT(std::count(first.begin(), first.end(), ' ') <= 2);
    RC_ASSERT(prepared.ends_with("\r\nA: b c d\r\n\r\n"));
  }));
}

}  // namespace
}  // namespace clv::gateway
