#include "common/base/shown_number.h"

#include <fcntl.h>
#include <unistd.h>

namespace clv {

ShownNumber::~ShownNumber() {
  if (const int file = file_; file >= 0) close(file);
}

int ShownNumber::FileOpenedWith(int flags) {
  int file = file_;
  if (file >= 0) return file;
  const int opened = open(path_.c_str(), flags | O_CLOEXEC, 0600);
  if (opened < 0 || file_.compare_exchange_strong(file, opened)) return opened;
  close(opened);  // another thread was first
  return file;
}

void ShownNumber::Show(uint64_t number) {
  const int file = FileOpenedWith(O_RDWR | O_CREAT);
  // Whoever reads meanwhile sees the old or the new one: the bytes lie in one page.
  if (file >= 0 && pwrite(file, &number, sizeof(number), 0) < 0) return;
}

std::optional<uint64_t> ShownNumber::Read() {
  uint64_t number = 0;
  const int file = FileOpenedWith(O_RDONLY);
  if (file < 0 || pread(file, &number, sizeof(number), 0) != sizeof(number)) {
    return std::nullopt;
  }
  return number;
}

}  // namespace clv
