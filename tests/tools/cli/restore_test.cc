#include "tools/cli/restore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/data_directory.h"
#include "common/base/files.h"

namespace clv::cli {
namespace {

using ::testing::HasSubstr;

class RestoreTest : public ::testing::Test {
 protected:
  RestoreTest() {
    std::string pattern = ::testing::TempDir() + "/clv-restore-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    backup_ = directory_ + "/backup";
    target_ = directory_ + "/data";
    std::filesystem::create_directory(backup_);
    for (const char* name : {"clv.db", "event_log.db", "auth.db", "admin_token"}) {
      EXPECT_TRUE(WriteNewFile(backup_ + "/" + name, std::string("content of ") + name).ok());
    }
    WriteManifest();
  }
  ~RestoreTest() override { std::filesystem::remove_all(directory_); }

  void WriteManifest(const std::string& format = "1", const std::string& schema_version = "1",
                     const std::string& extra = "") {
    std::string files;
    for (const char* name : {"clv.db", "event_log.db", "auth.db", "admin_token"}) {
      const FileDigest digest = DigestOf(backup_ + "/" + name).value();
      absl::StrAppend(
          &files, files.empty() ? "" : ",", "{\"name\":\"", name,
          "\",\"schema_version\":", std::string(name) == "admin_token" ? "0" : schema_version,
          ",\"bytes\":", digest.bytes, ",\"sha256\":\"", digest.sha256, "\"}");
    }
    WriteRawManifest(absl::StrCat("{\"format\":", format,
                                  ",\"created_at\":\"2026-01-31 12:00:00\",\"log_position\":7,"
                                  "\"files\":[",
                                  files, extra, "]}"));
  }
  void WriteRawManifest(const std::string& text) {
    std::ofstream(backup_ + "/backup.json", std::ios::binary) << text;
  }

  absl::Status Restore() { return RunRestore({.backup = backup_, .data_dir = target_}); }

  // What lies beside the backup: the target where it was made, and nothing half done.
  std::set<std::string> Names() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
      names.insert(entry.path().filename());
    }
    names.erase("backup");
    return names;
  }
  static std::string Content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  std::string directory_, backup_, target_;
};

TEST_F(RestoreTest, MakesADataDirectoryForItsOwnerOnly) {
  ASSERT_TRUE(Restore().ok());
  EXPECT_EQ(Names(), std::set<std::string>{"data"});
  for (const char* name : {"clv.db", "event_log.db", "auth.db", "admin_token"}) {
    EXPECT_EQ(Content(target_ + "/" + name), std::string("content of ") + name);
    EXPECT_EQ(std::filesystem::status(target_ + "/" + name).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  EXPECT_EQ(std::filesystem::status(target_).permissions(), std::filesystem::perms::owner_all);
  EXPECT_FALSE(std::filesystem::exists(target_ + "/backup.json"));
}

TEST_F(RestoreTest, TakesThePlaceOfAnEmptyDirectory) {
  std::filesystem::create_directory(target_);
  target_ += "/";
  EXPECT_TRUE(Restore().ok());
  EXPECT_TRUE(std::filesystem::exists(target_ + "clv.db"));
}

TEST_F(RestoreTest, RefusesADirectoryThatHoldsAnything) {
  std::filesystem::create_directory(target_);
  ASSERT_TRUE(WriteNewFile(target_ + "/something", "").ok());
  const absl::Status status = Restore();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("--data-dir"));
  EXPECT_EQ(Names(), std::set<std::string>{"data"});
}

TEST_F(RestoreTest, TellsWhoUsesTheDirectory) {
  std::filesystem::create_directory(target_);
  const auto lock = RoleLock::Take({target_}, "aggregation");
  ASSERT_TRUE(lock.ok());
  const absl::Status status = Restore();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("is the aggregation of"));
}

TEST_F(RestoreTest, RefusesAFileThatDiffersFromTheManifest) {
  std::ofstream(backup_ + "/event_log.db", std::ios::app) << "more";
  const absl::Status status = Restore();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("event_log.db differs"));
  EXPECT_TRUE(Names().empty());
}

TEST_F(RestoreTest, RefusesABackupThatLacksAFile) {
  std::filesystem::remove(backup_ + "/auth.db");
  EXPECT_EQ(Restore().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(Names().empty());
}

TEST_F(RestoreTest, RefusesWhatIsNoBackup) {
  for (const char* manifest :
       {"", "{", "[]", "{\"format\":1}", "{\"format\":1,\"files\":[{\"name\":\"../clv.db\"}]}"}) {
    WriteRawManifest(manifest);
    const absl::Status status = Restore();
    EXPECT_FALSE(status.ok()) << manifest;
    EXPECT_TRUE(Names().empty()) << manifest;
  }
  std::filesystem::remove(backup_ + "/backup.json");
  EXPECT_EQ(Restore().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(RestoreTest, RefusesAForeignFile) {
  WriteManifest("1", "1", ",{\"name\":\"other\",\"bytes\":0,\"sha256\":\"\"}");
  const absl::Status status = Restore();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("\"other\""));
}

TEST_F(RestoreTest, RefusesWhatANewerSuiteWrote) {
  WriteManifest("2");
  EXPECT_EQ(Restore().code(), absl::StatusCode::kFailedPrecondition);
  WriteManifest("1", "1000");
  const absl::Status status = Restore();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("schema version 1000"));
}

TEST_F(RestoreTest, RefusesATargetThatCannotBeMade) {
  target_ = directory_ + "/no/parent";
  EXPECT_EQ(Restore().code(), absl::StatusCode::kInvalidArgument);
  target_ = "";
  EXPECT_EQ(Restore().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace clv::cli
