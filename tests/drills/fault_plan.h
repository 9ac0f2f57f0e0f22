// tests/drills/fault_plan.h: which operation of the recording disk fails.
#ifndef CLV_TESTS_DRILLS_FAULT_PLAN_H_
#define CLV_TESTS_DRILLS_FAULT_PLAN_H_

#include <cstdint>
#include <mutex>

namespace clv::drills {

enum class DiskOperation { kOpen, kWrite, kSync, kTruncate };

// Lets the n-th operation of a kind fail, once or from then on. Thread-safe.
class FaultPlan {
 public:
  // From now on; `nth` counts from 1. `code` is what SQLite is told, an error code of its own.
  void Arm(DiskOperation operation, int64_t nth, bool for_ever, int code);

  // Lifts the fault.
  void Disarm();

  // Whether an operation has failed since Arm.
  bool has_fired() const;

  // For the disk: the error code of this operation, 0 to carry it out.
  int Meet(DiskOperation operation);

 private:
  mutable std::mutex mutex_;
  bool is_armed_ = false;
  bool has_fired_ = false;
  bool for_ever_ = false;
  DiskOperation operation_ = DiskOperation::kOpen;
  int64_t left_ = 0;  // operations until the one that fails
  int code_ = 0;
};

}  // namespace clv::drills

#endif  // CLV_TESTS_DRILLS_FAULT_PLAN_H_
