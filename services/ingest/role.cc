#include "services/ingest/role.h"

#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/storage/sqlite/db.h"
#include "common/storage/sqlite/event_reader.h"
#include "services/ingest/ingest_metrics.h"
#include "services/ingest/token_factory.h"
#include "services/ingest/token_rules.h"

namespace clv::ingest {

absl::StatusOr<std::unique_ptr<IngestRole>> IngestRole::Start(Options options) {
  CLV_ASSIGN_OR_RETURN(RoleLock lock, RoleLock::Take(options.directory, "ingest"));
  std::unique_ptr<IngestRole> role(new IngestRole(std::move(lock)));
  CLV_ASSIGN_OR_RETURN(role->log_,
                       storage::SqliteEventLog::Open(
                           {.path = options.directory.event_log(), .appended = options.appended}));
  CLV_ASSIGN_OR_RETURN(const std::vector<std::string> erased, role->log_->ErasedHashes());
  role->erased_ = std::make_unique<ErasedCustomers>(role->log_->ErasureKey(), erased);
  CLV_ASSIGN_OR_RETURN(role->tokens_, storage::SqliteTokenStore::Open(options.directory.auth()));
  CLV_RETURN_IF_ERROR(role->MakeTokens(options.directory, *options.clock));
  role->audit_ = std::make_unique<Audit>(*role->tokens_, *options.clock);
  const storage::SqliteFoldProgress::Options progress{
      .path = options.directory.clv(), .folded = options.folded, .awaited = options.fold_awaited};
  role->trim_progress_ = std::make_unique<storage::SqliteFoldProgress>(progress);
  role->wait_progress_ = std::make_unique<storage::SqliteFoldProgress>(progress);
  role->outcomes_ = std::make_unique<storage::SqliteFoldOutcomes>(options.directory.clv());
  role->visibility_ = std::make_unique<storage::VisibilityWaiter>(role->wait_progress_.get());
  role->queue_ = std::make_unique<WriteQueue>(WriteQueue::Options{
      .log = role->log_.get(),
      .progress = role->trim_progress_.get(),
      .clock = options.clock,
      .erased = role->erased_.get(),
      .log_retention = options.log_retention == "all" ? LogRetention::kAll : LogRetention::kFolded,
      .metrics = options.dispatch.metrics});
  role->ingest_ =
      std::make_unique<IngestService>(IngestService::Options{.dispatch = options.dispatch,
                                                             .queue = role->queue_.get(),
                                                             .visibility = role->visibility_.get(),
                                                             .clock = options.clock,
                                                             .erased = role->erased_.get(),
                                                             .outcomes = role->outcomes_.get()});
  CLV_RETURN_IF_ERROR(role->MakeJobs(options));
  CLV_RETURN_IF_ERROR(role->MakePersons(options));
  role->MakeDataSources(options);
  role->admin_ = std::make_unique<AdminService>(
      AdminService::Options{.dispatch = options.dispatch,
                            .tokens = role->tokens_.get(),
                            .audit = role->audit_.get(),
                            .directory = options.directory,
                            .clock = options.clock,
                            .log = role->log_.get(),
                            .queue = role->queue_.get(),
                            .jobs = role->jobs_.get(),
                            .erasure = role->erasure_.get(),
                            .customer_export = role->customer_export_.get(),
                            .backups = role->backups_.get(),
                            .version = options.version});
  role->metrics_ =
      CollectIngestMetrics(options.dispatch.metrics,
                           {.log = role->log_.get(),
                            .queue = role->queue_.get(),
                            .jobs = role->jobs_.get(),
                            .sizes = [directory = options.directory] {
                              return std::map<std::string, storage::DatabaseSize>{
                                  {"event_log", storage::SizeOfDatabase(directory.event_log())},
                                  {"auth", storage::SizeOfDatabase(directory.auth())}};
                            }});
  return role;
}

absl::Status IngestRole::MakeJobs(const Options& options) {
  const DataDirectory& directory = options.directory;
  CLV_ASSIGN_OR_RETURN(job_store_, storage::SqliteJobStore::Open(directory.event_log()));
  facts_ = std::make_unique<storage::SqliteClvReader>(directory.clv());
  quarantine_ = std::make_unique<storage::SqliteQuarantineReader>(directory.event_log());
  const auto can_resume = [](const v1::Job& job) {
    return Deletion::CanResume(job) || Erasure::CanResume(job);
  };
  CLV_ASSIGN_OR_RETURN(
      jobs_, JobBoard::Open(
                 {.store = job_store_.get(), .clock = options.clock, .can_resume = can_resume}));
  return absl::OkStatus();
}

absl::Status IngestRole::MakePersons(const Options& options) {
  const DataDirectory& directory = options.directory;
  copier_ = std::make_unique<storage::SqliteInstallationCopier>(directory);
  const auto open_log =
      [path = directory.event_log()]() -> absl::StatusOr<std::unique_ptr<storage::EventReader>> {
    return storage::SqliteEventReader::Open({.path = path});
  };
  erasure_steps_ =
      std::make_unique<ErasureSteps>(ErasureSteps::Options{.queue = queue_.get(),
                                                           .log = log_.get(),
                                                           .open_log = open_log,
                                                           .progress = wait_progress_.get(),
                                                           .facts = facts_.get(),
                                                           .quarantine = quarantine_.get(),
                                                           .log_content = &log_content_});
  erasure_ = std::make_unique<Erasure>(Erasure::Options{.queue = queue_.get(),
                                                        .log = log_.get(),
                                                        .facts = facts_.get(),
                                                        .erased = erased_.get(),
                                                        .steps = erasure_steps_.get(),
                                                        .jobs = jobs_.get(),
                                                        .clock = options.clock});
  customer_export_ =
      std::make_unique<CustomerExport>(CustomerExport::Options{.facts = facts_.get(),
                                                               .quarantine = quarantine_.get(),
                                                               .log = log_.get(),
                                                               .open_log = open_log,
                                                               .queue = queue_.get()});
  backups_ = std::make_unique<BackupJob>(BackupJob::Options{.copier = copier_.get(),
                                                            .directory = directory,
                                                            .queue = queue_.get(),
                                                            .jobs = jobs_.get(),
                                                            .clock = options.clock,
                                                            .log_content = &log_content_,
                                                            .version = options.version});
  return erasure_->Resume();
}

void IngestRole::MakeDataSources(const Options& options) {
  data_sources_ = std::make_unique<DataSourceParts>(
      DataSourceParts::Options{.write = {.queue = queue_.get(),
                                         .visibility = visibility_.get(),
                                         .clock = options.clock,
                                         .erased = erased_.get(),
                                         .outcomes = outcomes_.get()},
                               .jobs = jobs_.get(),
                               .log = log_.get(),
                               .progress = wait_progress_.get(),
                               .facts = facts_.get(),
                               .quarantine = quarantine_.get(),
                               .eraser = erasure_.get(),
                               .pipes = PipeNames(),
                               .audit = audit_.get()});
  data_source_service_ = std::make_unique<DataSourceService>(
      DataSourceService::Options{.dispatch = options.dispatch,
                                 .handlers = &data_sources_->handlers(),
                                 .face = &data_sources_->face(),
                                 .queue = queue_.get(),
                                 .visibility = visibility_.get(),
                                 .jobs = jobs_.get(),
                                 .audit = audit_.get(),
                                 .clock = options.clock,
                                 .erased = erased_.get(),
                                 .outcomes = outcomes_.get(),
                                 .facts = facts_.get()});
  data_sources_->ResumeJobs();
}

IngestRole::~IngestRole() {
  metrics_.reset();
  jobs_.reset();
  if (queue_ != nullptr) queue_->Drain();
}

absl::Status IngestRole::MakeTokens(const DataDirectory& directory, const Clock& clock) {
  std::optional<std::string> admin = FindAdminToken(directory);
  if (!admin) {
    CLV_ASSIGN_OR_RETURN(admin, CreateAdminToken(directory));
    first_start_message_ = absl::StrCat("admin token: ", *admin, "\n");
  }
  admin_token_ = *admin;
  // This process may have ended between replacing the token and telling the others.
  CLV_RETURN_IF_ERROR(tokens_->AnnounceAdminToken(std::nullopt));
  CLV_ASSIGN_OR_RETURN(const std::vector<NewToken> made, EnsureDefaultTokens(*tokens_, clock));
  for (const NewToken& token : made) {
    absl::StrAppend(&first_start_message_, token.stored.name, " token: ", token.secret, "\n");
  }
  return absl::OkStatus();
}

}  // namespace clv::ingest
