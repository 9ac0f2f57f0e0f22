#include "common/base/data_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/common/storage/temp_directory.h"

namespace clv {
namespace {

using ::testing::UnorderedElementsAre;

class AdminTokenTest : public ::testing::Test {
 protected:
  AdminTokenTest() { ::unsetenv("CLV_ADMIN_TOKEN"); }
  ~AdminTokenTest() override { ::unsetenv("CLV_ADMIN_TOKEN"); }

  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(data_.path)) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  TempDirectory directory_;
  const DataDirectory data_{directory_.path()};
};

TEST_F(AdminTokenTest, IsCreatedOnce) {
  const std::string token = CreateAdminToken(data_).value();
  EXPECT_EQ(token.size(), 47u);
  EXPECT_EQ(FindAdminToken(data_), token);
  EXPECT_EQ(CreateAdminToken(data_).status().code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(AdminTokenTest, IsReplacedByAnother) {
  const std::string old = CreateAdminToken(data_).value();
  const std::string token = ReplaceAdminToken(data_).value();
  EXPECT_NE(token, old);
  EXPECT_EQ(token.size(), 47u);
  EXPECT_EQ(FindAdminToken(data_), token);
}

TEST_F(AdminTokenTest, IsReadableForItsOwnerOnly) {
  ASSERT_TRUE(CreateAdminToken(data_).ok());
  ASSERT_TRUE(ReplaceAdminToken(data_).ok());
  struct stat info {};
  ASSERT_EQ(::stat(data_.admin_token().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(AdminTokenTest, AReplacementLeavesNoOtherFile) {
  ASSERT_TRUE(CreateAdminToken(data_).ok());
  // As a process that was killed in the middle would leave it.
  std::ofstream(data_.admin_token() + ".new") << "half";
  ASSERT_TRUE(ReplaceAdminToken(data_).ok());
  EXPECT_THAT(Files(), UnorderedElementsAre("admin_token"));
}

TEST_F(AdminTokenTest, TheOldOneStaysWhenTheNewOneCannotBeWritten) {
  const std::string old = CreateAdminToken(data_).value();
  // A directory in the place of the new file, with something in it, cannot be removed.
  std::filesystem::create_directories(data_.admin_token() + ".new/x");
  EXPECT_FALSE(ReplaceAdminToken(data_).ok());
  EXPECT_EQ(FindAdminToken(data_), old);
}

TEST_F(AdminTokenTest, OfTheEnvironmentWinsAndIsNotReplaced) {
  const std::string old = CreateAdminToken(data_).value();
  ::setenv("CLV_ADMIN_TOKEN", "from-outside", 1);
  EXPECT_EQ(FindAdminToken(data_), "from-outside");
  EXPECT_EQ(ReplaceAdminToken(data_).status().code(), absl::StatusCode::kFailedPrecondition);
  ::unsetenv("CLV_ADMIN_TOKEN");
  EXPECT_EQ(FindAdminToken(data_), old);
}

}  // namespace
}  // namespace clv
