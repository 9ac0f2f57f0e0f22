// The models in double against other formulas in 50 digits, nasty corners included.
#include <boost/math/quadrature/tanh_sinh.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <boost/multiprecision/cpp_bin_float.hpp>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <random>

#include "common/domain/bgnbd.h"
#include "common/domain/mbgnbd.h"
#include "common/domain/pareto_nbd.h"
#include "gtest/gtest.h"

namespace clv::domain {
namespace {

using Real = boost::multiprecision::cpp_bin_float_50;

constexpr double kTolerance = 1e-10;

// The long form (CLV_TEST_LONG) takes every case of the grid, the short one some.
bool TakesAll() { return std::getenv("CLV_TEST_LONG") != nullptr; }

// By its series; nothing for z so near to 1 that it takes too long.
std::optional<Real> Hypergeometric(const Real& a, const Real& b, const Real& c, const Real& z) {
  if (z > Real(0.998)) return std::nullopt;
  Real sum = 1;
  Real term = 1;
  for (int n = 0; n < 200'000; ++n) {
    term *= (a + n) / (c + n) * (b + n) / (n + 1) * z;
    sum += term;
    if (n > 10 && abs(term) < abs(sum) * Real(1e-45)) return sum;
  }
  return std::nullopt;
}

struct Past {
  double x, recency, tenure;
};
const Past kPasts[] = {{0, 0, 0},         {0, 0, 39},         {1, 0, 0},       {1, 0, 400},
                       {2, 30.43, 38.86}, {26, 30.857, 31},   {300, 500, 501}, {40, 100, 1000},
                       {3000, 900, 1000}, {10000, 1000, 1000}};

double RelativeError(double got, const Real& want) {
  if (want == 0) return std::abs(got);
  return static_cast<double>(abs((Real(got) - want) / want));
}

// Mixed by the case's number, so that the short form sees all values of all parameters.
bool IsTaken(int number) {
  return TakesAll() || (static_cast<uint32_t>(number) * 2654435761U >> 16) % 64 == 0;
}

template <typename Visit>
void ForEachCase(const Visit& visit) {
  int number = 0;
  for (const double r : {.05, .2425945, 6.0}) {
    for (const double alpha : {.05, 4.4136, 250.0}) {
      for (const double third : {1e-9, 1e-3, .3, 1.0, 2.0, 60.0}) {
        for (const double fourth : {.05, .6, 2.4258881, 300.0}) {
          for (const Past& past : kPasts) {
            for (const double t : {.5, 39.0, 3650.0}) {
              if (IsTaken(number++)) visit(r, alpha, third, fourth, past, t);
            }
          }
        }
      }
    }
  }
}

// The closed form of Fader, Hardie & Lee, with the pole at a = 1 stepped around in 50 digits.
std::optional<Real> ExpectedInClosedForm(double k, double rate, double a_double, double c,
                                         double t) {
  Real a = a_double;
  if (a_double == 1 || a_double == 2) a += Real(1e-22);
  const Real z = Real(t) / (Real(rate) + t);
  const auto f = Hypergeometric(k, c, a + c - 1, z);
  if (!f) return std::nullopt;
  return (a + c - 1) / (a - 1) * (1 - pow(Real(rate) / (Real(rate) + t), Real(k)) * *f);
}

TEST(ModelPrecisionTest, BgNbdAndMbgNbd) {
  int cases = 0;
  ForEachCase([&](double r, double alpha, double a, double b, const Past& past, double t) {
    const auto describe = [&] {
      return ::testing::Message() << "r " << r << " alpha " << alpha << " a " << a << " b " << b
                                  << " x " << past.x << " t_x " << past.recency << " T "
                                  << past.tenure << " t " << t;
    };
    const Real ratio =
        pow((Real(alpha) + past.tenure) / (Real(alpha) + past.recency), Real(r) + past.x);
    if (past.x > 0) {
      const Real alive = 1 / (1 + Real(a) / (Real(b) + past.x - 1) * ratio);
      EXPECT_LT(
          RelativeError(BgNbdAlive({r, alpha, a, b}, past.x, past.recency, past.tenure), alive),
          kTolerance)
          << describe();
    }
    const Real alive = 1 / (1 + Real(a) / (Real(b) + past.x) * ratio);
    EXPECT_LT(
        RelativeError(MbgNbdAlive({r, alpha, a, b}, past.x, past.recency, past.tenure), alive),
        kTolerance)
        << describe();
    const auto expected = ExpectedInClosedForm(r + past.x, alpha + past.tenure, a, b + past.x, t);
    if (!expected) return;
    ++cases;
    EXPECT_LT(
        RelativeError(BgNbdFuture({r, alpha, a, b}, past.x, past.tenure).Expected(t), *expected),
        kTolerance)
        << describe();
  });
  EXPECT_GT(cases, 100);
}

// Where the series takes too long: a day in the life of the shop's first customer, ten years ahead.
TEST(ModelPrecisionTest, BgNbdFarAhead) {
  boost::math::quadrature::tanh_sinh<Real> integrator;
  struct Case {
    double a, b, rate;
  };
  for (const auto& [a, b, rate] : {Case{.3, .4, .01}, {.8, 2.4, 1}, {1, 2.4, 10}, {3, .4, .01}}) {
    const double t = 3650;
    const double r = .24;
    const Real mass = boost::math::beta(Real(a), Real(b));
    const Real expected = integrator.integrate(
        [&](const Real& p, const Real& from_end) {
          const Real q = from_end < 0 ? 1 - p : from_end;  // distance to the nearer end
          const Real one_minus_p = p > Real(.5) ? q : Real(1 - p);
          return pow(p, Real(a) - 1) * pow(one_minus_p, Real(b) - 1) *
                 (1 - pow(1 + p * t / rate, -Real(r))) / p / mass;
        },
        Real(0), Real(1), Real(1e-16));
    EXPECT_LT(RelativeError(BgNbdFuture({r, rate, a, b}, 0, 0).Expected(t), expected), kTolerance)
        << a << " " << b << " " << rate;
  }
}

TEST(ModelPrecisionTest, ParetoNbd) {
  int cases = 0;
  ForEachCase([&](double r, double alpha, double s, double fourth, const Past& past, double t) {
    const double beta = fourth == .6 ? alpha : fourth;
    const auto describe = [&] {
      return ::testing::Message() << "r " << r << " alpha " << alpha << " s " << s << " beta "
                                  << beta << " x " << past.x << " t_x " << past.recency << " T "
                                  << past.tenure << " t " << t;
    };
    const Real tenure = past.tenure;
    const Real v = log((Real(beta) + tenure + t) / (Real(beta) + tenure));
    const Real z = (Real(s) - 1) * v;
    const Real integral = s == 1 ? v : Real((1 - exp(-z)) / (Real(s) - 1));
    const Real expected =
        (Real(r) + past.x) / (Real(alpha) + tenure) * (Real(beta) + tenure) * integral;
    const GammaDropOutFuture future = ParetoNbdFuture({r, alpha, s, beta}, past.x, past.tenure);
    EXPECT_LT(RelativeError(future.Expected(t), expected), kTolerance) << describe();

    const double k = r + past.x;
    const double greatest = std::max(alpha, beta);
    const double q = alpha >= beta ? s + 1 : k;
    const auto f = [&](double time) -> std::optional<Real> {
      const auto series = Hypergeometric(Real(k) + s, q, Real(k) + s + 1,
                                         abs(Real(alpha) - beta) / (Real(greatest) + time));
      if (!series) return std::nullopt;
      return *series / pow(Real(greatest) + time, Real(k) + s);
    };
    const auto from = f(past.recency);
    const auto until = f(past.tenure);
    if (!from || !until) return;
    ++cases;
    const Real odds = Real(s) / (Real(k) + s) * pow(Real(alpha) + tenure, Real(k)) *
                      pow(Real(beta) + tenure, Real(s)) * (*from - *until);
    EXPECT_LT(RelativeError(ParetoNbdAlive({r, alpha, s, beta}, past.x, past.recency, past.tenure),
                            1 / (1 + odds)),
              kTolerance)
        << describe();
  });
  EXPECT_GT(cases, 80);
}

// The distributions sum to 1 and have the expectation that the other formula gives.
TEST(ModelPrecisionTest, DistributionsHaveTheExpectedMean) {
  ForEachCase([&](double r, double alpha, double third, double fourth, const Past& past, double t) {
    const double u = t / (alpha + past.tenure);
    if ((r + past.x) * u > 3000) return;  // long distributions
    const auto check = [&](const CountDistribution& counts, double expected, const char* model) {
      double sum = 0;
      double mean = 0;
      for (size_t n = counts.size(); n-- > 0;) {
        EXPECT_GE(counts[n], 0);
        sum += counts[n];
        mean += static_cast<double>(n) * counts[n];
      }
      EXPECT_NEAR(sum, 1, 1e-10) << model << " " << r << " " << alpha << " " << third << " "
                                 << fourth << " x " << past.x << " T " << past.tenure << " t " << t;
      EXPECT_NEAR(mean, expected, 1e-8 * expected)
          << model << " " << r << " " << alpha << " " << third << " " << fourth << " x " << past.x
          << " T " << past.tenure << " t " << t;
    };
    const BetaGeometricFuture bg = BgNbdFuture({r, alpha, third, fourth}, past.x, past.tenure);
    check(bg.Counts(t), bg.Expected(t), "bgnbd");
    const GammaDropOutFuture pareto =
        ParetoNbdFuture({r, alpha, third, fourth}, past.x, past.tenure);
    const CountDistribution counts = pareto.Counts(t);
    check(counts, pareto.Expected(t), "paretonbd");
    EXPECT_NEAR(counts[0], pareto.NoPurchase(t), 1e-10);
    EXPECT_NEAR(bg.Counts(t)[0], bg.NoPurchase(t), 1e-12);
  });
}

// Discounting at a rate that is nearly nothing is not discounting; a finite horizon is a part of
// the infinite one.
TEST(ModelPrecisionTest, DiscountedExpectationsAreConsistent) {
  ForEachCase([&](double r, double alpha, double third, double fourth, const Past& past, double t) {
    const BetaGeometricFuture bg = BgNbdFuture({r, alpha, third, fourth}, past.x, past.tenure);
    EXPECT_NEAR(bg.Discounted(1e-18, t), bg.Expected(t), 1e-9 * bg.Expected(t))
        << r << " " << alpha << " " << third << " " << fourth << " x " << past.x << " T "
        << past.tenure << " t " << t;
    const GammaDropOutFuture pareto =
        ParetoNbdFuture({r, alpha, third, fourth}, past.x, past.tenure);
    EXPECT_NEAR(pareto.Discounted(1e-18, t), pareto.Expected(t), 1e-9 * pareto.Expected(t));
    EXPECT_GE(pareto.Discounted(.01, INFINITY) * (1 + 1e-9), pareto.Discounted(.01, t));
    EXPECT_GE(bg.Discounted(.01, INFINITY) * (1 + 1e-9), bg.Discounted(.01, t));
  });
}

}  // namespace
}  // namespace clv::domain
