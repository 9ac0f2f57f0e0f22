#include "common/storage/sqlite/projection_source.h"

#include <algorithm>
#include <thread>

#include "common/base/status_macros.h"
#include "common/storage/sqlite/clv_statements.h"
#include "common/storage/sqlite/customer_changes.h"
#include "common/storage/sqlite/migrations/migrations.h"
#include "common/storage/sqlite/product_figures.h"
#include "common/storage/sqlite/stored_currency.h"
#include "common/storage/sqlite/stored_models.h"

namespace clv::storage {
namespace {

using std::chrono::steady_clock;

constexpr char kStoreId[] = "store_id";

absl::StatusOr<std::unique_ptr<Database>> OpenReader(const std::string& path, int cache_kib) {
  return Database::Open({.path = path,
                         .mode = Database::Mode::kReadOnly,
                         .migrations = &ClvMigrations(),
                         .cache_kib = cache_kib});
}

}  // namespace

// What outlives a reading: the connection, its statements and the texts that were read.
class SqliteProjectionSource::Connection {
 public:
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string& path) {
    auto connection = std::make_unique<Connection>();
    CLV_ASSIGN_OR_RETURN(connection->db, OpenReader(path, 4 * 1024));
    Database& db = *connection->db;
    CLV_ASSIGN_OR_RETURN(connection->reads, ClvReadStatements::Prepare(db));
    CLV_ASSIGN_OR_RETURN(connection->changes, CustomerChangesReader::Prepare(db));
    CLV_ASSIGN_OR_RETURN(connection->models, StoredModelStatements::Prepare(db));
    CLV_ASSIGN_OR_RETURN(connection->currency, StoredCurrencyReader::Prepare(db));
    CLV_ASSIGN_OR_RETURN(connection->horizon, db.Prepare("SELECT date FROM latest_activity"));
    CLV_ASSIGN_OR_RETURN(connection->folded_positions,
                         db.Prepare("SELECT customer_id, folded_position, page_id FROM "
                                    "customer_clv WHERE folded_position >= 0"));
    connection->products = std::make_unique<ProductCounter>(connection->reads->purchases().texts());
    return connection;
  }

  std::unique_ptr<Database> db;
  std::unique_ptr<ClvReadStatements> reads;
  std::unique_ptr<CustomerChangesReader> changes;
  std::unique_ptr<ProductCounter> products;
  std::unique_ptr<StoredModelStatements> models;
  StoredCurrencyReader currency;
  Statement horizon, folded_positions;
};

class SqliteProjectionSource::Reading final : public ProjectionReading {
 public:
  static absl::StatusOr<std::unique_ptr<Reading>> Begin(Connection& connection) {
    CLV_ASSIGN_OR_RETURN(Transaction transaction,
                         Transaction::Begin(*connection.db, Transaction::Kind::kDeferred));
    std::unique_ptr<Reading> reading(new Reading(connection, std::move(transaction)));
    CLV_RETURN_IF_ERROR(reading->ReadState());
    return reading;
  }

  const std::string& store_id() const override { return store_id_; }
  LogPosition folded_position() const override { return folded_position_; }
  uint64_t last_change() const override { return last_change_; }
  const std::string& reporting_currency() const override { return currency_.code; }
  std::optional<int64_t> horizon_seconds() const override { return horizon_seconds_; }

  absl::StatusOr<std::optional<ScoringState>> Scoring() override {
    return connection_.models->Scoring();
  }
  absl::StatusOr<std::optional<domain::ServingFit>> FindFit(uint64_t version) override {
    CLV_ASSIGN_OR_RETURN(std::optional<StoredModels> stored, connection_.models->Find(version));
    if (!stored) return std::optional<domain::ServingFit>();
    return std::optional(domain::ServingFit{.version = stored->version,
                                            .data_horizon_seconds = stored->data_horizon_seconds,
                                            .models = std::move(stored->models)});
  }

  absl::StatusOr<bool> VisitChangedAfter(uint64_t change, VisitCustomer visit,
                                         VisitChange visit_change, VisitId visit_removed) override {
    const auto visit_name = [&](std::string_view id) -> absl::Status {
      CLV_ASSIGN_OR_RETURN(const bool is_there, Find(id, [&](CustomerInStore facts) {
                             ProjectCustomer(std::move(facts), &customer_);
                             return visit(customer_);
                           }));
      return is_there ? absl::OkStatus() : visit_removed(id);
    };
    return connection_.changes->VisitAfter(change, visit, visit_change, visit_name);
  }

  absl::StatusOr<bool> AreManyChangedAfter(uint64_t change) override {
    constexpr uint64_t kBytesOfMany = 192 * 1024;
    CLV_ASSIGN_OR_RETURN(const std::optional<uint64_t> bytes,
                         connection_.changes->NameBytesAfter(change));
    return !bytes || *bytes > kBytesOfMany;
  }

  absl::Status ScanFrom(LogPosition position, VisitFacts visit, VisitId visit_id) override {
    Statement& rows = connection_.folded_positions;
    rows.Reset();
    while (true) {
      CLV_ASSIGN_OR_RETURN(const bool has_row, rows.Step());
      if (!has_row) break;
      if (static_cast<LogPosition>(rows.Int(1)) < position) {
        CLV_RETURN_IF_ERROR(visit_id(rows.Text(0)));
        continue;
      }
      ids_.Clear();
      CLV_RETURN_IF_ERROR(connection_.reads->FindStoredAt(rows.Int(2), &ids_, &stored_));
      CLV_RETURN_IF_ERROR(Visit(visit));
    }
    rows.Reset();
    return absl::OkStatus();
  }

  absl::StatusOr<bool> Find(std::string_view customer_id, VisitFacts visit) override {
    ids_.Clear();
    CLV_RETURN_IF_ERROR(connection_.reads->FindStored(customer_id, &ids_, &stored_));
    if (!stored_.value) return false;
    CLV_RETURN_IF_ERROR(Visit(visit));
    return true;
  }

 private:
  Reading(Connection& connection, Transaction transaction)
      : connection_(connection), transaction_(std::move(transaction)) {}

  // With the customer of stored_.
  absl::Status Visit(VisitFacts visit) {
    CustomerInStore facts{.value = *std::move(stored_.value), .imported = {}, .purchases = {}};
    if (facts.value.imported) {
      CLV_ASSIGN_OR_RETURN(facts.imported, connection_.reads->FindImport(facts.value.customer_id));
    }
    orders_.Group(stored_.purchases);
    facts.purchases = {.rows = stored_.purchases,
                       .orders = &orders_,
                       .reporting_currency = currency_.text,
                       .products = {}};
    CLV_ASSIGN_OR_RETURN(
        facts.purchases.products,
        connection_.products->Count(stored_.purchases, orders_, currency_.text, {}));
    return visit(std::move(facts));
  }

  absl::Status ReadState() {
    CLV_ASSIGN_OR_RETURN(folded_position_, connection_.reads->Checkpoint());
    CLV_ASSIGN_OR_RETURN(store_id_, connection_.reads->Setting(kStoreId));
    CLV_ASSIGN_OR_RETURN(currency_, connection_.currency.Read());
    CLV_ASSIGN_OR_RETURN(last_change_, connection_.changes->LastChange());
    CLV_RETURN_IF_ERROR(connection_.horizon.Step().status());
    horizon_seconds_ = connection_.horizon.OptionalInt(0);
    connection_.horizon.Reset();
    return absl::OkStatus();
  }

  Connection& connection_;
  Transaction transaction_;
  std::string store_id_;
  LogPosition folded_position_ = 0;
  uint64_t last_change_ = 0;
  StoredCurrency currency_;
  std::optional<int64_t> horizon_seconds_;
  StoredCustomer stored_;  // that was read last, with its orders and the ids of its purchases
  FactOrders orders_;
  TextArena ids_;
  ProjectedCustomer customer_;  // of VisitChangedAfter
};

SqliteProjectionSource::SqliteProjectionSource(std::string path) : path_(std::move(path)) {}
SqliteProjectionSource::~SqliteProjectionSource() = default;

absl::StatusOr<std::unique_ptr<ProjectionReading>> SqliteProjectionSource::Read() {
  if (connection_ == nullptr) {
    CLV_ASSIGN_OR_RETURN(connection_, Connection::Open(path_));
  }
  absl::StatusOr<std::unique_ptr<Reading>> reading = Reading::Begin(*connection_);
  if (!reading.ok()) {
    connection_.reset();
    return reading.status();
  }
  return std::unique_ptr<ProjectionReading>(*std::move(reading));
}

SqliteChangeWatch::SqliteChangeWatch(std::string path, const Broadcast* folded)
    : path_(std::move(path)), folded_(folded) {}
SqliteChangeWatch::~SqliteChangeWatch() = default;

absl::StatusOr<int64_t> SqliteChangeWatch::Version() {
  std::lock_guard lock(mutex_);
  if (db_ == nullptr) {
    CLV_ASSIGN_OR_RETURN(db_, OpenReader(path_, 256));
  }
  return db_->DataVersion();
}

absl::StatusOr<AnnouncedState> SqliteChangeWatch::Announced() {
  CLV_ASSIGN_OR_RETURN(const int64_t version, Version());
  std::lock_guard lock(mutex_);
  if (announced_as_of_ != version) {
    announced_as_of_ = -1;
    CLV_ASSIGN_OR_RETURN(last_announced_, ReadAnnounced());
    announced_as_of_ = version;
  }
  return last_announced_;
}

absl::StatusOr<AnnouncedState> SqliteChangeWatch::ReadAnnounced() {
  if (models_ == nullptr) {
    CLV_ASSIGN_OR_RETURN(
        announced_, db_->Prepare("SELECT announced_position, announced_change FROM checkpoint"));
    CLV_ASSIGN_OR_RETURN(models_, StoredModelStatements::Prepare(*db_));
  }
  CLV_ASSIGN_OR_RETURN(const Transaction transaction,
                       Transaction::Begin(*db_, Transaction::Kind::kDeferred));
  CLV_RETURN_IF_ERROR(announced_.Step().status());
  AnnouncedState state{.folded_position = static_cast<LogPosition>(announced_.Int(0)),
                       .last_change = static_cast<uint64_t>(announced_.Int(1)),
                       .scoring = {}};
  announced_.Reset();
  CLV_ASSIGN_OR_RETURN(state.scoring, models_->Scoring());
  return state;
}

void SqliteChangeWatch::WaitBeyond(int64_t seen, std::chrono::milliseconds timeout) {
  constexpr int kBusyPolls = 50;
  constexpr std::chrono::milliseconds kForeignCommitWait(20);
  const auto until = steady_clock::now() + timeout;
  for (int polls = 0;; ++polls) {
    const uint64_t count = folded_ != nullptr ? folded_->count() : 0;
    const absl::StatusOr<int64_t> version = Version();
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - steady_clock::now());
    if ((version.ok() && *version != seen) || left.count() <= 0) return;
    if (folded_ != nullptr) {
      folded_->WaitBeyond(count, std::min(left, kForeignCommitWait));
    } else {
      const std::chrono::milliseconds step(polls < kBusyPolls ? 1 : 5);
      std::this_thread::sleep_for(std::min(left, step));
    }
  }
}

}  // namespace clv::storage
