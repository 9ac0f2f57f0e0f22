// services/aggregation/repeated_hashes.h: which of many hashes come more than once.
#ifndef CLV_SERVICES_AGGREGATION_REPEATED_HASHES_H_
#define CLV_SERVICES_AGGREGATION_REPEATED_HASHES_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace clv::aggregation {

// Takes four bytes a hash. Add them all, then ask.
class RepeatedHashes {
 public:
  // `count`: of the hashes, which are spread over all 64 bits.
  explicit RepeatedHashes(size_t count)
      : shift_(64 - std::bit_width(std::max<size_t>(4, count) * kBitsOfHash - 1)),
        seen_(size_t{1} << (64 - shift_)),
        repeated_(seen_.size()) {}

  void Add(uint64_t hash) {
    const size_t place = hash >> shift_;
    if (seen_[place]) repeated_[place] = true;
    seen_[place] = true;
  }

  // False: the hash was added once at most. True of one in sixteen that was, too.
  bool MayRepeat(uint64_t hash) const { return repeated_[hash >> shift_]; }

 private:
  static constexpr size_t kBitsOfHash = 16;

  int shift_;
  std::vector<bool> seen_;
  std::vector<bool> repeated_;
};

}  // namespace clv::aggregation

#endif  // CLV_SERVICES_AGGREGATION_REPEATED_HASHES_H_
