// Matching of paths: the first line is looked up among templates, which the other lines add to.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/gateway/path_matcher.h"
#include "tests/fuzz/fuzz_target.h"

using clv::gateway::ParseHttpTemplate;
using clv::gateway::PathMatcher;
using clv::gateway::UnescapeSpec;

namespace {

void Look(const std::vector<std::string>& lines, PathMatcher::Options options) {
  PathMatcher::Builder builder(options);
  std::vector<size_t> variables;
  std::vector<std::string> templates = {"/v1/{a}",        "/v1/{a=b/*}/c", "/v1/{a=**}",
                                        "/v1/{a=**}/end", "/v1/{a}:verb",  "/"};
  templates.insert(templates.end(), lines.begin() + 1, lines.end());
  for (const std::string& text : templates) {
    auto parsed = ParseHttpTemplate(text);
    if (!parsed.ok()) continue;
    const size_t count = parsed->variables.size();
    if (builder.Register("GET", *std::move(parsed), {variables.size(), text}).ok()) {
      variables.push_back(count);
    }
  }
  const PathMatcher matcher = std::move(builder).Build();
  const auto match = matcher.Lookup("GET", lines[0]);
  CLV_FUZZ_CHECK(match.has_value() == !matcher.AllowedMethods(lines[0]).empty());
  CLV_FUZZ_CHECK(!matcher.Lookup("POST", lines[0]).has_value());
  if (!match.has_value()) return;
  CLV_FUZZ_CHECK(match->rule_index < variables.size());
  CLV_FUZZ_CHECK(match->values.size() == variables[match->rule_index]);
  for (const std::string& value : match->values) CLV_FUZZ_CHECK(value.size() <= lines[0].size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<std::string> lines =
      absl::StrSplit(absl::string_view(reinterpret_cast<const char*>(data), size), '\n');
  if (lines.size() > 30) return 0;
  Look(lines, {});
  Look(lines, {UnescapeSpec::kAllCharacters, /*match_unregistered_custom_verb=*/true});
  return 0;
}
