#include "tools/cli/export.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/tools/cli/fake_server.h"

namespace clv::cli {
namespace {

class ExportTest : public ::testing::Test {
 protected:
  ~ExportTest() override { std::filesystem::remove(path_); }

  absl::Status Export(const FakeServer& fake, const std::string& format = "ndjson") {
    return RunExport(fake.server(),
                     {.data_source = "customers", .format = format, .output = path_});
  }

  std::string Content() const {
    std::ostringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }

  const std::string path_ = ::testing::TempDir() + "/export_" + std::to_string(getpid());
};

TEST_F(ExportTest, WritesTheWholeBodyAndAsksForTheFormat) {
  std::string body;
  while (body.size() < 1'000'000)
    body += "{\"customer_id\":\"" + std::to_string(body.size()) + "\"}\n";
  FakeServer fake([&](const FakeServer::Request&) { return FakeServer::Answer{.body = body}; });
  ASSERT_TRUE(Export(fake).ok());
  EXPECT_EQ(Content(), body);
  ASSERT_TRUE(Export(fake, "csv").ok());
  EXPECT_EQ(fake.requests().at(0).target,
            "/v1/dataSources/customers:export?format=FILE_FORMAT_NDJSON");
  EXPECT_EQ(fake.requests().at(1).target,
            "/v1/dataSources/customers:export?format=FILE_FORMAT_CSV");
  EXPECT_EQ(fake.requests().at(0).authorization, "Bearer secret");
  EXPECT_FALSE(std::filesystem::exists(path_ + ".part"));
}

TEST_F(ExportTest, AnEmptyBodyIsAnEmptyFile) {
  FakeServer fake([](const FakeServer::Request&) { return FakeServer::Answer{}; });
  ASSERT_TRUE(Export(fake).ok());
  EXPECT_TRUE(std::filesystem::exists(path_));
  EXPECT_EQ(Content(), "");
}

TEST_F(ExportTest, ARefusalLeavesTheFileThatWasThere) {
  std::ofstream(path_) << "before";
  FakeServer fake([](const FakeServer::Request&) {
    return FakeServer::Answer{.status = 403, .body = R"({"code":7,"message":"not you"})"};
  });
  const absl::Status status = Export(fake);
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("not you"));
  EXPECT_EQ(Content(), "before");
  EXPECT_FALSE(std::filesystem::exists(path_ + ".part"));
}

TEST_F(ExportTest, ALostConnectionLeavesNoFile) {
  FakeServer fake(
      [](const FakeServer::Request&) { return FakeServer::Answer{.drop_connection = true}; });
  EXPECT_TRUE(absl::IsUnavailable(Export(fake)));
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_FALSE(std::filesystem::exists(path_ + ".part"));
}

TEST_F(ExportTest, AnOutputThatCannotBeWrittenIsToldBeforeAnythingIsAsked) {
  FakeServer fake([](const FakeServer::Request&) {
    return FakeServer::Answer{.body = std::string(1'000'000, 'x')};
  });
  const absl::Status status =
      RunExport(fake.server(), {.data_source = "customers", .output = "/nowhere/at/all"});
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("/nowhere/at/all"));
  EXPECT_TRUE(fake.requests().empty());
}

}  // namespace
}  // namespace clv::cli
