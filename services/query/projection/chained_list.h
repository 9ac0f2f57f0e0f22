// services/query/projection/chained_list.h: a list whose successors share what did not change.
#ifndef CLV_SERVICES_QUERY_PROJECTION_CHAINED_LIST_H_
#define CLV_SERVICES_QUERY_PROJECTION_CHAINED_LIST_H_

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "services/query/projection/version_keeper.h"

namespace clv::query {

// Lists in a chain: each is made from the one before, whose values it shares but for those that it
// opens. A list is changed by one thread until it is sealed and is immutable from then on; lists
// may be given up in any order and on any thread, see VersionKeeper.
template <typename Value>
class ChainedList {
 public:
  ChainedList() = default;
  ~ChainedList() { GiveUp(); }
  ChainedList(ChainedList&& other) noexcept = default;
  ChainedList& operator=(ChainedList&& other) noexcept {
    if (this != &other) {
      GiveUp();
      values_ = std::move(other.values_);
      keeper_ = std::move(other.keeper_);
      before_ = std::move(other.before_);
      is_own_ = std::move(other.is_own_);
      own_ = std::move(other.own_);
      replaced_ = std::move(other.replaced_);
    }
    return *this;
  }

  size_t size() const { return values_.size(); }
  const Value& operator[](size_t i) const { return *values_[i]; }

  // A list that is not sealed, of the values of this one, which must be, and must be there when the
  // successor is sealed. While there is a successor, another one copies all.
  ChainedList Successor() const {
    ChainedList next;
    next.values_ = values_;
    next.is_own_.resize(values_.size());
    if (keeper_ != nullptr && keeper_->Claim()) {
      next.before_ = keeper_;
    } else {
      for (size_t i = 0; i < values_.size(); ++i) next.OpenShared(i);
    }
    return next;
  }

  // The lists made from this one, which is sealed, are gone: see VersionKeeper.
  void Withdraw() const {
    if (keeper_->has_successor()) keeper_->Withdraw(values_);
  }

  // The value, the list's own: copied when it is still shared. Wants a list that is not sealed.
  Value& Open(size_t i) {
    if (!is_own_[i]) replaced_.push_back(OpenShared(i));
    return const_cast<Value&>(*values_[i]);  // that OpenShared or Append has put there
  }
  // Likewise wants a list that is not sealed.
  Value& Append(std::unique_ptr<Value> value) {
    values_.push_back(value.get());
    is_own_.push_back(true);
    own_.push_back(std::move(value));
    return *own_.back();
  }

  void Seal() {
    keeper_ = std::make_shared<Keeper>();
    if (before_ != nullptr) {
      before_->SucceededBy(keeper_, std::exchange(replaced_, {}));
      before_.reset();
    }
    for (std::unique_ptr<Value>& value : own_) value.release();
    std::vector<std::unique_ptr<Value>>().swap(own_);
    std::vector<bool>().swap(is_own_);
  }

 private:
  using Keeper = VersionKeeper<Value>;

  // Returns what the copy takes the place of.
  const Value* OpenShared(size_t i) {
    own_.push_back(std::make_unique<Value>(*values_[i]));
    is_own_[i] = true;
    return std::exchange(values_[i], own_.back().get());
  }

  void GiveUp() {
    if (before_ != nullptr) before_->Disclaim();
    if (keeper_ != nullptr) keeper_->GiveUp(std::move(values_));
    keeper_.reset();
  }

  std::vector<const Value*> values_;
  std::shared_ptr<Keeper> keeper_;  // once it is sealed
  // Until then: the keeper of the list before, the values that this one does not share with it, and
  // those of that one which it shares no longer.
  std::shared_ptr<Keeper> before_;
  std::vector<bool> is_own_;  // by index
  std::vector<std::unique_ptr<Value>> own_;
  std::vector<const Value*> replaced_;
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_CHAINED_LIST_H_
