// JSON of the common kind must mean what protobuf's own engine makes of it, and what is out of the
// ordinary must be left to that engine.
#include "services/gateway/plain_json.h"

#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/services/gateway/test_api.pb.h"

namespace clv::gateway {
namespace {

using testing::Everything;

std::optional<std::string> Encode(std::string_view json) {
  static const PlainJson plain;
  return plain.Encode(*Everything::descriptor(), json);
}

std::string ByTheEngine(const std::string& json) {
  Everything message;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &message, options);
  return status.ok() ? message.DebugString() : absl::StrCat("error: ", status.ToString());
}

class PlainJsonTest : public ::testing::TestWithParam<const char*> {};

TEST_P(PlainJsonTest, MeansWhatTheEngineMakesOfIt) {
  const std::optional<std::string> wire = Encode(GetParam());
  ASSERT_TRUE(wire.has_value());
  Everything message;
  ASSERT_TRUE(message.ParseFromString(*wire));
  EXPECT_EQ(message.DebugString(), ByTheEngine(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(
    Plain, PlainJsonTest,
    ::testing::Values(
        "{}", " {\n} ", R"({"text":"a"})", R"({"text":""})",
        R"({"text":"\u00e4\n\"\ud83d\ude00ü"})", R"({"text":"a\u0000b"})",
        R"({"text":"a","text":"b"})", R"({"i32":1})", R"({"i32":-2147483648})",
        R"({"i32":2147483647,"i64":-1})", R"({"i64":"-9223372036854775808"})",
        R"({"i64":9223372036854775807})", R"({"u32":4294967295,"u64":18446744073709551615})",
        R"({"u64":"18446744073709551615"})", R"({"i32":"0","u32":"17"})", R"({"real":1.5})",
        R"({"real":-0.0})", R"({"real":-0})", R"({"real":7})", R"({"real":9007199254740992})",
        R"({"real":5e-324,"flag":true})", R"({"real":1.7976931348623157e308})",
        R"({"flag":"true"})", R"({"flag":"false"})",
        R"({"color":"COLOR_RED","colors":["COLOR_GREEN","COLOR_UNSPECIFIED"]})", R"({"maybe":0})",
        R"({"renamed":"x","custom_name":"y"})", R"({"custom_name":"x"})", R"({"snakeCaseName":1})",
        R"({"snake_case_name":2})", R"({"numbers":[]})",
        R"({"numbers":[1,-2,"3"],"words":["","b"],"numbers":[4]})", R"({"inner":{}})",
        R"({"inner":{"name":"a","inner":{"count":3,"tags":["x","y"]}}})",
        R"({"inner":{"name":"a"},"inner":{"count":1}})",
        R"({"inners":[{"name":"a"},{},{"inner":{"inner":{"tags":[]}}}]})"));

class OddJsonTest : public ::testing::TestWithParam<const char*> {};

TEST_P(OddJsonTest, IsLeftToTheEngine) { EXPECT_EQ(Encode(GetParam()), std::nullopt); }

INSTANTIATE_TEST_SUITE_P(
    Odd, OddJsonTest,
    ::testing::Values(
        "", " ", "[]", "1", "{", "{}x", R"({"text":'a'})", R"({text:"a"})", R"({"text":"a",})",
        "{\"text\":\"a\nb\"}", "{\"text\":\"\xff\"}", R"({"text":"\ud83d"})", R"({"text":null})",
        R"({"text":1})", R"({"text":true})", R"({"nope":1})", R"({"Text":"a"})",
        R"({"customName":"y"})", R"({"i32":1.0})", R"({"i32":1e2})", R"({"i32":2147483648})",
        R"({"i32":-2147483649})", R"({"i32":true})", R"({"i32":" 1"})", R"({"i32":"+1"})",
        R"({"i32":"01"})", R"({"i32":"-"})", R"({"i32":""})", R"({"i32":"1.0"})",
        R"({"i64":9223372036854775808})", R"({"u32":-1})", R"({"u32":"-1"})",
        R"({"u32":4294967296})", R"({"u64":18446744073709551616})", R"({"real":"1.5"})",
        R"({"real":1e400})", R"({"real":9007199254740993})", R"({"real":18446744073709551615})",
        R"({"single":1.5})", R"({"flag":1})", R"({"flag":"yes"})", R"({"data":"AQI="})",
        R"({"color":1})", R"({"color":"color_red"})", R"({"color":"NOPE"})", R"({"left":"a"})",
        R"({"labels":{"a":"b"}})", R"({"when":"2023-01-01T00:00:00Z"})", R"({"wait":"1s"})",
        R"({"boxed":1})", R"({"boxedText":"a"})", R"({"value":1})", R"({"struct":{}})",
        R"({"any":{}})", R"({"mask":"a"})", R"({"numbers":1})", R"({"numbers":[1,null]})",
        R"({"numbers":[[1]]})", R"({"inner":[]})", R"({"inner":"a"})", R"({"inners":{}})",
        R"({"inners":[{"name":"a"},null]})", R"({"inner":{"nope":1}})", R"({"text":["a"]})"));

TEST(PlainJson, LeavesLargeTextsToTheEngine) {
  EXPECT_TRUE(Encode(absl::StrCat(R"({"text":")", std::string(200'000, 'a'), R"("})")).has_value());
  EXPECT_FALSE(
      Encode(absl::StrCat(R"({"text":")", std::string(300'000, 'a'), R"("})")).has_value());
}

TEST(PlainJson, LeavesDeepNestingToTheEngine) {
  const auto nested = [](int depth) {
    std::string json = "{}";
    for (int i = 0; i < depth; ++i) json = absl::StrCat(R"({"inner":)", json, "}");
    return json;
  };
  EXPECT_TRUE(Encode(nested(30)).has_value());
  EXPECT_FALSE(Encode(nested(40)).has_value());
}

TEST(PlainJson, LearnsATypeOnceWhileManyThreadsAsk) {
  const PlainJson plain;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&plain] {
      for (int round = 0; round < 100; ++round) {
        const auto wire = plain.Encode(*Everything::descriptor(), R"({"inner":{"name":"a"}})");
        ASSERT_TRUE(wire.has_value());
        Everything message;
        ASSERT_TRUE(message.ParseFromString(*wire));
        EXPECT_EQ(message.inner().name(), "a");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace clv::gateway
