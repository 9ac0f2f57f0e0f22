#include "services/query/model_conversion.h"

#include <algorithm>
#include <optional>

#include "common/base/instant.h"
#include "common/domain/customer_prediction.h"
#include "common/domain/model_fit.h"

namespace clv::query {
namespace {

int64_t EndOfDay(int64_t day) { return (day + 1) * kSecondsPerDay - 1; }

void CopyFamily(const domain::FamilyFit& from, v1::FamilyFit* to) {
  to->set_family(ToProto(from.family));
  const auto named =
      domain::NamedParameters({.family = from.family, .parameters = from.parameters});
  for (size_t i = 0; i < named.size(); ++i) {
    v1::ModelParameter* parameter = to->add_parameters();
    parameter->set_name(named[i].first);
    parameter->set_value(named[i].second);
    if (from.standard_errors) parameter->set_standard_error((*from.standard_errors)[i]);
  }
  to->set_log_likelihood(from.log_likelihood);
  to->set_log_score(from.log_score);
  to->set_converged(from.converged);
  to->set_at_boundary(from.at_boundary);
  to->set_drop_out_identified(from.drop_out_identified);
  to->set_slope_norm(from.slope_norm);
  to->set_evaluations(static_cast<uint32_t>(from.evaluations));
}

void CopySpend(const domain::SpendFit& from, v1::SpendFit* to) {
  const std::array<std::pair<const char*, double>, 3> named = {
      {{"p", from.parameters.p}, {"q", from.parameters.q}, {"v", from.parameters.v}}};
  for (size_t i = 0; i < named.size(); ++i) {
    v1::ModelParameter* parameter = to->add_parameters();
    parameter->set_name(named[i].first);
    parameter->set_value(named[i].second);
    if (from.standard_errors) parameter->set_standard_error((*from.standard_errors)[i]);
  }
  to->set_log_likelihood(from.log_likelihood);
  to->set_customers(from.customers);
  to->set_correlation(from.correlation);
  to->set_converged(from.converged);
}

void CopyErrors(const domain::ForecastErrors& from, v1::ForecastErrors* to) {
  to->set_predicted_total(from.predicted_total);
  to->set_bias(from.bias);
  to->set_mean_absolute_error(from.mean_absolute_error);
  to->set_root_mean_square_error(from.root_mean_square_error);
}

void SetParameter(const domain::FamilyFit& fit, v1::ClvModelInfoRow* row) {
  row->set_r(fit.parameters[0]);
  row->set_alpha(fit.parameters[1]);
  if (fit.family == domain::ModelFamily::kParetoNbd) {
    row->set_s(fit.parameters[2]);
    row->set_beta(fit.parameters[3]);
  } else if (fit.family != domain::ModelFamily::kNbd) {
    row->set_a(fit.parameters[2]);
    row->set_b(fit.parameters[3]);
  }
}

void SetBacktest(const domain::Backtest& backtest, v1::ClvModelInfoRow* row) {
  row->mutable_backtest_cut()->set_seconds(EndOfDay(backtest.cut_day));
  row->set_backtest_bias(backtest.model.bias);
  row->set_backtest_mae(backtest.model.mean_absolute_error);
  row->set_backtest_naive_mae(backtest.rate.mean_absolute_error);
  row->set_backtest_rmse(backtest.model.root_mean_square_error);
  row->set_backtest_coverage_90(backtest.coverage_90);
  row->set_backtest_top_decile_capture(backtest.top_decile_capture);
}

void SetSpend(const domain::SpendFit& spend, v1::ClvModelInfoRow* row) {
  row->set_spend_p(spend.parameters.p);
  row->set_spend_q(spend.parameters.q);
  row->set_spend_v(spend.parameters.v);
  row->set_spend_correlation(spend.correlation);
}

}  // namespace

v1::ModelFamily ToProto(domain::ModelFamily family) {
  switch (family) {
    case domain::ModelFamily::kAuto:
      return v1::MODEL_FAMILY_AUTO;
    case domain::ModelFamily::kBgNbd:
      return v1::MODEL_FAMILY_BGNBD;
    case domain::ModelFamily::kMbgNbd:
      return v1::MODEL_FAMILY_MBGNBD;
    case domain::ModelFamily::kParetoNbd:
      return v1::MODEL_FAMILY_PARETONBD;
    case domain::ModelFamily::kNbd:
      return v1::MODEL_FAMILY_NBD;
    case domain::ModelFamily::kAverage:
      return v1::MODEL_FAMILY_AVERAGE;
  }
  return v1::MODEL_FAMILY_UNSPECIFIED;
}

void CopyStoredModel(const storage::StoredModels& from, bool is_served, v1::ClvModel* to) {
  const domain::FittedModels& models = from.models;
  to->set_model_version(from.version);
  to->set_family(ToProto(models.chosen));
  for (const auto& [name, value] :
       domain::NamedParameters(domain::ModelToServe(models, models.chosen))) {
    v1::ModelParameter* parameter = to->add_parameters();
    parameter->set_name(name);
    parameter->set_value(value);
  }
  to->set_customers(models.customers);
  to->set_repeat_customers(models.repeat_customers);
  to->mutable_data_horizon()->set_seconds(from.data_horizon_seconds);
  for (const domain::FamilyFit& fit : models.families) CopyFamily(fit, to->add_families());
  if (models.spend) CopySpend(*models.spend, to->mutable_spend());
  to->set_mean_order_value(models.mean_order_value);
  to->mutable_fit_time()->set_seconds(from.fitted_at_seconds);
  to->set_fit_seconds(from.fit_seconds);
  to->set_unit("day");
  to->set_choice_reason(models.choice_reason);
  for (const std::string& warning : models.warnings) to->add_warnings(warning);
  to->set_is_served(is_served);
  if (const domain::FamilyFit* chosen = domain::FitOf(models, models.chosen)) {
    to->set_log_likelihood(chosen->log_likelihood);
  }
}

void CopyBacktest(const domain::Backtest& from, v1::Backtest* to) {
  to->mutable_cut()->set_seconds(EndOfDay(from.cut_day));
  to->mutable_end()->set_seconds(EndOfDay(from.end_day));
  to->set_customers(from.customers);
  to->set_actual_total(from.actual_total);
  CopyErrors(from.model, to->mutable_model());
  CopyErrors(from.rate, to->mutable_naive_rate());
  CopyErrors(from.zero, to->mutable_naive_zero());
  to->set_log_score(from.log_score);
  to->set_coverage_50(from.coverage_50);
  to->set_coverage_80(from.coverage_80);
  to->set_coverage_90(from.coverage_90);
  for (const domain::BacktestDecile& decile : from.deciles) {
    v1::BacktestDecile* added = to->add_deciles();
    added->set_customers(decile.customers);
    added->set_predicted(decile.predicted);
    added->set_actual(decile.actual);
  }
  to->set_top_decile_capture(from.top_decile_capture);
  for (const domain::BacktestWeek& week : from.weeks) {
    v1::BacktestWeek* added = to->add_weeks();
    added->mutable_first_day()->set_seconds(int64_t{week.first_day} * kSecondsPerDay);
    added->set_expected(week.expected);
    added->set_actual(week.actual);
  }
}

std::vector<v1::ClvModelInfoRow> InfoRowsOf(const storage::StoredModels& from, bool is_served) {
  const domain::FittedModels& models = from.models;
  std::vector<v1::ClvModelInfoRow> rows;
  for (const domain::FamilyFit& fit : models.families) {
    v1::ClvModelInfoRow row;
    row.set_model_version(from.version);
    row.set_family(ToProto(fit.family));
    const bool is_chosen = fit.family == models.chosen;
    row.set_is_chosen(is_chosen);
    row.set_is_served(is_chosen && is_served);
    row.set_converged(fit.converged);
    row.set_drop_out_identified(fit.drop_out_identified);
    SetParameter(fit, &row);
    row.set_log_likelihood(fit.log_likelihood);
    if (fit.log_score != 0) row.set_log_score(fit.log_score);
    row.set_customers(models.customers);
    row.set_repeat_customers(models.repeat_customers);
    row.mutable_data_horizon()->set_seconds(from.data_horizon_seconds);
    row.mutable_fit_time()->set_seconds(from.fitted_at_seconds);
    row.set_fit_seconds(from.fit_seconds);
    if (models.spend) SetSpend(*models.spend, &row);
    row.set_mean_order_value(models.mean_order_value);
    if (is_chosen && models.backtest) SetBacktest(*models.backtest, &row);
    rows.push_back(std::move(row));
  }
  std::stable_partition(rows.begin(), rows.end(),
                        [](const v1::ClvModelInfoRow& row) { return row.is_chosen(); });
  return rows;
}

}  // namespace clv::query
