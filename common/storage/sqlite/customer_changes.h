// common/storage/sqlite/customer_changes.h: which customers the last folds have changed, for those
// who keep a copy of all.
#ifndef CLV_COMMON_STORAGE_SQLITE_CUSTOMER_CHANGES_H_
#define CLV_COMMON_STORAGE_SQLITE_CUSTOMER_CHANGES_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/storage/sqlite/db.h"

namespace clv::storage {

// The table `customer_changes`: a row for each transaction that changed values, numbered 1, 2, 3,
// ... in the order of commits. It names the customers; when there are too many to name, it says so.
// Only the newest rows are kept. Thread-compatible.
class CustomerChanges {
 public:
  // Beyond this many a transaction's customers are not named.
  static constexpr size_t kMostNamed = 8'192;
  // Rows that are kept at least.
  static constexpr int64_t kKeptRows = 32;

  // The connection must outlive the changes.
  static absl::StatusOr<std::unique_ptr<CustomerChanges>> Prepare(Database& db);

  // A writing transaction begins; what an earlier one noted and did not flush is forgotten.
  void Begin();

  // The value of a customer is written or removed.
  void Note(std::string_view customer_id);

  // A customer is erased: no row may name one any more, the present one included.
  void ForgetNames() { names_are_forgotten_ = true; }

  // Writes the row. Before the commit.
  absl::Status Flush();

 private:
  CustomerChanges() = default;
  Statement insert_, trim_, remove_all_;
  absl::flat_hash_set<std::string> customers_;
  bool has_changed_ = false;
  bool are_too_many_ = false;
  bool names_are_forgotten_ = false;
};

// Reads the table. Thread-compatible.
class CustomerChangesReader {
 public:
  static absl::StatusOr<std::unique_ptr<CustomerChangesReader>> Prepare(Database& db);

  // Number of the last change; 0 when there was none.
  absl::StatusOr<uint64_t> LastChange();

  // The customers that changes after number `change` name, each once; absent when some are not
  // named, or rows are not kept that far back.
  absl::StatusOr<std::optional<std::vector<std::string>>> ChangedAfter(uint64_t change);

 private:
  CustomerChangesReader() = default;
  Statement last_, after_;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_CUSTOMER_CHANGES_H_
