#include "services/aggregation/purchase_fold.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/text_hash.h"
#include "common/domain/winner.h"
#include "services/aggregation/hash_order.h"
#include "services/aggregation/repeated_hashes.h"

namespace clv::aggregation {
namespace {

using storage::CustomerInFold;
using storage::PurchaseChange;
using storage::PurchaseFact;

// Rows of which is asked at once whether they may be stored.
constexpr size_t kAskedAtOnce = 1'024;

absl::int128 Magnitude(int64_t amount_micros) {
  const absl::int128 amount = amount_micros;
  return amount < 0 ? -amount : amount;
}

// From so many rows on a second thread is worth its start.
constexpr size_t kRowsOfTwoThreads = 100'000;

// Calls both, on two threads if so wanted.
template <typename One, typename Other>
void AtOnce(bool on_two_threads, const One& one, const Other& other) {
  if (on_two_threads) {
    std::thread thread(other);
    one();
    thread.join();
  } else {
    one();
    other();
  }
}

// The first eight bytes, so that most ids compare as numbers.
uint64_t PrefixOf(std::string_view id) {
  uint64_t prefix = 0;
  for (size_t i = 0; i < sizeof(prefix); ++i) {
    prefix = prefix << 8 | (i < id.size() ? static_cast<uint8_t>(id[i]) : 0);
  }
  return prefix;
}

}  // namespace

absl::Status PurchaseFold::Gather(absl::Span<const LoggedRows> records) {
  CLV_ASSIGN_OR_RETURN(reporting_text_, transaction_.InternText(reporting_currency_));
  size_t rows = 0;
  for (const LoggedRows& record : records) rows += record.purchases.size();
  if (rows == 0) return absl::OkStatus();
  places_.reserve(rows);
  may_be_stored_.reserve(rows);
  is_left_.resize(rows);
  std::vector<uint64_t> key_hashes;
  std::vector<uint64_t> customer_hashes;
  key_hashes.reserve(rows);
  customer_hashes.reserve(rows);
  std::vector<std::string_view> asked;
  const auto ask = [&]() -> absl::Status {
    CLV_ASSIGN_OR_RETURN(const std::vector<bool> may_be_stored, transaction_.MayHold(asked));
    may_be_stored_.insert(may_be_stored_.end(), may_be_stored.begin(), may_be_stored.end());
    asked.clear();
    return absl::OkStatus();
  };
  texts_.resize(records.size());
  for (uint32_t record = 0; record < records.size(); ++record) {
    const wire::PurchaseBatch& batch = records[record].purchases;
    texts_[record].reserve(batch.texts().size());
    for (const std::string_view text : batch.texts()) {
      CLV_ASSIGN_OR_RETURN(const storage::TextId id, transaction_.InternText(text));
      texts_[record].push_back(id);
    }
    for (uint32_t i = 0; i < batch.size(); ++i) {
      const wire::PurchaseBatch::Row row = batch.RowAt(i);
      absolute_micros_ += Magnitude(row.amount_micros);
      is_left_[places_.size()] = row.customer_id.empty();
      places_.push_back({record, i});
      key_hashes.push_back(TextHash(row.purchase_id));
      customer_hashes.push_back(TextHash(row.customer_id));
      asked.push_back(row.purchase_id);
      if (asked.size() == kAskedAtOnce) CLV_RETURN_IF_ERROR(ask());
    }
    // Imported totals count too: they are merged after the purchases, wherever in the log they
    // stand.
    for (const domain::ImportedClv& row : records[record].customer_clvs) {
      absolute_micros_ += Magnitude(row.total_spend_micros);
    }
  }
  CLV_RETURN_IF_ERROR(ask());
  // Neither needs anything of the other.
  AtOnce(
      rows >= kRowsOfTwoThreads, [&] { LeaveSharedKeys(key_hashes); },
      [&] { by_customer_ = HashOrder(customer_hashes); });
  GroupByCustomer(customer_hashes);
  return absl::OkStatus();
}

void PurchaseFold::LeaveSharedKeys(absl::Span<const uint64_t> key_hashes) {
  RepeatedHashes repeated(key_hashes.size());
  for (const uint64_t hash : key_hashes) repeated.Add(hash);
  std::vector<std::pair<uint64_t, uint32_t>> rows;
  for (uint32_t i = 0; i < key_hashes.size(); ++i) {
    if (repeated.MayRepeat(key_hashes[i])) rows.emplace_back(key_hashes[i], i);
  }
  std::sort(rows.begin(), rows.end());
  for (size_t begin = 0; begin < rows.size();) {
    const std::string_view customer_id = RowAt(rows[begin].second).customer_id;
    bool is_left = customer_id.empty();
    size_t end = begin + 1;
    for (; end < rows.size() && rows[end].first == rows[begin].first; ++end) {
      is_left |= RowAt(rows[end].second).customer_id != customer_id;
    }
    for (; begin < end; ++begin) is_left_[rows[begin].second] = is_left;
  }
}

void PurchaseFold::GroupByCustomer(absl::Span<const uint64_t> customer_hashes) {
  std::erase_if(by_customer_, [&](uint32_t i) { return is_left_[i]; });
  const auto rows = static_cast<uint32_t>(by_customer_.size());
  const auto hash_of = [&](uint32_t i) { return customer_hashes[by_customer_[i]]; };
  uint32_t middle = rows >= kRowsOfTwoThreads ? rows / 2 : rows;
  while (middle > 0 && middle < rows && hash_of(middle) == hash_of(middle - 1)) ++middle;
  std::vector<Group> others;
  AtOnce(
      middle < rows, [&] { groups_ = GroupsOf(0, middle, hash_of); },
      [&] { others = GroupsOf(middle, rows, hash_of); });
  if (others.empty()) return;
  std::vector<Group> all(groups_.size() + others.size());
  std::merge(groups_.begin(), groups_.end(), others.begin(), others.end(), all.begin());
  groups_ = std::move(all);
}

template <typename HashOf>
std::vector<PurchaseFold::Group> PurchaseFold::GroupsOf(uint32_t begin, uint32_t end,
                                                        const HashOf& hash_of) const {
  std::vector<Group> groups;
  for (uint32_t i = begin; i < end; ++i) {
    if (i == begin || hash_of(i) != hash_of(i - 1)) {
      const std::string_view customer_id = RowAt(by_customer_[i]).customer_id;
      groups.push_back({customer_id, PrefixOf(customer_id), i, i});
    }
    groups.back().end = i + 1;
  }
  std::sort(groups.begin(), groups.end());
  return groups;
}

PurchaseFact PurchaseFold::FactOf(const wire::PurchaseBatch::Row& row, uint32_t record) const {
  using Batch = wire::PurchaseBatch;
  const std::vector<storage::TextId>& texts = texts_[record];
  const storage::TextId currency = texts[row.texts[Batch::kCurrency]];
  return {.purchase_id = row.purchase_id,
          .order_id = row.order_id,
          .amount_micros = row.amount_micros,
          .date = row.date,
          .created_at = row.created_at,
          .currency = currency != 0 ? currency : reporting_text_,
          .product_id = texts[row.texts[Batch::kProductId]],
          .product_name = texts[row.texts[Batch::kProductName]],
          .product_category = texts[row.texts[Batch::kProductCategory]],
          .payment_method = texts[row.texts[Batch::kPaymentMethod]]};
}

void PurchaseFold::ReadVersions(const Group& group) {
  versions_.clear();
  for (uint32_t i = group.begin; i < group.end; ++i) {
    const uint32_t index = by_customer_[i];
    const wire::PurchaseBatch::Row row = RowAt(index);
    if (row.customer_id == group.customer_id) {
      versions_.push_back({FactOf(row, places_[index].record), index});
    } else {
      // Another customer whose id has the same hash; all of their rows are here.
      is_left_[index] = true;
    }
  }
  std::sort(versions_.begin(), versions_.end(), [](const Version& a, const Version& b) {
    const int order = a.fact.purchase_id.compare(b.fact.purchase_id);
    return order != 0 ? order < 0 : a.index < b.index;
  });
}

void PurchaseFold::PrefetchAfter(size_t group) const {
  constexpr size_t kStep = 4;  // groups between what needs the result of the one before
  const auto rows_of = [&](size_t i) {
    return i < groups_.size() ? absl::MakeConstSpan(by_customer_)
                                    .subspan(groups_[i].begin, groups_[i].end - groups_[i].begin)
                              : absl::Span<const uint32_t>();
  };
  const auto batch_of = [&](uint32_t index) -> const wire::PurchaseBatch& {
    return records_[places_[index].record].purchases;
  };
  for (const uint32_t i : rows_of(group + 3 * kStep)) __builtin_prefetch(&places_[i]);
  for (const uint32_t i : rows_of(group + 2 * kStep)) batch_of(i).PrefetchPlace(places_[i].row);
  for (const uint32_t i : rows_of(group + kStep)) batch_of(i).PrefetchRow(places_[i].row);
}

absl::StatusOr<bool> PurchaseFold::MergeKey(absl::Span<const Version> versions,
                                            const PurchaseFact* stored,
                                            std::vector<PurchaseChange>& changes) {
  if (stored == nullptr && may_be_stored_[versions.front().index]) {
    CLV_ASSIGN_OR_RETURN(const bool lies_elsewhere,
                         transaction_.Holds(versions.front().fact.purchase_id));
    if (lies_elsewhere) {
      for (const Version& version : versions) is_left_[version.index] = true;
      return false;
    }
  }
  const PurchaseFact* winner = stored;
  for (const Version& version : versions) {
    const uint32_t record = places_[version.index].record;
    if (domain::Replaces(winner, version.fact)) {
      winner = &version.fact;
      received_at_seconds_ = std::max(received_at_seconds_, records_[record].received_at_seconds);
      ++winners_;
      continue;
    }
    storage::FoldOutcome& outcome = outcomes_[record];
    ++(*winner == version.fact ? outcome.duplicate_rows : outcome.superseded_rows);
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

domain::CustomerSummary PurchaseFold::Summarize(CustomerInFold& customer) {
  domain::SummaryBuilder builder(customer.imported);
  const std::vector<PurchaseFact>& rows = customer.purchases;
  customer.orders.Group(rows);
  for (size_t i = 0; i < rows.size(); ++i) {
    const PurchaseFact& row = rows[i];
    const bool is_visible = row.currency == reporting_text_;
    builder.AddRow(row.amount_micros, row.date, is_visible);
    if (is_visible && customer.orders.IsAlone(i)) {
      builder.AddOrder(row.date, row.amount_micros, row.amount_micros < 0);
    }
  }
  customer.orders.ForEachShared([&](absl::Span<const PurchaseFact* const> shared) {
    std::optional<int64_t> date;
    int64_t value_micros = 0;
    bool has_negative_row = false;
    for (const PurchaseFact* row : shared) {
      if (row->currency != reporting_text_) continue;
      date = std::min(date.value_or(row->date), row->date);
      value_micros += row->amount_micros;
      has_negative_row |= row->amount_micros < 0;
    }
    if (date) builder.AddOrder(*date, value_micros, has_negative_row);
  });
  return builder.Finish();
}

void PurchaseFold::Recompute(int64_t received_at_seconds, storage::LogPosition position,
                             CustomerInFold& customer) {
  if (!customer.value) {
    // Nobody has described or imported them: such customers have a row already.
    customer.value = storage::CustomerValue{.customer_id = std::string(customer.customer_id),
                                            .attributes = domain::AttributesOf(nullptr, nullptr)};
  }
  customer.value->summary = Summarize(customer);
  customer.value->updated_at = std::max(customer.value->updated_at, received_at_seconds);
  customer.value->folded_position = position;
}

absl::StatusOr<bool> PurchaseFold::FoldGroup(const Group& group, storage::LogPosition position,
                                             CustomerInFold& customer,
                                             std::vector<PurchaseChange>& changes) {
  ReadVersions(group);
  merged_.clear();
  received_at_seconds_ = 0;
  bool is_touched = false;
  auto stored = customer.purchases.begin();
  for (size_t begin = 0; begin < versions_.size();) {
    const std::string_view key = versions_[begin].fact.purchase_id;
    size_t end = begin + 1;
    while (end < versions_.size() && versions_[end].fact.purchase_id == key) ++end;
    while (stored != customer.purchases.end() && stored->purchase_id < key) {
      merged_.push_back(*stored++);
    }
    const bool is_stored = stored != customer.purchases.end() && stored->purchase_id == key;
    CLV_ASSIGN_OR_RETURN(const bool has_won,
                         MergeKey(absl::MakeConstSpan(versions_).subspan(begin, end - begin),
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
  if (places_.empty()) return std::vector<PurchasePlace>();
  // While no order of folding can take a customer beyond int64, see has_large_gross.
  if (transaction_.has_large_gross() || absolute_micros_ >= storage::kLargeGross - 1) {
    return std::move(places_);
  }
  std::vector<std::string_view> customer_ids;
  customer_ids.reserve(groups_.size());
  for (const Group& group : groups_) customer_ids.push_back(group.customer_id);
  CLV_RETURN_IF_ERROR(transaction_.FoldCustomers(
      customer_ids, [&](size_t i, CustomerInFold& customer, std::vector<PurchaseChange>& changes) {
        PrefetchAfter(i);
        return FoldGroup(groups_[i], position, customer, changes);
      }));
  std::vector<PurchasePlace> left;
  for (size_t i = 0; i < places_.size(); ++i) {
    if (is_left_[i]) left.push_back(places_[i]);
  }
  return left;
}

}  // namespace clv::aggregation
