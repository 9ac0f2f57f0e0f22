#include "common/base/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace clv {
namespace {

constexpr size_t kTokenBytes = 32;

std::string ReadSmallFile(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  std::getline(file, text);
  return text;
}

std::optional<std::string> AdminTokenOfEnvironment() {
  const char* given = std::getenv("CLV_ADMIN_TOKEN");
  if (given == nullptr || *given == '\0') return std::nullopt;
  return given;
}

absl::StatusOr<std::string> NewTokenText() {
  unsigned char random[kTokenBytes];
  if (::getrandom(random, sizeof(random), 0) != static_cast<ssize_t>(sizeof(random))) {
    return absl::UnavailableError("no random numbers to be had from the kernel");
  }
  return "clv_" +
         std::string(absl::StripSuffix(absl::WebSafeBase64Escape(absl::string_view(
                                           reinterpret_cast<const char*>(random), sizeof(random))),
                                       "="));
}

// Makes a file that only its owner may read; ALREADY_EXISTS when there is one.
absl::Status WriteTokenFile(const std::string& path, const std::string& token) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) {
    return errno == EEXIST ? absl::AlreadyExistsError(path + " exists")
                           : absl::UnavailableError(absl::StrCat(path, ": ", std::strerror(errno)));
  }
  const std::string line = token + "\n";
  const bool written =
      ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
      ::fsync(file) == 0;
  ::close(file);
  if (written) return absl::OkStatus();
  ::unlink(path.c_str());
  return absl::UnavailableError(absl::StrCat(path, " could not be written"));
}

}  // namespace

absl::Status EnsureDirectory(const std::string& path) {
  struct stat info {};
  if (::mkdir(path.c_str(), 0700) == 0) return absl::OkStatus();
  const int error = errno;
  if (error == EEXIST && ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "data directory ", path, ": ", error == EEXIST ? "is no directory" : std::strerror(error)));
}

absl::StatusOr<RoleLock> RoleLock::Take(const DataDirectory& directory, const std::string& role) {
  const std::string path = directory.role_lock(role);
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", std::strerror(errno)));
  }
  RoleLock lock(file);
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    return absl::FailedPreconditionError(absl::StrCat("another process (", ReadSmallFile(path),
                                                      ") is the ", role, " of ", directory.path));
  }
  const std::string pid = absl::StrCat("pid ", ::getpid(), "\n");
  // The content is for people; the lock itself does not need it.
  if (::ftruncate(file, 0) != 0 || ::write(file, pid.data(), pid.size()) < 0) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", std::strerror(errno)));
  }
  return lock;
}

RoleLock::~RoleLock() {
  if (file_ >= 0) ::close(file_);
}

std::optional<std::string> FindAdminToken(const DataDirectory& directory) {
  if (std::optional<std::string> given = AdminTokenOfEnvironment()) return given;
  std::string token = ReadSmallFile(directory.admin_token());
  if (token.empty()) return std::nullopt;
  return token;
}

absl::StatusOr<std::string> CreateAdminToken(const DataDirectory& directory) {
  absl::StatusOr<std::string> token = NewTokenText();
  if (!token.ok()) return token;
  const absl::Status written = WriteTokenFile(directory.admin_token(), *token);
  if (!written.ok()) return written;
  return token;
}

absl::StatusOr<std::string> ReplaceAdminToken(const DataDirectory& directory) {
  if (AdminTokenOfEnvironment()) {
    return absl::FailedPreconditionError(
        "the environment variable CLV_ADMIN_TOKEN sets the admin token; change it there and start "
        "the processes again");
  }
  absl::StatusOr<std::string> token = NewTokenText();
  if (!token.ok()) return token;
  const std::string path = directory.admin_token();
  const std::string fresh = path + ".new";
  // What a process left that ended while it was here.
  ::unlink(fresh.c_str());
  if (absl::Status written = WriteTokenFile(fresh, *token); !written.ok()) return written;
  if (::rename(fresh.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(fresh.c_str());
    return absl::UnavailableError(absl::StrCat(path, ": ", std::strerror(error)));
  }
  if (const int parent = ::open(directory.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      parent >= 0) {
    ::fsync(parent);
    ::close(parent);
  }
  return token;
}

}  // namespace clv
