#include "common/domain/rfm.h"

#include <algorithm>

#include "common/domain/report_math.h"

namespace clv::domain {
namespace {

// By r (5 first), then fm (1 first).
constexpr std::string_view kSegmentTable[5][5] = {
    {"New Customers", "Potential Loyalists", "Loyal Customers", "Champions", "Champions"},
    {"Promising", "Potential Loyalists", "Potential Loyalists", "Loyal Customers", "Champions"},
    {"Promising", "Needs Attention", "Potential Loyalists", "Loyal Customers", "Loyal Customers"},
    {"About To Sleep", "Needs Attention", "Needs Attention", "At Risk", "At Risk"},
    {"Lost", "Hibernating", "At Risk", "Can't Lose Them", "Can't Lose Them"},
};

void Add(RfmCellTotals& to, const RfmCellTotals& more) {
  to.customers += more.customers;
  to.revenue_micros += more.revenue_micros;
  to.recency_seconds += more.recency_seconds;
  to.orders += more.orders;
}

RfmCellTotals GrandTotal(const std::vector<RfmCellTotals>& cells) {
  RfmCellTotals all;
  for (const RfmCellTotals& cell : cells) Add(all, cell);
  return all;
}

// The columns that cells and segments share.
template <typename Row>
void Fill(Row& row, const RfmCellTotals& totals, const RfmCellTotals& all) {
  row.customers = totals.customers;
  row.share_of_customers = Quotient(totals.customers, all.customers);
  row.revenue_micros = totals.revenue_micros;
  row.share_of_revenue = Quotient(totals.revenue_micros, all.revenue_micros);
  row.avg_recency_days = MeanDays(totals.recency_seconds, totals.customers);
  row.avg_frequency = Quotient(totals.orders, totals.customers);
  row.avg_monetary = MeanUnits(totals.revenue_micros, totals.customers);
}

}  // namespace

int RfmScore(int64_t worse, int64_t population) {
  const auto fifths = absl::int128(kBestRfmScore) * worse / std::max<int64_t>(population, 1);
  return std::min(kBestRfmScore, 1 + static_cast<int>(fifths));
}

int FmScore(int f_score, int m_score) { return (f_score + m_score + 1) / 2; }

std::string_view RfmSegment(int r_score, int fm_score) {
  return kSegmentTable[kBestRfmScore - r_score][fm_score - 1];
}

std::string RfmDigits(int r_score, int f_score, int m_score) {
  return std::to_string(100 * r_score + 10 * f_score + m_score);
}

std::vector<RfmCellRow> MakeRfmMatrix(const std::vector<RfmCellTotals>& cells) {
  const RfmCellTotals all = GrandTotal(cells);
  std::vector<RfmCellRow> rows;
  for (int r = kBestRfmScore; r >= 1; --r) {
    for (int fm = 1; fm <= kBestRfmScore; ++fm) {
      const auto found = std::find_if(cells.begin(), cells.end(), [&](const RfmCellTotals& cell) {
        return cell.r_score == r && cell.fm_score == fm;
      });
      RfmCellRow row;
      row.r_score = r;
      row.fm_score = fm;
      row.rfm_segment = RfmSegment(r, fm);
      Fill(row, found == cells.end() ? RfmCellTotals{} : *found, all);
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

std::vector<RfmSegmentRow> MakeRfmSummary(const std::vector<RfmCellTotals>& cells) {
  const RfmCellTotals all = GrandTotal(cells);
  std::vector<RfmSegmentRow> rows;
  for (const std::string_view segment : kRfmSegments) {
    RfmCellTotals totals;
    for (const RfmCellTotals& cell : cells) {
      if (RfmSegment(cell.r_score, cell.fm_score) == segment) Add(totals, cell);
    }
    RfmSegmentRow row;
    row.rfm_segment = segment;
    Fill(row, totals, all);
    rows.push_back(std::move(row));
  }
  std::stable_sort(rows.begin(), rows.end(), [](const RfmSegmentRow& a, const RfmSegmentRow& b) {
    return a.revenue_micros > b.revenue_micros;
  });
  return rows;
}

}  // namespace clv::domain
