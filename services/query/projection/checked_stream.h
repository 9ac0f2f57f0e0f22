// services/query/projection/checked_stream.h: a file of parts, each written from its begin to its
// end and read likewise, beside others if one likes. Parts are compressed. The end of the file says
// where they lie and what their checksums are.
#ifndef CLV_SERVICES_QUERY_PROJECTION_CHECKED_STREAM_H_
#define CLV_SERVICES_QUERY_PROJECTION_CHECKED_STREAM_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace clv::query {

// Whether all bytes of a value follow from what it is worth: what is written has no bytes that
// happen to lie in memory between others.
template <typename T>
inline constexpr bool kHasNoPadding =
    std::is_floating_point_v<T> || std::has_unique_object_representations_v<T>;
template <typename T, size_t kSize>
inline constexpr bool kHasNoPadding<std::array<T, kSize>> = kHasNoPadding<T>;

// Thread-compatible. After an error the rest is ignored; Finish tells it.
class CheckedWriter {
 public:
  // Creates the file, which only its owner reads and writes; it must not be there.
  explicit CheckedWriter(const std::string& path);
  ~CheckedWriter();

  template <typename T>
  void Put(const T& value) {
    static_assert(std::is_trivially_copyable_v<T> && kHasNoPadding<T>);
    Write(&value, sizeof(value));
  }
  // The number of elements, then they.
  template <typename T>
  void PutAll(const std::vector<T>& values) {
    static_assert(std::is_trivially_copyable_v<T> && kHasNoPadding<T>);
    Put<uint64_t>(values.size());
    Write(values.data(), values.size() * sizeof(T));
  }
  void PutText(std::string_view text) {
    Put<uint64_t>(text.size());
    Write(text.data(), text.size());
  }
  void Write(const void* bytes, size_t size);

  // What follows is another part.
  void EndPart();

  // Ends the last part and waits until all is on the disk.
  absl::Status Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Reads one part. Thread-compatible; those of one file may be used at the same time. After an error
// all that is read is zero.
class CheckedReader {
 public:
  // All parts of a file. NOT_FOUND when there is no such file, DATA_LOSS when its end is damaged.
  static absl::StatusOr<std::vector<CheckedReader>> OpenParts(const std::string& path);
  CheckedReader(CheckedReader&&) noexcept;
  ~CheckedReader();

  template <typename T>
  T Get() {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    Read(&value, sizeof(value));
    return value;
  }
  template <typename T>
  std::vector<T> GetAll() {
    static_assert(std::is_trivially_copyable_v<T>);
    const auto count = Get<uint64_t>();
    if (!HasLeft(count, sizeof(T))) return {};
    std::vector<T> values(count);
    Read(values.data(), count * sizeof(T));
    return values;
  }
  std::string GetText();
  void Read(void* bytes, size_t size);

  // Whether the part may hold so many elements more; else the reader fails.
  bool HasLeft(uint64_t count, size_t element_bytes);
  // What was read makes no sense.
  void Fail();
  bool ok() const;

  // DATA_LOSS unless everything was read, and the checksum is right.
  absl::Status Finish();

 private:
  struct State;
  explicit CheckedReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_CHECKED_STREAM_H_
