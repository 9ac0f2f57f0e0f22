#include "common/domain/model_fit.h"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

#include "common/domain/bgnbd.h"
#include "common/domain/mbgnbd.h"
#include "common/domain/pareto_nbd.h"
#include "gtest/gtest.h"
#include "tests/common/domain/cdnow_sample.h"
#include "tests/common/domain/simulated_shop.h"

namespace clv::domain {
namespace {

using Parameters = std::array<double, 4>;

int Seeds() { return std::getenv("CLV_TEST_LONG") != nullptr ? 100 : 4; }

void ExpectFit(const FamilyFit& fit, const Parameters& parameters, double relative,
               double log_likelihood) {
  for (int i = 0; i < 4; ++i) {
    EXPECT_NEAR(fit.parameters[i], parameters[i], relative * parameters[i]) << i;
  }
  EXPECT_NEAR(fit.log_likelihood, log_likelihood, 1e-3);
  EXPECT_TRUE(fit.converged) << fit.slope_norm;
  EXPECT_FALSE(fit.at_boundary);
}

class CdnowFitTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::optional<OrderHistories> orders = ReadCdnow();
    if (!orders) GTEST_SKIP() << "CDNOW_sample.txt.gz is not there (set CLV_SHARED_DATA)";
    histories_ = orders->HistoriesAt(kCdnowCut, /*days_per_unit=*/7);
  }
  FamilyFit Fit(ModelFamily family) const { return FitFamily(family, histories_, {}); }

  HistoryGroups histories_;
};

TEST_F(CdnowFitTest, SampleHasItsKnownSize) {
  EXPECT_EQ(histories_.customers(), 2357u);
  EXPECT_EQ(histories_.customers() - histories_.repeat_customers(), 1411u);
  EXPECT_EQ(histories_.groups.size(), 1016u);
  uint64_t repeats = 0;
  for (const HistoryGroup& group : histories_.groups) {
    repeats += uint64_t{group.frequency} * group.customers;
  }
  EXPECT_EQ(repeats, 2457u);
}

TEST_F(CdnowFitTest, BgNbdAsInFaderHardieLee2005) {
  const FamilyFit fit = Fit(ModelFamily::kBgNbd);
  ExpectFit(fit, {.2425945, 4.4136019, .7929199, 2.4258881}, 1e-4, -9582.429);
  ASSERT_TRUE(fit.standard_errors);
  const Parameters errors = {.01256, .3782, .1857, .7054};
  for (int i = 0; i < 4; ++i) {
    EXPECT_NEAR((*fit.standard_errors)[i], errors[i], 2e-3 * errors[i]) << i;
  }
}

TEST_F(CdnowFitTest, MbgNbdAsInLifetimes) {
  ExpectFit(Fit(ModelFamily::kMbgNbd), {.52484, 6.18308, .89136, 1.61400}, 1e-4, -9582.136);
}

TEST_F(CdnowFitTest, ParetoNbdAsInClvTools) {
  const FamilyFit fit = Fit(ModelFamily::kParetoNbd);
  ExpectFit(fit, {.5533, 10.578, .6062, 11.669}, 3e-4, -9594.976);
  ASSERT_TRUE(fit.standard_errors);
  const Parameters errors = {.0476264, .8427222, .1872594, 6.2105448};
  for (int i = 0; i < 4; ++i) {
    EXPECT_NEAR((*fit.standard_errors)[i], errors[i], 1e-2 * errors[i]) << i;
  }
}

TEST_F(CdnowFitTest, DropOutIsIdentified) {
  const FamilyFit nbd = Fit(ModelFamily::kNbd);
  EXPECT_TRUE(nbd.converged);
  FamilyFit fit = Fit(ModelFamily::kBgNbd);
  JudgeDropOut(nbd, &fit);
  EXPECT_TRUE(fit.drop_out_identified);
}

TEST_F(CdnowFitTest, WarmStartEndsAtTheSameParameters) {
  const FamilyFit cold = Fit(ModelFamily::kBgNbd);
  const FamilyFit warm =
      FitFamily(ModelFamily::kBgNbd, histories_, {.warm_start = Parameters{.3, 5, 1, 3}});
  for (int i = 0; i < 4; ++i) {
    EXPECT_NEAR(warm.parameters[i], cold.parameters[i], 1e-6 * cold.parameters[i]);
  }
  EXPECT_LT(warm.evaluations, cold.evaluations);
}

TEST_F(CdnowFitTest, EqualHistoriesGiveEqualBits) {
  const FamilyFit one = Fit(ModelFamily::kParetoNbd);
  const FamilyFit other = Fit(ModelFamily::kParetoNbd);
  EXPECT_EQ(one.parameters, other.parameters);
  EXPECT_EQ(one.standard_errors, other.standard_errors);
}

TEST(CdnowSpendFitTest, GammaGammaAsInHardiesNote) {
  const std::optional<OrderHistories> orders = ReadCdnow();
  if (!orders) GTEST_SKIP() << "CDNOW_sample.txt.gz is not there (set CLV_SHARED_DATA)";
  const std::optional<SpendFit> fit = FitSpend(orders->SpendAt(kCdnowCut), std::nullopt);
  ASSERT_TRUE(fit);
  EXPECT_TRUE(fit->converged);
  EXPECT_EQ(fit->customers, 946u);
  EXPECT_NEAR(fit->parameters.p, 6.25, 5e-3);
  EXPECT_NEAR(fit->parameters.q, 3.74, 5e-3);
  EXPECT_NEAR(fit->parameters.v, 15.44, 1e-2);
  EXPECT_NEAR(fit->log_likelihood, -4055.918, 1e-3);
  EXPECT_NEAR(fit->correlation, .114, 1e-3);
}

// The slopes are those of the value.
TEST(LogLikelihoodTest, GradientsAreDerivatives) {
  const HistoryGroups histories{.groups = {{0, 0, 300, 5},
                                           {0, 0, 0, 1},
                                           {1, 0, 0, 1},
                                           {1, 40, 300, 3},
                                           {7, 250, 280, 2},
                                           {900, 400, 401, 1},
                                           {2, 60, 60, 1}}};
  const auto check = [&](auto evaluate, Parameters at, int dimension) {
    const LogLikelihood here = evaluate(at);
    for (int i = 0; i < dimension; ++i) {
      const double step = 1e-6 * at[i];
      Parameters after = at;
      Parameters before = at;
      after[i] += step;
      before[i] -= step;
      const double difference = (evaluate(after).value - evaluate(before).value) / (2 * step);
      EXPECT_NEAR(here.gradient[i], difference, 1e-5 * std::abs(difference) + 1e-3) << i;
    }
  };
  for (const double alpha : {3.0, 12.0, 40.0}) {
    const Parameters at = {.5, alpha, .8, 12};
    check(
        [&](const Parameters& p) {
          return BgNbdLogLikelihood({p[0], p[1], p[2], p[3]}, histories);
        },
        at, 4);
    check(
        [&](const Parameters& p) {
          return MbgNbdLogLikelihood({p[0], p[1], p[2], p[3]}, histories);
        },
        at, 4);
    check(
        [&](const Parameters& p) {
          return ParetoNbdLogLikelihood({p[0], p[1], p[2], p[3]}, histories);
        },
        at, 4);
  }
  const SpendHistories spending({{1, 20}, {1, 35.5}, {4, 18.25}, {300, 44}});
  check(
      [&](const Parameters& p) {
        return GammaGammaLogLikelihood({p[0], p[1], p[2]}, spending);
      },
      {6, 3.7, 15, 0}, 3);
}

TEST(GroupingTest, EqualHistoriesAreCountedTogetherInOrder) {
  const HistoryGroups grouped =
      GroupHistories({{2, 5, 9, 1}, {0, 0, 3, 1}, {2, 5, 9, 1}, {2, 5, 10, 1}});
  const std::vector<HistoryGroup> expected = {{0, 0, 3, 1}, {2, 5, 9, 2}, {2, 5, 10, 1}};
  EXPECT_EQ(grouped.groups, expected);
  // What is too great to be packed is grouped the slow way.
  const HistoryGroups great = GroupHistories(
      {{1u << 31, 5, 9, 1}, {0, 0, 3'000'000, 1}, {1u << 31, 5, 9, 1}, {0, 0, 3, 1}});
  const std::vector<HistoryGroup> expected_great = {
      {0, 0, 3, 1}, {0, 0, 3'000'000, 1}, {1u << 31, 5, 9, 2}};
  EXPECT_EQ(great.groups, expected_great);
}

// Whether the truth lies within three standard errors in all parameters.
bool Recovers(ModelFamily family, const Parameters& truth, uint64_t seed, double* worst) {
  const HistoryGroups histories = SimulateHistories(family, truth, {.customers = 8000}, seed);
  const FamilyFit fit = FitFamily(family, histories, {});
  *worst = 0;
  if (!fit.converged || !fit.standard_errors) {
    *worst = std::numeric_limits<double>::infinity();
    return false;
  }
  for (size_t i = 0; i < ParametersOf(family); ++i) {
    // In logarithms, in which the likelihood is nearer to a parabola.
    const double distance = std::abs(std::log(fit.parameters[i] / truth[i])) /
                            ((*fit.standard_errors)[i] / fit.parameters[i]);
    *worst = std::max(*worst, distance);
  }
  return *worst <= 3;
}

void ExpectRecovery(ModelFamily family, const Parameters& truth) {
  int recovered = 0;
  for (int seed = 1; seed <= Seeds(); ++seed) {
    double worst = 0;
    recovered += Recovers(family, truth, seed, &worst);
    EXPECT_LT(worst, 6) << "seed " << seed;
  }
  EXPECT_GE(recovered, std::ceil(.95 * Seeds()));
}

TEST(RecoveryTest, BgNbd) { ExpectRecovery(ModelFamily::kBgNbd, {.55, 40, .8, 2.5}); }
TEST(RecoveryTest, MbgNbd) { ExpectRecovery(ModelFamily::kMbgNbd, {.6, 40, .9, 1.7}); }
TEST(RecoveryTest, ParetoNbd) { ExpectRecovery(ModelFamily::kParetoNbd, {.6, 40, .7, 90}); }
TEST(RecoveryTest, Nbd) { ExpectRecovery(ModelFamily::kNbd, {.7, 60}); }

TEST(RecoveryTest, GammaGamma) {
  const SpendParameters truth{5, 4, 60};
  int recovered = 0;
  for (int seed = 1; seed <= Seeds(); ++seed) {
    const std::optional<SpendFit> fit = FitSpend(SimulateSpending(truth, 4000, seed), std::nullopt);
    ASSERT_TRUE(fit && fit->converged && fit->standard_errors);
    const auto& [p, q, v] = *fit->standard_errors;
    recovered += std::abs(fit->parameters.p - truth.p) <= 3 * p &&
                 std::abs(fit->parameters.q - truth.q) <= 3 * q &&
                 std::abs(fit->parameters.v - truth.v) <= 3 * v;
  }
  EXPECT_GE(recovered, std::ceil(.95 * Seeds()));
}

// Nobody drops out: published packages raise convergence errors here.
TEST(BoundaryTest, WithoutDropOutTheNbdAnswers) {
  const HistoryGroups histories =
      SimulateHistories(ModelFamily::kNbd, {.8, 50}, {.customers = 3000}, 7);
  const FamilyFit nbd = FitFamily(ModelFamily::kNbd, histories, {});
  ASSERT_TRUE(nbd.converged);
  for (const ModelFamily family :
       {ModelFamily::kBgNbd, ModelFamily::kMbgNbd, ModelFamily::kParetoNbd}) {
    FamilyFit fit = FitFamily(family, histories, {});
    JudgeDropOut(nbd, &fit);
    EXPECT_FALSE(fit.drop_out_identified)
        << NameOf(family) << " " << fit.log_likelihood - nbd.log_likelihood;
    EXPECT_TRUE(std::isfinite(fit.log_likelihood));
    for (const double parameter : fit.parameters) {
      EXPECT_TRUE(std::isfinite(parameter) && parameter > 0);
    }
  }
}

TEST(BoundaryTest, EqualCustomersGiveAFiniteFit) {
  // All the same rate and drop-out: heterogeneity is at its edge.
  const HistoryGroups histories{.groups = {{5, 100, 120, 500}, {5, 100, 121, 500}}};
  for (const ModelFamily family : kFittedFamilies) {
    const FamilyFit fit = FitFamily(family, histories, {});
    EXPECT_TRUE(std::isfinite(fit.log_likelihood)) << NameOf(family);
    for (size_t i = 0; i < ParametersOf(family); ++i) {
      EXPECT_TRUE(std::isfinite(fit.parameters[i]) && fit.parameters[i] > 0) << NameOf(family);
    }
  }
}

TEST(BoundaryTest, EqualSpendersGiveAFiniteFit) {
  const std::optional<SpendFit> fit =
      FitSpend(SpendHistories(std::vector<SpendHistory>(200, {2, 30})), std::nullopt);
  ASSERT_TRUE(fit);
  EXPECT_TRUE(std::isfinite(fit->log_likelihood));
  EXPECT_TRUE(fit->at_boundary || fit->converged);
}

}  // namespace
}  // namespace clv::domain
