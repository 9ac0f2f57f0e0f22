// services/query/projection/rare_list.h: what few customers of a chunk have.
#ifndef CLV_SERVICES_QUERY_PROJECTION_RARE_LIST_H_
#define CLV_SERVICES_QUERY_PROJECTION_RARE_LIST_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "common/storage/projected_customer.h"
#include "services/query/projection/column.h"
#include "services/query/projection/packed_bucket.h"

namespace clv::query {

template <>
struct FieldsOf<storage::OrderRow> {
  static constexpr size_t kCount = 3;
  using Fields = std::array<uint64_t, kCount>;
  static Fields From(const storage::OrderRow& row) {
    return {row.order, row.date, OrderedBits(row.amount_micros)};
  }
  static storage::OrderRow To(const Fields& fields) {
    return {static_cast<uint32_t>(fields[0]), static_cast<uint32_t>(fields[1]),
            OfOrderedBits(fields[2])};
  }
};

// The rare facts of the customers of a chunk, by index. Copies share them until one is changed.
class RareList {
 public:
  using Rows = absl::InlinedVector<storage::OrderRow, 8>;
  using Facts = std::pair<size_t, storage::RareFacts>;  // of the customer at an index

  bool Has(size_t i) const { return (mask_ >> i & 1) != 0; }
  // Customers who have some.
  size_t size() const { return static_cast<size_t>(std::popcount(mask_)); }

  // What one has; empty, or null, where there is nothing. Those that are not copied live as long as
  // the list.
  storage::RareFacts Of(size_t i) const;
  const storage::ImportedRecord* ImportedOf(size_t i) const {
    return Has(i) ? list_->ImportedOf(PlaceOf(i)) : nullptr;
  }
  Rows RowsOf(size_t i) const { return Has(i) ? list_->RowsOf(PlaceOf(i)) : Rows(); }
  absl::Span<const uint32_t> UnconvertedOf(size_t i) const {
    return Has(i) ? list_->UnconvertedOf(PlaceOf(i)) : absl::Span<const uint32_t>();
  }

  // Of those who have some, rising.
  std::vector<Facts> All() const;

  // Empty: the customer has none from now on.
  void Put(size_t i, const storage::RareFacts& facts);
  // A list of these, who rise and have some.
  static RareList Of(const std::vector<Facts>& all);

  // Fetches where what is told begins. Inline: GCC drops calls that do nothing else.
  [[gnu::always_inline]] void Prefetch() const { __builtin_prefetch(list_.get()); }

  // In memory; copies share it.
  size_t bytes() const { return list_ != nullptr ? list_->bytes() : 0; }

 private:
  class List {
   public:
    // All facts of a list, one customer after the other.
    struct Flat {
      void Append(const storage::ImportedRecord* record,
                  absl::Span<const storage::OrderRow> of_rows, absl::Span<const uint32_t> of_dates);
      void Append(const storage::RareFacts& facts) {
        Append(facts.imported ? &*facts.imported : nullptr, facts.rows, facts.unconverted_dates);
      }

      std::vector<size_t> imported_counts;
      std::vector<size_t> row_counts;
      std::vector<size_t> date_counts;
      std::vector<storage::ImportedRecord> imported;
      std::vector<storage::OrderRow> rows;
      std::vector<uint32_t> dates;
    };
    explicit List(const Flat& flat)
        : row_ends_(flat.row_counts),
          rows_(flat.rows),
          imported_ends_(flat.imported_counts),
          imported_(flat.imported),
          date_ends_(flat.date_counts),
          dates_(flat.dates) {}

    const storage::ImportedRecord* ImportedOf(size_t place) const {
      const Range range = imported_ends_.Of(place);
      return range.begin < range.end ? &imported_[range.begin] : nullptr;
    }
    Rows RowsOf(size_t place) const {
      const Range range = row_ends_.Of(place);
      Rows rows;
      for (size_t n = range.begin; n < range.end; ++n) rows.push_back(rows_[n]);
      return rows;
    }
    absl::Span<const uint32_t> UnconvertedOf(size_t place) const {
      const Range range = date_ends_.Of(place);
      return absl::MakeConstSpan(dates_).subspan(range.begin, range.end - range.begin);
    }
    size_t bytes() const;

   private:
    struct Range {
      size_t begin = 0;
      size_t end = 0;
    };
    // Where the facts of one kind end for each customer; nothing where nobody has any.
    class Ends {
     public:
      // `counts`: of each customer.
      explicit Ends(const std::vector<size_t>& counts);
      Range Of(size_t place) const {
        if (ends_.empty()) return {};
        return {place > 0 ? ends_[place - 1] : 0, ends_[place]};
      }
      size_t bytes() const { return ends_.capacity() * sizeof(ends_[0]); }

     private:
      std::vector<uint32_t> ends_;
    };
    Ends row_ends_;
    PackedBucket<storage::OrderRow> rows_;
    Ends imported_ends_;
    std::vector<storage::ImportedRecord> imported_;
    Ends date_ends_;
    std::vector<uint32_t> dates_;
  };

  size_t PlaceOf(size_t i) const {
    return static_cast<size_t>(std::popcount(mask_ & ((CustomerBits{1} << i) - 1)));
  }

  CustomerBits mask_ = 0;
  std::shared_ptr<const List> list_;  // of those customers; null: nobody
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_RARE_LIST_H_
