#include "services/ingest/backup_job.h"

#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/files.h"
#include "common/base/instant.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "common/rpc/status_conversion.h"

namespace clv::ingest {
namespace {

constexpr char kAdminTokenFile[] = "admin_token";
constexpr char kField[] = "directory";

absl::StatusOr<std::string> CheckDirectory(const std::string& directory) {
  if (directory.empty() || directory.front() != '/' || HasControlCharacter(directory)) {
    return rpc::FieldError(kField, directory, "an absolute path");
  }
  const std::string path = WithoutTrailingSlash(directory);
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0) {
    return absl::AlreadyExistsError(absl::StrCat(kField, ": ", path, " exists"));
  }
  if (::stat(ParentOf(path).c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return rpc::FieldError(kField, directory, "a path whose parent is a directory");
  }
  return path;
}

void RemoveTree(const std::string& path) {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

// Names are our own and need no escapes.
std::string FileEntry(const storage::CopiedDatabase& file, const FileDigest& digest) {
  return absl::StrCat("    {\"name\": \"", file.name,
                      "\", \"schema_version\": ", file.schema_version,
                      ", \"bytes\": ", digest.bytes, ", \"sha256\": \"", digest.sha256, "\"}");
}

}  // namespace

absl::StatusOr<v1::Job> BackupJob::Start(const std::string& directory) {
  CLV_ASSIGN_OR_RETURN(const std::string path, CheckDirectory(directory));
  v1::Job prototype;
  prototype.set_kind(v1::JOB_KIND_BACKUP);
  prototype.set_directory(path);
  return options_.jobs->Start(std::move(prototype),
                              [this, path](JobProgress& progress) { return Run(path, progress); });
}

absl::Status BackupJob::Run(const std::string& directory, JobProgress& progress) const {
  const std::string partial = PartialName(directory);
  if (::mkdir(partial.c_str(), 0700) != 0) {
    return absl::UnavailableError(absl::StrCat(partial, " cannot be made"));
  }
  absl::Status status = Fill(partial, progress);
  // The directory may have come to be meanwhile; one that is empty would be replaced.
  if (status.ok()) status = CheckDirectory(directory).status();
  if (status.ok()) status = PublishDirectory(partial, directory);
  if (!status.ok()) RemoveTree(partial);
  return status;
}

absl::Status BackupJob::Fill(const std::string& partial, JobProgress& progress) const {
  std::unique_lock content(*options_.log_content, std::defer_lock);
  while (!content.try_lock_for(std::chrono::milliseconds(50))) {
    if (progress.stopping()) return absl::CancelledError("told to stop");
  }
  const WriteQueue::TrimHold hold = options_.queue->HoldTrimming();
  const int64_t now = options_.clock->NowSeconds();
  CLV_ASSIGN_OR_RETURN(
      storage::CopiedInstallation copied,
      options_.copier->CopyInto(partial, [&progress] { return progress.stopping(); }));
  content.unlock();
  progress.Update([&](v1::Job* job) {
    job->set_folded_position(copied.folded_position);
    job->set_progress(0.8);
  });
  const absl::Status token =
      CopyToNewFile(options_.directory.admin_token(), DataDirectory{partial}.admin_token());
  if (token.ok()) copied.databases.push_back({.name = kAdminTokenFile});
  // With CLV_ADMIN_TOKEN there is no file.
  if (!token.ok() && !absl::IsNotFound(token)) return token;
  std::vector<std::string> entries;
  for (const storage::CopiedDatabase& file : copied.databases) {
    CLV_ASSIGN_OR_RETURN(const FileDigest digest, DigestOf(absl::StrCat(partial, "/", file.name)));
    entries.push_back(FileEntry(file, digest));
  }
  return WriteNewFile(
      absl::StrCat(partial, "/", kBackupManifest),
      absl::StrCat("{\n  \"format\": ", kBackupFormat, ",\n  \"suite_version\": \"",
                   options_.version, "\",\n  \"created_at\": \"", FormatInstant(now),
                   "\",\n  \"folded_position\": ", copied.folded_position,
                   ",\n  \"log_position\": ", copied.log_position, ",\n  \"files\": [\n",
                   absl::StrJoin(entries, ",\n"), "\n  ]\n}\n"));
}

}  // namespace clv::ingest
