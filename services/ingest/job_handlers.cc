#include "services/ingest/job_handlers.h"

#include <grpcpp/client_context.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace clv::ingest {
namespace {

// One question to aggregation on its way.
template <typename Request, typename Response>
struct JobQuestion {
  JobQuestion(std::chrono::milliseconds timeout, const std::string& authorization) {
    context.set_deadline(std::chrono::system_clock::now() + timeout);
    if (!authorization.empty()) context.AddMetadata("authorization", authorization);
  }

  grpc::ClientContext context;
  Request request;
  Response response;
};

bool IsNewer(const v1::Job& a, const v1::Job& b) {
  const auto& first = a.create_time();
  const auto& second = b.create_time();
  return std::pair(first.seconds(), first.nanos()) > std::pair(second.seconds(), second.nanos());
}

// Both lists are sorted, as far as their clocks tell.
std::vector<v1::Job> Joined(std::vector<v1::Job> own, const v1::ListJobsResponse& others,
                            uint32_t limit) {
  std::vector<v1::Job> joined;
  std::merge(std::make_move_iterator(own.begin()), std::make_move_iterator(own.end()),
             others.jobs().begin(), others.jobs().end(), std::back_inserter(joined), &IsNewer);
  if (joined.size() > limit) joined.resize(limit);
  return joined;
}

}  // namespace

void JobHandlers::Connect(const std::shared_ptr<grpc::Channel>& aggregation) {
  std::shared_ptr<v1::AggregationService::Stub> stub;
  if (aggregation != nullptr) stub = v1::AggregationService::NewStub(aggregation);
  std::lock_guard lock(mutex_);
  aggregation_ = std::move(stub);
}

std::shared_ptr<v1::AggregationService::Stub> JobHandlers::aggregation() const {
  std::lock_guard lock(mutex_);
  return aggregation_;
}

void JobHandlers::GetJob(const std::string& job_id, const std::string& authorization,
                         const GetDone& done) const {
  const absl::StatusOr<v1::Job> own = options_.board->GetJob(job_id);
  const auto stub = aggregation();
  if (own.ok() || stub == nullptr) {
    done(own);
    return;
  }
  using Question = JobQuestion<v1::GetJobRequest, v1::GetJobResponse>;
  const auto question = std::make_shared<Question>(options_.timeout, authorization);
  question->request.set_job_id(job_id);
  stub->async()->GetJob(&question->context, &question->request, &question->response,
                        [question, stub, own, done](const grpc::Status& status) {
                          if (status.ok()) {
                            done(std::move(*question->response.mutable_job()));
                          } else if (status.error_code() == grpc::StatusCode::NOT_FOUND) {
                            done(own);
                          } else {
                            done(absl::UnavailableError(absl::StrCat(
                                "aggregation does not answer: ", status.error_message())));
                          }
                        });
}

void JobHandlers::ListJobs(uint32_t limit, const std::string& authorization,
                           const ListDone& done) const {
  std::vector<v1::Job> own = options_.board->ListJobs(limit);
  const auto stub = aggregation();
  if (stub == nullptr) {
    done(std::move(own));
    return;
  }
  using Question = JobQuestion<v1::ListJobsRequest, v1::ListJobsResponse>;
  const auto question = std::make_shared<Question>(options_.timeout, authorization);
  question->request.set_limit(limit);
  stub->async()->ListJobs(&question->context, &question->request, &question->response,
                          [question, stub, own, limit, done](const grpc::Status& status) {
                            // What came before an error is nothing to rely on.
                            if (!status.ok()) question->response.Clear();
                            done(Joined(own, question->response, limit));
                          });
}

}  // namespace clv::ingest
