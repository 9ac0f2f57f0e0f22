// Fields of every kind in paths and queries, and the corners of escaping (REST.md part B 2.2, 2.3).
#include "absl/strings/str_cat.h"
#include "tests/services/gateway/conformance_fixture.h"

namespace clv::gateway::conformance {
namespace {

Case Echoes(const std::string& target, const std::string& want, const std::string& options = "") {
  return {absl::StrCat("GET /b/", target), "", 200, want, options, ""};
}

Case Refused(const std::string& target, const std::string& words, const std::string& options = "") {
  return {absl::StrCat("GET /b/", target), "",      400,
          absl::StrCat("~", words),        options, "content-type: application/json"};
}

Case Matches(const std::string& request, const std::string& rule, const std::string& name,
             const std::string& options = "") {
  return {request, "", 200, absl::StrCat(R"({"rule":")", rule, R"(","name":")", name, "\"}"),
          options, ""};
}

INSTANTIATE_TEST_SUITE_P(
    PathFields, ConformanceTest,
    ::testing::Values(
        Echoes("deep/n", R"({"inner":{"inner":{"name":"n"}}})"),
        Echoes("words/a", R"({"words":["a"]})"),
        Echoes("words/a?words=b&words=c", R"({"words":["a","b","c"]})"),
        Echoes("words/a,b", R"({"words":["a,b"]})"), Echoes("flag/true", R"({"flag":true})"),
        Echoes("flag/1", R"({"flag":true})"), Echoes("flag/YES", R"({"flag":true})"),
        Echoes("flag/no", "{}"), Refused("flag/on", "flag"), Refused("flag/2", "flag"),
        Echoes("data/aGk=", R"({"data":"aGk="})"), Echoes("data/aGk", R"({"data":"aGk="})"),
        Echoes("data/-_-_", R"({"data":"+/+/"})"),
        Echoes("data/%2B%2F%2B%2F", R"({"data":"+/+/"})"),
        Echoes("data/+%2f+%2F", R"({"data":"+/+/"})", "query_param_unescape_plus: true"),
        Echoes("wait/1.5s", R"({"wait":"1.500s"})"), Echoes("wait/-3s", R"({"wait":"-3s"})"),
        Refused("wait/1m", "wait"), Echoes("mask/text,inner.name", R"({"mask":"text,inner.name"})"),
        Echoes("boxed/5", R"({"boxed":5})"), Echoes("boxed/0", R"({"boxed":0})"),
        Refused("boxed/five", "five"), Echoes("real/-1.25", R"({"real":-1.25})"),
        Echoes("real/1e3", R"({"real":1000})"), Echoes("real/Infinity", R"({"real":"Infinity"})"),
        Echoes("value/5", R"({"value":"5"})"), Echoes("value/null", R"({"value":"null"})"),
        Echoes("maybe/0", R"({"maybe":0})"), Echoes("renamed/x", R"({"renamed":"x"})"),
        Echoes("left/a", R"({"left":"a"})"), Refused("left/a?left=b", "choice"),
        Refused("left/a?right=1", "choice"),
        Echoes("color/color_green", R"({"color":"COLOR_GREEN"})",
               "case_insensitive_enum_parsing: true"),
        Echoes("color/color-green", R"({"color":"COLOR_GREEN"})",
               "case_insensitive_enum_parsing: true"),
        Echoes("color/Color_Red", R"({"color":"COLOR_RED"})",
               "case_insensitive_enum_parsing: true"),
        Refused("color/green", "color", "case_insensitive_enum_parsing: true"),
        Refused("color/7", "color", "case_insensitive_enum_parsing: true"),
        Refused("color/-1", "color"), Echoes("color/02", R"({"color":"COLOR_GREEN"})"),
        Echoes("when/2023-01-02T03%3A04%3A05Z", R"({"when":"2023-01-02T03:04:05Z"})"),
        Refused("when/2023-01-02", "when"), Echoes("echo/%35", R"({"i32":5})"),
        Echoes("echo/5/", R"({"i32":5})"), Refused("echo/5%2F", "i32"), Refused("echo/%205", "i32"),
        Refused("echo/5.", "i32"), Refused("echo/0x5", "i32"), Refused("echo/1e1", "i32"),
        Refused("echo/5?nothing=1", "nothing"),
        Echoes("echo/5?text=a&i32=6&i32=7", R"({"i32":7,"text":"a"})")));

INSTANTIATE_TEST_SUITE_P(
    QueryFields, ConformanceTest,
    ::testing::Values(
        Echoes("echo?inners.tags=a&inners.tags=b", R"({"inners":[{"tags":["a","b"]}]})"),
        Echoes("echo?inner.inner.inner.count=3", R"({"inner":{"inner":{"inner":{"count":3}}}})"),
        Echoes("echo?mask.paths=a&mask.paths=b", R"({"mask":"a,b"})"),
        Echoes("echo?wait.seconds=1&wait.nanos=5", R"({"wait":"1.000000005s"})"),
        Echoes("echo?wait=0s", R"({"wait":"0s"})"),
        Echoes("echo?when=2023-01-02T03:04:05.123456789Z",
               R"({"when":"2023-01-02T03:04:05.123456789Z"})"),
        Echoes("echo?when=2023-01-02T03:04:05-02:00", R"({"when":"2023-01-02T05:04:05Z"})"),
        Refused("echo?when=0", "when"), Refused("echo?when=", "when"),
        Refused("echo?when=2023-01-02T03:04:05", "when"), Refused("echo?wait=", "wait"),
        Refused("echo?wait=s", "wait"), Echoes("echo?mask=", R"({"mask":""})"),
        Echoes("echo?boxedText=a%20b", R"({"boxedText":"a b"})"),
        Echoes("echo?boxed_text.value=a", R"({"boxedText":"a"})"), Refused("echo?boxed=", ""),
        Refused("echo?boxed.nothing=1", "nothing"), Refused("echo?boxed.value.more=1", "value"),
        Echoes("echo?colors=1&colors=COLOR_GREEN&colors=0",
               R"({"colors":["COLOR_RED","COLOR_GREEN","COLOR_UNSPECIFIED"]})"),
        Refused("echo?colors=COLOR_RED,COLOR_GREEN", "colors"),
        Echoes("echo?colors=color_red", R"({"colors":["COLOR_RED"]})",
               "case_insensitive_enum_parsing: true"),
        Echoes("echo?color=1", R"({"color":1})",
               "print_options: {always_print_enums_as_ints: true}"),
        Refused("echo?flag=on", "flag"), Refused("echo?flag=truE%20", "flag"),
        Echoes("echo?flag=tRuE", R"({"flag":true})"), Echoes("echo?flag=Y", R"({"flag":true})"),
        Refused("echo?i32=%205", "i32"), Refused("echo?i32=1e2", "i32"),
        Refused("echo?i64=1.5", "i64"), Refused("echo?i64=9223372036854775808", "i64"),
        Echoes("echo?i32=-0", "{}"), Echoes("echo?i32=007", R"({"i32":7})"),
        Refused("echo?u32=4294967296", "u32"), Refused("echo?u64=-1", "u64"),
        Refused("echo?real=", "real"), Echoes("echo?real=-0.5", R"({"real":-0.5})"),
        Refused("echo?real=1,5", "real"), Refused("echo?numbers=1&numbers=x", "numbers"),
        Refused("echo?numbers[]=1", "numbers[]"), Refused("echo?labels[k]=v", "labels[k]"),
        Refused("echo?labels.key=k&labels.value=v", "labels"), Refused("echo?struct.fields=1", ""),
        Echoes("echo?text=a;text=b", R"({"text":"a;text=b"})"),
        Echoes("echo?text=a#b", R"({"text":"a#b"})"), Echoes("echo?text==", R"({"text":"="})"),
        Echoes("echo?text=%2B+%2b", R"({"text":"+++"})"),
        Echoes("echo?text=%2B+%2b", R"({"text":"+ +"})", "query_param_unescape_plus: true"),
        Echoes("echo?text=%2525", R"({"text":"%25"})"), Echoes("echo?text=%", R"({"text":"%"})"),
        Echoes("echo?text=%00", R"({"text":"\u0000"})"),
        Echoes("echo?text=a%0D%0Ab", R"({"text":"a\r\nb"})"), Refused("echo?text=%FF", ""),
        Echoes("echo?&=&&text=a&=x", R"({"text":"a"})"), Echoes("echo?text&i32=1", R"({"i32":1})"),
        Echoes("echo?", "{}"), Echoes("echo?&", "{}"), Echoes("echo?nothing", "{}"),
        Echoes("echo??text=a", "{}", "ignore_unknown_query_parameters: true"),
        Refused("echo??text=a", "?text"),
        Echoes("echo?%69nner%2Ename=a", R"({"inner":{"name":"a"}})"),
        Refused("echo?inner..name=a", ""), Refused("echo?.text=a", ""), Refused("echo?text.=a", ""),
        Refused("echo?I32=1", "I32"), Echoes("echo?text=a&text=b&text=", "{}"),
        Refused("echo?left=a&choice=b", "choice"), Refused("echo?left=&right=0", "choice"),
        Echoes("echo?any.type_url=x", "{}", "ignored_query_parameters: [any.type_url]"),
        Echoes("echo?inner.name=a&inner.count=x", R"({"inner":{"name":"a"}})",
               "ignored_query_parameters: [inner.count]"),
        Echoes("echo?%6Bey=1&text=a", R"({"text":"a"})", "ignored_query_parameters: [key]"),
        Echoes("echo/5?i32=6", R"({"i32":5})", "ignored_query_parameters: [i32]"),
        Echoes("echo?nothing=1&numbers=1&other.x=2", R"({"numbers":[1]})",
               "ignore_unknown_query_parameters: true"),
        Refused("echo?nothing=1", "nothing", "ignored_query_parameters: [other]")));

INSTANTIATE_TEST_SUITE_P(
    Escapes, ConformanceTest,
    ::testing::Values(
        Matches("GET /m/explicit/a%2Fb", "Explicit", "a/b"),
        Matches("GET /m/explicit/a+b%2Bc", "Explicit", "a+b+c"),
        Matches("GET /m/explicit/a+b", "Explicit", "a+b", "query_param_unescape_plus: true"),
        Matches("GET /m/explicit/%2F", "Explicit", "/"),
        Matches("GET /m/explicit/%252F", "Explicit", "%2F"),
        Matches("GET /m/explicit/a%3Ab", "Explicit", "a:b"),
        Matches("GET /m/explicit/..", "Explicit", ".."),
        Matches("GET /m/explicit/a;b=c", "Explicit", "a;b=c"),
        Matches("GET /m/explicit/%E2%82%AC", "Explicit", "\xE2\x82\xAC"),
        // An empty value, too, is the last on the wire.
        Case{"GET /m/explicit/x?name=", "", 200, R"({"rule":"Explicit"})", "", ""},
        Case{"GET /m/explicit/", "", 404, "*", "", ""},
        Case{"GET /m/explicit", "", 404, "*", "", ""},
        Case{"GET /m/explicit/a/b", "", 404, "*", "", ""},
        Matches("GET /m/fixed/a", "Fixed", "fixed/a"),
        Matches("GET /m/fixed/a%2Fb%20c", "Fixed", "fixed/a%2Fb c"),
        Matches("GET /m/fixed/a%2Fb", "Fixed", "fixed/a/b", "url_unescape_spec: ALL_CHARACTERS"),
        Matches("GET /m/fixed/a%2fb%3F", "Fixed", "fixed/a%2fb?",
                "url_unescape_spec: ALL_CHARACTERS_EXCEPT_SLASH"),
        Case{"POST /m/fixed/a:move", "", 200, R"({"rule":"MoveFixed","name":"fixed/a"})", "", ""},
        Case{"GET /m/fixed/a:move", "", 405, "*", "", "allow: POST"},
        Case{"POST /m/fixed/a%3Amove", "", 405, "*", "", "allow: GET"},
        Case{"GET /m/unnamed/a/b?name=n", "", 200, R"({"rule":"Unnamed","name":"n"})", "", ""},
        Case{"GET /m/unnamed", "", 200, R"({"rule":"Unnamed"})", "", ""},
        // What stays escaped in several segments, in either case, and what does not.
        Matches("GET /m/items/x/%21%23%24%26%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40%5B%5D", "Tail",
                "x/%21%23%24%26%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40%5B%5D"),
        Matches("GET /m/items/x/%2d%2E%5f%7e%3C%7C%25%41", "Tail", R"(x/-._~\u003c|%A)"),
        Matches("GET /m/items/x/%25%32%46", "Tail", "x/%2F"),
        Matches("GET /m/items/x/%2", "Tail", "x/%2"),
        Matches("GET /m/items/x/%g0", "Tail", "x/%g0"),
        Matches("GET /m/items/x/a%2Fb", "Tail", "x/a/b", "url_unescape_spec: ALL_CHARACTERS"),
        Matches("GET /m/items/x//y", "Tail", "x//y"), Matches("GET /m/items/x/y/", "Tail", "x/y"),
        Matches("GET /m/items/x/y?name=q", "Tail", "q"),
        Case{"GET /m/items/%ff", "", 400, "*", "", ""},
        Case{"GET /m/items/x/%ff", "", 400, "*", "", ""}));

INSTANTIATE_TEST_SUITE_P(
    CustomMethods, ConformanceTest,
    ::testing::Values(Case{"HEAD /m/head/x", "", 200, "", "", "content-type: application/json"},
                      Case{"OPTIONS /m/head/x", "", 200, R"({"rule":"Head","name":"x"})", "", ""},
                      Case{"GET /m/head/x", "", 405, "*", "", "allow: HEAD, OPTIONS"},
                      Case{"FETCH /m/things/x?other=y", "", 200, R"({"rule":"Fetch","name":"xy"})",
                           "", ""},
                      Case{"OPTIONS /nowhere", "", 404, "*", "", ""},
                      Case{"TRACE /m/things/x", "", 405, "*", "", ""},
                      Case{"DELETE /m/things/x", R"({"other":"y"})", 200,
                           R"({"rule":"Thing","name":"xy"})", "", ""}));

INSTANTIATE_TEST_SUITE_P(AutoMapped, ConformanceTest,
                         ::testing::Values(Case{"POST /clv.gateway.conformance.Unmapped/Echo/",
                                                R"({"name":"n"})", 200, R"({"name":"n"})",
                                                "auto_mapping: true", ""},
                                           Case{"POST /clv.gateway.conformance.Unmapped/Echo", "",
                                                200, "{}", "auto_mapping: true", ""},
                                           Case{"POST /clv.gateway.conformance.Unmapped/Nothing",
                                                "{}", 404, "*", "auto_mapping: true", ""},
                                           Case{"POST /clv.gateway.conformance.unmapped/Echo", "{}",
                                                404, "*", "auto_mapping: true", ""},
                                           Case{"POST /clv.gateway.conformance.Unmapped/Echo", "[]",
                                                400, "~object", "auto_mapping: true", ""}));

}  // namespace
}  // namespace clv::gateway::conformance
