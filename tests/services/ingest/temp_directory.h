// tests/services/ingest/temp_directory.h: a directory that is gone when the test is over.
#ifndef CLV_TESTS_SERVICES_INGEST_TEMP_DIRECTORY_H_
#define CLV_TESTS_SERVICES_INGEST_TEMP_DIRECTORY_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace clv::ingest {

class TempDirectory {
 public:
  TempDirectory() {
    std::string pattern = ::testing::TempDir() + "/clv-ingest-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~TempDirectory() { std::filesystem::remove_all(path_); }

  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace clv::ingest

#endif  // CLV_TESTS_SERVICES_INGEST_TEMP_DIRECTORY_H_
