#include "common/base/files.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace clv {
namespace {

constexpr size_t kBufferBytes = 1 << 20;

absl::Status ErrnoError(const std::string& path, int error) {
  const std::string message = absl::StrCat(path, ": ", std::strerror(error));
  switch (error) {
    case ENOENT:
      return absl::NotFoundError(message);
    case EEXIST:
    case ENOTEMPTY:
    case ENOTDIR:
      return absl::AlreadyExistsError(message);
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(message);
    case ENOSPC:
    case EDQUOT:
      return absl::ResourceExhaustedError(message);
    default:
      return absl::UnavailableError(message);
  }
}

// An open file, closed at the end of its life.
class File {
 public:
  static absl::StatusOr<File> Open(const std::string& path, int flags) {
    const int file = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
    if (file < 0) return ErrnoError(path, errno);
    return File(file, path);
  }
  File(File&& other) noexcept : file_(other.file_), path_(std::move(other.path_)) {
    other.file_ = -1;
  }
  File& operator=(File&&) = delete;
  ~File() {
    if (file_ >= 0) ::close(file_);
  }

  // Bytes read into `buffer`; 0 at the end.
  absl::StatusOr<size_t> Read(std::string* buffer) const {
    while (true) {
      const ssize_t size = ::read(file_, buffer->data(), buffer->size());
      if (size >= 0) return static_cast<size_t>(size);
      if (errno != EINTR) return ErrnoError(path_, errno);
    }
  }

  absl::Status Write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t size = ::write(file_, bytes.data(), bytes.size());
      if (size < 0 && errno != EINTR) return ErrnoError(path_, errno);
      if (size > 0) bytes.remove_prefix(static_cast<size_t>(size));
    }
    return absl::OkStatus();
  }

  absl::Status Sync() const {
    return ::fsync(file_) == 0 ? absl::OkStatus() : ErrnoError(path_, errno);
  }

 private:
  File(int file, std::string path) : file_(file), path_(std::move(path)) {}

  int file_;
  std::string path_;
};

constexpr int kNewFile = O_WRONLY | O_CREAT | O_EXCL;

}  // namespace

absl::Status SyncPath(const std::string& path) {
  CLV_ASSIGN_OR_RETURN(const File file, File::Open(path, O_RDONLY));
  return file.Sync();
}

absl::Status WriteNewFile(const std::string& path, std::string_view content) {
  CLV_ASSIGN_OR_RETURN(const File file, File::Open(path, kNewFile));
  CLV_RETURN_IF_ERROR(file.Write(content));
  return file.Sync();
}

absl::Status CopyToNewFile(const std::string& from, const std::string& to) {
  CLV_ASSIGN_OR_RETURN(const File source, File::Open(from, O_RDONLY));
  CLV_ASSIGN_OR_RETURN(const File copy, File::Open(to, kNewFile));
  std::string buffer(kBufferBytes, '\0');
  while (true) {
    CLV_ASSIGN_OR_RETURN(const size_t size, source.Read(&buffer));
    if (size == 0) return copy.Sync();
    CLV_RETURN_IF_ERROR(copy.Write(std::string_view(buffer).substr(0, size)));
  }
}

absl::Status PublishDirectory(const std::string& from, const std::string& to) {
  CLV_RETURN_IF_ERROR(SyncPath(from));
  // POSIX lets a directory take the place of an empty one and of nothing else.
  if (::rename(from.c_str(), to.c_str()) != 0) return ErrnoError(to, errno);
  return SyncPath(ParentOf(to));
}

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string WithoutTrailingSlash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

std::string PartialName(const std::string& path) {
  std::array<char, 8> random{};
  // The kernel always gives so few bytes; a name that is taken after all is an error of mkdir.
  if (::getrandom(random.data(), random.size(), 0) < 0) random.fill('x');
  return absl::StrCat(path, ".partial-",
                      absl::BytesToHexString(absl::string_view(random.data(), random.size())));
}

absl::StatusOr<FileDigest> DigestOf(const std::string& path) {
  CLV_ASSIGN_OR_RETURN(const File file, File::Open(path, O_RDONLY));
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  FileDigest digest;
  std::string buffer(kBufferBytes, '\0');
  while (true) {
    CLV_ASSIGN_OR_RETURN(const size_t size, file.Read(&buffer));
    if (size == 0) break;
    EVP_DigestUpdate(context.get(), buffer.data(), size);
    digest.bytes += size;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned int length = 0;
  EVP_DigestFinal_ex(context.get(), hash.data(), &length);
  digest.sha256 =
      absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(hash.data()), length));
  return digest;
}

}  // namespace clv
