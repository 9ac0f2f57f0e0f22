#include "tools/cli/load.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "tests/tools/cli/fake_server.h"

namespace clv::cli {
namespace {

class LoadTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(directory_); }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string WriteFile(const std::string& name, const std::string& text) {
    const std::string path = directory_ + "/" + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  static std::string Rows(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
      text += "{\"purchase_id\":\"" + std::to_string(i) + "\"}\n";
    }
    return text;
  }

  // Counts the lines of the body as accepted rows.
  static FakeServer::Answer Accept(const FakeServer::Request& request) {
    const auto rows = std::count(request.body.begin(), request.body.end(), '\n');
    const bool wait = request.target.ends_with("&wait=true");
    return {.status = wait ? 200 : 202,
            .body = "{\"successful_rows\": " + std::to_string(rows) + ", \"quarantined_rows\": 0}"};
  }

  static std::set<std::string> LinesOf(const std::vector<FakeServer::Request>& requests) {
    std::set<std::string> lines;
    for (const FakeServer::Request& request : requests) {
      std::string_view body = request.body;
      while (!body.empty()) {
        const size_t end = body.find('\n') + 1;
        lines.emplace(body.substr(0, end));
        body.remove_prefix(end);
      }
    }
    return lines;
  }

  static LoadOptions Small(std::vector<std::string> files) {
    LoadOptions options;
    options.files = std::move(files);
    options.limits.rows = 10;
    options.retry.first_delay = std::chrono::milliseconds(1);
    return options;
  }

  const std::string directory_ = testing::TempDir() + "load_test_" +
                                 testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(LoadTest, SendsEveryRowOnceAndWaitsForTheLastBatch) {
  FakeServer fake(Accept);
  ASSERT_TRUE(RunLoad(fake.server(), Small({WriteFile("purchases.ndjson", Rows(95))})).ok());
  const auto requests = fake.requests();
  EXPECT_EQ(requests.size(), 10u);
  EXPECT_EQ(LinesOf(requests).size(), 95u);
  for (size_t i = 0; i < requests.size(); ++i) {
    EXPECT_EQ(requests[i].target, i + 1 == requests.size()
                                      ? "/v0/events?name=purchases&wait=true"
                                      : "/v0/events?name=purchases&wait=false");
  }
}

TEST_F(LoadTest, SendsTheFilesInTheirOrder) {
  FakeServer fake(Accept);
  LoadOptions options = Small({WriteFile("customers.ndjson", Rows(35)),
                               WriteFile("purchases.csv",
                                         "purchase_id,customer_id,purchase_amount,purchase_date\n"
                                         "p1,c1,1,2\n")});
  options.wait = false;
  ASSERT_TRUE(RunLoad(fake.server(), options).ok());
  const auto requests = fake.requests();
  ASSERT_EQ(requests.size(), 5u);
  EXPECT_EQ(requests[3].target, "/v0/events?name=customers&wait=false");
  EXPECT_EQ(requests[4].target, "/v0/events?name=purchases&wait=false");
}

TEST_F(LoadTest, TriesAgainWhenTheServerIsBusyOrTheConnectionBreaks) {
  std::atomic<int> calls = 0;
  FakeServer fake([&calls](const FakeServer::Request& request) {
    switch (++calls % 4) {
      case 1:
        return FakeServer::Answer{.status = 503};
      case 2:
        return FakeServer::Answer{.drop_connection = true};
      case 3:
        return FakeServer::Answer{.status = 429, .retry_after = "0"};
      default:
        return Accept(request);
    }
  });
  EXPECT_TRUE(RunLoad(fake.server(), Small({WriteFile("purchases.ndjson", Rows(45))})).ok());
  EXPECT_EQ(LinesOf(fake.requests()).size(), 45u);
}

TEST_F(LoadTest, StopsAtARefusal) {
  FakeServer fake([](const FakeServer::Request&) {
    return FakeServer::Answer{.status = 403, .body = R"({"error":"may not append"})"};
  });
  const absl::Status status =
      RunLoad(fake.server(), Small({WriteFile("purchases.ndjson", Rows(1000))}));
  EXPECT_TRUE(absl::IsUnknown(status));
  EXPECT_NE(status.message().find("HTTP 403: may not append"), absl::string_view::npos);
  EXPECT_LE(fake.requests().size(), 5u);
}

TEST_F(LoadTest, SendsTheLastBatchAgainUntilItIsVisible) {
  std::atomic<int> waits = 0;
  FakeServer fake([&waits](const FakeServer::Request& request) {
    FakeServer::Answer answer = Accept(request);
    if (answer.status == 200 && ++waits < 2) {
      answer.status = 202;
    }
    return answer;
  });
  EXPECT_TRUE(RunLoad(fake.server(), Small({WriteFile("purchases.ndjson", Rows(15))})).ok());
  EXPECT_EQ(fake.requests().size(), 3u);
}

TEST_F(LoadTest, RefusesBadFilesBeforeAnythingIsSent) {
  FakeServer fake(Accept);
  const std::string good = WriteFile("purchases.ndjson", Rows(5));
  for (const std::string& bad :
       {WriteFile("orders.ndjson", Rows(5)), WriteFile("customers.csv", "name\nA\n"),
        directory_ + "/purchases-missing.ndjson"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(RunLoad(fake.server(), Small({good, bad})))) << bad;
  }
  EXPECT_TRUE(fake.requests().empty());
}

TEST_F(LoadTest, EmptyFilesAreNoError) {
  FakeServer fake(Accept);
  EXPECT_TRUE(RunLoad(fake.server(), Small({WriteFile("purchases.ndjson", "")})).ok());
  EXPECT_TRUE(fake.requests().empty());
}

TEST_F(LoadTest, RefusesAServerThatIsNoSuite) {
  FakeServer fake([](const FakeServer::Request&) {
    return FakeServer::Answer{.status = 200, .body = "<html>welcome</html>"};
  });
  EXPECT_TRUE(
      absl::IsUnknown(RunLoad(fake.server(), Small({WriteFile("purchases.ndjson", Rows(5))}))));
}

}  // namespace
}  // namespace clv::cli
