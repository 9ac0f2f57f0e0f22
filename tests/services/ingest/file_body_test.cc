#include "services/ingest/file_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "common/rpc/v0_reply.h"
#include "tests/services/ingest/packed.h"
#include "tests/services/ingest/row_recorder.h"

namespace clv::ingest {
namespace {

using ::testing::HasSubstr;

constexpr char kForm[] = "multipart/form-data; boundary=xyz";

std::string InForm(const std::string& file) {
  return "--xyz\r\nContent-Disposition: form-data; name=\"csv\"\r\n\r\n" + file + "\r\n--xyz--\r\n";
}

absl::StatusOr<std::string> Unwrap(const FileBody::Options& options, std::string_view body,
                                   const std::vector<size_t>& sizes = {1'000'000}) {
  absl::StatusOr<std::unique_ptr<FileBody>> opened = FileBody::Open(options);
  if (!opened.ok()) return opened.status();
  std::string file;
  const ByteSink sink = [&](std::string_view bytes) {
    file.append(bytes);
    return absl::OkStatus();
  };
  absl::Status status = TakeInPieces(
      [&](std::string_view piece) { return (*opened)->Take(piece, sink); }, body, sizes);
  if (status.ok()) status = (*opened)->Finish(sink);
  if (!status.ok()) return status;
  return file;
}

struct Refusal {
  int http_status;
  std::string text;
};

Refusal Refuse(const FileBody::Options& options, const std::string& body) {
  const absl::StatusOr<std::string> file = Unwrap(options, body);
  if (file.ok()) return {200, ""};
  EXPECT_TRUE(absl::IsInvalidArgument(file.status()));
  return {rpc::HttpStatusOf(file.status()), std::string(file.status().message())};
}

// Every way in which a file may be wrapped.
RC_GTEST_PROP(FileBodyProperty, PiecesAndWrappingsChangeNothing, ()) {
  const auto file =
      *rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab,\r\n-xyz=")));
  RC_PRE(("\r\n" + file).find("\r\n--xyz") == std::string::npos);
  const bool is_form = *rc::gen::arbitrary<bool>();
  // 0 plain, 1 and 2 the file packed, 3 and 4 the body packed.
  const int packing = *rc::gen::inRange(0, 5);
  FileBody::Options options;
  std::string body = file;
  if (packing == 1) body = Gzip(body);
  if (packing == 2) body = Zstd(body);
  if (is_form) body = InForm(body);
  if (is_form) options.content_type = kForm;
  if (packing == 3) body = Gzip(body);
  if (packing == 4) body = Zstd(body);
  if (packing >= 3) options.content_encoding = packing == 3 ? "gzip" : "zstd";
  RC_PRE(is_form || packing != 0 || !file.starts_with("url="));
  const auto sizes =
      *rc::gen::nonEmpty(rc::gen::container<std::vector<size_t>>(rc::gen::inRange<size_t>(1, 30)));
  const auto unwrapped = Unwrap(options, body, sizes);
  RC_ASSERT(unwrapped.ok());
  RC_ASSERT(*unwrapped == file);
}

TEST(FileBodyTest, APlainFileNeedsNothing) {
  EXPECT_EQ(Unwrap({}, "a,b\n").value(), "a,b\n");
  EXPECT_EQ(Unwrap({}, "").value(), "");
  EXPECT_EQ(Unwrap({}, "a").value(), "a");
  EXPECT_EQ(Unwrap({.content_type = "text/csv"}, "--xyz\r\n").value(), "--xyz\r\n");
}

TEST(FileBodyTest, ACompressionThatIsSaidIsBelieved) {
  EXPECT_EQ(Unwrap({.compression = Compression::kGzip}, Gzip("a")).value(), "a");
  EXPECT_EQ(Refuse({.compression = Compression::kGzip}, "a,b\n1,2\n").http_status, 400);
  EXPECT_EQ(Refuse({.compression = Compression::kZstd}, Gzip("a")).http_status, 400);
}

TEST(FileBodyTest, RefusesDamage) {
  const std::string packed = Gzip("customer_id\nc1\n");
  const Refusal cut = Refuse({}, packed.substr(0, packed.size() - 3));
  EXPECT_EQ(cut.http_status, 400);
  EXPECT_EQ(cut.text, "the file cannot be unpacked: malformed gzip: it ends too early");
  const Refusal other = Refuse({.content_encoding = "zstd"}, "customer_id\n");
  EXPECT_EQ(other.http_status, 400);
  EXPECT_EQ(other.text, "the body is not what Content-Encoding says: malformed zstd");
  EXPECT_EQ(Refuse({.content_type = kForm}, InForm("a").substr(0, 60)).http_status, 400);
}

TEST(FileBodyTest, RefusesUnknownEncodings) {
  const Refusal refusal = Refuse({.content_encoding = "br"}, "x");
  EXPECT_EQ(refusal.http_status, 415);
  EXPECT_EQ(refusal.text, "Content-Encoding: got 'br', want gzip, zstd or none");
}

TEST(FileBodyTest, RefusesBombs) {
  const std::string bomb = Gzip(std::string(40 << 20, ' '));
  EXPECT_EQ(Refuse({}, bomb).http_status, 413);
  EXPECT_EQ(Refuse({.content_encoding = "gzip"}, bomb).http_status, 413);
  // Small files may repeat themselves as they like.
  EXPECT_EQ(Refuse({}, Gzip(std::string(4 << 20, ' '))).http_status, 200);
}

TEST(FileBodyTest, RefusesAFileThatIsPackedTwice) {
  const Refusal refusal = Refuse({.content_encoding = "gzip"}, Gzip(Gzip("a,b\n")));
  EXPECT_EQ(refusal.http_status, 400);
  EXPECT_THAT(refusal.text, HasSubstr("packed twice"));
}

TEST(FileBodyTest, RefusesAFormThatNamesAUrl) {
  constexpr char kUrlForm[] = "application/x-www-form-urlencoded; charset=UTF-8";
  const Refusal refusal = Refuse({.content_type = kUrlForm}, "url=https%3A%2F%2Fx%2Fa.csv");
  EXPECT_EQ(refusal.http_status, 400);
  EXPECT_THAT(refusal.text, HasSubstr("files are not fetched"));
  // What curl says of every body.
  EXPECT_EQ(Unwrap({.content_type = kUrlForm}, "customer_id\n").value(), "customer_id\n");
  EXPECT_EQ(Unwrap({}, "url=1\n").value(), "url=1\n");
}

TEST(FileBodyTest, RefusesAFormWithoutABoundary) {
  EXPECT_EQ(Refuse({.content_type = "multipart/form-data"}, InForm("a")).http_status, 400);
}

TEST(FileBodyTest, TheSinksErrorStaysAsItIs) {
  for (const std::string& body : {std::string("abcdef"), Gzip("abcdef")}) {
    const auto opened = FileBody::Open({}).value();
    EXPECT_EQ(opened->Take(body, [](std::string_view) { return absl::AbortedError("enough"); }),
              absl::AbortedError("enough"));
  }
  const auto packed = FileBody::Open({.content_encoding = "gzip"}).value();
  EXPECT_EQ(packed->Take(Gzip("abcdef"),
                         [](std::string_view) { return absl::ResourceExhaustedError("full"); }),
            absl::ResourceExhaustedError("full"));
}

}  // namespace
}  // namespace clv::ingest
