#include "tests/services/query/projection/folded_store.h"

#include <cstdlib>
#include <utility>

#include "common/domain/data_sources.h"
#include "gtest/gtest.h"
#include "services/aggregation/recompute.h"
#include "services/ingest/json_batch.h"

namespace clv::query {

FoldedStore::FoldedStore() {
  auto store = storage::SqliteClvStore::Open({.path = path_});
  if (!store.ok()) {
    std::fprintf(stderr, "no store: %s\n", store.status().ToString().c_str());
    std::abort();
  }
  store_ = *std::move(store);
  AdoptReportingCurrency("USD");
}

void FoldedStore::Fold(const properties::Batch& batch, int64_t received_at_seconds) {
  std::string body;
  for (const std::string& value : batch.values) body += value + "\n";
  const auto write =
      ingest::ReadJsonBatch(body, {.data_source = *domain::DataSourceOfName(batch.data_source),
                                   .received_at_seconds = received_at_seconds});
  ASSERT_TRUE(write.ok()) << write.status();
  for (const storage::LogBatch& part : write->batches) {
    if (!part.record) continue;
    Fold(aggregation::DecodeRecord({.position = position_ + 1,
                                    .data_source = part.record->data_source,
                                    .received_at_seconds = part.record->received_at_seconds,
                                    .row_count = part.record->row_count,
                                    .payload = part.record->payload}));
  }
}

void FoldedStore::Fold(wire::LogCommand command) {
  aggregation::LoggedRows rows;
  rows.command = std::move(command);
  Fold(std::move(rows));
}

void FoldedStore::Fold(aggregation::LoggedRows rows) {
  rows.position = position_ + 1;
  const auto transaction = store_->Begin();
  ASSERT_TRUE(transaction.ok()) << transaction.status();
  const aggregation::FoldOptions options{
      .reporting_currency = currency_,
      .read_log = [](storage::LogPosition) -> absl::StatusOr<std::vector<storage::LoggedRecord>> {
        return absl::FailedPreconditionError("this test has no log");
      },
      .open_erasures = {}};
  const auto counts = aggregation::Fold({rows}, options, **transaction);
  ASSERT_TRUE(counts.ok()) << counts.status();
  const absl::Status committed = (*transaction)->Commit(rows.position);
  ASSERT_TRUE(committed.ok()) << committed;
  position_ = rows.position;
}

void FoldedStore::Rebuild() {
  const auto done = aggregation::Rebuild(*store_, [](const auto&) { return true; });
  ASSERT_TRUE(done.ok()) << done.status();
}

void FoldedStore::AdoptReportingCurrency(const std::string& currency) {
  currency_ = currency;
  const absl::Status adopted = aggregation::AdoptReportingCurrency(*store_, currency);
  ASSERT_TRUE(adopted.ok()) << adopted;
}

}  // namespace clv::query
