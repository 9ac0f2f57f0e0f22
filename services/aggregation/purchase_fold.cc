#include "services/aggregation/purchase_fold.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "absl/numeric/int128.h"
#include "common/base/status_macros.h"
#include "common/base/text_hash.h"
#include "common/domain/winner.h"
#include "services/aggregation/hash_order.h"

namespace clv::aggregation {
namespace {

using storage::CustomerInFold;
using storage::PurchaseChange;
using storage::PurchaseFact;

absl::int128 Magnitude(int64_t amount_micros) {
  const absl::int128 amount = amount_micros;
  return amount < 0 ? -amount : amount;
}

// Whether the absolute amounts of all rows together stay so small that no order of folding them can
// take a customer beyond int64, see FoldTransaction::has_large_gross. Imported totals count too:
// they are merged after the purchases, wherever in the log they stand.
bool AmountsAreSmall(absl::Span<const LoggedRows> records) {
  absl::int128 sum = 0;
  for (const LoggedRows& record : records) {
    for (const wire::PurchaseBatch::Row& row : record.purchases.rows) {
      sum += Magnitude(row.amount_micros);
    }
    for (const domain::ImportedClv& row : record.customer_clvs) {
      sum += Magnitude(row.total_spend_micros);
    }
  }
  return sum < storage::kLargeGross - 1;
}

}  // namespace

absl::Status PurchaseFold::Gather(absl::Span<const LoggedRows> records) {
  CLV_ASSIGN_OR_RETURN(reporting_text_, transaction_.InternText(reporting_currency_));
  size_t rows = 0;
  for (const LoggedRows& record : records) rows += record.purchases.rows.size();
  candidates_.reserve(rows);
  std::vector<storage::TextId> texts;
  for (uint32_t record = 0; record < records.size(); ++record) {
    const wire::PurchaseBatch& batch = records[record].purchases;
    texts.clear();
    for (const std::string_view text : batch.texts) {
      CLV_ASSIGN_OR_RETURN(const storage::TextId id, transaction_.InternText(text));
      texts.push_back(id);
    }
    for (uint32_t row = 0; row < batch.rows.size(); ++row) {
      using Batch = wire::PurchaseBatch;
      const Batch::Row& from = batch.rows[row];
      const storage::TextId currency = texts[from.texts[Batch::kCurrency]];
      candidates_.push_back(
          {.fact = {.purchase_id = from.purchase_id,
                    .order_id = from.order_id,
                    .amount_micros = from.amount_micros,
                    .date = from.date,
                    .created_at = from.created_at,
                    .currency = currency != 0 ? currency : reporting_text_,
                    .product_id = texts[from.texts[Batch::kProductId]],
                    .product_name = texts[from.texts[Batch::kProductName]],
                    .product_category = texts[from.texts[Batch::kProductCategory]],
                    .payment_method = texts[from.texts[Batch::kPaymentMethod]]},
           .customer_id = from.customer_id,
           .place = {record, row},
           .key_hash = TextHash(from.purchase_id)});
    }
  }
  return absl::OkStatus();
}

absl::Status PurchaseFold::AskForKeys() {
  std::vector<std::string_view> ids;
  ids.reserve(candidates_.size());
  for (const Candidate& candidate : candidates_) ids.push_back(candidate.fact.purchase_id);
  CLV_ASSIGN_OR_RETURN(const std::vector<bool> may_be_stored, transaction_.MayHold(ids));
  for (size_t i = 0; i < candidates_.size(); ++i) candidates_[i].may_be_stored = may_be_stored[i];
  return absl::OkStatus();
}

void PurchaseFold::LeaveSharedKeys() {
  std::vector<uint64_t> hashes;
  hashes.reserve(candidates_.size());
  for (const Candidate& candidate : candidates_) hashes.push_back(candidate.key_hash);
  const std::vector<uint32_t> order = HashOrder(hashes);
  for (size_t begin = 0; begin < order.size();) {
    const Candidate& first = candidates_[order[begin]];
    bool is_left = first.customer_id.empty();
    size_t end = begin + 1;
    for (; end < order.size() && candidates_[order[end]].key_hash == first.key_hash; ++end) {
      is_left |= candidates_[order[end]].customer_id != first.customer_id;
    }
    if (is_left) {
      for (size_t i = begin; i < end; ++i) candidates_[order[i]].is_left = true;
    }
    begin = end;
  }
}

void PurchaseFold::GroupByCustomer() {
  std::vector<uint64_t> hashes;
  hashes.reserve(candidates_.size());
  for (const Candidate& candidate : candidates_) hashes.push_back(TextHash(candidate.customer_id));
  by_customer_ = HashOrder(hashes);
  // Customers that share a hash are told apart.
  for (size_t begin = 0; begin < by_customer_.size();) {
    size_t end = begin + 1;
    bool is_mixed = false;
    for (; end < by_customer_.size() && hashes[by_customer_[end]] == hashes[by_customer_[begin]];
         ++end) {
      is_mixed |= candidates_[by_customer_[end]].customer_id !=
                  candidates_[by_customer_[begin]].customer_id;
    }
    if (is_mixed) {
      std::stable_sort(by_customer_.begin() + begin, by_customer_.begin() + end,
                       [&](uint32_t a, uint32_t b) {
                         return candidates_[a].customer_id < candidates_[b].customer_id;
                       });
    }
    begin = end;
  }
  std::erase_if(by_customer_, [&](uint32_t i) { return candidates_[i].is_left; });
  for (uint32_t i = 0; i < by_customer_.size(); ++i) {
    const std::string_view customer_id = candidates_[by_customer_[i]].customer_id;
    if (groups_.empty() || groups_.back().customer_id != customer_id) {
      groups_.push_back({customer_id, i, i});
    }
    groups_.back().end = i + 1;
  }
  // In the order of the B-trees.
  std::sort(groups_.begin(), groups_.end(),
            [](const Group& a, const Group& b) { return a.customer_id < b.customer_id; });
}

absl::StatusOr<bool> PurchaseFold::MergeKey(absl::Span<const uint32_t> versions,
                                            const PurchaseFact* stored,
                                            std::vector<PurchaseChange>& changes) {
  if (stored == nullptr && candidates_[versions.front()].may_be_stored) {
    CLV_ASSIGN_OR_RETURN(const bool lies_elsewhere,
                         transaction_.Holds(candidates_[versions.front()].fact.purchase_id));
    if (lies_elsewhere) {
      for (const uint32_t i : versions) candidates_[i].is_left = true;
      return false;
    }
  }
  const PurchaseFact* winner = stored;
  for (const uint32_t i : versions) {
    const Candidate& candidate = candidates_[i];
    if (domain::Replaces(winner, candidate.fact)) {
      winner = &candidate.fact;
      received_at_seconds_ =
          std::max(received_at_seconds_, records_[candidate.place.record].received_at_seconds);
      ++winners_;
      continue;
    }
    storage::FoldOutcome& outcome = outcomes_[candidate.place.record];
    ++(*winner == candidate.fact ? outcome.duplicate_rows : outcome.superseded_rows);
  }
  if (winner == nullptr) return false;
  merged_.push_back(*winner);
  if (winner == stored) return false;
  const bool differs = stored == nullptr || *stored != *winner;
  if (differs) {
    changes.push_back(
        {.before = stored != nullptr ? std::optional(*stored) : std::nullopt, .after = *winner});
  }
  return true;
}

void PurchaseFold::Recompute(int64_t received_at_seconds, storage::LogPosition position,
                             CustomerInFold& customer) {
  amounts_.clear();
  for (const PurchaseFact& fact : customer.purchases) {
    amounts_.push_back({.order_id = fact.order(),
                        .amount_micros = fact.amount_micros,
                        .date = fact.date,
                        .in_reporting_currency = fact.currency == reporting_text_});
  }
  if (!customer.value) {
    // Nobody has described or imported them: such customers have a row already.
    customer.value = storage::CustomerValue{.customer_id = std::string(customer.customer_id),
                                            .attributes = domain::AttributesOf(nullptr, nullptr)};
  }
  customer.value->summary = domain::Summarize(amounts_, customer.imported);
  customer.value->updated_at = std::max(customer.value->updated_at, received_at_seconds);
  customer.value->folded_position = position;
}

absl::StatusOr<bool> PurchaseFold::FoldGroup(const Group& group, storage::LogPosition position,
                                             CustomerInFold& customer,
                                             std::vector<PurchaseChange>& changes) {
  const auto key = [&](uint32_t i) { return candidates_[i].fact.purchase_id; };
  const auto rows = absl::MakeSpan(by_customer_).subspan(group.begin, group.end - group.begin);
  std::sort(rows.begin(), rows.end(), [&](uint32_t a, uint32_t b) {
    const int order = key(a).compare(key(b));
    return order != 0 ? order < 0 : a < b;
  });
  merged_.clear();
  received_at_seconds_ = 0;
  bool is_touched = false;
  auto stored = customer.purchases.begin();
  for (size_t begin = 0; begin < rows.size();) {
    size_t end = begin + 1;
    while (end < rows.size() && key(rows[end]) == key(rows[begin])) ++end;
    while (stored != customer.purchases.end() && stored->purchase_id < key(rows[begin])) {
      merged_.push_back(*stored++);
    }
    const bool is_stored =
        stored != customer.purchases.end() && stored->purchase_id == key(rows[begin]);
    CLV_ASSIGN_OR_RETURN(const bool has_won, MergeKey(rows.subspan(begin, end - begin),
                                                      is_stored ? &*stored : nullptr, changes));
    is_touched |= has_won;
    if (is_stored) ++stored;
    begin = end;
  }
  if (!is_touched) return false;
  merged_.insert(merged_.end(), stored, customer.purchases.end());
  customer.purchases.swap(merged_);
  Recompute(received_at_seconds_, position, customer);
  ++customers_;
  return true;
}

absl::StatusOr<std::vector<PurchasePlace>> PurchaseFold::Run(
    absl::Span<const LoggedRows> records, storage::LogPosition position,
    absl::Span<storage::FoldOutcome> outcomes) {
  records_ = records;
  outcomes_ = outcomes;
  CLV_RETURN_IF_ERROR(Gather(records));
  if (candidates_.empty()) return std::vector<PurchasePlace>();
  if (transaction_.has_large_gross() || !AmountsAreSmall(records)) {
    for (Candidate& candidate : candidates_) candidate.is_left = true;
  } else {
    CLV_RETURN_IF_ERROR(AskForKeys());
    LeaveSharedKeys();
    GroupByCustomer();
    std::vector<std::string_view> customer_ids;
    customer_ids.reserve(groups_.size());
    for (const Group& group : groups_) customer_ids.push_back(group.customer_id);
    CLV_RETURN_IF_ERROR(transaction_.FoldCustomers(
        customer_ids,
        [&](size_t i, CustomerInFold& customer, std::vector<PurchaseChange>& changes) {
          return FoldGroup(groups_[i], position, customer, changes);
        }));
  }
  std::vector<PurchasePlace> left;
  for (const Candidate& candidate : candidates_) {
    if (candidate.is_left) left.push_back(candidate.place);
  }
  return left;
}

}  // namespace clv::aggregation
