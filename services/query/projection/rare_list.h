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
  using Rows = absl::InlinedVector<storage::OrderRow, 4>;
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
  void Put(size_t i, storage::RareFacts facts);
  // A list of these, who rise and have some.
  static RareList Of(const std::vector<Facts>& all);

  // Fetches where what is told begins. Inline: GCC drops calls that do nothing else.
  [[gnu::always_inline]] void Prefetch() const { __builtin_prefetch(list_.get()); }

  // In memory; copies share it.
  size_t bytes() const { return list_ != nullptr ? list_->bytes() : 0; }

 private:
  // The facts of one customer after the other.
  class List {
   public:
    explicit List(const std::vector<Facts>& all) : List(Flat(all)) {}

    const storage::ImportedRecord* ImportedOf(size_t place) const {
      const Ends begin = BeginsOf(place);
      return ends_[place].imported > begin.imported ? &imported_[begin.imported] : nullptr;
    }
    Rows RowsOf(size_t place) const {
      const Ends end = ends_[place];
      Rows rows;
      for (size_t n = BeginsOf(place).rows; n < end.rows; ++n) rows.push_back(rows_[n]);
      return rows;
    }
    absl::Span<const uint32_t> UnconvertedOf(size_t place) const {
      const Ends begin = BeginsOf(place);
      return absl::MakeConstSpan(dates_).subspan(begin.dates, ends_[place].dates - begin.dates);
    }
    size_t bytes() const;

   private:
    // Of a customer's facts in the lists.
    struct Ends {
      uint32_t imported = 0;
      uint32_t rows = 0;
      uint32_t dates = 0;

      static constexpr size_t kFields = 3;
      std::array<uint64_t, kFields> Fields() const { return {imported, rows, dates}; }
      static Ends OfFields(const std::array<uint64_t, kFields>& fields) {
        return {static_cast<uint32_t>(fields[0]), static_cast<uint32_t>(fields[1]),
                static_cast<uint32_t>(fields[2])};
      }
    };
    struct Flat {
      explicit Flat(const std::vector<Facts>& all);

      std::vector<Ends> ends;
      std::vector<storage::ImportedRecord> imported;
      std::vector<storage::OrderRow> rows;
      std::vector<uint32_t> dates;
    };

    explicit List(const Flat& flat)
        : ends_(flat.ends), rows_(flat.rows), imported_(flat.imported), dates_(flat.dates) {}
    Ends BeginsOf(size_t place) const { return place > 0 ? ends_[place - 1] : Ends(); }

    PackedBucket<Ends> ends_;
    PackedBucket<storage::OrderRow> rows_;
    std::vector<storage::ImportedRecord> imported_;
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
