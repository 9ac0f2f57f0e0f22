#include "services/ingest/blocking_write.h"

#include <chrono>
#include <future>
#include <memory>
#include <thread>

namespace clv::ingest {
namespace {

constexpr std::chrono::milliseconds kFullQueueWait{20};

}  // namespace

absl::StatusOr<storage::LogPosition> WriteAndBlock(WriteQueue& queue, const PreparedWrite& write,
                                                   const std::function<bool()>& is_patient) {
  using Result = absl::StatusOr<storage::LogPosition>;
  while (true) {
    // Shared: the writing thread may still be at it when the result is already taken.
    const auto result = std::make_shared<std::promise<Result>>();
    const absl::Status queued =
        queue.Submit(write, [result](const Result& position) { result->set_value(position); });
    if (queued.ok()) return result->get_future().get();
    if (!absl::IsResourceExhausted(queued) || !is_patient()) return queued;
    std::this_thread::sleep_for(kFullQueueWait);
  }
}

}  // namespace clv::ingest
