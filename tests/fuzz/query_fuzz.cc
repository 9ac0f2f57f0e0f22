// Binding of queries: what is bound becomes a message, or is refused.
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "services/gateway/json_codec.h"
#include "services/gateway/query_binding.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/services/gateway/test_api.pb.h"

using clv::gateway::testing::Everything;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const clv::gateway::JsonCodec codec(*google::protobuf::DescriptorPool::generated_pool(),
                                             {});
  if (size == 0) return 0;
  clv::gateway::QueryOptions options;
  options.plus_is_space = (data[0] & 1) != 0;
  options.ignore_unknown = (data[0] & 2) != 0;
  options.capture_unknown = (data[0] & 4) != 0;
  options.ignored = {"key"};
  const auto fields = clv::gateway::ParseQuery(clv::fuzz::Text(data + 1, size - 1),
                                               *Everything::descriptor(), options);
  if (!fields.ok()) return 0;
  CLV_FUZZ_CHECK(options.capture_unknown || fields->unknown.empty());
  std::vector<clv::gateway::Binding> bindable;
  for (const auto& binding : fields->bindings) {
    CLV_FUZZ_CHECK(!binding.path.empty());
    if (clv::gateway::CheckBindable(binding.path).ok() &&
        clv::gateway::CheckEnumValue(binding, (data[0] & 8) != 0).ok()) {
      bindable.push_back(binding);
    }
  }
  const auto wire = codec.ToWire(*Everything::descriptor(),
                                 absl::StrCat("{", clv::gateway::WeaveBindings(bindable), "}"));
  if (!wire.ok()) return 0;
  Everything message;
  CLV_FUZZ_CHECK(message.ParseFromString(*wire));
  return 0;
}
