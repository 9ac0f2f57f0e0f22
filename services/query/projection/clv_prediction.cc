#include <algorithm>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/instant.h"
#include "common/base/status_macros.h"
#include "common/domain/customer_prediction.h"
#include "services/query/projection/best_customers.h"
#include "services/query/projection/report_answers.h"

namespace clv::query {
namespace {

using domain::ClvPredictionRow;
using domain::CustomerScorer;
using storage::PredictionQuery;

storage::ModelInfo InfoOf(const domain::FittedModel& model) {
  return {.version = model.version,
          .family = model.family,
          .parameters = domain::NamedParameters(model),
          .customers = model.customers,
          .repeat_customers = model.repeat_customers,
          .data_horizon_seconds = model.data_horizon_seconds};
}

constexpr float kNoFloor = -std::numeric_limits<float>::infinity();

// An absent p_alive fails any bound above 0.
bool IsAliveEnough(const domain::CustomerScore& score, double min_p_alive) {
  return min_p_alive <= 0 || score.p_alive.value_or(-1) >= min_p_alive;
}

// `remembered`: of the scorer, or null.
ClvPredictionRow RowOf(const ReportView& view, const CustomerScorer& scorer,
                       RememberedPredictions* remembered, uint32_t number) {
  const CustomerChunk& chunk = view.version().ChunkOf(number);
  const StateColumns& state = view.states()[number / kChunkCustomers];
  const size_t i = number % kChunkCustomers;
  const int64_t day = view.ScoringDayOf(chunk, i);
  const domain::CustomerHistory history = HistoryOf(state, i, day);
  const domain::CustomerAttributes& attributes = view.version().AttributesOf(number);
  ClvPredictionRow row;
  row.customer_id = std::string(chunk.Id(i));
  row.country = attributes.country;
  row.customer_segment = attributes.customer_segment;
  row.acquisition_source = attributes.acquisition_source;
  row.first_purchase_date = state.first[i];
  row.last_purchase_date = state.last[i];
  row.purchase_count = static_cast<uint64_t>(state.purchase_count[i]);
  row.total_spend_micros = state.spend_micros[i];
  row.frequency = static_cast<uint64_t>(state.repeat_order_days[i]);
  row.recency_days = history.recency_days;
  row.tenure_days = history.tenure_days;
  if (remembered != nullptr) {
    remembered->Fill(scorer, history, day, row);
  } else {
    domain::FillPrediction(scorer, history, day, row);
  }
  return row;
}

using BestPredicted = BestCustomers<double>;

// Chooses among the customers of a question by what it orders them.
class Choice {
  static constexpr size_t kSampledOf = 16;
  static constexpr size_t kSampledMore = 6;  // than are wanted: a sample may flatter

 public:
  Choice(const ReportView& view, const PredictionQuery& query, const CustomerScorer& scorer,
         bool is_default)
      : view_(view),
        query_(query),
        scorer_(scorer),
        // Every prediction of the average is the same, so the key alone orders them.
        is_average_(scorer.model().family == domain::ModelFamily::kAverage),
        are_kept_(is_default && query.min_p_alive <= 0 && !is_average_) {}

  absl::StatusOr<BestPredicted> Run() const {
    // Among equal bounds only must predictions be made.
    const BestPredicted empty(view_.version(), query_.scope.range,
                              are_kept_ ? FinerThanBounds(view_.version()) : nullptr);
    if (!query_.customer_ids.empty()) return ByIds(empty);
    return are_kept_ ? Kept(empty) : All(empty);
  }

 private:
  BestPredicted ByIds(BestPredicted best) const {
    std::vector<uint32_t> numbers;
    for (const std::string& id : query_.customer_ids) {
      if (const auto number = view_.version().Find(id)) numbers.push_back(*number);
    }
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    for (const uint32_t number : numbers) Add(number, best);
    return best;
  }

  absl::StatusOr<BestPredicted> All(const BestPredicted& empty) const {
    const ProjectionVersion& version = view_.version();
    const bool is_heavy = !are_kept_ && !is_average_;
    return Joined(ScanChunks(version.chunks.size(), {view_.scan().deadline, is_heavy}, empty,
                             [&](size_t c, BestPredicted& part) {
                               const auto begin = static_cast<uint32_t>(c * kChunkCustomers);
                               for (size_t i = 0; i < version.SizeOf(c); ++i) {
                                 Add(begin + static_cast<uint32_t>(i), part);
                               }
                             }));
  }

  // Looks only into chunks that have somebody who may be wanted.
  absl::StatusOr<BestPredicted> Kept(const BestPredicted& empty) const {
    const std::optional<uint64_t> selected = view_.CustomersSelected();
    if (!selected) return All(empty);
    const PopulationIndex& population = *view_.version().population;
    const size_t wanted = std::min(empty.wanted(), static_cast<size_t>(*selected));
    BestPredicted best = empty;
    if (wanted > 0) {
      // As many chunks as are wanted have somebody who reaches the floor, or, with filters, about
      // as many of those who are selected reach it.
      std::vector<float> some = view_.has_filters() ? Sample() : population.best_predicted;
      size_t n = view_.has_filters() ? wanted / kSampledOf * 5 / 4 + kSampledMore : wanted - 1;
      for (; best.count() < wanted; n = 4 * n + 4) {
        CLV_ASSIGN_OR_RETURN(best, From(NthGreatest(n, some), empty));
      }
    }
    best.SetCount(*selected);
    return best;
  }

  // The bounds of those who are selected, of one in kSampledOf chunks.
  std::vector<float> Sample() const {
    const ProjectionVersion& version = view_.version();
    std::vector<float> sample;
    for (size_t c = 0; c < version.chunks.size(); c += kSampledOf) {
      if (c + kSampledOf < version.chunks.size()) {
        const CustomerChunk& ahead = version.chunks[c + kSampledOf];
        PrefetchColumns(ahead.predicted_bound, ahead.attributes);
      }
      const CustomerChunk& chunk = version.chunks[c];
      for (size_t i = 0; i < version.SizeOf(c); ++i) {
        if (view_.PassesSet(chunk.attributes[i])) sample.push_back(chunk.predicted_bound[i]);
      }
    }
    return sample;
  }

  // Counted from 0; no floor where there are fewer.
  static float NthGreatest(size_t n, std::vector<float>& values) {
    if (n >= values.size()) return kNoFloor;
    const auto nth = values.begin() + static_cast<std::ptrdiff_t>(n);
    std::nth_element(values.begin(), nth, values.end(), std::greater<>());
    return *nth;
  }

  // The best of those whose bound is not below the floor; counts as many as are wanted, or all.
  absl::StatusOr<BestPredicted> From(float floor, const BestPredicted& empty) const {
    const std::vector<float>& bounds = view_.version().population->best_predicted;
    std::vector<uint32_t> chunks;
    for (size_t c = 0; c < bounds.size(); ++c) {
      if (bounds[c] >= floor) chunks.push_back(static_cast<uint32_t>(c));
    }
    return Joined(
        ScanChunks(chunks.size(), view_.scan(), empty, [&](size_t n, BestPredicted& part) {
          constexpr size_t kAhead = 4;
          if (n + kAhead < chunks.size()) {
            const CustomerChunk& ahead = view_.version().chunks[chunks[n + kAhead]];
            PrefetchColumns(ahead.predicted_bound, ahead.attributes);
          }
          AddFrom(floor, chunks[n], part);
        }));
  }

  static absl::StatusOr<BestPredicted> Joined(absl::StatusOr<std::vector<BestPredicted>> parts) {
    CLV_RETURN_IF_ERROR(parts.status());
    for (size_t p = 1; p < parts->size(); ++p) parts->front() += (*parts)[p];
    return std::move(parts->front());
  }

  // First who may be wanted, as bits: most are not, and their other columns need not be read.
  void AddFrom(float floor, size_t c, BestPredicted& best) const {
    const CustomerChunk& chunk = view_.version().chunks[c];
    // The key is a bound, thus a float.
    const float least = best.is_full() ? std::max(floor, static_cast<float>(best.least())) : floor;
    const CustomerBits wanted =
        CustomersWhere([&](size_t i) { return chunk.predicted_bound[i] >= least; });
    ForEachOf(wanted & FirstCustomers(view_.version().SizeOf(c)), [&](size_t i) {
      const float bound = chunk.predicted_bound[i];
      if (!view_.PassesSet(chunk.attributes[i])) return;
      // Without an order it is 0; elsewhere the count, far away, need not be looked at.
      if (bound == 0 && chunk.state.purchase_count[i] < 1) return;
      best.Add(bound, static_cast<uint32_t>(c * kChunkCustomers + i));
    });
  }

  void Add(uint32_t number, BestPredicted& best) const {
    const CustomerChunk& chunk = view_.version().ChunkOf(number);
    const StateColumns& state = view_.states()[number / kChunkCustomers];
    const size_t i = number % kChunkCustomers;
    if (state.purchase_count[i] < 1 || !view_.Passes(chunk, i)) return;
    if (is_average_) {
      if (query_.min_p_alive <= 0) best.Add(0, number);
      return;
    }
    if (are_kept_) {
      best.Add(chunk.predicted_bound[i], number);
      return;
    }
    const domain::CustomerScore score =
        scorer_.Score(HistoryOf(state, i, view_.ScoringDayOf(chunk, i)));
    if (IsAliveEnough(score, query_.min_p_alive)) best.Add(score.predicted_clv, number);
  }

  const ReportView& view_;
  const PredictionQuery& query_;
  const CustomerScorer& scorer_;
  const bool is_average_;
  const bool are_kept_;  // the version's bounds of the predictions are the keys
};

}  // namespace

absl::StatusOr<storage::PredictionReport> ClvPrediction(const ReportView& view,
                                                        const PredictionQuery& query) {
  CLV_ASSIGN_OR_RETURN(domain::ServedModel served, ServedModelOf(view, query.model));
  storage::PredictionReport report;
  report.model = InfoOf(served.model);
  report.context.model_version = served.model.version;
  report.context.warnings = std::move(served.warnings);

  const domain::PredictionTerms terms{.horizon_days = query.horizon_days,
                                      .discount_rate = query.discount_rate,
                                      .margin = query.margin};
  const Serving* const serving = view.version().serving.get();
  const bool is_served = serving != nullptr && query.model == domain::ModelFamily::kAuto &&
                         terms == domain::PredictionTerms{};
  const bool is_default = is_served && !query.scope.as_of_seconds;
  // The kept scorer has tabulated much already.
  const bool is_kept = is_served && query.interval == PredictionQuery{}.interval;
  std::optional<CustomerScorer> own;
  if (!is_kept) own.emplace(served.model, terms, query.interval);
  const CustomerScorer& scorer = is_kept ? serving->scorer : *own;
  CLV_ASSIGN_OR_RETURN(BestPredicted best, Choice(view, query, scorer, is_default).Run());
  RememberedPredictions* const remembered = is_kept ? &serving->remembered : nullptr;
  for (const uint32_t number : best.Take()) {
    report.rows.push_back(RowOf(view, scorer, remembered, number));
  }
  report.total_rows = best.count();
  return report;
}

}  // namespace clv::query
