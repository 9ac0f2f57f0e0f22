// Which rule answers which method and path (REST.md part B 2.2).
#include "absl/strings/str_cat.h"
#include "tests/services/gateway/conformance_fixture.h"

namespace clv::gateway::conformance {
namespace {

// The reply of the method `rule` that was given `name`.
std::string Matched(const std::string& rule, const std::string& name = "") {
  return name.empty() ? absl::StrCat("{\"rule\":\"", rule, "\"}")
                      : absl::StrCat("{\"rule\":\"", rule, "\",\"name\":\"", name, "\"}");
}

Case Found(const std::string& request, const std::string& rule, const std::string& name = "",
           const std::string& options = "") {
  return {request, "", 200, Matched(rule, name), options, ""};
}

Case NotFound(const std::string& request, const std::string& options = "") {
  return {request, "", 404, "~to a method.", options, "content-type: application/json"};
}

INSTANTIATE_TEST_SUITE_P(
    Methods, ConformanceTest,
    ::testing::Values(
        Found("GET /m/things/x", "Thing", "x"), Found("DELETE /m/things/x", "Thing", "x"),
        Found("FETCH /m/things/x", "Fetch", "x"),
        Case{"PUT /m/things/x", "", 405, "~\"code\":12", "", "allow: DELETE, FETCH, GET"},
        Case{"HEAD /m/things/x", "", 405, "", "", "allow: DELETE, FETCH, GET"},
        Case{"get /m/things/x", "", 405, "*", "", "allow: DELETE, FETCH, GET"},
        Case{"fetch /m/things/x", "", 405, "*", "", ""},
        Case{"OPTIONS /m/things/x", "", 204, "", "", "allow: DELETE, FETCH, GET, OPTIONS"},
        Case{"POST /m/things:list", "", 405, "*", "", "allow: GET"},
        Case{"GET /m/things/x:cancel", "", 405, "*", "", "allow: POST"},
        Case{"POST /m/nowhere", "", 404, "~Could not resolve /m/nowhere to a method.", "", ""},
        Case{"HEAD /m/nowhere", "", 404, "", "", ""}));

INSTANTIATE_TEST_SUITE_P(
    Paths, ConformanceTest,
    ::testing::Values(
        Found("GET /", "Root"), Found("GET /?name=q", "Root", "q"), Found("GET //", "Root"),
        Found("GET /m/items/special", "Literal"), Found("GET /m/items/special/", "Literal"),
        Found("GET /m/items/special///", "Literal"), Found("GET /m/items/x", "Single", "x"),
        Found("GET /m/items/x/", "Single", "x"), Found("GET /m/items/x/y", "Tail", "x/y"),
        Found("GET /m/items", "Tail"), Found("GET /m/items/", "Tail"),
        // An empty inner segment counts.
        Found("GET /m/items//y", "Tail", "/y"), NotFound("GET /m//items/x"),
        NotFound("GET //m/items/x"), Found("GET /m/star/a/b", "Star", "b"),
        Found("GET /m/star//b", "Star", "b"), NotFound("GET /m/star/b"), NotFound("GET /M/items/x"),
        NotFound("GET /m"), NotFound("GET /m/unknown"),
        // Literals are compared with the undecoded path.
        NotFound("GET /%6D/items/x"), Found("GET /m/items/%73pecial", "Single", "special"),
        Found("GET /m/two/a/and/b", "Two", "ab"), NotFound("GET /m/two/a/b"),
        Found("GET http://any.host/m/items/x?other=1", "Single", "x1")));

INSTANTIATE_TEST_SUITE_P(
    BacksOff, ConformanceTest,
    ::testing::Values(Found("GET /m/a/b/c", "Abc"), Found("GET /m/a/b/d", "Axd", "b"),
                      Found("GET /m/a/x/d", "Axd", "x"), Found("GET /m/a/b/e", "Any", "b/e"),
                      Found("GET /m/a/b", "Any", "b"), Found("GET /m/a/b/c/d", "Any", "b/c/d"),
                      Found("GET /m/a", "Any"), Found("GET /m/a/x/d/e", "Any", "x/d/e")));

INSTANTIATE_TEST_SUITE_P(
    Variables, ConformanceTest,
    ::testing::Values(
        Found("GET /m/shelves/1/books/2", "Book", "shelves/1/books/2"),
        NotFound("GET /m/shelves/1/books"), NotFound("GET /m/shelves/1/books/2/3"),
        Found("GET /m/middle/end", "Middle"), Found("GET /m/middle/a/end", "Middle", "a"),
        Found("GET /m/middle/a/b/end", "Middle", "a/b"),
        Found("GET /m/middle/end/end", "Middle", "end"), NotFound("GET /m/middle/a"),
        Found("GET /m/items/a%2Fb", "Single", "a/b"), Found("GET /m/items/a%20b", "Single", "a b"),
        Found("GET /m/items/a+b", "Single", "a+b"),
        Found("GET /m/items/%C3%A9", "Single", "\xC3\xA9"),
        Found("GET /m/items/%zz", "Single", "%zz"), Found("GET /m/items/%2", "Single", "%2"),
        Found("GET /m/items/a%", "Single", "a%"), Found("GET /m/items/%25", "Single", "%"),
        Found("GET /m/items/%2525", "Single", "%25"), Found("GET /m/items/a%3Fb", "Single", "a?b"),
        // Of several segments the reserved characters stay escaped.
        Found("GET /m/items/a/b%2Fc", "Tail", "a/b%2Fc"),
        Found("GET /m/items/a/b%20c", "Tail", "a/b c"),
        Found("GET /m/items/a/b%3Ac%21", "Tail", "a/b%3Ac%21"),
        Found("GET /m/items/a/b%2Dc", "Tail", "a/b-c"),
        Found("GET /m/items/a/%zz", "Tail", "a/%zz"),
        Found("GET /m/shelves/a%2Fb/books/c%20d", "Book", "shelves/a%2Fb/books/c d"),
        Found("GET /m/a/%2F", "Any", "%2F")));

INSTANTIATE_TEST_SUITE_P(
    UnescapeSpec, ConformanceTest,
    ::testing::Values(Found("GET /m/items/a/b%3Ac%2Fd", "Tail", "a/b:c%2Fd",
                            "url_unescape_spec: ALL_CHARACTERS_EXCEPT_SLASH"),
                      Found("GET /m/items/a/b%3Ac%2fd", "Tail", "a/b:c/d",
                            "url_unescape_spec: ALL_CHARACTERS"),
                      Found("GET /m/items/a/b%3Ac%2fd", "Tail", "a/b%3Ac%2fd",
                            "url_unescape_spec: ALL_CHARACTERS_EXCEPT_RESERVED"),
                      Found("GET /m/items/b%3Ac%2Fd", "Single", "b:c/d",
                            "url_unescape_spec: ALL_CHARACTERS_EXCEPT_SLASH")));

INSTANTIATE_TEST_SUITE_P(
    Verbs, ConformanceTest,
    ::testing::Values(
        Case{"POST /m/things/x:cancel", "{}", 200, Matched("CancelThing", "x"), "", ""},
        Found("GET /m/things:list", "ListThings"), NotFound("GET /m/things"),
        // Registered anywhere, split off everywhere, also off the tail of a `**`.
        NotFound("GET /m/items/special:list"), NotFound("GET /m/items/x/y:list"),
        Found("GET /m/deep/a/b:cancel", "CancelDeep", "a/b"),
        Found("GET /m/deep:cancel", "CancelDeep"), Found("GET /m/deep/a/b", "Deep", "a/b"),
        // Others are part of the segment.
        Found("GET /m/things/x:unknown", "Thing", "x:unknown"),
        Found("GET /m/deep/a:unknown", "Deep", "a:unknown"),
        Found("GET /m/things/x:y:z", "Thing", "x:y:z"),
        Case{"POST /m/things/x:y:cancel", "", 200, Matched("CancelThing", "x:y"), "", ""},
        Found("GET /m/things/x%3Acancel", "Thing", "x:cancel"),
        // A colon in front of the last slash is none.
        Found("GET /m/deep/a:cancel/b", "Deep", "a:cancel/b"),
        NotFound("GET /m/things/x:unknown", "match_unregistered_custom_verb: true"),
        Found("GET /m/things/x%3Aunknown", "Thing", "x:unknown",
              "match_unregistered_custom_verb: true"),
        Found("GET /m/things:list", "ListThings", "", "match_unregistered_custom_verb: true"),
        Found("GET /m/things/x?name=a:list", "Thing", "a:list")));

INSTANTIATE_TEST_SUITE_P(
    AutoMapping, ConformanceTest,
    ::testing::Values(NotFound("POST /clv.gateway.conformance.Unmapped/Echo"),
                      Case{"POST /clv.gateway.conformance.Unmapped/Echo", R"({"name":"n"})", 200,
                           R"({"name":"n"})", "auto_mapping: true", ""},
                      Case{"POST /clv.gateway.conformance.Unmapped/Echo?count=2", R"({"name":"n"})",
                           200, R"({"name":"n","count":2})", "auto_mapping: true", ""},
                      Case{"GET /clv.gateway.conformance.Unmapped/Echo", "", 405, "*",
                           "auto_mapping: true", "allow: POST"},
                      // Only methods without an annotation.
                      NotFound("POST /clv.gateway.conformance.Matching/Root",
                               "auto_mapping: true")));

}  // namespace
}  // namespace clv::gateway::conformance
