#include "common/base/instant.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace clv {
namespace {

struct Good {
  std::string text;
  std::string formatted;
};

TEST(InstantTest, ReadsEveryAcceptedForm) {
  const std::vector<Good> cases = {{"2023-01-15 10:30:00", "2023-01-15 10:30:00"},
                                   {"2023-01-15T10:30:00", "2023-01-15 10:30:00"},
                                   {"2023-01-15T10:30:00Z", "2023-01-15 10:30:00"},
                                   {"2026-01-20T18:51:37.686Z", "2026-01-20 18:51:37"},
                                   {"2024-01-23T10:30:00.999999999999", "2024-01-23 10:30:00"},
                                   {"2024-01-23 10:30:00.5", "2024-01-23 10:30:00"},
                                   {"2023-01-15T10:30:00+02:00", "2023-01-15 08:30:00"},
                                   {"2023-01-15T10:30:00-0530", "2023-01-15 16:00:00"},
                                   {"2023-01-15T23:30:00-02", "2023-01-16 01:30:00"},
                                   {"2023-01-15T10:30:00 02:00", "2023-01-15 08:30:00"},
                                   {"2023-01-15 10:30:00+00:00", "2023-01-15 10:30:00"},
                                   {"2024-02-29", "2024-02-29 00:00:00"},
                                   {"2000-02-29 23:59:59", "2000-02-29 23:59:59"},
                                   {"1970-01-01T00:00:00+01:00", "1969-12-31 23:00:00"},
                                   {"0000-01-01", "0000-01-01 00:00:00"},
                                   {"9999-12-31 23:59:59", "9999-12-31 23:59:59"}};
  for (const Good& good : cases) {
    const absl::StatusOr<ParsedInstant> instant = ParseInstant(good.text);
    ASSERT_TRUE(instant.ok()) << instant.status();
    EXPECT_EQ(FormatInstant(instant->seconds), good.formatted) << good.text;
    EXPECT_EQ(instant->is_plain_date, good.text.size() == 10) << good.text;
  }
}

TEST(InstantTest, RefusesOtherTexts) {
  for (const std::string text : {"",
                                 "now",
                                 "2023",
                                 "2023-1-5",
                                 "2023-02-30",
                                 "1900-02-29",
                                 "2023-13-01",
                                 "2023-00-10",
                                 "2023-01-00",
                                 "2023-01-15 24:00:00",
                                 "2023-01-15 10:60:00",
                                 "2023-01-15 10:30:60",
                                 "2023-01-15 10:30",
                                 "2023-01-15T",
                                 "2023-01-15T10:30:00.",
                                 "2023-01-15T10:30:00+",
                                 "2023-01-15T10:30:00+2",
                                 "2023-01-15T10:30:00+02:",
                                 "2023-01-15T10:30:00+24:00",
                                 "2023-01-15T10:30:00+02:60",
                                 "2023-01-15T10:30:00 0200",
                                 "2023-01-15 10:30:00 02:00",
                                 "2023-01-15T10:30:00z",
                                 "2023-01-15t10:30:00",
                                 " 2023-01-15",
                                 "2023-01-15 ",
                                 "2023-01-15T10:30:00ZZ",
                                 "20230115",
                                 "15/01/2023",
                                 "2023-01-15T10:30:00+02:00x",
                                 "1674210000"}) {
    EXPECT_EQ(ParseInstant(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(InstantTest, SaysWhatItGotAndWanted) {
  EXPECT_EQ(ParseInstant("2023-02-30").status().message(),
            "got '2023-02-30', want YYYY-MM-DD HH:MM:SS, ISO 8601 or YYYY-MM-DD");
}

TEST(InstantTest, FloorsDaysBefore1970) {
  EXPECT_EQ(DayOf(0), 0);
  EXPECT_EQ(DayOf(86'399), 0);
  EXPECT_EQ(DayOf(86'400), 1);
  EXPECT_EQ(DayOf(-1), -1);
  EXPECT_EQ(DayOf(-86'400), -1);
  EXPECT_EQ(DayOf(-86'401), -2);
  EXPECT_EQ(FormatInstant(-1), "1969-12-31 23:59:59");
}

TEST(InstantTest, CountsEveryDayOfTenThousandYears) {
  CivilDate date{0, 1, 1};
  int64_t day = DayNumber(date);
  EXPECT_EQ(day, -719'528);
  const int64_t last = DayNumber({9999, 12, 31});
  for (; day <= last; ++day) {
    const CivilDate found = DateOfDay(day);
    ASSERT_EQ(DayNumber(found), day);
    const bool next_of_previous =
        found.day == date.day + 1 || found.day == 1 || (day == -719'528 && found.day == date.day);
    ASSERT_TRUE(next_of_previous) << FormatDate(day * kSecondsPerDay);
    date = found;
  }
  EXPECT_EQ(FormatDate(last * kSecondsPerDay), "9999-12-31");
}

TEST(InstantTest, CarriesMonthsIntoYears) {
  EXPECT_EQ(DayNumber({2023, 13, 1}), DayNumber({2024, 1, 1}));
  EXPECT_EQ(DayNumber({2023, 0, 1}), DayNumber({2022, 12, 1}));
  EXPECT_EQ(DayNumber({2023, -11, 1}), DayNumber({2022, 1, 1}));
  EXPECT_EQ(DayNumber({2023, 25, 31}), DayNumber({2025, 1, 31}));
}

}  // namespace
}  // namespace clv
