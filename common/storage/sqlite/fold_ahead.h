// common/storage/sqlite/fold_ahead.h: customers are read and folded on one thread while another
// writes those before them.
#ifndef CLV_COMMON_STORAGE_SQLITE_FOLD_AHEAD_H_
#define CLV_COMMON_STORAGE_SQLITE_FOLD_AHEAD_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/base/slot_ring.h"
#include "common/base/text_arena.h"
#include "common/storage/clv_store.h"
#include "common/storage/sqlite/clv_statements.h"
#include "common/storage/sqlite/customer_folder.h"
#include "common/storage/sqlite/db.h"

namespace clv::storage {

// Of one store, with a connection of its own that reads what is committed. Thread-compatible.
class FoldAhead {
 public:
  FoldAhead(std::string path, int cache_kib) : path_(std::move(path)), cache_kib_(cache_kib) {}

  struct Options {
    // What the caller's transaction began with. It holds the write lock, and has written nothing
    // yet that a fold reads.
    LogPosition checkpoint = 0;
    TextId reporting_currency = 0;
    const PurchaseTexts* texts = nullptr;  // the writer's, which may have given numbers
  };
  // Calls `fold` on a thread of its own, which makes no facts for CustomerChanges, and `write` on
  // this one for what it has made, customer by customer in the order of the ids.
  using Write = absl::FunctionRef<absl::Status(FoldedCustomer& folded)>;
  absl::Status Run(absl::Span<const std::string_view> customer_ids, FoldTransaction::FoldOne fold,
                   const Options& options, Write write);

  // For `fold` alone: as FoldTransaction::Holds.
  absl::StatusOr<bool> Holds(std::string_view purchase_id) {
    return reads_->purchases().Holds(purchase_id);
  }

 private:
  static constexpr size_t kCustomersOfSlot = 8;
  static constexpr size_t kSlots = 64;
  struct Slot {
    std::vector<FoldedCustomer> customers;
    size_t count = 0;  // of the customers that are filled
    TextArena ids;
    absl::Status status;  // why the customer behind them could not be folded
  };

  absl::Status OpenOnce();
  void Close();
  absl::Status RunInState(absl::Span<const std::string_view> customer_ids,
                          FoldTransaction::FoldOne fold, const Options& options, Write write);
  void FillSlots(absl::Span<const std::string_view> customer_ids, FoldTransaction::FoldOne fold,
                 const Options& options);
  absl::Status EmptySlots(Write write);

  const std::string path_;
  const int cache_kib_;
  std::unique_ptr<Database> db_;
  std::unique_ptr<ClvReadStatements> reads_;
  std::unique_ptr<CustomerFolder> folder_;
  SlotRing<Slot> ring_{kSlots};
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_FOLD_AHEAD_H_
