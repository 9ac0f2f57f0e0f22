#include "common/domain/customer_prediction.h"

#include <cmath>
#include <random>
#include <vector>

#include "common/domain/bgnbd.h"
#include "common/domain/mbgnbd.h"
#include "common/domain/pareto_nbd.h"
#include "gtest/gtest.h"

namespace clv::domain {
namespace {

constexpr double kDelta = 0.10;

FittedModel ModelOf(ModelFamily family) {
  FittedModel model{.version = 3,
                    .family = family,
                    .parameters = {.55, 40, .8, 2.5},
                    .spend = SpendParameters{5, 4, 60},
                    .mean_order_value = 95};
  if (family == ModelFamily::kParetoNbd) model.parameters = {.55, 40, .7, 90};
  if (family == ModelFamily::kNbd) model.parameters = {.55, 60, 0, 0};
  return model;
}

constexpr ModelFamily kFamilies[] = {ModelFamily::kNbd, ModelFamily::kBgNbd, ModelFamily::kMbgNbd,
                                     ModelFamily::kParetoNbd};

TEST(CustomerScorerTest, TablesEqualTheModels) {
  const FittedModel bg = ModelOf(ModelFamily::kBgNbd);
  const FittedModel mbg = ModelOf(ModelFamily::kMbgNbd);
  const PredictionTerms terms{.horizon_days = 365, .discount_rate = kDelta, .margin = .4};
  const CustomerScorer bg_scorer(bg, terms);
  const CustomerScorer mbg_scorer(mbg, terms);
  const double delta = std::log1p(kDelta) / 365.25;
  const SpendParameters& spend = *bg.spend;
  for (const uint32_t x : {0u, 1u, 5u, 40u, 900u, 3000u}) {
    for (const uint32_t tenure : {0u, 1u, 30u, 400u, 4000u, 40'000u}) {
      const CustomerHistory history{.frequency = x,
                                    .recency_days = tenure - tenure / 5,
                                    .tenure_days = tenure,
                                    .spend_days = x,
                                    .spend_micros = 70'000'000 * int64_t{x}};
      const double value = ExpectedSpend(spend, x, 70.0 * x);
      const auto check = [&](const CustomerScorer& scorer, double alive,
                             const BetaGeometricFuture& future) {
        const CustomerScore score = scorer.Score(history);
        EXPECT_NEAR(*score.p_alive, alive, 1e-14);
        const double purchases = alive * future.Expected(365);
        EXPECT_NEAR(score.expected_purchases, purchases, 2e-11 * purchases) << x << " " << tenure;
        EXPECT_NEAR(score.expected_order_value, value, 1e-12 * value);
        const double clv = .4 * value * alive * future.Discounted(delta, 365);
        EXPECT_NEAR(score.predicted_clv, clv, 1e-10 * clv) << x << " " << tenure;
      };
      const double recency = history.recency_days;
      const auto& [r, alpha, a, b] = bg.parameters;
      check(bg_scorer, BgNbdAlive({r, alpha, a, b}, x, recency, tenure),
            BgNbdFuture({r, alpha, a, b}, x, tenure));
      check(mbg_scorer, MbgNbdAlive({r, alpha, a, b}, x, recency, tenure),
            MbgNbdFuture({r, alpha, a, b}, x, tenure));
    }
  }
}

TEST(CustomerScorerTest, NothingIsEverNaN) {
  for (const ModelFamily family : kFamilies) {
    for (const double scale : {1e-6, 1e-3, 1.0, 1e4}) {
      FittedModel model = ModelOf(family);
      for (double& parameter : model.parameters) parameter *= scale;
      const CustomerScorer scorer(model, {.horizon_days = 3650, .discount_rate = 10});
      for (const CustomerHistory& history :
           std::vector<CustomerHistory>{{0, 0, 0},
                                        {0, 0, 20'000},
                                        {1, 0, 0},
                                        {10'000, 500, 500},
                                        {10'000, 1, 4000},
                                        {1'000'000'000, 10, 20},
                                        {3, 100, 101, 3, 9'000'000'000'000'000}}) {
        const CustomerScore score = scorer.Score(history);
        EXPECT_TRUE(*score.p_alive >= 0 && *score.p_alive <= 1);
        EXPECT_TRUE(std::isfinite(score.expected_purchases) && score.expected_purchases >= 0);
        EXPECT_TRUE(std::isfinite(score.predicted_clv) && score.predicted_clv >= 0);
        if (history.frequency > 1'000'000) continue;  // hundreds of orders a second
        const PredictionDetails details = scorer.Details(history);
        EXPECT_TRUE(std::isfinite(*details.predicted_clv_low));
        EXPECT_TRUE(std::isfinite(*details.predicted_clv_high));
        EXPECT_LE(*details.predicted_clv_low, *details.predicted_clv_high);
        EXPECT_TRUE(*details.churn_risk >= -1e-12 && *details.churn_risk <= 1);
      }
    }
  }
}

// Draws what a customer will do and spend from the models' own assumptions.
TEST(CustomerScorerTest, IntervalsAreQuantilesOfWhatCustomersDo) {
  const FittedModel model = ModelOf(ModelFamily::kBgNbd);
  const auto& [r, alpha, a, b] = model.parameters;
  const CustomerHistory history{3, 200, 260, 3, 240'000'000};
  const CustomerScorer scorer(model, {.horizon_days = 365, .discount_rate = 0}, .8);
  const CustomerScore score = scorer.Score(history);
  const PredictionDetails details = scorer.Details(history);

  std::mt19937_64 engine(4);
  const auto gamma = [&](double shape, double rate) {
    return std::gamma_distribution<double>(shape, 1 / rate)(engine);
  };
  std::uniform_real_distribution<double> uniform(0, 1);
  constexpr int kDraws = 200'000;
  std::vector<double> values(kDraws);
  int no_order = 0;
  double sum = 0;
  for (double& value : values) {
    const bool alive = uniform(engine) < *score.p_alive;
    const double lambda = gamma(r + 3, alpha + 260);
    const double drop_a = gamma(a, 1);
    const double drop_out = drop_a / (drop_a + gamma(b + 3, 1));
    const double nu = gamma(model.spend->p * 3 + model.spend->q, model.spend->v + 240);
    double time = 0;
    bool within_churn_days = false;
    while (alive) {
      time += std::exponential_distribution<double>(lambda)(engine);
      within_churn_days |= time <= kChurnDays;
      if (time > 365) break;
      value += gamma(model.spend->p, nu);
      if (uniform(engine) < drop_out) break;
    }
    no_order += !within_churn_days;
    sum += value;
  }
  std::sort(values.begin(), values.end());
  EXPECT_NEAR(sum / kDraws / score.predicted_clv, 1, .02);
  EXPECT_NEAR(*details.predicted_clv_high, values[kDraws * 9 / 10], .02 * values[kDraws * 9 / 10]);
  EXPECT_NEAR(*details.predicted_clv_low, values[kDraws / 10],
              .03 * std::max(1.0, values[kDraws / 10]));
  EXPECT_NEAR(*details.churn_risk, double{1} * no_order / kDraws, .005);

  // The median of the next order: as likely as not within so many days.
  ASSERT_TRUE(details.next_purchase_days);
  const double days = *details.next_purchase_days;
  const BetaGeometricFuture future = BgNbdFuture({r, alpha, a, b}, 3, 260);
  EXPECT_GE(*score.p_alive * (1 - future.NoPurchase(days)), .5);
  EXPECT_LT(*score.p_alive * (1 - future.NoPurchase(days - 1)), .5);
}

TEST(CustomerScorerTest, ParetoNbdNextPurchaseIsTheMedian) {
  const FittedModel model = ModelOf(ModelFamily::kParetoNbd);
  const CustomerHistory history{12, 300, 310, 12, 900'000'000};
  const CustomerScorer scorer(model, {});
  const double p_alive = *scorer.Score(history).p_alive;
  const PredictionDetails details = scorer.Details(history);
  ASSERT_TRUE(details.next_purchase_days);
  const auto& [r, alpha, s, beta] = model.parameters;
  const GammaDropOutFuture future = ParetoNbdFuture({r, alpha, s, beta}, 12, 310);
  const double days = *details.next_purchase_days;
  EXPECT_GE(p_alive * (1 - future.NoPurchase(days)), .5);
  EXPECT_LT(p_alive * (1 - future.NoPurchase(days - 1)), .5);
}

TEST(CustomerScorerTest, WhoIsProbablyGoneHasNoNextPurchase) {
  for (const ModelFamily family : {ModelFamily::kBgNbd, ModelFamily::kParetoNbd}) {
    const CustomerScorer scorer(ModelOf(family), {});
    const CustomerHistory gone{20, 100, 700, 20, 1'000'000'000};
    EXPECT_LT(*scorer.Score(gone).p_alive, .01);
    const PredictionDetails details = scorer.Details(gone);
    EXPECT_FALSE(details.next_purchase_days);
    EXPECT_GT(*details.churn_risk, .98);
    EXPECT_EQ(*details.predicted_clv_high, 0);
    EXPECT_EQ(details.confidence, Confidence::kHigh);
  }
}

TEST(CustomerScorerTest, WiderIntervalsHoldNarrowerOnes) {
  for (const ModelFamily family : kFamilies) {
    const CustomerHistory history{6, 300, 330, 6, 500'000'000};
    double low = INFINITY;
    double high = -INFINITY;
    for (const double interval : {.1, .5, .8, .99}) {
      const PredictionDetails details =
          CustomerScorer(ModelOf(family), {}, interval).Details(history);
      EXPECT_LE(*details.predicted_clv_low, low);
      EXPECT_GE(*details.predicted_clv_high, high);
      low = *details.predicted_clv_low;
      high = *details.predicted_clv_high;
    }
  }
}

TEST(CustomerScorerTest, WithoutASpendModelOrdersAreAverage) {
  FittedModel model = ModelOf(ModelFamily::kBgNbd);
  model.spend.reset();
  const CustomerScorer scorer(model, {.discount_rate = 0});
  const CustomerHistory history{6, 300, 330, 6, 500'000'000};
  const CustomerScore score = scorer.Score(history);
  EXPECT_EQ(score.expected_order_value, 95);
  const double high = *scorer.Details(history).predicted_clv_high;
  EXPECT_NEAR(std::fmod(high + 1, 95), 1, 1e-6) << "a whole number of orders";
}

TEST(CustomerScorerTest, AnswersDoNotDependOnWhatWasAskedBefore) {
  const FittedModel model = ModelOf(ModelFamily::kBgNbd);
  const CustomerScorer fresh(model, {});
  const CustomerScorer used(model, {});
  for (uint32_t x = 0; x < 50; ++x) used.Score({x, x, 500});
  const CustomerHistory history{7, 200, 222, 7, 1'000'000};
  EXPECT_EQ(fresh.Score(history), used.Score(history));
  EXPECT_EQ(fresh.Details(history), used.Details(history));
}

TEST(CustomerScorerTest, TheAverageIsAModelToo) {
  const PopulationTotals totals{.customers = 10,
                                .repeat_customers = 4,
                                .repeat_order_days = 20,
                                .tenure_days = 4000,
                                .total_spend_micros = 900'000'000,
                                .purchase_count = 30};
  const PredictionTerms terms{.horizon_days = 100, .discount_rate = .2, .margin = .5};
  const CustomerScorer scorer(AverageAsModel(totals, 77), terms);
  const AveragePrediction expected = PredictAverage(FitAverage(totals), terms);
  const CustomerScore score = scorer.Score({3, 10, 20});
  EXPECT_FALSE(score.p_alive);
  EXPECT_EQ(score.expected_purchases, expected.expected_purchases);
  EXPECT_EQ(score.predicted_clv, expected.predicted_clv);
  const PredictionDetails details = scorer.Details({3, 10, 20});
  EXPECT_FALSE(details.churn_risk || details.predicted_clv_low || details.next_purchase_days);
  EXPECT_EQ(details.confidence, Confidence::kLow);
}

TEST(FillPredictionTest, FillsTheRow) {
  const CustomerScorer scorer(ModelOf(ModelFamily::kBgNbd), {});
  ClvPredictionRow row{.total_spend_micros = 100'000'000};
  const CustomerHistory history{6, 300, 310, 6, 500'000'000};
  FillPrediction(scorer, history, 20'000, row);
  EXPECT_EQ(*row.total_clv, 100 + *row.predicted_clv);
  EXPECT_EQ(row.model, ModelFamily::kBgNbd);
  EXPECT_EQ(row.model_version, 3u);
  ASSERT_TRUE(row.next_purchase_date);
  EXPECT_EQ(*row.next_purchase_date % 86400, 0);
  EXPECT_GT(*row.next_purchase_date, 20'000 * 86400);
  EXPECT_LT(*row.predicted_clv_low, *row.predicted_clv);
  EXPECT_GT(*row.predicted_clv_high, *row.predicted_clv);
}

TEST(ImportedSpendTest, IsTheShareOfTheRepeats) {
  EXPECT_EQ(ImportedSpendMicros(100, 4), 75);
  EXPECT_EQ(ImportedSpendMicros(100, 1), 0);
  EXPECT_EQ(ImportedSpendMicros(-100, 4), 0);
  EXPECT_EQ(ImportedSpendMicros(1'000'000'000'000'000'000, 1'000'000'000'000'000),
            999'999'999'999'999'000);
}

}  // namespace
}  // namespace clv::domain
