#include <algorithm>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

#include "common/base/status_macros.h"
#include "common/domain/customer_prediction.h"
#include "common/domain/report_math.h"
#include "services/query/projection/best_customers.h"
#include "services/query/projection/order_statistics.h"
#include "services/query/projection/report_answers.h"
#include "services/query/projection/standing.h"

namespace clv::query {
namespace {

using domain::TotalCustomerValueRow;
using storage::CustomerSort;
using storage::CustomerValueQuery;

// What is shown of a customer: their whole life, or the orders dated inside the window.
struct Figures {
  int64_t spend_micros = 0;
  int64_t refunded_micros = 0;
  int64_t orders = 0;
  uint32_t first = 0;  // where there are orders
  uint32_t last = 0;

  // Takes part in ranks and shares.
  bool is_listed() const { return orders >= 1; }
};

// The figures of all customers. Immutable; the view outlives it.
class AllFigures {
 public:
  static absl::StatusOr<AllFigures> Of(const ReportView& view) {
    AllFigures figures(view);
    if (!view.has_window()) return figures;
    const ProjectionVersion& version = view.version();
    figures.windowed_.resize(version.chunks.size());
    struct Nothing {};
    CLV_RETURN_IF_ERROR(
        ScanChunks(version.chunks.size(), view.heavy_scan(), Nothing{}, [&](size_t c, Nothing&) {
          auto columns = std::make_unique<WindowColumns>();
          FillWindow(version.chunks[c], view.states()[c], view.window(),
                     {.customers = FirstCustomers(version.SizeOf(c))}, columns.get());
          figures.windowed_[c] = std::move(columns);
        }).status());
    return figures;
  }

  Figures At(size_t c, size_t i) const {
    if (windowed_.empty()) {
      const StateColumns& state = view_->states()[c];
      return {state.spend_micros[i], state.refunded_micros[i], state.purchase_count[i],
              state.first[i], state.last[i]};
    }
    const WindowColumns& columns = *windowed_[c];
    return {columns.spend_micros[i], columns.refunded_micros[i], columns.orders[i],
            columns.first[i], columns.last[i]};
  }
  Figures At(uint32_t number) const {
    return At(number / kChunkCustomers, number % kChunkCustomers);
  }

 private:
  explicit AllFigures(const ReportView& view) : view_(&view) {}
  const ReportView* view_;
  std::vector<std::unique_ptr<const WindowColumns>> windowed_;  // by chunk; empty: whole lives
};

// All listed customers, before filters: ranks, shares.
class ListedSpends {
 public:
  static absl::StatusOr<ListedSpends> Of(const ReportView& view, const AllFigures& figures) {
    ListedSpends spends;
    if (!view.has_window() && view.states().are_kept()) {
      spends.kept_ = view.version().population.get();
      return spends;
    }
    struct Part {
      std::vector<int64_t> spends;
      __int128 sum_micros = 0;
    };
    CLV_ASSIGN_OR_RETURN(
        std::vector<Part> parts,
        ScanChunks(view.version().chunks.size(), view.scan(), Part(), [&](size_t c, Part& part) {
          const size_t size = view.version().SizeOf(c);
          for (size_t i = 0; i < size; ++i) {
            const Figures of_customer = figures.At(c, i);
            if (!of_customer.is_listed()) continue;
            part.spends.push_back(of_customer.spend_micros);
            part.sum_micros += of_customer.spend_micros;
          }
        }));
    for (Part& part : parts) {
      Append(spends.sorted_, part.spends);
      spends.sum_micros_ += part.sum_micros;
    }
    std::sort(spends.sorted_.begin(), spends.sorted_.end());
    return spends;
  }

  uint64_t count() const { return kept_ != nullptr ? kept_->by_spend.size() : sorted_.size(); }
  absl::int128 sum_micros() const { return kept_ != nullptr ? kept_->spend_micros : sum_micros_; }

  // Listed customers with strictly less.
  uint64_t Smaller(int64_t spend_micros) const {
    if (kept_ != nullptr) {
      return kept_->by_spend.CountWhile(
          [&](const SpendPlace& place) { return place.spend_micros < spend_micros; });
    }
    return static_cast<uint64_t>(std::lower_bound(sorted_.begin(), sorted_.end(), spend_micros) -
                                 sorted_.begin());
  }
  uint64_t Greater(int64_t spend_micros) const {
    if (kept_ != nullptr) {
      return count() - kept_->by_spend.CountWhile([&](const SpendPlace& place) {
        return place.spend_micros <= spend_micros;
      });
    }
    return static_cast<uint64_t>(sorted_.end() -
                                 std::upper_bound(sorted_.begin(), sorted_.end(), spend_micros));
  }

 private:
  const PopulationIndex* kept_ = nullptr;  // of the view's version; else
  std::vector<int64_t> sorted_;
  __int128 sum_micros_ = 0;
};

// Descending; nulls, which have no value, last.
struct SortKey {
  bool has_value = true;
  double real = 0;
  int64_t whole = 0;

  bool operator<(const SortKey& other) const {
    return std::tie(has_value, real, whole) < std::tie(other.has_value, other.real, other.whole);
  }
};

SortKey KeyOf(CustomerSort sort, const Figures& figures, std::optional<double> predicted_clv) {
  switch (sort) {
    case CustomerSort::kTotalSpend:
      return {.whole = figures.spend_micros};
    case CustomerSort::kPurchaseCount:
      return {.whole = figures.orders};
    case CustomerSort::kAvgOrderValue: {
      const auto average = domain::Quotient(figures.spend_micros, figures.orders);
      return {.has_value = average.has_value(), .real = average.value_or(0)};
    }
    case CustomerSort::kRefundedAmount:
      return {.whole = figures.refunded_micros};
    case CustomerSort::kFirstPurchaseDate:
      return {.has_value = figures.is_listed(), .whole = figures.first};
    case CustomerSort::kLastPurchaseDate:
      return {.has_value = figures.is_listed(), .whole = figures.last};
    case CustomerSort::kPredictedClv:
      return {.has_value = predicted_clv.has_value(), .real = predicted_clv.value_or(0)};
    case CustomerSort::kCustomerId:
      break;
  }
  return {};
}

using BestValued = BestCustomers<SortKey>;

// The default prediction of every customer, or that of the request's as_of. The view outlives it.
class Predictions {
 public:
  static absl::StatusOr<Predictions> Of(const ReportView& view) {
    CLV_ASSIGN_OR_RETURN(const domain::ServedModel served,
                         ServedModelOf(view, domain::ModelFamily::kAuto));
    Predictions predictions(view);
    predictions.model_version_ = served.model.version;
    const Serving* const serving = view.version().serving.get();
    predictions.are_kept_ = serving != nullptr && !view.scope().as_of_seconds;
    if (serving != nullptr) {
      predictions.scorer_ = &serving->scorer;
    } else {
      predictions.own_ =
          std::make_unique<domain::CustomerScorer>(served.model, domain::PredictionTerms{});
      predictions.scorer_ = predictions.own_.get();
    }
    return predictions;
  }

  uint64_t model_version() const { return model_version_; }

  // Absent without an order at as_of.
  std::optional<domain::CustomerScore> ScoreOf(uint32_t number) const {
    const StateColumns& state = view_->states()[number / kChunkCustomers];
    const size_t i = number % kChunkCustomers;
    if (state.purchase_count[i] < 1) return std::nullopt;
    const int64_t day = view_->ScoringDayOf(view_->version().ChunkOf(number), i);
    return scorer_->Score(HistoryOf(state, i, day));
  }

  // What the sort needs to know: the predicted_clv, where it is asked for, or its bound, where
  // predictions are kept.
  std::optional<double> KeyOf(CustomerSort sort, uint32_t number) const {
    if (sort != CustomerSort::kPredictedClv) return std::nullopt;
    const size_t i = number % kChunkCustomers;
    if (!are_kept_) {
      const auto score = ScoreOf(number);
      return score ? std::optional(score->predicted_clv) : std::nullopt;
    }
    if (view_->states()[number / kChunkCustomers].purchase_count[i] < 1) return std::nullopt;
    return view_->version().ChunkOf(number).predicted_bound[i];
  }

  // What tells those apart whose bounds are the same; null: nothing need do that.
  BestValued::Finer FinerOf(CustomerSort sort) const {
    if (sort != CustomerSort::kPredictedClv || !are_kept_) return nullptr;
    return FinerThanBounds(view_->version());
  }

 private:
  explicit Predictions(const ReportView& view) : view_(&view) {}
  const ReportView* view_;
  uint64_t model_version_ = 0;
  bool are_kept_ = false;
  std::unique_ptr<domain::CustomerScorer> own_;
  const domain::CustomerScorer* scorer_ = nullptr;
};

// Those that are asked for by id: all that are known in any way.
BestValued ChooseById(const ReportView& view, const CustomerValueQuery& query,
                      const AllFigures& figures, const Predictions& predictions) {
  const ProjectionVersion& version = view.version();
  BestValued best(version, query.scope.range, predictions.FinerOf(query.sort));
  std::vector<uint32_t> numbers;
  for (const std::string& id : query.customer_ids) {
    if (const std::optional<uint32_t> number = version.Find(id)) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  for (const uint32_t number : numbers) {
    const CustomerChunk& chunk = version.ChunkOf(number);
    const StateColumns& state = view.states()[number / kChunkCustomers];
    const size_t i = number % kChunkCustomers;
    const bool is_shown = chunk.described[i] || state.has_rows[i] || state.imported[i];
    if (!is_shown || !view.Passes(chunk, i)) continue;
    best.Add(KeyOf(query.sort, figures.At(number), predictions.KeyOf(query.sort, number)), number);
  }
  return best;
}

// The greatest spenders, from their kept order.
BestValued ChooseGreatest(const ReportView& view, const CustomerValueQuery& query) {
  const ProjectionVersion& version = view.version();
  const SortedBuckets<SpendPlace>& by_spend = version.population->by_spend;
  BestValued best(version, query.scope.range);
  const std::optional<uint64_t> selected = view.CustomersSelected();
  by_spend.ForEachFalling([&](const SpendPlace& place) {
    if (!view.PassesSet(place.attribute_set)) return true;
    // Who is not as great as the last one wanted cannot be in the range.
    if (selected && best.count() >= best.wanted() && best.count() > 0 &&
        place.spend_micros < best.last_added().whole) {
      return false;
    }
    best.Add({.whole = place.spend_micros}, place.number);
    return true;
  });
  if (selected) best.SetCount(*selected);
  return best;
}

absl::StatusOr<BestValued> ChooseListed(const ReportView& view, const CustomerValueQuery& query,
                                        const AllFigures& figures, const Predictions& predictions) {
  const ProjectionVersion& version = view.version();
  if (query.sort == CustomerSort::kTotalSpend && !view.has_window() && view.states().are_kept()) {
    return ChooseGreatest(view, query);
  }
  CLV_ASSIGN_OR_RETURN(
      std::vector<BestValued> parts,
      ScanChunks(version.chunks.size(), view.scan(),
                 BestValued(version, query.scope.range, predictions.FinerOf(query.sort)),
                 [&](size_t c, BestValued& part) {
                   const CustomerChunk& chunk = version.chunks[c];
                   const size_t size = version.SizeOf(c);
                   for (size_t i = 0; i < size; ++i) {
                     const Figures of_customer = figures.At(c, i);
                     if (!of_customer.is_listed() || !view.Passes(chunk, i)) continue;
                     const auto number = static_cast<uint32_t>(c * kChunkCustomers + i);
                     part.Add(KeyOf(query.sort, of_customer, predictions.KeyOf(query.sort, number)),
                              number);
                   }
                 }));
  for (size_t p = 1; p < parts.size(); ++p) parts[0] += parts[p];
  return std::move(parts[0]);
}

void FillFigures(const Figures& figures, int64_t as_of_seconds, TotalCustomerValueRow& row) {
  row.total_spend_micros = figures.spend_micros;
  row.refunded_amount_micros = figures.refunded_micros;
  row.purchase_count = static_cast<uint64_t>(figures.orders);
  row.avg_order_value = domain::MeanUnits(figures.spend_micros, figures.orders);
  if (!figures.is_listed()) return;
  const int64_t lifespan_seconds =
      figures.orders >= 2 ? int64_t{figures.last} - int64_t{figures.first} : 0;
  row.first_purchase_date = figures.first;
  row.last_purchase_date = figures.last;
  row.days_since_last_purchase = domain::DaysOf(as_of_seconds - int64_t{figures.last});
  row.lifespan_days = domain::DaysOf(lifespan_seconds);
  row.avg_days_between_purchases =
      domain::MeanDays(lifespan_seconds, absl::int128(figures.orders) - 1);
}

// What the version itself knows of a customer.
void FillKept(const ReportView& view, uint32_t number, TotalCustomerValueRow& row) {
  const CustomerChunk& chunk = view.version().ChunkOf(number);
  const size_t i = number % kChunkCustomers;
  const domain::CustomerAttributes& attributes = view.version().AttributesOf(number);
  row.customer_id = std::string(chunk.Id(i));
  row.country = attributes.country;
  row.customer_segment = attributes.customer_segment;
  row.acquisition_source = attributes.acquisition_source;
  if (chunk.Signup(i) != kNoInstant) row.signup_date = chunk.Signup(i);
  row.updated_at = chunk.updated_at[i];
  row.distinct_products = chunk.distinct_products[i];
  if (const uint32_t category = chunk.favorite_category[i]; category != 0) {
    row.favorite_category = view.version().texts->categories[category];
  }
}

// A window that ends before it starts gives an empty result, by id too.
bool IsInverted(const std::optional<storage::TimeWindow>& window) {
  return window && window->start && window->end && *window->start > *window->end;
}

}  // namespace

absl::StatusOr<CustomerReport<TotalCustomerValueRow>> TotalCustomerValue(
    const ReportView& view, const CustomerValueQuery& query) {
  CustomerReport<TotalCustomerValueRow> answer;
  CLV_ASSIGN_OR_RETURN(const Predictions predictions, Predictions::Of(view));
  answer.report.context.model_version = predictions.model_version();
  if (IsInverted(query.scope.window)) return answer;
  CLV_ASSIGN_OR_RETURN(const AllFigures figures, AllFigures::Of(view));
  absl::StatusOr<BestValued> best = query.customer_ids.empty()
                                        ? ChooseListed(view, query, figures, predictions)
                                        : ChooseById(view, query, figures, predictions);
  CLV_RETURN_IF_ERROR(best.status());
  answer.numbers = best->Take();
  answer.report.total_rows = best->count();
  if (answer.numbers.empty()) return answer;

  CLV_ASSIGN_OR_RETURN(const RfmBounds bounds, BoundsOfPopulation(view));
  CLV_ASSIGN_OR_RETURN(const ListedSpends spends, ListedSpends::Of(view, figures));
  for (const uint32_t number : answer.numbers) {
    const Figures of_customer = figures.At(number);
    TotalCustomerValueRow row;
    FillKept(view, number, row);
    FillFigures(of_customer, view.as_of_seconds(), row);
    if (of_customer.is_listed()) {
      row.value_rank = 1 + spends.Greater(of_customer.spend_micros);
      row.value_percentile =
          domain::Quotient(spends.Smaller(of_customer.spend_micros), spends.count());
      row.share_of_revenue = domain::Quotient(of_customer.spend_micros, spends.sum_micros());
    }
    const StateColumns& state = view.states()[number / kChunkCustomers];
    const size_t i = number % kChunkCustomers;
    if (state.purchase_count[i] >= 1) {
      const RfmScores scores = ScoresOf(bounds, state, i);
      row.rfm_segment = std::string(
          domain::RfmSegment(scores.recency, domain::FmScore(scores.frequency, scores.monetary)));
    }
    if (const auto score = predictions.ScoreOf(number)) {
      row.p_alive = score->p_alive;
      row.predicted_clv = score->predicted_clv;
    }
    answer.report.rows.push_back(std::move(row));
  }
  return answer;
}

}  // namespace clv::query
