#include "tools/cli/byte_source.h"

#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace clv::cli {
namespace {

constexpr size_t kBlockBytes = size_t{256} << 10;
constexpr std::string_view kGzipMagic = "\x1f\x8b";
constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";

// The file as it is. Its first block can be looked at before it is read.
class PlainFile : public ByteSource {
 public:
  PlainFile(std::string path, std::FILE* file) : path_(std::move(path)), file_(file) {
    struct stat info {};
    if (fstat(fileno(file), &info) == 0 && S_ISREG(info.st_mode)) {
      size_ = static_cast<double>(info.st_size);
    }
  }

  ~PlainFile() override {
    if (file_ != stdin) {
      std::fclose(file_);
    }
  }

  PlainFile(const PlainFile&) = delete;
  PlainFile& operator=(const PlainFile&) = delete;

  absl::StatusOr<std::string_view> Peek() {
    std::vector<char> block(kBlockBytes);
    CLV_ASSIGN_OR_RETURN(const size_t got, ReadFile(block));
    peeked_.assign(block.data(), got);
    return std::string_view(peeked_);
  }

  absl::StatusOr<size_t> Read(std::span<char> to) override {
    if (peeked_used_ == peeked_.size()) {
      return ReadFile(to);
    }
    const size_t size = std::min(to.size(), peeked_.size() - peeked_used_);
    std::memcpy(to.data(), peeked_.data() + peeked_used_, size);
    peeked_used_ += size;
    return size;
  }

  std::optional<double> fraction_read() const override {
    if (size_ <= 0) {
      return std::nullopt;
    }
    return std::min(1.0, bytes_read_ / size_);
  }

 private:
  absl::StatusOr<size_t> ReadFile(std::span<char> to) {
    const size_t size = std::fread(to.data(), 1, to.size(), file_);
    if (size == 0 && std::ferror(file_) != 0) {
      return absl::UnavailableError(
          absl::StrCat("cannot read ", path_, ": ", std::strerror(errno)));
    }
    bytes_read_ += static_cast<double>(size);
    return size;
  }

  std::string path_;
  std::FILE* file_;
  double size_ = 0;
  double bytes_read_ = 0;
  std::string peeked_;
  size_t peeked_used_ = 0;
};

// What gzip and zstd share: a block of compressed input that is refilled.
class CompressedFile : public ByteSource {
 public:
  CompressedFile(std::string path, std::unique_ptr<PlainFile> file)
      : path_(std::move(path)), file_(std::move(file)), block_(kBlockBytes) {}

  std::optional<double> fraction_read() const override { return file_->fraction_read(); }

 protected:
  absl::StatusOr<size_t> FillBlock() { return file_->Read(block_); }
  char* block() { return block_.data(); }
  absl::Status Broken(std::string_view what) const {
    return absl::DataLossError(absl::StrCat(path_, ": ", std::string(what)));
  }

 private:
  std::string path_;
  std::unique_ptr<PlainFile> file_;
  std::vector<char> block_;
};

class GzipFile : public CompressedFile {
 public:
  using CompressedFile::CompressedFile;

  ~GzipFile() override { inflateEnd(&stream_); }

  absl::Status Init() {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    return inflateInit2(&stream_, kGzipOnly) == Z_OK ? absl::OkStatus()
                                                     : absl::ResourceExhaustedError("zlib: memory");
  }

  absl::StatusOr<size_t> Read(std::span<char> to) override {
    stream_.next_out = reinterpret_cast<Bytef*>(to.data());
    stream_.avail_out = static_cast<uInt>(to.size());
    while (stream_.avail_out == to.size()) {
      if (stream_.avail_in == 0) {
        CLV_ASSIGN_OR_RETURN(const size_t got, FillBlock());
        if (got == 0) {
          return in_member_ ? absl::StatusOr<size_t>(Broken("the gzip data end too early")) : 0;
        }
        stream_.next_in = reinterpret_cast<Bytef*>(block());
        stream_.avail_in = static_cast<uInt>(got);
      }
      in_member_ = true;
      const int result = inflate(&stream_, Z_NO_FLUSH);
      if (result == Z_STREAM_END) {
        in_member_ = false;
        inflateReset(&stream_);
      } else if (result != Z_OK && result != Z_BUF_ERROR) {
        return Broken("broken gzip data");
      }
    }
    return to.size() - stream_.avail_out;
  }

 private:
  z_stream stream_{};
  bool in_member_ = false;
};

class ZstdFile : public CompressedFile {
 public:
  using CompressedFile::CompressedFile;

  absl::StatusOr<size_t> Read(std::span<char> to) override {
    ZSTD_outBuffer out{.dst = to.data(), .size = to.size(), .pos = 0};
    while (out.pos == 0) {
      if (in_.pos == in_.size) {
        CLV_ASSIGN_OR_RETURN(const size_t got, FillBlock());
        if (got == 0) {
          return in_frame_ ? absl::StatusOr<size_t>(Broken("the zstd data end too early")) : 0;
        }
        in_ = {.src = block(), .size = got, .pos = 0};
      }
      const size_t result = ZSTD_decompressStream(context_.get(), &out, &in_);
      if (ZSTD_isError(result) != 0) {
        return Broken(ZSTD_getErrorName(result));
      }
      in_frame_ = result != 0;
    }
    return out.pos;
  }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  std::unique_ptr<ZSTD_DCtx, Free> context_{ZSTD_createDCtx()};
  ZSTD_inBuffer in_{};
  bool in_frame_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ByteSource>> OpenByteSource(const std::string& path) {
  std::FILE* const file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    return absl::NotFoundError(absl::StrCat("cannot open ", path, ": ", std::strerror(errno)));
  }
  auto plain = std::make_unique<PlainFile>(path, file);
  CLV_ASSIGN_OR_RETURN(const std::string_view begin, plain->Peek());
  if (begin.starts_with(kGzipMagic)) {
    auto gzip = std::make_unique<GzipFile>(path, std::move(plain));
    CLV_RETURN_IF_ERROR(gzip->Init());
    return gzip;
  }
  if (begin.starts_with(kZstdMagic)) {
    return std::make_unique<ZstdFile>(path, std::move(plain));
  }
  return plain;
}

}  // namespace clv::cli
