#include "tools/cli/http_client.h"

#include <atomic>
#include <chrono>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "tests/tools/cli/fake_server.h"

namespace clv::cli {
namespace {

TEST(HttpClientTest, SendsTheRequestAndReadsTheAnswer) {
  FakeServer fake([](const FakeServer::Request&) {
    return FakeServer::Answer{.status = 429, .body = "later", .retry_after = "7"};
  });
  HttpClient client(fake.server());
  const auto response = client.Send({.method = "POST", .target = "/a?b=c", .body = "text"});
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->status, 429);
  EXPECT_EQ(response->body, "later");
  EXPECT_EQ(response->retry_after, std::chrono::seconds(7));
  const FakeServer::Request request = fake.requests().at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/a?b=c");
  EXPECT_EQ(request.body, "text");
  EXPECT_EQ(request.authorization, "Bearer secret");
}

TEST(HttpClientTest, KeepsItsConnection) {
  FakeServer fake([](const FakeServer::Request&) { return FakeServer::Answer{}; });
  HttpClient client(fake.server());
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(client.Send({.target = "/"}).ok());
  }
  EXPECT_EQ(fake.connections(), 1u);
}

TEST(HttpClientTest, ConnectsAgainWhenTheKeptConnectionIsGone) {
  FakeServer fake([](const FakeServer::Request&) {
    return FakeServer::Answer{.close_silently_afterwards = true};
  });
  HttpClient client(fake.server());
  for (int i = 0; i < 3; ++i) {
    const auto response = client.Send({.target = "/"});
    ASSERT_TRUE(response.ok()) << response.status();
  }
  EXPECT_EQ(fake.requests().size(), 3u);
}

TEST(HttpClientTest, ReportsALostConnection) {
  FakeServer fake(
      [](const FakeServer::Request&) { return FakeServer::Answer{.drop_connection = true}; });
  HttpClient client(fake.server());
  EXPECT_TRUE(absl::IsUnavailable(client.Send({.target = "/"}).status()));
}

TEST(HttpClientTest, ReportsThatNobodyListens) {
  Server server;
  {
    FakeServer fake([](const FakeServer::Request&) { return FakeServer::Answer{}; });
    server = fake.server();
  }
  HttpClient client(server);
  const absl::Status status = client.Send({.target = "/"}).status();
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_EQ(status.message().find("secret"), absl::string_view::npos);
}

TEST(HttpClientTest, GivesUpAfterTheTimeout) {
  std::atomic<bool> release = false;
  FakeServer fake([&release](const FakeServer::Request&) {
    release.wait(false);
    return FakeServer::Answer{};
  });
  HttpClient client(fake.server());
  const auto response = client.Send({.target = "/", .timeout = std::chrono::seconds(1)});
  EXPECT_TRUE(absl::IsDeadlineExceeded(response.status())) << response.status();
  release = true;
  release.notify_all();
}

TEST(HttpClientTest, ReadsLongAnswers) {
  const std::string body(20'000'000, 'x');
  FakeServer fake([&body](const FakeServer::Request&) { return FakeServer::Answer{.body = body}; });
  HttpClient client(fake.server());
  EXPECT_EQ(client.Send({.target = "/"})->body.size(), body.size());
}

}  // namespace
}  // namespace clv::cli
