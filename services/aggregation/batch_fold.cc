#include "services/aggregation/batch_fold.h"

#include <cstdlib>
#include <limits>
#include <tuple>
#include <utility>

#include "absl/numeric/int128.h"
#include "common/base/status_macros.h"
#include "common/domain/winner.h"

namespace clv::aggregation {
namespace {

using domain::Customer;
using domain::ImportedClv;
using domain::Purchase;
using storage::ByKey;
using storage::CustomerValue;
using storage::DataSource;

constexpr int64_t kMaxImportedOrders = 1'000'000'000'000'000;

template <typename Row>
void Enter(ByKey<Row> stored, Contests<Row>* contests) {
  for (auto& [key, row] : stored) {
    Contest<Row>& contest = contests->at(key);
    contest.winner = row;
    contest.stored = std::move(row);
  }
}

}  // namespace

absl::Status BatchFold::ReadWinners(absl::Span<const LoggedRows> records,
                                    absl::Span<const PurchasePlace> places) {
  for (const PurchasePlace& place : places) {
    const auto row = records[place.record].purchases.RowAt(place.row);
    purchases_[std::string(row.purchase_id)];
    if (!row.customer_id.empty()) gross_[std::string(row.customer_id)];
  }
  for (const LoggedRows& record : records) {
    for (const Customer& row : record.customers) customers_[row.customer_id];
    for (const ImportedClv& row : record.customer_clvs) imports_[row.customer_id];
  }
  CLV_ASSIGN_OR_RETURN(auto customers, transaction_.FindCustomers(SortedKeys(customers_)));
  Enter(std::move(customers), &customers_);
  CLV_ASSIGN_OR_RETURN(auto purchases, transaction_.FindPurchases(SortedKeys(purchases_)));
  Enter(std::move(purchases), &purchases_);
  CLV_ASSIGN_OR_RETURN(auto imports, transaction_.FindImports(SortedKeys(imports_)));
  Enter(std::move(imports), &imports_);
  for (const auto& [id, contest] : purchases_) {
    if (contest.stored) gross_[contest.stored->customer_id];
  }
  for (const auto& [id, contest] : imports_) gross_[id];
  for (const auto& [id, contest] : customers_) gross_[id];
  CLV_ASSIGN_OR_RETURN(values_, transaction_.FindValues(SortedKeys(gross_)));
  for (const auto& [id, value] : values_) gross_[id] = value.summary.gross_micros;
  return absl::OkStatus();
}

void BatchFold::Touch(const std::string& customer_id, const LoggedRows& record) {
  int64_t& updated_at = touched_[customer_id];
  updated_at = std::max(updated_at, record.received_at_seconds);
}

bool BatchFold::Fits(const std::string& customer_id, int64_t added, int64_t removed) const {
  const absl::int128 gross =
      absl::int128(gross_.at(customer_id)) + std::abs(added) - std::abs(removed);
  return gross <= std::numeric_limits<int64_t>::max();
}

absl::Status BatchFold::Refuse(const LoggedRows& record, uint32_t index, DataSource data_source,
                               const std::string& key, std::string reason) {
  ++outcome_->dead_letters;
  return transaction_.AddDeadLetter({.position = record.position,
                                     .row_index = index,
                                     .data_source = data_source,
                                     .key = key,
                                     .reason = std::move(reason)});
}

template <typename Row>
bool BatchFold::Wins(const std::optional<Row>& winner, const Row& row) {
  if (domain::Replaces(winner ? &*winner : nullptr, row)) return true;
  ++(*winner == row ? outcome_->duplicate_rows : outcome_->superseded_rows);
  return false;
}

void BatchFold::MergeCustomer(const LoggedRows& record, const Customer& row) {
  std::optional<Customer>& winner = customers_.at(row.customer_id).winner;
  if (!Wins(winner, row)) return;
  Touch(row.customer_id, record);
  winner = row;
  ++winners_;
}

absl::Status BatchFold::MergePurchase(const LoggedRows& record, uint32_t index, Purchase row) {
  if (row.currency.empty()) row.currency = reporting_currency_;
  std::optional<Purchase>& winner = purchases_.at(row.purchase_id).winner;
  if (!Wins(winner, row)) return absl::OkStatus();
  const bool stays = winner && winner->customer_id == row.customer_id;
  if (!Fits(row.customer_id, row.purchase_amount_micros,
            stays ? winner->purchase_amount_micros : 0)) {
    return Refuse(record, index, DataSource::kPurchases, row.purchase_id,
                  "purchase_amount: the sum of the customer's absolute amounts would exceed "
                  "9223372036854.775807");
  }
  if (winner) {
    Touch(winner->customer_id, record);
    gross_[winner->customer_id] -= std::abs(winner->purchase_amount_micros);
  }
  Touch(row.customer_id, record);
  gross_[row.customer_id] += std::abs(row.purchase_amount_micros);
  winner = std::move(row);
  ++winners_;
  return absl::OkStatus();
}

absl::Status BatchFold::MergeImport(const LoggedRows& record, uint32_t index,
                                    const ImportedClv& row) {
  std::optional<ImportedClv>& winner = imports_.at(row.customer_id).winner;
  if (!Wins(winner, row)) return absl::OkStatus();
  const int64_t removed = winner ? winner->total_spend_micros : 0;
  if (row.purchase_count > kMaxImportedOrders) {
    return Refuse(record, index, DataSource::kCustomerClv, row.customer_id,
                  "purchase_count: more than 10^15");
  }
  if (!Fits(row.customer_id, row.total_spend_micros, removed)) {
    return Refuse(record, index, DataSource::kCustomerClv, row.customer_id,
                  "total_spend: the sum of the customer's absolute amounts would exceed "
                  "9223372036854.775807");
  }
  Touch(row.customer_id, record);
  gross_[row.customer_id] += std::abs(row.total_spend_micros) - std::abs(removed);
  winner = row;
  ++winners_;
  return absl::OkStatus();
}

absl::Status BatchFold::MergeRecord(const LoggedRows& record,
                                    absl::Span<const PurchasePlace> places) {
  if (!record.undecodable.empty()) {
    return Refuse(record, 0, DataSource::kPurchases, "the whole record", record.undecodable);
  }
  for (const Customer& row : record.customers) MergeCustomer(record, row);
  for (const PurchasePlace& place : places) {
    Purchase purchase = record.purchases.PurchaseAt(place.row);
    if (purchase.customer_id.empty()) {
      EndErasedVersion(record, purchase);
      continue;
    }
    CLV_RETURN_IF_ERROR(MergePurchase(record, place.row, std::move(purchase)));
  }
  uint32_t index = 0;
  for (const ImportedClv& row : record.customer_clvs) {
    CLV_RETURN_IF_ERROR(MergeImport(record, index++, row));
  }
  return absl::OkStatus();
}

absl::Status BatchFold::Merge(absl::Span<const LoggedRows> records,
                              absl::Span<const PurchasePlace> places) {
  for (uint32_t i = 0; i < records.size(); ++i) {
    size_t own = 0;
    while (own < places.size() && places[own].record == i) ++own;
    CLV_RETURN_IF_ERROR(MergeRecord(records[i], places.first(own)));
    places.remove_prefix(own);
    ++outcome_;
  }
  return absl::OkStatus();
}

void BatchFold::EndErasedVersion(const LoggedRows& record, const Purchase& row) {
  std::optional<Purchase>& winner = purchases_.at(row.purchase_id).winner;
  --outcome_->rows;
  if (!winner) return;
  Touch(winner->customer_id, record);
  gross_[winner->customer_id] -= std::abs(winner->purchase_amount_micros);
  winner.reset();
}

absl::Status BatchFold::WriteFacts() {
  for (const std::string& id : SortedKeys(customers_)) {
    const Contest<Customer>& contest = customers_.at(id);
    if (contest.changed()) CLV_RETURN_IF_ERROR(transaction_.PutCustomer(*contest.winner));
  }
  for (const std::string& id : SortedKeys(imports_)) {
    const Contest<ImportedClv>& contest = imports_.at(id);
    if (contest.changed()) CLV_RETURN_IF_ERROR(transaction_.PutImport(*contest.winner));
  }
  return WritePurchases();
}

absl::Status BatchFold::WritePurchases() {
  std::vector<const Contest<Purchase>*> changed;
  for (const auto& [id, contest] : purchases_) {
    if (contest.changed()) changed.push_back(&contest);
  }
  const auto row_of = [](const Contest<Purchase>* contest) -> const Purchase& {
    return contest->winner ? *contest->winner : *contest->stored;
  };
  // In the order of the table's key, which begins with the customer.
  std::sort(changed.begin(), changed.end(), [&](const auto* a, const auto* b) {
    return std::tie(row_of(a).customer_id, row_of(a).purchase_id) <
           std::tie(row_of(b).customer_id, row_of(b).purchase_id);
  });
  for (const Contest<Purchase>* contest : changed) {
    if (contest->stored &&
        (!contest->winner || contest->stored->customer_id != contest->winner->customer_id)) {
      CLV_RETURN_IF_ERROR(
          transaction_.RemovePurchase(contest->stored->customer_id, contest->stored->purchase_id));
    }
    if (contest->winner) CLV_RETURN_IF_ERROR(transaction_.PutPurchase(*contest->winner));
  }
  return absl::OkStatus();
}

absl::Status BatchFold::Run(absl::Span<const LoggedRows> records,
                            absl::Span<const PurchasePlace> places, storage::LogPosition position,
                            absl::Span<storage::FoldOutcome> outcomes) {
  outcome_ = outcomes.data();
  CLV_RETURN_IF_ERROR(ReadWinners(records, places));
  CLV_RETURN_IF_ERROR(Merge(records, places));
  CLV_RETURN_IF_ERROR(WriteFacts());
  return RecomputeCustomers(touched_, values_, position, transaction_);
}

absl::Status RecomputeCustomers(const ByKey<int64_t>& touched, const ByKey<CustomerValue>& values,
                                storage::LogPosition position,
                                storage::FoldTransaction& transaction) {
  for (const std::string& customer_id : SortedKeys(touched)) {
    const int64_t updated_at = touched.at(customer_id);
    CLV_ASSIGN_OR_RETURN(const storage::CustomerFacts facts, transaction.FactsOf(customer_id));
    if (facts.empty()) {
      // The last fact moved away or was removed: as if the customer had never been named.
      CLV_RETURN_IF_ERROR(transaction.RemoveValue(customer_id));
      continue;
    }
    CustomerValue value = ValueOf(customer_id, facts);
    const auto stored = values.find(customer_id);
    value.updated_at =
        stored == values.end() ? updated_at : std::max(stored->second.updated_at, updated_at);
    value.folded_position = position;
    CLV_RETURN_IF_ERROR(transaction.PutValue(value));
  }
  return absl::OkStatus();
}

}  // namespace clv::aggregation
