#include "tools/demo_data/samplers.h"

#include <array>
#include <cmath>
#include <functional>

#include "gtest/gtest.h"
#include "tools/demo_data/portable_math.h"

namespace clv::demo_data {
namespace {

constexpr int kDraws = 200'000;

struct Moments {
  double mean;
  double variance;
};

Moments MomentsOf(const std::function<double(RandomStream&)>& sample) {
  RandomStream random(42, 0, 0);
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double value = sample(random);
    sum += value;
    squares += value * value;
  }
  const double mean = sum / kDraws;
  return {.mean = mean, .variance = squares / kDraws - mean * mean};
}

// Five standard errors of a mean of kDraws values.
double Tolerance(double variance) { return 5 * std::sqrt(variance / kDraws); }

TEST(PortableMathTest, LogAgreesWithTheLibrary) {
  for (double x = 1e-300; x < 1e300; x *= 3.7) {
    EXPECT_NEAR(Log(x) / std::log(x), 1, 1e-15) << x;
  }
  EXPECT_EQ(Log(1), 0);
}

TEST(PortableMathTest, ExpAgreesWithTheLibrary) {
  for (double x = -700; x < 709; x += 0.37) {
    EXPECT_NEAR(Exp(x) / std::exp(x), 1, 1e-14) << x;
  }
  EXPECT_EQ(Exp(0), 1);
  EXPECT_EQ(Exp(-800), 0);
}

TEST(PortableMathTest, OneMinusExpOverXIsSmoothAtZero) {
  EXPECT_EQ(OneMinusExpOverX(0), 1);
  for (const double x : {1e-9, 1e-4, 9.99e-4, 1.001e-3, 0.5, 20.0, 900.0}) {
    EXPECT_NEAR(OneMinusExpOverX(x), -std::expm1(-x) / x, 1e-12) << x;
  }
}

TEST(SamplersTest, UniformHasItsMoments) {
  const Moments moments = MomentsOf([](RandomStream& random) { return random.Uniform(); });
  EXPECT_NEAR(moments.mean, 0.5, Tolerance(1.0 / 12));
  EXPECT_NEAR(moments.variance, 1.0 / 12, 0.001);
}

TEST(SamplersTest, ExponentialHasItsMoments) {
  const Moments moments = MomentsOf(SampleExponential);
  EXPECT_NEAR(moments.mean, 1, Tolerance(1));
  EXPECT_NEAR(moments.variance, 1, 0.04);
}

TEST(SamplersTest, NormalHasItsMoments) {
  const Moments moments = MomentsOf(SampleNormal);
  EXPECT_NEAR(moments.mean, 0, Tolerance(1));
  EXPECT_NEAR(moments.variance, 1, 0.02);
}

TEST(SamplersTest, GammaHasItsMomentsForAllShapes) {
  for (const double shape : {0.2, 0.7, 1.0, 3.74, 40.0}) {
    const Moments moments =
        MomentsOf([shape](RandomStream& random) { return SampleGamma(random, shape); });
    EXPECT_NEAR(moments.mean, shape, Tolerance(shape)) << shape;
    EXPECT_NEAR(moments.variance, shape, 0.05 * shape) << shape;
  }
}

TEST(SamplersTest, GammaStaysPositiveForTinyShapes) {
  RandomStream random(7, 0, 0);
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_GT(SampleGamma(random, 0.001), 0);
  }
}

TEST(SamplersTest, BetaHasItsMoments) {
  const Moments moments =
      MomentsOf([](RandomStream& random) { return SampleBeta(random, {.a = 0.9, .b = 12}); });
  const double mean = 0.9 / 12.9;
  const double variance = 0.9 * 12 / (12.9 * 12.9 * 13.9);
  EXPECT_NEAR(moments.mean, mean, Tolerance(variance));
  EXPECT_NEAR(moments.variance, variance, 0.05 * variance);
}

TEST(SamplersTest, PoissonHasItsMomentsForSmallAndLargeMeans) {
  for (const double mean : {0.0, 0.6, 15.9, 100.0}) {
    const Moments moments = MomentsOf(
        [mean](RandomStream& random) { return static_cast<double>(SamplePoisson(random, mean)); });
    EXPECT_NEAR(moments.mean, mean, Tolerance(mean)) << mean;
    EXPECT_NEAR(moments.variance, mean, 0.03 * mean) << mean;
  }
}

TEST(SamplersTest, IndexFollowsTheWeights) {
  RandomStream random(3, 0, 0);
  const std::array<double, 4> weights = {1, 0, 3, 4};
  std::array<int, 4> counts{};
  for (int i = 0; i < kDraws; ++i) {
    ++counts[SampleIndex(random, weights)];
  }
  EXPECT_EQ(counts[1], 0);
  EXPECT_NEAR(counts[0], kDraws / 8.0, 5 * std::sqrt(kDraws / 8.0));
  EXPECT_NEAR(counts[3], kDraws / 2.0, 5 * std::sqrt(kDraws / 2.0));
}

TEST(SamplersTest, BelowCoversItsRangeEvenly) {
  RandomStream random(3, 0, 0);
  std::array<int, 10> counts{};
  for (int i = 0; i < kDraws; ++i) {
    ++counts.at(random.Below(counts.size()));
  }
  for (const int count : counts) {
    EXPECT_NEAR(count, kDraws / 10.0, 5 * std::sqrt(kDraws / 10.0));
  }
}

TEST(SamplersTest, StreamsOfDifferentNamesDiffer) {
  const uint64_t first = RandomStream(1, 1, 1).NextBits();
  EXPECT_EQ(first, RandomStream(1, 1, 1).NextBits());
  EXPECT_NE(first, RandomStream(2, 1, 1).NextBits());
  EXPECT_NE(first, RandomStream(1, 2, 1).NextBits());
  EXPECT_NE(first, RandomStream(1, 1, 2).NextBits());
}

// Values of a fixed stream: they must be these on every machine.
TEST(SamplersTest, GivesTheSameValuesEverywhere) {
  RandomStream random(2026, 1, 5);
  EXPECT_EQ(random.NextBits(), 16039260313214033279u);
  EXPECT_EQ(SampleGamma(random, 0.7), 0x1.34fcb0fd04e59p-8);
  EXPECT_EQ(SampleExponential(random), 0x1.45108d988dea6p-1);
}

}  // namespace
}  // namespace clv::demo_data
