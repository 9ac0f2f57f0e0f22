// common/domain/rfm.h: scores and segments of recency, frequency and monetary value.
//
// Pure functions. Scores are 1 to 5, 5 best.
#ifndef CLV_COMMON_DOMAIN_RFM_H_
#define CLV_COMMON_DOMAIN_RFM_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/numeric/int128.h"
#include "common/domain/report_rows.h"

namespace clv::domain {

inline constexpr int kBestRfmScore = 5;

// The eleven segments, by name.
inline constexpr std::array<std::string_view, 11> kRfmSegments = {
    "About To Sleep", "At Risk",         "Can't Lose Them", "Champions",     "Hibernating",
    "Lost",           "Loyal Customers", "Needs Attention", "New Customers", "Potential Loyalists",
    "Promising"};

// min(5, 1 + floor(5 * worse / population)): `worse` customers of `population` have a strictly
// worse value. Wants 0 <= worse < population.
int RfmScore(int64_t worse, int64_t population);

// floor((f + m + 1) / 2).
int FmScore(int f_score, int m_score);

// Segment of a cell; both scores 1 to 5.
std::string_view RfmSegment(int r_score, int fm_score);

// The three digits, "543".
std::string RfmDigits(int r_score, int f_score, int m_score);

// What is summed over the customers of one cell (r_score, fm_score).
struct RfmCellTotals {
  int r_score = 1;
  int fm_score = 1;
  uint64_t customers = 0;
  absl::int128 revenue_micros = 0;
  absl::int128 recency_seconds = 0;
  absl::int128 orders = 0;
};

// All 25 cells, r descending, fm ascending, from the cells that have customers (each at most once).
// Shares are over all customers of `cells`.
std::vector<RfmCellRow> MakeRfmMatrix(const std::vector<RfmCellTotals>& cells);

// All eleven segments, by revenue descending, then name, likewise.
std::vector<RfmSegmentRow> MakeRfmSummary(const std::vector<RfmCellTotals>& cells);

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_RFM_H_
