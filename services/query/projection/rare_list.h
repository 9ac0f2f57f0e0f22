// services/query/projection/rare_list.h: what few customers of a chunk have.
#ifndef CLV_SERVICES_QUERY_PROJECTION_RARE_LIST_H_
#define CLV_SERVICES_QUERY_PROJECTION_RARE_LIST_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "common/storage/projected_customer.h"

namespace clv::query {

// The rare facts of one customer, as storage::RareFacts; valid as long as the list they are of.
struct RareView {
  const storage::ImportedRecord* imported = nullptr;  // null: none
  absl::Span<const storage::OrderRow> rows;
  absl::Span<const uint32_t> unconverted_dates;

  RareView() = default;
  // Of facts that outlive it.
  explicit RareView(const storage::RareFacts& facts)
      : imported(facts.imported ? &*facts.imported : nullptr),
        rows(facts.rows),
        unconverted_dates(facts.unconverted_dates) {}

  bool empty() const { return imported == nullptr && rows.empty() && unconverted_dates.empty(); }
};

// The rare facts of up to 64 customers, by index. Copies share them until one is changed.
class RareList {
 public:
  static constexpr size_t kMostCustomers = 64;

  bool Has(size_t i) const { return (mask_ >> i & 1) != 0; }
  // Empty when the customer has none.
  RareView Of(size_t i) const { return Has(i) ? list_->Of(PlaceOf(i)) : RareView(); }
  // Customers who have some.
  size_t size() const { return static_cast<size_t>(std::popcount(mask_)); }
  // In memory; copies share them.
  size_t bytes() const { return list_ != nullptr ? list_->bytes() : 0; }

  // Calls `visit(i, view)` for those, rising.
  template <typename Visit>
  void ForEach(const Visit& visit) const {
    size_t place = 0;
    for (uint64_t left = mask_; left != 0; left &= left - 1) {
      visit(static_cast<size_t>(std::countr_zero(left)), list_->Of(place++));
    }
  }

  // Fetches where Of and what is told by it begins. Inline: GCC drops calls that do nothing else.
  [[gnu::always_inline]] void Prefetch() const { __builtin_prefetch(list_.get()); }

  // Empty: the customer has none from now on. The view may be of this list.
  void Put(size_t i, RareView facts) {
    if (!Has(i) && facts.empty()) return;
    auto next = std::make_shared<List>();
    next->Reserve(size() + 1, list_.get(), facts);
    ForEach([&](size_t other, const RareView& view) {
      if (other < i) next->Append(view);
    });
    if (!facts.empty()) next->Append(facts);
    ForEach([&](size_t other, const RareView& view) {
      if (other > i) next->Append(view);
    });
    const uint64_t bit = uint64_t{1} << i;
    mask_ = facts.empty() ? mask_ & ~bit : mask_ | bit;
    list_ = std::move(next);
  }

 private:
  // The facts of one customer after the other.
  class List {
   public:
    RareView Of(size_t place) const {
      static constexpr Ends kBegin;
      const Ends& begin = place > 0 ? ends_[place - 1] : kBegin;
      const Ends& end = ends_[place];
      RareView view;
      if (end.imported > begin.imported) view.imported = &imported_[begin.imported];
      view.rows = absl::MakeConstSpan(rows_).subspan(begin.rows, end.rows - begin.rows);
      view.unconverted_dates =
          absl::MakeConstSpan(dates_).subspan(begin.dates, end.dates - begin.dates);
      return view;
    }

    // Room for what another list (null: none) and a view hold.
    void Reserve(size_t customers, const List* other, const RareView& facts) {
      ends_.reserve(customers);
      imported_.reserve((other != nullptr ? other->imported_.size() : 0) +
                        (facts.imported != nullptr ? 1 : 0));
      rows_.reserve((other != nullptr ? other->rows_.size() : 0) + facts.rows.size());
      dates_.reserve((other != nullptr ? other->dates_.size() : 0) +
                     facts.unconverted_dates.size());
    }
    void Append(const RareView& facts) {
      if (facts.imported != nullptr) imported_.push_back(*facts.imported);
      rows_.insert(rows_.end(), facts.rows.begin(), facts.rows.end());
      dates_.insert(dates_.end(), facts.unconverted_dates.begin(), facts.unconverted_dates.end());
      ends_.push_back({static_cast<uint32_t>(imported_.size()), static_cast<uint32_t>(rows_.size()),
                       static_cast<uint32_t>(dates_.size())});
    }

    size_t bytes() const {
      return sizeof(*this) + ends_.capacity() * sizeof(ends_[0]) +
             imported_.capacity() * sizeof(imported_[0]) + rows_.capacity() * sizeof(rows_[0]) +
             dates_.capacity() * sizeof(dates_[0]);
    }

   private:
    // Of a customer's facts in the lists.
    struct Ends {
      uint32_t imported = 0;
      uint32_t rows = 0;
      uint32_t dates = 0;
    };

    std::vector<Ends> ends_;
    std::vector<storage::ImportedRecord> imported_;
    std::vector<storage::OrderRow> rows_;
    std::vector<uint32_t> dates_;
  };

  size_t PlaceOf(size_t i) const {
    return static_cast<size_t>(std::popcount(mask_ & ((uint64_t{1} << i) - 1)));
  }

  uint64_t mask_ = 0;                 // bit by index
  std::shared_ptr<const List> list_;  // of those customers; null: never one
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_RARE_LIST_H_
