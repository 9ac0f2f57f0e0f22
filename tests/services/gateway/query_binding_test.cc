// What a URL binds (REST.md part B 2.3), seen in the request that the transcoder makes of it.
#include "services/gateway/query_binding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/services/gateway/transcoder_fixture.h"

namespace clv::gateway {
namespace {

using testing::AllServices;
using testing::Encode;
using ::testing::HasSubstr;
using testing::MakeTranscoder;
using ::testing::StartsWith;

struct Case {
  const char* target;
  const char* want;  // the request, or the start of `error: ...`
};

class BindingTest : public ::testing::TestWithParam<Case> {
 protected:
  static const Transcoder& transcoder() {
    static const Transcoder instance = MakeTranscoder();
    return instance;
  }
};

TEST_P(BindingTest, Binds) {
  const std::string got = Encode(transcoder(), "GET", GetParam().target);
  if (std::string_view(GetParam().want).starts_with("error")) {
    EXPECT_THAT(got, StartsWith(GetParam().want));
  } else {
    EXPECT_EQ(got, GetParam().want);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Path, BindingTest,
    ::testing::Values(Case{"/v1/echo/a", R"(text: "a")"}, Case{"/v1/echo/a%2Fb", R"(text: "a/b")"},
                      Case{"/v1/echo/a%20b%22", R"(text: "a b\"")"},
                      Case{"/v1/named/shops/x/7", R"(i32: 7 text: "shops/x")"},
                      Case{"/v1/named/shops/x%2Fy/7", R"(i32: 7 text: "shops/x%2Fy")"},
                      Case{"/v1/named/shops/x/seven",
                           "error: i32: invalid value \"seven\" for type TYPE_INT32"},
                      Case{"/v1/files/a/b/c", R"(text: "a/b/c")"}, Case{"/v1/files", ""},
                      Case{"/v1/nested/n", R"(inner { name: "n" })"},
                      Case{"/v1/element/n", R"(inners { name: "n" })"},
                      Case{"/v1/echo/%ff", "error: "}));

INSTANTIATE_TEST_SUITE_P(
    Names, BindingTest,
    ::testing::Values(
        Case{"/v1/echoes:list?snake_case_name=1", "snake_case_name: 1"},
        Case{"/v1/echoes:list?snakeCaseName=1", "snake_case_name: 1"},
        Case{"/v1/echoes:list?renamed=x", R"(custom_name: "x")"},
        Case{"/v1/echoes:list?custom_name=x", R"(custom_name: "x")"},
        Case{"/v1/echoes:list?customName=x", R"(custom_name: "x")"},
        Case{"/v1/echoes:list?inner.name=x&inner.count=2", R"(inner { name: "x" count: 2 })"},
        Case{"/v1/echoes:list?inner.inner.inner.name=x",
             R"(inner { inner { inner { name: "x" } } })"},
        Case{"/v1/echoes:list?inners.name=x&inners.count=3", R"(inners { name: "x" count: 3 })"},
        Case{"/v1/echoes:list?te%78t=x", R"(text: "x")"},
        Case{"/v1/echoes:list?inner%2Ename=x", R"(inner { name: "x" })"},
        Case{
            "/v1/echoes:list?nope=1",
            "error: Could not find field \"nope\" in the type \"clv.gateway.testing.Everything\"."},
        Case{"/v1/echoes:list?inner.nope=1",
             "error: Could not find field \"nope\" in the type \"clv.gateway.testing.Inner\"."},
        Case{"/v1/echoes:list?Text=x", "error: Could not find field"},
        Case{"/v1/echoes:list?text.x=1", "error: "},
        Case{"/v1/echoes:list?labels.key=1", "error: "},
        Case{"/v1/echoes:list?labels=1", "error: "}, Case{"/v1/echoes:list?inner=x", "error: "},
        Case{"/v1/echoes:list?inners=x", "error: "}, Case{"/v1/echoes:list?any=x", "error: "},
        Case{"/v1/echoes:list?struct=x", "error: "}));

INSTANTIATE_TEST_SUITE_P(
    Parts, BindingTest,
    ::testing::Values(Case{"/v1/echoes:list?", ""}, Case{"/v1/echoes:list?text", ""},
                      Case{"/v1/echoes:list?=x", ""}, Case{"/v1/echoes:list?nope", ""},
                      Case{"/v1/echoes:list?&&text=a&", R"(text: "a")"},
                      Case{"/v1/echoes:list?text=a=b", R"(text: "a=b")"},
                      Case{"/v1/echoes:list?text=a?b", R"(text: "a?b")"},
                      Case{"/v1/echoes:list?text=a+b", R"(text: "a+b")"},
                      Case{"/v1/echoes:list?text=a%26b%2Fc", R"(text: "a&b/c")"},
                      Case{"/v1/echoes:list?text=", ""},
                      Case{"/v1/echoes:list?text=%zz", R"(text: "%zz")"},
                      Case{"/v1/echoes:list?text=%22%5C%0A", R"(text: "\"\\\n")"},
                      Case{"/v1/echoes:list?text=a&text=b", R"(text: "b")"},
                      Case{"/v1/echo/path?text=query", R"(text: "query")"}));

INSTANTIATE_TEST_SUITE_P(
    Repeated, BindingTest,
    ::testing::Values(
        Case{"/v1/echoes:list?numbers=3&numbers=1&numbers=2", "numbers: 3 numbers: 1 numbers: 2"},
        Case{"/v1/echoes:list?words=a,b", R"(words: "a,b")"},
        Case{"/v1/echoes:list?words=a&i32=1&words=b", R"(i32: 1 words: "a" words: "b")"},
        Case{"/v1/echoes:list?colors=COLOR_RED&colors=2", "colors: COLOR_RED colors: COLOR_GREEN"},
        Case{"/v1/echoes:list?inner.tags=a&inner.tags=b", R"(inner { tags: "a" tags: "b" })"},
        Case{"/v1/echoes:list?numbers=x", "error: "}));

INSTANTIATE_TEST_SUITE_P(
    Values, BindingTest,
    ::testing::Values(
        Case{"/v1/echoes:list?i32=-7", "i32: -7"}, Case{"/v1/echoes:list?i32=1.0", "error: "},
        Case{"/v1/echoes:list?i32=", "error: "}, Case{"/v1/echoes:list?i32=2147483648", "error: "},
        Case{"/v1/echoes:list?i64=9223372036854775807", "i64: 9223372036854775807"},
        Case{"/v1/echoes:list?u32=-1", "error: "},
        Case{"/v1/echoes:list?u32=4294967295", "u32: 4294967295"},
        Case{"/v1/echoes:list?u64=18446744073709551615", "u64: 18446744073709551615"},
        Case{"/v1/echoes:list?real=1e3", "real: 1000"}, Case{"/v1/echoes:list?real=x", "error: "},
        Case{"/v1/echoes:list?real=Infinity", "real: inf"},
        Case{"/v1/echoes:list?single=0.5", "single: 0.5"},
        Case{"/v1/echoes:list?flag=true", "flag: true"}, Case{"/v1/echoes:list?flag=false", ""},
        Case{"/v1/echoes:list?flag=1", "flag: true"}, Case{"/v1/echoes:list?flag=T", "flag: true"},
        Case{"/v1/echoes:list?flag=Yes", "flag: true"},
        Case{"/v1/echoes:list?flag=y", "flag: true"}, Case{"/v1/echoes:list?flag=NO", ""},
        Case{"/v1/echoes:list?flag=0", ""}, Case{"/v1/echoes:list?flag=2", "error: "},
        Case{"/v1/echoes:list?flag=", "error: "},
        Case{"/v1/echoes:list?color=COLOR_RED", "color: COLOR_RED"},
        Case{"/v1/echoes:list?color=2", "color: COLOR_GREEN"},
        Case{"/v1/echoes:list?color=9", "error: "},
        Case{"/v1/echoes:list?color=color_red", "error: "},
        Case{"/v1/echoes:list?color=NOPE",
             "error: color: invalid value \"NOPE\" for type TYPE_ENUM"},
        Case{"/v1/echoes:list?data=aGk%2B", R"(data: "hi>")"},
        Case{"/v1/echoes:list?data=_-8", R"(data: "\377\357")"},
        Case{"/v1/echoes:list?data=aGk%3D", R"(data: "hi")"},
        Case{"/v1/echoes:list?data=aGk", R"(data: "hi")"},
        Case{"/v1/echoes:list?maybe=0", "maybe: 0"},
        Case{"/v1/echoes:list?maybe=1&maybe=2", "maybe: 2"}));

INSTANTIATE_TEST_SUITE_P(
    WellKnown, BindingTest,
    ::testing::Values(Case{"/v1/echoes:list?when=1970-01-01T00:00:05Z", "when { seconds: 5 }"},
                      Case{"/v1/echoes:list?when=yesterday", "error: "},
                      Case{"/v1/echoes:list?wait=1.5s", "wait { seconds: 1 nanos: 500000000 }"},
                      Case{"/v1/echoes:list?mask=a.b,c", R"(mask { paths: "a.b" paths: "c" })"},
                      Case{"/v1/echoes:list?boxed=0", "boxed { }"},
                      Case{"/v1/echoes:list?boxed=3", "boxed { value: 3 }"},
                      Case{"/v1/echoes:list?boxed.value=3", "boxed { value: 3 }"},
                      Case{"/v1/echoes:list?boxed_text=x", R"(boxed_text { value: "x" })"},
                      Case{"/v1/echoes:list?value=5", R"(value { string_value: "5" })"}));

INSTANTIATE_TEST_SUITE_P(Oneof, BindingTest,
                         ::testing::Values(Case{"/v1/echoes:list?left=a", R"(left: "a")"},
                                           Case{"/v1/echoes:list?left=a&right=2", "error: "}));

TEST(BindingOptionsTest, IgnoresUnknownParametersWhereAsked) {
  TranscoderOptions options = AllServices();
  options.ignore_unknown_query_parameters = true;
  const Transcoder transcoder = MakeTranscoder(options);
  EXPECT_EQ(Encode(transcoder, "GET", "/v1/echoes:list?from=sdk&text=a&text.below=x"),
            R"(text: "a")");
  EXPECT_THAT(Encode(transcoder, "GET", "/v1/echoes:list?i32=x"), StartsWith("error: "));
}

TEST(BindingOptionsTest, IgnoresUnknownParametersUnderAPrefixOnly) {
  TranscoderOptions options = AllServices();
  options.ignore_unknown_query_parameters_under = {"/v0/"};
  const Transcoder transcoder = MakeTranscoder(options);
  EXPECT_EQ(Encode(transcoder, "GET", "/v0/echo/a?from=sdk"), R"(text: "a")");
  EXPECT_THAT(Encode(transcoder, "GET", "/v1/echo/a?from=sdk"), HasSubstr("Could not find field"));
}

TEST(BindingOptionsTest, DropsIgnoredParametersAlsoWhereAFieldHasTheName) {
  TranscoderOptions options = AllServices();
  options.ignored_query_parameters = {"text", "key"};
  const Transcoder transcoder = MakeTranscoder(options);
  EXPECT_EQ(Encode(transcoder, "GET", "/v1/echoes:list?text=a&key=b&te%78t=c&i32=1"), "i32: 1");
}

TEST(BindingOptionsTest, TakesPlusForASpaceWhereAsked) {
  TranscoderOptions options = AllServices();
  options.query_param_unescape_plus = true;
  EXPECT_EQ(Encode(MakeTranscoder(options), "GET", "/v1/echoes:list?text=a+b%2B"),
            R"(text: "a b+")");
}

TEST(BindingOptionsTest, ParsesEnumsInAnyCaseWhereAsked) {
  TranscoderOptions options = AllServices();
  options.case_insensitive_enum_parsing = true;
  EXPECT_EQ(Encode(MakeTranscoder(options), "GET", "/v1/echoes:list?color=color_red"),
            "color: COLOR_RED");
}

TEST(BindingLimitTest, RefusesFieldPathsThatAreNestedTooDeeply) {
  std::string target = "/v1/echoes:list?inner";
  for (int i = 0; i < 100; ++i) target += ".inner";
  EXPECT_THAT(Encode(MakeTranscoder(), "GET", target + ".name=x"), HasSubstr("nested too deeply"));
}

}  // namespace
}  // namespace clv::gateway
