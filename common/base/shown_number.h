// common/base/shown_number.h: a number that one process shows to others as long as it lives.
#ifndef CLV_COMMON_BASE_SHOWN_NUMBER_H_
#define CLV_COMMON_BASE_SHOWN_NUMBER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace clv {

// Lies in a file of eight bytes, locked (flock) while it is shown, so that what a process showed
// ends with it, however it ends. A hint, on which nothing that must be true depends.
// Thread-compatible.
class ShownNumber {
 public:
  explicit ShownNumber(std::string path) : path_(std::move(path)) {}
  ~ShownNumber();

  ShownNumber(const ShownNumber&) = delete;
  ShownNumber& operator=(const ShownNumber&) = delete;

  // Takes a microsecond. The first one makes the file; where it cannot be written, nothing is
  // shown.
  void Show(uint64_t number);

 private:
  const std::string path_;
  int file_ = -1;
};

// Reads what a ShownNumber of the same path shows, in this process or another. Thread-compatible.
class ShownNumberReader {
 public:
  explicit ShownNumberReader(std::string path) : path_(std::move(path)) {}
  ~ShownNumberReader();

  ShownNumberReader(const ShownNumberReader&) = delete;
  ShownNumberReader& operator=(const ShownNumberReader&) = delete;

  // Takes two microseconds. Absent: nobody shows one.
  std::optional<uint64_t> Read();

 private:
  const std::string path_;
  int file_ = -1;
};

}  // namespace clv

#endif  // CLV_COMMON_BASE_SHOWN_NUMBER_H_
