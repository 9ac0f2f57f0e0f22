#include "services/query/projection/serving.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

namespace clv::query {
namespace {

RC_GTEST_PROP(BoundTest, IsTheLeastFloatThatIsNotBelow, ()) {
  const double value = *rc::gen::arbitrary<double>();
  RC_PRE(std::abs(value) < std::numeric_limits<float>::max());
  const float bound = BoundOf(value);
  RC_ASSERT(double{bound} >= value);
  RC_ASSERT(double{std::nextafter(bound, -std::numeric_limits<float>::infinity())} < value);
}

TEST(BoundTest, OfWhatNoFloatReachesIsInfinite) {
  EXPECT_EQ(BoundOf(1e300), std::numeric_limits<float>::infinity());
  EXPECT_LT(BoundOf(-1e300), -1e38F);
  EXPECT_EQ(BoundOf(0), 0);
}

}  // namespace
}  // namespace clv::query
