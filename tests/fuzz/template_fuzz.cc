// Path templates of google.api.http: whatever the text, parsing ends and what it gives is coherent.
#include <cstdlib>
#include <string_view>

#include "services/gateway/http_template.h"
#include "tests/fuzz/fuzz_target.h"

using clv::gateway::HttpTemplate;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto parsed = clv::gateway::ParseHttpTemplate(clv::fuzz::Text(data, size));
  if (!parsed.ok()) return 0;
  for (const HttpTemplate::Variable& variable : parsed->variables) {
    CLV_FUZZ_CHECK(variable.begin < variable.end && variable.end <= parsed->segments.size());
    CLV_FUZZ_CHECK(!variable.field_path.empty());
  }
  for (size_t i = 0; i < parsed->segments.size(); ++i) {
    const auto& segment = parsed->segments[i];
    CLV_FUZZ_CHECK((segment.kind == HttpTemplate::SegmentKind::kLiteral) == !segment.text.empty());
    CLV_FUZZ_CHECK((segment.kind == HttpTemplate::SegmentKind::kAnyNumber) ==
                   (parsed->any_number_at == i));
  }
  return 0;
}
