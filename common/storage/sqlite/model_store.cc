#include "common/storage/sqlite/model_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/status_macros.h"
#include "common/base/text_arena.h"
#include "common/storage/fitted_models_codec.h"
#include "common/storage/sqlite/customer_changes.h"
#include "common/storage/sqlite/migrations/migrations.h"
#include "common/storage/sqlite/purchase_page.h"

namespace clv::storage {
namespace {

constexpr char kCurrency[] =
    "SELECT text_id FROM settings JOIN purchase_texts ON text = value "
    "WHERE key = 'reporting_currency'";

constexpr char kOrders[] = R"sql(
SELECT k.customer_id, k.first_purchase_date, k.last_purchase_date, k.last_activity_date,
       k.purchases,
       i.total_spend_micros, i.purchase_count, i.first_purchase_date, i.last_purchase_date,
       i.updated_at
  FROM customer_clv k
  LEFT JOIN customer_clv_imports i ON k.imported AND i.customer_id = k.customer_id
 WHERE k.purchase_count >= 1 AND
)sql";

constexpr char kPopulation[] =
    "SELECT buyers, repeat_buyers, first_purchase_date, (SELECT date FROM latest_activity) "
    "FROM fact_counts";

// One that a fold has removed meanwhile stays away.
constexpr char kPutPrediction[] =
    "INSERT OR REPLACE INTO customer_predictions "
    "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 "
    "WHERE EXISTS (SELECT 1 FROM customer_clv WHERE customer_id = ?1)";

constexpr int64_t kKeptFits = 1000;

std::string ParametersForPeople(const domain::FittedModel& model) {
  std::string text;
  for (const auto& [name, value] : domain::NamedParameters(model)) {
    absl::StrAppendFormat(&text, "%s%s=%.10g", text.empty() ? "" : " ", name, value);
  }
  return text;
}

void BindReal(Statement& statement, int index, const std::optional<double>& value) {
  if (value) {
    statement.BindDouble(index, *value);
  } else {
    statement.BindNull(index);
  }
}

}  // namespace

class SqliteModelStore::Connection {
 public:
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string& path) {
    auto connection = std::make_unique<Connection>();
    CLV_ASSIGN_OR_RETURN(connection->db, Database::Open({.path = path,
                                                         .mode = Database::Mode::kReadOnly,
                                                         .migrations = &ClvMigrations(),
                                                         .cache_kib = 16 * 1024}));
    Database& db = *connection->db;
    CLV_ASSIGN_OR_RETURN(connection->changes, CustomerChangesReader::Prepare(db));
    CLV_ASSIGN_OR_RETURN(connection->currency, db.Prepare(kCurrency));
    CLV_ASSIGN_OR_RETURN(connection->population, db.Prepare(kPopulation));
    CLV_ASSIGN_OR_RETURN(connection->find, db.Prepare(absl::StrCat(kOrders, "k.customer_id = ?1")));
    CLV_ASSIGN_OR_RETURN(
        connection->scan,
        db.Prepare(absl::StrCat(kOrders, "k.customer_id > ?1 ORDER BY k.customer_id LIMIT ?2")));
    return connection;
  }

  // In one state; `limit` -1: all.
  absl::StatusOr<int> Scan(const std::string& after, int limit, VisitOrders visit) {
    CLV_ASSIGN_OR_RETURN(const Transaction transaction,
                         Transaction::Begin(*db, Transaction::Kind::kDeferred));
    CLV_RETURN_IF_ERROR(ReadCurrency());
    scan.Bind(1, after);
    scan.Bind(2, int64_t{limit});
    absl::StatusOr<int> visited = VisitRows(scan, visit);
    scan.Reset();
    return visited;
  }

  absl::Status Find(absl::Span<const std::string> customer_ids, VisitOrders visit) {
    CLV_ASSIGN_OR_RETURN(const Transaction transaction,
                         Transaction::Begin(*db, Transaction::Kind::kDeferred));
    CLV_RETURN_IF_ERROR(ReadCurrency());
    for (const std::string& id : customer_ids) {
      find.Bind(1, id);
      const absl::Status found = VisitRows(find, visit).status();
      find.Reset();
      CLV_RETURN_IF_ERROR(found);
    }
    return absl::OkStatus();
  }

  std::unique_ptr<Database> db;
  std::unique_ptr<CustomerChangesReader> changes;
  Statement currency, population, find, scan;

 private:
  absl::Status ReadCurrency() {
    CLV_ASSIGN_OR_RETURN(const bool has_row, currency.Step());
    reporting_currency_ = has_row ? static_cast<TextId>(currency.Int(0)) : 0;
    currency.Reset();
    return absl::OkStatus();
  }

  absl::StatusOr<int> VisitRows(Statement& row, VisitOrders visit) {
    for (int visited = 0;; ++visited) {
      CLV_ASSIGN_OR_RETURN(const bool has_row, row.Step());
      if (!has_row) return visited;
      CustomerOrders customer{.customer_id = row.Text(0),
                              .first_purchase_date = row.Int(1),
                              .last_purchase_date = row.Int(2),
                              .last_activity_date = row.Int(3)};
      CLV_ASSIGN_OR_RETURN(const std::vector<domain::OrderDay> days, DaysOf(row));
      customer.days = days;
      domain::ImportedClv imported;
      if (!row.IsNull(6)) {
        imported.total_spend_micros = row.Int(5);
        imported.purchase_count = row.Int(6);
        imported.first_purchase_date = row.Int(7);
        imported.last_purchase_date = row.Int(8);
        imported.updated_at = row.Int(9);
        customer.imported = &imported;
      }
      CLV_RETURN_IF_ERROR(visit(customer));
    }
  }

  absl::StatusOr<std::vector<domain::OrderDay>> DaysOf(const Statement& row) {
    if (row.IsNull(4)) return std::vector<domain::OrderDay>();
    ids_.Clear();
    facts_.clear();
    CLV_RETURN_IF_ERROR(UnpackPurchases(row.Blob(4), &ids_, &facts_));
    amounts_.clear();
    for (const PurchaseFact& fact : facts_) {
      amounts_.push_back(
          {fact.order(), fact.amount_micros, fact.date, fact.currency == reporting_currency_});
    }
    return domain::OrderDaysOf(amounts_);
  }

  TextId reporting_currency_ = 0;
  TextArena ids_;
  std::vector<PurchaseFact> facts_;
  std::vector<domain::PurchaseAmountView> amounts_;
};

SqliteModelStore::SqliteModelStore(SqliteClvStore* store, std::string path)
    : store_(store), path_(std::move(path)), reader_(path_) {}
SqliteModelStore::~SqliteModelStore() = default;

absl::StatusOr<SqliteModelStore::Connection*> SqliteModelStore::Open() {
  if (connection_ == nullptr) {
    CLV_ASSIGN_OR_RETURN(connection_, Connection::Open(path_));
  }
  return connection_.get();
}

absl::StatusOr<std::optional<StoredModels>> SqliteModelStore::FindModels(uint64_t version) {
  return reader_.FindModels(version);
}

absl::StatusOr<std::vector<StoredModels>> SqliteModelStore::ListModels(uint32_t limit) {
  return reader_.ListModels(limit);
}

absl::StatusOr<std::optional<ScoringState>> SqliteModelStore::Scoring() {
  return reader_.Scoring();
}

absl::StatusOr<PopulationSize> SqliteModelStore::CountPopulation() {
  std::lock_guard lock(mutex_);
  CLV_ASSIGN_OR_RETURN(Connection * connection, Open());
  Statement& row = connection->population;
  row.Reset();
  CLV_RETURN_IF_ERROR(row.Step().status());
  PopulationSize size{.customers = static_cast<uint64_t>(row.Int(0)),
                      .repeat_customers = static_cast<uint64_t>(row.Int(1)),
                      .first_day = {},
                      .horizon_seconds = row.OptionalInt(3)};
  if (const auto first = row.OptionalInt(2)) size.first_day = *first / 86400;
  row.Reset();
  return size;
}

absl::StatusOr<int> SqliteModelStore::ScanOrdersAfter(const std::string& after, int limit,
                                                      VisitOrders visit) {
  std::lock_guard lock(mutex_);
  CLV_ASSIGN_OR_RETURN(Connection * connection, Open());
  return connection->Scan(after, limit, visit);
}

absl::Status SqliteModelStore::FindOrders(absl::Span<const std::string> customer_ids,
                                          VisitOrders visit) {
  std::lock_guard lock(mutex_);
  CLV_ASSIGN_OR_RETURN(Connection * connection, Open());
  return connection->Find(customer_ids, visit);
}

absl::StatusOr<uint64_t> SqliteModelStore::LastChange() {
  std::lock_guard lock(mutex_);
  CLV_ASSIGN_OR_RETURN(Connection * connection, Open());
  return connection->changes->LastChange();
}

absl::StatusOr<std::optional<std::vector<std::string>>> SqliteModelStore::ChangedAfter(
    uint64_t change) {
  std::lock_guard lock(mutex_);
  CLV_ASSIGN_OR_RETURN(Connection * connection, Open());
  return connection->changes->ChangedAfter(change);
}

absl::StatusOr<uint64_t> SqliteModelStore::AddModels(const StoredModels& stored) {
  uint64_t version = 0;
  CLV_RETURN_IF_ERROR(store_->Write([&](Database& db) -> absl::Status {
    CLV_ASSIGN_OR_RETURN(
        Statement insert,
        db.Prepare("INSERT INTO clv_models (family, parameters, customers, repeat_customers, "
                   "data_horizon, fitted_at, fit_seconds, fit) VALUES (?,?,?,?,?,?,?,?)"));
    const domain::FittedModel model = domain::ModelToServe(
        stored.models, domain::ServedFamily(stored.models, stored.models.chosen));
    insert.Bind(1, domain::NameOf(model.family));
    insert.Bind(2, ParametersForPeople(model));
    insert.Bind(3, static_cast<int64_t>(stored.models.customers));
    insert.Bind(4, static_cast<int64_t>(stored.models.repeat_customers));
    insert.Bind(5, stored.data_horizon_seconds);
    insert.Bind(6, stored.fitted_at_seconds);
    insert.BindDouble(7, stored.fit_seconds);
    insert.BindBlob(8, PackFittedModels(stored.models));
    CLV_RETURN_IF_ERROR(insert.Run());
    version = static_cast<uint64_t>(db.last_insert_rowid());
    CLV_ASSIGN_OR_RETURN(Statement trim,
                         db.Prepare("DELETE FROM clv_models WHERE model_version <= ?"));
    trim.Bind(1, static_cast<int64_t>(version) - kKeptFits);
    return trim.Run();
  }));
  return version;
}

absl::Status SqliteModelStore::PutPredictions(absl::Span<const CustomerPrediction> predictions,
                                              uint64_t model_version,
                                              absl::Span<const std::string> gone) {
  if (predictions.empty() && gone.empty()) return absl::OkStatus();
  return store_->Write([&](Database& db) -> absl::Status {
    CLV_ASSIGN_OR_RETURN(Statement put, db.Prepare(kPutPrediction));
    for (const CustomerPrediction& one : predictions) {
      put.Bind(1, one.customer_id);
      BindReal(put, 2, one.score.p_alive);
      put.BindDouble(3, one.score.expected_purchases);
      put.BindDouble(4, one.score.expected_order_value);
      put.BindDouble(5, one.score.predicted_clv);
      put.Bind(6, one.day);
      put.Bind(7, static_cast<int64_t>(model_version));
      CLV_RETURN_IF_ERROR(put.Run());
    }
    CLV_ASSIGN_OR_RETURN(Statement remove,
                         db.Prepare("DELETE FROM customer_predictions WHERE customer_id = ?"));
    for (const std::string& id : gone) {
      remove.Bind(1, id);
      CLV_RETURN_IF_ERROR(remove.Run());
    }
    return absl::OkStatus();
  });
}

absl::Status SqliteModelStore::PutScoring(const std::optional<ScoringState>& scoring,
                                          uint64_t change) {
  return store_->Write([&](Database& db) -> absl::Status {
    if (!scoring) {
      return db.Execute("DELETE FROM scoring; DELETE FROM customer_predictions;");
    }
    CLV_ASSIGN_OR_RETURN(Statement put,
                         db.Prepare("INSERT OR REPLACE INTO scoring VALUES (1, ?1, ?2, ?3)"));
    put.Bind(1, static_cast<int64_t>(scoring->model_version));
    put.Bind(2, scoring->day);
    put.Bind(3, static_cast<int64_t>(change));
    CLV_RETURN_IF_ERROR(put.Run());
    // Scored under a former model, and without an order since.
    CLV_ASSIGN_OR_RETURN(Statement trim,
                         db.Prepare("DELETE FROM customer_predictions WHERE model_version <> ?"));
    trim.Bind(1, static_cast<int64_t>(scoring->model_version));
    return trim.Run();
  });
}

absl::Status SqliteModelStore::PutScoredChange(uint64_t change) {
  return store_->Write([&](Database& db) -> absl::Status {
    CLV_ASSIGN_OR_RETURN(Statement put, db.Prepare("UPDATE scoring SET scored_change = ?"));
    put.Bind(1, static_cast<int64_t>(change));
    return put.Run();
  });
}

absl::StatusOr<uint64_t> SqliteModelStore::ScoredChange() {
  std::lock_guard lock(mutex_);
  CLV_ASSIGN_OR_RETURN(Connection * connection, Open());
  CLV_ASSIGN_OR_RETURN(Statement row, connection->db->Prepare("SELECT scored_change FROM scoring"));
  CLV_ASSIGN_OR_RETURN(const bool has_row, row.Step());
  return has_row ? static_cast<uint64_t>(row.Int(0)) : 0;
}

}  // namespace clv::storage
