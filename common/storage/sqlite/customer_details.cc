#include "common/storage/sqlite/customer_details.h"

#include <utility>

#include "common/base/status_macros.h"
#include "common/base/text_arena.h"
#include "common/storage/fact_orders.h"
#include "common/storage/sqlite/customer_changes.h"
#include "common/storage/sqlite/db.h"
#include "common/storage/sqlite/migrations/migrations.h"
#include "common/storage/sqlite/product_figures.h"
#include "common/storage/sqlite/purchase_pages.h"
#include "common/storage/sqlite/stored_currency.h"

namespace clv::storage {
namespace {

using std::chrono::steady_clock;

constexpr size_t kMostRemembered = 1'024;

}  // namespace

uint64_t RememberedDescriptions::times_forgotten() {
  std::lock_guard lock(mutex_);
  return times_forgotten_;
}

std::vector<std::optional<CustomerDetails>> RememberedDescriptions::Find(
    uint64_t described, absl::Span<const std::string_view> customer_ids) {
  std::vector<std::optional<CustomerDetails>> known(customer_ids.size());
  std::lock_guard lock(mutex_);
  if (described != described_) return known;
  for (size_t i = 0; i < customer_ids.size(); ++i) {
    const std::string_view id = customer_ids[i];
    const auto found = details_.find(absl::string_view(id.data(), id.size()));
    if (found != details_.end()) known[i] = found->second;
  }
  return known;
}

void RememberedDescriptions::Keep(uint64_t times_forgotten, uint64_t described,
                                  std::string_view customer_id, const CustomerDetails& details) {
  std::lock_guard lock(mutex_);
  if (times_forgotten != times_forgotten_ || described < described_) return;
  if (described > described_ || details_.size() >= kMostRemembered) details_.clear();
  described_ = described;
  details_.insert_or_assign(std::string(customer_id), details);
}

void RememberedDescriptions::Forget() {
  std::lock_guard lock(mutex_);
  ++times_forgotten_;
  details_.clear();
}

class SqliteCustomerDetails::Connection {
 public:
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string& path) {
    auto connection = std::make_unique<Connection>();
    CLV_ASSIGN_OR_RETURN(connection->db_, Database::Open({.path = path,
                                                          .mode = Database::Mode::kReadOnly,
                                                          .migrations = &ClvMigrations(),
                                                          .cache_kib = 1024}));
    Database& db = *connection->db_;
    CLV_ASSIGN_OR_RETURN(connection->pages_, PurchasePages::Prepare(db));
    CLV_ASSIGN_OR_RETURN(connection->changes_, CustomerChangesReader::Prepare(db));
    CLV_ASSIGN_OR_RETURN(
        connection->customer_,
        db.Prepare("SELECT name, email, active FROM customers WHERE customer_id = ?"));
    CLV_ASSIGN_OR_RETURN(connection->currency_, StoredCurrencyReader::Prepare(db));
    connection->products_ = std::make_unique<ProductCounter>(connection->pages_->texts());
    return connection;
  }

  absl::StatusOr<State> Read(absl::Span<const std::string_view> customer_ids,
                             const std::optional<ProductScope>& products, uint64_t change,
                             steady_clock::time_point deadline,
                             RememberedDescriptions& remembered) {
    db_->SetDeadline(deadline);
    const uint64_t times_forgotten = remembered.times_forgotten();
    CLV_ASSIGN_OR_RETURN(const Transaction transaction,
                         Transaction::Begin(*db_, Transaction::Kind::kDeferred));
    State state;
    CLV_ASSIGN_OR_RETURN(const bool has_changed,
                         products ? changes_->HasChangedAfter(change, customer_ids)
                                  : changes_->MayBeDescribedAnewAfter(change, customer_ids));
    state.is_as_of_change = !has_changed;
    CLV_ASSIGN_OR_RETURN(state.details,
                         ReadDescriptions(customer_ids, times_forgotten, remembered));
    if (!products) return state;
    CLV_ASSIGN_OR_RETURN(const StoredCurrency currency, currency_.Read());
    for (size_t i = 0; i < customer_ids.size(); ++i) {
      CLV_RETURN_IF_ERROR(
          ReadProducts(customer_ids[i], currency.text, *products, &state.details[i]));
    }
    return state;
  }

  absl::StatusOr<CustomerDetails> ReadOne(std::string_view customer_id,
                                          steady_clock::time_point deadline) {
    db_->SetDeadline(deadline);
    CustomerDetails details;
    CLV_RETURN_IF_ERROR(ReadCustomer(customer_id, &details));
    return details;
  }

 private:
  absl::StatusOr<std::vector<CustomerDetails>> ReadDescriptions(
      absl::Span<const std::string_view> customer_ids, uint64_t times_forgotten,
      RememberedDescriptions& remembered) {
    CLV_ASSIGN_OR_RETURN(const uint64_t described, changes_->LastDescription());
    std::vector<std::optional<CustomerDetails>> known = remembered.Find(described, customer_ids);
    std::vector<CustomerDetails> details(customer_ids.size());
    for (size_t i = 0; i < customer_ids.size(); ++i) {
      if (known[i]) {
        details[i] = *std::move(known[i]);
        continue;
      }
      CLV_RETURN_IF_ERROR(ReadCustomer(customer_ids[i], &details[i]));
      remembered.Keep(times_forgotten, described, customer_ids[i], details[i]);
    }
    return details;
  }

  absl::Status ReadCustomer(std::string_view id, CustomerDetails* details) {
    customer_.Reset();
    customer_.Bind(1, id);
    CLV_ASSIGN_OR_RETURN(const bool has_row, customer_.Step());
    if (has_row) Fill(customer_, details);
    customer_.Reset();
    return absl::OkStatus();
  }

  // From columns name, email, active.
  static void Fill(const Statement& row, CustomerDetails* details) {
    if (!row.IsNull(0)) details->name = std::string(row.Text(0));
    if (!row.IsNull(1)) details->email = std::string(row.Text(1));
    details->active = row.Int(2) != 0;
  }

  absl::Status ReadProducts(std::string_view id, TextId currency, const ProductScope& scope,
                            CustomerDetails* details) {
    ids_.Clear();
    CLV_RETURN_IF_ERROR(pages_->ReadPage(id, &ids_, &rows_));
    orders_.Group(rows_);
    CLV_ASSIGN_OR_RETURN(const ProductFigures figures,
                         products_->Count(rows_, orders_, currency, scope));
    details->distinct_products = figures.distinct_products;
    if (!figures.favorite_category.empty()) {
      details->favorite_category = std::string(figures.favorite_category);
    }
    return absl::OkStatus();
  }

  std::unique_ptr<Database> db_;
  std::unique_ptr<PurchasePages> pages_;
  std::unique_ptr<CustomerChangesReader> changes_;
  std::unique_ptr<ProductCounter> products_;
  Statement customer_;
  StoredCurrencyReader currency_;
  std::vector<PurchaseFact> rows_;  // of ReadProducts, with their orders and ids
  FactOrders orders_;
  TextArena ids_;
};

SqliteCustomerDetails::SqliteCustomerDetails(std::string path) : path_(std::move(path)) {}
SqliteCustomerDetails::~SqliteCustomerDetails() = default;

absl::StatusOr<std::unique_ptr<SqliteCustomerDetails::Connection>> SqliteCustomerDetails::Borrow() {
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Connection> connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  return Connection::Open(path_);
}

absl::StatusOr<CustomerDetailsReader::State> SqliteCustomerDetails::Read(
    absl::Span<const std::string_view> customer_ids, const std::optional<ProductScope>& products,
    uint64_t change, steady_clock::time_point deadline) {
  CLV_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, Borrow());
  absl::StatusOr<State> state =
      connection->Read(customer_ids, products, change, deadline, remembered_);
  if (state.ok()) GiveBack(std::move(connection));
  return state;
}

absl::StatusOr<CustomerDetails> SqliteCustomerDetails::ReadOne(std::string_view customer_id,
                                                               steady_clock::time_point deadline) {
  CLV_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, Borrow());
  absl::StatusOr<CustomerDetails> details = connection->ReadOne(customer_id, deadline);
  if (details.ok()) GiveBack(std::move(connection));
  return details;
}

void SqliteCustomerDetails::GiveBack(std::unique_ptr<Connection> connection) {
  std::lock_guard lock(mutex_);
  idle_.push_back(std::move(connection));
}

}  // namespace clv::storage
