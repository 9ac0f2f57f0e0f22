#include "common/storage/sqlite/fold_ahead.h"

#include <thread>

#include "common/base/status_macros.h"

namespace clv::storage {

absl::Status FoldAhead::OpenOnce() {
  if (db_ != nullptr) return absl::OkStatus();
  CLV_ASSIGN_OR_RETURN(std::unique_ptr<Database> db,
                       Database::Open({.path = path_,
                                       .mode = Database::Mode::kReadOnly,
                                       .migrations = &ClvMigrations(),
                                       .cache_kib = cache_kib_}));
  CLV_ASSIGN_OR_RETURN(reads_, ClvReadStatements::Prepare(*db));
  folder_ = std::make_unique<CustomerFolder>(*reads_);
  db_ = std::move(db);
  return absl::OkStatus();
}

void FoldAhead::Close() {
  folder_.reset();
  reads_.reset();
  db_.reset();
}

void FoldAhead::FillSlots(absl::Span<const std::string_view> customer_ids,
                          FoldTransaction::FoldOne fold, const Options& options) {
  for (size_t next = 0; next < customer_ids.size();) {
    Slot* const slot = ring_.NextFree();
    if (slot == nullptr) break;
    slot->customers.resize(kCustomersOfSlot);
    slot->count = 0;
    slot->ids.Clear();
    slot->status = absl::OkStatus();
    while (slot->count < kCustomersOfSlot && next < customer_ids.size()) {
      slot->status = folder_->Fold(customer_ids[next], next, fold,
                                   {.reporting_currency = options.reporting_currency}, &slot->ids,
                                   &slot->customers[slot->count]);
      if (!slot->status.ok()) {
        next = customer_ids.size();
        break;
      }
      ++slot->count;
      ++next;
    }
    ring_.PutFilled();
  }
  ring_.Finish();
}

absl::Status FoldAhead::EmptySlots(Write write) {
  while (Slot* const slot = ring_.NextFilled()) {
    for (size_t i = 0; i < slot->count; ++i) {
      CLV_RETURN_IF_ERROR(write(slot->customers[i]));
    }
    CLV_RETURN_IF_ERROR(slot->status);
    ring_.PutEmptied();
  }
  return absl::OkStatus();
}

absl::Status FoldAhead::RunInState(absl::Span<const std::string_view> customer_ids,
                                   FoldTransaction::FoldOne fold, const Options& options,
                                   Write write) {
  CLV_ASSIGN_OR_RETURN(const Transaction reading,
                       Transaction::Begin(*db_, Transaction::Kind::kDeferred));
  CLV_ASSIGN_OR_RETURN(const LogPosition checkpoint, reads_->Checkpoint());
  if (checkpoint != options.checkpoint) {
    return absl::InternalError("a fold reads another state than it writes to");
  }
  // Others have written since the last state.
  reads_->purchases().Forget();
  reads_->purchases().texts().LearnGiven(*options.texts);
  ring_.Reset();
  std::thread folder([&] { FillSlots(customer_ids, fold, options); });
  const absl::Status written = EmptySlots(write);
  ring_.End();
  folder.join();
  return written;
}

absl::Status FoldAhead::Run(absl::Span<const std::string_view> customer_ids,
                            FoldTransaction::FoldOne fold, const Options& options, Write write) {
  CLV_RETURN_IF_ERROR(OpenOnce());
  const absl::Status run = RunInState(customer_ids, fold, options, write);
  if (!run.ok()) Close();
  return run;
}

}  // namespace clv::storage
