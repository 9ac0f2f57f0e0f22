// tests/bench/batch_file.h: purchases as PushPurchasesRequest messages in a file, ready for the
// wire.
//
// A file is written once before a clock starts and read while it runs, so that a measured client
// neither parses nor serialises. Both directions need memory for a few batches only, whatever the
// size. Errors end the program with a message: these are parts of a benchmark.
#ifndef CLV_TESTS_BENCH_BATCH_FILE_H_
#define CLV_TESTS_BENCH_BATCH_FILE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace clv::bench {

// Prints "clv-bench-load: TEXT" to standard error and ends the program with code 1.
[[noreturn]] void Fail(const std::string& text);

struct EncodeOptions {
  std::string input;   // NDJSON of purchases, one a line
  std::string output;  // is replaced
  uint32_t batch_rows = 1'000;
  uint64_t max_rows = UINT64_MAX;  // rows to write, all copies together
  uint32_t copies = 1;             // how many times the input is read
  std::string rename;              // put before every purchase_id; with copies also their number
  bool wait = false;               // the field of the messages
};

struct EncodedCounts {
  uint64_t batches = 0;
  uint64_t rows = 0;
};

// Writes the batches. `batch_id` counts them from 0.
EncodedCounts EncodeBatches(const EncodeOptions& options);

struct EncodedBatch {
  std::string_view message;  // lives as long as its file
  uint32_t rows = 0;
};

// The batches of a file in their order. Thread-compatible.
class BatchFile {
 public:
  explicit BatchFile(const std::string& path);
  ~BatchFile();
  BatchFile(const BatchFile&) = delete;
  BatchFile& operator=(const BatchFile&) = delete;

  // The next batch; absent after the last. The bytes are mapped from the file, not copied.
  std::optional<EncodedBatch> Next();

 private:
  std::string path_;
  const char* begin_ = nullptr;
  size_t size_ = 0;
  size_t at_ = 0;
};

}  // namespace clv::bench

#endif  // CLV_TESTS_BENCH_BATCH_FILE_H_
