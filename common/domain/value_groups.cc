#include "common/domain/value_groups.h"

#include <algorithm>

namespace clv::domain {
namespace {

struct GrandTotals {
  uint64_t customers = 0;
  absl::int128 revenue_micros = 0;
};

void Add(GrandTotals& all, const ValueGroup& group) {
  all.customers += group.spend.sums.count();
  all.revenue_micros += group.spend.sums.sum();
}

template <typename Row>
void FillPercentiles(Row& row, const SpendFigures& spend) {
  static_assert(kSpendPercentiles == std::array<unsigned, 7>{0, 25, 50, 75, 90, 99, 100});
  const auto& micros = spend.percentile_micros;
  row.min_clv_micros = micros[0];
  row.p25_clv_micros = micros[1];
  row.median_clv_micros = micros[2];
  row.p75_clv_micros = micros[3];
  row.p90_clv_micros = micros[4];
  row.p99_clv_micros = micros[5];
  row.max_clv_micros = micros[6];
}

// The columns that both reports share.
template <typename Row>
void Fill(Row& row, const ValueGroup& group, const GrandTotals& all) {
  const absl::int128 customers = group.spend.sums.count();
  row.customers = group.spend.sums.count();
  row.share_of_customers = Quotient(customers, all.customers);
  row.total_revenue_micros = group.spend.sums.sum();
  row.share_of_revenue = Quotient(row.total_revenue_micros, all.revenue_micros);
  row.window_revenue_micros = group.window_revenue_micros;
  row.window_orders = static_cast<uint64_t>(group.window_orders);
  row.orders = static_cast<uint64_t>(group.orders);
  row.avg_clv = MeanUnits(row.total_revenue_micros, customers);
  if (customers > 0) FillPercentiles(row, group.spend);
  row.stddev_clv = group.spend.sums.SampleStddevUnits();
  row.avg_order_value = MeanUnits(row.total_revenue_micros, group.orders);
  row.avg_purchase_count = Quotient(group.orders, customers);
  row.repeat_rate = Quotient(group.repeat_customers, customers);
  row.avg_lifespan_days = MeanDays(group.lifespan_seconds, customers);
  row.avg_days_between_orders = MeanDays(group.lifespan_seconds, group.orders - customers);
  row.first_purchase_date = group.first_purchase_date;
  row.last_purchase_date = group.last_purchase_date;
}

template <typename Row, typename NameOf>
void SortByRevenue(std::vector<Row>& rows, NameOf name_of) {
  std::sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
    if (a.total_revenue_micros != b.total_revenue_micros) {
      return a.total_revenue_micros > b.total_revenue_micros;
    }
    return name_of(a) < name_of(b);
  });
}

}  // namespace

SpendFigures SpendFiguresOf(const std::vector<int64_t>& ascending_micros) {
  SpendFigures figures;
  for (const int64_t micros : ascending_micros) figures.sums.Add(micros);
  for (size_t i = 0; i < kSpendPercentiles.size(); ++i) {
    figures.percentile_micros[i] = Percentile(ascending_micros, kSpendPercentiles[i]).value_or(0);
  }
  return figures;
}

std::vector<ClvBySegmentRow> MakeSegmentRows(const std::vector<ValueGroup>& groups) {
  GrandTotals all;
  for (const ValueGroup& group : groups) Add(all, group);
  std::vector<ClvBySegmentRow> rows;
  for (const ValueGroup& group : groups) {
    ClvBySegmentRow row;
    row.customer_segment = group.name;
    Fill(row, group, all);
    rows.push_back(std::move(row));
  }
  SortByRevenue(
      rows, [](const ClvBySegmentRow& row) -> const std::string& { return row.customer_segment; });
  return rows;
}

std::vector<ClvByAcquisitionSourceRow> MakeSourceRows(const std::vector<SourceGroup>& groups) {
  GrandTotals all;
  for (const SourceGroup& group : groups) Add(all, group.value);
  std::vector<ClvByAcquisitionSourceRow> rows;
  for (const SourceGroup& group : groups) {
    ClvByAcquisitionSourceRow row;
    row.acquisition_source = group.value.name;
    Fill(row, group.value, all);
    row.signups = group.signups;
    row.signup_to_purchase_rate = Quotient(group.signups_with_orders, group.signups);
    const auto early = [&](size_t i) {
      return MeanUnits(group.early_revenue_micros[i], group.early_customers[i]);
    };
    row.ltv_30d = early(0);
    row.ltv_30d_customers = group.early_customers[0];
    row.ltv_90d = early(1);
    row.ltv_90d_customers = group.early_customers[1];
    row.ltv_180d = early(2);
    row.ltv_180d_customers = group.early_customers[2];
    row.ltv_365d = early(3);
    row.ltv_365d_customers = group.early_customers[3];
    rows.push_back(std::move(row));
  }
  SortByRevenue(rows, [](const ClvByAcquisitionSourceRow& row) -> const std::string& {
    return row.acquisition_source;
  });
  return rows;
}

}  // namespace clv::domain
