#include "services/query/projection/rare_list.h"

#include <algorithm>

namespace clv::query {

using storage::RareFacts;

RareFacts RareList::Of(size_t i) const {
  RareFacts facts;
  if (const storage::ImportedRecord* const imported = ImportedOf(i)) facts.imported = *imported;
  const Rows rows = RowsOf(i);
  facts.rows.assign(rows.begin(), rows.end());
  const absl::Span<const uint32_t> unconverted = UnconvertedOf(i);
  facts.unconverted_dates.assign(unconverted.begin(), unconverted.end());
  return facts;
}

std::vector<RareList::Facts> RareList::All() const {
  std::vector<Facts> all;
  all.reserve(size());
  ForEachOf(mask_, [&](size_t i) { all.emplace_back(i, Of(i)); });
  return all;
}

void RareList::Put(size_t i, const RareFacts& facts) {
  if (!Has(i) && facts.empty()) return;
  const CustomerBits bit = CustomerBits{1} << i;
  List::Flat flat;
  ForEachOf(mask_ | bit, [&](size_t other) {
    if (other != i) {
      flat.Append(ImportedOf(other), RowsOf(other), UnconvertedOf(other));
    } else if (!facts.empty()) {
      flat.Append(facts);
    }
  });
  mask_ = facts.empty() ? mask_ & ~bit : mask_ | bit;
  list_ = mask_ != 0 ? std::make_shared<const List>(flat) : nullptr;
}

RareList RareList::Of(const std::vector<Facts>& all) {
  RareList list;
  if (all.empty()) return list;
  List::Flat flat;
  for (const auto& [i, facts] : all) {
    list.mask_ |= CustomerBits{1} << i;
    flat.Append(facts);
  }
  list.list_ = std::make_shared<const List>(flat);
  return list;
}

void RareList::List::Flat::Append(const storage::ImportedRecord* record,
                                  absl::Span<const storage::OrderRow> of_rows,
                                  absl::Span<const uint32_t> of_dates) {
  imported_counts.push_back(record != nullptr ? 1 : 0);
  row_counts.push_back(of_rows.size());
  date_counts.push_back(of_dates.size());
  if (record != nullptr) imported.push_back(*record);
  rows.insert(rows.end(), of_rows.begin(), of_rows.end());
  dates.insert(dates.end(), of_dates.begin(), of_dates.end());
}

RareList::List::Ends::Ends(const std::vector<size_t>& counts) {
  if (std::all_of(counts.begin(), counts.end(), [](size_t count) { return count == 0; })) return;
  ends_.reserve(counts.size());
  size_t end = 0;
  for (const size_t count : counts) ends_.push_back(static_cast<uint32_t>(end += count));
}

size_t RareList::List::bytes() const {
  return sizeof(*this) - sizeof(rows_) + rows_.bytes() + row_ends_.bytes() +
         imported_ends_.bytes() + date_ends_.bytes() + imported_.capacity() * sizeof(imported_[0]) +
         dates_.capacity() * sizeof(dates_[0]);
}

}  // namespace clv::query
