// What path and query set (REST.md part B 2.3).
#include "absl/strings/str_cat.h"
#include "tests/services/gateway/conformance_fixture.h"

namespace clv::gateway::conformance {
namespace {

Case Query(const std::string& query, const std::string& want, const std::string& options = "") {
  return {absl::StrCat("GET /b/echo?", query), "", 200, want, options, ""};
}

Case Bad(const std::string& query, const std::string& words, const std::string& options = "") {
  return {absl::StrCat("GET /b/echo?", query), "", 400, absl::StrCat("~", words), options,
          "content-type: application/json"};
}

INSTANTIATE_TEST_SUITE_P(
    Parts, ConformanceTest,
    ::testing::Values(
        Query("", "{}"), Query("text=a", R"({"text":"a"})"), Query("text=a=b", R"({"text":"a=b"})"),
        Query("text", "{}"), Query("=a", "{}"), Query("&&text=a&", R"({"text":"a"})"),
        Query("text=", "{}"), Query("text=a%26b%3D%25", R"({"text":"a&b=%"})"),
        Query("text=a?b", R"({"text":"a?b"})"), Query("text=%zz", R"({"text":"%zz"})"),
        Query("text=a%2Fb%3A", R"({"text":"a/b:"})"), Query("%74ext=a", R"({"text":"a"})"),
        Query("inner%2Ename=a", R"({"inner":{"name":"a"}})"),
        Query("text=a+b", R"({"text":"a+b"})"),
        Query("text=a+b%2B", R"({"text":"a b+"})", "query_param_unescape_plus: true"),
        Query("text=%22%5C%0A", R"({"text":"\"\\\n"})"),
        Query("text=%E2%82%AC", "{\"text\":\"\xE2\x82\xAC\"}")));

INSTANTIATE_TEST_SUITE_P(
    Names, ConformanceTest,
    ::testing::Values(Query("snake_case_name=1", R"({"snakeCaseName":1})"),
                      Query("snakeCaseName=1", R"({"snakeCaseName":1})"),
                      Query("custom_name=x", R"({"renamed":"x"})"),
                      Query("renamed=x", R"({"renamed":"x"})"),
                      Query("customName=x", R"({"renamed":"x"})"),
                      Query("inner.name=a&inner.count=2", R"({"inner":{"name":"a","count":2}})"),
                      Query("inner.inner.name=a", R"({"inner":{"inner":{"name":"a"}}})"),
                      Bad("nothing=1", R"(Could not find field \"nothing\" in the type)"),
                      Bad("inner.nothing=1", R"(Could not find field \"nothing\" in the type)"),
                      Bad("Text=1", "Could not find field"), Bad("text.below=1", "text"),
                      Bad("labels.key=a", "labels"), Bad("labels=a", "labels"),
                      Bad("inner=a", "inner"), Bad("inners=a", "inners"), Bad("any=a", "any"),
                      Bad("struct=a", "struct")));

INSTANTIATE_TEST_SUITE_P(
    Several, ConformanceTest,
    ::testing::Values(
        Query("numbers=1&numbers=2", R"({"numbers":[1,2]})"),
        Query("words=b&words=a&words=b", R"({"words":["b","a","b"]})"),
        Query("words=a,b", R"({"words":["a,b"]})"), Bad("numbers=1,2", "numbers"),
        Query("colors=COLOR_RED&colors=2", R"({"colors":["COLOR_RED","COLOR_GREEN"]})"),
        Query("text=a&text=b", R"({"text":"b"})"), Query("i32=1&i32=2", R"({"i32":2})"),
        Query("inner.name=a&inner.name=b", R"({"inner":{"name":"b"}})"),
        Query("inner.tags=a&inner.tags=b", R"({"inner":{"tags":["a","b"]}})"),
        Query("maybe=1&maybe=2", R"({"maybe":2})"), Query("maybe=0", R"({"maybe":0})"),
        Query("left=a", R"({"left":"a"})"), Bad("left=a&right=1", "choice"),
        Query("inners.name=a&inners.count=2", R"({"inners":[{"name":"a","count":2}]})")));

INSTANTIATE_TEST_SUITE_P(
    Numbers, ConformanceTest,
    ::testing::Values(
        Query("i32=-5", R"({"i32":-5})"), Query("i32=2147483647", R"({"i32":2147483647})"),
        Bad("i32=2147483648", "i32"), Bad("i32=1.0", R"(i32: invalid value \"1.0\" for type)"),
        Bad("i32=", "i32"), Bad("i32=x", R"(i32: invalid value \"x\" for type TYPE_INT32)"),
        Bad("i32=0x1", "i32"), Bad("u32=-1", "u32"),
        Query("i64=-9223372036854775808", R"({"i64":"-9223372036854775808"})"),
        Query("u64=18446744073709551615", R"({"u64":"18446744073709551615"})"),
        Bad("u64=18446744073709551616", "u64"), Query("real=1.5e3", R"({"real":1500})"),
        Query("real=NaN", R"({"real":"NaN"})"), Query("real=-Infinity", R"({"real":"-Infinity"})"),
        Query("single=0.5", R"({"single":0.5})"), Bad("real=x", "real")));

INSTANTIATE_TEST_SUITE_P(
    Bools, ConformanceTest,
    ::testing::Values(Query("flag=true", R"({"flag":true})"),
                      Query("flag=TRUE", R"({"flag":true})"), Query("flag=1", R"({"flag":true})"),
                      Query("flag=t", R"({"flag":true})"), Query("flag=Yes", R"({"flag":true})"),
                      Query("flag=y", R"({"flag":true})"), Query("flag=false", "{}"),
                      Query("flag=0", "{}"), Query("flag=F", "{}"), Query("flag=no", "{}"),
                      Query("flag=n", "{}"), Bad("flag=maybe", "flag"), Bad("flag=2", "flag"),
                      Bad("flag=", "flag")));

INSTANTIATE_TEST_SUITE_P(
    Enums, ConformanceTest,
    ::testing::Values(
        Query("color=COLOR_RED", R"({"color":"COLOR_RED"})"),
        Query("color=2", R"({"color":"COLOR_GREEN"})"), Query("color=0", "{}"),
        Bad("color=7", R"(color: invalid value \"7\" for type TYPE_ENUM)"), Bad("color=", "color"),
        Bad("color=color_red", "color"), Bad("color=RED", "color"),
        Query("color=color_red", R"({"color":"COLOR_RED"})", "case_insensitive_enum_parsing: true"),
        Case{"GET /b/color/COLOR_GREEN", "", 200, R"({"color":"COLOR_GREEN"})", "", ""},
        Case{"GET /b/color/1", "", 200, R"({"color":"COLOR_RED"})", "", ""},
        Case{"GET /b/color/BLUE", "", 400, "~color", "", ""}));

INSTANTIATE_TEST_SUITE_P(Bytes, ConformanceTest,
                         ::testing::Values(Query("data=aGk%3D", R"({"data":"aGk="})"),
                                           Query("data=aGk", R"({"data":"aGk="})"),
                                           Query("data=-_-_", R"({"data":"+/+/"})"),
                                           Query("data=%2B%2F%2B%2F", R"({"data":"+/+/"})"),
                                           Bad("data=*", "data")));

INSTANTIATE_TEST_SUITE_P(
    WellKnown, ConformanceTest,
    ::testing::Values(
        Query("when=2023-01-02T03:04:05Z", R"({"when":"2023-01-02T03:04:05Z"})"),
        Query("when=2023-01-02T03:04:05.5%2B01:00", R"({"when":"2023-01-02T02:04:05.500Z"})"),
        Bad("when=yesterday", "when"), Query("wait=1.5s", R"({"wait":"1.500s"})"),
        Bad("wait=1.5", "wait"), Query("mask=text,inner.name", R"({"mask":"text,inner.name"})"),
        Query("mask=snakeCaseName", R"({"mask":"snakeCaseName"})"),
        Query("boxed=5", R"({"boxed":5})"), Query("boxed=0", R"({"boxed":0})"),
        Query("boxed.value=5", R"({"boxed":5})"), Bad("boxed=x", "x"),
        Query("boxed_text=", R"({"boxedText":""})"), Query("value=5", R"({"value":"5"})"),
        Query("value=true", R"({"value":"true"})"),
        Query("when.seconds=1", R"({"when":"1970-01-01T00:00:01Z"})"),
        Case{"GET /b/when/2023-01-02T03:04:05Z", "", 200, R"({"when":"2023-01-02T03:04:05Z"})", "",
             ""}));

INSTANTIATE_TEST_SUITE_P(
    PathAndQuery, ConformanceTest,
    ::testing::Values(Case{"GET /b/echo/5", "", 200, R"({"i32":5})", "", ""},
                      Case{"GET /b/echo/five", "", 400,
                           R"(~i32: invalid value \"five\" for type TYPE_INT32)", "", ""},
                      Case{"GET /b/echo/5?i32=6", "", 200, R"({"i32":6})", "", ""},
                      Case{"GET /b/inner/n?inner.count=2", "", 200,
                           R"({"inner":{"name":"n","count":2}})", "", ""},
                      Case{"GET /b/inners/n", "", 200, R"({"inners":[{"name":"n"}]})", "", ""},
                      Case{"GET /b/inner/%ff", "", 400, "*", "", ""}));

INSTANTIATE_TEST_SUITE_P(
    UnknownAndIgnored, ConformanceTest,
    ::testing::Values(
        Query("nothing=1&text=a", R"({"text":"a"})", "ignore_unknown_query_parameters: true"),
        Query("inner.nothing=1", "{}", "ignore_unknown_query_parameters: true"),
        Query("text.below=1", "{}", "ignore_unknown_query_parameters: true"),
        Bad("i32=x", "i32", "ignore_unknown_query_parameters: true"),
        Bad("inner=x", "inner", "ignore_unknown_query_parameters: true"),
        Query("key=1&text=a&i32=x", R"({"text":"a"})", "ignored_query_parameters: [key, i32]"),
        Bad("other=1", "other", "ignored_query_parameters: [key, i32]"),
        Bad("nothing=1", "nothing",
            "request_validation_options: {reject_unknown_query_parameters: true}"),
        Query("nothing=1", "{}", "capture_unknown_query_parameters: true"),
        Case{"POST /h/put/n?a=1&b=x%20y&a=2&name=m\ncontent-type: text/plain", "abc", 200,
             "{\"name\":\"m\",\"contentType\":\"text/plain\",\"size\":\"3\",\"extensions\":["
             "\"type.googleapis.com/envoy.extensions.filters.http.grpc_json_transcoder.v3."
             "UnknownQueryParams \\n\\u000b\\n\\u0001a\\u0012\\u0006\\n\\u00011\\n\\u00012\\n"
             "\\n\\n\\u0001b\\u0012\\u0005\\n\\u0003x y\"]}",
             "capture_unknown_query_parameters: true", ""}));

}  // namespace
}  // namespace clv::gateway::conformance
