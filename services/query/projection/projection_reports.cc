#include "services/query/projection/projection_reports.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "services/query/projection/question_key.h"
#include "services/query/projection/report_answers.h"

namespace clv::query {
namespace {

using std::chrono::steady_clock;
using storage::CustomerDetails;

// The details of the rows are read from the store, which is often ahead of the version. Where a
// customer who is shown has changed meanwhile, the report is made again of all that is committed.
// Under a storm of commits the details of the last try may be newer than the numbers.
constexpr int kTries = 3;

template <typename Query>
constexpr ReportView::DefaultAsOf kDefaultAsOf =
    std::is_same_v<Query, storage::PredictionQuery> ? ReportView::DefaultAsOf::kScoring
                                                    : ReportView::DefaultAsOf::kHorizon;

double SecondsSince(steady_clock::time_point begin) {
  return std::chrono::duration<double>(steady_clock::now() - begin).count();
}

template <typename Report>
absl::Status FillContext(const ReportView& view, steady_clock::time_point begin, Report* report) {
  CLV_ASSIGN_OR_RETURN(storage::ReportContext context, view.Context());
  context.warnings = std::move(report->context.warnings);
  context.model_version = report->context.model_version;
  context.elapsed_seconds = SecondsSince(begin);
  report->context = std::move(context);
  return absl::OkStatus();
}

// The kept answer to a question, if there is one.
template <typename Result>
std::optional<Result> FindKept(AnswerCache<Result>& cache, const ProjectionVersion& version,
                               const std::string& question, steady_clock::time_point begin) {
  const std::shared_ptr<const Result> kept = cache.Find(version.serial, question);
  if (kept == nullptr) return std::nullopt;
  std::optional<Result> result(*kept);
  result->context.elapsed_seconds = SecondsSince(begin);
  return result;
}

// A report that needs the projection alone.
template <typename Query, typename Result>
absl::StatusOr<Result> Answer(Projection& projection, AnswerCache<Result>& cache,
                              const storage::ReportScope& scope, const Query& query,
                              absl::StatusOr<Result> (*report)(const ReportView&, const Query&)) {
  const steady_clock::time_point begin = steady_clock::now();
  CLV_ASSIGN_OR_RETURN(auto version, projection.Newest(scope.deadline));
  // Without data the answer looks at the clock.
  const bool is_kept = version->horizon_seconds.has_value();
  std::string question = KeyOf(query);
  if (is_kept) {
    if (auto kept = FindKept(cache, *version, question, begin)) return *std::move(kept);
  }
  CLV_ASSIGN_OR_RETURN(const ReportView view,
                       ReportView::Open(std::move(version), scope, kDefaultAsOf<Query>));
  CLV_ASSIGN_OR_RETURN(Result result, report(view, query));
  CLV_RETURN_IF_ERROR(FillContext(view, begin, &result));
  if (is_kept) {
    cache.Keep(view.version().serial, std::move(question), std::make_shared<const Result>(result));
  }
  return result;
}

void Describe(const CustomerDetails& details, bool /*has_products*/, domain::RfmCustomerRow* row) {
  row->name = details.name;
}

void Describe(const CustomerDetails& details, bool has_products,
              domain::TotalCustomerValueRow* row) {
  row->name = details.name;
  row->email = details.email;
  row->active = details.active;
  if (!has_products) return;
  row->distinct_products = details.distinct_products;
  row->favorite_category = details.favorite_category;
}

// What the projection keeps of products is about all rows that are known.
std::optional<storage::ProductScope> ProductsToRead(const ReportView& view) {
  if (!view.has_window() && view.states().are_kept()) return std::nullopt;
  const WindowBounds window = view.window();
  return storage::ProductScope{window.as_of_seconds, window.start_seconds, window.end_seconds};
}

// The details of the rows of a report, by index, and whether they are of the version's state.
struct Details {
  std::vector<CustomerDetails> of_rows;
  bool is_consistent = true;
};

absl::StatusOr<Details> ReadDetails(Projection& projection, storage::CustomerDetailsReader& reader,
                                    const ReportView& view, absl::Span<const uint32_t> numbers,
                                    const std::optional<storage::ProductScope>& products,
                                    steady_clock::time_point deadline) {
  const ProjectionVersion& version = view.version();
  Details details;
  if (numbers.empty()) return details;
  if (numbers.size() == 1 && !products && projection.IsNewest(version)) {
    CLV_ASSIGN_OR_RETURN(CustomerDetails one, reader.ReadOne(version.IdOf(numbers[0]), deadline));
    details.of_rows.push_back(std::move(one));
    // Nothing was committed between the version and now.
    if (projection.IsNewest(version)) return details;
  }
  std::vector<std::string_view> ids;
  ids.reserve(numbers.size());
  for (const uint32_t number : numbers) ids.push_back(version.IdOf(number));
  CLV_ASSIGN_OR_RETURN(storage::CustomerDetailsReader::State state,
                       reader.Read(ids, products, version.last_change, deadline));
  details.of_rows = std::move(state.details);
  details.is_consistent = state.is_as_of_change;
  return details;
}

// A report of customers that are shown by name.
template <typename Query, typename Row>
absl::StatusOr<storage::Report<Row>> AnswerWithDetails(
    Projection& projection, AnswerCache<storage::Report<Row>>& cache,
    storage::CustomerDetailsReader& reader, bool shows_products, const Query& query,
    absl::StatusOr<CustomerReport<Row>> (*report)(const ReportView&, const Query&)) {
  const steady_clock::time_point begin = steady_clock::now();
  std::string question = clv::query::KeyOf(query);
  for (int tries = 1;; ++tries) {
    CLV_ASSIGN_OR_RETURN(auto version, tries == 1
                                           ? projection.Newest(query.scope.deadline)
                                           : projection.WithAllCommitted(query.scope.deadline));
    const bool is_kept = version->horizon_seconds.has_value();
    if (is_kept) {
      if (auto kept = FindKept(cache, *version, question, begin)) return *std::move(kept);
    }
    CLV_ASSIGN_OR_RETURN(const ReportView view,
                         ReportView::Open(std::move(version), query.scope, kDefaultAsOf<Query>));
    CLV_ASSIGN_OR_RETURN(CustomerReport<Row> answer, report(view, query));
    const auto products = shows_products ? ProductsToRead(view) : std::nullopt;
    CLV_ASSIGN_OR_RETURN(
        const Details details,
        ReadDetails(projection, reader, view, answer.numbers, products, query.scope.deadline));
    if (!details.is_consistent && tries < kTries) continue;
    for (size_t i = 0; i < details.of_rows.size(); ++i) {
      Describe(details.of_rows[i], products.has_value(), &answer.report.rows[i]);
    }
    CLV_RETURN_IF_ERROR(FillContext(view, begin, &answer.report));
    if (is_kept && details.is_consistent) {
      cache.Keep(view.version().serial, std::move(question),
                 std::make_shared<const storage::Report<Row>>(answer.report));
    }
    return std::move(answer.report);
  }
}

}  // namespace

ProjectionReports::ProjectionReports(std::shared_ptr<Projection> projection,
                                     std::unique_ptr<storage::CustomerDetailsReader> details)
    : projection_(std::move(projection)), details_(std::move(details)) {
  projection_->OnLoad(
      [named = std::weak_ptr(named_), details = std::weak_ptr(details_)](uint64_t serial) {
        const std::shared_ptr<NamedAnswers> answers = named.lock();
        const std::shared_ptr<storage::CustomerDetailsReader> reader = details.lock();
        if (answers == nullptr || reader == nullptr) return;
        reader->Forget();
        answers->rfm_customers.ForgetBefore(serial);
        answers->total_values.ForgetBefore(serial);
        answers->values_of_customers.ForgetBefore(serial);
      });
}

absl::StatusOr<storage::Report<domain::CustomerRetentionRow>> ProjectionReports::CustomerRetention(
    const storage::RetentionQuery& query) {
  return Answer(*projection_, retention_, query.scope, query, &clv::query::CustomerRetention);
}

absl::StatusOr<storage::Report<domain::ClvBySegmentRow>> ProjectionReports::ClvBySegment(
    const storage::SegmentQuery& query) {
  return Answer(*projection_, segments_, query.scope, query, &clv::query::ClvBySegment);
}

absl::StatusOr<storage::Report<domain::ClvByAcquisitionSourceRow>>
ProjectionReports::ClvByAcquisitionSource(const storage::SegmentQuery& query) {
  return Answer(*projection_, sources_, query.scope, query, &clv::query::ClvByAcquisitionSource);
}

absl::StatusOr<storage::Report<domain::FrequencyBucketRow>> ProjectionReports::FrequencyByOrders(
    const storage::FrequencyQuery& query) {
  return Answer(*projection_, by_orders_, query.scope, query, &clv::query::FrequencyByOrders);
}

absl::StatusOr<storage::Report<domain::FrequencyBucketRow>> ProjectionReports::FrequencyByRecency(
    const storage::FrequencyQuery& query) {
  return Answer(*projection_, by_recency_, query.scope, query, &clv::query::FrequencyByRecency);
}

absl::StatusOr<storage::Report<domain::IntervalBucketRow>> ProjectionReports::FrequencyByInterval(
    const storage::FrequencyQuery& query) {
  return Answer(*projection_, by_interval_, query.scope, query, &clv::query::FrequencyByInterval);
}

absl::StatusOr<storage::Report<domain::OrderNumberRow>> ProjectionReports::FrequencyByOrderNumber(
    const storage::ReportScope& scope) {
  return Answer(*projection_, by_order_number_, scope, scope, &clv::query::FrequencyByOrderNumber);
}

absl::StatusOr<storage::PredictionReport> ProjectionReports::ClvPrediction(
    const storage::PredictionQuery& query) {
  return Answer(*projection_, predictions_, query.scope, query, &clv::query::ClvPrediction);
}

absl::StatusOr<storage::Report<domain::RfmCustomerRow>> ProjectionReports::RfmCustomers(
    const storage::SegmentationQuery& query) {
  return AnswerWithDetails(*projection_, named_->rfm_customers, *details_, false, query,
                           &clv::query::RfmCustomers);
}

absl::StatusOr<storage::Report<domain::RfmSegmentRow>> ProjectionReports::RfmSegments(
    const storage::SegmentationQuery& query) {
  return Answer(*projection_, rfm_segments_, query.scope, query, &clv::query::RfmSegments);
}

absl::StatusOr<storage::Report<domain::RfmCellRow>> ProjectionReports::RfmMatrix(
    const storage::SegmentationQuery& query) {
  return Answer(*projection_, rfm_cells_, query.scope, query, &clv::query::RfmMatrix);
}

absl::StatusOr<storage::Report<domain::TotalCustomerValueRow>>
ProjectionReports::TotalCustomerValue(const storage::CustomerValueQuery& query) {
  // Answers about single customers are many and cost little: they are not to push others out.
  auto& cache = query.customer_ids.empty() ? named_->total_values : named_->values_of_customers;
  return AnswerWithDetails(*projection_, cache, *details_, true, query,
                           &clv::query::TotalCustomerValue);
}

}  // namespace clv::query
