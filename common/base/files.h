// common/base/files.h: files and directories that are to survive power loss.
//
// Errors of every call, with the path in the message: NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED,
// RESOURCE_EXHAUSTED (disk full), else UNAVAILABLE.
#ifndef CLV_COMMON_BASE_FILES_H_
#define CLV_COMMON_BASE_FILES_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace clv {

// Waits until the file or directory is on the disk. A new file needs it for itself and for its
// directory.
absl::Status SyncPath(const std::string& path);

// Writes a new file that only its owner reads and writes, and syncs it. ALREADY_EXISTS when there
// is one.
absl::Status WriteNewFile(const std::string& path, std::string_view content);

// Copies a file to a new one that only its owner reads and writes, and syncs it.
absl::Status CopyToNewFile(const std::string& from, const std::string& to);

// Gives the finished directory `from` its name `to`, at once for everybody and durably.
// ALREADY_EXISTS when `to` is anything but an empty directory.
absl::Status PublishDirectory(const std::string& from, const std::string& to);

// The directory that holds the path: `/a` of `/a/b`, `.` of `b`.
std::string ParentOf(const std::string& path);

// `path` without slashes at its end.
std::string WithoutTrailingSlash(std::string path);

// A name beside `path` that nobody else uses: `<path>.partial-<16 random hexadecimal digits>`.
std::string PartialName(const std::string& path);

// What a file holds.
struct FileDigest {
  uint64_t bytes = 0;
  std::string sha256;  // 64 hexadecimal digits

  bool operator==(const FileDigest&) const = default;
};
absl::StatusOr<FileDigest> DigestOf(const std::string& path);

}  // namespace clv

#endif  // CLV_COMMON_BASE_FILES_H_
