// clv-bench-load: sends purchases through one PushPurchases stream and prints what it measured.
//
// `encode` turns NDJSON into a file of messages, `send` sends that file: a run measures the suite
// and little of the client. See README.md beside this file.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "clv/v1/ingest_service.pb.h"
#include "clv/v1/query_service.grpc.pb.h"
#include "common/base/process_setup.h"
#include "tests/bench/batch_file.h"
#include "tests/bench/push_stream.h"

namespace clv::bench {
namespace {

// A query of a large store may take longer than the server's own limit.
constexpr std::chrono::seconds kQueryTime{300};

// Set by SIGTERM: what was begun is still measured and printed.
std::atomic<bool> stops = false;

struct SendFlags {
  std::string target;
  std::string query;
  std::string token;
  std::string file;
  bool all_reports = false;
  bool one_at_a_time = false;
  double rows_per_second = 0;  // 0: as fast as they are taken
  double seconds = 0;          // 0: until the file ends
};

struct Measured {
  PushStream::Sent sent;
  std::vector<double> visible_ms;  // from each acknowledgement until an answer contains the batch
  double seconds = 0;
};

std::shared_ptr<grpc::Channel> Connect(const std::string& target) {
  return grpc::CreateChannel(target, grpc::InsecureChannelCredentials());
}

// Asks for answers that contain what was acknowledged.
class Watcher {
 public:
  Watcher(const std::string& target, std::string token)
      : stub_(v1::QueryService::NewStub(Connect(target))), token_(std::move(token)) {}

  // One customer's total.
  void AwaitVisible(const std::string& customer_id, uint64_t log_position) {
    v1::GetTotalCustomerValueRequest request;
    request.add_customer_id(customer_id);
    const auto response =
        Ask<v1::GetTotalCustomerValueResponse>("GetTotalCustomerValue", request, log_position,
                                               &v1::QueryService::Stub::GetTotalCustomerValue);
    if (response.rows().empty()) Fail("total_customer_value: " + customer_id + " is missing");
  }

  // All seven reports, at once.
  void AwaitVisibleInAll(const std::string& customer_id, uint64_t log_position) {
    using Stub = v1::QueryService::Stub;
    std::vector<std::thread> askers;
    const auto ask = [&](const char* name, auto request, auto response, auto method) {
      askers.emplace_back([this, log_position, name, request, method] {
        Ask<decltype(response)>(name, request, log_position, method);
      });
    };
    askers.emplace_back([&] { AwaitVisible(customer_id, log_position); });
    ask("GetCustomerRetention", v1::GetCustomerRetentionRequest(),
        v1::GetCustomerRetentionResponse(), &Stub::GetCustomerRetention);
    ask("GetClvBySegment", v1::GetClvBySegmentRequest(), v1::GetClvBySegmentResponse(),
        &Stub::GetClvBySegment);
    ask("GetClvByAcquisitionSource", v1::GetClvByAcquisitionSourceRequest(),
        v1::GetClvByAcquisitionSourceResponse(), &Stub::GetClvByAcquisitionSource);
    ask("GetPurchaseFrequencyAnalysis", v1::GetPurchaseFrequencyAnalysisRequest(),
        v1::GetPurchaseFrequencyAnalysisResponse(), &Stub::GetPurchaseFrequencyAnalysis);
    ask("GetClvPrediction", v1::GetClvPredictionRequest(), v1::GetClvPredictionResponse(),
        &Stub::GetClvPrediction);
    ask("GetCustomerSegmentation", v1::GetCustomerSegmentationRequest(),
        v1::GetCustomerSegmentationResponse(), &Stub::GetCustomerSegmentation);
    for (std::thread& asker : askers) asker.join();
  }

 private:
  template <typename Response, typename Request>
  Response Ask(const std::string& name, Request request, uint64_t log_position,
               grpc::Status (v1::QueryService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                              Response*)) {
    Response response;
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + token_);
    context.set_deadline(std::chrono::system_clock::now() + kQueryTime);
    request.set_min_folded_position(log_position);
    const grpc::Status status = (stub_.get()->*method)(&context, request, &response);
    if (!status.ok()) Fail(name + ": " + status.error_message());
    if (response.context().folded_position() < log_position) Fail(name + ": an answer too old");
    return response;
  }

  std::unique_ptr<v1::QueryService::Stub> stub_;
  std::string token_;
};

void SendOneAtATime(const SendFlags& flags, PushStream& stream, BatchFile& batches,
                    Measured& measured) {
  std::optional<Watcher> watcher;
  if (!flags.query.empty()) watcher.emplace(flags.query, flags.token);
  v1::PushPurchasesRequest message;
  const Clock::time_point start = Clock::now();
  while (const auto batch = batches.Next()) {
    if (flags.seconds > 0 && MillisecondsSince(start) > 1e3 * flags.seconds) break;
    if (!message.ParseFromArray(batch->message.data(), static_cast<int>(batch->message.size())))
      Fail("a batch cannot be read");
    const Clock::time_point begin = Clock::now();
    const v1::PushPurchasesResponse response = stream.Exchange(*batch);
    measured.sent.latencies_ms.push_back(MillisecondsSince(begin));
    measured.sent.rows += batch->rows;
    measured.sent.accepted += response.result().successful_rows();
    if (!watcher) continue;
    const Clock::time_point durable = Clock::now();
    const std::string& customer_id = message.purchases(0).customer_id();
    if (flags.all_reports) {
      watcher->AwaitVisibleInAll(customer_id, response.result().log_position());
    } else {
      watcher->AwaitVisible(customer_id, response.result().log_position());
    }
    measured.visible_ms.push_back(MillisecondsSince(durable));
  }
}

double Percentile(std::vector<double>& values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1))];
}

void Print(Measured& measured) {
  std::vector<double>& durable = measured.sent.latencies_ms;
  std::printf(
      "{\"rows\": %llu, \"accepted\": %llu, \"batches\": %zu, \"seconds\": %.6f, "
      "\"p50_ms\": %.3f, \"p99_ms\": %.3f",
      static_cast<unsigned long long>(measured.sent.rows),
      static_cast<unsigned long long>(measured.sent.accepted), durable.size(), measured.seconds,
      Percentile(durable, 0.5), Percentile(durable, 0.99));
  if (!measured.visible_ms.empty()) {
    std::printf(", \"visible_p50_ms\": %.3f, \"visible_p99_ms\": %.3f",
                Percentile(measured.visible_ms, 0.5), Percentile(measured.visible_ms, 0.99));
  }
  std::printf("}\n");
}

void Send(const SendFlags& flags) {
  std::signal(SIGTERM, [](int) { stops = true; });
  BatchFile batches(flags.file);
  PushStream stream(Connect(flags.target), flags.token);
  Measured measured;
  const Clock::time_point begin = Clock::now();
  if (flags.one_at_a_time || !flags.query.empty()) {
    SendOneAtATime(flags, stream, batches, measured);
  } else {
    measured.sent = stream.SendAll(
        batches, flags.rows_per_second > 0 ? std::optional(flags.rows_per_second) : std::nullopt,
        stops);
  }
  measured.seconds = MillisecondsSince(begin) / 1e3;
  stream.Close();
  if (measured.sent.latencies_ms.empty()) Fail("no rows");
  Print(measured);
}

void Encode(const EncodeOptions& options) {
  const EncodedCounts counts = EncodeBatches(options);
  std::printf("{\"rows\": %llu, \"batches\": %llu}\n", static_cast<unsigned long long>(counts.rows),
              static_cast<unsigned long long>(counts.batches));
}

void AddEncode(CLI::App& app, EncodeOptions& options) {
  CLI::App* const encode = app.add_subcommand("encode", "write NDJSON as a file of batches");
  encode->add_option("--batch-rows", options.batch_rows, "rows in a batch")
      ->check(CLI::Range(1, 100'000));
  encode->add_option("--max-rows", options.max_rows, "rows to write at most");
  encode->add_option("--copies", options.copies, "read the input so many times, under other ids")
      ->check(CLI::PositiveNumber);
  encode->add_option("--rename", options.rename, "put this before every purchase_id");
  encode->add_flag("--wait", options.wait, "batches that are acknowledged when they are visible");
  encode->add_option("input", options.input, "NDJSON of purchases")->required();
  encode->add_option("output", options.output, "file of batches")->required();
  encode->callback([&options] { Encode(options); });
}

void AddSend(CLI::App& app, SendFlags& flags) {
  CLI::App* const send = app.add_subcommand("send", "send a file of batches, print a JSON object");
  send->add_option("--target", flags.target, "host:port of ingest")->required();
  send->add_option("--token", flags.token, "bearer token")->required();
  send->add_flag("--one-at-a-time", flags.one_at_a_time,
                 "the next batch goes when the one before is acknowledged");
  send->add_option("--query", flags.query,
                   "host:port of query: after each acknowledgement also await that the batch is "
                   "visible there; implies --one-at-a-time");
  send->add_flag("--all-reports", flags.all_reports, "with --query: await it in all seven reports");
  send->add_option("--rows-per-second", flags.rows_per_second, "send no faster than this")
      ->check(CLI::PositiveNumber);
  send->add_option("--seconds", flags.seconds, "one at a time: begin no batch later")
      ->check(CLI::PositiveNumber);
  send->add_option("file", flags.file, "file of batches")->required();
  send->callback([&flags] { Send(flags); });
}

int Main(int argc, char** argv) {
  SetUpProcess();
  CLI::App app("Sends purchases through one PushPurchases stream.");
  app.require_subcommand(1);
  EncodeOptions encode_options;
  SendFlags send_flags;
  AddEncode(app, encode_options);
  AddSend(app, send_flags);
  try {
    CLI11_PARSE(app, argc, argv);
  } catch (const std::exception& error) {
    Fail(error.what());
  }
  return 0;
}

}  // namespace
}  // namespace clv::bench

int main(int argc, char** argv) { return clv::bench::Main(argc, argv); }
