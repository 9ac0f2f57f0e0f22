// services/query/projection/packed_bucket.h: a few values, packed.
#ifndef CLV_SERVICES_QUERY_PROJECTION_PACKED_BUCKET_H_
#define CLV_SERVICES_QUERY_PROJECTION_PACKED_BUCKET_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "services/query/projection/packed_bits.h"

namespace clv::query {

// A value as numbers, of which those of near values are near, and back: of a struct its own
// kFields, Fields and OfFields.
template <typename Value>
struct FieldsOf {
  static constexpr size_t kCount = Value::kFields;
  using Fields = std::array<uint64_t, kCount>;
  static Fields From(const Value& value) { return value.Fields(); }
  static Value To(const Fields& fields) { return Value::OfFields(fields); }
};

constexpr uint64_t OrderedBits(int64_t value) {
  return static_cast<uint64_t>(value) ^ uint64_t { 1 } << 63;
}
constexpr int64_t OfOrderedBits(uint64_t bits) {
  return static_cast<int64_t>(bits ^ uint64_t{1} << 63);
}

template <typename Value>
requires std::is_integral_v<Value>
struct FieldsOf<Value> {
  static constexpr size_t kCount = 1;
  using Fields = std::array<uint64_t, 1>;
  static Fields From(Value value) { return {OrderedBits(static_cast<int64_t>(value))}; }
  static Value To(const Fields& fields) { return static_cast<Value>(OfOrderedBits(fields[0])); }
};
template <>
struct FieldsOf<double> {
  static constexpr size_t kCount = 1;
  using Fields = std::array<uint64_t, 1>;
  static Fields From(double value) { return {std::bit_cast<uint64_t>(value)}; }
  static double To(const Fields& fields) { return std::bit_cast<double>(fields[0]); }
};

// Values, in whatever order they come. Immutable. Each takes the bits that tell it from the
// least of each of its fields, where all those are whole cents in micros, cents.
template <typename Value>
class PackedBucket {
 public:
  explicit PackedBucket(absl::Span<const Value> values)
      : size_(static_cast<uint32_t>(values.size())) {
    ChooseLayout(values);
    words_ = std::make_unique<uint64_t[]>(word_count());
    BitWriter writer(words_.get());
    for (const Value& value : values) Pack(value, &writer);
  }

  // Makes a bucket in the layout of another one: out of parts of that, whose values need not be
  // unpacked, and of values that fit it.
  class Maker {
   public:
    // Room for `most` values.
    Maker(const PackedBucket& from, size_t most)
        : from_(from), words_(new uint64_t[WordsOf(most * from.bits_)]()), writer_(words_.get()) {}

    void Copy(size_t begin, size_t end) {
      writer_.Copy(from_.words_.get(), begin * from_.bits_, (end - begin) * from_.bits_);
      size_ += static_cast<uint32_t>(end - begin);
    }
    void Put(const Value& value) {
      from_.Pack(value, &writer_);
      ++size_;
    }
    PackedBucket Take() { return PackedBucket(from_, size_, std::move(words_)); }

   private:
    const PackedBucket& from_;
    std::unique_ptr<uint64_t[]> words_;
    BitWriter writer_;
    uint32_t size_ = 0;
  };
  // Whether the layout can tell a value.
  bool Fits(const Value& value) const {
    const Fields fields = FieldsOf<Value>::From(value);
    for (size_t f = 0; f < kFields; ++f) {
      const uint64_t above = fields[f] - layout_[f].least;  // below: very great
      if (above % layout_[f].unit() != 0) return false;
      if (std::bit_width(above / layout_[f].unit()) > layout_[f].bits) return false;
    }
    return true;
  }

  size_t size() const { return size_; }
  // Wants i < size().
  [[gnu::always_inline]] Value operator[](size_t i) const {
    Fields fields;
    size_t at = i * bits_;
    if (bits_ <= kMostBitsAtOnce) {
      uint64_t bits = LoadBits(words_.get(), at);
      for (size_t f = 0; f < kFields; ++f) {
        fields[f] = layout_[f].least + (bits & LowBits(layout_[f].bits)) * layout_[f].unit();
        bits >>= layout_[f].bits;
      }
    } else {
      for (size_t f = 0; f < kFields; ++f) {
        fields[f] =
            layout_[f].least + ReadManyBits(words_.get(), at, layout_[f].bits) * layout_[f].unit();
        at += layout_[f].bits;
      }
    }
    return FieldsOf<Value>::To(fields);
  }

  // Of sorted values those from `from` on for which `is_below`, which holds for all before those
  // too, holds; and `from`.
  template <typename IsBelow>
  size_t CountWhile(const IsBelow& is_below, size_t from = 0) const {
    size_t end = size();
    while (from < end) {
      const size_t middle = (from + end) / 2;
      if (is_below((*this)[middle])) {
        from = middle + 1;
      } else {
        end = middle;
      }
    }
    return from;
  }

  // Adds those from `begin` to before `end`.
  void AppendTo(std::vector<Value>* values, size_t begin, size_t end) const {
    for (; begin < end; ++begin) values->push_back((*this)[begin]);
  }

  // Fetches the values. Inline: GCC drops calls that do nothing else.
  [[gnu::always_inline]] void Prefetch() const {
    const char* const begin = reinterpret_cast<const char*>(words_.get());
    for (size_t line = 0; line < word_count() * sizeof(uint64_t); line += 64) {
      __builtin_prefetch(begin + line);
    }
  }

  // In memory.
  size_t bytes() const { return sizeof(*this) + word_count() * sizeof(uint64_t); }

 private:
  static constexpr size_t kFields = FieldsOf<Value>::kCount;
  static constexpr uint64_t kMicrosPerCent = 10'000;
  using Fields = typename FieldsOf<Value>::Fields;

  struct FieldLayout {
    uint64_t least = 0;
    uint8_t bits = 0;
    bool is_cents = false;

    uint64_t unit() const { return is_cents ? kMicrosPerCent : 1; }
  };

  PackedBucket(const PackedBucket& layout, uint32_t size, std::unique_ptr<uint64_t[]> words)
      : layout_(layout.layout_), size_(size), bits_(layout.bits_), words_(std::move(words)) {}

  // Of a value that fits.
  void Pack(const Value& value, BitWriter* writer) const {
    const Fields fields = FieldsOf<Value>::From(value);
    for (size_t f = 0; f < kFields; ++f) {
      writer->Put((fields[f] - layout_[f].least) / layout_[f].unit(), layout_[f].bits);
    }
  }

  void ChooseLayout(absl::Span<const Value> values) {
    Fields greatest = {};
    for (size_t f = 0; f < kFields; ++f) layout_[f] = {UINT64_MAX, 0, true};
    for (const Value& value : values) {
      const Fields fields = FieldsOf<Value>::From(value);
      for (size_t f = 0; f < kFields; ++f) {
        layout_[f].least = std::min(layout_[f].least, fields[f]);
        greatest[f] = std::max(greatest[f], fields[f]);
      }
    }
    for (size_t f = 0; f < kFields; ++f) {
      FieldLayout& layout = layout_[f];
      const uint64_t range = values.empty() ? 0 : greatest[f] - layout.least;
      layout.is_cents =
          range >= kMicrosPerCent &&
          std::all_of(values.begin(), values.end(), [&](const Value& value) {
            return (FieldsOf<Value>::From(value)[f] - layout.least) % kMicrosPerCent == 0;
          });
      layout.bits = static_cast<uint8_t>(std::bit_width(range / layout.unit()));
      bits_ += layout.bits;
    }
  }

  size_t word_count() const { return WordsOf(size_t{size_} * bits_); }

  std::array<FieldLayout, kFields> layout_;
  uint32_t size_;
  uint32_t bits_ = 0;  // of a value
  std::unique_ptr<uint64_t[]> words_;
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_PACKED_BUCKET_H_
