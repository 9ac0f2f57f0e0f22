// tests/drills/recording_vfs.h: the VFS that tells a recording disk what SQLite does.
#ifndef CLV_TESTS_DRILLS_RECORDING_VFS_H_
#define CLV_TESTS_DRILLS_RECORDING_VFS_H_

#include "tests/drills/recording_disk.h"

namespace clv::drills {

// Registers the VFS as the default; false when SQLite refuses it. Once for each process.
bool RegisterRecordingVfs(RecordingDisk& disk);

}  // namespace clv::drills

#endif  // CLV_TESTS_DRILLS_RECORDING_VFS_H_
