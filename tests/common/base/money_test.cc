#include "common/base/money.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace clv {
namespace {

using ::testing::HasSubstr;

struct GoodAmount {
  std::string text;
  int64_t micros;
};

TEST(MoneyTest, ReadsDecimalStrings) {
  const std::vector<GoodAmount> cases = {{"0", 0},
                                         {"-0", 0},
                                         {"500.25", 500'250'000},
                                         {"+1", 1'000'000},
                                         {"-3", -3'000'000},
                                         {"0.000001", 1},
                                         {"-0.000001", -1},
                                         {"007.10", 7'100'000},
                                         {"1.1234560000", 1'123'456},
                                         {"1000000000", kMaxAmountMicros},
                                         {"-1000000000.000000", -kMaxAmountMicros},
                                         {"00000000000000000000000000001", 1'000'000}};
  for (const GoodAmount& good : cases) {
    const absl::StatusOr<int64_t> micros = ParseDecimalString(good.text, kMaxAmountMicros);
    ASSERT_TRUE(micros.ok()) << good.text << ": " << micros.status();
    EXPECT_EQ(*micros, good.micros) << good.text;
  }
}

TEST(MoneyTest, RefusesOtherStrings) {
  for (const std::string text : {"",
                                 " ",
                                 "abc",
                                 "1.",
                                 ".5",
                                 "1e3",
                                 "1E3",
                                 "0x10",
                                 "1,5",
                                 "1 ",
                                 " 1",
                                 "--1",
                                 "+-1",
                                 "NaN",
                                 "inf",
                                 "1.1234567",
                                 "1000000000.000001",
                                 "-1000000000.000001",
                                 "99999999999999999999999999",
                                 "1.2.3",
                                 "+"}) {
    EXPECT_EQ(ParseDecimalString(text, kMaxAmountMicros).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(MoneyTest, ReadsJsonNumbersRoundedHalfEven) {
  const std::vector<GoodAmount> cases = {{"99.99", 99'990'000},
                                         {"5e2", 500'000'000},
                                         {"5E+2", 500'000'000},
                                         {"12345e-2", 123'450'000},
                                         {"0.0000005", 0},
                                         {"0.0000015", 2},
                                         {"0.0000025", 2},
                                         {"0.00000250000000000001", 3},
                                         {"-0.0000015", -2},
                                         {"0.00000049999", 0},
                                         {"0.00000051", 1},
                                         {"0.9999995", 1'000'000},
                                         {"5e-7", 0},
                                         {"6e-7", 1},
                                         {"1e-400", 0},
                                         {"0e999999999999999999999", 0},
                                         {"1e-99999999999999999999", 0},
                                         {"1000000000.0000005", kMaxAmountMicros},
                                         {"1e9", kMaxAmountMicros},
                                         {"0.000000001e18", kMaxAmountMicros},
                                         {"-0", 0},
                                         {"0.1", 100'000},
                                         {"0.30000000000000004", 300'000}};
  for (const GoodAmount& good : cases) {
    const absl::StatusOr<int64_t> micros = ParseJsonNumber(good.text, kMaxAmountMicros);
    ASSERT_TRUE(micros.ok()) << good.text << ": " << micros.status();
    EXPECT_EQ(*micros, good.micros) << good.text;
  }
}

TEST(MoneyTest, RefusesJsonNumbersThatAreTooLargeAfterRounding) {
  for (const std::string text :
       {"1000000000.0000006", "1e10", "1e400", "-1e99999999999999999999999",
        "123456789012345678901234567890", "1000000001"}) {
    EXPECT_FALSE(ParseJsonNumber(text, kMaxAmountMicros).ok()) << text;
  }
}

TEST(MoneyTest, RefusesTextThatIsNoJsonNumber) {
  for (const std::string text : {"", "+1", "01", ".5", "1.", "1e", "1e+", "abc", "-", "1 "}) {
    EXPECT_FALSE(ParseJsonNumber(text, kMaxAmountMicros).ok()) << text;
  }
}

TEST(MoneyTest, TakesImportedTotalsToTheirOwnLimit) {
  EXPECT_EQ(ParseJsonNumber("1e12", kMaxImportedTotalMicros).value(), kMaxImportedTotalMicros);
  EXPECT_EQ(ParseDecimalString("-1000000000000", kMaxImportedTotalMicros).value(),
            -kMaxImportedTotalMicros);
  EXPECT_FALSE(ParseDecimalString("1000000000000.000001", kMaxImportedTotalMicros).ok());
}

TEST(MoneyTest, SaysWhatItGotAndWanted) {
  EXPECT_EQ(ParseDecimalString("abc", kMaxAmountMicros).status().message(),
            "got 'abc', want a decimal number such as 12.50");
  EXPECT_THAT(std::string(ParseDecimalString("1000000001", kMaxAmountMicros).status().message()),
              HasSubstr("between -1000000000 and 1000000000"));
}

TEST(MoneyTest, PrintsTheShortestExactDecimal) {
  EXPECT_EQ(FormatMicros(500'250'000), "500.25");
  EXPECT_EQ(FormatMicros(0), "0");
  EXPECT_EQ(FormatMicros(-1), "-0.000001");
  EXPECT_EQ(FormatMicros(-3'000'000), "-3");
  EXPECT_EQ(FormatMicros(100), "0.0001");
  EXPECT_EQ(FormatMicros(absl::int128(kMaxImportedTotalMicros) * 1'000'000), "1000000000000000000");
  EXPECT_EQ(FormatMicros(std::numeric_limits<absl::int128>::min()),
            "-170141183460469231731687303715884.105728");
}

}  // namespace
}  // namespace clv
