// clv-bench-load: sends purchases through one PushPurchases stream and prints what it measured.
//
// All batches are read and encoded before the clock starts, so that a run measures the suite and
// little of the client. See README.md beside this file.
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "clv/v1/ingest_service.grpc.pb.h"
#include "common/base/instant.h"
#include "common/base/money.h"
#include "simdjson.h"

namespace clv::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Message = v1::PushPurchasesRequest;

struct Flags {
  std::string target;
  std::string token;
  std::string file;
  int batch_rows = 1'000;
  uint64_t skip_rows = 0;
  uint64_t max_rows = UINT64_MAX;
  bool one_at_a_time = false;  // the next batch goes when the one before is acknowledged
  bool wait = false;
};

[[noreturn]] void Fail(const std::string& text) {
  std::fprintf(stderr, "clv-bench-load: %s\n", text.c_str());
  std::exit(1);
}

// Throws what simdjson throws, and bad_optional_access for a value that is no number or instant.
v1::Purchase ReadPurchase(simdjson::dom::element row) {
  v1::Purchase purchase;
  for (const auto [key, value] : row.get_object()) {
    if (key == "purchase_amount") {
      const std::string text = simdjson::minify(value);
      purchase.set_purchase_amount_micros(ParseJsonNumber(text, INT64_MAX).value());
      continue;
    }
    const std::string text(std::string_view(value.get_string()));
    if (key == "purchase_id") purchase.set_purchase_id(text);
    if (key == "customer_id") purchase.set_customer_id(text);
    if (key == "order_id") purchase.set_order_id(text);
    if (key == "product_id") purchase.set_product_id(text);
    if (key == "product_name") purchase.set_product_name(text);
    if (key == "product_category") purchase.set_product_category(text);
    if (key == "payment_method") purchase.set_payment_method(text);
    if (key == "currency") purchase.set_currency(text);
    if (key == "purchase_date")
      purchase.mutable_purchase_date()->set_seconds(ParseInstant(text).value().seconds);
    if (key == "created_at")
      purchase.mutable_created_at()->set_seconds(ParseInstant(text).value().seconds);
  }
  return purchase;
}

struct Batches {
  std::vector<grpc::ByteBuffer> encoded;
  uint64_t rows = 0;
};

Batches ReadBatches(const Flags& flags) {
  Batches batches;
  Message message;
  message.set_wait(flags.wait);
  const auto close = [&] {
    if (message.purchases().empty()) return;
    message.set_batch_id(batches.encoded.size());
    const grpc::Slice slice(message.SerializeAsString());
    batches.encoded.emplace_back(&slice, 1);
    message.clear_purchases();
  };
  simdjson::dom::parser parser;
  uint64_t row = 0;
  for (auto element : parser.load_many(flags.file, 8 << 20)) {
    if (row++ < flags.skip_rows) continue;
    if (batches.rows == flags.max_rows) break;
    *message.add_purchases() = ReadPurchase(element.value());
    ++batches.rows;
    if (message.purchases_size() == flags.batch_rows) close();
  }
  close();
  return batches;
}

double Percentile(std::vector<double>& values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1))];
}

// One generic call, whose messages go as bytes.
class Stream {
 public:
  explicit Stream(const Flags& flags)
      : stub_(grpc::CreateChannel(flags.target, grpc::InsecureChannelCredentials())) {
    context_.AddMetadata("authorization", "Bearer " + flags.token);
    call_ = stub_.PrepareCall(&context_, "/clv.v1.IngestService/PushPurchases", &queue_);
    call_->StartCall(Tag(kStart));
    Await(kStart);
  }

  // Sends all batches and takes all acknowledgements; the rows that were accepted.
  uint64_t Run(const Batches& batches, bool one_at_a_time) {
    const size_t count = batches.encoded.size();
    sent_at_.resize(count);
    size_t written = 0;
    bool is_writing = false;
    const auto write = [&] {
      if (is_writing || written == count) return;
      if (one_at_a_time && written > latencies_.size()) return;
      is_writing = true;
      sent_at_[written] = Clock::now();
      call_->Write(batches.encoded[written++], Tag(kWrite));
    };
    uint64_t accepted = 0;
    write();
    grpc::ByteBuffer reply;
    call_->Read(&reply, Tag(kRead));
    while (latencies_.size() < count) {
      const auto [what, ok] = Next();
      if (!ok) End();
      if (what == kWrite) {
        is_writing = false;
      } else {
        accepted += Take(reply);
        if (latencies_.size() < count) call_->Read(&reply, Tag(kRead));
      }
      write();
    }
    if (is_writing) Await(kWrite);
    return accepted;
  }

  // From the begin of a batch's write until its acknowledgement, in milliseconds.
  std::vector<double>& latencies() { return latencies_; }

  // Half-closes the stream and waits for its status.
  void Close() {
    call_->WritesDone(Tag(kWrite));
    Await(kWrite);
    Finish();
  }

 private:
  enum What : intptr_t { kStart = 1, kWrite, kRead, kFinish };

  static void* Tag(What what) { return reinterpret_cast<void*>(what); }

  std::pair<What, bool> Next() {
    void* tag = nullptr;
    bool ok = false;
    if (!queue_.Next(&tag, &ok)) Fail("the queue has ended");
    return {static_cast<What>(reinterpret_cast<intptr_t>(tag)), ok};
  }

  void Await(What what) {
    if (Next() != std::pair(what, true)) End();
  }

  uint64_t Take(grpc::ByteBuffer& reply) {
    v1::PushPurchasesResponse response;
    if (!grpc::SerializationTraits<v1::PushPurchasesResponse>::Deserialize(&reply, &response).ok())
      Fail("an acknowledgement cannot be read");
    if (response.batch_id() != latencies_.size()) Fail("an acknowledgement is out of order");
    const std::chrono::duration<double, std::milli> took =
        Clock::now() - sent_at_[response.batch_id()];
    latencies_.push_back(took.count());
    return response.result().successful_rows();
  }

  void Finish() {
    grpc::Status status;
    call_->Finish(&status, Tag(kFinish));
    while (Next().first != kFinish) continue;
    if (!status.ok()) Fail(status.error_message());
  }

  [[noreturn]] void End() {
    Finish();
    Fail("the stream ended before all was acknowledged");
  }

  grpc::CompletionQueue queue_;
  grpc::ClientContext context_;
  grpc::GenericStub stub_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  std::vector<Clock::time_point> sent_at_;
  std::vector<double> latencies_;
};

int Main(int argc, char** argv) {
  Flags flags;
  CLI::App app("Sends purchases (NDJSON) through one PushPurchases stream. Prints a JSON object.");
  app.add_option("--target", flags.target, "host:port of gRPC")->required();
  app.add_option("--token", flags.token, "bearer token")->required();
  app.add_option("--batch-rows", flags.batch_rows, "rows in a batch")->check(CLI::PositiveNumber);
  app.add_option("--skip-rows", flags.skip_rows, "rows of the file to pass over");
  app.add_option("--max-rows", flags.max_rows, "rows to send at most");
  app.add_flag("--one-at-a-time", flags.one_at_a_time, "await each acknowledgement");
  app.add_flag("--wait", flags.wait, "await that each batch is visible");
  app.add_option("file", flags.file, "NDJSON of purchases")->required();
  CLI11_PARSE(app, argc, argv);
  const Batches batches = ReadBatches(flags);
  if (batches.rows == 0) Fail("no rows");
  Stream stream(flags);
  const Clock::time_point begin = Clock::now();
  const uint64_t accepted = stream.Run(batches, flags.one_at_a_time);
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  stream.Close();
  std::printf(
      "{\"rows\": %llu, \"accepted\": %llu, \"seconds\": %.6f, \"p50_ms\": %.3f, "
      "\"p99_ms\": %.3f}\n",
      static_cast<unsigned long long>(batches.rows), static_cast<unsigned long long>(accepted),
      seconds, Percentile(stream.latencies(), 0.5), Percentile(stream.latencies(), 0.99));
  return 0;
}

}  // namespace
}  // namespace clv::bench

int main(int argc, char** argv) { return clv::bench::Main(argc, argv); }
