// services/query/projection/order_block.h: the orders of a few customers, packed.
#ifndef CLV_SERVICES_QUERY_PROJECTION_ORDER_BLOCK_H_
#define CLV_SERVICES_QUERY_PROJECTION_ORDER_BLOCK_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "common/storage/projected_customer.h"
#include "services/query/projection/packed_bits.h"

namespace clv::query {

using storage::ProjectedOrder;

// Customers of one block.
inline constexpr size_t kBlockCustomers = 16;

// How the orders of a block are packed: each takes the same number of bits, first those of its
// date, counted from the block's first one, then those of its code. Code 0 is an order of value 0
// that does not qualify; the others are the values, from the block's least one on, which is 1.
struct OrderLayout {
  int64_t least = 0;  // in units
  uint32_t first_date = 0;
  uint8_t date_bits = 0;   // at most 32
  uint8_t value_bits = 0;  // at most 64
  uint16_t is_cents = 1;   // all values are; else units are micros

  bool operator==(const OrderLayout&) const = default;
  unsigned bits() const { return unsigned{date_bits} + value_bits; }
  int64_t unit_micros() const { return is_cents != 0 ? 10'000 : 1; }
};
static_assert(std::has_unique_object_representations_v<OrderLayout>);  // it is written to files

// The orders of kBlockCustomers customers, each customer's by date, then order_id. Immutable. Of
// three years, in whole cents below a thousand: 44 bits an order.
class OrderBlock {
 public:
  using Orders = std::array<std::vector<ProjectedOrder>, kBlockCustomers>;

  // Wants values above INT64_MIN; those below 0 do not qualify, those above do.
  explicit OrderBlock(const Orders& orders);

  // The orders that customers of a block have now, which replace what they had. Of a
  // customer's changes the last counts.
  using Change = std::pair<size_t, std::vector<ProjectedOrder>>;
  OrderBlock With(absl::Span<const Change> changes) const;

  // What a block is made of: `begins` into the orders, rising, from 0 to their number, and the
  // orders, WordsOf of their bits.
  struct Parts {
    std::array<uint32_t, kBlockCustomers + 1> begins = {};
    OrderLayout layout;
    std::unique_ptr<uint64_t[]> words;

    // Whether the first two make sense.
    bool are_whole() const;
    size_t word_count() const { return WordsOf(size_t{begins.back()} * layout.bits()); }
  };
  explicit OrderBlock(Parts parts) : parts_(std::move(parts)) {}
  const Parts& parts() const { return parts_; }

  size_t size() const { return parts_.begins.back(); }
  size_t count(size_t customer) const {
    return parts_.begins[customer + 1] - parts_.begins[customer];
  }

  // Calls `visit(date, value_micros, qualifies)` for each order of a customer.
  template <typename Visit>
  void ForEach(size_t customer, Visit&& visit) const {
    ForEachIn(customer, {0, count(customer)}, visit);
  }

  // Calls `visit(date, value_micros)` for those of them that are dated up to an instant.
  template <typename Visit>
  void ForEachUpTo(size_t customer, int64_t last_seconds, const Visit& visit) const {
    const Reader reader(*this);
    const int64_t last_age = last_seconds - int64_t{parts_.layout.first_date};
    if (reader.IsNarrow()) {
      ForEachUpTo<true>(reader, customer, last_age, visit);
    } else {
      ForEachUpTo<false>(reader, customer, last_age, visit);
    }
  }

  // Some of a customer's orders, by index.
  struct Range {
    size_t begin = 0;
    size_t end = 0;
  };
  // Likewise for those in the range.
  template <typename Visit>
  void ForEachIn(size_t customer, Range range, Visit&& visit) const {
    const Reader reader(*this);
    const size_t begin = parts_.begins[customer];
    if (reader.IsNarrow()) {
      ForEachOf<true>(reader, begin + range.begin, begin + range.end, visit);
    } else {
      ForEachOf<false>(reader, begin + range.begin, begin + range.end, visit);
    }
  }

  // What is left of a customer's orders here and in another block without those that both begin
  // and end with: first the range here, then the one there.
  std::pair<Range, Range> Difference(size_t customer, const OrderBlock& other) const;

  // Sums over the orders of a customer that are dated inside the bounds, both included.
  struct Sums {
    int64_t value_micros = 0;
    int64_t negative_micros = 0;  // of the negative values alone
    uint32_t qualifying = 0;
    uint32_t first = UINT32_MAX;  // qualifying
    uint32_t last = 0;
  };
  Sums SumsOf(size_t customer, uint32_t first_date, uint32_t last_date) const {
    const Reader reader(*this);
    return reader.IsNarrow() ? SumsOf<true>(reader, customer, first_date, last_date)
                             : SumsOf<false>(reader, customer, first_date, last_date);
  }

  // Fetches what Prefetch looks at. Both are inline: GCC drops calls that do nothing else.
  [[gnu::always_inline]] void PrefetchPlaces() const {
    for (size_t line = 0; line < sizeof(*this); line += 64) {
      __builtin_prefetch(reinterpret_cast<const char*>(this) + line);
    }
  }
  // Fetches the lines of memory that SumsOf will look at first.
  [[gnu::always_inline]] void Prefetch(size_t customer) const {
    const auto fetch = [&](size_t order) __attribute__((always_inline)) {
      __builtin_prefetch(reinterpret_cast<const char*>(parts_.words.get()) +
                         order * parts_.layout.bits() / 8);
    };
    const size_t begin = parts_.begins[customer];
    const size_t end = parts_.begins[customer + 1];
    fetch(begin);
    fetch((begin + end) / 2);
    fetch(end);
  }

  std::vector<ProjectedOrder> OrdersOf(size_t customer) const;
  // Both want index < count(customer).
  ProjectedOrder OrderOf(size_t customer, size_t index) const;
  uint32_t DateOf(size_t customer, size_t index) const {
    const Reader reader(*this);
    return reader.DateOf(reader.At(parts_.begins[customer] + index));
  }

  // In memory.
  size_t bytes() const { return sizeof(*this) + parts_.word_count() * sizeof(uint64_t); }

 private:
  // The layout and what follows from it, for loops.
  class Reader {
   public:
    explicit Reader(const OrderBlock& block)
        : words_(block.parts_.words.get()),
          layout_(block.parts_.layout),
          bits_(layout_.bits()),
          date_mask_(LowBits(layout_.date_bits)),
          least_qualifying_(layout_.least > 0 ? 1 : 1 - static_cast<uint64_t>(layout_.least)) {}

    // Whether one read gives an order.
    bool IsNarrow() const { return bits_ <= kMostBitsAtOnce; }

    // The bits of an order, whose date is among them, and where it is narrow its code too.
    uint64_t At(size_t order) const { return LoadBits(words_, order * bits_); }
    // Since the layout's first date.
    uint64_t AgeOf(uint64_t bits) const { return bits & date_mask_; }
    uint32_t DateOf(uint64_t bits) const {
      return layout_.first_date + static_cast<uint32_t>(AgeOf(bits));
    }
    template <bool kIsNarrow>
    uint64_t CodeOf(uint64_t bits, size_t order) const {
      if (kIsNarrow) return bits >> layout_.date_bits & LowBits(layout_.value_bits);
      return ReadManyBits(words_, order * bits_ + layout_.date_bits, layout_.value_bits);
    }

    bool Qualifies(uint64_t code) const { return code >= least_qualifying_; }
    int64_t UnitsOf(uint64_t code) const {
      return code != 0 ? static_cast<int64_t>(code - 1 + static_cast<uint64_t>(layout_.least)) : 0;
    }

    // The first order from `begin` to `end` that is not dated before `date`, without a branch to
    // miss.
    size_t FirstFrom(size_t begin, size_t end, uint64_t date) const {
      const uint64_t age = date - std::min<uint64_t>(date, layout_.first_date);
      size_t at = begin;
      for (size_t left = end - begin; left > 0;) {
        const size_t half = (left + 1) / 2;
        at += AgeOf(At(at + half - 1)) < age ? half : 0;
        left -= half;
      }
      return at;
    }

   private:
    const uint64_t* const words_;
    const OrderLayout layout_;
    const size_t bits_;
    const uint64_t date_mask_;
    const uint64_t least_qualifying_;  // code
  };

  template <bool kIsNarrow, typename Visit>
  void ForEachOf(const Reader& reader, size_t begin, size_t end, Visit& visit) const {
    const int64_t unit = parts_.layout.unit_micros();
    for (size_t order = begin; order < end; ++order) {
      const uint64_t bits = reader.At(order);
      const uint64_t code = reader.CodeOf<kIsNarrow>(bits, order);
      visit(reader.DateOf(bits), reader.UnitsOf(code) * unit, reader.Qualifies(code));
    }
  }

  template <bool kIsNarrow, typename Visit>
  void ForEachUpTo(const Reader& reader, size_t customer, int64_t last_age,
                   const Visit& visit) const {
    const int64_t unit = parts_.layout.unit_micros();
    const size_t end = parts_.begins[customer + 1];
    for (size_t order = parts_.begins[customer]; order < end; ++order) {
      const uint64_t bits = reader.At(order);
      if (static_cast<int64_t>(reader.AgeOf(bits)) > last_age) return;
      visit(reader.DateOf(bits), reader.UnitsOf(reader.CodeOf<kIsNarrow>(bits, order)) * unit);
    }
  }

  template <bool kIsNarrow>
  Sums SumsOf(const Reader& reader, size_t customer, uint32_t first_date,
              uint32_t last_date) const {
    const auto code_of = [&](size_t order) {
      return reader.CodeOf<kIsNarrow>(reader.At(order), order);
    };
    Sums sums;
    size_t end = parts_.begins[customer + 1];
    const size_t begin = reader.FirstFrom(parts_.begins[customer], end, first_date);
    // Windows mostly end with the last order.
    if (begin < end && reader.DateOf(reader.At(end - 1)) > last_date) {
      end = reader.FirstFrom(begin, end, uint64_t{last_date} + 1);
    }
    const int64_t least = parts_.layout.least;
    int64_t value_units = 0;
    if (least >= 0) {
      uint64_t codes = 0;
      for (size_t order = begin; order < end; ++order) {
        const uint64_t code = code_of(order);
        codes += code;
        sums.qualifying += code != 0 ? 1 : 0;
      }
      value_units = static_cast<int64_t>(codes) + (least - 1) * int64_t{sums.qualifying};
    } else {
      int64_t negative_units = 0;
      for (size_t order = begin; order < end; ++order) {
        const uint64_t code = code_of(order);
        const int64_t value = reader.UnitsOf(code);
        value_units += value;
        negative_units += std::min<int64_t>(value, 0);
        sums.qualifying += reader.Qualifies(code) ? 1 : 0;
      }
      sums.negative_micros = negative_units * parts_.layout.unit_micros();
    }
    sums.value_micros = value_units * parts_.layout.unit_micros();
    if (sums.qualifying == 0) return sums;
    size_t first = begin;
    while (!reader.Qualifies(code_of(first))) ++first;
    size_t last = end - 1;
    while (!reader.Qualifies(code_of(last))) --last;
    sums.first = reader.DateOf(reader.At(first));
    sums.last = reader.DateOf(reader.At(last));
    return sums;
  }

  void Put(const ProjectedOrder& order, BitWriter* writer) const;

  Parts parts_;
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_ORDER_BLOCK_H_
