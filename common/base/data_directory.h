// common/base/data_directory.h: the directory that the processes of one installation share.
#ifndef CLV_COMMON_BASE_DATA_DIRECTORY_H_
#define CLV_COMMON_BASE_DATA_DIRECTORY_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace clv {

// Names of what lies in a data directory.
struct DataDirectory {
  std::string path;

  std::string event_log() const { return path + "/event_log.db"; }
  std::string auth() const { return path + "/auth.db"; }
  std::string clv() const { return path + "/clv.db"; }
  std::string projection_snapshot() const { return path + "/projection.snapshot"; }
  // The last log position that the projection has applied, or the greatest number while nobody asks
  // it: a ShownNumber of the query process.
  std::string projection_position() const { return path + "/projection.position"; }
  std::string admin_token() const { return path + "/admin_token"; }
  std::string role_lock(const std::string& role) const { return path + "/" + role + ".lock"; }
};

// Makes the directory (mode 0700) if it is not there. INVALID_ARGUMENT when it cannot be made or is
// no directory.
absl::Status EnsureDirectory(const std::string& path);

// A held lock on `<role>.lock`: while it lives, no second process takes the role. Freed with the
// process, however it ends.
class RoleLock {
 public:
  // FAILED_PRECONDITION when another process holds it, with that process's id.
  static absl::StatusOr<RoleLock> Take(const DataDirectory& directory, const std::string& role);

  RoleLock(RoleLock&& other) noexcept : file_(other.file_) { other.file_ = -1; }
  RoleLock& operator=(RoleLock&&) = delete;
  ~RoleLock();

 private:
  explicit RoleLock(int file) : file_(file) {}
  int file_;
};

// The admin token: CLV_ADMIN_TOKEN where it is set, else the file `admin_token`. Nothing when there
// is neither.
std::optional<std::string> FindAdminToken(const DataDirectory& directory);

// Writes a new admin token of 256 random bits to the file `admin_token` (mode 0600, durable) and
// returns it. ALREADY_EXISTS when there is one.
absl::StatusOr<std::string> CreateAdminToken(const DataDirectory& directory);

// Replaces the file `admin_token` by one with a new token of 256 random bits (mode 0600, durable)
// and returns it; who reads the file sees the old or the new one, never a part. FAILED_PRECONDITION
// when CLV_ADMIN_TOKEN sets the admin token, UNAVAILABLE when the file cannot be written: then the
// old one is still there.
absl::StatusOr<std::string> ReplaceAdminToken(const DataDirectory& directory);

}  // namespace clv

#endif  // CLV_COMMON_BASE_DATA_DIRECTORY_H_
