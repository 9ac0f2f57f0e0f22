// common/domain/served_model.h: which model answers a request, and what is said about it.
#ifndef CLV_COMMON_DOMAIN_SERVED_MODEL_H_
#define CLV_COMMON_DOMAIN_SERVED_MODEL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "common/domain/customer_prediction.h"
#include "common/domain/model_choice.h"

namespace clv::domain {

// The fit that serves, as stored.
struct ServingFit {
  uint64_t version = 0;
  int64_t data_horizon_seconds = 0;
  FittedModels models;
};

struct ServedModel {
  FittedModel model;
  std::vector<std::string> warnings;  // for the context of the answer
};

// `fit`: null where none serves, and the average answers with the reason. `totals`: of the whole
// population as of `day`, whose first order was on `first_day`; `data_horizon_seconds`: latest date
// in the data, or the instant of the prediction without data.
ServedModel ServeModel(const ServingFit* fit, ModelFamily asked, const PopulationTotals& totals,
                       int64_t first_day, int64_t day, int64_t data_horizon_seconds);

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_SERVED_MODEL_H_
