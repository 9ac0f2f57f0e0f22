#include "common/rpc/json_writer.h"

#include <gtest/gtest.h>

namespace clv::rpc {
namespace {

TEST(JsonWriterTest, PutsCommasBetweenValuesAndMembers) {
  JsonWriter json;
  json.BeginObject().Member("a", "x").Key("b").BeginArray().Number(1).Number(0.5).EndArray();
  json.Key("c").Null().Key("d").Flag(true).EndObject();
  EXPECT_EQ(json.Take(), R"({"a":"x","b":[1,0.5],"c":null,"d":true})");
}

TEST(JsonWriterTest, PutsCommasBehindNestedValues) {
  JsonWriter json;
  json.BeginArray().BeginObject().EndObject().BeginArray().EndArray().Flag(false).EndArray();
  EXPECT_EQ(json.Take(), "[{},[],false]");
}

TEST(JsonWriterTest, EscapesKeysAndTexts) {
  JsonWriter json;
  json.BeginObject().Member("a\"b", "line\n").EndObject();
  EXPECT_EQ(json.Take(), R"({"a\"b":"line\n"})");
}

TEST(JsonWriterTest, TakesReadyJsonAndLists) {
  JsonWriter json;
  json.BeginArray().Json(R"({"x":1})").Texts({"a", "b"}).Texts({}).EndArray();
  EXPECT_EQ(json.Take(), R"([{"x":1},["a","b"],[]])");
}

TEST(JsonWriterTest, BeginsAnewAfterTake) {
  JsonWriter json;
  json.Number(1);
  EXPECT_EQ(json.Take(), "1");
  json.Number(2);
  EXPECT_EQ(json.Take(), "2");
}

}  // namespace
}  // namespace clv::rpc
