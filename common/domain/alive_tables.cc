#include "common/domain/alive_tables.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "common/domain/beta_mixture.h"
#include "common/domain/model_math.h"
#include "common/domain/purchase_future.h"

namespace clv::domain {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr size_t kNodes = 25;
constexpr double kWidestAlivePanel = 2;
// Histories longer than this are computed each time.
constexpr double kLongestTenure = 32'768;
// Up to this many days results are kept, some days at a time.
constexpr uint32_t kKeptDays = 4'096;
constexpr uint32_t kDaysAtOnce = 64;

// Results of some days. Those of one day may be stored by several threads at once: they are equal.
class KeptExpectations {
 public:
  KeptExpectations() {
    for (Kept& kept : kept_) {
      kept.purchases.store(std::numeric_limits<double>::quiet_NaN(), std::memory_order_relaxed);
      kept.discounted.store(std::numeric_limits<double>::quiet_NaN(), std::memory_order_relaxed);
    }
  }

  // Calls `compute()` where the result is not known yet.
  template <typename Compute>
  AliveExpectation At(uint32_t index, const Compute& compute) {
    Kept& kept = kept_[index];
    AliveExpectation known{kept.purchases.load(std::memory_order_relaxed),
                           kept.discounted.load(std::memory_order_relaxed)};
    if (!std::isnan(known.purchases) && !std::isnan(known.discounted)) return known;
    known = compute();
    kept.purchases.store(known.purchases, std::memory_order_relaxed);
    kept.discounted.store(known.discounted, std::memory_order_relaxed);
    return known;
  }

 private:
  struct Kept {
    std::atomic<double> purchases;
    std::atomic<double> discounted;
  };
  std::array<Kept, kDaysAtOnce> kept_;
};

// The object of a slot, which is made when it is first asked for. Two threads may make it at once;
// they are equal, and one stays.
template <typename T, typename Make>
T* GetOrMake(std::atomic<T*>& slot, const Make& make) {
  T* found = slot.load(std::memory_order_acquire);
  if (found == nullptr) {
    auto made = make();
    if (slot.compare_exchange_strong(found, made.get(), std::memory_order_acq_rel)) {
      found = made.release();
    }
  }
  return found;
}

// A function on [0, end], by polynomials on panels of equal width.
class Interpolation {
 public:
  template <typename Function>
  Interpolation(double end, double widest_panel, const Function& function)
      : panels_(std::max(1, static_cast<int>(std::ceil(end / widest_panel)))),
        half_(end / panels_ / 2) {
    coefficients_.resize(panels_ * kNodes);
    for (size_t panel = 0; panel < panels_; ++panel) {
      std::array<double, kNodes> values;
      for (size_t j = 0; j < kNodes; ++j) {
        values[j] = function(half_ * (2.0 * panel + 1 + std::cos(kPi * (j + 0.5) / kNodes)));
      }
      for (size_t degree = 0; degree < kNodes; ++degree) {
        double sum = 0;
        for (size_t j = 0; j < kNodes; ++j) {
          sum += values[j] * std::cos(kPi * degree * (j + 0.5) / kNodes);
        }
        coefficients_[panel * kNodes + degree] = sum * (degree == 0 ? 1.0 : 2.0) / kNodes;
      }
    }
  }

  double At(double position) const {
    const auto panel =
        std::min(static_cast<size_t>(std::max(0.0, position / (2 * half_))), panels_ - 1);
    const double z = position / half_ - (2.0 * panel + 1);
    const double* c = &coefficients_[panel * kNodes];
    double later = 0;
    double value = 0;
    for (size_t degree = kNodes - 1; degree > 0; --degree) {
      const double next = c[degree] + 2 * z * value - later;
      later = value;
      value = next;
    }
    return c[0] + z * value - later;
  }

 private:
  size_t panels_;
  double half_;
  std::vector<double> coefficients_;
};

// The functions of one x that are tabulated, by rate = alpha + T.
class Untabulated {
 public:
  Untabulated(const AliveTables::Terms& terms, double x)
      : terms_(terms),
        shape_(terms.r + x),
        c_(terms.c_without_repeats + (terms.c_grows ? x : 0)),
        drop_out_(terms.a, c_),
        survival_(std::log1p(terms.horizon / terms.alpha),
                  // The survival falls no faster than with the power of a or of the shape.
                  std::min(kWidestAlivePanel, 5 / (1 + std::min(terms.a, shape_))),
                  [&](double y) { return drop_out_.Survival(shape_ + 1, std::expm1(y)); }) {}

  double PurchasesAt(double rate) const {
    return drop_out_.Purchases(shape_, terms_.horizon / rate);
  }
  double DiscountedAt(double rate) const {
    if (!(terms_.delta > 0)) return 0;
    // The time in which the rate of purchases begins to fall.
    const double scale = rate / (1 + shape_ * terms_.a / (terms_.a + c_));
    return shape_ / rate * DiscountedIntegral(terms_.delta, terms_.horizon, scale, [&](double t) {
             return survival_.At(std::log1p(t / rate));
           });
  }

 private:
  const AliveTables::Terms terms_;
  const double shape_;
  const double c_;
  const BetaMixture drop_out_;
  const Interpolation survival_;  // by ln(1 + t / rate)
};

AliveExpectation Exactly(const AliveTables::Terms& terms, uint32_t x, uint32_t tenure_days) {
  const BetaGeometricFuture future(terms.r + x, terms.alpha + tenure_days, terms.a,
                                   terms.c_without_repeats + (terms.c_grows ? x : 0));
  return {future.Expected(terms.horizon), future.Discounted(terms.delta, terms.horizon)};
}

}  // namespace

// The tables of one x. What they are made from takes more memory than they.
class AliveTables::OfFrequency {
 public:
  OfFrequency(const Terms& terms, uint32_t x) : OfFrequency(terms, x, Untabulated(terms, x)) {}

  ~OfFrequency() {
    for (auto& days : kept_) delete days.load(std::memory_order_relaxed);
  }

  AliveExpectation At(uint32_t tenure_days) const {
    if (tenure_days >= kKeptDays) return Compute(tenure_days);
    return GetOrMake(kept_[tenure_days / kDaysAtOnce],
                     [] { return std::make_unique<KeptExpectations>(); })
        ->At(tenure_days % kDaysAtOnce, [&] { return Compute(tenure_days); });
  }

 private:
  OfFrequency(const Terms& terms, uint32_t x, const Untabulated& functions)
      : terms_(terms),
        x_(x),
        log_alpha_(std::log(terms.alpha)),
        purchases_(std::log1p(kLongestTenure / terms.alpha), kWidestAlivePanel,
                   [&](double y) { return functions.PurchasesAt(terms.alpha * std::exp(y)); }),
        discounted_(std::log1p(kLongestTenure / terms.alpha), kWidestAlivePanel,
                    [&](double y) { return functions.DiscountedAt(terms.alpha * std::exp(y)); }) {}

  AliveExpectation Compute(uint32_t tenure_days) const {
    if (tenure_days > kLongestTenure) return Exactly(terms_, x_, tenure_days);
    const double y = std::log(terms_.alpha + tenure_days) - log_alpha_;
    const double purchases = purchases_.At(y);
    return {purchases, terms_.delta > 0 ? discounted_.At(y) : purchases};
  }

  const Terms terms_;
  const uint32_t x_;
  const double log_alpha_;
  const Interpolation purchases_;  // by ln(rate / alpha)
  const Interpolation discounted_;
  mutable std::array<std::atomic<KeptExpectations*>, kKeptDays / kDaysAtOnce> kept_ = {};
};

AliveTables::AliveTables(const Terms& terms) : terms_(terms) {
  for (auto& table : by_frequency_) table.store(nullptr, std::memory_order_relaxed);
}

AliveTables::~AliveTables() {
  for (auto& table : by_frequency_) delete table.load();
}

AliveExpectation AliveTables::At(uint32_t x, uint32_t tenure_days) const {
  if (x >= kTabulated) return Exactly(terms_, x, tenure_days);
  return GetOrMake(by_frequency_[x], [&] { return std::make_unique<const OfFrequency>(terms_, x); })
      ->At(tenure_days);
}

}  // namespace clv::domain
