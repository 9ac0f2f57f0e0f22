#include "services/query/projection/serving.h"

#include <utility>

namespace clv::query {
namespace {

domain::FittedModel ChosenModel(const domain::ServingFit& fit) {
  return domain::ServeModel(&fit, domain::ModelFamily::kAuto, {}, 0, 0, 0).model;
}

}  // namespace

Serving::Serving(domain::ServingFit stored, int64_t scoring_day)
    : fit(std::move(stored)), day(scoring_day), scorer(ChosenModel(fit), {}) {}

double PredictedClvOf(const Serving& serving, const CustomerChunk& chunk, size_t i) {
  if (chunk.state.purchase_count[i] < 1) return 0;
  return serving.scorer.Score(HistoryOf(chunk.state, i, DefaultDayOf(chunk, i, serving.day)))
      .predicted_clv;
}

}  // namespace clv::query
