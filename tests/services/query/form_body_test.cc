#include "services/query/form_body.h"

#include <gtest/gtest.h>

#include "common/rpc/v0_reply.h"

namespace clv::query {
namespace {

absl::Status Check(const std::string& content_type, const std::string& data,
                   const std::string& encoding = "") {
  google::api::HttpBody body;
  body.set_content_type(content_type);
  body.set_data(data);
  return CheckFormBody(body, encoding);
}

TEST(FormBodyTest, TakesForms) {
  for (const char* type : {"application/x-www-form-urlencoded", "", "text/plain",
                           "Application/X-WWW-Form-Urlencoded; charset=UTF-8"}) {
    EXPECT_TRUE(Check(type, "country=USA&limit=5").ok()) << type;
  }
  EXPECT_TRUE(Check("application/x-www-form-urlencoded", "a=b", "identity").ok());
}

TEST(FormBodyTest, TakesAnyEmptyBody) {
  EXPECT_TRUE(Check("application/json", "").ok());
  EXPECT_TRUE(Check("", "", "gzip").ok());
}

TEST(FormBodyTest, RefusesOtherTypes) {
  EXPECT_EQ(Check("application/json; charset=utf-8", "country=USA").message(),
            "content-type: got 'application/json', want application/x-www-form-urlencoded with the "
            "parameters");
  EXPECT_EQ(Check("multipart/form-data; boundary=x", "--x").code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(FormBodyTest, RefusesJsonUnderTheTypeOfAForm) {
  EXPECT_EQ(Check("application/x-www-form-urlencoded", " {\"limit\":5}").message(),
            "body: got '{\"limit\":5}', want parameters as name=value with & between them");
  EXPECT_FALSE(Check("", "[1]").ok());
}

TEST(FormBodyTest, RefusesCompressedForms) {
  const absl::Status status = Check("application/x-www-form-urlencoded", "\x1f\x8b", "gzip");
  EXPECT_EQ(rpc::HttpStatusOf(status), 415);
  EXPECT_EQ(status.message(), "content-encoding: got 'gzip', want none for a form");
}

}  // namespace
}  // namespace clv::query
