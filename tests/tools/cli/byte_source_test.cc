#include "tools/cli/byte_source.h"

#include <zlib.h>
#include <zstd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace clv::cli {
namespace {

class ByteSourceTest : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }

  void WriteFile(const std::string& bytes) { std::ofstream(path_, std::ios::binary) << bytes; }

  absl::StatusOr<std::string> ReadFile() {
    auto source = OpenByteSource(path_);
    if (!source.ok()) {
      return source.status();
    }
    std::string text;
    std::vector<char> piece(1000);
    while (true) {
      const absl::StatusOr<size_t> got = (*source)->Read(piece);
      if (!got.ok()) {
        return got.status();
      }
      if (*got == 0) {
        EXPECT_EQ((*source)->fraction_read().value_or(1), 1);
        return text;
      }
      text.append(piece.data(), *got);
    }
  }

  const std::string path_ = testing::TempDir() + "byte_source_test_" +
                            testing::UnitTest::GetInstance()->current_test_info()->name();
};

std::string LongText() {
  std::string text;
  for (int i = 0; i < 200'000; ++i) {
    text += "row " + std::to_string(i) + "\n";
  }
  return text;
}

std::string Gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string Zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

TEST_F(ByteSourceTest, ReadsPlainFiles) {
  const std::string text = LongText();
  WriteFile(text);
  EXPECT_EQ(ReadFile().value(), text);
}

TEST_F(ByteSourceTest, ReadsEmptyFiles) {
  WriteFile("");
  EXPECT_EQ(ReadFile().value(), "");
}

TEST_F(ByteSourceTest, ReadsGzipOfSeveralMembers) {
  const std::string text = LongText();
  WriteFile(Gzip(text) + Gzip("") + Gzip("tail"));
  EXPECT_EQ(ReadFile().value(), text + "tail");
}

TEST_F(ByteSourceTest, ReadsZstdOfSeveralFrames) {
  const std::string text = LongText();
  WriteFile(Zstd(text) + Zstd("tail"));
  EXPECT_EQ(ReadFile().value(), text + "tail");
}

TEST_F(ByteSourceTest, ReportsCompressedDataThatEndTooEarly) {
  const std::string gzip = Gzip(LongText());
  WriteFile(gzip.substr(0, gzip.size() / 2));
  EXPECT_TRUE(absl::IsDataLoss(ReadFile().status()));
  const std::string zstd = Zstd(LongText());
  WriteFile(zstd.substr(0, zstd.size() / 2));
  EXPECT_TRUE(absl::IsDataLoss(ReadFile().status()));
}

TEST_F(ByteSourceTest, ReportsBrokenCompressedData) {
  std::string gzip = Gzip(LongText());
  gzip[gzip.size() / 2] ^= 0x55;
  WriteFile(gzip);
  EXPECT_TRUE(absl::IsDataLoss(ReadFile().status()));
}

TEST_F(ByteSourceTest, ReportsAMissingFile) { EXPECT_TRUE(absl::IsNotFound(ReadFile().status())); }

}  // namespace
}  // namespace clv::cli
