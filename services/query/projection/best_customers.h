// services/query/projection/best_customers.h: the first of many customers in some order.
#ifndef CLV_SERVICES_QUERY_PROJECTION_BEST_CUSTOMERS_H_
#define CLV_SERVICES_QUERY_PROJECTION_BEST_CUSTOMERS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "common/storage/reports.h"
#include "services/query/projection/projection_version.h"

namespace clv::query {

// Gathers customers with keys, the greatest first, equal ones by customer_id; keeps no more than
// the range needs. `Key` has a `<`. Thread-compatible; what it is made of outlives it.
template <typename Key>
class BestCustomers {
 public:
  // What tells equal keys apart before the id does, the greater first: where that is dearer than
  // the keys. Of a customer's number; null: nothing.
  using Finer = std::function<double(uint32_t)>;

  BestCustomers(const ProjectionVersion& version, const storage::RowRange& range,
                Finer finer = nullptr)
      : version_(&version),
        finer_(std::move(finer)),
        offset_(range.offset),
        limit_(range.limit ? static_cast<size_t>(*range.limit) : SIZE_MAX) {}

  void Add(const Key& key, uint32_t number) {
    ++count_;
    last_added_ = key;
    if (is_full_ && key < least_) return;
    entries_.push_back({key, number});
    if (limit_ != SIZE_MAX && entries_.size() >= 2 * Wanted() + kSlack) Shrink();
  }

  BestCustomers& operator+=(const BestCustomers& more) {
    count_ += more.count_;
    entries_.insert(entries_.end(), more.entries_.begin(), more.entries_.end());
    return *this;
  }

  // Whether nobody with a key below `least` is in the range.
  bool is_full() const { return is_full_; }
  const Key& least() const { return least_; }
  // Customers that were added, kept or not.
  uint64_t count() const { return count_; }
  // For who adds them in falling order and stops when the range is full: the key added last, how
  // many are enough (SIZE_MAX: all) when no more are equal to that key, and the number of all.
  const Key& last_added() const { return last_added_; }
  size_t wanted() const { return limit_ == SIZE_MAX ? SIZE_MAX : Wanted(); }
  void SetCount(uint64_t count) { count_ = count; }

  // The customers of the range, in order.
  std::vector<uint32_t> Take() {
    if (limit_ != SIZE_MAX && entries_.size() > Wanted()) {
      std::nth_element(entries_.begin(), At(Wanted()), entries_.end(), Order());
      entries_.resize(Wanted());
    }
    std::sort(entries_.begin(), entries_.end(), Order());
    std::vector<uint32_t> numbers;
    for (size_t i = offset_; i < entries_.size() && i - offset_ < limit_; ++i) {
      numbers.push_back(entries_[i].second);
    }
    return numbers;
  }

 private:
  static constexpr size_t kSlack = 1024;
  using Entry = std::pair<Key, uint32_t>;

  size_t Wanted() const { return static_cast<size_t>(offset_) + limit_; }
  auto At(size_t index) { return entries_.begin() + static_cast<std::ptrdiff_t>(index); }
  auto Order() const {
    return [this](const Entry& a, const Entry& b) {
      if (b.first < a.first) return true;
      if (a.first < b.first) return false;
      if (finer_ != nullptr) {
        const double fine = finer_(a.second);
        const double other = finer_(b.second);
        if (fine != other) return fine > other;
      }
      return version_->IdOf(a.second) < version_->IdOf(b.second);
    };
  }
  void Shrink() {
    if (Wanted() == 0) {
      entries_.clear();
      return;
    }
    std::nth_element(entries_.begin(), At(Wanted() - 1), entries_.end(), Order());
    entries_.resize(Wanted());
    least_ = entries_.back().first;
    is_full_ = true;
  }

  const ProjectionVersion* version_;
  Finer finer_;
  uint64_t offset_;
  size_t limit_;
  uint64_t count_ = 0;
  std::vector<Entry> entries_;
  bool is_full_ = false;
  Key least_{};
  Key last_added_{};
};

// The Finer of customers whose keys are their predicted_bound. The version, which has a fitted
// model, outlives it.
inline std::function<double(uint32_t)> FinerThanBounds(const ProjectionVersion& version) {
  return [&version](uint32_t number) {
    return PredictedClvOf(*version.serving, version.ChunkOf(number), number % kChunkCustomers);
  };
}

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_BEST_CUSTOMERS_H_
