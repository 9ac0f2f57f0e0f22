#include "services/ingest/multipart_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/rpc/v0_reply.h"
#include "tests/services/ingest/row_recorder.h"

namespace clv::ingest {
namespace {

using ::testing::HasSubstr;

constexpr char kBoundary[] = "----node-42";

std::string Field(const std::string& name, const std::string& content,
                  const std::string& more_headers = "") {
  return std::string("--") + kBoundary + "\r\nContent-Disposition: form-data; name=\"" + name +
         "\"; filename=\"a;b.csv\"\r\n" + more_headers + "\r\n" + content + "\r\n";
}
std::string End() { return std::string("--") + kBoundary + "--\r\n"; }

// The file in the form.
absl::StatusOr<std::string> ReadForm(std::string_view form,
                                     const std::vector<size_t>& sizes = {9'999}) {
  MultipartReader reader(kBoundary);
  std::string file;
  const ByteSink sink = [&](std::string_view bytes) {
    file.append(bytes);
    return absl::OkStatus();
  };
  absl::Status status =
      TakeInPieces([&](std::string_view piece) { return reader.Read(piece, sink); }, form, sizes);
  if (status.ok()) status = reader.Finish();
  if (!status.ok()) return status;
  return file;
}

std::string ErrorOf(const std::string& form) {
  const absl::StatusOr<std::string> file = ReadForm(form);
  if (file.ok()) return "no error";
  EXPECT_TRUE(absl::IsInvalidArgument(file.status()));
  EXPECT_EQ(rpc::HttpStatusOf(file.status()), 400);
  return std::string(file.status().message());
}

TEST(MultipartReaderTest, FindsTheFieldOfTheFile) {
  EXPECT_EQ(ReadForm(Field("csv", "a,b\r\n1,2\r\n") + End()).value(), "a,b\r\n1,2\r\n");
  EXPECT_EQ(ReadForm(Field("note", "x") + Field("csv", "a") + Field("more", "y") + End()).value(),
            "a");
  EXPECT_EQ(
      ReadForm(Field("csv", "a", "Content-Type: application/octet-stream\r\n") + End()).value(),
      "a");
}

TEST(MultipartReaderTest, TakesWhatTheRfcAllows) {
  // A preamble, blanks behind a boundary, headers in any case, names without quotes, an epilogue.
  EXPECT_EQ(
      ReadForm("preamble\r\n--" + std::string(kBoundary) +
               " \t\r\nx: y\r\nCONTENT-DISPOSITION:form-data;filename=f; NAME=csv\r\n\r\nab\r\n--" +
               kBoundary + "--epilogue\r\n--" + kBoundary + "\r\n\r\nz")
          .value(),
      "ab");
  EXPECT_EQ(ReadForm(Field("csv", "") + End()).value(), "");
  EXPECT_EQ(
      ReadForm(std::string("--") + kBoundary + "\r\n\r\nno headers\r\n" + Field("csv", "a") + End())
          .value(),
      "a");
}

TEST(MultipartReaderTest, WhatLooksAlmostLikeABoundaryIsContent) {
  const std::string content =
      std::string("--") + kBoundary + "\r\n--" + std::string(kBoundary).substr(0, 10) + "\r\n-\r\n";
  EXPECT_EQ(ReadForm(Field("csv", "x" + content) + End()).value(), "x" + content);
}

TEST(MultipartReaderTest, RefusesAFormThatIsNotWhole) {
  const std::string form = Field("csv", "a,b") + End();
  // The line end behind the last boundary may be missing.
  for (size_t length = 0; length < form.size() - 2; ++length) {
    EXPECT_THAT(ErrorOf(form.substr(0, length)), HasSubstr("before its closing boundary"))
        << length;
  }
}

TEST(MultipartReaderTest, RefusesFormsWithoutAFileOrWithTwo) {
  EXPECT_THAT(ErrorOf(Field("file", "a") + End()), HasSubstr("got no field 'csv'"));
  EXPECT_THAT(ErrorOf(End()), HasSubstr("got no field 'csv'"));
  EXPECT_THAT(ErrorOf(Field("csv", "a") + Field("csv", "b") + End()),
              HasSubstr("two fields 'csv'"));
}

TEST(MultipartReaderTest, RefusesFieldsThatWouldBeOverlooked) {
  EXPECT_THAT(ErrorOf(Field("mode", "replace") + Field("csv", "a") + End()),
              HasSubstr("got the field 'mode', want this parameter in the URL"));
  EXPECT_THAT(ErrorOf(Field("url", "http://x") + End()), HasSubstr("files are not fetched"));
}

TEST(MultipartReaderTest, RefusesWhatIsNoForm) {
  EXPECT_THAT(ErrorOf("customer_id\nc1\n"), HasSubstr("before its closing boundary"));
  EXPECT_THAT(ErrorOf(std::string("--") + kBoundary + "x\r\n\r\n"), HasSubstr("behind a boundary"));
  EXPECT_THAT(ErrorOf(Field("csv", "a", std::string(20'000, 'h') + "\r\n") + End()),
              HasSubstr("headers of more than 16384 bytes"));
  EXPECT_THAT(ErrorOf(std::string("--") + kBoundary + std::string(20'000, ' ')),
              HasSubstr("behind a boundary"));
}

TEST(MultipartReaderTest, EndsWithTheErrorOfItsSink) {
  MultipartReader reader(kBoundary);
  EXPECT_EQ(reader.Read(Field("csv", "a") + End(),
                        [](std::string_view) { return absl::AbortedError("enough"); }),
            absl::AbortedError("enough"));
}

RC_GTEST_PROP(MultipartReaderProperty, PiecesChangeNothing, ()) {
  const std::string alphabet = std::string("\r\n-") + kBoundary;
  const auto content = *rc::gen::container<std::string>(rc::gen::elementOf(alphabet));
  RC_PRE(("\r\n" + content).find(std::string("\r\n--") + kBoundary) == std::string::npos);
  const auto sizes =
      *rc::gen::nonEmpty(rc::gen::container<std::vector<size_t>>(rc::gen::inRange<size_t>(1, 20)));
  const std::string form = Field("note", content) + Field("csv", content) + End();
  const auto file = ReadForm(form, sizes);
  RC_ASSERT(file.ok());
  RC_ASSERT(*file == content);
}

RC_GTEST_PROP(MultipartReaderProperty, PiecesChangeNoErrorEither, ()) {
  const auto parts =
      *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(std::vector<std::string>{
          std::string("--") + kBoundary, "\r\n", "\r\n", "\r", "\n", "-", "--", " ", "a,b",
          "Content-Disposition: form-data; name=\"csv\"", "content-disposition: x; name=mode",
          "\r\n\r\n", ";", "\"", "x: y"}));
  std::string form;
  for (const std::string& part : parts) form += part;
  const auto sizes =
      *rc::gen::nonEmpty(rc::gen::container<std::vector<size_t>>(rc::gen::inRange<size_t>(1, 20)));
  const auto whole = ReadForm(form);
  const auto pieces = ReadForm(form, sizes);
  RC_ASSERT(whole.status() == pieces.status());
  if (whole.ok()) RC_ASSERT(*whole == *pieces);
}

TEST(MultipartBoundaryTest, IsInTheContentType) {
  EXPECT_EQ(MultipartBoundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(MultipartBoundary("Multipart/Form-Data;charset=x;Boundary=\"a;b\\\"c\""), "a;b\"c");
  EXPECT_EQ(MultipartBoundary("multipart/form-data; boundary = abc ; x=y"), "abc");
  EXPECT_EQ(MultipartBoundary("multipart/form-data"), "");
  EXPECT_EQ(MultipartBoundary("multipart/form-data; boundary=" + std::string(71, 'b')), "");
  for (const char* other : {"", "text/csv", "multipart/mixed; boundary=abc", "boundary=abc",
                            "application/x-www-form-urlencoded"}) {
    EXPECT_FALSE(MultipartBoundary(other).has_value()) << other;
  }
}

}  // namespace
}  // namespace clv::ingest
