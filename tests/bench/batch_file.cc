#include "tests/bench/batch_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

#include "clv/v1/ingest_service.pb.h"
#include "common/base/instant.h"
#include "common/base/money.h"
#include "simdjson.h"

namespace clv::bench {
namespace {

constexpr size_t kChunkBytes = size_t{8} << 20;
constexpr size_t kLongestRow = size_t{1} << 20;

// Before each message in the file.
struct BatchHeader {
  uint32_t bytes = 0;
  uint32_t rows = 0;
};

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

File Open(const std::string& path, const char* mode) {
  File file(std::fopen(path.c_str(), mode));
  if (file == nullptr) Fail("cannot open " + path);
  return file;
}

// Throws what simdjson throws, and bad_optional_access for a value that is no number or instant.
void ReadPurchase(simdjson::dom::element row, v1::Purchase& purchase) {
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
}

// Calls `visit` with each row of a file until it returns false. One chunk is in memory at a time.
void ForEachRow(const std::string& path, const std::function<bool(simdjson::dom::element)>& visit) {
  const File file = Open(path, "rb");
  std::vector<char> chunk(kChunkBytes + simdjson::SIMDJSON_PADDING);
  simdjson::dom::parser parser;
  size_t held = 0;
  while (true) {
    const size_t got = std::fread(chunk.data() + held, 1, kChunkBytes - held, file.get());
    held += got;
    if (held == 0) return;
    size_t whole = held;
    if (got != 0) {
      while (whole > 0 && chunk[whole - 1] != '\n') --whole;
      if (whole == 0) Fail("a line of " + path + " is longer than a chunk");
    }
    for (auto row : parser.parse_many(chunk.data(), whole, kLongestRow)) {
      if (!visit(row.value())) return;
    }
    std::memmove(chunk.data(), chunk.data() + whole, held - whole);
    held -= whole;
  }
}

class Encoder {
 public:
  explicit Encoder(const EncodeOptions& options)
      : options_(options), output_(Open(options.output, "wb")) {
    message_.set_wait(options.wait);
  }

  EncodedCounts Run() {
    for (uint32_t copy = 0; copy < options_.copies && counts_.rows < options_.max_rows; ++copy) {
      std::string prefix = options_.rename;
      if (options_.copies > 1) prefix += std::to_string(copy) + "-";
      ForEachRow(options_.input,
                 [&](simdjson::dom::element element) { return Add(element, prefix); });
    }
    Close();
    if (std::fflush(output_.get()) != 0) Fail("cannot write " + options_.output);
    return counts_;
  }

 private:
  bool Add(simdjson::dom::element element, const std::string& prefix) {
    if (counts_.rows == options_.max_rows) return false;
    v1::Purchase& purchase = *message_.add_purchases();
    ReadPurchase(element, purchase);
    if (!prefix.empty()) purchase.set_purchase_id(prefix + purchase.purchase_id());
    ++counts_.rows;
    if (static_cast<uint32_t>(message_.purchases_size()) == options_.batch_rows) Close();
    return true;
  }

  void Close() {
    if (message_.purchases().empty()) return;
    message_.set_batch_id(counts_.batches++);
    bytes_.clear();
    message_.AppendToString(&bytes_);
    const BatchHeader header{static_cast<uint32_t>(bytes_.size()),
                             static_cast<uint32_t>(message_.purchases_size())};
    if (std::fwrite(&header, sizeof header, 1, output_.get()) != 1 ||
        std::fwrite(bytes_.data(), bytes_.size(), 1, output_.get()) != 1)
      Fail("cannot write " + options_.output);
    message_.clear_purchases();
  }

  const EncodeOptions& options_;
  const File output_;
  v1::PushPurchasesRequest message_;
  std::string bytes_;
  EncodedCounts counts_;
};

}  // namespace

void Fail(const std::string& text) {
  std::fprintf(stderr, "clv-bench-load: %s\n", text.c_str());
  std::exit(1);
}

EncodedCounts EncodeBatches(const EncodeOptions& options) { return Encoder(options).Run(); }

BatchFile::BatchFile(const std::string& path) : path_(path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info = {};
  if (file < 0 || fstat(file, &info) != 0) Fail("cannot open " + path);
  size_ = static_cast<size_t>(info.st_size);
  if (size_ > 0) {
    void* const mapped = mmap(nullptr, size_, PROT_READ, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED) Fail("cannot map " + path);
    madvise(mapped, size_, MADV_SEQUENTIAL);
    begin_ = static_cast<const char*>(mapped);
  }
  close(file);
}

BatchFile::~BatchFile() {
  if (begin_ != nullptr) munmap(const_cast<char*>(begin_), size_);
}

std::optional<EncodedBatch> BatchFile::Next() {
  if (at_ == size_) return std::nullopt;
  BatchHeader header;
  if (size_ - at_ < sizeof header) Fail(path_ + " is no file of batches");
  std::memcpy(&header, begin_ + at_, sizeof header);
  at_ += sizeof header;
  if (size_ - at_ < header.bytes || header.rows == 0) Fail(path_ + " is no file of batches");
  const EncodedBatch batch{{begin_ + at_, header.bytes}, header.rows};
  at_ += header.bytes;
  return batch;
}

}  // namespace clv::bench
