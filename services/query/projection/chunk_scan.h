// services/query/projection/chunk_scan.h: scans over all chunks, on several threads where that
// pays.
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

namespace clv::query {

// How a scan is done. `is_heavy`: it looks at orders, not only at a few columns.
struct ScanOptions {
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  bool is_heavy = false;
};

// Calls `scan(chunk, part)` for each number below `chunks`, each with one of the parts, which start
// as copies of `empty`; a part belongs to one thread. The parts: one to six. DEADLINE_EXCEEDED
// past the deadline.
template <typename Part, typename Scan>
absl::StatusOr<std::vector<Part>> ScanChunks(size_t chunks, const ScanOptions& options,
                                             const Part& empty, const Scan& scan) {
  constexpr size_t kChunksAtOnce = 64;
  // Starting a thread takes about as long as scanning the columns of this many chunks.
  const size_t worth_a_thread = options.is_heavy ? 128 : 1'024;
  // More than two cores can do, for others may be at work on them: a scan of many orders then has
  // the greater part of both.
  const size_t most_parts = options.is_heavy ? 6 : 2;
  std::vector<Part> parts(std::clamp<size_t>(chunks / worth_a_thread, 1, most_parts), empty);
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
  std::vector<std::thread> others;
  for (size_t i = 1; i < parts.size(); ++i) {
    others.emplace_back([&work, &part = parts[i]] { work(part); });
  }
  work(parts[0]);
  for (std::thread& other : others) other.join();
  if (is_late) return absl::DeadlineExceededError("the deadline passed before the report was done");
  return parts;
}

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_CHUNK_SCAN_H_
