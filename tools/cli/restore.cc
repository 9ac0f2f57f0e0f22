#include "tools/cli/restore.h"

#include <sys/stat.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/base/data_directory.h"
#include "common/base/files.h"
#include "common/base/status_macros.h"
#include "common/storage/sqlite/migrations/migrations.h"
#include "tools/cli/server_json.h"
#include "tools/cli/text_format.h"

namespace clv::cli {
namespace {

constexpr char kManifest[] = "backup.json";
constexpr uint64_t kFormat = 1;

struct BackupFile {
  std::string name;
  uint64_t schema_version = 0;
  FileDigest digest;
};

struct Manifest {
  std::string created_at;
  uint64_t log_position = 0;
  std::vector<BackupFile> files;
};

// The newest schema that this program knows of each file of a backup; the only files there are.
const std::map<std::string, uint64_t>& KnownFiles() {
  static const std::map<std::string, uint64_t> files = {
      {"clv.db", storage::ClvMigrations().size()},
      {"event_log.db", storage::EventLogMigrations().size()},
      {"auth.db", storage::AuthMigrations().size()},
      {"admin_token", 0}};
  return files;
}

absl::StatusOr<BackupFile> FileOf(const ProtoJson& entry) {
  BackupFile file{.name = entry.Text("name"),
                  .schema_version = entry.Unsigned("schema_version"),
                  .digest = {.bytes = entry.Unsigned("bytes"), .sha256 = entry.Text("sha256")}};
  const auto known = KnownFiles().find(file.name);
  if (known == KnownFiles().end()) {
    return absl::InvalidArgumentError(
        absl::StrCat(kManifest, ": file \"", file.name, "\" belongs to no backup"));
  }
  if (file.schema_version > known->second) {
    return absl::FailedPreconditionError(
        absl::StrCat("the backup's ", file.name, " has schema version ", file.schema_version,
                     ", this program knows up to ", known->second, "; use a newer one"));
  }
  return file;
}

absl::StatusOr<Manifest> ReadManifest(const std::string& backup) {
  const std::string path = absl::StrCat(backup, "/", kManifest);
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::InvalidArgumentError(absl::StrCat(backup, " is no backup: no ", path));
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const absl::StatusOr<JsonDocument> document = JsonDocument::Parse(text);
  if (!document.ok()) return absl::InvalidArgumentError(absl::StrCat(path, " is no manifest"));
  const ProtoJson root = document->root();
  if (root.Unsigned("format") != kFormat) {
    return absl::FailedPreconditionError(
        absl::StrCat("the backup has format ", root.Unsigned("format"), " of suite ",
                     root.Text("suite_version"), ", this program knows format ", kFormat));
  }
  Manifest manifest{.created_at = root.Text("created_at"),
                    .log_position = root.Unsigned("log_position")};
  size_t databases = 0;
  for (const ProtoJson& entry : root.List("files")) {
    CLV_ASSIGN_OR_RETURN(BackupFile backup_file, FileOf(entry));
    if (backup_file.schema_version > 0) ++databases;
    manifest.files.push_back(std::move(backup_file));
  }
  if (databases != 3) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " names ", databases, " databases, want 3"));
  }
  return manifest;
}

absl::Status CheckTarget(const DataDirectory& target) {
  struct stat info {};
  if (::lstat(target.path.c_str(), &info) != 0) return absl::OkStatus();
  for (const char* role : {"ingest", "aggregation"}) {
    if (::lstat(target.role_lock(role).c_str(), &info) != 0) continue;
    CLV_RETURN_IF_ERROR(RoleLock::Take(target, role).status());
  }
  std::error_code error;
  const bool is_empty = std::filesystem::is_empty(target.path, error);
  if (!error && is_empty && std::filesystem::is_directory(target.path)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("--data-dir: ", target.path, " holds something; want a new or empty directory"));
}

absl::Status CopyChecked(const RestoreOptions& options, const Manifest& manifest,
                         const std::string& partial) {
  for (const BackupFile& file : manifest.files) {
    const std::string copy = absl::StrCat(partial, "/", file.name);
    CLV_RETURN_IF_ERROR(CopyToNewFile(absl::StrCat(options.backup, "/", file.name), copy));
    CLV_ASSIGN_OR_RETURN(const FileDigest digest, DigestOf(copy));
    if (digest == file.digest) continue;
    return absl::DataLossError(absl::StrCat(options.backup, "/", file.name,
                                            " differs from the manifest: ", digest.bytes,
                                            " bytes with SHA-256 ", digest.sha256, ", want ",
                                            file.digest.bytes, " with ", file.digest.sha256));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RunRestore(const RestoreOptions& options) {
  const DataDirectory target{WithoutTrailingSlash(options.data_dir)};
  if (target.path.empty()) return absl::InvalidArgumentError("--data-dir: want a path");
  CLV_ASSIGN_OR_RETURN(const Manifest manifest, ReadManifest(options.backup));
  CLV_RETURN_IF_ERROR(CheckTarget(target));
  const std::string partial = PartialName(target.path);
  if (::mkdir(partial.c_str(), 0700) != 0) {
    return absl::InvalidArgumentError(absl::StrCat("--data-dir: ", partial, " cannot be made"));
  }
  absl::Status status = CopyChecked(options, manifest, partial);
  if (status.ok()) status = PublishDirectory(partial, target.path);
  if (!status.ok()) {
    std::error_code ignored;
    std::filesystem::remove_all(partial, ignored);
    return status;
  }
  std::printf("%s is the backup of %s, up to log position %s; a suite may be started on it\n",
              target.path.c_str(), manifest.created_at.c_str(),
              WithThousands(manifest.log_position).c_str());
  return absl::OkStatus();
}

}  // namespace clv::cli
