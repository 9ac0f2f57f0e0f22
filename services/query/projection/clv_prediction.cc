#include <algorithm>
#include <bit>
#include <functional>
#include <optional>
#include <queue>
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
 public:
  Choice(const ReportView& view, const PredictionQuery& query, const CustomerScorer& scorer,
         bool is_default)
      : view_(view),
        query_(query),
        scorer_(scorer),
        // Every prediction of the average is the same, so the key alone orders them.
        is_average_(scorer.model().family == domain::ModelFamily::kAverage),
        are_kept_(is_default && query.min_p_alive <= 0) {}

  absl::StatusOr<BestPredicted> Run() const {
    const ProjectionVersion& version = view_.version();
    const BestPredicted empty(version, query_.scope.range);
    if (!query_.customer_ids.empty()) return ByIds(empty);
    if (const auto selected = view_.CustomersSelected();
        selected && are_kept_ && !is_average_ && empty.wanted() != SIZE_MAX) {
      if (auto best = FromBlocks(empty, *selected)) return *std::move(best);
    }
    CLV_ASSIGN_OR_RETURN(
        std::vector<BestPredicted> parts,
        ScanChunks(version.chunks.size(), {view_.scan().deadline, !is_average_ && !are_kept_},
                   empty, [&](size_t c, BestPredicted& part) {
                     const auto begin = static_cast<uint32_t>(c * kChunkCustomers);
                     if (are_kept_ && !is_average_) return AddKept(c, begin, part);
                     for (size_t i = 0; i < version.SizeOf(c); ++i) {
                       Add(begin + static_cast<uint32_t>(i), part);
                     }
                   }));
    for (size_t p = 1; p < parts.size(); ++p) parts[0] += parts[p];
    return std::move(parts[0]);
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

  // Goes through the blocks of customers by their greatest prediction, until no block can have one
  // that is wanted. Absent where so many would have to be looked into, each somewhere in memory,
  // that going through all is less work.
  std::optional<BestPredicted> FromBlocks(BestPredicted best, uint64_t selected) const {
    constexpr size_t kBlocksScannedInTheTimeOfOne = 4;
    constexpr size_t kFewBlocks = 256;
    const ProjectionVersion& version = view_.version();
    if (selected == 0 || best.wanted() == 0) {
      best.SetCount(selected);
      return best;
    }
    size_t left = std::max(version.population->best_predicted.size() / kBlocksScannedInTheTimeOfOne,
                           kFewBlocks);
    // Where the selected are spread evenly, one of so many others is selected.
    const uint64_t others = version.population->by_spend.size() / selected;
    if (best.wanted() > left || others > left / best.wanted()) return std::nullopt;
    std::vector<std::pair<double, uint32_t>> blocks;
    for (const double predicted : version.population->best_predicted) {
      blocks.emplace_back(predicted, static_cast<uint32_t>(blocks.size()));
    }
    std::make_heap(blocks.begin(), blocks.end());
    // The greatest predictions so far, as many as are wanted, the least first.
    std::priority_queue<double, std::vector<double>, std::greater<>> greatest;
    while (!blocks.empty() &&
           (greatest.size() < best.wanted() || blocks.front().first >= greatest.top())) {
      if (left-- == 0) return std::nullopt;
      const uint32_t begin =
          blocks.front().second * static_cast<uint32_t>(PopulationIndex::kPredictedBlock);
      const CustomerChunk& chunk = version.ChunkOf(begin);
      for (size_t n = 0; n < PopulationIndex::kPredictedBlock; ++n) {
        const size_t i = begin % kChunkCustomers + n;
        if (chunk.state.purchase_count[i] < 1 || !view_.Passes(chunk, i)) continue;
        best.Add(chunk.predicted_clv[i], static_cast<uint32_t>(begin + n));
        greatest.push(chunk.predicted_clv[i]);
        if (greatest.size() > best.wanted()) greatest.pop();
      }
      std::pop_heap(blocks.begin(), blocks.end());
      blocks.pop_back();
    }
    best.SetCount(selected);  // Add has counted those looked at
    return best;
  }

  // First who is selected, as bits: a jump for each customer would often be foreseen wrongly.
  void AddKept(size_t c, uint32_t begin, BestPredicted& best) const {
    const ProjectionVersion& version = view_.version();
    const CustomerChunk& chunk = version.chunks[c];
    const size_t size = version.SizeOf(c);
    if (const CustomerChunk* const next = version.ChunkAfter(c)) {
      PrefetchColumns(next->attributes, next->state.purchase_count, next->predicted_clv);
    }
    static_assert(kChunkCustomers == 64);
    uint64_t selected = 0;
    for (size_t i = 0; i < size; ++i) {
      const bool is_selected =
          (chunk.state.purchase_count[i] >= 1) & view_.PassesSet(chunk.attributes[i]);
      selected |= uint64_t{is_selected} << i;
    }
    for (; selected != 0; selected &= selected - 1) {
      const auto i = static_cast<uint32_t>(std::countr_zero(selected));
      best.Add(chunk.predicted_clv[i], begin + i);
    }
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
      best.Add(chunk.predicted_clv[i], number);
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
  const bool are_kept_;
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
