#include "tools/cli/batch_reader.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "tests/tools/cli/text_source.h"

namespace clv::cli {
namespace {

std::vector<Batch> ReadAll(const std::string& text, const BatchLimits& limits, size_t piece = 7) {
  const auto reader = NewNdjsonReader(std::make_unique<TextSource>(text, piece), limits);
  std::vector<Batch> batches;
  while (true) {
    absl::StatusOr<std::optional<Batch>> batch = reader->Next();
    EXPECT_TRUE(batch.ok()) << batch.status();
    if (!batch.ok() || !batch->has_value()) {
      return batches;
    }
    batches.push_back(**std::move(batch));
  }
}

std::string Rows(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += R"({"purchase_id":")" + std::to_string(i) + "\"}\n";
  }
  return text;
}

TEST(BatchReaderTest, NeverCutsARowWhateverTheLimitsAndReads) {
  const std::string text = Rows(100);
  for (const size_t piece : {1, 3, 50, 10'000}) {
    for (const int64_t rows : {1, 3, 100, 1000}) {
      for (const size_t bytes : {1, 30, 200, 100'000}) {
        std::string together;
        int64_t count = 0;
        for (const Batch& batch : ReadAll(text, {.rows = rows, .bytes = bytes}, piece)) {
          EXPECT_TRUE(batch.body.ends_with("}\n"));
          EXPECT_TRUE(batch.body.starts_with("{"));
          EXPECT_LE(batch.rows, rows);
          EXPECT_TRUE(batch.body.size() <= bytes || batch.rows == 1);
          together += batch.body;
          count += batch.rows;
        }
        EXPECT_EQ(together, text);
        EXPECT_EQ(count, 100);
      }
    }
  }
}

TEST(BatchReaderTest, FillsBatchesToTheRowLimit) {
  const std::vector<Batch> batches = ReadAll(Rows(25), {.rows = 10, .bytes = 100'000});
  ASSERT_EQ(batches.size(), 3u);
  EXPECT_EQ(batches[0].rows, 10);
  EXPECT_EQ(batches[2].rows, 5);
}

TEST(BatchReaderTest, TakesALastLineWithoutNewline) {
  const std::vector<Batch> batches = ReadAll("{\"a\":1}\n{\"a\":2}", {});
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_EQ(batches[0].rows, 2);
  EXPECT_EQ(batches[0].body, "{\"a\":1}\n{\"a\":2}");
}

TEST(BatchReaderTest, DoesNotCountBlankLines) {
  const std::vector<Batch> batches = ReadAll("\n{}\r\n\r\n \t\n{}\n\n", {});
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_EQ(batches[0].rows, 2);
}

TEST(BatchReaderTest, BlankInputHasNoBatch) {
  EXPECT_TRUE(ReadAll("", {}).empty());
  EXPECT_TRUE(ReadAll(" \n\n", {}).empty());
}

TEST(BatchReaderTest, KeepsLinesThatAreNoJson) {
  const std::vector<Batch> batches = ReadAll("oops\n{}\n", {});
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_EQ(batches[0].rows, 2);
}

TEST(BatchReaderTest, DropsAByteOrderMark) {
  for (const size_t piece : {1, 100}) {
    const std::vector<Batch> batches = ReadAll("\xef\xbb\xbf{}\n", {}, piece);
    ASSERT_EQ(batches.size(), 1u);
    EXPECT_EQ(batches[0].body, "{}\n");
  }
}

TEST(BatchReaderTest, RefusesAnArray) {
  const auto reader = NewNdjsonReader(std::make_unique<TextSource>(" [{}]"), {});
  EXPECT_TRUE(absl::IsInvalidArgument(reader->Next().status()));
}

}  // namespace
}  // namespace clv::cli
