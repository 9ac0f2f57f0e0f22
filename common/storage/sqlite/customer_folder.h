// common/storage/sqlite/customer_folder.h: what a fold makes of a customer, before it is written.
#ifndef CLV_COMMON_STORAGE_SQLITE_CUSTOMER_FOLDER_H_
#define CLV_COMMON_STORAGE_SQLITE_CUSTOMER_FOLDER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/base/byte_codec.h"
#include "common/base/text_arena.h"
#include "common/storage/clv_store.h"
#include "common/storage/orders_change.h"
#include "common/storage/projected_customer.h"
#include "common/storage/sqlite/clv_statements.h"
#include "common/storage/sqlite/product_figures.h"

namespace clv::storage {

// A customer of FoldTransaction::FoldCustomers, read and folded; the ids of its rows lie in the
// arena that Fold was given.
struct FoldedCustomer {
  CustomerInFold customer;  // as it is to be written
  std::optional<domain::ImportedClv> imported;
  std::optional<CustomerValue> value_before;
  bool changes_value = false;
  std::vector<PurchaseChange> changes;
  int64_t page_id = 0;       // of the row of `customer_clv`; 0: the customer has none yet
  UnpackedPage page;         // as it was, in the same arena
  std::string packed_facts;  // see CustomerChanges; empty where they are not wanted
};

// Reads and folds one customer after another. Writes nothing. Thread-compatible.
class CustomerFolder {
 public:
  // `reads` must outlive the folder.
  explicit CustomerFolder(ClvReadStatements& reads)
      : reads_(reads), products_(reads.purchases().texts()) {}

  struct Options {
    TextId reporting_currency = 0;
    bool wants_facts = false;
  };
  // Calls `fold` with `index` for what is stored of the customer.
  absl::Status Fold(std::string_view customer_id, size_t index, FoldTransaction::FoldOne fold,
                    const Options& options, TextArena* ids, FoldedCustomer* folded);

 private:
  absl::Status PackFacts(TextId reporting_currency, FoldedCustomer* folded);
  // Whether an OrdersChange tells what the fold has changed.
  static bool ChangesOrdersAlone(const FoldedCustomer& folded, TextId reporting_currency);
  absl::Status PackOrdersChange(TextId reporting_currency, FoldedCustomer* folded);

  ClvReadStatements& reads_;
  ProductCounter products_;
  // Of Fold and PackFacts, kept for their memory.
  StoredCustomer stored_;
  ProjectedCustomer projected_;
  OrdersChange change_;
  ByteWriter bytes_;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_CUSTOMER_FOLDER_H_
