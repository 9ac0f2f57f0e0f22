#include "common/base/shown_number.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace clv {

ShownNumber::~ShownNumber() {
  if (file_ >= 0) close(file_);
}

void ShownNumber::Show(uint64_t number) {
  if (file_ < 0) file_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file_ < 0) return;
  // Whoever reads meanwhile sees the old or the new one: the bytes lie in one page. The lock waits
  // for a reader at most, who holds it for a moment.
  if (pwrite(file_, &number, sizeof(number), 0) == sizeof(number) && flock(file_, LOCK_SH) == 0) {
    return;
  }
  close(file_);
  file_ = -1;
}

ShownNumberReader::~ShownNumberReader() {
  if (file_ >= 0) close(file_);
}

std::optional<uint64_t> ShownNumberReader::Read() {
  if (file_ < 0) file_ = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (file_ < 0) return std::nullopt;
  if (flock(file_, LOCK_EX | LOCK_NB) == 0) {
    flock(file_, LOCK_UN);
    return std::nullopt;
  }
  uint64_t number = 0;
  if (pread(file_, &number, sizeof(number), 0) != sizeof(number)) return std::nullopt;
  return number;
}

}  // namespace clv
