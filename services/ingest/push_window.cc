#include "services/ingest/push_window.h"

#include <utility>

namespace clv::ingest {

bool PushWindow::HasRoom() const {
  return batches_.size() < limits_.max_batches && bytes_ < limits_.max_bytes;
}

PushWindow::Ticket PushWindow::Add(uint64_t batch_id, size_t bytes) {
  batches_.push_back({.batch_id = batch_id, .bytes = bytes});
  bytes_ += bytes;
  ++unsettled_;
  return first_ + batches_.size() - 1;
}

void PushWindow::Settle(Ticket ticket, absl::StatusOr<v1::WriteResult> result) {
  Batch& batch = batches_[ticket - first_];
  batch.is_settled = true;
  has_failure_ = has_failure_ || !result.ok();
  batch.result = std::move(result);
  --unsettled_;
}

void PushWindow::TakeBackLast() {
  bytes_ -= batches_.back().bytes;
  batches_.pop_back();
  --unsettled_;
}

bool PushWindow::HasAcknowledgement() const {
  return !batches_.empty() && batches_.front().is_settled && batches_.front().result.ok();
}

v1::WriteResult PushWindow::TakeResult(uint64_t* batch_id) {
  *batch_id = batches_.front().batch_id;
  return *std::move(batches_.front().result);
}

void PushWindow::Drop() {
  bytes_ -= batches_.front().bytes;
  batches_.pop_front();
  ++first_;
}

absl::Status PushWindow::failure() const {
  if (batches_.empty() || !batches_.front().is_settled) return absl::OkStatus();
  return batches_.front().result.status();
}

}  // namespace clv::ingest
