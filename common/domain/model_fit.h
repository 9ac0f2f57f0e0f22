// common/domain/model_fit.h: maximum likelihood fits of the purchase models and of the spend model.
//
// Log-likelihoods are climbed in the logarithms of the parameters with analytic slopes, from
// several starts, and the end is checked by the norm of the slope. Equal histories (and an equal
// previous fit, where one is given) give equal bits. A fit never fails: what went wrong is said in
// the result.
#ifndef CLV_COMMON_DOMAIN_MODEL_FIT_H_
#define CLV_COMMON_DOMAIN_MODEL_FIT_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/domain/gamma_gamma.h"
#include "common/domain/history_groups.h"
#include "common/domain/report_rows.h"

namespace clv::domain {

// The families that can be fitted, in the order in which equal ones are preferred.
inline constexpr std::array<ModelFamily, 4> kFittedFamilies = {
    ModelFamily::kBgNbd, ModelFamily::kParetoNbd, ModelFamily::kMbgNbd, ModelFamily::kNbd};

// "bgnbd", "auto" and so on.
std::string_view NameOf(ModelFamily family);

// The family of a name; absent for others.
std::optional<ModelFamily> FamilyOf(std::string_view name);

// Parameters of a family: 2 or 4.
size_t ParametersOf(ModelFamily family);

struct FamilyFit {
  ModelFamily family = ModelFamily::kNbd;
  std::array<double, 4> parameters = {};  // as in FittedModel
  // From the Hessian; absent where it is not negative definite (a boundary, a ridge).
  std::optional<std::array<double, 4>> standard_errors;
  double log_likelihood = 0;
  // Greatest slope of the mean log-likelihood of a customer by the logarithm of a parameter.
  double slope_norm = 0;
  bool converged = false;  // slope_norm <= 1e-6
  // The best parameters lie beyond what is plausible (the likelihood goes on rising towards 0 or
  // infinity); they are kept near the edge.
  bool at_boundary = false;
  // Of a family with drop-out: better than the NBD by more than chance explains (twice the
  // difference of log-likelihoods above 9.21). Where it is not, serve the NBD.
  bool drop_out_identified = true;
  int evaluations = 0;
  double log_score = 0;  // of the choice, see model_choice.h
};

struct FitOptions {
  // Climbs from there only, instead of from the starts made from the facts.
  std::optional<std::array<double, 4>> warm_start;
  bool with_standard_errors = true;
};

// Wants at least one customer with x >= 1 and T > 0. `drop_out_identified` is left true.
FamilyFit FitFamily(ModelFamily family, const HistoryGroups& histories, const FitOptions& options);

// Says of each fit whether drop-out is identified, given that of the NBD.
void JudgeDropOut(const FamilyFit& nbd, FamilyFit* fit);

struct SpendFit {
  SpendParameters parameters;
  std::optional<std::array<double, 3>> standard_errors;
  double log_likelihood = 0;
  uint64_t customers = 0;
  double correlation = 0;  // of number and mean value of order days
  double slope_norm = 0;
  bool converged = false;
  bool at_boundary = false;
};

// Absent below kLeastSpenders customers. Where q <= 1 there is no mean: do not serve it.
inline constexpr size_t kLeastSpenders = 30;
std::optional<SpendFit> FitSpend(const SpendHistories& histories,
                                 const std::optional<SpendParameters>& warm_start);

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_MODEL_FIT_H_
