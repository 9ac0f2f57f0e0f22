// The numbers that papers, notes and other packages print for the CDNOW sample, see the names.
#include <cmath>
#include <vector>

#include "common/domain/bgnbd.h"
#include "common/domain/gamma_gamma.h"
#include "common/domain/mbgnbd.h"
#include "common/domain/nbd.h"
#include "common/domain/pareto_nbd.h"
#include "gtest/gtest.h"

namespace clv::domain {
namespace {

// Rounded and unrounded parameters of Fader, Hardie & Lee 2005; the unit is the week.
constexpr BgNbdParameters kPaper{0.243, 4.414, 0.793, 2.426};
constexpr BgNbdParameters kFitted{0.2425945, 4.4136019, 0.7929199, 2.4258881};
constexpr double kWeekly15Percent = 0.0026877336;  // ln(1.15) / 52

void ExpectRelative(double got, double want, double relative) {
  EXPECT_NEAR(got, want, std::abs(want) * relative);
}

TEST(BgNbdValuesTest, ExpectationOfCustomer1OfHardiesSheet) {
  const BgNbdParameters& model = kPaper;
  const double alive = BgNbdAlive(model, 2, 30.43, 38.86);
  ExpectRelative(alive * BgNbdFuture(model, 2, 38.86).Expected(39), 1.2260281747671444631, 1e-13);
}

TEST(BgNbdValuesTest, NewCustomersOfRoundedParameters) {
  const BetaGeometricFuture future = BgNbdFuture(kPaper, 0, 0);
  const double times[] = {0.1429, 1, 3, 31.8571, 32, 78};
  const double expected[] = {.00782835, .05326789, .15086523, 1.04199606, 1.04524333, 1.86051906};
  for (int i = 0; i < 6; ++i) EXPECT_NEAR(future.Expected(times[i]), expected[i], 6e-9);
}

TEST(BgNbdValuesTest, NewCustomersOfUnroundedParameters) {
  const BetaGeometricFuture future = BgNbdFuture(kFitted, 0, 0);
  const double times[] = {0.1429, 1, 3, 31.8571, 32, 78};
  const double expected[] = {.0078, .0532, .1506, 1.0405, 1.0437, 1.8576};
  // Printed for the parameters that another optimiser had found.
  for (int i = 0; i < 6; ++i) EXPECT_NEAR(future.Expected(times[i]), expected[i], 4e-4);
  EXPECT_NEAR(future.Expected(52), 1.444004, 1e-5);
}

TEST(BgNbdValuesTest, DistributionOfANewCustomer) {
  const BetaGeometricFuture future = BgNbdFuture(kPaper, 0, 0);
  EXPECT_NEAR(future.Counts(2)[10], 1.07869e-07, 5e-13);
  EXPECT_NEAR(future.Counts(39)[0], 0.5737864, 5e-8);
  const double of_11_to_20[] = {.0019995214, .0015170236, .0011633150, .0009003148, .0007023638,
                                .0005517902, .0004361913, .0003467171, .0002769613, .0002222260};
  const CountDistribution counts = future.Counts(30);
  for (int n = 11; n <= 20; ++n) EXPECT_NEAR(counts[n], of_11_to_20[n - 11], 6e-11) << n;
}

TEST(BgNbdValuesTest, ACustomerOf26Repeats) {
  const double alive = BgNbdAlive(kPaper, 26, 216.0 / 7, 31);
  EXPECT_NEAR(alive, .96885156, 5e-9);
  EXPECT_NEAR(BgNbdAlive(kFitted, 26, 216.0 / 7, 31), .9688523, 3e-6);
  EXPECT_NEAR(BgNbdAlive(kFitted, 26, 216.0 / 7, 31) * BgNbdFuture(kFitted, 26, 31).Expected(52),
              25.75659, 1e-3);
}

TEST(BgNbdValuesTest, MorePurchasesOfEqualRecencyForecastLess) {
  const double expected[] = {.3474606, .04283391, .004158973, .0003583685};
  for (int i = 0; i < 4; ++i) {
    const double x = 10 + 5 * i;
    ExpectRelative(BgNbdAlive(kFitted, x, 20, 39) * BgNbdFuture(kFitted, x, 39).Expected(52),
                   expected[i], 1e-4);  // of another optimiser's parameters
  }
}

TEST(BgNbdValuesTest, DiscountedExpectedResidualTransactions) {
  const auto discounted = [](double x, double recency, double tenure) {
    return BgNbdAlive(kPaper, x, recency, tenure) *
           BgNbdFuture(kPaper, x, tenure).Discounted(.0027, INFINITY);
  };
  EXPECT_NEAR(discounted(2, 30.43, 38.86), 5.1563798262, 6e-11);
  EXPECT_NEAR(discounted(26, 216.0 / 7, 31), 70.901796567, 6e-10);
}

TEST(ParetoNbdValuesTest, ACustomerOf26Repeats) {
  const ParetoNbdParameters model{.553, 10.578, .606, 11.669};
  const double alive = ParetoNbdAlive(model, 26, 216.0 / 7, 31);
  EXPECT_NEAR(alive, .99787426, 5e-9);
  EXPECT_NEAR(alive * ParetoNbdFuture(model, 26, 31).Expected(52), 25.45733844, 5e-9);
}

TEST(ParetoNbdValuesTest, MorePurchasesOfEqualRecencyForecastLess) {
  const ParetoNbdParameters model{.5533, 10.578, .6062, 11.669};
  const double expected[] = {.7062289, .1442396, .02250658, .00309267};
  for (int i = 0; i < 4; ++i) {
    const double x = 10 + 5 * i;
    ExpectRelative(ParetoNbdAlive(model, x, 20, 39) * ParetoNbdFuture(model, x, 39).Expected(52),
                   expected[i], 2e-3);  // the printed parameters have four digits
  }
  EXPECT_NEAR(ParetoNbdFuture(model, 0, 0).Expected(52), 1.473434, 2e-4);
}

TEST(ParetoNbdValuesTest, DiscountedExpectedResidualTransactionsOfTheBtydManual) {
  const ParetoNbdParameters model{.5629966, 12.5590370, .4081095, 10.5148048};
  const double alive = ParetoNbdAlive(model, 7, 35, 77.86);
  ExpectRelative(alive, .10074630835, 1e-10);
  ExpectRelative(alive * ParetoNbdFuture(model, 7, 77.86).Discounted(.0027, INFINITY),
                 1.8641833280713, 1e-12);
}

TEST(ParetoNbdValuesTest, CustomersOnWhichClvToolsOnceGaveNaN) {
  const ParetoNbdParameters model{.5143, 2.8845, .2856, 14.1087};
  const double x[] = {221, 254, 161, 204};
  const double recency[] = {103.42857, 97.14286, 94.71429, 98.57143};
  const double tenure[] = {103.57143, 97.28571, 98, 99.42857};
  for (int i = 0; i < 4; ++i) {
    const double alive = ParetoNbdAlive(model, x[i], recency[i], tenure[i]);
    EXPECT_GT(alive, .5);
    EXPECT_LE(alive, 1);
  }
}

TEST(ParetoNbdValuesTest, HistoriesOnWhichLifetimesOnceOverflowed) {
  const HistoryGroups histories{.groups = {{400, 5, 6, 1}, {500, 1, 37, 1}, {500, 4, 37, 1}}};
  const LogLikelihood sum =
      ParetoNbdLogLikelihood({10.465, .00798565181, 3.0516, 2.820}, histories);
  EXPECT_TRUE(std::isfinite(sum.value));
  for (const double slope : sum.gradient) EXPECT_TRUE(std::isfinite(slope));

  const ParetoNbdParameters model{.55, 10.58, .61, 11.67};
  const auto expected = [&](double x) {
    return ParetoNbdAlive(model, x, 200, 200) * ParetoNbdFuture(model, x, 200).Expected(10);
  };
  EXPECT_NEAR(expected(132), 6.20605, 5e-6);
  EXPECT_NEAR(expected(133), 6.25287, 5e-6);
}

TEST(ParetoNbdValuesTest, HardlyAnyAgeBetweenLastPurchaseAndNow) {
  const ParetoNbdParameters model{.55, 10.58, .61, 11.67};
  EXPECT_EQ(ParetoNbdAlive(model, 3, 20, 20), 1);
  EXPECT_NEAR(ParetoNbdAlive(model, 3, 20, 20.0001), 1, 1e-4);
}

TEST(MbgNbdValuesTest, ANewCustomerMayBeGoneAlready) {
  const MbgNbdParameters model{.52484, 6.18308, .89136, 1.61400};
  EXPECT_NEAR(MbgNbdAlive(model, 0, 0, 0), 1.61400 / (1.61400 + .89136), 1e-15);
}

TEST(NbdValuesTest, IsTheBgNbdWithoutDropOut) {
  const NbdParameters nbd{.5, 30};
  const BgNbdParameters hardly{.5, 30, 1e-13, 2};
  for (const double t : {1.0, 100.0, 3650.0}) {
    ExpectRelative(NbdFuture(nbd, 3, 200).Expected(t), 3.5 / 230 * t, 1e-15);
    ExpectRelative(BgNbdFuture(hardly, 3, 200).Expected(t), 3.5 / 230 * t, 1e-11);
  }
}

TEST(GammaGammaValuesTest, FirstTenCustomersOfTheSummaryFile) {
  const SpendParameters model{6.25, 3.74, 15.44};
  EXPECT_NEAR(ExpectedSpend(model, 0, 0), 35.17, .1);
  const SpendParameters fitted{6.24957, 3.74422, 15.44352};
  EXPECT_NEAR(ExpectedSpend(fitted, 2, 2 * 22.35), 24.65, .02);
  EXPECT_NEAR(ExpectedSpend(model, 2, 2 * 22.35), 24.663714, 2e-2);
  EXPECT_NEAR(ExpectedSpend(model, 1, 11.77), 18.916852, 2e-2);
  EXPECT_NEAR(ExpectedSpend(model, 7, 7 * 73.74), 71.469671, 2e-2);
}

TEST(GammaGammaValuesTest, DistributionOfFutureSpendHasTheExpectedMean) {
  const SpendParameters model{6.25, 3.74, 15.44};
  const SpendDistribution spend(model, 3, 90);
  for (const double orders : {1.0, 4.0}) {
    // E[Z] = integral of 1 - F, by the midpoint rule.
    const double step = .05;
    double mean = 0;
    for (double z = step / 2; z < 5000; z += step)
      mean += step * (1 - spend.At(orders, z).probability);
    ExpectRelative(mean, orders * ExpectedSpend(model, 3, 90), 1e-5);
    double square = 0;
    for (double z = step / 2; z < 5000; z += step) {
      square += step * 2 * z * (1 - spend.At(orders, z).probability);
    }
    ExpectRelative(spend.SecondMoment(orders, orders * orders), square, 1e-4);
  }
}

TEST(GammaGammaValuesTest, SlopeOfTheDistributionIsItsDerivative) {
  const SpendDistribution spend({6.25, 3.74, 15.44}, 1, 30);
  const double step = 1e-5;
  const double difference = (spend.At(2, 60 * std::exp(step)).probability -
                             spend.At(2, 60 * std::exp(-step)).probability) /
                            (2 * step);
  ExpectRelative(spend.At(2, 60).slope, difference, 1e-7);
}

}  // namespace
}  // namespace clv::domain
