// services/query/projection/counted_values.h: a sorted list of few different values.
#ifndef CLV_SERVICES_QUERY_PROJECTION_COUNTED_VALUES_H_
#define CLV_SERVICES_QUERY_PROJECTION_COUNTED_VALUES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace clv::query {

// Whole numbers, as often as they were added: each different one is held once, with how many there
// are. Immutable: a change makes another list, at the cost of copying it. Counts of orders are such
// values: of 20 million orders no more than 6,300 different ones can be made.
class CountedValues {
 public:
  struct Run {
    int64_t value = 0;
    uint64_t count = 0;

    bool operator==(const Run&) const = default;
  };

  CountedValues() = default;
  // Values rising, counts positive.
  explicit CountedValues(std::vector<Run> runs) : runs_(std::move(runs)) {
    for (const Run& run : runs_) size_ += run.count;
  }

  size_t size() const { return size_; }
  const std::vector<Run>& runs() const { return runs_; }
  // In memory, about.
  size_t bytes() const { return runs_.capacity() * sizeof(Run); }

  // The value at a rank from 0; wants rank < size(). Goes through the list.
  int64_t At(size_t rank) const {
    auto run = runs_.begin();
    for (; rank >= run->count; ++run) rank -= run->count;
    return run->value;
  }

  // The list without `removed` and with `added`; both sorted. What is removed must be there.
  CountedValues With(const std::vector<int64_t>& removed, const std::vector<int64_t>& added) const {
    std::vector<Run> next;
    next.reserve(runs_.size() + 1);
    auto run = runs_.begin();
    auto out = removed.begin();
    auto in = added.begin();
    while (run != runs_.end() || in != added.end()) {
      const bool is_new = run == runs_.end() || (in != added.end() && *in < run->value);
      Run changed = is_new ? Run{*in, 0} : *run++;
      for (; in != added.end() && *in == changed.value; ++in) ++changed.count;
      for (; out != removed.end() && *out == changed.value; ++out) --changed.count;
      if (changed.count > 0) next.push_back(changed);
    }
    return CountedValues(std::move(next));
  }

  bool operator==(const CountedValues&) const = default;

 private:
  std::vector<Run> runs_;
  size_t size_ = 0;
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_COUNTED_VALUES_H_
