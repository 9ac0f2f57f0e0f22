#include "tests/drills/stubborn_client.h"

namespace clv::drills {
namespace {

constexpr int kMostTries = 2'000;

}  // namespace

void StubbornClient::Send(const Request& request, const SendRequest& send) {
  for (int tries = 1; tries <= kMostTries; ++tries) {
    const absl::StatusOr<storage::LogPosition> position = send(request);
    if (!position.ok()) {
      ++failures_;
      breach_ = "the last error was: " + position.status().ToString();
      failed_();
      continue;
    }
    const storage::LogPosition before = acknowledged();
    breach_.clear();
    if (*position <= before || *position > before + static_cast<uint64_t>(tries)) {
      breach_ = "the position " + std::to_string(*position) + " follows " + std::to_string(before) +
                " after " + std::to_string(tries) + " tries";
      return;
    }
    landed_failures_ += static_cast<int>(*position - before) - 1;
    in_log_order_.resize(*position, &request);
    return;
  }
}

}  // namespace clv::drills
