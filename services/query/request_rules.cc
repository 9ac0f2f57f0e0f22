#include "services/query/request_rules.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/instant.h"
#include "common/base/status_macros.h"
#include "common/rpc/status_conversion.h"

namespace clv::query {
namespace {

using rpc::FieldError;
using storage::CohortBasis;
using storage::CustomerSort;
using storage::Granularity;
using storage::RetentionMode;

constexpr size_t kMaxFilterValues = 10'000;
constexpr uint32_t kDefaultPageSize = 100;
constexpr uint32_t kMaxPeriods = 1000;
constexpr uint32_t kMaxHorizonDays = 3650;
constexpr size_t kMaxBuckets = 1000;

// What the enums' numbers stand for; number 0 is the default.
constexpr std::array kGranularities = {Granularity::kMonth, Granularity::kMonth,
                                       Granularity::kWeek,  Granularity::kQuarter,
                                       Granularity::kYear,  Granularity::kDay};
constexpr std::array kCohortBases = {CohortBasis::kFirstPurchase, CohortBasis::kFirstPurchase,
                                     CohortBasis::kSignup};
constexpr std::array kRetentionModes = {RetentionMode::kPeriod, RetentionMode::kPeriod,
                                        RetentionMode::kRolling, RetentionMode::kCumulative};
constexpr std::array kModels = {domain::ModelFamily::kAuto,      domain::ModelFamily::kAuto,
                                domain::ModelFamily::kBgNbd,     domain::ModelFamily::kMbgNbd,
                                domain::ModelFamily::kParetoNbd, domain::ModelFamily::kNbd,
                                domain::ModelFamily::kAverage};
constexpr std::array kSorts = {CustomerSort::kTotalSpend,       CustomerSort::kTotalSpend,
                               CustomerSort::kPurchaseCount,    CustomerSort::kAvgOrderValue,
                               CustomerSort::kRefundedAmount,   CustomerSort::kFirstPurchaseDate,
                               CustomerSort::kLastPurchaseDate, CustomerSort::kPredictedClv,
                               CustomerSort::kCustomerId};

absl::Status CheckNumber(const std::string& field, int number, size_t count) {
  if (number >= 0 && static_cast<size_t>(number) < count) return absl::OkStatus();
  return FieldError(field, absl::StrCat(number), absl::StrCat("a number from 0 to ", count - 1));
}

template <typename Choice, size_t kCount>
absl::StatusOr<Choice> Choose(const std::string& field, int number,
                              const std::array<Choice, kCount>& choices) {
  CLV_RETURN_IF_ERROR(CheckNumber(field, number, kCount));
  return choices[static_cast<size_t>(number)];
}

absl::Status CheckAtMost(const std::string& field, uint32_t value, uint32_t least,
                         uint32_t greatest) {
  if (value >= least && value <= greatest) return absl::OkStatus();
  return FieldError(field, absl::StrCat(value),
                    absl::StrCat("a whole number from ", least, " to ", greatest));
}

// Not-a-number fails every comparison and is refused with the rest.
absl::Status CheckInside(const std::string& field, double value, double least, double greatest) {
  if (value >= least && value <= greatest) return absl::OkStatus();
  return FieldError(field, absl::StrCat(value),
                    absl::StrCat("a number from ", least, " to ", greatest));
}

absl::StatusOr<ParsedInstant> ParseBound(const std::string& field, const std::string& text) {
  absl::StatusOr<ParsedInstant> instant = ParseInstant(text);
  if (instant.ok()) return instant;
  const absl::string_view phrase = instant.status().message();
  return FieldError(field, std::string_view(phrase.data(), phrase.size()));
}

// A plain date means its last second.
absl::StatusOr<int64_t> ParseEnd(const std::string& field, const std::string& text) {
  CLV_ASSIGN_OR_RETURN(const ParsedInstant instant, ParseBound(field, text));
  return instant.is_plain_date ? instant.seconds + kSecondsPerDay - 1 : instant.seconds;
}

template <typename Request>
absl::StatusOr<std::optional<storage::TimeWindow>> MakeWindow(const Request& request) {
  if (request.start_date().empty() && request.end_date().empty()) return std::nullopt;
  storage::TimeWindow window;
  if (!request.start_date().empty()) {
    CLV_ASSIGN_OR_RETURN(const ParsedInstant start, ParseBound("start_date", request.start_date()));
    window.start = start.seconds;
  }
  if (!request.end_date().empty()) {
    CLV_ASSIGN_OR_RETURN(window.end, ParseEnd("end_date", request.end_date()));
  }
  return window;
}

// What all reports take, but for the window.
template <typename Request>
absl::StatusOr<storage::ReportScope> MakeScope(const Request& request,
                                               std::optional<uint32_t> default_limit,
                                               const RequestTime& time) {
  storage::ReportScope scope;
  CLV_ASSIGN_OR_RETURN(scope.filters.country, ExpandFilter("country", request.country()));
  CLV_ASSIGN_OR_RETURN(scope.filters.customer_segment,
                       ExpandFilter("customer_segment", request.customer_segment()));
  CLV_ASSIGN_OR_RETURN(scope.filters.acquisition_source,
                       ExpandFilter("acquisition_source", request.acquisition_source()));
  if (request.as_of() == "now") {
    scope.as_of_seconds = time.now_seconds;
  } else if (!request.as_of().empty()) {
    CLV_ASSIGN_OR_RETURN(scope.as_of_seconds, ParseEnd("as_of", request.as_of()));
  }
  const auto present = [](bool has, uint32_t value) {
    return has ? std::optional<uint32_t>(value) : std::nullopt;
  };
  CLV_ASSIGN_OR_RETURN(
      scope.range, MakeRange(present(request.has_limit(), request.limit()),
                             present(request.has_page(), request.page()),
                             present(request.has_page_size(), request.page_size()), default_limit));
  scope.now_seconds = time.now_seconds;
  scope.deadline = time.deadline;
  return scope;
}

template <typename Request>
absl::StatusOr<storage::ReportScope> MakeWindowedScope(const Request& request,
                                                       std::optional<uint32_t> default_limit,
                                                       const RequestTime& time) {
  CLV_ASSIGN_OR_RETURN(storage::ReportScope scope, MakeScope(request, default_limit, time));
  CLV_ASSIGN_OR_RETURN(scope.window, MakeWindow(request));
  return scope;
}

// The given lower bounds, or the view's own.
absl::StatusOr<std::vector<uint32_t>> MakeBuckets(
    v1::FrequencyView view, const google::protobuf::RepeatedField<uint32_t>& given) {
  if (given.empty()) {
    switch (view) {
      case v1::FREQUENCY_VIEW_INTERVAL:
        return std::vector<uint32_t>{0, 8, 15, 31, 61, 91, 181};
      case v1::FREQUENCY_VIEW_RECENCY:
        return std::vector<uint32_t>{0, 31, 61, 91, 181, 366};
      default:
        return std::vector<uint32_t>{1, 2, 3, 6, 11, 21};
    }
  }
  const uint32_t first =
      view == v1::FREQUENCY_VIEW_INTERVAL || view == v1::FREQUENCY_VIEW_RECENCY ? 0 : 1;
  const bool rises =
      std::adjacent_find(given.begin(), given.end(), std::greater_equal<>()) == given.end();
  if (given.Get(0) != first || !rises || static_cast<size_t>(given.size()) > kMaxBuckets) {
    return FieldError("buckets", absl::StrJoin(given, ","),
                      absl::StrCat("rising whole numbers of which the first is ", first,
                                   ", at most ", kMaxBuckets));
  }
  return std::vector<uint32_t>(given.begin(), given.end());
}

template <typename Request>
absl::StatusOr<storage::SegmentQuery> ToSegmentQuery(const Request& request,
                                                     const RequestTime& time) {
  storage::SegmentQuery query;
  CLV_ASSIGN_OR_RETURN(query.scope, MakeWindowedScope(request, std::nullopt, time));
  return query;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ExpandFilter(
    const std::string& field, const google::protobuf::RepeatedPtrField<std::string>& values) {
  std::vector<std::string> expanded;
  std::set<std::string> seen;
  const auto add = [&](const std::string& value) {
    if (!value.empty() && seen.insert(value).second) expanded.push_back(value);
  };
  for (const std::string& value : values) {
    add(value);
    for (const absl::string_view part : absl::StrSplit(value, ',')) {
      add(std::string(absl::StripAsciiWhitespace(part)));
      if (expanded.size() > kMaxFilterValues) {
        return FieldError(field, absl::StrCat("more than ", kMaxFilterValues, " values"), "fewer");
      }
    }
  }
  return expanded;
}

absl::StatusOr<storage::RowRange> MakeRange(std::optional<uint32_t> limit,
                                            std::optional<uint32_t> page,
                                            std::optional<uint32_t> page_size,
                                            std::optional<uint32_t> default_limit) {
  CLV_RETURN_IF_ERROR(CheckAtMost("limit", limit.value_or(0), 0, kMaxLimit));
  CLV_RETURN_IF_ERROR(CheckAtMost("page_size", page_size.value_or(0), 0, kMaxLimit));
  const std::optional<uint32_t> usual = limit ? limit : default_limit;
  storage::RowRange range;
  if (page || page_size) {
    range.limit = page_size.value_or(usual.value_or(kDefaultPageSize));
    range.offset = static_cast<uint64_t>(page.value_or(0)) * *range.limit;
  } else if (usual) {
    range.limit = *usual;
  }
  return range;
}

absl::StatusOr<storage::RetentionQuery> ToQuery(const v1::GetCustomerRetentionRequest& request,
                                                const RequestTime& time) {
  storage::RetentionQuery query;
  CLV_ASSIGN_OR_RETURN(query.scope, MakeWindowedScope(request, std::nullopt, time));
  CLV_ASSIGN_OR_RETURN(query.granularity,
                       Choose("granularity", request.granularity(), kGranularities));
  CLV_ASSIGN_OR_RETURN(query.cohort_by, Choose("cohort_by", request.cohort_by(), kCohortBases));
  CLV_ASSIGN_OR_RETURN(query.retention, Choose("retention", request.retention(), kRetentionModes));
  if (request.has_periods()) {
    CLV_RETURN_IF_ERROR(CheckAtMost("periods", request.periods(), 0, kMaxPeriods));
    query.periods = request.periods();
  }
  return query;
}

absl::StatusOr<storage::SegmentQuery> ToQuery(const v1::GetClvBySegmentRequest& request,
                                              const RequestTime& time) {
  return ToSegmentQuery(request, time);
}

absl::StatusOr<storage::SegmentQuery> ToQuery(const v1::GetClvByAcquisitionSourceRequest& request,
                                              const RequestTime& time) {
  return ToSegmentQuery(request, time);
}

absl::StatusOr<storage::FrequencyQuery> ToQuery(
    const v1::GetPurchaseFrequencyAnalysisRequest& request, const RequestTime& time) {
  CLV_RETURN_IF_ERROR(CheckNumber("view", request.view(), v1::FrequencyView_ARRAYSIZE));
  const bool is_order_number = request.view() == v1::FREQUENCY_VIEW_ORDER_NUMBER;
  storage::FrequencyQuery query;
  CLV_ASSIGN_OR_RETURN(
      query.scope,
      MakeScope(request, is_order_number ? std::optional<uint32_t>(20) : std::nullopt, time));
  if (!is_order_number) {
    CLV_ASSIGN_OR_RETURN(query.buckets, MakeBuckets(request.view(), request.buckets()));
  }
  return query;
}

absl::StatusOr<storage::PredictionQuery> ToQuery(const v1::GetClvPredictionRequest& request,
                                                 const RequestTime& time) {
  storage::PredictionQuery query;
  CLV_ASSIGN_OR_RETURN(query.scope, MakeScope(request, 50, time));
  CLV_ASSIGN_OR_RETURN(query.customer_ids, ExpandFilter("customer_id", request.customer_id()));
  CLV_ASSIGN_OR_RETURN(query.model, Choose("model", request.model(), kModels));
  if (request.has_horizon_days()) query.horizon_days = request.horizon_days();
  if (request.has_discount_rate()) query.discount_rate = request.discount_rate();
  if (request.has_margin()) query.margin = request.margin();
  if (request.has_interval()) query.interval = request.interval();
  if (request.has_min_p_alive()) query.min_p_alive = request.min_p_alive();
  CLV_RETURN_IF_ERROR(CheckAtMost("horizon_days", query.horizon_days, 1, kMaxHorizonDays));
  CLV_RETURN_IF_ERROR(CheckInside("discount_rate", query.discount_rate, 0, 10));
  CLV_RETURN_IF_ERROR(CheckInside("margin", query.margin, 0, 1000));
  CLV_RETURN_IF_ERROR(CheckInside("min_p_alive", query.min_p_alive, 0, 1));
  if (!(query.interval > 0 && query.interval < 1)) {
    return FieldError("interval", absl::StrCat(query.interval), "a number above 0 and below 1");
  }
  return query;
}

absl::StatusOr<storage::SegmentationQuery> ToQuery(
    const v1::GetCustomerSegmentationRequest& request, const RequestTime& time) {
  CLV_RETURN_IF_ERROR(CheckNumber("level", request.level(), v1::SegmentationLevel_ARRAYSIZE));
  const bool is_customer = request.level() == v1::SEGMENTATION_LEVEL_UNSPECIFIED ||
                           request.level() == v1::SEGMENTATION_LEVEL_CUSTOMER;
  storage::SegmentationQuery query;
  CLV_ASSIGN_OR_RETURN(
      query.scope,
      MakeScope(request, is_customer ? std::optional<uint32_t>(100) : std::nullopt, time));
  CLV_ASSIGN_OR_RETURN(query.rfm_segments, ExpandFilter("rfm_segment", request.rfm_segment()));
  return query;
}

absl::StatusOr<storage::CustomerValueQuery> ToQuery(const v1::GetTotalCustomerValueRequest& request,
                                                    const RequestTime& time) {
  storage::CustomerValueQuery query;
  CLV_ASSIGN_OR_RETURN(query.scope, MakeWindowedScope(request, 100, time));
  CLV_ASSIGN_OR_RETURN(query.customer_ids, ExpandFilter("customer_id", request.customer_id()));
  CLV_ASSIGN_OR_RETURN(query.sort, Choose("sort", request.sort(), kSorts));
  return query;
}

}  // namespace clv::query
