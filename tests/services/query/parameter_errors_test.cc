#include "services/query/parameter_errors.h"

#include <gtest/gtest.h>

#include "common/rpc/status_conversion.h"

namespace clv::query {
namespace {

TEST(ParameterErrorsTest, SaysThatAnInstantDoesNotParse) {
  for (const char* name : {"as_of", "start_date", "end_date"}) {
    EXPECT_EQ(InWordsOfV0(rpc::FieldError(name, "soon", "YYYY-MM-DD")).message(),
              std::string("Cannot parse DateTime: ") + name +
                  ": got 'soon', want YYYY-MM-DD (CANNOT_PARSE_DATETIME)");
  }
}

TEST(ParameterErrorsTest, SaysThatALimitCannotBeTaken) {
  for (const char* name : {"limit", "page", "page_size"}) {
    EXPECT_EQ(InWordsOfV0(rpc::FieldError(name, "-1", "more")).message(),
              std::string("The value of the LIMIT expression cannot be taken: ") + name +
                  ": got '-1', want more (INVALID_LIMIT_EXPRESSION)");
  }
}

TEST(ParameterErrorsTest, KeepsCodeAndDetails) {
  const absl::Status status = InWordsOfV0(rpc::FieldError("limit", "-1", "more"));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(status.GetPayload("type.googleapis.com/google.rpc.BadRequest").has_value());
}

TEST(ParameterErrorsTest, LeavesOtherErrorsAlone) {
  const absl::Status other = rpc::FieldError("granularity", "eon", "one of month");
  EXPECT_EQ(InWordsOfV0(other), other);
  const absl::Status late = absl::DeadlineExceededError("limit: the report took too long");
  EXPECT_EQ(InWordsOfV0(late), late);
}

}  // namespace
}  // namespace clv::query
