#include "services/ingest/write_metrics.h"

#include <algorithm>
#include <string>

#include "common/metrics/catalogue.h"

namespace clv::ingest {

WriteMetrics::WriteMetrics(metrics::Registry* registry)
    : durations_(HistogramIn(registry, metrics::kIngestAppendDuration)),
      group_(HistogramIn(registry, metrics::kIngestAppendGroup)),
      failures_(CounterIn(registry, metrics::kIngestFailedAppends)) {
  for (const storage::DataSource data_source : domain::kDataSources) {
    const std::string name(domain::DataSourceName(data_source));
    DataSourceCounters& counters = counters_[data_source];
    counters.accepted = CounterIn(registry, metrics::kIngestAcceptedRows, {name});
    counters.text = CounterIn(registry, metrics::kIngestQuarantinedRows, {name, "(text)"});
    size_t place = 0;
    for (const domain::Column& column : domain::ColumnsOf(data_source)) {
      counters.columns.at(place++) =
          CounterIn(registry, metrics::kIngestQuarantinedRows, {name, std::string(column.name)});
    }
  }
}

void WriteMetrics::CountAccepted(const PreparedWrite& write) const {
  if (write.accepted_rows == 0) return;
  counters_.at(write.data_source).accepted.Add(static_cast<double>(write.accepted_rows));
}

void WriteMetrics::CountQuarantined(const std::vector<storage::LogBatch>& batches) const {
  for (const storage::LogBatch& batch : batches) {
    for (const storage::QuarantinedRow& row : batch.quarantined) {
      const DataSourceCounters& counters = counters_.at(row.data_source);
      // Its columns are all of the data source, in order, or none.
      const auto broken = std::find_if(
          row.columns.begin(), row.columns.end(),
          [](const storage::QuarantinedColumn& column) { return !column.error.empty(); });
      if (broken == row.columns.end()) {
        counters.text.Add();
      } else {
        counters.columns.at(static_cast<size_t>(broken - row.columns.begin())).Add();
      }
    }
  }
}

void WriteMetrics::CountAppend(std::chrono::steady_clock::duration took, size_t writes,
                               bool ok) const {
  if (!ok) {
    failures_.Add();
    return;
  }
  durations_.Observe(took);
  group_.Observe(static_cast<double>(writes));
}

}  // namespace clv::ingest
