// JSON bodies: depth is bounded before parsing, lists are cut alike in whatever pieces they come,
// and what is taken becomes a message that prints again.
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/stubs/logging.h"
#include "services/gateway/json_codec.h"
#include "services/gateway/json_list.h"
#include "services/gateway/json_text.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/services/gateway/test_api.pb.h"

using clv::gateway::testing::Everything;

namespace {

void Split(std::string_view text) {
  const auto split = [text](size_t piece) -> absl::StatusOr<std::vector<std::string>> {
    clv::gateway::JsonListSplitter splitter(1 << 16);
    std::vector<std::string> all;
    for (size_t at = 0; at < text.size(); at += piece) {
      const auto some = splitter.Feed(text.substr(at, piece));
      if (!some.ok()) return some.status();
      all.insert(all.end(), some->begin(), some->end());
    }
    if (const auto whole = splitter.Finish(); !whole.ok()) return whole;
    return all;
  };
  const auto whole = split(std::max<size_t>(1, text.size()));
  const auto pieces = split(1);
  CLV_FUZZ_CHECK(whole.ok() == pieces.ok());
  if (!whole.ok()) return;
  CLV_FUZZ_CHECK(*whole == *pieces);
  // Each is bounded by itself, inside the list.
  for (const std::string& element : *whole) {
    CLV_FUZZ_CHECK(!element.empty() && clv::gateway::CheckJsonDepth(element).ok());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const clv::gateway::JsonCodec codec(*google::protobuf::DescriptorPool::generated_pool(),
                                             {});
  // Values that the engine cannot represent are errors here, but it logs them, too.
  static const auto silent = google::protobuf::SetLogHandler(nullptr);
  (void)silent;
  const std::string_view text = clv::fuzz::Text(data, size);
  Split(text);
  clv::gateway::IsSelfContainedJson(text);
  clv::gateway::StartsAsJsonObject(text);
  if (!clv::gateway::CheckJsonDepth(text).ok()) return 0;
  const auto wire = codec.ToWire(*Everything::descriptor(), text);
  if (!wire.ok()) return 0;
  Everything message;
  CLV_FUZZ_CHECK(message.ParseFromString(*wire));
  google::protobuf::io::ArrayInputStream stream(wire->data(), static_cast<int>(wire->size()));
  (void)codec.ToJson(*Everything::descriptor(), stream);
  return 0;
}
