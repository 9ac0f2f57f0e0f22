#include "services/aggregation/fold.h"

#include <optional>
#include <utility>
#include <variant>

#include "common/base/seeded_bugs.h"
#include "common/base/status_macros.h"
#include "services/aggregation/batch_fold.h"
#include "services/aggregation/purchase_fold.h"
#include "services/aggregation/row_removal.h"

namespace clv::aggregation {
namespace {

void Add(const storage::FoldOutcome& some, storage::FoldOutcome* all) {
  all->rows += some.rows;
  all->duplicate_rows += some.duplicate_rows;
  all->superseded_rows += some.superseded_rows;
  all->dead_letters += some.dead_letters;
  all->removed_rows += some.removed_rows;
}

// A customer who was erased while a load was staged.
struct StagedErasure {
  storage::LogPosition position = 0;
  std::string customer_id;
};

// Takes out the rows of customers who were erased after the record.
void DropErased(const std::vector<StagedErasure>& erasures, LoggedRows* rows) {
  for (const StagedErasure& erasure : erasures) {
    if (erasure.position < rows->position) continue;
    const auto is_theirs = [&](const auto& row) { return row.customer_id == erasure.customer_id; };
    std::erase_if(rows->customers, is_theirs);
    rows->purchases.EraseIf(is_theirs);
    std::erase_if(rows->customer_clvs, is_theirs);
  }
}

// Folds records in order: runs of rows together, commands at their place between them.
class SequenceFold {
 public:
  SequenceFold(const FoldOptions& options, storage::FoldTransaction& transaction)
      : options_(options), transaction_(transaction) {}

  absl::Status Run(absl::Span<const LoggedRows> records) {
    size_t begin = 0;
    for (size_t i = 0; i < records.size(); ++i) {
      if (!records[i].IsCommand()) continue;
      CLV_RETURN_IF_ERROR(FoldRows(records.subspan(begin, i - begin)));
      CLV_RETURN_IF_ERROR(FoldCommand(records[i]));
      begin = i + 1;
    }
    CLV_RETURN_IF_ERROR(FoldRows(records.subspan(begin)));
    return transaction_.AddToTotals(counts_.outcome);
  }

  const FoldCounts& counts() const { return counts_; }

 private:
  absl::Status FoldRows(absl::Span<const LoggedRows> records) {
    // What is staged waits for the end of its load.
    for (size_t begin = 0; begin < records.size();) {
      if (!records[begin].load_id.empty()) {
        ++begin;
        continue;
      }
      size_t end = begin;
      while (end < records.size() && records[end].load_id.empty()) ++end;
      CLV_RETURN_IF_ERROR(FoldRun(records.subspan(begin, end - begin)));
      begin = end;
    }
    return absl::OkStatus();
  }

  absl::Status FoldRun(absl::Span<const LoggedRows> records) {
    std::vector<storage::FoldOutcome> outcomes(records.size());
    CLV_RETURN_IF_ERROR(Merge(records, records.back().position, absl::MakeSpan(outcomes)));
    for (size_t i = 0; i < records.size(); ++i) {
      Add(outcomes[i], &counts_.outcome);
      if (!records[i].wants_outcome) continue;
      CLV_RETURN_IF_ERROR(transaction_.PutOutcome(records[i].position, outcomes[i]));
    }
    return absl::OkStatus();
  }

  // The rows of the records into the facts: nearly all purchases customer by customer, then what
  // that left and the other rows one by one.
  absl::Status Merge(absl::Span<const LoggedRows> records, storage::LogPosition position,
                     absl::Span<storage::FoldOutcome> outcomes) {
    for (size_t i = 0; i < records.size(); ++i) outcomes[i].rows = records[i].size();
    PurchaseFold purchases(options_.reporting_currency, transaction_);
    CLV_ASSIGN_OR_RETURN(const std::vector<PurchasePlace> left,
                         purchases.Run(records, position, outcomes));
    counts_.winners += purchases.winners();
    counts_.customers += purchases.customers();
    return MergeOneByOne(records, left, position, outcomes);
  }

  // So many at a time, as each of them takes much memory.
  absl::Status MergeOneByOne(absl::Span<const LoggedRows> records,
                             absl::Span<const PurchasePlace> places, storage::LogPosition position,
                             absl::Span<storage::FoldOutcome> outcomes) {
    for (size_t begin = 0; begin < records.size();) {
      size_t rows = 0;
      size_t end = begin;
      std::vector<PurchasePlace> some;
      for (; end < records.size() && rows < options_.rows_one_by_one; ++end) {
        for (; !places.empty() && places.front().record == end; places.remove_prefix(1)) {
          some.push_back({static_cast<uint32_t>(end - begin), places.front().row});
          ++rows;
        }
        rows += records[end].customers.size() + records[end].customer_clvs.size();
      }
      BatchFold fold(options_.reporting_currency, transaction_);
      CLV_RETURN_IF_ERROR(fold.Run(records.subspan(begin, end - begin), some, position,
                                   outcomes.subspan(begin, end - begin)));
      counts_.winners += fold.winners();
      counts_.customers += fold.customers();
      begin = end;
    }
    return absl::OkStatus();
  }

  absl::Status FoldCommand(const LoggedRows& record) {
    storage::FoldOutcome outcome;
    bool hold_back = false;
    if (const auto* deletion = std::get_if<wire::RowDeletion>(&record.command)) {
      CLV_ASSIGN_OR_RETURN(outcome.removed_rows,
                           RemoveRows(*deletion, record.position, transaction_));
    } else if (const auto* commit = std::get_if<wire::LoadCommit>(&record.command)) {
      CLV_ASSIGN_OR_RETURN(outcome, FoldLoad(*commit, record.position));
    } else if (const auto* erasure = std::get_if<wire::CustomerErasure>(&record.command)) {
      // Without an id it is done, and the log holds nothing of the customer any more.
      if (!erasure->customer_id.empty()) {
        CLV_ASSIGN_OR_RETURN(outcome.removed_rows,
                             RemoveCustomer(erasure->customer_id, transaction_));
        hold_back = true;
        ++counts_.erasures;
      }
    }
    Add(outcome, &counts_.outcome);
    if (hold_back) return transaction_.PutOutcomeAfterScrub(record.position, outcome);
    if (record.wants_outcome) return transaction_.PutOutcome(record.position, outcome);
    return absl::OkStatus();
  }

  absl::StatusOr<storage::FoldOutcome> FoldLoad(const wire::LoadCommit& commit,
                                                storage::LogPosition position) {
    storage::FoldOutcome outcome;
    CLV_ASSIGN_OR_RETURN(outcome.removed_rows, RemoveRows(commit.replaces, position, transaction_));
    if (commit.first_position == 0) return outcome;
    CLV_ASSIGN_OR_RETURN(const std::vector<StagedErasure> erasures,
                         ErasuresWithin(commit.first_position, position));
    for (storage::LogPosition at = commit.first_position - 1; at + 1 < position;) {
      CLV_ASSIGN_OR_RETURN(const std::vector<storage::LoggedRecord> records, options_.read_log(at));
      if (records.empty()) return absl::DataLossError("event log: staged records are missing");
      std::vector<LoggedRows> staged;
      for (const storage::LoggedRecord& record : records) {
        if (record.position >= position) break;
        LoggedRows rows = DecodeRecord(record);
        if (rows.load_id != commit.load_id) continue;
        DropErased(erasures, &rows);
        staged.push_back(std::move(rows));
      }
      at = records.back().position;
      if (staged.empty()) continue;
      std::vector<storage::FoldOutcome> outcomes(staged.size());
      CLV_RETURN_IF_ERROR(Merge(staged, position, absl::MakeSpan(outcomes)));
      for (const storage::FoldOutcome& some : outcomes) Add(some, &outcome);
    }
    return outcome;
  }

  // Erasures at positions after `first` and before `end` whose customers the staged rows between
  // may still name. One that is finished has taken its rows out; one that finishes meanwhile does
  // no harm.
  absl::StatusOr<std::vector<StagedErasure>> ErasuresWithin(storage::LogPosition first,
                                                            storage::LogPosition end) {
    std::vector<StagedErasure> erasures;
    CLV_ASSIGN_OR_RETURN(const std::vector<storage::LogPosition> open, options_.open_erasures());
    for (const storage::LogPosition position : open) {
      if (position <= first || position >= end) continue;
      CLV_ASSIGN_OR_RETURN(const auto records, options_.read_log(position - 1));
      if (records.empty()) return absl::DataLossError("event log: an erasure is missing");
      const LoggedRows rows = DecodeRecord(records.front());
      const auto* erasure = std::get_if<wire::CustomerErasure>(&rows.command);
      if (erasure != nullptr) erasures.push_back({position, erasure->customer_id});
    }
    return erasures;
  }

  const FoldOptions& options_;
  storage::FoldTransaction& transaction_;
  FoldCounts counts_;
};

}  // namespace

LoggedRows DecodeRecord(storage::LoggedRecord record) {
  LoggedRows rows{.position = record.position, .received_at_seconds = record.received_at_seconds};
  absl::StatusOr<wire::PackedLogRows> decoded = wire::DecodePackedLogRecord(record.payload);
  if (!decoded.ok()) {
    rows.undecodable = std::string(decoded.status().message());
    return rows;
  }
  rows.purchases = std::move(decoded->purchases);
  rows.customers = std::move(decoded->rows.customers);
  rows.customer_clvs = std::move(decoded->rows.customer_clvs);
  if (IsSeeded(SeededBug::kMissingDeduplication)) {
    std::vector<domain::Purchase> purchases;
    for (size_t i = 0; i < rows.purchases.size(); ++i) {
      purchases.push_back(rows.purchases.PurchaseAt(i));
      purchases.back().purchase_id += "@" + std::to_string(record.position);
    }
    rows.purchases = wire::BatchOf(purchases);
  }
  rows.load_id = std::move(decoded->rows.load_id);
  rows.wants_outcome = decoded->rows.wants_outcome;
  rows.command = std::move(decoded->rows.command);
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

absl::StatusOr<FoldCounts> Fold(absl::Span<const LoggedRows> records, const FoldOptions& options,
                                storage::FoldTransaction& transaction) {
  if (records.empty()) return FoldCounts{};
  SequenceFold fold(options, transaction);
  CLV_RETURN_IF_ERROR(fold.Run(records));
  return fold.counts();
}

}  // namespace clv::aggregation
