#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "common/base/status_macros.h"
#include "common/domain/average_model.h"
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
          FillWindow(*version.chunks[c], version.SizeOf(c), view.window(), columns.get());
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
  // Of those whose spends are asked for, `asked`.
  static absl::StatusOr<ListedSpends> Of(const ReportView& view, const AllFigures& figures,
                                         std::vector<int64_t> asked) {
    std::sort(asked.begin(), asked.end());
    asked.erase(std::unique(asked.begin(), asked.end()), asked.end());
    Part empty;
    empty.below.resize(asked.size() + 1);
    empty.equal.resize(asked.size());
    CLV_ASSIGN_OR_RETURN(
        std::vector<Part> parts,
        ScanChunks(view.version().chunks.size(), view.scan(), empty, [&](size_t c, Part& part) {
          const size_t size = view.version().SizeOf(c);
          for (size_t i = 0; i < size; ++i) {
            const Figures of_customer = figures.At(c, i);
            if (of_customer.is_listed()) part.Add(of_customer.spend_micros, asked);
          }
        }));
    ListedSpends spends;
    spends.asked_ = std::move(asked);
    spends.all_ = std::move(parts[0]);
    for (size_t p = 1; p < parts.size(); ++p) spends.all_ += parts[p];
    return spends;
  }

  uint64_t count() const { return all_.count; }
  absl::int128 sum_micros() const { return all_.sum_micros; }

  // Listed customers with strictly less, of one that was asked for.
  uint64_t Smaller(int64_t spend_micros) const {
    const size_t at = IndexOf(spend_micros);
    uint64_t smaller = 0;
    for (size_t k = 0; k <= at; ++k) smaller += all_.below[k] + (k < at ? all_.equal[k] : 0);
    return smaller;
  }
  uint64_t Greater(int64_t spend_micros) const {
    return all_.count - Smaller(spend_micros) - all_.equal[IndexOf(spend_micros)];
  }

 private:
  struct Part {
    uint64_t count = 0;
    __int128 sum_micros = 0;
    std::vector<uint64_t> below;  // between the one asked for before and this one, exclusive
    std::vector<uint64_t> equal;

    void Add(int64_t spend_micros, const std::vector<int64_t>& asked) {
      ++count;
      sum_micros += spend_micros;
      const auto at = std::lower_bound(asked.begin(), asked.end(), spend_micros);
      const auto k = static_cast<size_t>(at - asked.begin());
      if (at != asked.end() && *at == spend_micros) {
        ++equal[k];
      } else {
        ++below[k];
      }
    }
    Part& operator+=(const Part& more) {
      count += more.count;
      sum_micros += more.sum_micros;
      for (size_t k = 0; k < below.size(); ++k) below[k] += more.below[k];
      for (size_t k = 0; k < equal.size(); ++k) equal[k] += more.equal[k];
      return *this;
    }
  };

  size_t IndexOf(int64_t spend_micros) const {
    return static_cast<size_t>(std::lower_bound(asked_.begin(), asked_.end(), spend_micros) -
                               asked_.begin());
  }

  std::vector<int64_t> asked_;
  Part all_;
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

SortKey KeyOf(CustomerSort sort, const Figures& figures, bool is_in_population) {
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
      // All predictions of the average model are equal.
      return {.has_value = is_in_population};
    case CustomerSort::kCustomerId:
      break;
  }
  return {};
}

using Best = BestCustomers<SortKey>;

// Those that are asked for by id: all that are known in any way.
Best ChooseById(const ReportView& view, const CustomerValueQuery& query,
                const AllFigures& figures) {
  const ProjectionVersion& version = view.version();
  Best best(version, query.scope.range);
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
    const bool is_shown =
        chunk.described[i] != 0 || state.visible_rows[i] > 0 || state.imported[i] != 0;
    if (!is_shown || !view.Passes(chunk, i)) continue;
    best.Add(KeyOf(query.sort, figures.At(number), state.purchase_count[i] >= 1), number);
  }
  return best;
}

absl::StatusOr<Best> ChooseListed(const ReportView& view, const CustomerValueQuery& query,
                                  const AllFigures& figures) {
  const ProjectionVersion& version = view.version();
  CLV_ASSIGN_OR_RETURN(std::vector<Best> parts,
                       ScanChunks(version.chunks.size(), view.scan(),
                                  Best(version, query.scope.range), [&](size_t c, Best& part) {
                                    const CustomerChunk& chunk = *version.chunks[c];
                                    const size_t size = version.SizeOf(c);
                                    for (size_t i = 0; i < size; ++i) {
                                      const Figures of_customer = figures.At(c, i);
                                      if (!of_customer.is_listed() || !view.Passes(chunk, i))
                                        continue;
                                      part.Add(KeyOf(query.sort, of_customer,
                                                     view.states()[c].purchase_count[i] >= 1),
                                               static_cast<uint32_t>(c * kChunkCustomers + i));
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
  if (chunk.signup[i] != kNoInstant) row.signup_date = chunk.signup[i];
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
  answer.report.context.model_version = 0;
  if (IsInverted(query.scope.window)) return answer;
  CLV_ASSIGN_OR_RETURN(const AllFigures figures, AllFigures::Of(view));
  absl::StatusOr<Best> best = query.customer_ids.empty() ? ChooseListed(view, query, figures)
                                                         : ChooseById(view, query, figures);
  CLV_RETURN_IF_ERROR(best.status());
  answer.numbers = best->Take();
  answer.report.total_rows = best->count();
  if (answer.numbers.empty()) return answer;

  CLV_ASSIGN_OR_RETURN(const PopulationFigures population, FiguresOfPopulation(view));
  const double predicted_clv =
      domain::PredictAverage(domain::FitAverage(population.totals), {}).predicted_clv;
  CLV_ASSIGN_OR_RETURN(const RfmBounds bounds, BoundsOfPopulation(view));
  std::vector<int64_t> asked;
  for (const uint32_t number : answer.numbers) asked.push_back(figures.At(number).spend_micros);
  CLV_ASSIGN_OR_RETURN(const ListedSpends spends,
                       ListedSpends::Of(view, figures, std::move(asked)));
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
      row.predicted_clv = predicted_clv;
    }
    answer.report.rows.push_back(std::move(row));
  }
  return answer;
}

}  // namespace clv::query
