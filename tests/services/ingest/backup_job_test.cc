#include "services/ingest/backup_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "common/base/files.h"
#include "common/storage/sqlite/backup.h"
#include "common/storage/sqlite/job_store.h"
#include "common/storage/sqlite/token_store.h"
#include "tests/services/ingest/erasure_scene.h"

namespace clv::ingest {
namespace {

using ::testing::HasSubstr;

// Copies as SQLite does, after the test has had its say.
class WatchedCopier final : public storage::InstallationCopier {
 public:
  explicit WatchedCopier(storage::InstallationCopier* copier) : copier_(*copier) {}

  absl::StatusOr<storage::CopiedInstallation> CopyInto(
      const std::string& directory, const std::function<bool()>& is_stopping) override {
    if (before) before();
    return copier_.CopyInto(directory, is_stopping);
  }

  std::function<void()> before;

 private:
  storage::InstallationCopier& copier_;
};

class BackupJobTest : public ::testing::Test {
 protected:
  explicit BackupJobTest(LogRetention log_retention = LogRetention::kAll) : scene_(log_retention) {}

  void SetUp() override {
    scene_.Append({.received_at_seconds = 1, .customers = {{.customer_id = "c"}}});
    scene_.FoldAll();
    ASSERT_TRUE(WriteNewFile(data_.admin_token(), "the admin token\n").ok());
  }

  v1::Job Backup() {
    const auto job = backups_.Start(target_);
    EXPECT_TRUE(job.ok()) << job.status();
    if (!job.ok()) return {};
    return jobs_
        ->WaitUntilEnded(job->job_id(), std::chrono::steady_clock::now() + std::chrono::seconds(30))
        .value();
  }
  std::set<std::string> Names(const std::string& directory) const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      names.insert(entry.path().filename());
    }
    return names;
  }
  static std::string Content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  ErasureScene scene_;
  TempDirectory parent_;
  const DataDirectory data_{scene_.directory().path()};
  const std::string target_ = parent_.path() + "/copy";
  std::unique_ptr<storage::SqliteTokenStore> tokens_ =
      storage::SqliteTokenStore::Open(data_.auth()).value();
  std::unique_ptr<storage::SqliteJobStore> store_ =
      storage::SqliteJobStore::Open(data_.event_log()).value();
  storage::SqliteInstallationCopier copier_{data_};
  WatchedCopier watched_{&copier_};
  std::unique_ptr<JobBoard> jobs_ =
      JobBoard::Open({.store = store_.get(), .clock = &SystemClock()}).value();
  BackupJob backups_{{.copier = &watched_,
                      .directory = data_,
                      .queue = &scene_.queue(),
                      .jobs = jobs_.get(),
                      .clock = &SystemClock(),
                      .log_content = &scene_.log_content(),
                      .version = "1.2.3"}};
};

TEST_F(BackupJobTest, WritesACheckedCopyWithItsManifest) {
  const v1::Job job = Backup();
  EXPECT_EQ(job.state(), v1::JOB_STATE_DONE) << job.error();
  EXPECT_EQ(job.kind(), v1::JOB_KIND_BACKUP);
  EXPECT_EQ(job.directory(), target_);
  EXPECT_EQ(job.folded_position(), 1u);
  EXPECT_EQ(Names(parent_.path()), std::set<std::string>{"copy"});
  EXPECT_EQ(Names(target_), (std::set<std::string>{"admin_token", "auth.db", "backup.json",
                                                   "clv.db", "event_log.db"}));
  EXPECT_EQ(std::filesystem::status(target_).permissions(), std::filesystem::perms::owner_all);
  const std::string manifest = Content(target_ + "/backup.json");
  EXPECT_THAT(manifest, HasSubstr("\"format\": 1,"));
  EXPECT_THAT(manifest, HasSubstr("\"suite_version\": \"1.2.3\""));
  EXPECT_THAT(manifest, HasSubstr("\"folded_position\": 1,"));
  EXPECT_THAT(manifest, HasSubstr("\"log_position\": 1,"));
  for (const char* name : {"admin_token", "auth.db", "clv.db", "event_log.db"}) {
    const FileDigest digest = DigestOf(target_ + "/" + name).value();
    EXPECT_THAT(manifest, HasSubstr(std::string("\"name\": \"") + name));
    EXPECT_THAT(manifest, HasSubstr("\"bytes\": " + std::to_string(digest.bytes) +
                                    ", \"sha256\": \"" + digest.sha256 + "\""));
  }
}

TEST_F(BackupJobTest, AnAdminTokenFromTheEnvironmentIsNotCopied) {
  std::filesystem::remove(data_.admin_token());
  EXPECT_EQ(Backup().state(), v1::JOB_STATE_DONE);
  EXPECT_FALSE(Names(target_).contains("admin_token"));
}

TEST_F(BackupJobTest, RefusesPathsThatItCannotWriteTo) {
  for (const std::string& path : {std::string(), std::string("relative/path"),
                                  parent_.path() + "/no/parent", std::string("/a\nb")}) {
    const auto job = backups_.Start(path);
    EXPECT_EQ(job.status().code(), absl::StatusCode::kInvalidArgument) << path;
    EXPECT_THAT(job.status().message(), HasSubstr("directory: got"));
  }
  EXPECT_EQ(backups_.Start(parent_.path()).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(backups_.Start(parent_.path() + "/").status().code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(BackupJobTest, LeavesNothingBehindWhenItFails) {
  std::filesystem::remove(data_.auth());
  const v1::Job job = Backup();
  EXPECT_EQ(job.state(), v1::JOB_STATE_ERROR);
  EXPECT_NE(job.error(), "");
  EXPECT_TRUE(Names(parent_.path()).empty());
}

TEST_F(BackupJobTest, NeverReplacesWhatCameToBeMeanwhile) {
  watched_.before = [&] { std::filesystem::create_directory(target_); };
  EXPECT_EQ(Backup().state(), v1::JOB_STATE_ERROR);
  EXPECT_EQ(Names(parent_.path()), std::set<std::string>{"copy"});
  EXPECT_TRUE(Names(target_).empty());
}

class BackupOfATrimmedLogTest : public BackupJobTest {
 protected:
  BackupOfATrimmedLogTest() : BackupJobTest(LogRetention::kFolded) {}

  void LetItTrim() {
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(
          scene_.queue().RunOnWriter([](storage::EventLog&) { return absl::OkStatus(); }).ok());
    }
  }
};

TEST_F(BackupOfATrimmedLogTest, TheLogIsNotTrimmedMeanwhile) {
  LetItTrim();
  EXPECT_EQ(scene_.log().FirstRetainedPosition(), 0u);
  watched_.before = [&] {
    scene_.Append({.received_at_seconds = 1, .customers = {{.customer_id = "d"}}});
    scene_.FoldAll();
    LetItTrim();
    EXPECT_EQ(scene_.log().FirstRetainedPosition(), 2u);
  };
  EXPECT_EQ(Backup().state(), v1::JOB_STATE_DONE);
  LetItTrim();
  EXPECT_EQ(scene_.log().FirstRetainedPosition(), 0u);
}

TEST_F(BackupJobTest, NoErasureChangesTheLogMeanwhile) {
  storage::LogPosition erasure = 0;
  std::future<absl::Status> erased;
  watched_.before = [&] {
    erasure = scene_.Append({.received_at_seconds = 1,
                             .wants_outcome = true,
                             .command = wire::CustomerErasure{.customer_id = "c"}});
    scene_.FoldAll();
    erased = std::async(std::launch::async, [&] { return scene_.Erase(erasure); });
    // Time enough for a run that does not wait.
    EXPECT_EQ(erased.wait_for(std::chrono::milliseconds(300)), std::future_status::timeout);
    EXPECT_EQ(scene_.Records().front().customers.size(), 1u);
  };
  EXPECT_EQ(Backup().state(), v1::JOB_STATE_DONE);
  EXPECT_TRUE(erased.get().ok());
  EXPECT_TRUE(scene_.Records().front().customers.empty());
  const auto copied = storage::SqliteEventLog::Open({.path = target_ + "/event_log.db"}).value();
  EXPECT_EQ(copied->OpenErasures(), std::vector<storage::LogPosition>{erasure});
}

}  // namespace
}  // namespace clv::ingest
