#include "common/base/csv_parser.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace clv {
namespace {

using Kind = CsvRecord::Kind;

// A record that owns its texts.
struct Parsed {
  Kind kind;
  std::vector<std::string> fields;
  std::string text;

  bool operator==(const Parsed&) const = default;
};

void PrintTo(const Parsed& parsed, std::ostream* out) {
  *out << static_cast<int>(parsed.kind) << " '" << parsed.text << "':";
  for (const std::string& field : parsed.fields) *out << " [" << field << "]";
}

void TakeAll(CsvParser& parser, std::vector<Parsed>& records) {
  while (const CsvRecord* record = parser.Next()) {
    records.push_back(
        {record->kind, {record->fields.begin(), record->fields.end()}, std::string(record->text)});
  }
}

// The records of `text` when it comes in pieces of these sizes (repeated).
std::vector<Parsed> Parse(std::string_view text, const CsvDialect& dialect = {},
                          const std::vector<size_t>& sizes = {1'000'000}) {
  CsvParser parser(dialect);
  std::vector<Parsed> records;
  for (size_t i = 0; !text.empty(); ++i) {
    const std::string piece(text.substr(0, sizes[i % sizes.size()]));
    text.remove_prefix(piece.size());
    parser.Feed(piece);
    TakeAll(parser, records);
  }
  parser.End();
  TakeAll(parser, records);
  return records;
}

using Rows = std::vector<std::vector<std::string>>;

Rows Fields(std::string_view text, const CsvDialect& dialect = {}) {
  Rows rows;
  for (const Parsed& record : Parse(text, dialect)) {
    EXPECT_EQ(record.kind, Kind::kRecord) << record.text;
    rows.push_back(record.fields);
  }
  return rows;
}

TEST(CsvParserTest, ReadsLinesOfValues) {
  EXPECT_EQ(Fields("a,b\r\n1,\n,2"), (Rows{{"a", "b"}, {"1", ""}, {"", "2"}}));
  EXPECT_EQ(Fields(""), Rows{});
}

TEST(CsvParserTest, ReadsQuotedValues) {
  EXPECT_EQ(Fields("\"a,b\",\"c\nd\"\r\n\"27\"\" x\",\"\"\n"),
            (Rows{{"a,b", "c\nd"}, {"27\" x", ""}}));
  EXPECT_EQ(Fields("\"a\"\n\"\"\"\""), (Rows{{"a"}, {"\""}}));
}

TEST(CsvParserTest, AQuoteInsideAValueIsText) {
  EXPECT_EQ(Fields("27\",x\"y\"\n\"a\"b\"c,d\n"), (Rows{{"27\"", "x\"y\""}, {"ab\"c", "d"}}));
}

TEST(CsvParserTest, SkipsBlankLinesAndAByteOrderMark) {
  EXPECT_EQ(Fields("\xef\xbb\xbf\n\r\na\n\n\nb\r\n\r\n"), (Rows{{"a"}, {"b"}}));
  EXPECT_EQ(Fields("\xef\xbb\xbf"), Rows{});
  // A part of a mark is text.
  EXPECT_EQ(Fields("\xef\xbb"), (Rows{{"\xef\xbb"}}));
}

TEST(CsvParserTest, KeepsTheTextOfARecord) {
  const std::vector<Parsed> records = Parse("a,\"b\"\"\nc\"\r\nd");
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].text, "a,\"b\"\"\nc\"");
  EXPECT_EQ(records[1].text, "d");
}

TEST(CsvParserTest, TakesOtherDialects) {
  EXPECT_EQ(Fields("a;b,c\n", {.delimiter = ';'}), (Rows{{"a", "b,c"}}));
  EXPECT_EQ(Fields("a,b\rc,\"d\re\"\r", {.line_end = '\r'}), (Rows{{"a", "b"}, {"c", "d\re"}}));
  EXPECT_EQ(Fields("\"a\\\"b\\\\\",c\\,d\\\ne\n\"f\"\"g\"\n", {.escape = '\\'}),
            (Rows{{"a\"b\\", "c,d\ne"}, {"f\"g"}}));
}

TEST(CsvParserTest, AnUnclosedQuoteCostsItsLineOnly) {
  const std::vector<Parsed> records = Parse("a,b\n1,\"two\n3,4\n5,6\n");
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[1], (Parsed{Kind::kUnclosedQuote, {}, "1,\"two"}));
  EXPECT_EQ(records[2].fields, (std::vector<std::string>{"3", "4"}));
  EXPECT_EQ(records[3].fields, (std::vector<std::string>{"5", "6"}));
}

TEST(CsvParserTest, AnUnclosedQuoteIsFoundWithinTheGreatestLength) {
  std::string text = "1,\"two\n";
  for (int i = 0; i < 10; ++i) text += "3,4\n";
  const std::vector<Parsed> records = Parse(text + "5,\"\n\"\n", {.max_record_bytes = 20});
  ASSERT_EQ(records.size(), 12u);
  EXPECT_EQ(records[0].kind, Kind::kUnclosedQuote);
  EXPECT_EQ(records[11].fields, (std::vector<std::string>{"5", "\n"}));
}

TEST(CsvParserTest, ALineThatIsTooLongIsCutAndSkipped) {
  const std::vector<Parsed> records =
      Parse("12345678\n123456789\nx\n1234567890123", {.max_record_bytes = 8});
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[0].fields, std::vector<std::string>{"12345678"});
  EXPECT_EQ(records[1], (Parsed{Kind::kTooLong, {}, "12345678"}));
  EXPECT_EQ(records[2].fields, std::vector<std::string>{"x"});
  EXPECT_EQ(records[3], (Parsed{Kind::kTooLong, {}, "12345678"}));
}

TEST(CsvParserTest, ALongRecordInTinyPiecesTakesLinearTime) {
  const std::string field(1 << 20, 'x');
  const std::vector<Parsed> records = Parse("\"" + field.substr(3) + "\"\ny\n", {}, {1});
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].fields[0].size(), field.size() - 3);
}

// Text in which everything special is frequent.
rc::Gen<std::string> CsvText() {
  return rc::gen::container<std::string>(
      rc::gen::elementOf(std::string("aab\"\"\",,;\n\n\r\\\xef\xbb\xbf")));
}

RC_GTEST_PROP(CsvParserProperty, PiecesChangeNothing, ()) {
  const std::string text = *CsvText();
  const CsvDialect dialect{
      .delimiter = *rc::gen::elementOf(std::string(",;")),
      .line_end = *rc::gen::elementOf(std::string("\n\n\r")),
      .escape = *rc::gen::element(std::optional<char>(), std::optional('\\')),
      .max_record_bytes = *rc::gen::elementOf(std::vector<size_t>{4, 9, 1000})};
  const auto sizes =
      *rc::gen::nonEmpty(rc::gen::container<std::vector<size_t>>(rc::gen::inRange<size_t>(1, 6)));
  RC_ASSERT(Parse(text, dialect, sizes) == Parse(text, dialect));
}

RC_GTEST_PROP(CsvParserProperty, AnyBytesGiveSaneRecords, ()) {
  const std::string text = *CsvText();
  for (const Parsed& record : Parse(text, {.max_record_bytes = 8})) {
    RC_ASSERT(!record.text.empty());
    RC_ASSERT(record.text.size() <= 8u);
    RC_ASSERT(record.fields.empty() == (record.kind != Kind::kRecord));
    RC_ASSERT(text.find(record.text) != std::string::npos);
  }
}

std::string InQuotes(const std::string& field) {
  std::string quoted = "\"";
  for (const char c : field) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

RC_GTEST_PROP(CsvParserProperty, ReadsWhatWasWritten, ()) {
  const auto rows = *rc::gen::container<Rows>(
      rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(CsvText())));
  const std::string line_end = *rc::gen::elementOf(std::vector<std::string>{"\n", "\r\n"});
  std::string text;
  for (const std::vector<std::string>& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) text += (i == 0 ? "" : ",") + InQuotes(row[i]);
    text += line_end;
  }
  RC_ASSERT(Fields(text) == rows);
}

RC_GTEST_PROP(CsvParserProperty, LinesWithoutQuotesAreSplitAtEveryDelimiter, ()) {
  const auto rows =
      *rc::gen::container<Rows>(rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(
          rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab; "))))));
  std::string text;
  Rows expected;
  for (const std::vector<std::string>& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) text += (i == 0 ? "" : ",") + row[i];
    text += '\n';
    if (row.size() > 1 || !row[0].empty()) expected.push_back(row);
  }
  RC_ASSERT(Fields(text) == expected);
}

TEST(CsvDelimiterTest, IsTheOneThatStandsMostOften) {
  EXPECT_EQ(DetectCsvDelimiter("a,b,c"), ',');
  EXPECT_EQ(DetectCsvDelimiter("a;b;c,d"), ';');
  EXPECT_EQ(DetectCsvDelimiter("a\tb"), '\t');
  EXPECT_EQ(DetectCsvDelimiter("a|b|c"), '|');
  EXPECT_EQ(DetectCsvDelimiter("\"a;b;c\",d"), ',');
  EXPECT_EQ(DetectCsvDelimiter("alone"), ',');
  EXPECT_EQ(DetectCsvDelimiter(""), ',');
}

}  // namespace
}  // namespace clv
