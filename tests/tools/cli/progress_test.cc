#include "tools/cli/progress.h"

#include "gtest/gtest.h"

namespace clv::cli {
namespace {

TEST(ProgressTest, ShowsABarWhereTheWholeIsKnown) {
  EXPECT_EQ(ProgressLine({.label = "a.ndjson", .fraction = 0.5, .detail = "7 rows"}, 200),
            "a.ndjson [############------------]  50 % 7 rows");
}

TEST(ProgressTest, ShowsNoBarWhereTheWholeIsUnknown) {
  EXPECT_EQ(ProgressLine({.label = "-", .fraction = {}, .detail = "7 rows"}, 200), "- 7 rows");
}

TEST(ProgressTest, StaysWithinTheWidth) {
  EXPECT_EQ(ProgressLine({.label = "a.ndjson", .fraction = 2, .detail = ""}, 10), "a.ndjson [");
}

}  // namespace
}  // namespace clv::cli
