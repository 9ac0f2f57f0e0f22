#include "services/aggregation/row_removal.h"

#include <optional>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "common/domain/row_condition.h"
#include "services/aggregation/batch_fold.h"

namespace clv::aggregation {
namespace {

using domain::Customer;
using domain::ImportedClv;
using domain::Purchase;
using storage::FoldTransaction;

constexpr int kScannedRows = 2'000;

// How each kind of fact is scanned, found by customer, and removed.
struct Customers {
  using Row = Customer;
  static absl::StatusOr<std::vector<Row>> After(const Row* last, FoldTransaction& transaction) {
    return transaction.ScanCustomers(last == nullptr ? "" : last->customer_id, kScannedRows);
  }
  static absl::StatusOr<std::vector<Row>> Of(const std::string& id, FoldTransaction& transaction) {
    CLV_ASSIGN_OR_RETURN(auto found, transaction.FindCustomers({id}));
    std::vector<Row> rows;
    for (auto& [key, row] : found) rows.push_back(std::move(row));
    return rows;
  }
  static absl::Status Remove(const Row& row, FoldTransaction& transaction) {
    return transaction.RemoveCustomer(row.customer_id);
  }
};

struct Imports {
  using Row = ImportedClv;
  static absl::StatusOr<std::vector<Row>> After(const Row* last, FoldTransaction& transaction) {
    return transaction.ScanImports(last == nullptr ? "" : last->customer_id, kScannedRows);
  }
  static absl::StatusOr<std::vector<Row>> Of(const std::string& id, FoldTransaction& transaction) {
    CLV_ASSIGN_OR_RETURN(auto found, transaction.FindImports({id}));
    std::vector<Row> rows;
    for (auto& [key, row] : found) rows.push_back(std::move(row));
    return rows;
  }
  static absl::Status Remove(const Row& row, FoldTransaction& transaction) {
    return transaction.RemoveImport(row.customer_id);
  }
};

struct Purchases {
  using Row = Purchase;
  static absl::StatusOr<std::vector<Row>> After(const Row* last, FoldTransaction& transaction) {
    if (last == nullptr) return transaction.ScanPurchases({}, kScannedRows);
    return transaction.ScanPurchases({last->customer_id, last->purchase_id}, kScannedRows);
  }
  static absl::StatusOr<std::vector<Row>> Of(const std::string& id, FoldTransaction& transaction) {
    return transaction.PurchasesOf(id);
  }
  static absl::Status Remove(const Row& row, FoldTransaction& transaction) {
    return transaction.RemovePurchase(row.customer_id, row.purchase_id);
  }
};

// Removes the rows of a slice that meet the condition and recomputes their customers.
template <typename Kind>
absl::StatusOr<uint64_t> RemoveFromSlice(const std::vector<typename Kind::Row>& rows,
                                         const std::optional<domain::RowCondition>& condition,
                                         storage::LogPosition position,
                                         FoldTransaction& transaction) {
  uint64_t removed = 0;
  storage::ByKey<int64_t> touched;
  for (const typename Kind::Row& row : rows) {
    if (condition && !domain::Meets(row, *condition)) continue;
    CLV_RETURN_IF_ERROR(Kind::Remove(row, transaction));
    touched[row.customer_id];
    ++removed;
  }
  CLV_ASSIGN_OR_RETURN(const auto values, transaction.FindValues(SortedKeys(touched)));
  CLV_RETURN_IF_ERROR(RecomputeCustomers(touched, values, position, transaction));
  return removed;
}

template <typename Kind>
absl::StatusOr<uint64_t> RemoveKind(const wire::RowDeletion& deletion,
                                    storage::LogPosition position, FoldTransaction& transaction) {
  uint64_t removed = 0;
  const auto only = deletion.condition
                        ? domain::OnlyCustomers(deletion.data_source, *deletion.condition)
                        : std::nullopt;
  if (only) {
    for (const std::string& id : *only) {
      CLV_ASSIGN_OR_RETURN(const auto rows, Kind::Of(id, transaction));
      CLV_ASSIGN_OR_RETURN(const uint64_t some,
                           RemoveFromSlice<Kind>(rows, deletion.condition, position, transaction));
      removed += some;
    }
    return removed;
  }
  std::optional<typename Kind::Row> last;
  while (true) {
    CLV_ASSIGN_OR_RETURN(const auto rows, Kind::After(last ? &*last : nullptr, transaction));
    if (rows.empty()) return removed;
    CLV_ASSIGN_OR_RETURN(const uint64_t some,
                         RemoveFromSlice<Kind>(rows, deletion.condition, position, transaction));
    removed += some;
    last = rows.back();
  }
}

}  // namespace

absl::StatusOr<uint64_t> RemoveRows(const wire::RowDeletion& deletion,
                                    storage::LogPosition position, FoldTransaction& transaction) {
  switch (deletion.data_source) {
    case domain::DataSource::kCustomers:
      return RemoveKind<Customers>(deletion, position, transaction);
    case domain::DataSource::kPurchases:
      return RemoveKind<Purchases>(deletion, position, transaction);
    case domain::DataSource::kCustomerClv:
      return RemoveKind<Imports>(deletion, position, transaction);
  }
  return 0;
}

absl::StatusOr<uint64_t> RemoveCustomer(const std::string& customer_id,
                                        FoldTransaction& transaction) {
  uint64_t removed = 0;
  std::vector<std::string> keys = {customer_id};
  CLV_ASSIGN_OR_RETURN(const auto purchases, transaction.PurchasesOf(customer_id));
  for (const Purchase& purchase : purchases) {
    CLV_RETURN_IF_ERROR(Purchases::Remove(purchase, transaction));
    keys.push_back(purchase.purchase_id);
    ++removed;
  }
  CLV_ASSIGN_OR_RETURN(const auto customers, Customers::Of(customer_id, transaction));
  CLV_ASSIGN_OR_RETURN(const auto imports, Imports::Of(customer_id, transaction));
  CLV_RETURN_IF_ERROR(transaction.RemoveCustomer(customer_id));
  CLV_RETURN_IF_ERROR(transaction.RemoveImport(customer_id));
  CLV_RETURN_IF_ERROR(transaction.RemoveValue(customer_id));
  CLV_RETURN_IF_ERROR(transaction.RemoveTraces(keys));
  return removed + customers.size() + imports.size();
}

}  // namespace clv::aggregation
