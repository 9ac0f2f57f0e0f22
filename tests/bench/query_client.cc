// clv-bench-query: asks the typed reports over one connection, and measures.
//
// Reads commands from standard input, one a line, words between tabs, and prints one JSON object a
// line. Requests are messages as JSON.
//   ask METHOD REQUEST ...             asks each once, one after another:
//                                      {"ms": [...], "bytes": n, "answer": the last answer}
//   flood METHOD IN_FLIGHT SECONDS REQUEST ...   asks them in turn, so many in flight:
//                                      {"per_second": x, "p50_ms": x, "p99_ms": x}
// `AppendEvents` is asked of clv-bench-echo: a call that does nothing.
#include <google/protobuf/util/json_util.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "clv/v1/ingest_service.grpc.pb.h"
#include "clv/v1/query_service.grpc.pb.h"
#include "common/base/process_setup.h"
#include "tests/bench/batch_file.h"
#include "tests/bench/push_stream.h"

namespace clv::bench {
namespace {

// A query of a large store may take longer than the server's own limit.
constexpr std::chrono::seconds kCallTime{300};

using Words = std::vector<std::string>;

// One connection, and who asks.
struct Target {
  std::shared_ptr<grpc::Channel> channel;
  std::string token;

  void Prepare(grpc::ClientContext* context) const {
    if (!token.empty()) context->AddMetadata("authorization", "Bearer " + token);
    context->set_deadline(std::chrono::system_clock::now() + kCallTime);
  }
};

double Percentile(std::vector<double>& values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1))];
}

template <typename Request>
std::vector<Request> ParseRequests(const Words& words, size_t begin) {
  std::vector<Request> requests(words.size() - begin);
  for (size_t i = 0; i < requests.size(); ++i) {
    const auto status = google::protobuf::util::JsonStringToMessage(words[begin + i], &requests[i]);
    if (!status.ok()) Fail("a request cannot be read: " + status.ToString());
  }
  if (requests.empty()) Fail("no requests");
  return requests;
}

// How a method is called, waiting and not.
template <typename Service, typename Request, typename Response>
struct Method {
  using Stub = typename Service::StubInterface;
  grpc::Status (Stub::*call)(grpc::ClientContext*, const Request&, Response*);
  void (Stub::async_interface::*begin)(grpc::ClientContext*, const Request*, Response*,
                                       std::function<void(grpc::Status)>);
};

template <typename Service, typename Request, typename Response>
void Ask(const Method<Service, Request, Response>& method, const Target& target,
         const Words& words) {
  const auto requests = ParseRequests<Request>(words, 2);
  const auto stub = Service::NewStub(target.channel);
  std::string times;
  Response response;
  for (const Request& request : requests) {
    grpc::ClientContext context;
    target.Prepare(&context);
    const Clock::time_point begin = Clock::now();
    const grpc::Status status =
        (static_cast<typename Service::StubInterface*>(stub.get())->*method.call)(&context, request,
                                                                                  &response);
    const double ms = MillisecondsSince(begin);
    if (!status.ok()) Fail(words[1] + ": " + status.error_message());
    times += (times.empty() ? "" : ", ") + std::to_string(ms);
  }
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string answer;
  const auto printed = google::protobuf::util::MessageToJsonString(response, &answer, options);
  if (!printed.ok()) Fail("an answer cannot be printed: " + printed.ToString());
  std::cout << "{\"ms\": [" << times << "], \"bytes\": " << response.ByteSizeLong()
            << ", \"answer\": " << answer << "}" << std::endl;
}

// Calls that follow each other until the time is over.
template <typename Service, typename Request, typename Response>
class Flood {
 public:
  Flood(const Method<Service, Request, Response>& method, const Target& target,
        std::vector<Request> requests, Clock::time_point end)
      : method_(method),
        target_(target),
        requests_(std::move(requests)),
        end_(end),
        stub_(Service::NewStub(target.channel)) {}

  // Milliseconds that the calls took.
  std::vector<double> Run(int in_flight) {
    running_ = in_flight;
    std::vector<std::unique_ptr<Call>> calls;
    for (int i = 0; i < in_flight; ++i) {
      calls.push_back(std::make_unique<Call>());
      Start(*calls.back());
    }
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [&] { return running_ == 0; });
    if (!error_.empty()) Fail(error_);
    return std::move(times_ms_);
  }

 private:
  struct Call {
    std::unique_ptr<grpc::ClientContext> context;
    Response response;
    Clock::time_point begin;
  };

  void Start(Call& call) {
    call.context = std::make_unique<grpc::ClientContext>();
    target_.Prepare(call.context.get());
    call.begin = Clock::now();
    (static_cast<typename Service::StubInterface*>(stub_.get())->async()->*method_.begin)(
        call.context.get(), &NextRequest(), &call.response,
        [this, &call](const grpc::Status& status) {
          if (Took(MillisecondsSince(call.begin), status)) Start(call);
        });
  }

  const Request& NextRequest() {
    std::lock_guard lock(mutex_);
    return requests_[next_++ % requests_.size()];
  }

  // Whether another call is to follow.
  bool Took(double ms, const grpc::Status& status) {
    std::lock_guard lock(mutex_);
    times_ms_.push_back(ms);
    if (!status.ok()) error_ = status.error_message();
    if (error_.empty() && Clock::now() < end_) return true;
    if (--running_ == 0) ended_.notify_all();
    return false;
  }

  const Method<Service, Request, Response> method_;
  const Target& target_;
  const std::vector<Request> requests_;
  const Clock::time_point end_;
  const std::unique_ptr<typename Service::Stub> stub_;
  std::mutex mutex_;
  std::condition_variable ended_;
  size_t next_ = 0;
  int running_ = 0;
  std::string error_;
  std::vector<double> times_ms_;
};

template <typename Service, typename Request, typename Response>
void RunFlood(const Method<Service, Request, Response>& method, const Target& target,
              const Words& words) {
  if (words.size() < 5) Fail("flood: too few words");
  const double seconds = std::stod(words[3]);
  const Clock::time_point begin = Clock::now();
  Flood<Service, Request, Response> flood(
      method, target, ParseRequests<Request>(words, 4),
      begin + std::chrono::microseconds(static_cast<int64_t>(seconds * 1e6)));
  std::vector<double> times = flood.Run(std::stoi(words[2]));
  const double calls = static_cast<double>(times.size()) / (MillisecondsSince(begin) / 1e3);
  std::printf("{\"per_second\": %.3f, \"p50_ms\": %.4f, \"p99_ms\": %.4f}\n", calls,
              Percentile(times, 0.5), Percentile(times, 0.99));
  std::fflush(stdout);
}

using Command = std::function<void(const Target&, const Words&)>;

struct Commands {
  Command ask;
  Command flood;

  template <typename Service, typename Request, typename Response>
  static Commands Of(const Method<Service, Request, Response>& method) {
    return {
        [method](const Target& target, const Words& words) { Ask(method, target, words); },
        [method](const Target& target, const Words& words) { RunFlood(method, target, words); }};
  }
};

template <typename Request, typename Response>
using Report = Method<v1::QueryService, Request, Response>;
using Reports = v1::QueryService::StubInterface;
using AsyncReports = Reports::async_interface;

std::map<std::string, Commands> AllMethods() {
  return {
      {"GetCustomerRetention",
       Commands::Of(Report<v1::GetCustomerRetentionRequest, v1::GetCustomerRetentionResponse>{
           &Reports::GetCustomerRetention, &AsyncReports::GetCustomerRetention})},
      {"GetClvBySegment",
       Commands::Of(Report<v1::GetClvBySegmentRequest, v1::GetClvBySegmentResponse>{
           &Reports::GetClvBySegment, &AsyncReports::GetClvBySegment})},
      {"GetClvByAcquisitionSource",
       Commands::Of(
           Report<v1::GetClvByAcquisitionSourceRequest, v1::GetClvByAcquisitionSourceResponse>{
               &Reports::GetClvByAcquisitionSource, &AsyncReports::GetClvByAcquisitionSource})},
      {"GetPurchaseFrequencyAnalysis",
       Commands::Of(Report<v1::GetPurchaseFrequencyAnalysisRequest,
                           v1::GetPurchaseFrequencyAnalysisResponse>{
           &Reports::GetPurchaseFrequencyAnalysis, &AsyncReports::GetPurchaseFrequencyAnalysis})},
      {"GetClvPrediction",
       Commands::Of(Report<v1::GetClvPredictionRequest, v1::GetClvPredictionResponse>{
           &Reports::GetClvPrediction, &AsyncReports::GetClvPrediction})},
      {"GetCustomerSegmentation",
       Commands::Of(Report<v1::GetCustomerSegmentationRequest, v1::GetCustomerSegmentationResponse>{
           &Reports::GetCustomerSegmentation, &AsyncReports::GetCustomerSegmentation})},
      {"GetTotalCustomerValue",
       Commands::Of(Report<v1::GetTotalCustomerValueRequest, v1::GetTotalCustomerValueResponse>{
           &Reports::GetTotalCustomerValue, &AsyncReports::GetTotalCustomerValue})},
      {"AppendEvents",
       Commands::Of(Method<v1::IngestService, v1::AppendEventsRequest, google::api::HttpBody>{
           &v1::IngestService::StubInterface::AppendEvents,
           &v1::IngestService::StubInterface::async_interface::AppendEvents})},
  };
}

Words SplitAtTabs(const std::string& line) {
  Words words(1);
  for (const char c : line) {
    if (c == '\t') {
      words.emplace_back();
    } else {
      words.back().push_back(c);
    }
  }
  return words;
}

void Serve(const Target& target) {
  const std::map<std::string, Commands> methods = AllMethods();
  std::string line;
  while (std::getline(std::cin, line)) {
    const Words words = SplitAtTabs(line);
    const auto method = words.size() < 3 ? methods.end() : methods.find(words[1]);
    if (method == methods.end()) Fail("no such method: " + line);
    if (words[0] == "ask") {
      method->second.ask(target, words);
    } else if (words[0] == "flood") {
      method->second.flood(target, words);
    } else {
      Fail("no such command: " + words[0]);
    }
  }
}

int Main(int argc, char** argv) {
  SetUpProcess();
  CLI::App app("Asks the reports and measures; reads commands from standard input.");
  std::string address;
  Target target;
  app.add_option("--target", address, "host:port of query")->required();
  app.add_option("--token", target.token, "bearer token");
  CLI11_PARSE(app, argc, argv);
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  target.channel =
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  Serve(target);
  return 0;
}

}  // namespace
}  // namespace clv::bench

int main(int argc, char** argv) { return clv::bench::Main(argc, argv); }
