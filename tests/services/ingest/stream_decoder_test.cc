#include "services/ingest/stream_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/services/ingest/packed.h"

namespace clv::ingest {
namespace {

using ::testing::HasSubstr;

// What comes out when `packed` comes in pieces of these sizes (repeated).
absl::StatusOr<std::string> Decode(Compression compression, std::string_view packed,
                                   const StreamDecoder::Limits& limits = {},
                                   const std::vector<size_t>& sizes = {1'000'000}) {
  const auto decoder = NewStreamDecoder(compression, limits);
  std::string text;
  const ByteSink sink = [&](std::string_view part) {
    EXPECT_LE(part.size(), size_t{256} << 10);
    EXPECT_FALSE(part.empty());
    text.append(part);
    return absl::OkStatus();
  };
  for (size_t i = 0; !packed.empty(); ++i) {
    const std::string piece(packed.substr(0, sizes[i % sizes.size()]));
    packed.remove_prefix(piece.size());
    const absl::Status status = decoder->Decode(piece, sink);
    if (!status.ok()) return status;
  }
  const absl::Status status = decoder->Finish();
  if (!status.ok()) return status;
  return text;
}

std::string Pack(Compression compression, const std::string& text) {
  switch (compression) {
    case Compression::kGzip:
      return Gzip(text);
    case Compression::kZstd:
      return Zstd(text);
    case Compression::kNone:
      break;
  }
  return text;
}

constexpr Compression kAll[] = {Compression::kNone, Compression::kGzip, Compression::kZstd};
constexpr Compression kPacked[] = {Compression::kGzip, Compression::kZstd};

// Text that packs, but not by a factor of 200.
std::string Numbers(int count) {
  std::string text;
  uint64_t state = 1;
  for (int i = 0; i < count; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    text += std::to_string(state) + "\n";
  }
  return text;
}

RC_GTEST_PROP(StreamDecoderProperty, PiecesChangeNothing, ()) {
  const Compression compression =
      *rc::gen::elementOf(std::vector<Compression>(std::begin(kAll), std::end(kAll)));
  std::string text;
  std::string packed;
  for (const auto& member :
       *rc::gen::container<std::vector<std::string>>(rc::gen::arbitrary<std::string>())) {
    text += member;
    packed += Pack(compression, member);
  }
  const auto sizes =
      *rc::gen::nonEmpty(rc::gen::container<std::vector<size_t>>(rc::gen::inRange<size_t>(1, 40)));
  const auto decoded = Decode(compression, packed, {}, sizes);
  RC_ASSERT(decoded.ok());
  RC_ASSERT(*decoded == text);
}

RC_GTEST_PROP(StreamDecoderProperty, AnyBytesGiveTextOrAnError, ()) {
  const Compression compression = *rc::gen::element(Compression::kGzip, Compression::kZstd);
  std::string packed = Pack(compression, *rc::gen::arbitrary<std::string>());
  // Damage in one place.
  const size_t place = *rc::gen::inRange<size_t>(0, packed.size());
  packed[place] = static_cast<char>(packed[place] ^ *rc::gen::inRange(1, 256));
  const auto decoded = Decode(compression, packed);
  RC_ASSERT(decoded.ok() || absl::IsInvalidArgument(decoded.status()));
}

TEST(StreamDecoderTest, UnpacksMoreThanOnePart) {
  const std::string text = Numbers(200'000);
  for (const Compression compression : kAll) {
    EXPECT_EQ(Decode(compression, Pack(compression, text)).value(), text);
    EXPECT_EQ(Decode(compression, Pack(compression, text), {}, {777}).value(), text);
  }
}

TEST(StreamDecoderTest, AnEmptyStreamIsEmpty) {
  for (const Compression compression : kAll) EXPECT_EQ(Decode(compression, "").value(), "");
}

TEST(StreamDecoderTest, RefusesEveryStreamThatIsCut) {
  const std::string text = Numbers(50);
  for (const Compression compression : kPacked) {
    const std::string packed = Pack(compression, text);
    for (size_t length = 1; length < packed.size(); ++length) {
      const auto decoded = Decode(compression, packed.substr(0, length));
      EXPECT_TRUE(absl::IsInvalidArgument(decoded.status())) << length;
      EXPECT_THAT(std::string(decoded.status().message()), HasSubstr("malformed"));
    }
  }
}

TEST(StreamDecoderTest, RefusesOtherText) {
  for (const Compression compression : kPacked) {
    EXPECT_TRUE(absl::IsInvalidArgument(Decode(compression, "{\"a\":1}").status()));
    EXPECT_TRUE(absl::IsInvalidArgument(
        Decode(compression, Pack(compression, "well") + "garbage behind").status()));
  }
}

TEST(StreamDecoderTest, RefusesBombsWhenTheyExplode) {
  const std::string zeros(20 << 20, ' ');
  for (const Compression compression : kPacked) {
    const std::string packed = Pack(compression, zeros);
    EXPECT_TRUE(absl::IsResourceExhausted(Decode(compression, packed).status()));
    // Not before.
    EXPECT_EQ(Decode(compression, packed, {.free_bytes = zeros.size()}).value().size(),
              zeros.size());
    EXPECT_TRUE(absl::IsResourceExhausted(
        Decode(compression, packed, {.max_bytes = zeros.size() - 1, .free_bytes = zeros.size()})
            .status()));
  }
}

TEST(StreamDecoderTest, RefusesGreatWindows) {
  const std::string text = Numbers(1'000'000);
  EXPECT_EQ(Decode(Compression::kZstd, Zstd(text, 23)).value(), text);
  const auto decoded = Decode(Compression::kZstd, Zstd(text, 24));
  EXPECT_TRUE(absl::IsInvalidArgument(decoded.status()));
  EXPECT_THAT(std::string(decoded.status().message()), HasSubstr("window above 8 MiB"));
}

TEST(StreamDecoderTest, EndsWithTheErrorOfItsSink) {
  for (const Compression compression : kAll) {
    const auto decoder = NewStreamDecoder(compression, {});
    int parts = 0;
    const absl::Status status =
        decoder->Decode(Pack(compression, Numbers(50'000)), [&](std::string_view) {
          ++parts;
          return absl::AbortedError("enough");
        });
    EXPECT_EQ(status, absl::AbortedError("enough"));
    EXPECT_EQ(parts, 1);
  }
}

TEST(StreamDecoderTest, KnowsPackedFilesByTheirFirstBytes) {
  EXPECT_EQ(CompressionByMagic(Gzip("x").substr(0, kMagicBytes)), Compression::kGzip);
  EXPECT_EQ(CompressionByMagic(Zstd("x").substr(0, kMagicBytes)), Compression::kZstd);
  for (const char* text : {"", "\x1f", "cust", "{\"a\"", "\x28\xb5\x2f"}) {
    EXPECT_EQ(CompressionByMagic(text), Compression::kNone);
  }
}

TEST(StreamDecoderTest, KnowsTheEncodingsOfHttp) {
  EXPECT_EQ(CompressionOfEncoding(""), Compression::kNone);
  EXPECT_EQ(CompressionOfEncoding("identity"), Compression::kNone);
  EXPECT_EQ(CompressionOfEncoding("gzip"), Compression::kGzip);
  EXPECT_EQ(CompressionOfEncoding("x-gzip"), Compression::kGzip);
  EXPECT_EQ(CompressionOfEncoding("zstd"), Compression::kZstd);
  for (const char* other : {"br", "deflate", "gzip, gzip", "GZIP"}) {
    EXPECT_FALSE(CompressionOfEncoding(other).has_value()) << other;
  }
}

}  // namespace
}  // namespace clv::ingest
