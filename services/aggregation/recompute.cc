#include "services/aggregation/recompute.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "services/aggregation/columns.h"
#include "services/aggregation/fold.h"

namespace clv::aggregation {
namespace {

constexpr int kSlice = 500;
constexpr uint64_t kScratchRowsPerFold = 50'000;
constexpr size_t kShownDifferences = 20;
// An erasure that ended took its rows, and what says that they are to be ignored, out of the log
// between two reads of it.
constexpr char kErasedMeanwhile[] = "a customer was erased meanwhile; start the verification again";

// Gathers differences between rows that should be equal.
class Comparison {
 public:
  explicit Comparison(RecomputeProgress* progress) : progress_(*progress) {}

  // Compares column by column; an absent row counts as one difference in the column `(row)`.
  void Compare(const std::string& subject, const std::optional<Columns>& stored,
               const std::optional<Columns>& recomputed) {
    if (!stored && !recomputed) return;
    if (!stored || !recomputed) {
      ++progress_.values_checked;
      Add(subject, "(row)", stored ? "present" : "absent", recomputed ? "present" : "absent");
      return;
    }
    for (size_t i = 0; i < stored->size(); ++i) {
      ++progress_.values_checked;
      const auto& [column, value] = (*stored)[i];
      if (value != (*recomputed)[i].second) Add(subject, column, value, (*recomputed)[i].second);
    }
  }

 private:
  void Add(const std::string& subject, const std::string& column, const std::string& stored,
           const std::string& recomputed) {
    ++progress_.difference_count;
    if (progress_.differences.size() >= kShownDifferences) return;
    const bool is_personal = column == "name" || column == "email";
    progress_.differences.push_back(
        {subject, column, is_personal ? "(text)" : stored, is_personal ? "(text)" : recomputed});
  }

  RecomputeProgress& progress_;
};

template <typename Row>
std::optional<Columns> ColumnsOfFound(const storage::ByKey<Row>& rows, const std::string& key) {
  const auto found = rows.find(key);
  return found == rows.end() ? std::nullopt : std::optional<Columns>(ColumnsOf(found->second));
}

std::optional<Columns> WithReceipt(const storage::ByKey<storage::CustomerValue>& rows,
                                   const std::string& key) {
  std::optional<Columns> columns = ColumnsOfFound(rows, key);
  if (columns) columns->emplace_back("updated_at", std::to_string(rows.at(key).updated_at));
  return columns;
}

// Calls `visit` with slices of the customers of a state, or of two, until there are no more.
absl::Status ForEachSlice(
    storage::ClvReadTransaction& state, storage::ClvReadTransaction* other,
    const std::function<absl::Status(const std::vector<std::string>&)>& visit) {
  std::string after;
  while (true) {
    CLV_ASSIGN_OR_RETURN(std::vector<std::string> ids, state.CustomersAfter(after, kSlice));
    if (other != nullptr) {
      CLV_ASSIGN_OR_RETURN(const std::vector<std::string> more,
                           other->CustomersAfter(after, kSlice));
      // Up to the end of the shorter full slice both lists are complete.
      std::string end;
      if (ids.size() == kSlice) end = ids.back();
      if (more.size() == kSlice && (end.empty() || more.back() < end)) end = more.back();
      ids.insert(ids.end(), more.begin(), more.end());
      std::sort(ids.begin(), ids.end());
      ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
      if (!end.empty()) ids.erase(std::upper_bound(ids.begin(), ids.end(), end), ids.end());
    }
    if (ids.empty()) return absl::OkStatus();
    CLV_RETURN_IF_ERROR(visit(ids));
    after = ids.back();
  }
}

void CountInto(const storage::CustomerValue& value, storage::FactCounts* counts) {
  ++counts->customers;
  counts->purchases +=
      static_cast<uint64_t>(value.summary.visible_rows + value.summary.unconverted_rows);
  counts->customer_rows += value.described ? 1 : 0;
  counts->import_rows += value.imported ? 1 : 0;
  const bool has_order = value.summary.purchase_count >= 1;
  counts->buyers += has_order ? 1 : 0;
  counts->repeat_buyers += has_order && value.summary.repeat_order_days >= 1 ? 1 : 0;
}

absl::Status Cancelled() { return absl::CancelledError("the process is ending"); }

absl::Status CompareFacts(const std::string& id, storage::ClvReadTransaction& stored,
                          storage::ClvReadTransaction& recomputed, Comparison* comparison) {
  CLV_ASSIGN_OR_RETURN(const auto purchases, stored.PurchasesOf(id));
  CLV_ASSIGN_OR_RETURN(const auto expected, recomputed.PurchasesOf(id));
  storage::ByKey<domain::Purchase> by_id;
  for (const domain::Purchase& purchase : expected) by_id.emplace(purchase.purchase_id, purchase);
  for (const domain::Purchase& purchase : purchases) {
    comparison->Compare("purchases " + purchase.purchase_id, ColumnsOf(purchase),
                        ColumnsOfFound(by_id, purchase.purchase_id));
    by_id.erase(purchase.purchase_id);
  }
  for (const auto& [purchase_id, purchase] : by_id) {
    comparison->Compare("purchases " + purchase_id, std::nullopt, ColumnsOf(purchase));
  }
  return absl::OkStatus();
}

absl::Status FoldWholeLog(storage::EventReader& log, storage::LogPosition last,
                          const std::string& reporting_currency, storage::ClvStore& scratch) {
  CLV_RETURN_IF_ERROR(AdoptReportingCurrency(scratch, reporting_currency));
  const FoldOptions options{
      .reporting_currency = reporting_currency,
      .read_log =
          [&](storage::LogPosition after) { return log.ReadAfter(after, kScratchRowsPerFold); },
      .open_erasures = [&] { return log.OpenErasures(); }};
  for (storage::LogPosition position = 0; position < last;) {
    CLV_ASSIGN_OR_RETURN(std::vector<storage::LoggedRecord> records,
                         log.ReadAfter(position, kScratchRowsPerFold));
    if (records.empty()) {
      return absl::DataLossError(
          absl::StrCat("the log ends at ", position, ", the fold is at ", last));
    }
    std::vector<LoggedRows> rows;
    for (const storage::LoggedRecord& record : records) {
      if (record.position <= last) rows.push_back(DecodeRecord(record));
    }
    CLV_ASSIGN_OR_RETURN(const auto transaction, scratch.Begin());
    CLV_RETURN_IF_ERROR(Fold(rows, options, *transaction).status());
    position = rows.back().position;
    CLV_RETURN_IF_ERROR(transaction->Commit(position));
  }
  return absl::OkStatus();
}

// Writes the rows of the next customers after `after` again; their ids, none at the end.
absl::StatusOr<std::vector<std::string>> RebuildSlice(const std::string& after,
                                                      storage::FoldTransaction& transaction) {
  CLV_ASSIGN_OR_RETURN(const std::vector<std::string> ids,
                       transaction.CustomersAfter(after, kSlice));
  CLV_ASSIGN_OR_RETURN(const auto values, transaction.FindValues(ids));
  for (const std::string& id : ids) {
    CLV_ASSIGN_OR_RETURN(const storage::CustomerFacts facts, transaction.FactsOf(id));
    if (facts.empty()) {
      CLV_RETURN_IF_ERROR(transaction.RemoveValue(id));
      continue;
    }
    storage::CustomerValue value = ValueOf(id, facts);
    const auto stored = values.find(id);
    if (stored != values.end()) value.updated_at = stored->second.updated_at;
    value.folded_position = transaction.checkpoint();
    CLV_RETURN_IF_ERROR(transaction.PutValue(value));
  }
  return ids;
}

}  // namespace

absl::StatusOr<RecomputeProgress> VerifyFromFacts(storage::ClvStore& store,
                                                  const ReportProgress& report) {
  CLV_ASSIGN_OR_RETURN(const auto state, store.Read());
  RecomputeProgress progress{.folded_position = state->checkpoint()};
  CLV_ASSIGN_OR_RETURN(const storage::FactCounts counts, state->CountFacts());
  progress.customers_total = counts.customers;
  Comparison comparison(&progress);
  storage::FactCounts found;
  CLV_RETURN_IF_ERROR(
      ForEachSlice(*state, nullptr, [&](const std::vector<std::string>& ids) -> absl::Status {
        CLV_ASSIGN_OR_RETURN(const auto values, state->FindValues(ids));
        for (const std::string& id : ids) {
          const auto value = values.find(id);
          if (value != values.end()) CountInto(value->second, &found);
          CLV_ASSIGN_OR_RETURN(const storage::CustomerFacts facts, state->FactsOf(id));
          comparison.Compare(
              "customer_clv " + id, ColumnsOfFound(values, id),
              facts.empty() ? std::nullopt : std::optional<Columns>(ColumnsOf(ValueOf(id, facts))));
        }
        progress.customers_done += ids.size();
        return report(progress) ? absl::OkStatus() : Cancelled();
      }));
  comparison.Compare("fact_counts", ColumnsOf(counts), ColumnsOf(found));
  return progress;
}

absl::StatusOr<RecomputeProgress> VerifyFromLog(storage::ClvStore& store, storage::EventReader& log,
                                                storage::ClvStore& scratch,
                                                const std::string& reporting_currency,
                                                const ReportProgress& report) {
  CLV_ASSIGN_OR_RETURN(const auto state, store.Read());
  RecomputeProgress progress{.folded_position = state->checkpoint()};
  CLV_ASSIGN_OR_RETURN(const storage::LogLag lag, log.LagAfter(0));
  if (state->checkpoint() > 0 && lag.first_retained_position != 1) {
    return absl::FailedPreconditionError(
        absl::StrCat("from_log: the log is retained from position ", lag.first_retained_position,
                     ", want 1 (start with --log-retention=all to keep it whole)"));
  }
  CLV_ASSIGN_OR_RETURN(const auto erasures_before, log.OpenErasures());
  CLV_RETURN_IF_ERROR(FoldWholeLog(log, state->checkpoint(), reporting_currency, scratch));
  CLV_ASSIGN_OR_RETURN(const auto erasures_after, log.OpenErasures());
  if (!std::includes(erasures_after.begin(), erasures_after.end(), erasures_before.begin(),
                     erasures_before.end())) {
    return absl::AbortedError(kErasedMeanwhile);
  }
  CLV_ASSIGN_OR_RETURN(const auto expected, scratch.Read());
  CLV_ASSIGN_OR_RETURN(const storage::FactCounts counts, expected->CountFacts());
  progress.customers_total = counts.customers;
  Comparison comparison(&progress);
  CLV_RETURN_IF_ERROR(ForEachSlice(
      *state, expected.get(), [&](const std::vector<std::string>& ids) -> absl::Status {
        CLV_ASSIGN_OR_RETURN(const auto values, state->FindValues(ids));
        CLV_ASSIGN_OR_RETURN(const auto expected_values, expected->FindValues(ids));
        CLV_ASSIGN_OR_RETURN(const auto customers, state->FindCustomers(ids));
        CLV_ASSIGN_OR_RETURN(const auto expected_customers, expected->FindCustomers(ids));
        CLV_ASSIGN_OR_RETURN(const auto imports, state->FindImports(ids));
        CLV_ASSIGN_OR_RETURN(const auto expected_imports, expected->FindImports(ids));
        for (const std::string& id : ids) {
          comparison.Compare("customer_clv " + id, WithReceipt(values, id),
                             WithReceipt(expected_values, id));
          comparison.Compare("customers " + id, ColumnsOfFound(customers, id),
                             ColumnsOfFound(expected_customers, id));
          comparison.Compare("customer_clv_imports " + id, ColumnsOfFound(imports, id),
                             ColumnsOfFound(expected_imports, id));
          CLV_RETURN_IF_ERROR(CompareFacts(id, *state, *expected, &comparison));
        }
        progress.customers_done += ids.size();
        return report(progress) ? absl::OkStatus() : Cancelled();
      }));
  return progress;
}

absl::StatusOr<RecomputeProgress> Rebuild(storage::ClvStore& store, const ReportProgress& report) {
  RecomputeProgress progress;
  std::string after;
  while (true) {
    CLV_ASSIGN_OR_RETURN(const auto transaction, store.Begin());
    progress.folded_position = transaction->checkpoint();
    if (after.empty()) CLV_RETURN_IF_ERROR(transaction->RecountFacts());
    CLV_ASSIGN_OR_RETURN(const std::vector<std::string> ids, RebuildSlice(after, *transaction));
    if (ids.empty()) return progress;
    CLV_RETURN_IF_ERROR(transaction->Commit(transaction->checkpoint()));
    progress.values_checked += ids.size();
    progress.customers_done += ids.size();
    progress.customers_total = std::max(progress.customers_total, progress.customers_done);
    after = ids.back();
    if (!report(progress)) return Cancelled();
  }
}

absl::Status AdoptReportingCurrency(storage::ClvStore& store, const std::string& currency) {
  CLV_ASSIGN_OR_RETURN(const auto transaction, store.Begin());
  if (transaction->reporting_currency() == currency) return absl::OkStatus();
  CLV_RETURN_IF_ERROR(transaction->PutReportingCurrency(currency));
  std::string after;
  while (true) {
    CLV_ASSIGN_OR_RETURN(const std::vector<std::string> ids, RebuildSlice(after, *transaction));
    if (ids.empty()) return transaction->Commit(transaction->checkpoint());
    after = ids.back();
  }
}

}  // namespace clv::aggregation
