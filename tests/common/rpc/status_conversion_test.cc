#include "common/rpc/status_conversion.h"

#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace clv::rpc {
namespace {

TEST(StatusConversionTest, OkStaysOk) {
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
  EXPECT_TRUE(FromGrpcStatus(grpc::Status::OK).ok());
}

TEST(StatusConversionTest, AFieldErrorNamesFieldAndValue) {
  const absl::Status status = FieldError("limit", "-1", "a whole number, 0 or more");
  EXPECT_EQ(status.message(), "limit: got '-1', want a whole number, 0 or more");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
}

TEST(StatusConversionTest, AFieldErrorIsAFieldViolationOnTheWire) {
  const grpc::Status status = ToGrpcStatus(FieldError("limit", "-1", "more"));
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  EXPECT_EQ(details.code(), 3);
  ASSERT_EQ(details.details_size(), 1);
  google::rpc::BadRequest bad_request;
  ASSERT_TRUE(details.details(0).UnpackTo(&bad_request));
  ASSERT_EQ(bad_request.field_violations_size(), 1);
  EXPECT_EQ(bad_request.field_violations(0).field(), "limit");
  EXPECT_EQ(bad_request.field_violations(0).description(), "got '-1', want more");
}

TEST(StatusConversionTest, DetailsSurviveTheWayThereAndBack) {
  const absl::Status status = FieldError("limit", "-1", "more");
  EXPECT_EQ(FromGrpcStatus(ToGrpcStatus(status)), status);
}

TEST(StatusConversionTest, CutsLongMessagesBetweenCharacters) {
  std::string text(kMaxMessageBytes - 1, 'a');
  text += "é and more";
  EXPECT_EQ(ToGrpcStatus(absl::NotFoundError(text)).error_message(),
            std::string(kMaxMessageBytes - 1, 'a'));
}

}  // namespace
}  // namespace clv::rpc
