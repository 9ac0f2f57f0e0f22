// services/query/projection/ranked_buckets.h: customers by bucket, with what their percentiles
// need, which can be carried along when customers change.
#ifndef CLV_SERVICES_QUERY_PROJECTION_RANKED_BUCKETS_H_
#define CLV_SERVICES_QUERY_PROJECTION_RANKED_BUCKETS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "common/domain/frequency_buckets.h"
#include "services/query/projection/binned_ranks.h"
#include "services/query/projection/customer_chunk.h"
#include "services/query/projection/sorted_buckets.h"

namespace clv::query {

// What purchase frequency is made of, of one customer; without orders outside the population.
struct FrequencyFacts {
  int64_t spend_micros = 0;
  int64_t orders = 0;
  uint32_t first = 0;
  uint32_t last = 0;

  static FrequencyFacts Of(const StateColumns& state, size_t i) {
    return {state.spend_micros[i], state.purchase_count[i], state.first[i], state.last[i]};
  }
  bool has_gap() const { return orders >= 2; }
  int64_t lifespan_seconds() const { return has_gap() ? int64_t{last} - int64_t{first} : 0; }
  double mean_gap_seconds() const {
    return static_cast<double>(lifespan_seconds()) / static_cast<double>(orders - 1);
  }
  bool operator==(const FrequencyFacts&) const = default;
};

// A customer who is another one now.
struct FrequencyChange {
  FrequencyFacts before;
  FrequencyFacts after;
};

// Finds buckets, those of small values from a table.
class BucketFinder {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  explicit BucketFinder(std::vector<uint32_t> bounds);

  const std::vector<uint32_t>& bounds() const { return bounds_; }
  uint32_t operator()(int64_t value) const {
    return value >= 0 && value < static_cast<int64_t>(small_.size())
               ? small_[static_cast<size_t>(value)]
               : Search(value);
  }

 private:
  uint32_t Search(int64_t value) const {
    const auto bucket = domain::BucketOf(bounds_, value);
    return bucket ? static_cast<uint32_t>(*bucket) : kNone;
  }

  std::vector<uint32_t> bounds_;
  std::vector<uint32_t> small_;
};

// The values of a list that lie in a few neighbouring bins, sorted, and how many lie below; so
// that ranks within can be told.
template <typename Value>
class RankWindow {
 public:
  RankWindow() = default;
  // The bins up to `radius` around `bin`; all bins where it is none, or where the window is to last
  // (a radius) and the values are few, whose ranks are soon elsewhere.
  RankWindow(const BinCounts& counts, size_t bin, size_t radius) {
    for (const auto in_bin : counts) count_ += in_bin;
    const bool holds_all = bin == SIZE_MAX || (radius > 0 && count_ <= kFew);
    first_bin_ = holds_all || bin < radius ? 0 : bin - radius;
    last_bin_ = holds_all ? counts.size() - 1 : std::min(counts.size() - 1, bin + radius);
    for (size_t b = 0; b < first_bin_; ++b) below_ += counts[b];
    for (size_t b = first_bin_; b <= last_bin_; ++b) to_hold_ += counts[b];
  }

  // One comparison: two would be hard to predict, for ranks lie amid the values.
  bool Holds(size_t bin) const { return bin - first_bin_ <= last_bin_ - first_bin_; }
  void SetValues(std::vector<Value> values) {
    std::sort(values.begin(), values.end());
    values_ = SortedBuckets<Value>().With({}, values);
  }

  uint64_t count() const { return count_; }
  // Of the values that it was made for.
  uint64_t to_hold() const { return to_hold_; }
  size_t held() const { return values_.size(); }
  // Whether the percentile's rank, where there are values, lies within.
  bool Knows(unsigned percent) const {
    if (count_ == 0) return true;
    const uint64_t rank = domain::NearestRankIndex(count_, percent);
    return rank >= below_ && rank - below_ < values_.size();
  }
  // Absent without values; wants Knows(percent).
  std::optional<Value> Percentile(unsigned percent) const {
    if (count_ == 0) return std::nullopt;
    return values_.At(domain::NearestRankIndex(count_, percent) - below_);
  }
  // Of all values those for which `is_small` holds, as it does for all in lower bins and for none
  // in higher ones.
  template <typename IsSmall>
  uint64_t CountWhile(const IsSmall& is_small) const {
    return below_ + values_.CountWhile(is_small);
  }

  // Values that come and go.
  class Change {
   public:
    void Add(size_t bin, Value value, int sign) {
      (sign > 0 ? come_ : gone_).push_back({bin, value});
    }
    void Apply(RankWindow* window) {
      std::vector<Value> gone;
      std::vector<Value> come;
      Count(gone_, -1, window, &gone);
      Count(come_, 1, window, &come);
      std::sort(gone.begin(), gone.end());
      std::sort(come.begin(), come.end());
      if (!gone.empty() || !come.empty()) window->values_ = window->values_.With(gone, come);
    }

   private:
    using Binned = std::vector<std::pair<size_t, Value>>;
    static void Count(const Binned& values, int sign, RankWindow* window,
                      std::vector<Value>* inside) {
      for (const auto& [bin, value] : values) {
        window->count_ += sign > 0 ? 1 : UINT64_MAX;
        if (bin < window->first_bin_) window->below_ += sign > 0 ? 1 : UINT64_MAX;
        if (window->Holds(bin)) inside->push_back(value);
      }
    }
    Binned gone_;
    Binned come_;
  };

 private:
  static constexpr uint64_t kFew = 4'096;

  size_t first_bin_ = 0;
  size_t last_bin_ = 0;
  uint64_t count_ = 0;
  uint64_t below_ = 0;
  uint64_t to_hold_ = 0;
  SortedBuckets<Value> values_;
};

// Sums over the customers of a bucket.
struct BucketSums {
  uint64_t customers = 0;
  __int128 revenue_micros = 0;
  __int128 recency_seconds = 0;
  __int128 orders = 0;
  __int128 lifespan_seconds = 0;

  void Add(const FrequencyFacts& facts, int64_t recency_seconds_of_it, int sign) {
    customers += sign > 0 ? 1 : UINT64_MAX;
    revenue_micros += sign * __int128{facts.spend_micros};
    recency_seconds += sign * __int128{recency_seconds_of_it};
    orders += sign * __int128{facts.orders};
    lifespan_seconds += sign * __int128{facts.lifespan_seconds()};
  }
  BucketSums& operator+=(const BucketSums& more) {
    customers += more.customers;
    revenue_micros += more.revenue_micros;
    recency_seconds += more.recency_seconds;
    orders += more.orders;
    lifespan_seconds += more.lifespan_seconds;
    return *this;
  }
};

// One bucket. Recencies are those at the reference instant.
struct RankedBucket {
  BucketSums sums;
  RankWindow<int64_t> spend;
  RankWindow<int64_t> recency;
  RankWindow<int64_t> recency_near_p90;  // around the p90 of mean gaps
  RankWindow<double> median_gap;
  RankWindow<double> p90_gap;

  uint64_t to_hold() const {
    return spend.to_hold() + recency.to_hold() + recency_near_p90.to_hold() + median_gap.to_hold() +
           p90_gap.to_hold();
  }
};

// The customers of the buckets that `finder` tells, as of a reference instant. Immutable.
struct RankedBuckets {
  BucketFinder finder;
  BinScale scale;
  int64_t reference_seconds = 0;
  std::vector<RankedBucket> buckets;

  // The buckets that somebody is in, at an instant at which nothing else is visible than at the
  // reference; absent where a rank lies outside its window.
  std::optional<std::vector<domain::CustomerBucket>> Answer(int64_t as_of_seconds) const;

  // The same where customers, in buckets by their orders, have changed.
  RankedBuckets With(absl::Span<const FrequencyChange> changes) const;

  // Values held in all windows.
  size_t held() const;
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_RANKED_BUCKETS_H_
