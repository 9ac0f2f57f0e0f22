// common/base/shown_number.h: a number that one process shows to others.
#ifndef CLV_COMMON_BASE_SHOWN_NUMBER_H_
#define CLV_COMMON_BASE_SHOWN_NUMBER_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace clv {

// Lies in a file of eight bytes. What is read may be of an earlier process: a hint, on which
// nothing that must be true depends. Thread-safe.
class ShownNumber {
 public:
  explicit ShownNumber(std::string path) : path_(std::move(path)) {}
  ~ShownNumber();

  ShownNumber(const ShownNumber&) = delete;
  ShownNumber& operator=(const ShownNumber&) = delete;

  // A microsecond each. The file is made by the first Show; where it is not, there is nothing to
  // read.
  void Show(uint64_t number);
  std::optional<uint64_t> Read();

 private:
  // -1 where there is none.
  int FileOpenedWith(int flags);

  const std::string path_;
  std::atomic<int> file_{-1};
};

}  // namespace clv

#endif  // CLV_COMMON_BASE_SHOWN_NUMBER_H_
