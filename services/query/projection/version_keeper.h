// services/query/projection/version_keeper.h: who owns what versions share.
#ifndef CLV_SERVICES_QUERY_PROJECTION_VERSION_KEEPER_H_
#define CLV_SERVICES_QUERY_PROJECTION_VERSION_KEEPER_H_

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>
#include <vector>

namespace clv::query {

// Keepers in a chain, one for each version of something: each version is made from the one before,
// whose values it shares but for some that it replaces. A version holds its keeper, and plain
// pointers to its values: making one counts no references. Versions may go in any order and on any
// thread; what one is the last to hold is freed once neither it nor an earlier one is there.
template <typename Value>
class VersionKeeper {
 public:
  VersionKeeper() = default;
  VersionKeeper(const VersionKeeper&) = delete;
  VersionKeeper& operator=(const VersionKeeper&) = delete;
  ~VersionKeeper() {
    for (const Value* value : values_) delete value;
    // One after the other and not each within the one before: there may be very many.
    thread_local std::vector<std::shared_ptr<VersionKeeper>>* following = nullptr;
    if (following != nullptr) {
      following->push_back(std::move(next_));
      return;
    }
    std::vector<std::shared_ptr<VersionKeeper>> left;
    following = &left;
    for (auto last = std::move(next_); last != nullptr;) {
      last.reset();
      if (left.empty()) break;
      last = std::move(left.back());
      left.pop_back();
    }
    following = nullptr;
  }

  // Whether the caller may make the successor that shares the version's values: the first one may,
  // on whatever thread; others copy them all.
  bool Claim() { return !is_claimed_.exchange(true, std::memory_order_relaxed); }
  // Of whoever has claimed it, and makes none.
  void Disclaim() { is_claimed_.store(false, std::memory_order_relaxed); }

  // The version has a successor, which shares its values but for `replaced`. Of whoever has claimed
  // it, once, while the version is there.
  void SucceededBy(std::shared_ptr<VersionKeeper> next, std::vector<const Value*> replaced) {
    values_ = std::move(replaced);
    next_ = std::move(next);
  }

  // The versions made since, which were nobody's but the caller's, are gone; this one, which holds
  // `values`, has no successor any more and may be claimed again.
  void Withdraw(std::vector<const Value*> values) {
    std::sort(values.begin(), values.end());
    for (VersionKeeper* later = next_.get(); later != nullptr; later = later->next_.get()) {
      std::erase_if(later->values_, [&](const Value* value) {
        return std::binary_search(values.begin(), values.end(), value);
      });
    }
    values_.clear();
    next_.reset();
    Disclaim();
  }

  // While nobody makes one.
  bool has_successor() const { return next_ != nullptr; }

  // The version, which holds `values`, goes.
  void GiveUp(std::vector<const Value*> values) {
    if (!has_successor()) values_ = std::move(values);
  }

 private:
  std::atomic<bool> is_claimed_{false};
  std::vector<const Value*> values_;  // that the version holds and its successor does not
  std::shared_ptr<VersionKeeper> next_;
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_VERSION_KEEPER_H_
