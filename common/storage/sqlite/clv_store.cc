#include "common/storage/sqlite/clv_store.h"

#include <atomic>
#include <functional>
#include <optional>
#include <utility>

#include "common/base/failpoints.h"
#include "common/base/seeded_bugs.h"
#include "common/base/status_macros.h"
#include "common/storage/sqlite/customer_folder.h"

namespace clv::storage {
namespace {

constexpr int kWriteBackPasses = 4;
constexpr char kReportingCurrency[] = "reporting_currency";
// Not empty: see FoldTransaction::has_large_gross.
constexpr char kHasLargeGross[] = "has_large_gross";

// A reading transaction; `Base` is ClvReadTransaction or FoldTransaction.
template <typename Base>
class SqliteReads : public Base {
 public:
  LogPosition checkpoint() const override { return checkpoint_; }
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

class SqliteReadTransaction final : public SqliteReads<ClvReadTransaction> {
 public:
  static absl::StatusOr<std::unique_ptr<ClvReadTransaction>> Begin(const std::string& path) {
    auto transaction = std::make_unique<SqliteReadTransaction>();
    CLV_ASSIGN_OR_RETURN(transaction->db_, Database::Open({.path = path,
                                                           .mode = Database::Mode::kReadOnly,
                                                           .migrations = &ClvMigrations()}));
    CLV_ASSIGN_OR_RETURN(transaction->reads_, ClvReadStatements::Prepare(*transaction->db_));
    CLV_RETURN_IF_ERROR(transaction->db_->Execute("BEGIN DEFERRED"));
    CLV_RETURN_IF_ERROR(transaction->ReadState());
    return transaction;
  }

 private:
  ClvReadStatements& reads() override { return *reads_; }

  std::unique_ptr<Database> db_;
  std::unique_ptr<ClvReadStatements> reads_;
};

class SqliteFoldTransaction final : public SqliteReads<FoldTransaction> {
 public:
  // Called with the new checkpoint once it is committed.
  using Committed = std::function<absl::Status(LogPosition)>;

  SqliteFoldTransaction(std::unique_lock<std::mutex> lock, Transaction transaction,
                        ClvReadStatements& reads, ClvWriteStatements& writes,
                        LatestActivity& latest, FactCounter& counter,
                        CustomerChanges& customer_changes, FoldAhead& ahead,
                        size_t least_folded_ahead, Committed committed)
      : lock_(std::move(lock)),
        transaction_(std::move(transaction)),
        reads_(reads),
        writes_(writes),
        latest_(latest),
        counter_(counter),
        customer_changes_(customer_changes),
        ahead_(ahead),
        least_folded_ahead_(least_folded_ahead),
        committed_(std::move(committed)) {}

  ~SqliteFoldTransaction() override {
    if (transaction_) reads_.purchases().Forget();
  }

  absl::Status ReadState() {
    CLV_RETURN_IF_ERROR(SqliteReads::ReadState());
    CLV_RETURN_IF_ERROR(latest_.Begin());
    counter_.Begin();
    CLV_RETURN_IF_ERROR(customer_changes_.Begin());
    CLV_ASSIGN_OR_RETURN(const std::string large, reads_.Setting(kHasLargeGross));
    has_large_gross_ = !large.empty();
    return absl::OkStatus();
  }

  absl::Status PutCustomer(const domain::Customer& customer) override {
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
    wants_facts_ = customer_changes_.WantsFacts();
    const bool is_untouched = std::exchange(is_untouched_, false);
    if (is_untouched && customer_ids.size() >= least_folded_ahead_) {
      CLV_RETURN_IF_ERROR(FoldOnTwoThreads(customer_ids, fold, currency));
    } else {
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
    currency_ = currency;
    return writes_.PutSetting(kReportingCurrency, currency);
  }
  absl::Status Commit(LogPosition position) override {
    const bool is_late = IsSeeded(SeededBug::kCheckpointOutsideTransaction);
    if (!is_late) CLV_RETURN_IF_ERROR(writes_.MoveCheckpoint(checkpoint(), position));
    CLV_RETURN_IF_ERROR(reads_.purchases().Flush());
    CLV_RETURN_IF_ERROR(latest_.Flush());
    CLV_RETURN_IF_ERROR(counter_.Flush());
    CLV_RETURN_IF_ERROR(customer_changes_.Flush());
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
                    .texts = &reads_.purchases().texts(),
                    .wants_facts = &wants_facts_},
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
      CLV_RETURN_IF_ERROR(folder.Fold(customer_ids[i], i, fold,
                                      {.reporting_currency = currency, .wants_facts = wants_facts_},
                                      &ids, &folded));
      CLV_RETURN_IF_ERROR(Write(folded));
    }
    return absl::OkStatus();
  }

  absl::Status Write(FoldedCustomer& folded) {
    CustomerInFold& customer = folded.customer;
    if (!folded.changes.empty()) {
      CLV_RETURN_IF_ERROR(reads_.purchases().WritePage(customer.customer_id, folded.page_id,
                                                       folded.packed_rows, folded.changes));
    }
    if (!folded.changes_value) return absl::OkStatus();
    CLV_RETURN_IF_ERROR(NoteWritten(*customer.value));
    customer_changes_.Note(customer.customer_id, std::move(folded.packed_facts));
    wants_facts_ = customer_changes_.WantsFacts();
    const auto& before = folded.value_before;
    counter_.Note(before ? FactCounter::Share::Of(*before) : FactCounter::Share(),
                  FactCounter::Share::Of(*customer.value));
    return before ? writes_.UpdateSummary(*customer.value) : writes_.PutValue(*customer.value);
  }

  absl::Status NoteWritten(const CustomerValue& value) {
    latest_.Note(value.customer_id, value.summary.last_activity_date);
    if (has_large_gross_ || value.summary.gross_micros <= kLargeGross) return absl::OkStatus();
    has_large_gross_ = true;
    return writes_.PutSetting(kHasLargeGross, "1");
  }

  std::atomic<bool> wants_facts_ = false;  // of FoldCustomers
  // Nothing is written yet that FoldCustomers reads.
  bool is_untouched_ = true;
  // Whom Holds asks while FoldCustomers goes on; null: the writer's own connection.
  FoldAhead* holder_ = nullptr;
  bool has_large_gross_ = false;
  std::unique_lock<std::mutex> lock_;
  std::optional<Transaction> transaction_;
  ClvReadStatements& reads_;
  ClvWriteStatements& writes_;
  LatestActivity& latest_;
  FactCounter& counter_;
  CustomerChanges& customer_changes_;
  FoldAhead& ahead_;
  const size_t least_folded_ahead_;
  const Committed committed_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteClvStore>> SqliteClvStore::Open(const Options& options) {
  std::unique_ptr<SqliteClvStore> store(new SqliteClvStore(options));
  std::lock_guard lock(store->writer_mutex_);
  CLV_RETURN_IF_ERROR(store->OpenWriter());
  return store;
}

SqliteClvStore::~SqliteClvStore() {
  if (db_ != nullptr) db_->TryTruncateWal().status().IgnoreError();
}

void SqliteClvStore::CloseWriter() {
  ahead_.reset();
  changes_.reset();
  counter_.reset();
  latest_.reset();
  writes_.reset();
  reads_.reset();
  db_.reset();
}

absl::Status SqliteClvStore::OpenWriter() {
  CloseWriter();
  must_rewrite_ = true;
  CLV_ASSIGN_OR_RETURN(std::unique_ptr<Database> db,
                       Database::Open({.path = options_.path,
                                       .mode = Database::Mode::kReadWrite,
                                       .migrations = &ClvMigrations(),
                                       .syncs_commits = false,
                                       .wal_pages = 0,
                                       .cache_kib = options_.cache_kib}));
  CLV_ASSIGN_OR_RETURN(latest_, LatestActivity::Prepare(*db));
  CLV_ASSIGN_OR_RETURN(counter_, FactCounter::Prepare(*db));
  CLV_ASSIGN_OR_RETURN(changes_, CustomerChanges::Prepare(*db, options_.changes));
  CLV_ASSIGN_OR_RETURN(reads_, ClvReadStatements::Prepare(*db));
  CLV_ASSIGN_OR_RETURN(writes_, ClvWriteStatements::Prepare(*db));
  ahead_ = std::make_unique<FoldAhead>(options_.path, options_.ahead_cache_kib);
  db_ = std::move(db);
  return absl::OkStatus();
}

absl::Status SqliteClvStore::OpenWriterOnce() {
  return db_ != nullptr ? absl::OkStatus() : OpenWriter();
}

absl::StatusOr<std::unique_ptr<FoldTransaction>> SqliteClvStore::Begin() {
  std::unique_lock lock(writer_mutex_);
  CLV_RETURN_IF_ERROR(OpenWriterOnce());
  CLV_ASSIGN_OR_RETURN(Transaction transaction,
                       Transaction::Begin(*db_, Transaction::Kind::kImmediate));
  auto fold = std::make_unique<SqliteFoldTransaction>(
      std::move(lock), std::move(transaction), *reads_, *writes_, *latest_, *counter_, *changes_,
      *ahead_, options_.least_folded_ahead,
      [this](LogPosition position) { return Committed(position); });
  CLV_RETURN_IF_ERROR(fold->ReadState());
  // Another connection has folded: what this one remembers of the pages may be old.
  if (fold->checkpoint() != last_checkpoint_) reads_->purchases().Forget();
  last_checkpoint_ = fold->checkpoint();
  return fold;
}

void SqliteClvStore::WarmUp() {
  std::lock_guard lock(writer_mutex_);
  if (!OpenWriterOnce().ok()) return;
  reads_->purchases().MayHold({}).status().IgnoreError();
}

absl::Status SqliteClvStore::Committed(LogPosition position) {
  last_checkpoint_ = position;
  // Who waits for the fold need not wait for what follows.
  if (options_.folded != nullptr) options_.folded->Notify();
  return KeepWalShort();
}

absl::Status SqliteClvStore::KeepWalShort() {
  wal_pages_ = db_->wal_pages();
  if (wal_pages_ <= options_.long_wal_pages) return absl::OkStatus();
  const bool is_little_left = wal_pages_ - written_back_pages_ <= options_.wal_pages_at_sync;
  return is_little_left || wal_pages_ > 2 * options_.long_wal_pages ? db_->WriteBack().status()
                                                                    : absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<ClvReadTransaction>> SqliteClvStore::Read() {
  return SqliteReadTransaction::Begin(options_.path);
}

absl::StatusOr<std::unique_ptr<ClvReadTransaction>> SqliteClvReader::Read() {
  return SqliteReadTransaction::Begin(path_);
}

absl::Status SqliteClvStore::Scrub() {
  std::lock_guard lock(writer_mutex_);
  CLV_RETURN_IF_ERROR(OpenWriterOnce());
  CLV_ASSIGN_OR_RETURN(const LogPosition folded, reads_->Checkpoint());
  CLV_RETURN_IF_ERROR(Checked(EmptyWal()));
  CLV_RETURN_IF_ERROR(Checked(writes_->PublishDurable(folded)));
  return writes_->PublishOutcomes();
}

absl::Status SqliteClvStore::EmptyWal() {
  CLV_ASSIGN_OR_RETURN(const bool is_empty, db_->TryTruncateWal());
  if (!is_empty) return absl::AbortedError("a reader holds the write-ahead file");
  must_rewrite_ = false;
  return absl::OkStatus();
}

absl::Status SqliteClvStore::Checked(absl::Status status) {
  if (status.ok()) return status;
  // A reader in the way is no fault of the disk.
  if (absl::IsAborted(status)) return absl::UnavailableError(status.message());
  CloseWriter();
  return status;
}

absl::Status SqliteClvStore::MakeDurable() {
  std::lock_guard keeper_lock(keeper_mutex_);
  LogPosition folded = 0;
  {
    std::lock_guard lock(writer_mutex_);
    CLV_RETURN_IF_ERROR(OpenWriterOnce());
    if (must_rewrite_) CLV_RETURN_IF_ERROR(Checked(EmptyWal()));
    CLV_ASSIGN_OR_RETURN(folded, reads_->Checkpoint());
  }
  const absl::Status kept = SyncAndWriteBack();
  if (!kept.ok()) keeper_.reset();
  std::lock_guard lock(writer_mutex_);
  CLV_RETURN_IF_ERROR(Checked(kept));
  // Opened again meanwhile, after an error of its own: see must_rewrite_.
  if (must_rewrite_) return absl::UnavailableError("the store was opened again meanwhile");
  return Checked(writes_->PublishDurable(folded));
}

absl::Status SqliteClvStore::SyncAndWriteBack() {
  if (keeper_ == nullptr) {
    CLV_ASSIGN_OR_RETURN(keeper_, Database::Open({.path = options_.path,
                                                  .mode = Database::Mode::kWriteBack,
                                                  .migrations = &ClvMigrations(),
                                                  .cache_kib = 256}));
    written_back_pages_ = 0;
  }
  CLV_RETURN_IF_ERROR(keeper_->SyncWal());
  for (int pass = 0; pass < kWriteBackPasses; ++pass) {
    // A file that has become shorter was begun anew.
    if (wal_pages_ < written_back_pages_) written_back_pages_ = 0;
    if (wal_pages_ - written_back_pages_ <= options_.wal_pages_at_sync) break;
    CLV_ASSIGN_OR_RETURN(written_back_pages_, keeper_->WriteBack());
    if (wal_pages_ <= options_.long_wal_pages) break;
  }
  return absl::OkStatus();
}

absl::Status SqliteClvStore::Reopen() {
  std::lock_guard lock(writer_mutex_);
  return OpenWriter();
}

absl::StatusOr<LogPosition> SqliteClvStore::Checkpoint() {
  std::lock_guard lock(writer_mutex_);
  CLV_RETURN_IF_ERROR(OpenWriterOnce());
  return reads_->Checkpoint();
}

absl::Status SqliteClvStore::PutJob(const JobRecord& job) {
  std::lock_guard lock(writer_mutex_);
  CLV_RETURN_IF_ERROR(OpenWriterOnce());
  return writes_->PutJob(job);
}

absl::Status SqliteClvStore::Write(absl::FunctionRef<absl::Status(Database&)> write) {
  std::lock_guard lock(writer_mutex_);
  CLV_RETURN_IF_ERROR(OpenWriterOnce());
  CLV_ASSIGN_OR_RETURN(Transaction transaction,
                       Transaction::Begin(*db_, Transaction::Kind::kImmediate));
  CLV_RETURN_IF_ERROR(write(*db_));
  CLV_RETURN_IF_ERROR(transaction.Commit());
  if (options_.folded != nullptr) options_.folded->Notify();
  return KeepWalShort();
}

absl::StatusOr<std::vector<JobRecord>> SqliteClvStore::ListJobs(uint32_t limit) {
  std::lock_guard lock(writer_mutex_);
  CLV_RETURN_IF_ERROR(OpenWriterOnce());
  return reads_->ListJobs(limit);
}

}  // namespace clv::storage
