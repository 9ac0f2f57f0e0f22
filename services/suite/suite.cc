#include "services/suite/suite.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/version.h"
#include "services/gateway/suite_options.h"

namespace clv::suite {
namespace {

aggregation::RefitPolicy RefitPolicyOf(const Suite::Options& options) {
  return {.growth = static_cast<double>(options.refit_growth_percent) / 100,
          .age_days = static_cast<uint32_t>(options.refit_days)};
}

}  // namespace

Suite::Suite(const Options& options)
    : authenticator_({.clock = options.clock}),
      limiter_({.requests_per_second = static_cast<double>(options.rate_limit_requests),
                .bytes_per_second = static_cast<double>(options.rate_limit_bytes)}) {}

Suite::~Suite() { Drain(std::chrono::milliseconds(0)); }

absl::StatusOr<std::unique_ptr<Suite>> Suite::Start(const Options& options) {
  CLV_RETURN_IF_ERROR(EnsureDirectory(options.directory.path));
  std::unique_ptr<Suite> suite(new Suite(options));
  suite->workers_ = std::make_unique<rpc::WorkerPool>(rpc::WorkerPool::Options{});
  suite->query_workers_ = std::make_unique<rpc::WorkerPool>(rpc::WorkerPool::Options{});
  const rpc::Dispatcher::Options dispatch{.authenticator = &suite->authenticator_,
                                          .workers = suite->workers_.get(),
                                          .limiter = &suite->limiter_,
                                          .metrics = options.metrics};
  CLV_ASSIGN_OR_RETURN(suite->ingest_,
                       ingest::IngestRole::Start({.directory = options.directory,
                                                  .log_retention = options.log_retention,
                                                  .dispatch = dispatch,
                                                  .clock = options.clock,
                                                  .appended = &suite->appended_,
                                                  .folded = &suite->folded_,
                                                  .fold_awaited = &suite->fold_awaited_,
                                                  .version = Version()}));
  suite->authenticator_.Open([directory = options.directory] { return FindAdminToken(directory); },
                             &suite->ingest_->tokens());
  CLV_ASSIGN_OR_RETURN(suite->aggregation_, aggregation::AggregationRole::Start(
                                                {.directory = options.directory,
                                                 .reporting_currency = options.reporting_currency,
                                                 .dispatch = dispatch,
                                                 .clock = options.clock,
                                                 .appended = &suite->appended_,
                                                 .folded = &suite->folded_,
                                                 .fold_awaited = &suite->fold_awaited_,
                                                 .coming = &suite->coming_,
                                                 .refit = RefitPolicyOf(options)}));
  suite->query_ = std::make_unique<query::QueryRole>(
      query::QueryRole::Options{.directory = options.directory,
                                .dispatch = {.authenticator = &suite->authenticator_,
                                             .workers = suite->query_workers_.get(),
                                             .limiter = &suite->limiter_,
                                             .metrics = options.metrics},
                                .clock = options.clock,
                                .folded = &suite->folded_,
                                .fold_awaited = &suite->fold_awaited_,
                                .coming = &suite->coming_});
  std::vector<grpc::Service*> services = suite->ingest_->services();
  services.push_back(suite->aggregation_->service());
  services.push_back(suite->query_->service());
  CLV_ASSIGN_OR_RETURN(suite->host_, rpc::ServerHost::Start({.address = options.grpc_address,
                                                             .allow_public = options.allow_public},
                                                            services));
  suite->ingest_->AddTo(&suite->local_methods_);
  suite->query_->AddTo(&suite->local_methods_);
  const std::shared_ptr<grpc::Channel> channel = suite->host_->InProcessChannel();
  suite->ingest_->Connect(channel, channel);
  for (const char* service :
       {"", gateway::kIngestService, gateway::kAdminService, gateway::kDataSourceService,
        gateway::kAggregationService, gateway::kQueryService}) {
    suite->host_->SetServing(service, true);
  }
  if (!options.http_address.empty()) {
    CLV_ASSIGN_OR_RETURN(const bool is_loopback, rpc::IsLoopbackAddress(options.http_address));
    if (!is_loopback && !options.allow_public) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--http-address: ", options.http_address,
          " is not loopback and there is no TLS; say --allow-public to do it all the same"));
    }
    gateway::Gateway::Options gateway = gateway::SuiteOptions(options.http_address);
    gateway.metrics = options.metrics;
    gateway.cors_origins = options.cors_origins;
    gateway.upstreams.push_back({.services = {"*"},
                                 .channel = channel,
                                 .address = "",
                                 .local_methods = &suite->local_methods_});
    CLV_ASSIGN_OR_RETURN(suite->gateway_, gateway::Gateway::Create(std::move(gateway)));
  }
  return suite;
}

const std::string& Suite::http_address() const {
  static const std::string none;
  return gateway_ != nullptr ? gateway_->http_address() : none;
}

void Suite::Drain(std::chrono::milliseconds grace) {
  if (gateway_ != nullptr) gateway_->Shutdown(std::chrono::steady_clock::now() + grace);
  if (host_ != nullptr) host_->Drain(grace);
}

}  // namespace clv::suite
