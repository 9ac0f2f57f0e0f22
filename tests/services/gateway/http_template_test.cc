#include "services/gateway/http_template.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace clv::gateway {
namespace {

// `v1/*/**:verb name=[1,3)` of a template, or its error.
std::string Describe(std::string_view text) {
  const absl::StatusOr<HttpTemplate> parsed = ParseHttpTemplate(text);
  if (!parsed.ok()) return "error";
  std::string out = absl::StrJoin(
      parsed->segments, "/", [](std::string* piece, const HttpTemplate::Segment& segment) {
        piece->append(segment.kind == HttpTemplate::SegmentKind::kOne         ? "*"
                      : segment.kind == HttpTemplate::SegmentKind::kAnyNumber ? "**"
                                                                              : segment.text);
      });
  if (!parsed->verb.empty()) absl::StrAppend(&out, ":", parsed->verb);
  for (const HttpTemplate::Variable& variable : parsed->variables) {
    absl::StrAppend(&out, " ", absl::StrJoin(variable.field_path, "."), "=[", variable.begin, ",",
                    variable.end, variable.multi_segment ? ")+" : ")");
  }
  return out;
}

struct Case {
  const char* text;
  const char* want;
};

class HttpTemplateTest : public testing::TestWithParam<Case> {};

TEST_P(HttpTemplateTest, Parses) { EXPECT_EQ(Describe(GetParam().text), GetParam().want); }

INSTANTIATE_TEST_SUITE_P(
    Good, HttpTemplateTest,
    testing::Values(Case{"/", ""}, Case{"/v1", "v1"}, Case{"/v1/items", "v1/items"},
                    Case{"/v1/items.json", "v1/items.json"}, Case{"/v1/*", "v1/*"},
                    Case{"/v1/**", "v1/**"}, Case{"/v1/**/tail", "v1/**/tail"},
                    Case{"/v1/*/**", "v1/*/**"}, Case{"/v1/items:list", "v1/items:list"},
                    Case{"/v1/{name}", "v1/* name=[1,2)"}, Case{"/v1/{name=*}", "v1/* name=[1,2)"},
                    Case{"/v1/{name=fixed}", "v1/fixed name=[1,2)"},
                    Case{"/v1/{name=**}", "v1/** name=[1,2)+"},
                    Case{"/v1/{name=shops/*}", "v1/shops/* name=[1,3)+"},
                    Case{"/v1/{name=shops/*/**}", "v1/shops/*/** name=[1,4)+"},
                    Case{"/v1/{a.b_c.d1}", "v1/* a.b_c.d1=[1,2)"},
                    Case{"/v1/{a}/x/{b}", "v1/*/x/* a=[1,2) b=[3,4)"},
                    Case{"/v1/{a}:run", "v1/*:run a=[1,2)"},
                    Case{"/v1/{a=**}:run", "v1/**:run a=[1,2)+"}, Case{"/a%20b", "a%20b"}));

INSTANTIATE_TEST_SUITE_P(
    Bad, HttpTemplateTest,
    testing::Values(Case{"", "error"}, Case{"v1", "error"}, Case{"//", "error"},
                    Case{"/v1//items", "error"}, Case{"/v1/", "error"}, Case{"/v1/{", "error"},
                    Case{"/v1/{a", "error"}, Case{"/v1/{a=", "error"}, Case{"/v1/{a=*", "error"},
                    Case{"/v1/{}", "error"}, Case{"/v1/{a.}", "error"}, Case{"/v1/{.a}", "error"},
                    Case{"/v1/{1a}", "error"}, Case{"/v1/{a=}", "error"}, Case{"/v1/a}", "error"},
                    Case{"/v1/a{b}", "error"}, Case{"/v1/{a}b", "error"},
                    Case{"/v1/{a={b}}", "error"}, Case{"/v1/{a=b/{c}}", "error"},
                    Case{"/v1/***", "error"}, Case{"/v1/*a", "error"}, Case{"/**/**", "error"},
                    Case{"/**/*", "error"}, Case{"/**/{a}", "error"}, Case{"/v1:", "error"},
                    Case{"/v1:a:b", "error"}, Case{"/v1:a/b", "error"}, Case{"/v1/:a", "error"},
                    Case{"/v1?a=b:", "error"}));

TEST(HttpTemplateErrorTest, NamesTheTemplateAndThePlace) {
  EXPECT_EQ(ParseHttpTemplate("/v1/{a").status().message(),
            "path template \"/v1/{a\": '}' expected at byte 6");
}

TEST(HttpTemplatePropertyTest, AnyTextIsRefusedOrHasConsistentParts) {
  EXPECT_TRUE(rc::check([](const std::vector<uint8_t>& bytes) {
    std::string text = "/";
    for (const uint8_t byte : bytes) text.push_back("ab/*{}=:.\xFF"[byte % 10]);
    const absl::StatusOr<HttpTemplate> parsed = ParseHttpTemplate(text);
    if (!parsed.ok()) return;
    size_t end = 0;
    for (const HttpTemplate::Variable& variable : parsed->variables) {
      RC_ASSERT(end <= variable.begin && variable.begin < variable.end);
      RC_ASSERT(variable.end <= parsed->segments.size());
      end = variable.end;
    }
  }));
}

}  // namespace
}  // namespace clv::gateway
