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
  all.reserve(size() + 1);
  for (CustomerBits left = mask_; left != 0; left &= left - 1) {
    const auto i = static_cast<size_t>(std::countr_zero(left));
    all.emplace_back(i, Of(i));
  }
  return all;
}

void RareList::Put(size_t i, RareFacts facts) {
  if (!Has(i) && facts.empty()) return;
  std::vector<Facts> all = All();
  const auto at = std::lower_bound(all.begin(), all.end(), i, [](const Facts& other, size_t index) {
    return other.first < index;
  });
  if (facts.empty()) {
    all.erase(at);
  } else if (Has(i)) {
    at->second = std::move(facts);
  } else {
    all.emplace(at, i, std::move(facts));
  }
  *this = Of(all);
}

RareList RareList::Of(const std::vector<Facts>& all) {
  RareList list;
  if (all.empty()) return list;
  for (const Facts& facts : all) list.mask_ |= CustomerBits{1} << facts.first;
  list.list_ = std::make_shared<const List>(all);
  return list;
}

RareList::List::Flat::Flat(const std::vector<Facts>& all) {
  for (const auto& [i, facts] : all) {
    imported_counts.push_back(facts.imported ? 1 : 0);
    row_counts.push_back(facts.rows.size());
    date_counts.push_back(facts.unconverted_dates.size());
    if (facts.imported) imported.push_back(*facts.imported);
    rows.insert(rows.end(), facts.rows.begin(), facts.rows.end());
    dates.insert(dates.end(), facts.unconverted_dates.begin(), facts.unconverted_dates.end());
  }
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
