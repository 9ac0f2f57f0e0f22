#include "services/query/projection/frequency_keeper.h"

#include <utility>

namespace clv::query {
namespace {

// Steps without a change, too, take some memory.
constexpr size_t kMostSteps = 4'096;

}  // namespace

bool FrequencyKeeper::is_asked() const {
  std::lock_guard lock(mutex_);
  return is_asked_;
}

void FrequencyKeeper::Record(uint64_t before, uint64_t serial,
                             std::vector<FrequencyChange> changes) {
  auto shared = std::make_shared<const std::vector<FrequencyChange>>(std::move(changes));
  std::lock_guard lock(mutex_);
  if (steps_from_ == 0) steps_from_ = before;
  changes_ += shared->size();
  steps_.push_back({serial, std::move(shared)});
  while (changes_ > kMostChanges || steps_.size() > kMostSteps) {
    steps_from_ = steps_.front().serial;
    changes_ -= steps_.front().changes->size();
    steps_.pop_front();
  }
}

void FrequencyKeeper::Forget(uint64_t serial) {
  std::lock_guard lock(mutex_);
  steps_.clear();
  changes_ = 0;
  steps_from_ = serial;
}

std::shared_ptr<const RankedBuckets> FrequencyKeeper::Find(uint64_t serial,
                                                           const std::vector<uint32_t>& bounds) {
  std::shared_ptr<const RankedBuckets> buckets;
  std::vector<Step> steps;
  {
    std::lock_guard lock(mutex_);
    is_asked_ = true;
    if (buckets_ == nullptr || buckets_->finder.bounds() != bounds || serial_ > serial) {
      return nullptr;
    }
    buckets = buckets_;
    if (serial_ == serial) return buckets;
    if (steps_from_ == 0 || steps_from_ > serial_) return nullptr;
    for (const Step& step : steps_) {
      if (step.serial > serial_ && step.serial <= serial) steps.push_back(step);
    }
    if (steps.empty() || steps.back().serial != serial) return nullptr;
  }
  std::vector<FrequencyChange> changes;
  for (const Step& step : steps) {
    changes.insert(changes.end(), step.changes->begin(), step.changes->end());
  }
  buckets = std::make_shared<const RankedBuckets>(buckets->With(changes));
  Keep(serial, buckets);
  return buckets;
}

void FrequencyKeeper::Keep(uint64_t serial, std::shared_ptr<const RankedBuckets> buckets) {
  if (buckets->held() > kMostHeld) return;
  std::lock_guard lock(mutex_);
  if (buckets_ != nullptr && serial_ > serial) return;
  serial_ = serial;
  buckets_.swap(buckets);  // what is no longer kept goes after the lock is given back
}

}  // namespace clv::query
