// What POST /v0/events tells beside the counts, and how waiting writes learn of their folds.
#include <gmock/gmock.h>

#include <string>

#include "tests/services/ingest/packed.h"
#include "tests/services/ingest/service_fixture.h"

namespace clv::ingest {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class EventsReplyTest : public ServiceFixture {
 protected:
  // Whether the record at a position asks for its outcome.
  bool WantsOutcome(storage::LogPosition position) {
    auto reader =
        storage::SqliteEventReader::Open({.path = directory_.path() + "/event_log.db"}).value();
    const auto records = reader->ReadAfter(position - 1, 1).value();
    return wire::DecodeLogRecord(records.at(0).payload).value().wants_outcome;
  }
};

TEST_F(EventsReplyTest, ListsTheFirstRefusedRows) {
  std::string body = "{\"customer_id\":\"c1\"}\n";
  for (int i = 0; i < 7; ++i) body += "{\"customer_id\":\"c\",\"active\":\"\\\"no\\\"\"}\n";
  const HttpAnswer answer = Post("?name=customers", body + "x\n");
  EXPECT_EQ(answer.status, 202);
  std::string expected =
      "{\"successful_rows\": 1, \"quarantined_rows\": 8, \"quarantine_errors\": [";
  for (int row = 1; row <= 5; ++row) {
    expected +=
        (row == 1 ? "{\"row\": " : ", {\"row\": ") + std::to_string(row) +
        ", \"column\": \"active\", \"error\": \"active: got '\\\"no\\\"', want 0, 1, true or "
        "false\"}";
  }
  EXPECT_EQ(answer.body, expected + "]}");
}

TEST_F(EventsReplyTest, NamesAmountsAsTheRowDoes) {
  EXPECT_EQ(
      Post("?name=purchases", R"({"purchase_id":"p","customer_id":"c","purchase_amount":"abc",)"
                              R"("purchase_date":"2023-02-16"})")
          .body,
      "{\"successful_rows\": 0, \"quarantined_rows\": 1, \"quarantine_errors\": [{\"row\": 0, "
      "\"column\": \"purchase_amount\", \"error\": \"purchase_amount: got 'abc', want a "
      "decimal number such as 12.50\"}]}");
}

TEST_F(EventsReplyTest, TakesEveryFormOfABody) {
  const std::string a = "{\"customer_id\":\"a\"}";
  const std::string b = "{\n  \"customer_id\": \"b\"\n}";
  const std::string both = "{\"successful_rows\": 2, \"quarantined_rows\": 0}";
  for (const std::string& body : {a + "\n" + a, a + a, b + "\n" + b + "\n", "[" + a + "," + b + "]",
                                  "\xef\xbb\xbf" + a + " " + b}) {
    for (const char* format : {"", "&format=json", "&format=ndjson"}) {
      EXPECT_EQ(Post(std::string("?name=customers") + format, body).body, both) << body;
    }
    EXPECT_EQ(Post("?name=customers", Gzip(body), kAdminToken, "gzip").body, both);
    EXPECT_EQ(Post("?name=customers", Zstd(body), kAdminToken, "zstd").body, both);
  }
}

TEST_F(EventsReplyTest, RefusesBodiesThatAreTooLarge) {
  const std::string blanks(11 << 20, ' ');
  struct Case {
    std::string body, encoding, text;
  };
  for (const Case& large :
       {Case{blanks, "", "the body has 11534336 bytes, want at most 10485760"},
        Case{Gzip(blanks), "gzip", "the unpacked body is too large: more than 200 times"},
        Case{Zstd(blanks), "zstd", "the unpacked body is too large: more than 200 times"}}) {
    const HttpAnswer answer = Post("?name=customers", large.body, kAdminToken, large.encoding);
    EXPECT_EQ(answer.status, 413);
    EXPECT_THAT(answer.body, HasSubstr(large.text));
    EXPECT_THAT(answer.body, HasSubstr("\"documentation\": \"/#events\""));
  }
  EXPECT_EQ(log_->LastPosition(), 0u);
}

TEST_F(EventsReplyTest, SaysNothingOfRefusalsWhereThereAreNone) {
  EXPECT_EQ(Post("?name=customers", "{\"customer_id\":\"c1\"}").body,
            "{\"successful_rows\": 1, \"quarantined_rows\": 0}");
}

TEST_F(EventsReplyTest, TellsTheDuplicatesOfAWaitingWrite) {
  progress_.FoldThrough(10);
  outcomes_.Set(1, {.rows = 2, .duplicate_rows = 2});
  outcomes_.Set(2, {.rows = 1});
  EXPECT_EQ(
      Post("?name=customers&wait=true", "{\"customer_id\":\"a\"}{\"customer_id\":\"b\"}").body,
      "{\"successful_rows\": 2, \"quarantined_rows\": 0, \"duplicate_rows\": 2}");
  EXPECT_EQ(Post("?name=customers&wait=true", "{\"customer_id\":\"a\"}").body,
            "{\"successful_rows\": 1, \"quarantined_rows\": 0, \"duplicate_rows\": 0}");
  EXPECT_TRUE(WantsOutcome(1));
  // All refused: nothing can be a duplicate.
  EXPECT_THAT(Post("?name=customers&wait=true", "{}").body, HasSubstr("\"duplicate_rows\": 0}"));
}

TEST_F(EventsReplyTest, LeavesDuplicatesOutWhereTheyAreNotKnown) {
  progress_.FoldThrough(1);
  EXPECT_THAT(Post("?name=customers&wait=true", "{\"customer_id\":\"a\"}").body,
              Not(HasSubstr("duplicate_rows")));
  EXPECT_THAT(Post("?name=customers", "{\"customer_id\":\"a\"}").body,
              Not(HasSubstr("duplicate_rows")));
  EXPECT_FALSE(WantsOutcome(2));
  outcomes_.Set(3, {.duplicate_rows = 1});
  const HttpAnswer unseen = Post("?name=customers&wait=true", "{\"customer_id\":\"a\"}",
                                 kAdminToken, "", std::chrono::milliseconds(400));
  EXPECT_EQ(unseen.headers.at("x-clv-visible"), "false");
  EXPECT_THAT(unseen.body, Not(HasSubstr("duplicate_rows")));
}

TEST_F(EventsReplyTest, TakesEveryWordForABoolean) {
  progress_.FoldThrough(100);
  for (const char* yes : {"true", "TRUE", "True", "1", "yes", "Yes", "t", "y"}) {
    EXPECT_EQ(Post(std::string("?name=customers&wait=") + yes, "{\"customer_id\":\"c\"}").status,
              200)
        << yes;
  }
  for (const char* no : {"false", "FALSE", "0", "no", "n", "f", ""}) {
    EXPECT_EQ(Post(std::string("?name=customers&wait=") + no, "{\"customer_id\":\"c\"}").status,
              202)
        << no;
  }
  const storage::LogPosition before = log_->LastPosition();
  for (const char* other : {"maybe", "2", "truee", "nein", "%20true"}) {
    const HttpAnswer answer =
        Post(std::string("?name=customers&wait=") + other, "{\"customer_id\":\"c\"}");
    EXPECT_EQ(answer.status, 400) << other;
    EXPECT_THAT(answer.body, HasSubstr("wait: got '"));
    EXPECT_THAT(answer.body, HasSubstr("', want true or false"));
  }
  EXPECT_EQ(log_->LastPosition(), before);
}

TEST_F(EventsReplyTest, CountsRowsOfErasedCustomersWithoutTheirText) {
  erased_.Add(erased_.HashOf("gone"));
  const HttpAnswer answer =
      Post("?name=customers", "{\"customer_id\":\"gone\",\"name\":\"N\"}{\"customer_id\":\"c\"}");
  EXPECT_EQ(
      answer.body,
      "{\"successful_rows\": 1, \"quarantined_rows\": 1, \"quarantine_errors\": [{\"row\": 0, "
      "\"column\": \"customer_id\", \"error\": \"the customer was erased\"}]}");
  EXPECT_TRUE(Quarantined(domain::DataSource::kCustomers).empty());
  EXPECT_EQ(log_->erased_counts().refused_rows, 1u);
}

TEST_F(EventsReplyTest, TypedWritesLearnOfTheirDuplicates) {
  progress_.FoldThrough(10);
  outcomes_.Set(1, {.duplicate_rows = 3});
  v1::WriteCustomersRequest request;
  request.add_customers()->set_customer_id("c");
  request.set_wait(true);
  v1::WriteCustomersResponse response;
  ASSERT_TRUE(ingest_stub_->WriteCustomers(Context().get(), request, &response).ok());
  EXPECT_TRUE(response.result().has_duplicate_rows());
  EXPECT_EQ(response.result().duplicate_rows(), 3u);
  request.set_wait(false);
  ASSERT_TRUE(ingest_stub_->WriteCustomers(Context().get(), request, &response).ok());
  EXPECT_FALSE(response.result().has_duplicate_rows());
}

TEST_F(EventsReplyTest, StreamsLearnOfTheDuplicatesOfAllTheirBatches) {
  progress_.FoldThrough(10);
  for (const bool from_the_start : {true, false}) {
    const storage::LogPosition before = log_->LastPosition();
    v1::StreamCustomersResponse response;
    const auto context = Context();
    const auto writer = ingest_stub_->StreamCustomers(context.get(), &response);
    for (int batch = 0; batch < 3; ++batch) {
      v1::StreamCustomersRequest request;
      request.add_customers()->set_customer_id("c");
      request.set_wait(from_the_start || batch == 2);
      ASSERT_TRUE(writer->Write(request));
      // A real fold keeps outcomes of records that want them only.
      while (log_->LastPosition() < before + batch + 1) std::this_thread::yield();
      if (WantsOutcome(before + batch + 1))
        outcomes_.Set(before + batch + 1, {.duplicate_rows = 2});
    }
    writer->WritesDone();
    ASSERT_TRUE(writer->Finish().ok());
    EXPECT_TRUE(response.result().visible());
    EXPECT_EQ(response.result().has_duplicate_rows(), from_the_start);
    EXPECT_EQ(response.result().duplicate_rows(), from_the_start ? 6u : 0u);
  }
}

}  // namespace
}  // namespace clv::ingest
