// services/query/projection/snapshot_file.h: a version of a projection in a file, so that a start
// need not read the whole store.
//
// The file is for the machine that wrote it. It is never trusted: a checksum covers it, and it says
// which state of which store it holds.
#ifndef CLV_SERVICES_QUERY_PROJECTION_SNAPSHOT_FILE_H_
#define CLV_SERVICES_QUERY_PROJECTION_SNAPSHOT_FILE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/query/projection/projection_version.h"

namespace clv::query {

// A version that may be built upon, and what it shares with its successors.
struct ProjectionBase {
  std::shared_ptr<ProjectionVersion> version;
  std::shared_ptr<ProjectionTexts> texts;
  std::shared_ptr<IdTable> ids;
};

// Writes the version beside the path and gives it its name when it is whole and on the disk. Errors
// as in common/base/files.h.
absl::Status WriteSnapshot(const ProjectionVersion& version, const std::string& path);

// Reads a snapshot. NOT_FOUND when there is none; DATA_LOSS when it is damaged, or was written by
// another release.
absl::StatusOr<ProjectionBase> ReadSnapshot(const std::string& path);

// Removes the snapshot if there is one.
void RemoveSnapshot(const std::string& path);

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_SNAPSHOT_FILE_H_
