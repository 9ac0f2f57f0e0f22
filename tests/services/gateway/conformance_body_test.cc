// What JSON bodies and HttpBody become (REST.md part B 2.4 and 2.5).
#include "absl/strings/str_cat.h"
#include "tests/services/gateway/conformance_fixture.h"

namespace clv::gateway::conformance {
namespace {

Case Whole(const std::string& body, const std::string& want) {
  return {"POST /b/echo", body, 200, want, "", "content-type: application/json"};
}

Case Bad(const std::string& body, const std::string& words) {
  return {"POST /b/echo",           body, 400,
          absl::StrCat("~", words), "",   "content-type: application/json"};
}

Case At(const std::string& path, const std::string& body, const std::string& want) {
  return {absl::StrCat("POST /b/body/", path), body, want.empty() ? 400 : 200,
          want.empty() ? "*" : want,           "",   ""};
}

INSTANTIATE_TEST_SUITE_P(
    WholeBody, ConformanceTest,
    ::testing::Values(
        Whole("", "{}"), Whole("{}", "{}"), Whole(" {\n} ", "{}"),
        Whole(R"({"text":"a","i32":1})", R"({"i32":1,"text":"a"})"),
        Whole(R"({"unknown":{"a":[1]},"text":"a"})", R"({"text":"a"})"),
        Whole(R"({"snake_case_name":1})", R"({"snakeCaseName":1})"),
        Whole(R"({"snakeCaseName":1})", R"({"snakeCaseName":1})"),
        Whole(R"({"renamed":"x"})", R"({"renamed":"x"})"),
        Whole(R"({"custom_name":"x"})", R"({"renamed":"x"})"),
        Whole(R"({"text":null,"inner":null,"numbers":null})", "{}"),
        Whole(R"({"value":null})", R"({"value":null})"),
        Whole(R"({"i32":"7","i64":"8","real":"1.5"})", R"({"i32":7,"i64":"8","real":1.5})"),
        Whole(R"({"i64":9007199254740993})", R"({"i64":"9007199254740993"})"),
        Whole(R"({"i32":1.0})", R"({"i32":1})"), Whole(R"({"i32":1e2})", R"({"i32":100})"),
        Whole(R"({"text":"a","text":"b"})", R"({"text":"b"})"),
        Whole(R"({text:'a', "i32":1,})", R"({"i32":1,"text":"a"})"),
        Whole(R"({"numbers":[1,2,]})", R"({"numbers":[1,2]})"),
        Whole(R"({"inners":[{"name":"a"},null,{"name":"b"}]})",
              R"({"inners":[{"name":"a"},{"name":"b"}]})"),
        Whole(R"({"numbers":5})", R"({"numbers":[5]})"),
        Whole(R"({"inners":{"name":"a"}})", R"({"inners":[{"name":"a"}]})"),
        Whole(R"({"labels":{"k":"v"}})", R"({"labels":{"k":"v"}})"),
        Whole(R"({"color":"COLOR_RED"})", R"({"color":"COLOR_RED"})"),
        Whole(R"({"color":7})", R"({"color":7})"),
        Whole(R"({"color":"2"})", R"({"color":"COLOR_GREEN"})"),
        Whole(R"({"color":null,"colors":[null]})", "{}"),
        Case{"POST /b/echo", R"({"unknown":1,"color":"color_red"})", 200,
             R"({"color":"COLOR_RED"})", "case_insensitive_enum_parsing: true", ""},
        Whole(R"({"inner":{"unknown":{}},"inners":[{"unknown":1,"name":"n"}]})",
              R"({"inner":{},"inners":[{"name":"n"}]})"),
        Whole(R"({"flag":"true"})", R"({"flag":true})"),
        Whole(R"({"boxed":{"value":5},"mask":{"paths":["a"]}})", R"({"mask":"a","boxed":5})"),
        Whole(R"({"left":null,"right":1})", R"({"right":1})"),
        Whole(
            R"({"any":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1.5s"}})",
            R"({"any":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1.500s"}})"),
        Whole(R"({"any":{"name":"n","@type":"type.googleapis.com/clv.gateway.testing.Inner"}})",
              R"({"any":{"@type":"type.googleapis.com/clv.gateway.testing.Inner","name":"n"}})"),
        Whole(R"({"any":{"@type":"type.googleapis.com/clv.gateway.testing.Inner","x":1}})",
              R"({"any":{"@type":"type.googleapis.com/clv.gateway.testing.Inner"}})"),
        Whole(R"({"color":2})", R"({"color":"COLOR_GREEN"})"),
        Whole(R"({"data":"aGk"})", R"({"data":"aGk="})"),
        Whole("{\"data\":\"aG\\r\\nk=\"}", R"({"data":"aGk="})"),
        Whole(R"({"data":"aG k","text":"a b"})", R"({"text":"a b","data":"aGk="})"),
        Whole(R"({"data":"aGl="})", R"({"data":"aGk="})"),
        Whole(R"({"data":"-_-_"})", R"({"data":"+/+/"})"),
        Whole(R"({"when":"2023-01-02T03:04:05Z","wait":"1s","mask":"a,b"})",
              R"({"when":"2023-01-02T03:04:05Z","wait":"1s","mask":"a,b"})"),
        Whole(R"({"boxed":5,"boxedText":"x"})", R"({"boxed":5,"boxedText":"x"})"),
        Whole(R"({"struct":{"a":[1,null,{"b":true}]}})", R"({"struct":{"a":[1,null,{"b":true}]}})"),
        Whole(R"({"value":[1,"x"]})", R"({"value":[1,"x"]})"),
        Whole(R"({"any":{"@type":"type.googleapis.com/clv.gateway.testing.Inner","name":"n"}})",
              R"({"any":{"@type":"type.googleapis.com/clv.gateway.testing.Inner","name":"n"}})"),
        Whole(R"({"maybe":0})", R"({"maybe":0})"), Whole(R"({"left":"a"})", R"({"left":"a"})"),
        Whole(R"({"text":"\u00e9\ud83d\ude00"})", "{\"text\":\"\xC3\xA9\xF0\x9F\x98\x80\"}")));

INSTANTIATE_TEST_SUITE_P(
    BadBody, ConformanceTest,
    ::testing::Values(
        Bad("{\"text\":", "\"code\":3"), Bad("{\"text\": nope}", "^"), Bad("[]", "object"),
        Bad("5", "object"), Bad("\"x\"", "object"), Bad("null", "object"), Bad("x", "object"),
        Bad("   ", "object"), Bad(R"({"text":5})", "text"), Bad(R"({"text":true})", "text"),
        Bad(R"({"i32":"x"})", R"(i32: invalid value \"x\" for type TYPE_INT32)"),
        Bad(R"({"i32":1.5})", "i32"), Bad(R"({"i32":{}})", "i32"),
        Bad(R"({"flag":"maybe"})", "flag"), Bad(R"({"inner":5})", "inner"),
        Bad(R"({"color":"COLOR_BLUE"})", R"(color: invalid value \"COLOR_BLUE\" for type)"),
        Bad(R"({"color":"color_red"})", "color"), Bad(R"({"color":""})", "color"),
        Bad(R"({"unknown":1,"colors":["COLOR_RED","x"]})", "colors"),
        Bad(R"({"color":1.5})", "color"), Bad(R"({"flag":1})", "flag"), Bad(R"({"real":NaN})", "^"),
        Bad(R"({"single":3.4e39})", "single"), Bad(R"({"i64":"1e3"})", "i64"),
        Bad(R"({"u32":-1})", "u32"), Bad(R"({"i32":2147483648})", "i32"),
        Bad(R"({"data":"a"})", "data"), Bad(R"({"data":"ab=c"})", "data"),
        Bad(R"({"text":"\ud800"})", "surrogate"),
        Bad(R"({"labels":{"a":"1","a":"2"}})", "already set"), Bad(R"({"labels":[]})", "labels"),
        Bad(R"({"labels":{"a":5}})", "labels"), Bad(R"({"labels":{"a":{}}})", "labels"),
        Bad(R"({"text":{}})",
            "\"message\":\"invalid value Starting an object on a scalar field for type text"),
        Bad(R"({"labels":{"k":"v","a":{"b":1}}})", "labels: invalid value: an object"),
        Bad(R"({"when":5})", "when"), Bad(R"({"numbers":{"0":1}})", "numbers"),
        Bad(R"({"struct":{"n":1e400}})", "double"), Bad("// c\n{}", "object"),
        Bad(R"({"text":["a"]})", "text"), Bad(R"({"left":"a","right":1})", "choice"),
        Bad(R"({"when":"yesterday"})", "when"),
        Bad(R"({"any":{"@type":"type.googleapis.com/un.Known"}})", "un.Known"),
        Bad("{} {}", "\"code\":3"), Bad("{\"text\":\"\xFF\"}", "\"code\":3"),
        Bad(std::string(100, '['), "brackets"),
        Bad("{\"value\":" + std::string(65, '['), "brackets")));

INSTANTIATE_TEST_SUITE_P(
    BodyField, ConformanceTest,
    ::testing::Values(
        At("inner", R"({"name":"n"})", R"({"inner":{"name":"n"}})"),
        At("inner", "", R"({"inner":{}})"), At("inner", "{}", R"({"inner":{}})"),
        At("inner", "null", "{}"), At("inner", "5", ""), At("inner", "[{}]", ""),
        At("inner-inner", R"({"name":"n"})", R"({"inner":{"inner":{"name":"n"}}})"),
        At("numbers", "[1,2]", R"({"numbers":[1,2]})"), At("numbers", "3", R"({"numbers":[3]})"),
        At("inners", R"([{"name":"a"},{}])", R"({"inners":[{"name":"a"},{}]})"),
        At("boxed", "5", R"({"boxed":5})"), At("boxed", "\"6\"", R"({"boxed":6})"),
        At("text", "\"a\"", R"({"text":"a"})"), At("text", "5", ""), At("text", "a", ""),
        At("i32", "5", R"({"i32":5})"), At("i32", "\"5\"", R"({"i32":5})"), At("i32", "{", ""),
        At("flag", "true", R"({"flag":true})"), At("value", "[1,{}]", R"({"value":[1,{}]})"),
        At("value", "null", R"({"value":null})"),
        At("struct", R"({"a":1})", R"({"struct":{"a":1}})"),
        At("labels", R"({"k":"v"})", R"({"labels":{"k":"v"}})"),
        At("when", "\"2023-01-02T03:04:05Z\"", R"({"when":"2023-01-02T03:04:05Z"})"),
        At("color", "\"COLOR_RED\"", R"({"color":"COLOR_RED"})"),
        // The body must not leave its field.
        At("inner", R"({"name":"n"},"text":"x")", ""), At("i32", "5,\"text\":\"x\"", ""),
        At("inner", R"({}})", ""),
        At("inner?text=t", R"({"name":"n"})", R"({"text":"t","inner":{"name":"n"}})"),
        At("inner?inner.count=2", R"({"name":"n"})", R"({"inner":{"name":"n","count":2}})")));

INSTANTIATE_TEST_SUITE_P(
    BodyAndUrl, ConformanceTest,
    ::testing::Values(
        Case{"POST /b/echo/u?i32=1", R"({"real":2})", 200, R"({"i32":1,"real":2,"text":"u"})", "",
             ""},
        Case{"POST /b/echo/u", R"({"text":"b"})", 200, R"({"text":"b"})", "", ""},
        Case{"POST /b/echo?i32=1", R"({"i32":2})", 200, R"({"i32":2})", "", ""},
        Case{"POST /b/echo?numbers=1", R"({"numbers":[2]})", 200, R"({"numbers":[1,2]})", "", ""},
        Case{"POST /b/echo?inner.name=u", R"({"inner":{"count":1}})", 200,
             R"({"inner":{"name":"u","count":1}})", "", ""},
        Case{"POST /b/echo?inner.name=u", R"({"inner":{"name":"b"}})", 200,
             R"({"inner":{"name":"b"}})", "", ""},
        Case{"POST /b/echo?left=u", R"({"right":1})", 400, "*", "", ""},
        // Without `body` a body is read as the whole message all the same.
        Case{"GET /b/echo?text=u", R"({"i32":1})", 200, R"({"i32":1,"text":"u"})", "", ""},
        Case{"POST /b/none/u", R"({"i32":1})", 200, R"({"i32":1,"text":"u"})", "", ""},
        Case{"POST /b/none/u", "", 200, R"({"text":"u"})", "", ""},
        Case{"GET /b/echo", "{", 400, "*", "", ""},
        Case{"PUT /b/echo", R"({"i32":1})", 200, R"({"i32":1})", "", ""},
        Case{"PATCH /b/echo", R"({"i32":1})", 200, R"({"i32":1})", "", ""},
        // The format is never read from the content type.
        Case{"POST /b/echo\ncontent-type: application/x-www-form-urlencoded", R"({"i32":1})", 200,
             R"({"i32":1})", "", ""},
        Case{"POST /b/echo\ncontent-type: application/grpc", "", 415, "~gRPC", "", ""},
        Case{"POST /b/echo\ncontent-type: application/grpc+proto", "", 415, "*", "", ""},
        Case{"POST /b/echo\ncontent-type: application/grpc-web", "{}", 200, "{}", "", ""}));

INSTANTIATE_TEST_SUITE_P(
    Collisions, ConformanceTest,
    ::testing::Values(
        Case{"POST /b/echo?i32=1", R"({"i32":2})", 400, "~i32",
             "request_validation_options: {reject_binding_body_field_collisions: true}", ""},
        Case{"POST /b/echo?i32=1", R"({"i32":0})", 400, "~i32",
             "request_validation_options: {reject_binding_body_field_collisions: true}", ""},
        Case{"POST /b/echo?i32=1", R"({"i32":"1"})", 200, R"({"i32":1})",
             "request_validation_options: {reject_binding_body_field_collisions: true}", ""},
        Case{"POST /b/echo?i32=1", R"({"real":2})", 200, R"({"i32":1,"real":2})",
             "request_validation_options: {reject_binding_body_field_collisions: true}", ""},
        Case{"POST /b/echo?inner.name=u", R"({"inner":{"name":"b"}})", 400, "~name",
             "request_validation_options: {reject_binding_body_field_collisions: true}", ""},
        Case{"POST /b/body/inner/u", R"({"name":"b"})", 400, "~name",
             "request_validation_options: {reject_binding_body_field_collisions: true}", ""},
        Case{"POST /b/body/inner/u", R"({"name":"u"})", 200, R"({"inner":{"name":"u"}})",
             "request_validation_options: {reject_binding_body_field_collisions: true}", ""},
        Case{"POST /b/echo?numbers=1", R"({"numbers":[2]})", 200, R"({"numbers":[1,2]})",
             "request_validation_options: {reject_binding_body_field_collisions: true}", ""},
        Case{"POST /b/body/inner/u", R"({"name":"b"})", 200, R"({"inner":{"name":"b"}})", "", ""}));

INSTANTIATE_TEST_SUITE_P(
    HttpBodies, ConformanceTest,
    ::testing::Values(Case{"POST /h/put/n\ncontent-type: a/b", "{[not json", 200,
                           R"({"name":"n","contentType":"a/b","size":"10"})", "", ""},
                      Case{"POST /h/put/n", "", 200, R"({"name":"n"})", "", ""},
                      Case{"PUT /h/put/n/bound?body.data=aGk\ncontent-type: a/b", "x", 200,
                           R"({"name":"n","contentType":"a/b","size":"1"})", "", ""},
                      Case{"POST /h/put/n?nothing=1", "x", 400, "~nothing", "", ""},
                      Case{"POST /h/raw\ncontent-type: text/csv", "a,b\n", 200, "a,b\n", "",
                           "content-type: text/csv\ncontent-length: 4"},
                      Case{"POST /h/raw", "x", 200, "x", "", "content-type: \ncontent-length: 1"},
                      Case{"GET /h/raw?content_type=a/b", "", 200, "", "",
                           "content-type: \ncontent-length: 0"},
                      Case{"GET /h/page?content_type=text/html&data=%3Cp%3E", "", 200, "<p>", "",
                           "content-type: text/html\ncontent-length: 3\ngrpc-status: 0"},
                      Case{"GET /h/page", "", 200, "", "", "content-length: 0"},
                      Case{"GET /h/pages?pages=3&data=ab&content_type=text/plain", "", 200,
                           "ababab", "", "content-type: text/plain\ntransfer-encoding: chunked"},
                      Case{"GET /h/pages?pages=0", "", 200, "", "", ""},
                      Case{"GET /h/wrapped-pages?pages=2&data=ab&content_type=text/plain", "", 200,
                           "abab", "", "content-type: text/plain"},
                      Case{"POST /h/both\ncontent-type: text/plain", "abc", 200, "abc", "",
                           "content-type: text/plain"},
                      Case{"POST /h/stream/n\ncontent-type: a/b", "abc", 200,
                           R"({"size":"3","messages":["n|a/b|ok"]})", "", ""},
                      Case{"POST /h/stream/n", "", 200, R"({"messages":["n||ok"]})", "", ""}));

TEST(ConformanceUploadTest, AStreamOfHttpBodyIsCutIntoPiecesAndItsFirstHasTheBindings) {
  const testing::RawResponse response =
      Send({"POST /h/stream/n\ncontent-type: a/b", std::string(5 << 19, 'x'), 200, "", "", ""});
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(
      response.body.starts_with("{\"size\":\"2621440\",\"messages\":[\"n|a/b|ok\",\"||ok\""))
      << response.body;
  EXPECT_EQ(response.body.find("large"), std::string::npos);
}

}  // namespace
}  // namespace clv::gateway::conformance
