#include "common/domain/served_model.h"

#include "absl/strings/str_cat.h"

namespace clv::domain {
namespace {

constexpr char kAverageServed[] = ": population average served";

std::string WhyAverage(ModelFamily asked, const PopulationTotals& totals, int64_t history_days) {
  if (asked != ModelFamily::kAuto) {
    return absl::StrCat("model ", std::string(NameOf(asked)), " is not fitted", kAverageServed);
  }
  const std::string reason = TooLittleData(totals.repeat_customers, history_days);
  return absl::StrCat(reason.empty() ? "no model is fitted" : reason, kAverageServed);
}

std::string WhyNbd(const FamilyFit& fit) {
  return absl::StrCat("model ", std::string(NameOf(fit.family)),
                      fit.drop_out_identified ? " did not converge" : " identifies no drop-out",
                      ": nbd served");
}

}  // namespace

ServedModel ServeModel(const ServingFit* fit, ModelFamily asked, const PopulationTotals& totals,
                       int64_t first_day, int64_t day, int64_t data_horizon_seconds) {
  ServedModel served;
  if (fit == nullptr || asked == ModelFamily::kAverage) {
    served.model = AverageAsModel(totals, data_horizon_seconds);
    if (asked != ModelFamily::kAverage) {
      served.warnings.push_back(WhyAverage(asked, totals, day - first_day));
    }
    return served;
  }
  const ModelFamily family = ServedFamily(fit->models, asked);
  served.model = ModelToServe(fit->models, family);
  served.model.version = fit->version;
  served.model.data_horizon_seconds = fit->data_horizon_seconds;
  if (asked != ModelFamily::kAuto && asked != family) {
    served.warnings.push_back(WhyNbd(*FitOf(fit->models, asked)));
  }
  for (const std::string& warning : fit->models.warnings) {
    // The reason why the NBD was chosen concerns only those who left the choice to the service.
    if (warning != fit->models.choice_reason || asked == ModelFamily::kAuto) {
      served.warnings.push_back(warning);
    }
  }
  return served;
}

}  // namespace clv::domain
