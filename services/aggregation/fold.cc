#include "services/aggregation/fold.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/numeric/int128.h"
#include "common/base/status_macros.h"
#include "common/domain/winner.h"
#include "common/wire/log_codec.h"

namespace clv::aggregation {
namespace {

using domain::Customer;
using domain::ImportedClv;
using domain::Purchase;
using storage::ByKey;
using storage::CustomerValue;
using storage::DataSource;

constexpr int64_t kMaxImportedOrders = 1'000'000'000'000'000;

// The present and the next winner of one key.
template <typename Row>
struct Contest {
  std::optional<Row> stored;
  std::optional<Row> winner;

  bool changed() const { return winner != stored; }
};

template <typename Row>
using Contests = ByKey<Contest<Row>>;

// In byte order, which is that of the B-trees.
template <typename Row>
std::vector<std::string> SortedKeys(const ByKey<Row>& rows) {
  std::vector<std::string> keys;
  keys.reserve(rows.size());
  for (const auto& [key, row] : rows) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  return keys;
}

template <typename Row>
void Enter(ByKey<Row> stored, Contests<Row>* contests) {
  for (auto& [key, row] : stored) {
    Contest<Row>& contest = contests->at(key);
    contest.winner = row;
    contest.stored = std::move(row);
  }
}

// One fold in the making. Everything a fold reads is read before anything is written.
class BatchFold {
 public:
  BatchFold(const std::string& reporting_currency, storage::FoldTransaction& transaction)
      : reporting_currency_(reporting_currency), transaction_(transaction) {}

  absl::Status ReadWinners(absl::Span<const LoggedRows> records);
  absl::Status Merge(absl::Span<const LoggedRows> records);
  absl::Status WriteFacts();
  absl::Status Recompute(storage::LogPosition position);

  FoldCounts counts;

 private:
  void MergeCustomer(const LoggedRows& record, const Customer& row);
  absl::Status MergePurchase(const LoggedRows& record, uint32_t index, Purchase row);
  absl::Status MergeImport(const LoggedRows& record, uint32_t index, const ImportedClv& row);
  absl::Status Refuse(const LoggedRows& record, uint32_t index, DataSource data_source,
                      const std::string& key, std::string reason);
  // Whether the customer's gross stays within int64 when `added` joins and `removed` leaves.
  bool Fits(const std::string& customer_id, int64_t added, int64_t removed) const;
  void Touch(const std::string& customer_id, const LoggedRows& record);

  const std::string& reporting_currency_;
  storage::FoldTransaction& transaction_;
  Contests<Customer> customers_;
  Contests<Purchase> purchases_;
  Contests<ImportedClv> imports_;
  ByKey<CustomerValue> values_;  // as stored
  ByKey<int64_t> touched_;       // greatest receipt time
  ByKey<int64_t> gross_;         // of the winners so far, for every customer that the batch names
};

absl::Status BatchFold::ReadWinners(absl::Span<const LoggedRows> records) {
  for (const LoggedRows& record : records) {
    for (const Customer& row : record.customers) customers_[row.customer_id];
    for (const Purchase& row : record.purchases) {
      purchases_[row.purchase_id];
      gross_[row.customer_id];
    }
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
  ++counts.dead_letters;
  return transaction_.AddDeadLetter({.position = record.position,
                                     .row_index = index,
                                     .data_source = data_source,
                                     .key = key,
                                     .reason = std::move(reason)});
}

void BatchFold::MergeCustomer(const LoggedRows& record, const Customer& row) {
  std::optional<Customer>& winner = customers_.at(row.customer_id).winner;
  if (!domain::Replaces(winner ? &*winner : nullptr, row)) return;
  Touch(row.customer_id, record);
  winner = row;
  ++counts.winners;
}

absl::Status BatchFold::MergePurchase(const LoggedRows& record, uint32_t index, Purchase row) {
  if (row.currency.empty()) row.currency = reporting_currency_;
  std::optional<Purchase>& winner = purchases_.at(row.purchase_id).winner;
  if (!domain::Replaces(winner ? &*winner : nullptr, row)) return absl::OkStatus();
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
  ++counts.winners;
  return absl::OkStatus();
}

absl::Status BatchFold::MergeImport(const LoggedRows& record, uint32_t index,
                                    const ImportedClv& row) {
  std::optional<ImportedClv>& winner = imports_.at(row.customer_id).winner;
  if (!domain::Replaces(winner ? &*winner : nullptr, row)) return absl::OkStatus();
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
  ++counts.winners;
  return absl::OkStatus();
}

absl::Status BatchFold::Merge(absl::Span<const LoggedRows> records) {
  for (const LoggedRows& record : records) {
    if (!record.undecodable.empty()) {
      CLV_RETURN_IF_ERROR(
          Refuse(record, 0, DataSource::kPurchases, "the whole record", record.undecodable));
    }
    counts.rows += record.size();
    for (const Customer& row : record.customers) MergeCustomer(record, row);
    uint32_t index = 0;
    for (const Purchase& row : record.purchases) {
      CLV_RETURN_IF_ERROR(MergePurchase(record, index++, row));
    }
    index = 0;
    for (const ImportedClv& row : record.customer_clvs) {
      CLV_RETURN_IF_ERROR(MergeImport(record, index++, row));
    }
  }
  return absl::OkStatus();
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
  std::vector<const Contest<Purchase>*> changed;
  for (const auto& [id, contest] : purchases_) {
    if (contest.changed()) changed.push_back(&contest);
  }
  // In the order of the table's key, which begins with the customer.
  std::sort(changed.begin(), changed.end(), [](const auto* a, const auto* b) {
    return std::tie(a->winner->customer_id, a->winner->purchase_id) <
           std::tie(b->winner->customer_id, b->winner->purchase_id);
  });
  for (const Contest<Purchase>* contest : changed) {
    if (contest->stored && contest->stored->customer_id != contest->winner->customer_id) {
      CLV_RETURN_IF_ERROR(
          transaction_.RemovePurchase(contest->stored->customer_id, contest->stored->purchase_id));
    }
    CLV_RETURN_IF_ERROR(transaction_.PutPurchase(*contest->winner));
  }
  return absl::OkStatus();
}

absl::Status BatchFold::Recompute(storage::LogPosition position) {
  counts.customers = touched_.size();
  for (const std::string& customer_id : SortedKeys(touched_)) {
    const int64_t updated_at = touched_.at(customer_id);
    CLV_ASSIGN_OR_RETURN(const storage::CustomerFacts facts, transaction_.FactsOf(customer_id));
    if (facts.empty()) {
      // The last purchase moved away: as if the customer had never been named.
      CLV_RETURN_IF_ERROR(transaction_.RemoveValue(customer_id));
      continue;
    }
    CustomerValue value = ValueOf(customer_id, facts);
    const auto stored = values_.find(customer_id);
    value.updated_at =
        stored == values_.end() ? updated_at : std::max(stored->second.updated_at, updated_at);
    value.folded_position = position;
    CLV_RETURN_IF_ERROR(transaction_.PutValue(value));
  }
  return absl::OkStatus();
}

}  // namespace

LoggedRows DecodeRecord(const storage::LoggedRecord& record) {
  LoggedRows rows{.position = record.position, .received_at_seconds = record.received_at_seconds};
  absl::StatusOr<wire::LogRows> decoded = wire::DecodeLogRecord(record.payload);
  if (!decoded.ok()) {
    rows.undecodable = std::string(decoded.status().message());
    return rows;
  }
  rows.customers = std::move(decoded->customers);
  rows.purchases = std::move(decoded->purchases);
  rows.customer_clvs = std::move(decoded->customer_clvs);
  return rows;
}

storage::CustomerValue ValueOf(const std::string& customer_id,
                               const storage::CustomerFacts& facts) {
  const domain::Customer* customer = facts.customer ? &*facts.customer : nullptr;
  const domain::ImportedClv* imported = facts.imported ? &*facts.imported : nullptr;
  return {.customer_id = customer_id,
          .attributes = domain::AttributesOf(customer, imported),
          .described = customer != nullptr,
          .imported = imported != nullptr,
          .signup_date = customer != nullptr ? customer->signup_date : std::nullopt,
          .summary = domain::Summarize(facts.purchases, imported)};
}

absl::StatusOr<FoldCounts> Fold(absl::Span<const LoggedRows> records,
                                const std::string& reporting_currency,
                                storage::FoldTransaction& transaction) {
  if (records.empty()) return FoldCounts{};
  BatchFold fold(reporting_currency, transaction);
  CLV_RETURN_IF_ERROR(fold.ReadWinners(records));
  CLV_RETURN_IF_ERROR(fold.Merge(records));
  CLV_RETURN_IF_ERROR(fold.WriteFacts());
  CLV_RETURN_IF_ERROR(fold.Recompute(records.back().position));
  return fold.counts;
}

}  // namespace clv::aggregation
