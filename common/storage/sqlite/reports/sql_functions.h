// common/storage/sqlite/reports/sql_functions.h: the SQL functions that the reports' statements
// call.
//
// Aggregates (NULLs are left out):
//   sum128(integer)          exact 128-bit sum, which SQLite's SUM refuses beyond 64 bits; a blob
//   for ReadSum sorted_integers(integer) all values in ascending order; a blob for ReadIntegers
//   sorted_reals(real)       likewise; a blob for ReadReals
// Scalars (NULL for a NULL argument):
//   period_number(kind, instant)      domain::PeriodNumber; kind: the number of a
//   domain::CalendarPeriod bucket_of(bounds, value)          domain::BucketOf; bounds: a blob of
//   BucketBounds; NULL below the first bound rfm_score(worse, population)      domain::RfmScore
//   fm_score(f, m)                    domain::FmScore
//   rfm_segment(r, fm)                domain::RfmSegment
//   quotient(numerator, denominator)  domain::Quotient; NULL unless the denominator is positive
#ifndef CLV_COMMON_STORAGE_SQLITE_REPORTS_SQL_FUNCTIONS_H_
#define CLV_COMMON_STORAGE_SQLITE_REPORTS_SQL_FUNCTIONS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/status/status.h"
#include "common/storage/sqlite/db.h"

namespace clv::storage::reports {

// Makes the functions known to a connection.
absl::Status RegisterSqlFunctions(Database& db);

// The values behind the blobs that the aggregates return; of an empty blob 0 or nothing.
absl::int128 ReadSum(std::string_view blob);
std::vector<int64_t> ReadIntegers(std::string_view blob);
std::vector<double> ReadReals(std::string_view blob);

// The bounds argument of bucket_of.
std::string BucketBounds(const std::vector<uint32_t>& bounds);

}  // namespace clv::storage::reports

#endif  // CLV_COMMON_STORAGE_SQLITE_REPORTS_SQL_FUNCTIONS_H_
