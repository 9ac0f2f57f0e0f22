#include "tests/services/query/projection/folded_store.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "common/domain/data_sources.h"
#include "common/domain/model_choice.h"
#include "common/storage/fitted_models_codec.h"
#include "common/storage/sqlite/db.h"
#include "gtest/gtest.h"
#include "services/aggregation/recompute.h"
#include "services/ingest/json_batch.h"

namespace clv::query {
namespace {

using domain::ModelFamily;

domain::FittedModels SomeFit(uint64_t version) {
  const double more = 1 + 0.01 * static_cast<double>(version % 50);
  domain::FittedModels models;
  models.families = {
      {.family = ModelFamily::kBgNbd, .parameters = {.6 * more, 30, .7, 2.2}, .converged = true},
      {.family = ModelFamily::kParetoNbd,
       .parameters = {.6, 30 * more, .5, 80},
       .converged = true,
       .drop_out_identified = version % 3 != 0},
      {.family = ModelFamily::kMbgNbd, .parameters = {.7, 33, .6, 1.9}, .converged = false},
      {.family = ModelFamily::kNbd, .parameters = {.5, 60}, .converged = true}};
  models.chosen = version % 2 == 0 ? ModelFamily::kBgNbd : ModelFamily::kNbd;
  models.choice_reason = "chosen by a test";
  if (version % 5 != 0) {
    models.spend =
        domain::SpendFit{.parameters = {4, 3 * more, 50}, .customers = 77, .converged = true};
  }
  models.mean_order_value = 88 * more;
  models.customers = 1000;
  models.repeat_customers = 400;
  models.horizon_day = 19'600;
  return models;
}

}  // namespace

FoldedStore::FoldedStore(const Options& options) {
  auto store = storage::SqliteClvStore::Open({.path = path_,
                                              .coming = &coming_,
                                              .least_folded_ahead = options.least_folded_ahead,
                                              .changes = options.changes});
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

void FoldedStore::Fold(aggregation::LoggedRows rows, const std::function<bool()>& may_commit) {
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
  if (!may_commit()) return;
  if (rows.position > unannounced_) {
    announced_ = std::max(announced_, rows.position - unannounced_);
  }
  const absl::Status committed = (*transaction)->Commit(rows.position, announced_);
  ASSERT_TRUE(committed.ok()) << committed;
  position_ = rows.position;
}

void FoldedStore::Announce() {
  const absl::Status announced = store_->Announce(position_);
  ASSERT_TRUE(announced.ok()) << announced;
  announced_ = position_;
}

void FoldedStore::PutScoring(uint64_t model_version, int64_t day) {
  auto db = storage::Database::Open({.path = path_,
                                     .mode = storage::Database::Mode::kReadWrite,
                                     .migrations = &storage::ClvMigrations()});
  ASSERT_TRUE(db.ok()) << db.status();
  auto insert =
      (*db)->Prepare("INSERT OR REPLACE INTO clv_models VALUES (?, 'bgnbd', '', 1, 1, ?, 0, 1, ?)");
  ASSERT_TRUE(insert.ok()) << insert.status();
  insert->Bind(1, static_cast<int64_t>(model_version));
  insert->Bind(2, day * 86'400);
  insert->BindBlob(3, storage::PackFittedModels(SomeFit(model_version)));
  ASSERT_TRUE(insert->Run().ok());
  auto scoring = (*db)->Prepare("INSERT OR REPLACE INTO scoring VALUES (1, ?, ?, 0)");
  ASSERT_TRUE(scoring.ok()) << scoring.status();
  scoring->Bind(1, static_cast<int64_t>(model_version));
  scoring->Bind(2, day);
  ASSERT_TRUE(scoring->Run().ok());
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
