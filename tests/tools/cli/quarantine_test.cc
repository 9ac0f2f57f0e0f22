#include "tools/cli/quarantine.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "gtest/gtest.h"
#include "tests/tools/cli/fake_server.h"

namespace clv::cli {
namespace {

constexpr char kRows[] =
    R"({"rows":[{"id":"7","importId":"i","insertionDate":"2026-01-02T03:04:05Z",
                 "columns":[{"name":"customer_id","error":"customer_id: got nothing, want a value"},
                            {"name":"name","error":""},
                            {"name":"active","error":"active: got '7', want 0, 1, true or false"}],
                 "raw":"{\"active\":7}"},
                {"id":"3","importId":"i","insertionDate":"2026-01-02T03:04:04Z",
                 "error":"not JSON: want a value","raw":"\u00e4}\n\""}],"totalRows":"9"})";

FakeServer::Answer QuarantineAnswer(const FakeServer::Request& request) {
  if (request.method == "GET" && request.target.find("/v1/jobs/") != 0) {
    return {.body = kRows};
  }
  return {.body = R"({"job":{"jobId":"j","state":"JOB_STATE_DONE","successfulRows":"2"}})"};
}

TEST(QuarantineTest, ListsRowsWithTheirErrors) {
  const auto document = JsonDocument::Parse(kRows);
  ASSERT_TRUE(document.ok());
  const std::string text = RenderQuarantine(document->root());
  EXPECT_NE(text.find(" 7  2026-01-02T03:04:05Z  i       customer_id: got nothing, want a value; "
                      "active: got '7', want 0, 1, true or false  {\"active\":7}\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("not JSON: want a value"), std::string::npos);
}

TEST(QuarantineTest, LongRowsAreCutInTheTable) {
  const auto document =
      JsonDocument::Parse(R"({"rows":[{"id":"1","raw":")" + std::string(100, 'x') + R"("}]})");
  ASSERT_TRUE(document.ok());
  const std::string text = RenderQuarantine(document->root());
  EXPECT_NE(text.find(std::string(80, 'x') + "...\n"), std::string::npos);
  EXPECT_NE(MendableLines(document->root()).find(std::string(100, 'x')), std::string::npos);
}

TEST(QuarantineTest, MendableLinesAreWhatRetryTakes) {
  const auto document = JsonDocument::Parse(kRows);
  ASSERT_TRUE(document.ok());
  std::istringstream lines(MendableLines(document->root()) + "\n  \n");
  const auto body = RetryBody("", &lines);
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_EQ(*body,
            "{\"importId\":\"\",\"rows\":[{\"id\":7,\"raw\":\"{\\\"active\\\":7}\"},"
            "{\"id\":3,\"raw\":\"\u00e4}\\u000a\\\"\"}]}");
}

TEST(QuarantineTest, RetriesAllOrThoseOfAnImport) {
  EXPECT_EQ(*RetryBody("", nullptr), R"({"importId":"","rows":[]})");
  EXPECT_EQ(*RetryBody("a\"b", nullptr), R"({"importId":"a\"b","rows":[]})");
}

TEST(QuarantineTest, RefusesAFileThatIsNotOfMendedRows) {
  for (const char* text : {"{\"id\":1,\"raw\":\"x\"}\nnonsense\n", "\n{\"raw\":\"x\"}\n"}) {
    std::istringstream lines(text);
    EXPECT_EQ(RetryBody("", &lines).status().message(),
              "line 2 is no {\"id\": ..., \"raw\": \"...\"}");
  }
  std::istringstream nothing("\n");
  EXPECT_EQ(RetryBody("", &nothing).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(QuarantineTest, CountsReasons) {
  const auto document = JsonDocument::Parse(
      R"({"reasons":[{"column":"name","reason":"text","rows":"1200",
                      "lastInsertionDate":"2026-01-02T03:04:05Z"},
                     {"reason":"a JSON object","rows":"1"}],"totalRows":"1201"})");
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(RenderReasons(document->root()),
            " rows  column  wanted         newest\n"
            "-----  ------  -------------  --------------------\n"
            "1,200  name    text           2026-01-02T03:04:05Z\n"
            "    1  -       a JSON object\n");
}

TEST(QuarantineTest, CallsTheServer) {
  FakeServer fake(&QuarantineAnswer);
  EXPECT_TRUE(RunQuarantineList(fake.server(), {.data_source = "customers", .limit = 5}).ok());
  EXPECT_TRUE(RunQuarantineReasons(fake.server(), "customers").ok());
  EXPECT_TRUE(
      RunQuarantineRetry(fake.server(), {.data_source = "customers", .import_id = "i"}).ok());
  const auto requests = fake.requests();
  EXPECT_EQ(requests[0].target, "/v1/quarantine/customers?limit=5");
  EXPECT_EQ(requests[1].target, "/v1/quarantine/customers:counts");
  EXPECT_EQ(requests[2].method, "POST");
  EXPECT_EQ(requests[2].target, "/v1/quarantine/customers:retry");
  EXPECT_EQ(requests[2].body, R"({"importId":"i","rows":[]})");
}

TEST(QuarantineTest, ReadsMendedRowsFromAFile) {
  FakeServer fake(&QuarantineAnswer);
  const auto path = std::filesystem::path(testing::TempDir()) / "clv_mended_rows.ndjson";
  std::ofstream(path) << "{\"id\":1,\"raw\":\"{}\"}\n";
  EXPECT_TRUE(
      RunQuarantineRetry(fake.server(), {.data_source = "customers", .mended_file = path.string()})
          .ok());
  EXPECT_EQ(fake.requests()[0].body, R"({"importId":"","rows":[{"id":1,"raw":"{}"}]})");
  std::filesystem::remove(path);
  EXPECT_EQ(
      RunQuarantineRetry(fake.server(), {.data_source = "customers", .mended_file = path.string()})
          .code(),
      absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace clv::cli
