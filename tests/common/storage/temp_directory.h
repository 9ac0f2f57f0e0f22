// tests/common/storage/temp_directory.h: a directory that is gone with its object.
#ifndef CLV_TESTS_COMMON_STORAGE_TEMP_DIRECTORY_H_
#define CLV_TESTS_COMMON_STORAGE_TEMP_DIRECTORY_H_

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace clv {

// An empty directory below the system's one for temporary files.
class TempDirectory {
 public:
  TempDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "clv_test_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
      std::perror("mkdtemp");
      std::abort();
    }
    path_ = pattern;
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace clv

#endif  // CLV_TESTS_COMMON_STORAGE_TEMP_DIRECTORY_H_
