#include "services/gateway/path_matcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <initializer_list>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace clv::gateway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Entry {
  const char* method;
  const char* path;
};

PathMatcher Make(std::initializer_list<Entry> entries, PathMatcher::Options options = {}) {
  PathMatcher::Builder builder(options);
  size_t index = 0;
  for (const Entry& entry : entries) {
    const absl::Status status = builder.Register(
        entry.method, ParseHttpTemplate(entry.path).value(), {index++, entry.path});
    EXPECT_TRUE(status.ok()) << status;
  }
  return std::move(builder).Build();
}

// `2(a,b)`: rule 2 with these values; `none`.
std::string Lookup(const PathMatcher& matcher, std::string_view method, std::string_view path) {
  const std::optional<PathMatcher::Match> match = matcher.Lookup(method, path);
  if (!match.has_value()) return "none";
  return absl::StrCat(match->rule_index, "(", absl::StrJoin(match->values, ","), ")");
}

TEST(PathMatcherTest, KeysOnMethodCaseSensitively) {
  const PathMatcher matcher = Make({{"GET", "/v1/a"}, {"POST", "/v1/a"}});
  EXPECT_EQ(Lookup(matcher, "GET", "/v1/a"), "0()");
  EXPECT_EQ(Lookup(matcher, "POST", "/v1/a"), "1()");
  EXPECT_EQ(Lookup(matcher, "get", "/v1/a"), "none");
  EXPECT_EQ(Lookup(matcher, "HEAD", "/v1/a"), "none");
}

TEST(PathMatcherTest, CutsTheQueryAtTheFirstQuestionMark) {
  const PathMatcher matcher = Make({{"GET", "/v1/{x}"}});
  EXPECT_EQ(Lookup(matcher, "GET", "/v1/a?b=/c?d"), "0(a)");
}

TEST(PathMatcherTest, DropsTrailingSlashesButCountsEmptyInnerSegments) {
  const PathMatcher matcher = Make({{"GET", "/v1/items"}});
  EXPECT_EQ(Lookup(matcher, "GET", "/v1/items/"), "0()");
  EXPECT_EQ(Lookup(matcher, "GET", "/v1/items///"), "0()");
  EXPECT_EQ(Lookup(matcher, "GET", "/v1//items"), "none");
}

TEST(PathMatcherTest, FindsTheRoot) {
  const PathMatcher matcher = Make({{"GET", "/"}});
  EXPECT_EQ(Lookup(matcher, "GET", "/"), "0()");
  EXPECT_EQ(Lookup(matcher, "GET", "/a"), "none");
}

TEST(PathMatcherTest, PrefersLiteralToStarToDoubleStarAndBacksOff) {
  const PathMatcher matcher = Make({{"GET", "/a/b/c"}, {"GET", "/a/{x}/d"}, {"GET", "/a/{y=**}"}});
  EXPECT_EQ(Lookup(matcher, "GET", "/a/b/c"), "0()");
  EXPECT_EQ(Lookup(matcher, "GET", "/a/b/d"), "1(b)");
  EXPECT_EQ(Lookup(matcher, "GET", "/a/b/e"), "2(b/e)");
  EXPECT_EQ(Lookup(matcher, "GET", "/a/b"), "2(b)");
}

TEST(PathMatcherTest, DoubleStarTakesZeroSegments) {
  const PathMatcher matcher = Make({{"GET", "/a/{x=**}"}});
  EXPECT_EQ(Lookup(matcher, "GET", "/a"), "0()");
  EXPECT_EQ(Lookup(matcher, "GET", "/a/b/c/d"), "0(b/c/d)");
}

TEST(PathMatcherTest, FindsLiteralsBehindDoubleStar) {
  const PathMatcher matcher = Make({{"GET", "/a/{x=**}/end"}, {"GET", "/a/**"}});
  EXPECT_EQ(Lookup(matcher, "GET", "/a/b/c/end"), "0(b/c)");
  EXPECT_EQ(Lookup(matcher, "GET", "/a/end/end"), "0(end)");
  EXPECT_EQ(Lookup(matcher, "GET", "/a/b/c"), "1()");
}

TEST(PathMatcherTest, CountsVariableBoundsFromTheEndBehindDoubleStar) {
  const PathMatcher matcher = Make({{"GET", "/{a=x/**/y}/z"}});
  EXPECT_EQ(Lookup(matcher, "GET", "/x/1/2/3/y/z"), "0(x/1/2/3/y)");
  EXPECT_EQ(Lookup(matcher, "GET", "/x/y/z"), "0(x/y)");
}

TEST(PathMatcherTest, SplitsARegisteredVerbOffEveryPath) {
  const PathMatcher matcher =
      Make({{"GET", "/a/{x}:run"}, {"GET", "/a/{x}"}, {"GET", "/b/{x=**}"}});
  EXPECT_EQ(Lookup(matcher, "GET", "/a/1:run"), "0(1)");
  EXPECT_EQ(Lookup(matcher, "GET", "/a/1:other"), "1(1:other)");
  EXPECT_EQ(Lookup(matcher, "GET", "/b/1:run"), "none");
  EXPECT_EQ(Lookup(matcher, "GET", "/b/1:other"), "2(1:other)");
}

TEST(PathMatcherTest, TakesOnlyTheLastColonOfTheLastSegmentForAVerb) {
  const PathMatcher matcher = Make({{"GET", "/a/{x}:run"}, {"GET", "/a/{x}/{y}"}});
  EXPECT_EQ(Lookup(matcher, "GET", "/a/1:2:run"), "0(1:2)");
  EXPECT_EQ(Lookup(matcher, "GET", "/a/1:run/2"), "1(1:run,2)");
}

TEST(PathMatcherTest, DoesNotTakeAnEscapedColonForAVerb) {
  const PathMatcher matcher = Make({{"GET", "/a/{x}:run"}, {"GET", "/a/{x}"}});
  EXPECT_EQ(Lookup(matcher, "GET", "/a/1%3Arun"), "1(1:run)");
}

TEST(PathMatcherTest, TakesAnyVerbWhereUnregisteredOnesAreMatched) {
  PathMatcher::Options options;
  options.match_unregistered_custom_verb = true;
  const PathMatcher matcher = Make({{"GET", "/foo/{v}"}}, options);
  EXPECT_EQ(Lookup(matcher, "GET", "/foo/bar:x"), "none");
  EXPECT_EQ(Lookup(matcher, "GET", "/foo/bar"), "0(bar)");
}

TEST(PathMatcherTest, DecodesASingleSegmentFullyAfterMatching) {
  const PathMatcher matcher = Make({{"GET", "/a/{x}"}});
  EXPECT_EQ(Lookup(matcher, "GET", "/a/b%2Fc"), "0(b/c)");
  EXPECT_EQ(Lookup(matcher, "GET", "/a/%zz%2"), "0(%zz%2)");
}

TEST(PathMatcherTest, KeepsReservedCharactersEscapedInLongVariables) {
  const PathMatcher matcher = Make({{"GET", "/a/{x=**}"}, {"GET", "/b/{x=c/*}"}});
  EXPECT_EQ(Lookup(matcher, "GET", "/a/b%2Fc/d%20e"), "0(b%2Fc/d e)");
  EXPECT_EQ(Lookup(matcher, "GET", "/b/c/d%3Fe%20"), "1(c/d%3Fe )");
}

TEST(PathMatcherTest, DecodesLongVariablesAsFarAsTheSpecificationAllows) {
  PathMatcher::Options options;
  options.unescape_spec = UnescapeSpec::kAllCharacters;
  EXPECT_EQ(Lookup(Make({{"GET", "/a/{x=**}"}}, options), "GET", "/a/b%2Fc%3F"), "0(b/c?)");
  options.unescape_spec = UnescapeSpec::kAllCharactersExceptSlash;
  EXPECT_EQ(Lookup(Make({{"GET", "/a/{x=**}"}}, options), "GET", "/a/b%2Fc%3F"), "0(b%2Fc?)");
}

TEST(PathMatcherTest, ComparesLiteralsWithTheUndecodedPath) {
  const PathMatcher matcher = Make({{"GET", "/a"}});
  EXPECT_EQ(Lookup(matcher, "GET", "/%61"), "none");
}

TEST(PathMatcherTest, ListsTheMethodsOfAPath) {
  const PathMatcher matcher =
      Make({{"POST", "/a/{x}"}, {"GET", "/a/b"}, {"DELETE", "/a/{x=**}"}, {"PUT", "/c"}});
  EXPECT_THAT(matcher.AllowedMethods("/a/b"), ElementsAre("DELETE", "GET", "POST"));
  EXPECT_THAT(matcher.AllowedMethods("/a/z?q"), ElementsAre("DELETE", "POST"));
  EXPECT_THAT(matcher.AllowedMethods("/x"), IsEmpty());
}

TEST(PathMatcherTest, RefusesTwoRulesOfOneShapeAndNamesBoth) {
  PathMatcher::Builder builder({});
  ASSERT_TRUE(builder.Register("GET", *ParseHttpTemplate("/a/{x}:v"), {0, "first"}).ok());
  EXPECT_TRUE(builder.Register("GET", *ParseHttpTemplate("/a/{x}"), {1, "second"}).ok());
  EXPECT_TRUE(builder.Register("PUT", *ParseHttpTemplate("/a/{x}:v"), {2, "third"}).ok());
  EXPECT_EQ(builder.Register("GET", *ParseHttpTemplate("/a/{y}:v"), {3, "fourth"}),
            absl::AlreadyExistsError("HTTP rules of the same shape: first and fourth"));
}

TEST(PathMatcherPropertyTest, AnyPathIsLookedUpWithoutHarm) {
  const PathMatcher matcher = Make({{"GET", "/a/{x=**}/b"},
                                    {"GET", "/a/{x}/{y}:a"},
                                    {"GET", "/{x=a/*/b}/**"},
                                    {"GET", "/{x=**}"},
                                    {"GET", "/"}});
  EXPECT_TRUE(rc::check([&](const std::vector<uint8_t>& bytes) {
    std::string path = "/";
    for (const uint8_t byte : bytes) path.push_back("ab//:%?2F"[byte % 9]);
    const std::optional<PathMatcher::Match> match = matcher.Lookup("GET", path);
    RC_ASSERT(match.has_value() != matcher.AllowedMethods(path).empty());
  }));
}

}  // namespace
}  // namespace clv::gateway
