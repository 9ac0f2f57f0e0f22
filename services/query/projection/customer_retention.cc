#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "common/domain/cohort_table.h"
#include "common/storage/retention_terms.h"
#include "services/query/projection/cohort_activity.h"
#include "services/query/projection/period_table.h"
#include "services/query/projection/report_answers.h"

namespace clv::query {
namespace {

using domain::CalendarPeriod;
using domain::Cohort;
using storage::CohortBasis;
using storage::Granularity;
using storage::RetentionMode;
using storage::RetentionQuery;

// One cohort in one part of a scan; vectors by period, as long as something happened.
struct CohortPart {
  uint64_t size = 0;
  std::vector<CohortCell> cells;
  std::vector<uint64_t> steps;

  CohortCell& CellOf(uint32_t period) {
    if (period >= cells.size()) cells.resize(period + 1);
    return cells[period];
  }
  void Step(uint32_t period) {
    if (period >= steps.size()) steps.resize(period + 1);
    ++steps[period];
  }
  CohortPart& operator+=(const CohortPart& more) {
    size += more.size;
    for (uint32_t n = 0; n < more.cells.size(); ++n) {
      CohortCell& cell = CellOf(n);
      cell.active_customers += more.cells[n].active_customers;
      cell.orders += more.cells[n].orders;
      cell.revenue_micros += more.cells[n].revenue_micros;
    }
    if (steps.size() < more.steps.size()) steps.resize(more.steps.size());
    for (size_t n = 0; n < more.steps.size(); ++n) steps[n] += more.steps[n];
    return *this;
  }
};

using Cohorts = std::vector<CohortPart>;  // by relative number of the period

// One scan for one query.
class CohortScan {
 public:
  CohortScan(const ReportView& view, const RetentionQuery& query, const PeriodTable& periods)
      : view_(view),
        query_(query),
        periods_(periods),
        scope_{periods, query.periods, view.as_of_seconds()} {}

  absl::StatusOr<Cohorts> Run() const {
    CLV_ASSIGN_OR_RETURN(
        std::vector<Cohorts> parts,
        ScanChunks(view_.version().chunks.size(), view_.heavy_scan(), Cohorts(periods_.size()),
                   [&](size_t c, Cohorts& part) { ScanChunk(c, part); }));
    for (size_t p = 1; p < parts.size(); ++p) {
      for (size_t n = 0; n < parts[p].size(); ++n) {
        if (parts[p][n].size > 0) parts[0][n] += parts[p][n];
      }
    }
    return std::move(parts[0]);
  }

 private:
  void ScanChunk(size_t c, Cohorts& part) const {
    const CustomerChunk& chunk = view_.version().chunks[c];
    const StateColumns& state = view_.states()[c];
    const size_t size = view_.version().SizeOf(c);
    for (size_t i = 0; i < size; ++i) {
      if (!view_.Passes(chunk, i)) continue;
      if (query_.cohort_by == CohortBasis::kSignup) {
        if (!chunk.described[i] || chunk.Signup(i) == kNoInstant ||
            int64_t{chunk.Signup(i)} > view_.as_of_seconds()) {
          continue;
        }
        ScanMember(chunk, state, i, periods_[chunk.Signup(i)], part);
      } else if (state.purchase_count[i] >= 1) {
        ScanMember(chunk, state, i, periods_[state.first[i]], part);
      }
    }
  }

  void ScanMember(const CustomerChunk& chunk, const StateColumns& state, size_t i,
                  uint32_t cohort_number, Cohorts& part) const {
    CohortPart& cohort = part[cohort_number];
    ++cohort.size;
    if (query_.retention == RetentionMode::kRolling && state.purchase_count[i] >= 1) {
      const uint32_t last = periods_[state.last[i]];
      // Activity in a period after the last one shown counts in all that are shown.
      if (last >= cohort_number) cohort.Step(std::min(last - cohort_number, query_.periods));
    }
    const ImportedRecord* const imported = state.imported[i] ? chunk.rare.ImportedOf(i) : nullptr;
    Sink sink{cohort, query_.retention == RetentionMode::kCumulative};
    CohortActivity<Sink>(scope_, cohort_number, sink).Add(chunk, i, imported);
  }

  struct Sink {
    CohortPart& cohort;
    bool counts_seconds;

    CohortCell& CellOf(uint32_t period) { return cohort.CellOf(period); }
    void SecondIn(uint32_t period) {
      if (counts_seconds) cohort.Step(period);
    }
  };

  const ReportView& view_;
  const RetentionQuery& query_;
  const PeriodTable& periods_;
  const ActivityScope scope_;
};

// The kept cube answers the usual question.
bool IsInCube(const ReportView& view, const RetentionQuery& query) {
  return query.granularity == Granularity::kMonth &&
         query.cohort_by == CohortBasis::kFirstPurchase &&
         query.retention == RetentionMode::kPeriod && view.states().are_kept() &&
         (!view.has_filters() || view.version().population->cube.has_sets());
}

void AddCohort(const CubeCohort& kept, uint32_t last_period, Cohorts& cohorts) {
  CohortPart& cohort = cohorts[kept.number];
  cohort.size += kept.size;
  const size_t periods = std::min<size_t>(kept.cells.size(), size_t{last_period} + 1);
  if (cohort.cells.size() < periods) cohort.cells.resize(periods);
  for (size_t n = 0; n < periods; ++n) {
    cohort.cells[n].active_customers += kept.cells[n].active_customers;
    cohort.cells[n].orders += kept.cells[n].orders;
    cohort.cells[n].revenue_micros += kept.cells[n].revenue_micros;
  }
}

Cohorts FromCube(const ReportView& view, const RetentionQuery& query, const PeriodTable& periods) {
  const RetentionCube& cube = view.version().population->cube;
  Cohorts cohorts(periods.size());
  if (!view.has_filters()) {
    for (const auto& cohort : cube.all()) AddCohort(*cohort, query.periods, cohorts);
    return cohorts;
  }
  for (uint32_t set = 0; set < view.version().attribute_sets; ++set) {
    if (!view.PassesSet(set)) continue;
    for (const auto& cohort : cube.Of(set)) AddCohort(*cohort, query.periods, cohorts);
  }
  return cohorts;
}

Cohort ToCohort(int64_t number, const CohortPart& part) {
  Cohort cohort{.number = number, .size = part.size, .cells = {}, .steps = {}};
  for (size_t n = 0; n < part.cells.size(); ++n) {
    const CohortCell& cell = part.cells[n];
    cohort.cells.push_back({.period = static_cast<int64_t>(n),
                            .active_customers = cell.active_customers,
                            .orders = cell.orders,
                            .revenue_micros = cell.revenue_micros});
  }
  for (size_t n = 0; n < part.steps.size(); ++n) {
    cohort.steps.push_back({.period = static_cast<int64_t>(n), .customers = part.steps[n]});
  }
  return cohort;
}

}  // namespace

absl::StatusOr<storage::Report<domain::CustomerRetentionRow>> CustomerRetention(
    const ReportView& view, const RetentionQuery& query) {
  const CalendarPeriod kind = storage::KindOf(query.granularity);
  const PeriodTable& periods = PeriodTable::Of(kind);
  Cohorts parts;
  if (IsInCube(view, query)) {
    parts = FromCube(view, query, periods);
  } else {
    CLV_ASSIGN_OR_RETURN(parts, CohortScan(view, query, periods).Run());
  }
  std::vector<Cohort> cohorts;
  for (uint32_t n = 0; n < parts.size(); ++n) {
    if (parts[n].size == 0) continue;
    const int64_t number = periods.NumberOf(n);
    if (!storage::BeginsInside(query.scope.window, domain::PeriodStart(kind, number))) continue;
    cohorts.push_back(ToCohort(number, parts[n]));
  }
  storage::Report<domain::CustomerRetentionRow> report;
  domain::MakeCohortTable(cohorts,
                          {.kind = kind,
                           .retained = storage::ModeOf(query.retention),
                           .last_period = query.periods,
                           .as_of_seconds = view.as_of_seconds()},
                          [&](const domain::CustomerRetentionRow& row) {
                            if (InRange(query.scope.range, report.total_rows++)) {
                              report.rows.push_back(row);
                            }
                          });
  return report;
}

}  // namespace clv::query
