#include "services/ingest/json_row_reader.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "services/ingest/value_scanner.h"
#include "tests/model/json_reader.h"

namespace clv::ingest {
namespace {

using domain::CustomerColumn;
using domain::DataSource;
using domain::RawValue;
using Kind = RawValue::Kind;

// Reads a text with its padding, and keeps the text alive as long as the row.
class PaddedReader {
 public:
  const ReadValue& Read(const std::string& text) {
    text_ = text + std::string(JsonRowReader::kPadding, ' ');
    value_ = reader_.Read(std::string_view(text_).substr(0, text.size()));
    return value_;
  }

 private:
  JsonRowReader reader_{DataSource::kCustomers};
  std::string text_;
  ReadValue value_;
};

TEST(JsonRowReaderTest, ReadsEveryKindOfValue) {
  PaddedReader reader;
  const ReadValue& read = reader.Read(
      R"({"customer_id":"c\u00e9\n","name":12345678901234567890123,"email":null,"signup_date":-1.50E+2 ,
          "country":[1,{"x":2}], "customer_segment" : { } ,"acquisition_source":"","active":true,"created_at":false})");
  ASSERT_EQ(read.kind, ReadValue::Kind::kRow) << read.reason;
  EXPECT_EQ(read.row[CustomerColumn::kCustomerId].text, "c\xC3\xA9\n");
  EXPECT_EQ(read.row[CustomerColumn::kName].kind, Kind::kNumber);
  EXPECT_EQ(read.row[CustomerColumn::kName].text, "12345678901234567890123");
  EXPECT_EQ(read.row[CustomerColumn::kEmail].kind, Kind::kAbsent);
  EXPECT_EQ(read.row[CustomerColumn::kSignupDate].text, "-1.50E+2");
  EXPECT_EQ(read.row[CustomerColumn::kCountry].kind, Kind::kContainer);
  EXPECT_EQ(read.row[CustomerColumn::kCountry].text, R"([1,{"x":2}])");
  EXPECT_EQ(read.row[CustomerColumn::kCustomerSegment].text, "{ }");
  EXPECT_TRUE(read.row[CustomerColumn::kAcquisitionSource].IsAbsent());
  EXPECT_EQ(read.row[CustomerColumn::kActive].number, 1);
  EXPECT_EQ(read.row[CustomerColumn::kCreatedAt].kind, Kind::kFlag);
}

TEST(JsonRowReaderTest, TakesTheLastOfDuplicateKeys) {
  PaddedReader reader;
  EXPECT_EQ(reader.Read(R"({"name":"a","name":"b"})").row[CustomerColumn::kName].text, "b");
  EXPECT_TRUE(reader.Read(R"({"name":"a","name":null})").row[CustomerColumn::kName].IsAbsent());
  EXPECT_EQ(reader.Read(R"({"name":[],"n\u0061me":"c"})").row[CustomerColumn::kName].text, "c");
}

TEST(JsonRowReaderTest, IgnoresUnknownKeysButNotTheirFaults) {
  PaddedReader reader;
  EXPECT_EQ(reader.Read(R"({"x":{"y":[1e999,"\ud83d\ude00"]},"customer_id":"c"})")
                .row[CustomerColumn::kCustomerId]
                .text,
            "c");
  EXPECT_EQ(reader.Read(R"({"x":{"y":[01]},"customer_id":"c"})").kind, ReadValue::Kind::kNotJson);
  EXPECT_EQ(reader.Read(R"({"x":garbage,"customer_id":"c"})").kind, ReadValue::Kind::kNotJson);
}

TEST(JsonRowReaderTest, KeepsLoneSurrogatesApart) {
  PaddedReader reader;
  EXPECT_EQ(reader.Read(R"({"name":"a\ud800b","email":"e"})").row[CustomerColumn::kName].kind,
            Kind::kBrokenText);
  EXPECT_EQ(reader.Read(R"({"name":"a\ud800b","email":"e"})").row[CustomerColumn::kEmail].text,
            "e");
  EXPECT_EQ(
      reader.Read(R"({"x":"\udc00","\ud800":1,"email":"e"})").row[CustomerColumn::kEmail].text,
      "e");
}

TEST(JsonRowReaderTest, TellsValuesThatAreNoObjects) {
  PaddedReader reader;
  EXPECT_EQ(reader.Read("null").reason, "got null, want a JSON object");
  EXPECT_EQ(reader.Read("-1.5e3").reason, "got a number, want a JSON object");
  EXPECT_EQ(reader.Read("\"x\\ud800\"").reason, "got a string, want a JSON object");
  EXPECT_EQ(reader.Read("[1,{\"a\":[]}]").reason, "got an array, want a JSON object");
  for (const std::string text : {"[1,]", "nul", "+1", "\"\\x\"", "\"\xFF\"", "[1 2]", "'a'"}) {
    EXPECT_EQ(reader.Read(text).kind, ReadValue::Kind::kNotJson) << text;
  }
}

TEST(JsonRowReaderTest, RefusesTextThatIsNoJson) {
  PaddedReader reader;
  for (const std::string text :
       {R"({"a":1,})",       R"({,})",           R"({"a"})",        R"({"a":})",
        R"({a:1})",          R"({"a":1 "b":2})", R"({"a":tru})",    R"({"a":truee})",
        R"({"a":nul})",      R"({"a":.5})",      R"({"a":1.})",     R"({"a":1e})",
        R"({"a":-})",        R"({"a":0x1})",     R"({"a":NaN})",    R"({"a":"\q"})",
        R"({"a":"\u12g4"})", R"({"\q":1})",      "{\"a\":\"\t\"}",  "{\"a\":\"\xFF\"}",
        "{\"\xC3\":1}",      R"({"a":[1,2})",    R"({"a":[1,,2]})", R"({"a":"x"y})",
        R"({"a":1}})",       R"({"a":{"b":}})",  R"({1:2})",        R"({"a":'b'})",
        "{\"a\":1 /*c*/}"}) {
    EXPECT_EQ(reader.Read(text).kind, ReadValue::Kind::kNotJson) << text;
  }
}

// JSON in pieces, so that random ones are often nearly right.
rc::Gen<std::string> NearlyJson() {
  const auto piece = rc::gen::elementOf(std::vector<std::string>{"{",
                                                                 "}",
                                                                 "[",
                                                                 "]",
                                                                 ":",
                                                                 ",",
                                                                 "\"",
                                                                 "\\",
                                                                 " ",
                                                                 "\n",
                                                                 "\"name\"",
                                                                 "\"a\":",
                                                                 "\"name\":",
                                                                 "1",
                                                                 "-0",
                                                                 "1.5",
                                                                 "1e5",
                                                                 "01",
                                                                 "null",
                                                                 "true",
                                                                 "fals",
                                                                 "\\u00e9",
                                                                 "\\ud800",
                                                                 "\\ud83d\\ude00",
                                                                 "\xC3\xA9",
                                                                 "\xC3",
                                                                 "{}",
                                                                 "[]",
                                                                 "[1,2]",
                                                                 "\"x\"",
                                                                 "{\"a\":1}",
                                                                 ",\"name\":\"b\"",
                                                                 "\x01",
                                                                 "\"\\n\"",
                                                                 "12345678901234567890123",
                                                                 "1e400"});
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece),
                      [](const std::vector<std::string>& pieces) {
                        std::string text = "{";
                        for (const std::string& part : pieces) text += part;
                        return text + "}";
                      });
}

// An independent reader decides what is JSON.
RC_GTEST_PROP(JsonRowReaderTest, AgreesWithAnIndependentReader, ()) {
  const std::string text = *NearlyJson();
  const std::optional<model::JsonValue> wanted = model::ReadJson(text);
  const std::optional<size_t> end = ContainerEnd(text, 0);
  PaddedReader reader;
  const bool is_row = end == text.size() && reader.Read(text).kind == ReadValue::Kind::kRow;
  RC_CLASSIFY(wanted.has_value());
  RC_ASSERT(is_row == wanted.has_value());
  if (!is_row) return;
  const model::JsonValue* name = wanted->Find("name");
  const RawValue& value = reader.Read(text).row[CustomerColumn::kName];
  const bool is_absent = name == nullptr || name->kind == model::JsonValue::Kind::kNull;
  RC_ASSERT(is_absent == (value.kind == Kind::kAbsent));
  if (value.kind == Kind::kText || value.kind == Kind::kNumber)
    RC_ASSERT(std::string(value.text) == name->text);
  if (value.kind == Kind::kBrokenText) RC_ASSERT(!name->valid_unicode);
}

// Random valid objects with one byte changed.
RC_GTEST_PROP(JsonRowReaderTest, AgreesWithAnIndependentReaderAboutDamagedRows,
              (unsigned char byte)) {
  std::string text =
      R"({"customer_id":"c1","name":"Zo\u00eb \"x\"","extra":[1,-2.5e3,{"a":null}],"active":true})";
  const size_t at = *rc::gen::inRange<size_t>(1, text.size() - 1);
  text[at] = static_cast<char>(byte);
  const bool wanted = model::ReadJson(text).has_value();
  PaddedReader reader;
  const bool is_row =
      ContainerEnd(text, 0) == text.size() && reader.Read(text).kind == ReadValue::Kind::kRow;
  RC_ASSERT(is_row == wanted);
}

}  // namespace
}  // namespace clv::ingest
