#include "services/ingest/json_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "tests/services/ingest/row_recorder.h"

namespace clv::ingest {
namespace {

using domain::DataSource;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> Read(std::string_view text, const std::vector<size_t>& sizes = {1'000'000},
                              size_t max_row_bytes = kMaxFileRowBytes) {
  RowRecorder recorder(DataSource::kCustomers);
  JsonRows rows(DataSource::kCustomers, &recorder, max_row_bytes);
  EXPECT_TRUE(
      TakeInPieces([&](std::string_view piece) { return rows.Take(piece); }, text, sizes).ok());
  EXPECT_TRUE(rows.Finish().ok());
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  EXPECT_EQ(rows.is_empty(), text.find_first_not_of(" \t\r\n") == std::string::npos);
  return recorder.entries();
}

// What the values of a whole body are, without pieces.
std::vector<std::string> ReadWhole(std::string text) {
  const size_t length = text.size();
  text.append(JsonRowReader::kPadding, ' ');
  ValueScanner scanner(std::string_view(text).substr(0, length));
  JsonRowReader reader(DataSource::kCustomers);
  RowRecorder recorder(DataSource::kCustomers);
  EXPECT_TRUE(ReadValues(scanner, reader, recorder).ok());
  return recorder.entries();
}

TEST(JsonRowsTest, ReadsLinesValuesBackToBackAndArrays) {
  const std::string one = R"({"customer_id":"a"})";
  const std::string two = R"({"customer_id":"b"})";
  const auto both = ElementsAre("row " + one + " raw " + one, "row " + two + " raw " + two);
  EXPECT_THAT(Read(one + "\n" + two + "\n"), both);
  EXPECT_THAT(Read(one + two), both);
  EXPECT_THAT(Read("\xef\xbb\xbf[" + one + ",\n" + two + "]"), both);
}

TEST(JsonRowsTest, TellsInvalidLinesFromValuesThatAreNoRows) {
  EXPECT_THAT(
      Read("17\nnonsense here\n[\"x\"] {\"customer_id\":\"c\"}\n"),
      ElementsAre("text 17 | got a number, want a JSON object | a JSON object",
                  "line nonsense here | not JSON: no value begins like this | not JSON: no value "
                  "begins like this",
                  "text [\"x\"] | got an array, want a JSON object | a JSON object",
                  R"(row {"customer_id":"c"} raw {"customer_id":"c"})"));
}

TEST(JsonRowsTest, ARowThatIsTooLongCostsItsLineOnly) {
  const std::string fits = "{\"customer_id\":\"" + std::string(44, 'x') + "\"}";
  ASSERT_EQ(fits.size(), 62u);
  const std::vector<std::string> entries =
      Read(fits + "\n{\"a\":\"" + std::string(100, 'y') + "\"}\n{\"customer_id\":\n\"" +
               std::string(61, 'z') + "\"}\n{\"customer_id\":\"c\"}",
           {7}, 62);
  ASSERT_EQ(entries.size(), 5u);
  EXPECT_THAT(entries[0], HasSubstr("row {"));
  const std::string too_long = "not JSON: it is longer than a row may be";
  EXPECT_EQ(entries[1],
            "line {\"a\":\"" + std::string(56, 'y') + " | " + too_long + " | " + too_long);
  EXPECT_EQ(entries[2], "line {\"customer_id\": | " + too_long + " | " + too_long);
  EXPECT_THAT(entries[3], HasSubstr("line \"zzz"));
  EXPECT_THAT(entries[4], HasSubstr("row {"));
}

TEST(JsonRowsTest, KeepsNothingOfBlanks) {
  RowRecorder recorder(DataSource::kCustomers);
  JsonRows rows(DataSource::kCustomers, &recorder);
  const std::string blanks(1 << 20, ' ');
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(rows.Take(blanks).ok());
  EXPECT_TRUE(rows.is_empty());
}

TEST(JsonRowsTest, ALongValueInTinyPiecesTakesLinearTime) {
  const std::string row = "{\"customer_id\":\"c\",\"x\":\"" + std::string(1'000'000, 'y') + "\"}";
  EXPECT_EQ(Read(row, {1}).size(), 1u);
}

TEST(JsonRowsTest, EndsWithTheErrorOfItsSink) {
  RowRecorder recorder(DataSource::kCustomers);
  recorder.FailAt(2);
  JsonRows rows(DataSource::kCustomers, &recorder);
  EXPECT_EQ(rows.Take("{}{}{}\n1\n"), absl::AbortedError("enough"));
  EXPECT_EQ(recorder.entries().size(), 2u);
}

// Pieces of JSON, whole and broken, in any order.
rc::Gen<std::string> JsonText() {
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(
                          std::vector<std::string>{R"({"customer_id":"a"})",
                                                   R"({"customer_id":"b","name":"x\"y{"})",
                                                   "{\n \"active\": 1\n}",
                                                   R"({"customer_id":")",
                                                   "\"}",
                                                   "{",
                                                   "}",
                                                   "[",
                                                   "]",
                                                   ",",
                                                   "\"",
                                                   "\\",
                                                   "\n",
                                                   "\n",
                                                   " ",
                                                   "nul",
                                                   "null",
                                                   "true",
                                                   "-1.5e3",
                                                   "\xef\xbb\xbf",
                                                   "caf\xc3\xa9",
                                                   "\xff",
                                                   "[[1,2],{\"a\":[]}]"})),
                      [](const std::vector<std::string>& parts) {
                        std::string text;
                        for (const std::string& part : parts) text += part;
                        return text;
                      });
}

rc::Gen<std::vector<size_t>> Sizes() {
  return rc::gen::nonEmpty(
      rc::gen::container<std::vector<size_t>>(rc::gen::inRange<size_t>(1, 12)));
}

RC_GTEST_PROP(JsonRowsProperty, PiecesAreReadAsTheWhole, ()) {
  const std::string text = *JsonText();
  RC_ASSERT(Read(text, *Sizes()) == ReadWhole(text));
}

RC_GTEST_PROP(JsonRowsProperty, PiecesChangeNothingWhereRowsAreTooLong, ()) {
  const std::string text = *JsonText();
  const size_t most = *rc::gen::inRange<size_t>(4, 30);
  RC_ASSERT(Read(text, *Sizes(), most) == Read(text, {1'000'000}, most));
}

}  // namespace
}  // namespace clv::ingest
