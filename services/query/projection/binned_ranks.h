// services/query/projection/binned_ranks.h: percentiles of values that are looked at twice, so that
// few of them need be gathered.
#ifndef CLV_SERVICES_QUERY_PROJECTION_BINNED_RANKS_H_
#define CLV_SERVICES_QUERY_PROJECTION_BINNED_RANKS_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/domain/report_math.h"

namespace clv::query {

// Numbers by their size: bins that rise with them, of equal width within an octave, from 2^10 to
// 2^46 (of seconds and of micros all that is usual); what is beyond lies in the first or last bin.
class BinScale {
 public:
  // Fine for up to some dozens of lists, coarser for more.
  explicit BinScale(size_t lists)
      : shift_(kMantissaBits - (lists <= 100      ? 6
                                : lists <= 10'000 ? 3
                                                  : 0)) {}

  size_t bins() const { return size_t{kOctaves} << (kMantissaBits - shift_); }

  size_t BinOf(double value) const {
    const int64_t bits = std::bit_cast<int64_t>(value) >> shift_;
    const int64_t least = std::bit_cast<int64_t>(kLeast) >> shift_;
    return static_cast<size_t>(
        std::clamp<int64_t>(bits - least, 0, static_cast<int64_t>(bins()) - 1));
  }
  size_t BinOf(int64_t value) const { return BinOf(static_cast<double>(value)); }

 private:
  static constexpr int kMantissaBits = 52;
  static constexpr int kOctaves = 36;
  static constexpr double kLeast = 1024;

  int shift_;
};

// The first look: how many values lie in each bin.
using BinCounts = std::vector<uint32_t>;

// Adds the counts of another part.
inline void AddCounts(BinCounts& to, const BinCounts& more) {
  for (size_t bin = 0; bin < to.size(); ++bin) to[bin] += more[bin];
}

// Where a rank is to be looked for: the second look gathers the values of the bin.
struct BinnedRank {
  size_t bin = SIZE_MAX;  // of no value, where there are no values
  uint64_t rank = 0;      // among the values of the bin, from 0

  // The nearest-rank percentile of all that was counted.
  static BinnedRank OfPercent(const BinCounts& counts, unsigned percent) {
    uint64_t all = 0;
    for (const uint32_t count : counts) all += count;
    if (all == 0) return {};
    uint64_t rank = domain::NearestRankIndex(all, percent);
    size_t bin = 0;
    while (rank >= counts[bin]) rank -= counts[bin++];
    return {bin, rank};
  }

  // Of the gathered values, which it reorders; absent where there were none.
  template <typename Value>
  std::optional<Value> Find(std::vector<Value>& gathered) const {
    if (bin == SIZE_MAX) return std::nullopt;
    const auto at = gathered.begin() + static_cast<std::ptrdiff_t>(rank);
    std::nth_element(gathered.begin(), at, gathered.end());
    return *at;
  }
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_BINNED_RANKS_H_
