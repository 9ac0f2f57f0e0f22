// services/query/projection/sorted_buckets.h: a sorted list whose versions share what did not
// change.
#ifndef CLV_SERVICES_QUERY_PROJECTION_SORTED_BUCKETS_H_
#define CLV_SERVICES_QUERY_PROJECTION_SORTED_BUCKETS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace clv::query {

// Values with a `<`, equal ones as often as they were added. Immutable: a change makes another
// list, at the cost of copying the buckets that it touches. Finding a value or a rank takes two
// binary searches.
template <typename Value>
class SortedBuckets {
 public:
  using Bucket = std::vector<Value>;

  size_t size() const { return before_.empty() ? 0 : before_.back(); }

  // The value at a rank from 0; wants rank < size().
  const Value& At(size_t rank) const {
    const auto next = std::upper_bound(before_.begin(), before_.end(), rank);
    const auto b = static_cast<size_t>(next - before_.begin()) - 1;
    return (*buckets_[b])[rank - before_[b]];
  }

  // Values for which `is_below`, which holds for all smaller ones too, holds.
  template <typename IsBelow>
  size_t CountWhile(const IsBelow& is_below) const {
    const auto next = std::partition_point(fronts_.begin(), fronts_.end(), is_below);
    if (next == fronts_.begin()) return 0;
    const auto b = static_cast<size_t>(next - fronts_.begin()) - 1;
    const Bucket& bucket = *buckets_[b];
    return before_[b] +
           static_cast<size_t>(std::partition_point(bucket.begin(), bucket.end(), is_below) -
                               bucket.begin());
  }
  size_t CountBelow(const Value& value) const {
    return CountWhile([&](const Value& other) { return other < value; });
  }

  // Calls `visit(value)` in rising order.
  template <typename Visit>
  void ForEach(const Visit& visit) const {
    for (const auto& bucket : buckets_) {
      for (const Value& value : *bucket) visit(value);
    }
  }

  // Calls `visit(value)` in rising order until it returns false, from the first value on for which
  // `is_below`, which holds for all smaller ones too, does not hold.
  template <typename IsBelow, typename Visit>
  void ForEachFrom(const IsBelow& is_below, const Visit& visit) const {
    size_t b = 0;
    const size_t rank = CountWhile(is_below);
    if (rank > 0) {
      const auto next = std::upper_bound(before_.begin(), before_.end(), rank);
      b = static_cast<size_t>(next - before_.begin()) - 1;
    }
    for (size_t from = b < buckets_.size() ? rank - before_[b] : 0; b < buckets_.size(); ++b) {
      for (; from < buckets_[b]->size(); ++from) {
        if (!visit((*buckets_[b])[from])) return;
      }
      from = 0;
    }
  }

  // Calls `visit(value)` in falling order until it returns false.
  template <typename Visit>
  void ForEachFalling(const Visit& visit) const {
    for (auto bucket = buckets_.rbegin(); bucket != buckets_.rend(); ++bucket) {
      for (auto value = (*bucket)->rbegin(); value != (*bucket)->rend(); ++value) {
        if (!visit(*value)) return;
      }
    }
  }

  std::vector<Value> All() const {
    std::vector<Value> all;
    all.reserve(size());
    ForEach([&](const Value& value) { all.push_back(value); });
    return all;
  }

  // The list without `removed` and with `added`; both sorted. What is in both cancels out, and what
  // is removed must be there.
  SortedBuckets With(const std::vector<Value>& removed, const std::vector<Value>& added) const {
    SortedBuckets next;
    next.Reserve(buckets_.size() + added.size() / kTarget + 1);
    auto gone = removed.begin();
    auto come = added.begin();
    // Looks into the buckets that change only: the others lie all over memory.
    for (size_t b = 0; b < buckets_.size(); ++b) {
      const bool is_last = b + 1 == buckets_.size();
      const auto is_of_later = [&](Iterator value, Iterator end, bool or_equal) {
        if (value == end) return true;
        if (is_last) return false;
        const Value& bound = fronts_[b + 1];
        return or_equal ? !(*value < bound) : bound < *value;
      };
      if (is_of_later(come, added.end(), true) && is_of_later(gone, removed.end(), false)) {
        next.Append(buckets_[b], fronts_[b], before_[b + 1] - before_[b]);
        continue;
      }
      auto gone_end = removed.end();
      auto come_end = added.end();
      if (!is_last) {
        // What is not below the first value of the next bucket belongs there; but of what equals
        // it, this bucket gives up its own.
        const Value& bound = fronts_[b + 1];
        come_end = std::lower_bound(come, added.end(), bound);
        gone_end = std::lower_bound(gone, removed.end(), bound);
        const auto equal_end = std::upper_bound(gone_end, removed.end(), bound);
        gone_end += std::min(equal_end - gone_end, CountOf(*buckets_[b], bound));
      }
      next.AppendMerged(*buckets_[b], gone, gone_end, come, come_end);
      gone = gone_end;
      come = come_end;
    }
    if (buckets_.empty()) next.AppendMerged({}, gone, removed.end(), come, added.end());
    return next;
  }

  // In memory, about.
  size_t bytes() const {
    return size() * sizeof(Value) + buckets_.size() * (sizeof(Bucket) + sizeof(Value) + 64);
  }

 private:
  static constexpr size_t kTarget = 512;
  using Iterator = typename std::vector<Value>::const_iterator;

  static std::ptrdiff_t CountOf(const Bucket& bucket, const Value& value) {
    const auto [begin, end] = std::equal_range(bucket.begin(), bucket.end(), value);
    return end - begin;
  }

  void AppendMerged(const Bucket& bucket, Iterator gone, Iterator gone_end, Iterator come,
                    Iterator come_end) {
    Bucket merged;
    merged.reserve(bucket.size() + static_cast<size_t>(come_end - come));
    std::merge(bucket.begin(), bucket.end(), come, come_end, std::back_inserter(merged));
    if (gone != gone_end) {
      Bucket left;
      left.reserve(merged.size());
      std::set_difference(merged.begin(), merged.end(), gone, gone_end, std::back_inserter(left));
      merged = std::move(left);
    }
    if (merged.size() <= 2 * kTarget) {
      if (!merged.empty()) AppendSmall(std::move(merged));
      return;
    }
    const size_t parts = (merged.size() + kTarget - 1) / kTarget;
    for (size_t p = 0; p < parts; ++p) {
      const auto begin = merged.begin() + static_cast<std::ptrdiff_t>(merged.size() * p / parts);
      const auto end =
          merged.begin() + static_cast<std::ptrdiff_t>(merged.size() * (p + 1) / parts);
      Append(Bucket(begin, end));
    }
  }

  // What has become few joins the bucket before, so that there are never many small ones.
  void AppendSmall(Bucket bucket) {
    if (bucket.size() < kTarget / 4 && !buckets_.empty() &&
        buckets_.back()->size() + bucket.size() <= kTarget) {
      Bucket joined = *buckets_.back();
      joined.insert(joined.end(), bucket.begin(), bucket.end());
      bucket = std::move(joined);
      buckets_.pop_back();
      fronts_.pop_back();
      before_.pop_back();
    }
    bucket.shrink_to_fit();
    Append(std::move(bucket));
  }

  void Reserve(size_t buckets) {
    buckets_.reserve(buckets);
    fronts_.reserve(buckets);
    before_.reserve(buckets + 1);
    before_.push_back(0);
  }
  void Append(std::shared_ptr<const Bucket> bucket, const Value& front, size_t count) {
    buckets_.push_back(std::move(bucket));
    fronts_.push_back(front);
    before_.push_back(before_.back() + count);
  }
  void Append(Bucket values) {
    const Value front = values.front();
    const size_t count = values.size();
    Append(std::make_shared<const Bucket>(std::move(values)), front, count);
  }

  std::vector<std::shared_ptr<const Bucket>> buckets_;  // none is empty
  std::vector<Value> fronts_;                           // the first of each bucket
  std::vector<size_t> before_;                          // values before each bucket, then all
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_SORTED_BUCKETS_H_
