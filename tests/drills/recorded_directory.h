// tests/drills/recorded_directory.h: a directory on the recording disk; its records go with it.
#ifndef CLV_TESTS_DRILLS_RECORDED_DIRECTORY_H_
#define CLV_TESTS_DRILLS_RECORDED_DIRECTORY_H_

#include <string>

#include "tests/common/storage/temp_directory.h"
#include "tests/drills/recording_disk.h"

namespace clv::drills {

class RecordedDirectory {
 public:
  RecordedDirectory() { RecordingDisk::Install(); }
  ~RecordedDirectory() { RecordingDisk::Install().Forget(directory_.path()); }
  const std::string& path() const { return directory_.path(); }

 private:
  const TempDirectory directory_;
};

}  // namespace clv::drills

#endif  // CLV_TESTS_DRILLS_RECORDED_DIRECTORY_H_
