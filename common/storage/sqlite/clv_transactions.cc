#include "common/storage/sqlite/clv_transactions.h"

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/failpoints.h"
#include "common/base/seeded_bugs.h"
#include "common/base/status_macros.h"
#include "common/storage/sqlite/customer_folder.h"

namespace clv::storage {
namespace {

constexpr char kReportingCurrency[] = "reporting_currency";
// Customers of a fold that is told before it commits: who follows holds on to its state meanwhile.
constexpr size_t kMostTold = 1'024;
// Not empty: see FoldTransaction::has_large_gross.
constexpr char kHasLargeGross[] = "has_large_gross";

// A reading transaction; `Base` is ClvReadTransaction or FoldTransaction.
template <typename Base>
class SqliteReads : public Base {
 public:
  LogPosition checkpoint() const override { return checkpoint_; }
  absl::StatusOr<LogPosition> AnnouncedPosition() override { return reads().AnnouncedPosition(); }
  const std::string& reporting_currency() const override { return currency_; }
  absl::StatusOr<ByKey<domain::Purchase>> FindPurchases(
      const std::vector<std::string>& ids) override {
    return reads().purchases().Find(ids);
  }
  absl::StatusOr<ByKey<domain::Customer>> FindCustomers(
      const std::vector<std::string>& ids) override {
    return reads().FindCustomers(ids);
  }
  absl::StatusOr<ByKey<domain::ImportedClv>> FindImports(
      const std::vector<std::string>& ids) override {
    return reads().FindImports(ids);
  }
  absl::StatusOr<ByKey<CustomerValue>> FindValues(const std::vector<std::string>& ids) override {
    return reads().FindValues(ids);
  }
  absl::StatusOr<CustomerFacts> FactsOf(const std::string& customer_id) override {
    return reads().FactsOf(customer_id, currency_);
  }
  absl::StatusOr<std::vector<std::string>> CustomersAfter(const std::string& after,
                                                          int limit) override {
    return reads().CustomersAfter(after, limit);
  }
  absl::StatusOr<std::vector<domain::Purchase>> PurchasesOf(
      const std::string& customer_id) override {
    return reads().purchases().Of(customer_id);
  }
  absl::StatusOr<std::vector<domain::Customer>> ScanCustomers(const std::string& after,
                                                              int limit) override {
    return reads().ScanCustomers(after, limit);
  }
  absl::StatusOr<std::vector<domain::ImportedClv>> ScanImports(const std::string& after,
                                                               int limit) override {
    return reads().ScanImports(after, limit);
  }
  absl::StatusOr<std::vector<domain::Purchase>> ScanPurchases(const PurchaseKey& after,
                                                              int limit) override {
    return reads().purchases().Scan(after, limit);
  }
  absl::StatusOr<FactCounts> CountFacts() override { return reads().CountFacts(); }
  absl::StatusOr<FoldOutcome> Totals() override { return reads().Totals(); }
  absl::StatusOr<std::optional<FoldOutcome>> OutcomeOf(LogPosition position) override {
    return reads().OutcomeOf(position);
  }

 protected:
  absl::Status ReadState() {
    CLV_ASSIGN_OR_RETURN(checkpoint_, reads().Checkpoint());
    CLV_ASSIGN_OR_RETURN(currency_, reads().Setting(kReportingCurrency));
    return absl::OkStatus();
  }
  virtual ClvReadStatements& reads() = 0;

  std::string currency_;

 private:
  LogPosition checkpoint_ = 0;
};

class SqliteFoldTransaction final : public SqliteReads<FoldTransaction> {
 public:
  SqliteFoldTransaction(std::unique_lock<std::mutex> lock, Transaction transaction, FoldTools tools)
      : lock_(std::move(lock)),
        transaction_(std::move(transaction)),
        reads_(tools.reads),
        writes_(tools.writes),
        places_(tools.places),
        latest_(tools.latest),
        counter_(tools.counter),
        customer_changes_(tools.changes),
        ahead_(tools.ahead),
        least_folded_ahead_(tools.least_folded_ahead),
        committed_(std::move(tools.committed)) {}

  ~SqliteFoldTransaction() override {
    if (!transaction_) return;
    customer_changes_.Abandon();
    reads_.purchases().Forget();
  }

  absl::Status ReadState() {
    CLV_RETURN_IF_ERROR(SqliteReads::ReadState());
    CLV_RETURN_IF_ERROR(latest_.Begin());
    CLV_RETURN_IF_ERROR(counter_.Begin());
    CLV_RETURN_IF_ERROR(customer_changes_.Begin());
    CLV_ASSIGN_OR_RETURN(const std::string large, reads_.Setting(kHasLargeGross));
    has_large_gross_ = !large.empty();
    return absl::OkStatus();
  }

  absl::Status PutCustomer(const domain::Customer& customer) override {
    customer_changes_.NoteDescription();
    return writes_.PutCustomer(customer);
  }
  absl::Status PutImport(const domain::ImportedClv& imported) override {
    is_untouched_ = false;
    return writes_.PutImport(imported);
  }
  absl::Status PutPurchase(const domain::Purchase& purchase) override {
    is_untouched_ = false;
    return reads_.purchases().Put(purchase);
  }
  absl::Status RemovePurchase(const std::string& customer_id,
                              const std::string& purchase_id) override {
    is_untouched_ = false;
    return reads_.purchases().Remove(customer_id, purchase_id);
  }
  absl::Status RemoveCustomer(const std::string& customer_id) override {
    customer_changes_.NoteDescription();
    return writes_.RemoveCustomer(customer_id);
  }
  absl::Status RemoveImport(const std::string& customer_id) override {
    is_untouched_ = false;
    return writes_.RemoveImport(customer_id);
  }
  absl::Status PutValue(const CustomerValue& value) override {
    is_untouched_ = false;
    CLV_ASSIGN_OR_RETURN(const FactCounter::Share before, counter_.Stored(value.customer_id));
    CLV_RETURN_IF_ERROR(NoteWritten(value));
    counter_.Note(before, FactCounter::Share::Of(value));
    customer_changes_.Note(value.customer_id);
    return writes_.PutValue(value);
  }
  absl::Status RemoveValue(const std::string& customer_id) override {
    is_untouched_ = false;
    CLV_ASSIGN_OR_RETURN(const FactCounter::Share before, counter_.Stored(customer_id));
    latest_.Note(customer_id, std::nullopt);
    counter_.Note(before, {});
    customer_changes_.Note(customer_id);
    return writes_.RemoveValue(customer_id);
  }
  absl::Status AddDeadLetter(const DeadLetter& letter) override {
    return writes_.AddDeadLetter(letter);
  }
  absl::StatusOr<TextId> InternText(std::string_view text) override {
    return reads_.purchases().texts().Intern(text);
  }
  absl::StatusOr<std::vector<bool>> MayHold(
      absl::Span<const std::string_view> purchase_ids) override {
    return reads_.purchases().MayHold(purchase_ids);
  }
  absl::StatusOr<bool> Holds(std::string_view purchase_id) override {
    return holder_ != nullptr ? holder_->Holds(purchase_id) : reads_.purchases().Holds(purchase_id);
  }
  absl::Status FoldCustomers(absl::Span<const std::string_view> customer_ids,
                             FoldOne fold) override {
    CLV_RETURN_IF_ERROR(reads_.purchases().FlushPages());
    CLV_ASSIGN_OR_RETURN(const TextId currency, reads_.purchases().texts().Intern(currency_));
    const bool is_untouched = std::exchange(is_untouched_, false);
    if (is_untouched && customer_ids.size() >= least_folded_ahead_) {
      CLV_RETURN_IF_ERROR(FoldOnTwoThreads(customer_ids, fold, currency));
    } else {
      if (is_untouched && customer_ids.size() <= kMostTold) {
        customer_changes_.TellComing(currency_);
      } else {
        customer_changes_.Abandon();
      }
      CLV_RETURN_IF_ERROR(FoldOneByOne(customer_ids, fold, currency));
    }
    return reads_.purchases().FlushPages();
  }
  bool has_large_gross() const override { return has_large_gross_; }
  absl::Status RemoveTraces(const std::vector<std::string>& keys) override {
    customer_changes_.ForgetNames();
    return writes_.RemoveTraces(keys);
  }
  absl::Status AddToTotals(const FoldOutcome& outcome) override {
    return writes_.AddToTotals(outcome);
  }
  absl::Status PutOutcome(LogPosition position, const FoldOutcome& outcome) override {
    return writes_.PutOutcome(position, outcome);
  }
  absl::Status PutOutcomeAfterScrub(LogPosition position, const FoldOutcome& outcome) override {
    return writes_.PutOutcomeAfterScrub(position, outcome);
  }
  absl::StatusOr<FactCounts> CountFacts() override {
    CLV_RETURN_IF_ERROR(counter_.Flush());
    return SqliteReads::CountFacts();
  }
  absl::Status RecountFacts() override { return counter_.Recount(); }
  absl::Status PutReportingCurrency(const std::string& currency) override {
    customer_changes_.Abandon();
    currency_ = currency;
    return writes_.PutSetting(kReportingCurrency, currency);
  }
  using FoldTransaction::Commit;
  absl::Status Commit(LogPosition position, LogPosition announced) override {
    const bool is_late = IsSeeded(SeededBug::kCheckpointOutsideTransaction);
    if (!is_late) CLV_RETURN_IF_ERROR(writes_.MoveCheckpoint(checkpoint(), position));
    CLV_RETURN_IF_ERROR(reads_.purchases().Flush());
    CLV_RETURN_IF_ERROR(latest_.Flush());
    CLV_RETURN_IF_ERROR(counter_.Flush());
    CLV_RETURN_IF_ERROR(customer_changes_.Flush());
    CLV_RETURN_IF_ERROR(writes_.Announce(announced).status());
    customer_changes_.Complete(position, latest_.date());
    ReachFailpoint("store.before_commit");
    CLV_RETURN_IF_ERROR(transaction_->Commit());
    customer_changes_.Committed();
    ReachFailpoint("store.after_commit");
    transaction_.reset();
    if (is_late) CLV_RETURN_IF_ERROR(writes_.MoveCheckpoint(checkpoint(), position));
    CLV_RETURN_IF_ERROR(committed_(position));
    lock_.unlock();
    return absl::OkStatus();
  }

 private:
  ClvReadStatements& reads() override { return reads_; }

  absl::Status FoldOnTwoThreads(absl::Span<const std::string_view> customer_ids, FoldOne fold,
                                TextId currency) {
    holder_ = &ahead_;
    const absl::Status folded =
        ahead_.Run(customer_ids, fold,
                   {.checkpoint = checkpoint(),
                    .reporting_currency = currency,
                    .texts = &reads_.purchases().texts()},
                   [this](FoldedCustomer& folded) { return Write(folded); });
    holder_ = nullptr;
    return folded;
  }

  absl::Status FoldOneByOne(absl::Span<const std::string_view> customer_ids, FoldOne fold,
                            TextId currency) {
    CustomerFolder folder(reads_);
    FoldedCustomer folded;
    TextArena ids;
    for (size_t i = 0; i < customer_ids.size(); ++i) {
      ids.Clear();
      CLV_RETURN_IF_ERROR(folder.Fold(
          customer_ids[i], i, fold,
          {.reporting_currency = currency, .wants_facts = customer_changes_.WantsFacts()}, &ids,
          &folded));
      CLV_RETURN_IF_ERROR(Write(folded));
    }
    return absl::OkStatus();
  }

  absl::Status Write(FoldedCustomer& folded) {
    if (!folded.changes_value) return absl::OkStatus();
    const CustomerInFold& customer = folded.customer;
    CLV_RETURN_IF_ERROR(NoteWritten(*customer.value));
    customer_changes_.Note(customer.customer_id, std::move(folded.packed_facts));
    const auto& before = folded.value_before;
    counter_.Note(before ? FactCounter::Share::Of(*before) : FactCounter::Share(),
                  FactCounter::Share::Of(*customer.value));
    CLV_RETURN_IF_ERROR(WriteRow(folded));
    reads_.purchases().NoteWritten(folded.page_id, folded.changes);
    return absl::OkStatus();
  }

  absl::Status WriteRow(FoldedCustomer& folded) {
    const CustomerValue& value = *folded.customer.value;
    std::string packed;
    if (!folded.changes.empty()) {
      packed = RepackPurchases(folded.page, folded.changes, folded.customer.purchases);
    }
    if (folded.page_id == 0) {
      CLV_ASSIGN_OR_RETURN(folded.page_id, writes_.InsertCustomer(value, packed));
      places_.Note(value.customer_id, folded.page_id);
      return absl::OkStatus();
    }
    // Purchases were put before, and no value.
    if (!folded.value_before) CLV_RETURN_IF_ERROR(writes_.PutValue(value));
    return folded.changes.empty() ? writes_.UpdateSummary(folded.page_id, value)
                                  : writes_.UpdateCustomer(folded.page_id, value, packed);
  }

  absl::Status NoteWritten(const CustomerValue& value) {
    latest_.Note(value.customer_id, value.summary.last_activity_date);
    if (has_large_gross_ || value.summary.gross_micros <= kLargeGross) return absl::OkStatus();
    has_large_gross_ = true;
    return writes_.PutSetting(kHasLargeGross, "1");
  }

  // Nothing is written yet that FoldCustomers reads.
  bool is_untouched_ = true;
  // Whom Holds asks while FoldCustomers goes on; null: the writer's own connection.
  FoldAhead* holder_ = nullptr;
  bool has_large_gross_ = false;
  std::unique_lock<std::mutex> lock_;
  std::optional<Transaction> transaction_;
  ClvReadStatements& reads_;
  ClvWriteStatements& writes_;
  CustomerPlaces& places_;
  LatestActivity& latest_;
  FactCounter& counter_;
  CustomerChanges& customer_changes_;
  FoldAhead& ahead_;
  const size_t least_folded_ahead_;
  const std::function<absl::Status(LogPosition)> committed_;
};

}  // namespace

class ClvReadConnections::ReadTransaction final : public SqliteReads<ClvReadTransaction> {
 public:
  ReadTransaction(std::shared_ptr<State> state, Connection connection, Transaction transaction)
      : state_(std::move(state)),
        connection_(std::move(connection)),
        transaction_(std::move(transaction)) {}

  ~ReadTransaction() override {
    transaction_.reset();
    // After an error a statement may still hold on to what it has read.
    if (!connection_.db->IsIdle()) return;
    connection_.reads->purchases().Forget();
    std::lock_guard lock(state_->mutex);
    std::swap(state_->idle, connection_);
  }

  absl::Status Begin() { return ReadState(); }

 private:
  ClvReadStatements& reads() override { return *connection_.reads; }

  const std::shared_ptr<State> state_;
  Connection connection_;
  std::optional<Transaction> transaction_;
};

absl::StatusOr<std::unique_ptr<ClvReadTransaction>> ClvReadConnections::Begin() {
  Connection connection;
  {
    std::lock_guard lock(state_->mutex);
    connection = std::exchange(state_->idle, {});
  }
  if (connection.db == nullptr) {
    CLV_ASSIGN_OR_RETURN(connection.db, Database::Open({.path = state_->path,
                                                        .mode = Database::Mode::kReadOnly,
                                                        .migrations = &ClvMigrations()}));
    CLV_ASSIGN_OR_RETURN(connection.reads, ClvReadStatements::Prepare(*connection.db));
  }
  CLV_ASSIGN_OR_RETURN(Transaction transaction,
                       Transaction::Begin(*connection.db, Transaction::Kind::kDeferred));
  auto reading =
      std::make_unique<ReadTransaction>(state_, std::move(connection), std::move(transaction));
  CLV_RETURN_IF_ERROR(reading->Begin());
  return reading;
}

absl::StatusOr<std::unique_ptr<FoldTransaction>> BeginFold(std::unique_lock<std::mutex> lock,
                                                           Transaction transaction,
                                                           FoldTools tools) {
  auto fold = std::make_unique<SqliteFoldTransaction>(std::move(lock), std::move(transaction),
                                                      std::move(tools));
  CLV_RETURN_IF_ERROR(fold->ReadState());
  return fold;
}

}  // namespace clv::storage
