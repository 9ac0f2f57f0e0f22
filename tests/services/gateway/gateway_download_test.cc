// Downloads that come down in pieces: a real gRPC service behind the gateway, raw bytes out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "tests/services/gateway/gateway_fixture.h"

namespace clv::gateway {
namespace {

using ::testing::HasSubstr;
using testing::PieceOfDownload;
using testing::RawClient;
using testing::RawResponse;
using DownloadsSeen = testing::DownloadEchoes::Seen;

std::string Request(int pieces, int piece_bytes, const std::string& mode = "",
                    const std::string& version = "1.1") {
  return absl::StrCat("GET /v1/downloads/n?pieces=", pieces, "&piece_bytes=", piece_bytes, " HTTP/",
                      version, "\r\nHost: h\r\n",
                      mode.empty() ? "" : absl::StrCat("X-Mode: ", mode, "\r\n"), "\r\n");
}

std::string Whole(int pieces, int piece_bytes) {
  std::string body;
  for (int i = 0; i < pieces; ++i) {
    body += PieceOfDownload("n", static_cast<uint32_t>(i), static_cast<uint32_t>(piece_bytes));
  }
  return body;
}

class GatewayDownloadTest : public testing::GatewayFixture {
 protected:
  testing::DownloadEchoes& downloads() { return server_.downloads(); }
};

TEST_F(GatewayDownloadTest, PiecesBecomeOneChunkedBodyOnAConnectionThatStays) {
  RawClient client(gateway_->http_address());
  for (const int pieces : {1, 2, 40}) {
    const RawResponse response = client.Ask(Request(pieces, 70'000));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.at("content-type"), "text/x-download");
    EXPECT_EQ(response.headers.at("transfer-encoding"), "chunked");
    EXPECT_EQ(response.headers.count("content-length"), 0u);
    EXPECT_EQ(response.headers.at("x-name"), "n");
    EXPECT_EQ(response.body, Whole(pieces, 70'000));
  }
}

TEST_F(GatewayDownloadTest, EmptyPiecesDoNotEndTheBody) {
  EXPECT_EQ(RawClient(gateway_->http_address()).Ask(Request(3, 10, "gaps")).body, Whole(3, 10));
}

TEST_F(GatewayDownloadTest, AStreamWithoutAPieceIsAnEmptyAnswer) {
  const RawResponse response = RawClient(gateway_->http_address()).Ask(Request(0, 10));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "");
}

TEST_F(GatewayDownloadTest, OverHttp10TheBodyEndsWithTheConnection) {
  RawClient client(gateway_->http_address());
  ASSERT_TRUE(client.Send(Request(2, 10, "", "1.0")));
  EXPECT_TRUE(client.ReadsText("connection: close\r\n\r\n" + Whole(2, 10)));
  EXPECT_TRUE(client.ReadsEnd());
}

TEST_F(GatewayDownloadTest, AnErrorBeforeTheFirstPieceIsAnsweredAsAnyOther) {
  const RawResponse response = RawClient(gateway_->http_address()).Ask(Request(2, 10, "refuse"));
  EXPECT_EQ(response.status, 403);
  EXPECT_THAT(response.body, HasSubstr("not you"));
}

TEST_F(GatewayDownloadTest, ABadParameterNeverReachesTheService) {
  EXPECT_EQ(Get("/v1/downloads/n?pieces=x").status, 400);
  EXPECT_EQ(downloads().seen().ended, 0);
}

TEST_F(GatewayDownloadTest, AnErrorLaterBreaksTheBodyOff) {
  RawClient client(gateway_->http_address());
  ASSERT_TRUE(client.Send(Request(2, 10, "break")));
  EXPECT_TRUE(client.ReadsText(PieceOfDownload("n", 1, 10)));
  EXPECT_TRUE(client.ReadsText("\r\n"));
  EXPECT_TRUE(client.ReadsEnd());  // without the last chunk
}

TEST_F(GatewayDownloadTest, AClientThatTakesNothingStopsTheService) {
  RawClient client(gateway_->http_address());
  constexpr int kPieces = 2'000;
  ASSERT_TRUE(client.Send(Request(kPieces, 100'000)));
  ASSERT_TRUE(downloads().WaitUntil([](const DownloadsSeen& seen) { return seen.pieces > 0; }));
  // The service comes to rest long before the end: what it sent lies in the buffers of the sockets.
  int pieces = -1;
  while (pieces != downloads().seen().pieces) {
    pieces = downloads().seen().pieces;
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
  EXPECT_LT(pieces, kPieces / 4);
  const auto response = client.Read();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->body.size(), Whole(1, 100'000).size() * kPieces);
}

TEST_F(GatewayDownloadTest, AClientThatLeavesEndsTheCall) {
  {
    RawClient client(gateway_->http_address());
    ASSERT_TRUE(client.Send(Request(2'000, 100'000)));
    ASSERT_TRUE(downloads().WaitUntil([](const DownloadsSeen& seen) { return seen.pieces > 0; }));
  }
  EXPECT_TRUE(downloads().WaitUntil([](const DownloadsSeen& seen) { return seen.cancelled == 1; }));
}

TEST_F(GatewayDownloadTest, AClientThatLeavesWhileTheServiceIsSilentEndsTheCall) {
  RawClient client(gateway_->http_address());
  ASSERT_TRUE(client.Send(Request(1, 10, "hang")));
  ASSERT_TRUE(client.ReadsText(PieceOfDownload("n", 0, 10)));
  client.Reset();
  EXPECT_TRUE(downloads().WaitUntil([](const DownloadsSeen& seen) { return seen.cancelled == 1; }));
}

TEST_F(GatewayDownloadTest, TheGatewayEndsWhileADownloadIsUnderWay) {
  RawClient client(gateway_->http_address());
  ASSERT_TRUE(client.Send(Request(1, 10, "hang")));
  ASSERT_TRUE(client.ReadsText(PieceOfDownload("n", 0, 10)));
  gateway_.reset();
  EXPECT_TRUE(downloads().WaitUntil([](const DownloadsSeen& seen) { return seen.cancelled == 1; }));
}

}  // namespace
}  // namespace clv::gateway
