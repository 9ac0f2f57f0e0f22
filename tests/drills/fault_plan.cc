#include "tests/drills/fault_plan.h"

namespace clv::drills {

void FaultPlan::Arm(DiskOperation operation, int64_t nth, bool for_ever, int code) {
  std::lock_guard lock(mutex_);
  is_armed_ = true;
  has_fired_ = false;
  for_ever_ = for_ever;
  operation_ = operation;
  left_ = nth;
  code_ = code;
}

void FaultPlan::Disarm() {
  std::lock_guard lock(mutex_);
  is_armed_ = false;
}

bool FaultPlan::has_fired() const {
  std::lock_guard lock(mutex_);
  return has_fired_;
}

int FaultPlan::Meet(DiskOperation operation) {
  std::lock_guard lock(mutex_);
  if (!is_armed_ || operation != operation_ || --left_ > 0) return 0;
  if (left_ < 0 && !for_ever_) return 0;
  has_fired_ = true;
  return code_;
}

}  // namespace clv::drills
