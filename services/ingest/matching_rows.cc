#include "services/ingest/matching_rows.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "common/base/status_macros.h"

namespace clv::ingest {
namespace {

using domain::DataSource;

constexpr int kRowsOfScan = 2'000;

class Counting {
 public:
  Counting(storage::ClvReadTransaction& state, const domain::RowCondition& condition,
           const std::function<absl::Status()>& may_go_on)
      : state_(state), condition_(condition), may_go_on_(may_go_on) {}

  absl::StatusOr<uint64_t> Of(DataSource data_source) {
    const auto only = domain::OnlyCustomers(data_source, condition_);
    switch (data_source) {
      case DataSource::kCustomers:
        CLV_RETURN_IF_ERROR(only ? Find(*only, &storage::ClvReadTransaction::FindCustomers)
                                 : ScanByCustomer(&storage::ClvReadTransaction::ScanCustomers));
        break;
      case DataSource::kCustomerClv:
        CLV_RETURN_IF_ERROR(only ? Find(*only, &storage::ClvReadTransaction::FindImports)
                                 : ScanByCustomer(&storage::ClvReadTransaction::ScanImports));
        break;
      case DataSource::kPurchases:
        CLV_RETURN_IF_ERROR(only ? FindPurchases(*only) : ScanPurchases());
        break;
    }
    return count_;
  }

 private:
  template <typename Row>
  void Count(const Row& row) {
    if (domain::Meets(row, condition_)) ++count_;
  }

  template <typename Row>
  absl::Status Find(const std::vector<std::string>& ids,
                    absl::StatusOr<storage::ByKey<Row>> (storage::ClvReadTransaction::*find)(
                        const std::vector<std::string>&)) {
    for (size_t begin = 0; begin < ids.size(); begin += kRowsOfScan) {
      const size_t end = std::min(ids.size(), begin + kRowsOfScan);
      const std::vector<std::string> slice(ids.begin() + static_cast<std::ptrdiff_t>(begin),
                                           ids.begin() + static_cast<std::ptrdiff_t>(end));
      CLV_ASSIGN_OR_RETURN(const auto rows, (state_.*find)(slice));
      for (const auto& [id, row] : rows) Count(row);
      CLV_RETURN_IF_ERROR(may_go_on_());
    }
    return absl::OkStatus();
  }

  template <typename Row>
  absl::Status ScanByCustomer(absl::StatusOr<std::vector<Row>> (storage::ClvReadTransaction::*scan)(
      const std::string&, int)) {
    std::string after;
    while (true) {
      CLV_ASSIGN_OR_RETURN(const std::vector<Row> rows, (state_.*scan)(after, kRowsOfScan));
      if (rows.empty()) return absl::OkStatus();
      for (const Row& row : rows) Count(row);
      after = rows.back().customer_id;
      CLV_RETURN_IF_ERROR(may_go_on_());
    }
  }

  absl::Status FindPurchases(const std::vector<std::string>& customer_ids) {
    for (const std::string& customer_id : customer_ids) {
      CLV_ASSIGN_OR_RETURN(const auto rows, state_.PurchasesOf(customer_id));
      for (const domain::Purchase& row : rows) Count(row);
      CLV_RETURN_IF_ERROR(may_go_on_());
    }
    return absl::OkStatus();
  }

  absl::Status ScanPurchases() {
    storage::PurchaseKey after;
    while (true) {
      CLV_ASSIGN_OR_RETURN(const auto rows, state_.ScanPurchases(after, kRowsOfScan));
      if (rows.empty()) return absl::OkStatus();
      for (const domain::Purchase& row : rows) Count(row);
      after = {rows.back().customer_id, rows.back().purchase_id};
      CLV_RETURN_IF_ERROR(may_go_on_());
    }
  }

  storage::ClvReadTransaction& state_;
  const domain::RowCondition& condition_;
  const std::function<absl::Status()>& may_go_on_;
  uint64_t count_ = 0;
};

}  // namespace

absl::StatusOr<uint64_t> CountMatchingRows(storage::ClvReadTransaction& state,
                                           domain::DataSource data_source,
                                           const domain::RowCondition& condition,
                                           const std::function<absl::Status()>& may_go_on) {
  return Counting(state, condition, may_go_on).Of(data_source);
}

}  // namespace clv::ingest
