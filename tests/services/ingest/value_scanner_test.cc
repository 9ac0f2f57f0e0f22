#include "services/ingest/value_scanner.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace clv::ingest {
namespace {

// The pieces of a body; broken ones begin with `!`.
std::vector<std::string> Pieces(const std::string& body) {
  std::vector<std::string> pieces;
  ValueScanner scanner(body);
  while (const std::optional<ScannedValue> value = scanner.Next()) {
    std::string& piece = pieces.emplace_back(value->is_broken ? "!" : "");
    piece += value->text;
  }
  return pieces;
}

using Texts = std::vector<std::string>;

TEST(ValueScannerTest, FindsNoValueInABlankBody) {
  EXPECT_EQ(Pieces(""), Texts{});
  EXPECT_EQ(Pieces(" \r\n\t"), Texts{});
  EXPECT_EQ(Pieces("\xEF\xBB\xBF\n"), Texts{});
  EXPECT_EQ(Pieces("[]"), Texts{});
}

TEST(ValueScannerTest, FindsObjectsHoweverTheyAreSeparated) {
  const Texts wanted = {R"({"a":1})", R"({"b":{"c":[2]}})"};
  for (const std::string body :
       {R"({"a":1}{"b":{"c":[2]}})", "{\"a\":1}\n{\"b\":{\"c\":[2]}}\n",
        "  {\"a\":1}\r\n\r\n{\"b\":{\"c\":[2]}}", R"([{"a":1},{"b":{"c":[2]}}])",
        "[ {\"a\":1}\n , {\"b\":{\"c\":[2]}} ]\n", "\xEF\xBB\xBF{\"a\":1} {\"b\":{\"c\":[2]}}"}) {
    EXPECT_EQ(Pieces(body), wanted) << body;
  }
}

TEST(ValueScannerTest, FindsPrettyPrintedObjects) {
  EXPECT_EQ(Pieces("{\n  \"a\": {\n    \"b\": 1\n  }\n}\n{\n}"),
            (Texts{"{\n  \"a\": {\n    \"b\": 1\n  }\n}", "{\n}"}));
}

TEST(ValueScannerTest, IgnoresBracketsAndQuotesInsideStrings) {
  const std::string tricky = R"({"a":"}{][\"\\","b\"}":"long enough for a word ] } \\"})";
  EXPECT_EQ(Pieces(tricky + tricky), (Texts{tricky, tricky}));
}

TEST(ValueScannerTest, FindsValuesThatAreNoObjects) {
  EXPECT_EQ(Pieces("1 \"x y\" null[1,2]\n-2.5e3{\"a\":1}true"),
            (Texts{"1", "\"x y\"", "null", "[1,2]", "-2.5e3", "{\"a\":1}", "true"}));
}

TEST(ValueScannerTest, KeepsArraysInsideTheOuterArrayWhole) {
  EXPECT_EQ(Pieces("[[{\"a\":1}],{\"b\":2}]"), (Texts{"[{\"a\":1}]", "{\"b\":2}"}));
}

TEST(ValueScannerTest, GoesOnWithAStreamAfterTheArray) {
  EXPECT_EQ(Pieces("[{\"a\":1}]\n{\"b\":2}"), (Texts{"{\"a\":1}", "{\"b\":2}"}));
}

TEST(ValueScannerTest, GoesOnAfterALineThatIsBroken) {
  EXPECT_EQ(Pieces("{\"a\":1\n{\"b\":2}\n"), (Texts{"!{\"a\":1", "{\"b\":2}"}));
  EXPECT_EQ(Pieces("{\"a\":\"x\n{\"b\":2}\n"), (Texts{"!{\"a\":\"x", "{\"b\":2}"}));
  EXPECT_EQ(Pieces("{\"a\":1]}\r\n{\"b\":2}\n"), (Texts{"!{\"a\":1]}", "{\"b\":2}"}));
  EXPECT_EQ(Pieces("}\n{\"b\":2}"), (Texts{"!}", "{\"b\":2}"}));
  EXPECT_EQ(Pieces("{\"a\":1},{\"b\":2}\n{\"c\":3}"),
            (Texts{"{\"a\":1}", "!,{\"b\":2}", "{\"c\":3}"}));
  EXPECT_EQ(Pieces("{\"a\":1"), (Texts{"!{\"a\":1"}));
}

TEST(ValueScannerTest, AnObjectWithoutEndDoesNotTakeTheNextOneWithIt) {
  EXPECT_EQ(Pieces("{\"a\":1,\n{\"b\":2}}\n{\"c\":3}"),
            (Texts{"!{\"a\":1,", "{\"b\":2}", "!}", "{\"c\":3}"}));
}

TEST(ValueScannerTest, GoesOnInsideTheArrayAfterABrokenLine) {
  EXPECT_EQ(Pieces("[\n{\"a\":1},\n{\"b\":,\n{\"c\":3}\n]"),
            (Texts{"{\"a\":1}", "!{\"b\":,", "{\"c\":3}"}));
  EXPECT_EQ(Pieces("[{\"a\":1} {\"b\":2}\n,{\"c\":3}]"),
            (Texts{"{\"a\":1}", "!{\"b\":2}", "{\"c\":3}"}));
  EXPECT_EQ(Pieces("[{\"a\":1},]"), (Texts{"{\"a\":1}", "!]"}));
  EXPECT_EQ(Pieces("[,{\"a\":1}]\n{\"b\":2}"), (Texts{"!,{\"a\":1}]", "{\"b\":2}"}));
}

TEST(ValueScannerTest, RefusedValuesReachToTheEndOfTheirLine) {
  ValueScanner scanner("{\"a\":nope} {\"b\":2} \r\n{\"c\":3}");
  EXPECT_EQ(scanner.Next()->text, "{\"a\":nope}");
  EXPECT_EQ(scanner.Refuse(), "{\"a\":nope} {\"b\":2}");
  EXPECT_EQ(scanner.Next()->text, "{\"c\":3}");
  EXPECT_FALSE(scanner.Next().has_value());
}

TEST(ValueScannerTest, ARefusedPrettyPrintedObjectIsOnePiece) {
  ValueScanner scanner("{\n\"a\": nope\n}\n{\"c\":3}");
  scanner.Next();
  EXPECT_EQ(scanner.Refuse(), "{\n\"a\": nope\n}");
  EXPECT_EQ(scanner.Next()->text, "{\"c\":3}");
}

TEST(ValueScannerTest, RefusesMoreThan64Levels) {
  const auto first_character = [](size_t levels) {
    std::string body = "{\"a\":";
    body.append(levels, '[').append(levels, ']').append("}");
    return Pieces(body).front().front();
  };
  EXPECT_EQ(first_character(63), '{');
  EXPECT_EQ(first_character(64), '!');
}

TEST(ValueScannerTest, HostileBodiesTakeNoSquareTime) {
  std::string unclosed;
  std::string unclosed_keys;
  for (int i = 0; i < 200'000; ++i) {
    unclosed += "{\n";
    unclosed_keys += "{\"a\":\n";
  }
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(Pieces(unclosed).size(), 200'000u);
  EXPECT_EQ(Pieces(unclosed_keys).size(), 200'000u);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

}  // namespace
}  // namespace clv::ingest
