#include "services/ingest/suite_status.h"

#include <grpcpp/client_context.h>

#include <atomic>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/domain/data_sources.h"
#include "services/ingest/quarantine_reasons.h"

namespace clv::ingest {
namespace {

constexpr size_t kShownReasons = 20;

template <typename Service>
std::shared_ptr<typename Service::Stub> StubOf(const std::shared_ptr<grpc::Channel>& channel) {
  if (channel == nullptr) return nullptr;
  return Service::NewStub(channel);
}

// What is wrong when `who` answered with this status; empty when nothing is.
std::string ProblemOf(const std::string& who, const grpc::Status& status) {
  if (status.ok()) return "";
  return absl::StrCat(who, " does not answer: ", status.error_message());
}

}  // namespace

// One question on its way; the last of its three holders answers it.
struct SuiteStatus::Question {
  v1::GetStatusResponse response;
  std::function<void(v1::GetStatusResponse)> done;
  std::atomic<int> open = 3;

  grpc::ClientContext aggregation_context;
  v1::GetAggregationStatusRequest aggregation_request;
  v1::GetAggregationStatusResponse aggregation_response;
  std::string aggregation_problem;

  grpc::ClientContext query_context;
  v1::GetQueryStatusRequest query_request;
  v1::GetQueryStatusResponse query_response;
  std::string query_problem;

  void CloseOne() {
    if (--open > 0) return;
    if (aggregation_problem.empty()) {
      *response.mutable_aggregation() = std::move(*aggregation_response.mutable_status());
    } else {
      response.add_problems(aggregation_problem);
    }
    if (query_problem.empty()) {
      *response.mutable_query() = std::move(*query_response.mutable_status());
    } else {
      response.add_problems(query_problem);
    }
    done(std::move(response));
  }
};

SuiteStatus::SuiteStatus(Options options) : options_(std::move(options)) {}

void SuiteStatus::Connect(const std::shared_ptr<grpc::Channel>& aggregation,
                          const std::shared_ptr<grpc::Channel>& query) {
  std::lock_guard lock(mutex_);
  peers_ = {StubOf<v1::AggregationService>(aggregation), StubOf<v1::QueryService>(query)};
}

SuiteStatus::Peers SuiteStatus::peers() const {
  std::lock_guard lock(mutex_);
  return peers_;
}

void SuiteStatus::Ask(const std::string& authorization,
                      std::function<void(v1::GetStatusResponse)> done) const {
  const auto question = std::make_shared<Question>();
  question->done = std::move(done);
  question->response.set_version(options_.version);
  *question->response.mutable_ingest() = Ingest();
  for (grpc::ClientContext* context : {&question->aggregation_context, &question->query_context}) {
    context->set_deadline(std::chrono::system_clock::now() + options_.timeout);
    if (!authorization.empty()) context->AddMetadata("authorization", authorization);
  }
  const Peers peers = this->peers();
  if (peers.aggregation != nullptr) {
    peers.aggregation->async()->GetAggregationStatus(
        &question->aggregation_context, &question->aggregation_request,
        &question->aggregation_response, [question](const grpc::Status& status) {
          question->aggregation_problem = ProblemOf("aggregation", status);
          question->CloseOne();
        });
  } else {
    question->aggregation_problem = "aggregation is not connected";
    question->CloseOne();
  }
  if (peers.query != nullptr) {
    peers.query->async()->GetQueryStatus(&question->query_context, &question->query_request,
                                         &question->query_response,
                                         [question](const grpc::Status& status) {
                                           question->query_problem = ProblemOf("query", status);
                                           question->CloseOne();
                                         });
  } else {
    question->query_problem = "query is not connected";
    question->CloseOne();
  }
  question->CloseOne();
}

v1::IngestStatus SuiteStatus::Ingest() const {
  v1::IngestStatus status;
  const WriteQueue::Status queue = options_.queue->status();
  status.set_log_position(options_.log->LastPosition());
  status.set_first_retained_position(options_.log->FirstRetainedPosition());
  status.set_queued_rows(queue.queued_rows);
  status.set_accepted_rows(queue.accepted_rows);
  for (const auto& [data_source, counts] : options_.log->quarantine_counts()) {
    v1::QuarantineCount* count = status.add_quarantine();
    count->set_data_source(std::string(domain::DataSourceName(data_source)));
    count->set_rows(counts.rows);
    count->set_dropped_rows(counts.dropped_rows);
    for (const storage::QuarantineReasonCount& reason :
         options_.queue->refusals().MostFrequent(data_source, kShownReasons)) {
      *count->add_reasons() = ToProto(reason);
    }
  }
  const storage::ErasedCounts erased = options_.log->erased_counts();
  status.set_erased_customers(erased.customers);
  status.set_refused_erased_rows(erased.refused_rows);
  status.set_log_bytes(options_.log->SizeBytes());
  status.mutable_start_time()->set_seconds(options_.start_time_seconds);
  return status;
}

}  // namespace clv::ingest
