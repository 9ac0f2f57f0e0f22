// services/query/projection/chunk_scan.h: scans over all chunks, on two threads where that pays.
#ifndef CLV_SERVICES_QUERY_PROJECTION_CHUNK_SCAN_H_
#define CLV_SERVICES_QUERY_PROJECTION_CHUNK_SCAN_H_

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/processors.h"

namespace clv::query {

// How a scan is done. `is_heavy`: it looks at orders, not only at a few columns.
struct ScanOptions {
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  bool is_heavy = false;
};

// Calls `scan(chunk, part)` for each number below `chunks`, each with one of the parts, which start
// as copies of `empty`; a part belongs to one thread. The parts: one or two. DEADLINE_EXCEEDED past
// the deadline.
template <typename Part, typename Scan>
absl::StatusOr<std::vector<Part>> ScanChunks(size_t chunks, const ScanOptions& options,
                                             const Part& empty, const Scan& scan) {
  constexpr size_t kChunksAtOnce = 64;
  // Where processors are scarce, waiting for another thread takes milliseconds: scanning the
  // columns of so many chunks does, too.
  const size_t worth_a_thread = options.is_heavy ? 128 : 16'384;
  std::vector<Part> parts(chunks >= 2 * worth_a_thread ? 2 : 1, empty);
  std::atomic<size_t> next{0};
  std::atomic<bool> is_late{false};
  const bool has_deadline = options.deadline != std::chrono::steady_clock::time_point::max();
  const auto work = [&](Part& part) {
    while (!is_late) {
      const size_t begin = next.fetch_add(kChunksAtOnce);
      if (begin >= chunks) return;
      if (has_deadline && std::chrono::steady_clock::now() >= options.deadline) is_late = true;
      const size_t end = std::min(chunks, begin + kChunksAtOnce);
      for (size_t chunk = begin; chunk < end; ++chunk) scan(chunk, part);
    }
  };
  if (parts.size() == 2) {
    const int processor = ThisProcessor();
    std::thread other([&] {
      AvoidProcessor(processor);
      work(parts[1]);
    });
    work(parts[0]);
    other.join();
  } else {
    work(parts[0]);
  }
  if (is_late) return absl::DeadlineExceededError("the deadline passed before the report was done");
  return parts;
}

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_CHUNK_SCAN_H_
