#include <algorithm>
#include <bit>
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

constexpr double kNoBound = -std::numeric_limits<double>::infinity();

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
    const BestPredicted empty(view_.version(), query_.scope.range);
    if (!query_.customer_ids.empty()) return ByIds(empty);
    return are_kept_ && !is_average_ ? Kept(empty) : Scored(empty);
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

  absl::StatusOr<BestPredicted> Scored(const BestPredicted& empty) const {
    const ProjectionVersion& version = view_.version();
    return InChunks(empty, !is_average_, [&](size_t c, BestPredicted& part) {
      const auto begin = static_cast<uint32_t>(c * kChunkCustomers);
      for (size_t i = 0; i < version.SizeOf(c); ++i) {
        Add(begin + static_cast<uint32_t>(i), part);
      }
    });
  }

  // By the predictions that the version keeps.
  absl::StatusOr<BestPredicted> Kept(const BestPredicted& empty) const {
    const std::optional<uint64_t> selected = view_.CustomersSelected();
    std::optional<double> floor;
    if (selected) {
      BlockSearch search{empty, {}};
      if (empty.wanted() != SIZE_MAX && LookIntoBest(search)) {
        search.best.SetCount(*selected);  // it has counted those that it was given
        return std::move(search.best);
      }
      floor = search.Least();
    }
    CLV_ASSIGN_OR_RETURN(
        BestPredicted best,
        InChunks(empty, false, [&](size_t c, BestPredicted& part) { AddKept(c, floor, part); }));
    if (selected) best.SetCount(*selected);
    return best;
  }

  // Calls `add(chunk number, part)` for every chunk.
  template <typename AddChunk>
  absl::StatusOr<BestPredicted> InChunks(const BestPredicted& empty, bool is_heavy,
                                         const AddChunk& add) const {
    CLV_ASSIGN_OR_RETURN(
        std::vector<BestPredicted> parts,
        ScanChunks(view_.version().chunks.size(), {view_.scan().deadline, is_heavy}, empty, add));
    for (size_t p = 1; p < parts.size(); ++p) parts[0] += parts[p];
    return std::move(parts[0]);
  }

  // The best of the blocks that were looked into.
  struct BlockSearch {
    BestPredicted best;
    // Of their predictions as many as are wanted: a heap, the least first.
    std::vector<double> greatest;

    // Who has less is not wanted.
    double Least() const {
      return greatest.size() == best.wanted() && !greatest.empty() ? greatest.front() : kNoBound;
    }
    bool Excludes(double predicted) const { return predicted < Least(); }
    // Found ones that are not smaller.
    size_t CountFrom(double bound) const {
      return static_cast<size_t>(std::count_if(greatest.begin(), greatest.end(),
                                               [&](double value) { return value >= bound; }));
    }
    // Wants one that is not excluded.
    void Add(double predicted, uint32_t number) {
      best.Add(predicted, number);
      if (greatest.size() == best.wanted()) {
        std::pop_heap(greatest.begin(), greatest.end(), std::greater<>());
        greatest.pop_back();
      }
      greatest.push_back(predicted);
      std::push_heap(greatest.begin(), greatest.end(), std::greater<>());
    }
  };

  // Looks into the blocks of customers with the greatest predictions first, until no block can have
  // one that is wanted. False where that would be so many, each somewhere in memory, that going
  // through all is less work.
  bool LookIntoBest(BlockSearch& search) const {
    constexpr size_t kBlocksScannedInTheTimeOfOne = 8;
    constexpr size_t kBlocksBetweenChecks = 64;
    const std::vector<double>& bounds = view_.version().population->best_predicted;
    const size_t most = bounds.size() / kBlocksScannedInTheTimeOfOne;
    std::vector<std::pair<double, uint32_t>> blocks;
    for (const double bound : bounds) {
      blocks.emplace_back(bound, static_cast<uint32_t>(blocks.size()));
    }
    std::make_heap(blocks.begin(), blocks.end());
    for (size_t seen = 0; !blocks.empty(); ++seen) {
      const auto [bound, block] = blocks.front();
      if (search.best.wanted() == 0 || search.Excludes(bound)) return true;
      // Those found so far that none behind exceeds: at their rate there must be enough in time.
      if (seen > 0 && seen % kBlocksBetweenChecks == 0 &&
          search.CountFrom(bound) * most < search.best.wanted() * seen) {
        return false;
      }
      LookInto(block, search);
      std::pop_heap(blocks.begin(), blocks.end());
      blocks.pop_back();
    }
    return true;
  }

  // Adds the customers of a block who are selected and may be wanted.
  void LookInto(uint32_t block, BlockSearch& search) const {
    const auto begin = block * static_cast<uint32_t>(PopulationIndex::kPredictedBlock);
    const CustomerChunk& chunk = view_.version().ChunkOf(begin);
    for (size_t n = 0; n < PopulationIndex::kPredictedBlock; ++n) {
      const size_t i = begin % kChunkCustomers + n;
      const double predicted = chunk.predicted_clv[i];
      if (search.Excludes(predicted) || !view_.Passes(chunk, i) ||
          chunk.state.purchase_count[i] < 1) {
        continue;
      }
      search.Add(predicted, static_cast<uint32_t>(begin + n));
    }
  }

  // First who has a prediction that may be wanted, as bits: most have none, and their other columns
  // need not be read. Nobody below `floor` is wanted; absent: all who are selected are to be
  // counted.
  void AddKept(size_t c, std::optional<double> floor, BestPredicted& best) const {
    const ProjectionVersion& version = view_.version();
    if (const CustomerChunk* const next = version.ChunkAfter(c)) {
      PrefetchColumns(next->predicted_clv, next->attributes);
    }
    const CustomerChunk& chunk = version.chunks[c];
    const size_t size = version.SizeOf(c);
    static_assert(kChunkCustomers == 64);
    double least = floor.value_or(kNoBound);
    if (floor && best.is_full()) least = std::max(least, best.least());
    uint64_t wanted = 0;
    for (size_t i = 0; i < size; ++i) {
      wanted |= uint64_t{chunk.predicted_clv[i] >= least} << i;
    }
    for (; wanted != 0; wanted &= wanted - 1) {
      const auto i = static_cast<uint32_t>(std::countr_zero(wanted));
      if (!view_.PassesSet(chunk.attributes[i]) || chunk.state.purchase_count[i] < 1) continue;
      best.Add(chunk.predicted_clv[i], static_cast<uint32_t>(c * kChunkCustomers) + i);
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
