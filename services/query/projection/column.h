// services/query/projection/column.h: one value of each customer of a chunk.
#ifndef CLV_SERVICES_QUERY_PROJECTION_COLUMN_H_
#define CLV_SERVICES_QUERY_PROJECTION_COLUMN_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

namespace clv::query {

inline constexpr size_t kChunkCustomers = 64;

template <typename T>
using Column = std::array<T, kChunkCustomers>;

// Customers of a chunk, a bit for each index.
using CustomerBits = uint64_t;
static_assert(kChunkCustomers == 64);

// The first `count`.
constexpr CustomerBits FirstCustomers(size_t count) {
  return count < kChunkCustomers ? (CustomerBits{1} << count) - 1 : ~CustomerBits{0};
}

// Those for whom `is_so(i)` holds. Without a jump: bytes first, which the compiler makes many of at
// once, and eight of them are made bits by a product.
template <typename IsSo>
[[gnu::always_inline]] inline CustomerBits CustomersWhere(const IsSo& is_so) {
  Column<uint8_t> bytes;
  for (size_t i = 0; i < kChunkCustomers; ++i) bytes[i] = is_so(i) ? 1 : 0;
  CustomerBits bits = 0;
  for (size_t i = 0; i < kChunkCustomers; i += 8) {
    uint64_t eight;
    std::memcpy(&eight, &bytes[i], sizeof(eight));
    bits |= (eight * 0x0102'0408'1020'4080 >> 56) << i;
  }
  return bits;
}
static_assert(std::endian::native == std::endian::little);

// Calls `visit(i)` for each, rising.
template <typename Visit>
void ForEachOf(CustomerBits customers, const Visit& visit) {
  for (; customers != 0; customers &= customers - 1) {
    visit(static_cast<size_t>(std::countr_zero(customers)));
  }
}

// Whether something is so.
class BitColumn {
 public:
  bool operator[](size_t i) const { return (bits_ >> i & 1) != 0; }
  void Set(size_t i, bool is_so) {
    bits_ = (bits_ & ~(CustomerBits{1} << i)) | CustomerBits{is_so} << i;
  }
  CustomerBits bits() const { return bits_; }

 private:
  CustomerBits bits_ = 0;
};

// Values that are mostly whole multiples of a unit, few enough of them for a narrow number; where
// one of a chunk is not, all of them are kept as they are, elsewhere.
template <typename Value, typename Narrow, Value kUnit = 1>
class NarrowColumn {
 public:
  NarrowColumn() = default;
  NarrowColumn(const NarrowColumn& other)
      : narrow_(other.narrow_),
        wide_(other.is_wide() ? std::make_unique<Column<Value>>(*other.wide_) : nullptr) {}
  NarrowColumn& operator=(const NarrowColumn& other) {
    if (this != &other) *this = NarrowColumn(other);
    return *this;
  }
  NarrowColumn(NarrowColumn&&) noexcept = default;
  NarrowColumn& operator=(NarrowColumn&&) noexcept = default;

  Value operator[](size_t i) const {
    return is_wide() ? (*wide_)[i] : static_cast<Value>(Value{narrow_[i]} * kUnit);
  }

  void Set(size_t i, Value value) {
    if (!is_wide() && Fits(value)) {
      narrow_[i] = static_cast<Narrow>(value / kUnit);
    } else {
      SetWide(i, value);
    }
  }

  // Those for whose value `passes` holds.
  template <typename Passes>
  CustomerBits Where(const Passes& passes) const {
    if (is_wide()) return CustomersWhere([&](size_t i) { return passes((*wide_)[i]); });
    return CustomersWhere(
        [&](size_t i) { return passes(static_cast<Value>(Value{narrow_[i]} * kUnit)); });
  }

  bool is_wide() const { return wide_ != nullptr; }
  // What a column is made of: the narrow numbers, where it is not wide, or the values.
  const Column<Narrow>& narrow() const { return narrow_; }
  const Column<Value>& wide() const { return *wide_; }
  void Become(const Column<Narrow>& narrow) {
    narrow_ = narrow;
    wide_.reset();
  }
  void Become(const Column<Value>& values) {
    narrow_ = {};
    wide_ = std::make_unique<Column<Value>>(values);
  }

  // Memory beside the column's own.
  size_t bytes_beside() const { return is_wide() ? sizeof(*wide_) : 0; }
  // The place of a narrow number, to be fetched.
  const Narrow* place(size_t i) const { return &narrow_[i]; }

 private:
  static bool Fits(Value value) {
    const Value units = value / kUnit;
    return value % kUnit == 0 && units <= Value{std::numeric_limits<Narrow>::max()} &&
           units >= Value{std::numeric_limits<Narrow>::min()};
  }

  // Few do: in a function of its own.
  [[gnu::noinline]] void SetWide(size_t i, Value value) {
    if (!is_wide()) {
      Column<Value> values;
      for (size_t k = 0; k < kChunkCustomers; ++k) values[k] = (*this)[k];
      Become(values);
    }
    (*wide_)[i] = value;
    if (!std::all_of(wide_->begin(), wide_->end(), &Fits)) return;
    std::transform(wide_->begin(), wide_->end(), narrow_.begin(),
                   [](Value fitting) { return static_cast<Narrow>(fitting / kUnit); });
    wide_.reset();
  }

  Column<Narrow> narrow_ = {};
  std::unique_ptr<Column<Value>> wide_;  // null: narrow_ tells
};

// What only few customers have.
template <typename T>
class RareColumn {
 public:
  RareColumn() = default;
  RareColumn(const RareColumn& other) { Become(other.has_, other.values_.get()); }
  RareColumn& operator=(const RareColumn& other) {
    if (this != &other) *this = RareColumn(other);
    return *this;
  }
  RareColumn(RareColumn&& other) noexcept
      : has_(std::exchange(other.has_, 0)), values_(std::move(other.values_)) {}
  RareColumn& operator=(RareColumn&& other) noexcept {
    has_ = std::exchange(other.has_, 0);
    values_ = std::move(other.values_);
    return *this;
  }

  bool Has(size_t i) const { return (has_ >> i & 1) != 0; }
  // Of one who has it.
  T operator[](size_t i) const { return values_[PlaceOf(i)]; }
  // Absent: the customer has it no more.
  void Set(size_t i, std::optional<T> value) {
    if (value && Has(i)) {
      values_[PlaceOf(i)] = *value;
    } else if (value || Has(i)) {
      SetAnother(i, value);
    }
  }

  // What a column is made of: who has a value, and theirs.
  CustomerBits customers() const { return has_; }
  size_t size() const { return static_cast<size_t>(std::popcount(has_)); }
  const T* values() const { return values_.get(); }
  void Become(CustomerBits customers, const T* values) {
    has_ = customers;
    values_ = has_ != 0 ? std::make_unique_for_overwrite<T[]>(size()) : nullptr;
    std::copy_n(values, size(), values_.get());
  }

  // Memory beside the column's own.
  size_t bytes_beside() const { return size() * sizeof(T); }

 private:
  size_t PlaceOf(size_t i) const {
    return static_cast<size_t>(std::popcount(has_ & FirstCustomers(i)));
  }

  // Where that changes who has one.
  [[gnu::noinline]] void SetAnother(size_t i, std::optional<T> value) {
    Column<T> all;
    size_t count = 0;
    const CustomerBits customer = CustomerBits{1} << i;
    const CustomerBits customers = value ? has_ | customer : has_ & ~customer;
    ForEachOf(customers, [&](size_t k) { all[count++] = k == i ? *value : (*this)[k]; });
    Become(customers, all.data());
  }

  CustomerBits has_ = 0;
  std::unique_ptr<T[]> values_;  // by index; null: nobody has one
};

// Money, mostly whole cents below 21 million.
using MicrosColumn = NarrowColumn<int64_t, int32_t, 10'000>;

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_COLUMN_H_
