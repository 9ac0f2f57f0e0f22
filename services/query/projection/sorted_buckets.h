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

#include "services/query/projection/version_keeper.h"

namespace clv::query {

// Values with a `<`, and an `==` of all that they hold; equal ones as often as they were added.
// Immutable: a change makes another list, at the cost of copying the buckets that it touches and
// pointers to the others; a copy shares all of them. Finding a value or a rank takes two binary
// searches.
template <typename Value>
class SortedBuckets {
 public:
  using Bucket = std::vector<Value>;

  size_t size() const { return list_->before.back(); }

  // The value at a rank from 0; wants rank < size().
  const Value& At(size_t rank) const {
    const auto next = std::upper_bound(list_->before.begin(), list_->before.end(), rank);
    const auto b = static_cast<size_t>(next - list_->before.begin()) - 1;
    return (*list_->buckets[b])[rank - list_->before[b]];
  }

  // Values for which `is_below`, which holds for all smaller ones too, holds.
  template <typename IsBelow>
  size_t CountWhile(const IsBelow& is_below) const {
    const auto next = std::partition_point(list_->fronts.begin(), list_->fronts.end(), is_below);
    if (next == list_->fronts.begin()) return 0;
    const auto b = static_cast<size_t>(next - list_->fronts.begin()) - 1;
    const Bucket& bucket = *list_->buckets[b];
    return list_->before[b] +
           static_cast<size_t>(std::partition_point(bucket.begin(), bucket.end(), is_below) -
                               bucket.begin());
  }
  size_t CountBelow(const Value& value) const {
    return CountWhile([&](const Value& other) { return other < value; });
  }

  // Calls `visit(value)` in rising order.
  template <typename Visit>
  void ForEach(const Visit& visit) const {
    for (const auto& bucket : list_->buckets) {
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
      const auto next = std::upper_bound(list_->before.begin(), list_->before.end(), rank);
      b = static_cast<size_t>(next - list_->before.begin()) - 1;
    }
    for (size_t from = b < list_->buckets.size() ? rank - list_->before[b] : 0;
         b < list_->buckets.size(); ++b) {
      for (; from < list_->buckets[b]->size(); ++from) {
        if (!visit((*list_->buckets[b])[from])) return;
      }
      from = 0;
    }
  }

  // Calls `visit(value)` in falling order until it returns false.
  template <typename Visit>
  void ForEachFalling(const Visit& visit) const {
    for (auto bucket = list_->buckets.rbegin(); bucket != list_->buckets.rend(); ++bucket) {
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
  // is removed must be there. Of a list and its copies on one thread at a time; the second such
  // list copies all.
  SortedBuckets With(const std::vector<Value>& removed, const std::vector<Value>& added) const {
    std::vector<Value> gone;
    std::vector<Value> come;
    auto out = removed.begin();
    auto in = added.begin();
    while (out != removed.end() || in != added.end()) {
      if (in == added.end() || (out != removed.end() && *out < *in)) {
        gone.push_back(*out++);
      } else if (out == removed.end() || *in < *out) {
        come.push_back(*in++);
      } else if (*out == *in) {
        ++out;
        ++in;
      } else {
        // At the same place, but not the same.
        gone.push_back(*out++);
        come.push_back(*in++);
      }
    }
    if (gone.empty() && come.empty()) return *this;
    SortedBuckets next;
    next.list_ = Changed(*list_, gone, come);
    return next;
  }

  // In memory, about.
  size_t bytes() const {
    return size() * sizeof(Value) + list_->buckets.size() * (sizeof(Bucket) + sizeof(Value) + 64);
  }

 private:
  static constexpr size_t kTarget = 256;
  using Iterator = typename std::vector<Value>::const_iterator;

  struct List {
    List() = default;
    List(const List&) = delete;
    List& operator=(const List&) = delete;
    ~List() { keeper->GiveUp(std::move(buckets)); }

    std::vector<const Bucket*> buckets;  // none is empty
    std::vector<Value> fronts;           // the first of each bucket
    std::vector<size_t> before = {0};    // values before each bucket, then all
    const std::shared_ptr<VersionKeeper<Bucket>> keeper = std::make_shared<VersionKeeper<Bucket>>();
  };

  // Makes the successor of a list, bucket by bucket.
  class Successor {
   public:
    Successor(const List& list, size_t buckets)
        : list_(list), shares_(!list.keeper->has_successor()) {
      next_->buckets.reserve(buckets);
      next_->fronts.reserve(buckets);
      next_->before.reserve(buckets + 1);
    }

    // Buckets of the list from `begin` to before `end`.
    void Keep(size_t begin, size_t end) {
      if (begin == end) return;
      const auto copy = [begin, end](const auto& from, auto* to) {
        to->insert(to->end(), from.begin() + static_cast<std::ptrdiff_t>(begin),
                   from.begin() + static_cast<std::ptrdiff_t>(end));
      };
      const size_t moved = next_->before.back() - list_.before[begin];  // may wrap around and back
      copy(list_.fronts, &next_->fronts);
      for (size_t b = begin; b < end; ++b) next_->before.push_back(list_.before[b + 1] + moved);
      if (shares_) {
        copy(list_.buckets, &next_->buckets);
      } else {
        for (size_t b = begin; b < end; ++b) {
          next_->buckets.push_back(new Bucket(*list_.buckets[b]));
        }
      }
      is_last_shared_ = shares_;
    }

    // In the place of a bucket of the list.
    void Replace(size_t b, Bucket values) {
      if (shares_) replaced_.push_back(list_.buckets[b]);
      AppendAll(std::move(values));
    }

    void AppendAll(Bucket values) {
      if (values.size() <= 2 * kTarget) {
        if (!values.empty()) AppendSmall(std::move(values));
        return;
      }
      const size_t parts = (values.size() + kTarget - 1) / kTarget;
      for (size_t p = 0; p < parts; ++p) {
        const auto begin = values.begin() + static_cast<std::ptrdiff_t>(values.size() * p / parts);
        const auto end =
            values.begin() + static_cast<std::ptrdiff_t>(values.size() * (p + 1) / parts);
        AppendOwn(Bucket(begin, end));
      }
    }

    std::shared_ptr<const List> Finish() {
      // A list of nothing may have successors on several threads.
      if (shares_ && !list_.buckets.empty()) {
        list_.keeper->SucceededBy(next_->keeper, std::move(replaced_));
      }
      return std::move(next_);
    }

   private:
    void Append(const Bucket* bucket, const Value& front, size_t count) {
      next_->buckets.push_back(bucket);
      next_->fronts.push_back(front);
      next_->before.push_back(next_->before.back() + count);
    }
    void AppendOwn(Bucket values) {
      const Value front = values.front();
      const size_t count = values.size();
      Append(new Bucket(std::move(values)), front, count);
      is_last_shared_ = false;
    }
    // What has become few joins the bucket before, so that there are never many small ones.
    void AppendSmall(Bucket bucket) {
      if (bucket.size() < kTarget / 4 && !next_->buckets.empty() &&
          next_->buckets.back()->size() + bucket.size() <= kTarget) {
        const Bucket* const last = next_->buckets.back();
        bucket.insert(bucket.begin(), last->begin(), last->end());
        if (is_last_shared_) {
          replaced_.push_back(last);
        } else {
          delete last;
        }
        next_->buckets.pop_back();
        next_->fronts.pop_back();
        next_->before.pop_back();
      }
      AppendOwn(std::move(bucket));
    }

    const List& list_;
    const bool shares_;
    std::shared_ptr<List> next_ = std::make_shared<List>();
    bool is_last_shared_ = false;          // of the buckets of next_
    std::vector<const Bucket*> replaced_;  // of the list, that next_ does not hold
  };

  // No value is in both `gone` and `come`.
  static std::shared_ptr<const List> Changed(const List& list, const std::vector<Value>& gone,
                                             const std::vector<Value>& come) {
    Successor next(list, list.buckets.size() + come.size() / kTarget + 1);
    auto out = gone.begin();
    auto in = come.begin();
    // Looks into the buckets that change only: the others lie all over memory.
    size_t b = 0;
    for (; b < list.buckets.size() && (in != come.end() || out != gone.end()); ++b) {
      // A value belongs into the last bucket whose first one is not above it; but the one before
      // gives up what equals that.
      const auto first_from_next = list.fronts.begin() + static_cast<std::ptrdiff_t>(b) + 1;
      auto next_front = list.fronts.end();
      if (in != come.end()) next_front = std::upper_bound(first_from_next, next_front, *in);
      if (out != gone.end()) next_front = std::lower_bound(first_from_next, next_front, *out);
      const size_t changed = static_cast<size_t>(next_front - list.fronts.begin()) - 1;
      next.Keep(b, changed);
      b = changed;
      const Bucket& bucket = *list.buckets[b];
      const bool is_last = b + 1 == list.buckets.size();
      auto out_end = gone.end();
      auto in_end = come.end();
      if (!is_last) {
        // What is not below the first value of the next bucket belongs there; but of what equals
        // it, this bucket gives up its own.
        const Value& bound = list.fronts[b + 1];
        in_end = std::lower_bound(in, come.end(), bound);
        out_end = std::lower_bound(out, gone.end(), bound);
        const auto equal_end = std::upper_bound(out_end, gone.end(), bound);
        out_end += std::min(equal_end - out_end, CountOf(bucket, bound));
      }
      next.Replace(b, Merged(bucket, out, out_end, in, in_end));
      out = out_end;
      in = in_end;
    }
    next.Keep(b, list.buckets.size());
    if (list.buckets.empty()) next.AppendAll(Merged({}, out, gone.end(), in, come.end()));
    return next.Finish();
  }

  static std::ptrdiff_t CountOf(const Bucket& bucket, const Value& value) {
    const auto [begin, end] = std::equal_range(bucket.begin(), bucket.end(), value);
    return end - begin;
  }

  // Copies what lies between the few that come and go at once.
  static Bucket Merged(const Bucket& bucket, Iterator gone, Iterator gone_end, Iterator come,
                       Iterator come_end) {
    Bucket merged;
    const auto left = static_cast<std::ptrdiff_t>(bucket.size()) - (gone_end - gone);
    merged.reserve(static_cast<size_t>(std::max<std::ptrdiff_t>(0, left) + (come_end - come)));
    auto from = bucket.begin();
    while (gone != gone_end || come != come_end) {
      const bool comes = gone == gone_end || (come != come_end && *come < *gone);
      const Value& value = comes ? *come : *gone;
      const auto place = std::lower_bound(from, bucket.end(), value);
      merged.insert(merged.end(), from, place);
      from = place;
      if (comes) {
        merged.push_back(value);
        ++come;
      } else {
        if (from != bucket.end() && !(value < *from)) ++from;
        ++gone;
      }
    }
    merged.insert(merged.end(), from, bucket.end());
    return merged;
  }

  static const std::shared_ptr<const List>& Empty() {
    static const std::shared_ptr<const List> empty = std::make_shared<const List>();
    return empty;
  }

  std::shared_ptr<const List> list_ = Empty();
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_SORTED_BUCKETS_H_
