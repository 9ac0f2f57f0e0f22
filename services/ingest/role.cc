#include "services/ingest/role.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "services/ingest/token_factory.h"

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
  const storage::SqliteFoldProgress::Options progress{.path = options.directory.clv(),
                                                      .folded = options.folded};
  role->trim_progress_ = std::make_unique<storage::SqliteFoldProgress>(progress);
  role->wait_progress_ = std::make_unique<storage::SqliteFoldProgress>(progress);
  role->outcomes_ = std::make_unique<storage::SqliteFoldOutcomes>(options.directory.clv());
  role->visibility_ = std::make_unique<VisibilityWaiter>(role->wait_progress_.get());
  role->queue_ = std::make_unique<WriteQueue>(
      WriteQueue::Options{.log = role->log_.get(),
                          .progress = role->trim_progress_.get(),
                          .clock = options.clock,
                          .erased = role->erased_.get(),
                          .log_retention = options.log_retention == "all" ? LogRetention::kAll
                                                                          : LogRetention::kFolded});
  role->ingest_ =
      std::make_unique<IngestService>(IngestService::Options{.dispatch = options.dispatch,
                                                             .queue = role->queue_.get(),
                                                             .visibility = role->visibility_.get(),
                                                             .clock = options.clock,
                                                             .erased = role->erased_.get(),
                                                             .outcomes = role->outcomes_.get()});
  role->admin_ = std::make_unique<AdminService>(AdminService::Options{.dispatch = options.dispatch,
                                                                      .tokens = role->tokens_.get(),
                                                                      .clock = options.clock,
                                                                      .log = role->log_.get(),
                                                                      .queue = role->queue_.get(),
                                                                      .version = options.version});
  role->data_sources_ = std::make_unique<DataSourceService>(
      DataSourceService::Options{.dispatch = options.dispatch,
                                 .queue = role->queue_.get(),
                                 .visibility = role->visibility_.get(),
                                 .clock = options.clock,
                                 .erased = role->erased_.get(),
                                 .outcomes = role->outcomes_.get()});
  return role;
}

IngestRole::~IngestRole() {
  if (queue_ != nullptr) queue_->Drain();
}

absl::Status IngestRole::MakeTokens(const DataDirectory& directory, const Clock& clock) {
  std::optional<std::string> admin = FindAdminToken(directory);
  if (!admin) {
    CLV_ASSIGN_OR_RETURN(admin, CreateAdminToken(directory));
    first_start_message_ = absl::StrCat("admin token: ", *admin, "\n");
  }
  admin_token_ = *admin;
  CLV_ASSIGN_OR_RETURN(const std::vector<NewToken> made, EnsureDefaultTokens(*tokens_, clock));
  for (const NewToken& token : made) {
    absl::StrAppend(&first_start_message_, token.stored.name, " token: ", token.secret, "\n");
  }
  return absl::OkStatus();
}

}  // namespace clv::ingest
