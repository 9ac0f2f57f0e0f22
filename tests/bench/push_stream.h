// tests/bench/push_stream.h: one PushPurchases stream whose messages go as bytes.
#ifndef CLV_TESTS_BENCH_PUSH_STREAM_H_
#define CLV_TESTS_BENCH_PUSH_STREAM_H_

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "clv/v1/ingest_service.grpc.pb.h"
#include "tests/bench/batch_file.h"

namespace clv::bench {

using Clock = std::chrono::steady_clock;

// Milliseconds since `begin`.
double MillisecondsSince(Clock::time_point begin);

// Thread-compatible. Every error ends the program with a message.
class PushStream {
 public:
  PushStream(const std::shared_ptr<grpc::Channel>& channel, const std::string& token);

  struct Sent {
    uint64_t rows = 0;
    uint64_t accepted = 0;
    std::vector<double> latencies_ms;  // of each batch, from the begin of its write until its
                                       // acknowledgement, its time in the stream's window included
  };

  // Sends all batches of the file, as many in flight as flow control lets through, and takes all
  // acknowledgements. With `rows_per_second` no batch begins before those ahead of it were due at
  // that rate. Begins no more batches once `stops` is set.
  Sent SendAll(BatchFile& batches, std::optional<double> rows_per_second,
               const std::atomic<bool>& stops);

  // Sends one batch and waits for its acknowledgement. Not after SendAll.
  v1::PushPurchasesResponse Exchange(const EncodedBatch& batch);

  // Half-closes the stream and waits for its end.
  void Close();

 private:
  enum What : intptr_t { kTimeout, kStart, kWrite, kRead, kFinish };
  struct Run;

  static void* Tag(What what) { return reinterpret_cast<void*>(what); }

  std::pair<What, bool> Next(std::optional<Clock::time_point> until = std::nullopt);
  void Await(What what);
  void Write(const EncodedBatch& batch);
  v1::PushPurchasesResponse TakeReply();
  void Finish();
  [[noreturn]] void End();

  grpc::CompletionQueue queue_;
  grpc::ClientContext context_;
  grpc::GenericStub stub_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  grpc::ByteBuffer reply_;
  uint64_t acknowledged_ = 0;
};

}  // namespace clv::bench

#endif  // CLV_TESTS_BENCH_PUSH_STREAM_H_
