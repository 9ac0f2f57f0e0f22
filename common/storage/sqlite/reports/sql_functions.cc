#include "common/storage/sqlite/reports/sql_functions.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <type_traits>

#include "common/base/status_macros.h"
#include "common/domain/calendar_periods.h"
#include "common/domain/frequency_buckets.h"
#include "common/domain/report_math.h"
#include "common/domain/rfm.h"

namespace clv::storage::reports {
namespace {

// SQLite aligns an aggregate's memory to 8 bytes, an int128 wants 16: it is copied in and out.
struct SumBytes {
  char bytes[sizeof(absl::int128)];
};

absl::int128 LoadSum(const char* bytes) {
  absl::int128 sum = 0;
  std::memcpy(&sum, bytes, sizeof(sum));
  return sum;
}

bool IsNull(sqlite3_value* value) { return sqlite3_value_type(value) == SQLITE_NULL; }

void SumStep(sqlite3_context* context, int, sqlite3_value** values) {
  if (IsNull(values[0])) return;
  if (sqlite3_value_type(values[0]) != SQLITE_INTEGER) {
    return sqlite3_result_error(context, "sum128 takes integers", -1);
  }
  auto* state = static_cast<SumBytes*>(sqlite3_aggregate_context(context, sizeof(SumBytes)));
  if (state == nullptr) return sqlite3_result_error_nomem(context);
  const absl::int128 sum = LoadSum(state->bytes) + sqlite3_value_int64(values[0]);
  std::memcpy(state->bytes, &sum, sizeof(sum));
}

void SumFinal(sqlite3_context* context) {
  const auto* state = static_cast<SumBytes*>(sqlite3_aggregate_context(context, 0));
  if (state == nullptr) return sqlite3_result_zeroblob(context, sizeof(SumBytes));
  sqlite3_result_blob(context, state->bytes, sizeof(state->bytes), SQLITE_TRANSIENT);
}

template <typename Value>
void SortedStep(sqlite3_context* context, int, sqlite3_value** values) {
  if (IsNull(values[0])) return;
  auto** state = static_cast<std::vector<Value>**>(
      sqlite3_aggregate_context(context, sizeof(std::vector<Value>*)));
  if (state == nullptr) return sqlite3_result_error_nomem(context);
  try {
    if (*state == nullptr) *state = new std::vector<Value>();
    if constexpr (std::is_same_v<Value, double>) {
      (*state)->push_back(sqlite3_value_double(values[0]));
    } else {
      (*state)->push_back(sqlite3_value_int64(values[0]));
    }
  } catch (const std::bad_alloc&) {
    sqlite3_result_error_nomem(context);
  }
}

// SQLite also calls it for aggregates that it abandons, so the values are always freed.
template <typename Value>
void SortedFinal(sqlite3_context* context) {
  auto** state = static_cast<std::vector<Value>**>(sqlite3_aggregate_context(context, 0));
  if (state == nullptr || *state == nullptr) return sqlite3_result_zeroblob(context, 0);
  const std::unique_ptr<std::vector<Value>> values(*state);
  *state = nullptr;
  std::sort(values->begin(), values->end());
  sqlite3_result_blob64(context, values->data(), values->size() * sizeof(Value), SQLITE_TRANSIENT);
}

bool AnyNull(int count, sqlite3_value** values) {
  return std::any_of(values, values + count, IsNull);
}

void PeriodNumberFunction(sqlite3_context* context, int count, sqlite3_value** values) {
  if (AnyNull(count, values)) return;
  const auto kind = static_cast<domain::CalendarPeriod>(sqlite3_value_int(values[0]));
  sqlite3_result_int64(context, domain::PeriodNumber(kind, sqlite3_value_int64(values[1])));
}

void BucketOfFunction(sqlite3_context* context, int count, sqlite3_value** values) {
  if (AnyNull(count, values)) return;
  const auto* bounds = static_cast<const uint32_t*>(sqlite3_value_blob(values[0]));
  const size_t bound_count = sqlite3_value_bytes(values[0]) / sizeof(uint32_t);
  const auto bucket = domain::BucketOf(std::span<const uint32_t>(bounds, bound_count),
                                       sqlite3_value_int64(values[1]));
  if (bucket) sqlite3_result_int64(context, static_cast<int64_t>(*bucket));
}

void RfmScoreFunction(sqlite3_context* context, int count, sqlite3_value** values) {
  if (AnyNull(count, values)) return;
  sqlite3_result_int(
      context, domain::RfmScore(sqlite3_value_int64(values[0]), sqlite3_value_int64(values[1])));
}

void FmScoreFunction(sqlite3_context* context, int count, sqlite3_value** values) {
  if (AnyNull(count, values)) return;
  sqlite3_result_int(context,
                     domain::FmScore(sqlite3_value_int(values[0]), sqlite3_value_int(values[1])));
}

void RfmSegmentFunction(sqlite3_context* context, int count, sqlite3_value** values) {
  if (AnyNull(count, values)) return;
  const std::string_view segment =
      domain::RfmSegment(sqlite3_value_int(values[0]), sqlite3_value_int(values[1]));
  sqlite3_result_text(context, segment.data(), static_cast<int>(segment.size()), SQLITE_STATIC);
}

void QuotientFunction(sqlite3_context* context, int count, sqlite3_value** values) {
  if (AnyNull(count, values)) return;
  const auto quotient =
      domain::Quotient(sqlite3_value_int64(values[0]), sqlite3_value_int64(values[1]));
  if (quotient) sqlite3_result_double(context, *quotient);
}

constexpr int kFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;

struct Scalar {
  const char* name;
  int arguments;
  void (*function)(sqlite3_context*, int, sqlite3_value**);
};

struct Aggregate {
  const char* name;
  void (*step)(sqlite3_context*, int, sqlite3_value**);
  void (*final)(sqlite3_context*);
};

constexpr Scalar kScalars[] = {
    {"period_number", 2, PeriodNumberFunction}, {"bucket_of", 2, BucketOfFunction},
    {"rfm_score", 2, RfmScoreFunction},         {"fm_score", 2, FmScoreFunction},
    {"rfm_segment", 2, RfmSegmentFunction},     {"quotient", 2, QuotientFunction},
};

constexpr Aggregate kAggregates[] = {
    {"sum128", SumStep, SumFinal},
    {"sorted_integers", SortedStep<int64_t>, SortedFinal<int64_t>},
    {"sorted_reals", SortedStep<double>, SortedFinal<double>},
};

absl::Status Registered(int code, Database& db) {
  return code == SQLITE_OK ? absl::OkStatus()
                           : SqliteError(code, "registering a function", db.raw());
}

template <typename Value>
std::vector<Value> ReadValues(std::string_view blob) {
  std::vector<Value> values(blob.size() / sizeof(Value));
  if (!values.empty()) std::memcpy(values.data(), blob.data(), values.size() * sizeof(Value));
  return values;
}

}  // namespace

absl::Status RegisterSqlFunctions(Database& db) {
  for (const Scalar& scalar : kScalars) {
    CLV_RETURN_IF_ERROR(
        Registered(sqlite3_create_function_v2(db.raw(), scalar.name, scalar.arguments, kFlags,
                                              nullptr, scalar.function, nullptr, nullptr, nullptr),
                   db));
  }
  for (const Aggregate& aggregate : kAggregates) {
    CLV_RETURN_IF_ERROR(
        Registered(sqlite3_create_function_v2(db.raw(), aggregate.name, 1, kFlags, nullptr, nullptr,
                                              aggregate.step, aggregate.final, nullptr),
                   db));
  }
  return absl::OkStatus();
}

absl::int128 ReadSum(std::string_view blob) {
  return blob.size() == sizeof(absl::int128) ? LoadSum(blob.data()) : absl::int128(0);
}

std::vector<int64_t> ReadIntegers(std::string_view blob) { return ReadValues<int64_t>(blob); }

std::vector<double> ReadReals(std::string_view blob) { return ReadValues<double>(blob); }

std::string BucketBounds(const std::vector<uint32_t>& bounds) {
  return std::string(reinterpret_cast<const char*>(bounds.data()),
                     bounds.size() * sizeof(uint32_t));
}

}  // namespace clv::storage::reports
