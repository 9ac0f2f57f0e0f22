#include "tools/cli/status.h"

#include <string>

#include "gtest/gtest.h"

namespace clv::cli {
namespace {

TEST(StatusTest, ReadsBothSpellingsOfFieldsAndQuotedNumbers) {
  for (const char* json : {R"({"logPosition":"1234567","lagSeconds":0.5})",
                           R"({"log_position":1234567,"lag_seconds":0.5})"}) {
    const auto document = JsonDocument::Parse(json);
    ASSERT_TRUE(document.ok());
    EXPECT_EQ(document->root().Unsigned("log_position"), 1234567u);
    EXPECT_EQ(document->root().Number("lag_seconds"), 0.5);
  }
}

TEST(StatusTest, AbsentAndNullFieldsHaveTheirDefaults) {
  const auto document = JsonDocument::Parse(R"({"a":null})");
  ASSERT_TRUE(document.ok());
  const ProtoJson root = document->root();
  EXPECT_FALSE(root.Field("a").present());
  EXPECT_EQ(root.Unsigned("a"), 0u);
  EXPECT_EQ(root.Text("b"), "");
  EXPECT_FALSE(root.Flag("b"));
  EXPECT_TRUE(root.List("b").empty());
  EXPECT_EQ(root.Field("b").Field("c").Unsigned("d"), 0u);
}

TEST(StatusTest, RendersEveryPart) {
  const auto document = JsonDocument::Parse(
      R"({"version":"0.1.0","ingest":{"logPosition":"1234","acceptedRows":"5000","logBytes":"2048",
          "startTime":"2026-01-02T03:04:05Z","quarantine":[{"dataSource":"purchases","rows":"2"},
          {"dataSource":"customers"}]},"aggregation":{"foldedPosition":"1200","logPosition":"1234",
          "lagRows":"34","lagSeconds":0.25,"customers":"100","purchases":"4900",
          "reportingCurrency":"USD"},"problems":["query does not answer"]})");
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(RenderStatus(document->root(), "http://127.0.0.1:8080"),
            "CLV suite 0.1.0 at http://127.0.0.1:8080\n"
            "  ingest       log at position 1,234, 2.0 KB; since 2026-01-02T03:04:05Z 5,000 rows "
            "accepted, 0 waiting\n"
            "  quarantine   purchases: 2 rows held, 0 dropped\n"
            "  aggregation  folded to position 1,200 of 1,234, 34 rows behind (0.2 s)\n"
            "  data         100 customers, 4,900 purchase rows, reported in USD\n"
            "  query        does not answer\n"
            "  problem      query does not answer\n");
}

TEST(StatusTest, ErrorsCarryTheServersMessage) {
  const HttpResponse v0{.status = 403, .body = R"({"error":"no such token"})", .retry_after = {}};
  EXPECT_EQ(StatusOfResponse(v0).message(), "HTTP 403: no such token");
  const HttpResponse v1{
      .status = 404, .body = R"({"code":5,"message":"no job 7"})", .retry_after = {}};
  EXPECT_EQ(StatusOfResponse(v1).message(), "HTTP 404: no job 7");
  const HttpResponse other{.status = 502, .body = "Bad Gateway", .retry_after = {}};
  EXPECT_EQ(StatusOfResponse(other).message(), "HTTP 502: Bad Gateway");
}

}  // namespace
}  // namespace clv::cli
