#include "services/aggregation/hash_order.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <utility>

namespace clv::aggregation {
namespace {

constexpr size_t kHashesOfBucket = 32;
constexpr int kMostBucketBits = 16;

}  // namespace

std::vector<uint32_t> HashOrder(absl::Span<const uint64_t> hashes) {
  const int bits = std::min<int>(kMostBucketBits, std::bit_width(hashes.size() / kHashesOfBucket));
  const auto bucket_of = [bits](uint64_t hash) { return bits == 0 ? 0 : hash >> (64 - bits); };
  std::vector<uint32_t> ends(size_t{1} << bits);
  for (const uint64_t hash : hashes) ++ends[bucket_of(hash)];
  std::exclusive_scan(ends.begin(), ends.end(), ends.begin(), 0u);
  std::vector<uint32_t> order(hashes.size());
  for (size_t i = 0; i < hashes.size(); ++i) {
    order[ends[bucket_of(hashes[i])]++] = static_cast<uint32_t>(i);
  }
  // Next to each other, so that the comparisons look nowhere else.
  std::vector<std::pair<uint64_t, uint32_t>> bucket;
  uint32_t begin = 0;
  for (const uint32_t end : ends) {
    bucket.clear();
    for (uint32_t i = begin; i < end; ++i) bucket.emplace_back(hashes[order[i]], order[i]);
    std::sort(bucket.begin(), bucket.end());
    for (uint32_t i = begin; i < end; ++i) order[i] = bucket[i - begin].second;
    begin = end;
  }
  return order;
}

}  // namespace clv::aggregation
