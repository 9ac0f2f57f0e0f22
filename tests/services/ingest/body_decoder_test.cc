#include "services/ingest/body_decoder.h"

#include <gtest/gtest.h>

#include <string>

#include "common/rpc/v0_reply.h"
#include "tests/services/ingest/packed.h"

namespace clv::ingest {
namespace {

// Text that packs, but not by a factor of 200.
std::string Rows(int count) {
  std::string text;
  uint64_t state = 1;
  for (int i = 0; i < count; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    text += "{\"customer_id\":\"" + std::to_string(state) + "\"}\n";
  }
  return text;
}

int HttpStatusFor(const std::string& body, const std::string& encoding) {
  const absl::StatusOr<std::string> decoded = DecodeBody(body, encoding);
  return decoded.ok() ? 200 : rpc::HttpStatusOf(decoded.status());
}

TEST(BodyDecoderTest, LeavesPlainBodiesAlone) {
  EXPECT_EQ(DecodeBody("{}", "").value(), "{}");
  EXPECT_EQ(DecodeBody("{}", "identity").value(), "{}");
  EXPECT_EQ(DecodeBody("", "gzip").value(), "");
}

TEST(BodyDecoderTest, UnpacksGzipAndZstd) {
  for (const int count : {1, 100, 100'000}) {
    const std::string text = Rows(count);
    EXPECT_EQ(DecodeBody(Gzip(text), "gzip").value(), text);
    EXPECT_EQ(DecodeBody(Zstd(text), "zstd").value(), text);
  }
}

TEST(BodyDecoderTest, UnpacksSeveralMembers) {
  EXPECT_EQ(DecodeBody(Gzip("{}\n") + Gzip("[]"), "gzip").value(), "{}\n[]");
  EXPECT_EQ(DecodeBody(Zstd("{}\n") + Zstd("[]"), "zstd").value(), "{}\n[]");
}

TEST(BodyDecoderTest, RefusesDamagedBodies) {
  const std::string gzip = Gzip(Rows(1'000));
  const std::string zstd = Zstd(Rows(1'000));
  EXPECT_EQ(HttpStatusFor("{}", "gzip"), 400);
  EXPECT_EQ(HttpStatusFor("{}", "zstd"), 400);
  EXPECT_EQ(HttpStatusFor(gzip.substr(0, gzip.size() / 2), "gzip"), 400);
  EXPECT_EQ(HttpStatusFor(gzip.substr(0, gzip.size() - 1), "gzip"), 400);
  EXPECT_EQ(HttpStatusFor(zstd.substr(0, zstd.size() / 2), "zstd"), 400);
  EXPECT_EQ(HttpStatusFor(zstd.substr(0, zstd.size() - 1), "zstd"), 400);
  EXPECT_EQ(HttpStatusFor(gzip + "garbage", "gzip"), 400);
}

TEST(BodyDecoderTest, RefusesOtherEncodings) {
  for (const std::string encoding : {"br", "deflate", "gzip, gzip", "GZIP?"}) {
    EXPECT_EQ(HttpStatusFor("{}", encoding), 415) << encoding;
  }
}

TEST(BodyDecoderTest, RefusesLargeBodies) {
  EXPECT_EQ(HttpStatusFor(std::string(kMaxWireBytes, ' '), ""), 200);
  EXPECT_EQ(HttpStatusFor(std::string(kMaxWireBytes + 1, ' '), ""), 413);
}

TEST(BodyDecoderTest, RefusesBombs) {
  const std::string zeros(50 << 20, ' ');
  EXPECT_EQ(HttpStatusFor(Gzip(zeros), "gzip"), 413);
  EXPECT_EQ(HttpStatusFor(Zstd(zeros), "zstd"), 413);
}

}  // namespace
}  // namespace clv::ingest
