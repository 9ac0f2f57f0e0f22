#include "common/storage/sqlite/stored_models.h"

#include "common/base/status_macros.h"
#include "common/storage/fitted_models_codec.h"
#include "common/storage/sqlite/migrations/migrations.h"

namespace clv::storage {
namespace {

constexpr char kFind[] =
    "SELECT model_version, data_horizon, fitted_at, fit_seconds, fit FROM clv_models "
    "WHERE model_version = ?1 OR ?1 = 0 ORDER BY model_version DESC LIMIT 1";
constexpr char kList[] =
    "SELECT model_version, data_horizon, fitted_at, fit_seconds, fit FROM clv_models "
    "ORDER BY model_version DESC LIMIT ?1";
constexpr char kScoring[] = "SELECT model_version, day FROM scoring";

absl::StatusOr<StoredModels> ReadModels(const Statement& row) {
  StoredModels stored{.version = static_cast<uint64_t>(row.Int(0)),
                      .data_horizon_seconds = row.Int(1),
                      .fitted_at_seconds = row.Int(2),
                      .fit_seconds = row.Double(3),
                      .models = {}};
  CLV_ASSIGN_OR_RETURN(stored.models, UnpackFittedModels(row.Blob(4)));
  return stored;
}

}  // namespace

absl::StatusOr<std::unique_ptr<StoredModelStatements>> StoredModelStatements::Prepare(
    Database& db) {
  std::unique_ptr<StoredModelStatements> statements(new StoredModelStatements);
  CLV_ASSIGN_OR_RETURN(statements->find_, db.Prepare(kFind));
  CLV_ASSIGN_OR_RETURN(statements->list_, db.Prepare(kList));
  CLV_ASSIGN_OR_RETURN(statements->scoring_, db.Prepare(kScoring));
  return statements;
}

absl::StatusOr<std::optional<StoredModels>> StoredModelStatements::Find(uint64_t version) {
  std::optional<StoredModels> found;
  find_.Reset();
  find_.Bind(1, static_cast<int64_t>(version));
  CLV_ASSIGN_OR_RETURN(const bool has_row, find_.Step());
  if (has_row) {
    CLV_ASSIGN_OR_RETURN(found, ReadModels(find_));
  }
  find_.Reset();
  return found;
}

absl::StatusOr<std::vector<StoredModels>> StoredModelStatements::List(uint32_t limit) {
  std::vector<StoredModels> all;
  list_.Reset();
  list_.Bind(1, int64_t{limit});
  while (true) {
    CLV_ASSIGN_OR_RETURN(const bool has_row, list_.Step());
    if (!has_row) break;
    CLV_ASSIGN_OR_RETURN(StoredModels stored, ReadModels(list_));
    all.push_back(std::move(stored));
  }
  list_.Reset();
  return all;
}

absl::StatusOr<std::optional<ScoringState>> StoredModelStatements::Scoring() {
  std::optional<ScoringState> scoring;
  scoring_.Reset();
  CLV_ASSIGN_OR_RETURN(const bool has_row, scoring_.Step());
  if (has_row) scoring = {static_cast<uint64_t>(scoring_.Int(0)), scoring_.Int(1)};
  scoring_.Reset();
  return scoring;
}

absl::StatusOr<std::optional<ServingState>> ReadServingState(Database& db) {
  CLV_ASSIGN_OR_RETURN(const auto statements, StoredModelStatements::Prepare(db));
  CLV_ASSIGN_OR_RETURN(const std::optional<ScoringState> scoring, statements->Scoring());
  if (!scoring) return std::nullopt;
  CLV_ASSIGN_OR_RETURN(std::optional<StoredModels> stored,
                       statements->Find(scoring->model_version));
  if (!stored) return std::nullopt;
  return ServingState{.fit = {.version = stored->version,
                              .data_horizon_seconds = stored->data_horizon_seconds,
                              .models = std::move(stored->models)},
                      .day = scoring->day};
}

absl::StatusOr<StoredModelStatements*> SqliteModelReader::Statements() {
  if (db_ == nullptr) {
    CLV_ASSIGN_OR_RETURN(auto db, Database::Open({.path = path_,
                                                  .mode = Database::Mode::kReadOnly,
                                                  .migrations = &ClvMigrations(),
                                                  .cache_kib = 1024}));
    CLV_ASSIGN_OR_RETURN(statements_, StoredModelStatements::Prepare(*db));
    db_ = std::move(db);
  }
  return statements_.get();
}

absl::StatusOr<std::optional<StoredModels>> SqliteModelReader::FindModels(uint64_t version) {
  std::lock_guard lock(mutex_);
  CLV_ASSIGN_OR_RETURN(StoredModelStatements * statements, Statements());
  return statements->Find(version);
}

absl::StatusOr<std::vector<StoredModels>> SqliteModelReader::ListModels(uint32_t limit) {
  std::lock_guard lock(mutex_);
  CLV_ASSIGN_OR_RETURN(StoredModelStatements * statements, Statements());
  return statements->List(limit);
}

absl::StatusOr<std::optional<ScoringState>> SqliteModelReader::Scoring() {
  std::lock_guard lock(mutex_);
  CLV_ASSIGN_OR_RETURN(StoredModelStatements * statements, Statements());
  return statements->Scoring();
}

}  // namespace clv::storage
