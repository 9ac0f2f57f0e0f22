#include "common/base/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace clv {
namespace {

class FilesTest : public ::testing::Test {
 protected:
  FilesTest() {
    std::string pattern = ::testing::TempDir() + "/clv-files-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
  }
  ~FilesTest() override { std::filesystem::remove_all(directory_); }

  std::string Path(const std::string& name) const { return directory_ + "/" + name; }
  static std::string Content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  std::string directory_;
};

TEST_F(FilesTest, ANewFileBelongsToItsOwnerOnly) {
  ASSERT_TRUE(WriteNewFile(Path("a"), "content").ok());
  EXPECT_EQ(Content(Path("a")), "content");
  struct stat info {};
  ASSERT_EQ(::stat(Path("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_TRUE(absl::IsAlreadyExists(WriteNewFile(Path("a"), "other")));
  EXPECT_EQ(Content(Path("a")), "content");
}

TEST_F(FilesTest, CopiesLargeFiles) {
  std::string content;
  while (content.size() < (size_t{3} << 20)) content += std::to_string(content.size());
  ASSERT_TRUE(WriteNewFile(Path("a"), content).ok());
  ASSERT_TRUE(CopyToNewFile(Path("a"), Path("b")).ok());
  EXPECT_EQ(Content(Path("b")), content);
  EXPECT_EQ(DigestOf(Path("a")).value(), DigestOf(Path("b")).value());
  EXPECT_EQ(DigestOf(Path("a"))->bytes, content.size());
  EXPECT_TRUE(absl::IsAlreadyExists(CopyToNewFile(Path("a"), Path("b"))));
  EXPECT_TRUE(absl::IsNotFound(CopyToNewFile(Path("c"), Path("d"))));
}

TEST_F(FilesTest, DigestsAreSha256) {
  ASSERT_TRUE(WriteNewFile(Path("abc"), "abc").ok());
  ASSERT_TRUE(WriteNewFile(Path("empty"), "").ok());
  // FIPS 180-2, appendix B.1.
  EXPECT_EQ(DigestOf(Path("abc"))->sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(DigestOf(Path("empty"))->sha256,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_TRUE(absl::IsNotFound(DigestOf(Path("nothing")).status()));
}

TEST_F(FilesTest, PublishesADirectoryInThePlaceOfNothingOrOfAnEmptyOne) {
  for (const char* name : {"one", "two", "three"}) {
    std::filesystem::create_directory(Path(name));
    ASSERT_TRUE(WriteNewFile(Path(name) + "/file", name).ok());
  }
  ASSERT_TRUE(PublishDirectory(Path("one"), Path("new")).ok());
  EXPECT_EQ(Content(Path("new/file")), "one");
  std::filesystem::create_directory(Path("empty"));
  ASSERT_TRUE(PublishDirectory(Path("two"), Path("empty")).ok());
  EXPECT_EQ(Content(Path("empty/file")), "two");
  EXPECT_TRUE(absl::IsAlreadyExists(PublishDirectory(Path("three"), Path("new"))));
  EXPECT_EQ(Content(Path("new/file")), "one");
  ASSERT_TRUE(WriteNewFile(Path("plain"), "plain").ok());
  EXPECT_TRUE(absl::IsAlreadyExists(PublishDirectory(Path("three"), Path("plain"))));
}

TEST_F(FilesTest, TakesPathsApart) {
  EXPECT_EQ(ParentOf("/a/b"), "/a");
  EXPECT_EQ(ParentOf("/a"), "/");
  EXPECT_EQ(ParentOf("a"), ".");
  EXPECT_EQ(WithoutTrailingSlash("/a//"), "/a");
  EXPECT_EQ(WithoutTrailingSlash("/"), "/");
  EXPECT_NE(PartialName("/a"), PartialName("/a"));
  EXPECT_EQ(PartialName("/a").find("/a.partial-"), 0u);
}

}  // namespace
}  // namespace clv
