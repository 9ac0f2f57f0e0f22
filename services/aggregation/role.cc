#include "services/aggregation/role.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/storage/sqlite/db.h"
#include "common/storage/sqlite/event_reader.h"
#include "services/aggregation/aggregation_metrics.h"
#include "services/aggregation/recompute.h"

namespace clv::aggregation {
namespace {

// A store in a directory of its own beside the real one; the directory goes with the last pointer.
absl::StatusOr<std::shared_ptr<storage::ClvStore>> OpenScratch(const DataDirectory& directory) {
  const std::string path = directory.path + "/verify_scratch";
  std::error_code error;
  std::filesystem::remove_all(path, error);
  CLV_RETURN_IF_ERROR(EnsureDirectory(path));
  CLV_ASSIGN_OR_RETURN(auto store, storage::SqliteClvStore::Open({.path = path + "/clv.db"}));
  return std::shared_ptr<storage::ClvStore>(store.release(), [path](storage::ClvStore* closed) {
    delete closed;
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  });
}

absl::Status CheckCurrency(const std::string& currency) {
  const bool is_code =
      currency.size() == 3 &&
      std::all_of(currency.begin(), currency.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (is_code) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--reporting-currency: got '", currency, "', want three capital letters"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<AggregationRole>> AggregationRole::Start(Options options) {
  CLV_RETURN_IF_ERROR(CheckCurrency(options.reporting_currency));
  CLV_ASSIGN_OR_RETURN(RoleLock lock, RoleLock::Take(options.directory, "aggregation"));
  std::unique_ptr<AggregationRole> role(new AggregationRole(std::move(lock)));
  CLV_ASSIGN_OR_RETURN(role->store_, storage::SqliteClvStore::Open({.path = options.directory.clv(),
                                                                    .folded = options.folded,
                                                                    .coming = options.coming}));
  CLV_RETURN_IF_ERROR(AdoptReportingCurrency(*role->store_, options.reporting_currency));
  const auto open_log =
      [path = options.directory.event_log(),
       appended = options.appended]() -> absl::StatusOr<std::unique_ptr<storage::EventReader>> {
    return storage::SqliteEventReader::Open({.path = path, .appended = appended});
  };
  role->model_store_ =
      std::make_unique<storage::SqliteModelStore>(role->store_.get(), options.directory.clv());
  role->models_ = std::make_unique<ModelKeeper>(ModelKeeper::Options{
      .store = role->model_store_.get(),
      .clock = options.clock,
      .policy = options.refit,
      .are_changes_coming = [role = role.get()] { return role->worker_->is_folding(); }});
  CLV_ASSIGN_OR_RETURN(
      role->jobs_,
      JobRunner::Start(
          {.store = role->store_.get(),
           .clock = options.clock,
           .reporting_currency = options.reporting_currency,
           .open_log = open_log,
           .open_scratch = [directory = options.directory] { return OpenScratch(directory); },
           .fit_model =
               [models = role->models_.get()](bool cold, const ModelKeeper::Progress& progress) {
                 return models->FitNow(cold, progress);
               }}));
  role->applied_ = std::make_unique<ShownNumberReader>(options.directory.projection_position());
  role->worker_ = std::make_unique<Worker>(Worker::Options{
      .store = role->store_.get(),
      .open_log = open_log,
      .reporting_currency = options.reporting_currency,
      // Without a query there is nobody who asks.
      .applied = [position =
                      role->applied_.get()] { return position->Read().value_or(UINT64_MAX); },
      .awaited = options.fold_awaited,
      .metrics = options.dispatch.metrics,
      .on_erasure = [jobs = role->jobs_.get()] { jobs->ForgetDifferences(); }});
  role->service_ = std::make_unique<AggregationService>(
      AggregationService::Options{.dispatch = options.dispatch,
                                  .store = role->store_.get(),
                                  .worker = role->worker_.get(),
                                  .jobs = role->jobs_.get(),
                                  .clock = options.clock,
                                  .reporting_currency = options.reporting_currency,
                                  .open_log = open_log});
  role->metrics_ = CollectAggregationMetrics(
      options.dispatch.metrics,
      {.status = [service = role->service_.get()] { return service->Status(); },
       .jobs = role->jobs_.get(),
       .size = [path = options.directory.clv()] { return storage::SizeOfDatabase(path); }});
  role->worker_->Start();
  role->models_->Start();
  return role;
}

AggregationRole::~AggregationRole() {
  metrics_.reset();
  if (worker_ != nullptr) worker_->Stop();
  if (models_ != nullptr) models_->Stop();
  jobs_.reset();
}

}  // namespace clv::aggregation
