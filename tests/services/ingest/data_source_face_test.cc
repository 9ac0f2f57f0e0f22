#include "services/ingest/data_source_face.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include <string>
#include <vector>

#include "tests/services/ingest/data_source_fixture.h"

namespace clv::ingest {
namespace {

using domain::DataSource;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class DataSourceFaceTest : public DataSourceFixture {
 protected:
  // The newest job.
  v1::Job LastJob() { return board_->ListJobs(1).at(0); }

  static std::string Gzip(const std::string& text) {
    z_stream stream{};
    EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string packed(text.size() + 100, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
  }
};

TEST_F(DataSourceFaceTest, DeletesByAFormAsTheSdkSendsIt) {
  const HttpAnswer answer =
      Change("/v0/datasources/purchases/delete",
             "delete_condition=customer_id+%3D+%27s3%27+and+purchase_date+%3E%3D+%272024-03-02%27");
  EXPECT_EQ(answer.status, 200) << answer.body;
  const std::string id = LastJob().job_id();
  EXPECT_THAT(answer.body,
              StartsWith("{\"id\":\"" + id + "\",\"job_id\":\"" + id + "\",\"delete_id\":\"" + id +
                         "\",\"kind\":\"delete_data\",\"status\":\"waiting\","));
  EXPECT_THAT(answer.body, HasSubstr("\"job_url\":\"/v0/jobs/" + id + "\""));
  EXPECT_THAT(answer.body, HasSubstr("\"datasource\":{\"id\":\"purchases\","));
  FoldDeletion(1, 4);
  Ended(LastJob());
  const HttpAnswer job = Jobs("/v0/jobs/" + id);
  EXPECT_EQ(job.status, 200);
  EXPECT_THAT(job.body, HasSubstr("\"status\":\"done\""));
  EXPECT_THAT(job.body, HasSubstr("\"rows_affected\":4,\"progress_percentage\":100"));
}

TEST_F(DataSourceFaceTest, TakesParametersFromTheQueryToo) {
  EXPECT_EQ(
      Change("/v0/datasources/customers/delete?delete_condition=active%20=%200&from=ts-sdk", "")
          .status,
      200);
  EXPECT_EQ(LastJob().data_source(), "customers");
}

TEST_F(DataSourceFaceTest, ADryRunAnswersTheNumberOfRows) {
  Commit(1, [](storage::FoldTransaction& facts) {
    ASSERT_TRUE(facts.PutCustomer({.customer_id = "a"}).ok());
    ASSERT_TRUE(facts.PutCustomer({.customer_id = "b"}).ok());
  });
  const HttpAnswer answer = Change("/v0/datasources/customers/delete",
                                   "delete_condition=customer_id+%3E+%27a%27&dry_run=true");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "{\"rows_to_be_deleted\":1}");
  EXPECT_THAT(board_->ListJobs(10), IsEmpty());
}

TEST_F(DataSourceFaceTest, ACustomerIdErasesTheCustomer) {
  const HttpAnswer answer = Change("/v0/datasources/customers/delete", "customer_id=c+1");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(eraser_.customer_ids, ElementsAre("c 1"));
  EXPECT_THAT(answer.body, HasSubstr("\"id\":\"job_erase\""));
  EXPECT_THAT(answer.body, HasSubstr("\"kind\":\"erase\""));
  EXPECT_THAT(answer.body, Not(HasSubstr("datasource")));
  EXPECT_EQ(log_->LastPosition(), 0u);
}

TEST_F(DataSourceFaceTest, RefusesBadParametersWithoutATrace) {
  const std::string path = "/v0/datasources/customers/delete";
  HttpAnswer answer = Change(path, "");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("neither delete_condition nor customer_id"));
  answer = Change(path, "delete_condition=active=1&customer_id=c");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("both"));
  answer = Change(path, "delete_condition=active=1&dry_run=perhaps");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("dry_run: got 'perhaps', want true or false"));
  EXPECT_EQ(Change(path, "customer_id=c&dry_run=true").status, 400);
  answer = Change(path, "delete_condition=1+%3D+1%3B+drop+table");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("delete_condition: at byte 0: got '1', want a column"));
  answer = Change("/v0/datasources/nowhere/delete", "delete_condition=active=1");
  EXPECT_EQ(answer.status, 404);
  EXPECT_THAT(answer.body, HasSubstr("Data Source \\\"nowhere\\\" does not exist"));
  EXPECT_EQ(
      Change("/v0/datasources/customers_quarantine/delete", "delete_condition=active=1").status,
      404);
  EXPECT_EQ(Change("/v0/datasources/customers/populate", "").status, 404);
  EXPECT_EQ(Change(path, Gzip("delete_condition=active=1"), kAdminToken, "gzip").status, 415);
  EXPECT_EQ(log_->LastPosition(), 0u);
  EXPECT_THAT(board_->ListJobs(10), IsEmpty());
  EXPECT_THAT(eraser_.customer_ids, IsEmpty());
}

TEST_F(DataSourceFaceTest, OnlyAdministratorsDeleteAndTruncate) {
  const std::string append = NewTokenWith({"DATASOURCES:APPEND:*"});
  EXPECT_EQ(Change("/v0/datasources/customers/delete", "delete_condition=active=1", append).status,
            403);
  EXPECT_EQ(Change("/v0/datasources/customers/delete", "customer_id=c", append).status, 403);
  EXPECT_EQ(Change("/v0/datasources/customers/truncate", "", append).status, 403);
  EXPECT_EQ(Change("/v0/datasources/customers/truncate", "", "").status, 403);
  EXPECT_EQ(Change("/v0/datasources/customers/truncate", "", "wrong").status, 403);
  EXPECT_EQ(
      Change("/v0/datasources/customers/truncate?token=" + std::string(kAdminToken), "", "").status,
      200);
  EXPECT_EQ(log_->LastPosition(), 1u);
  EXPECT_THAT(eraser_.customer_ids, IsEmpty());
}

TEST_F(DataSourceFaceTest, TheNameInThePathCounts) {
  const auto context = V0Context("/v0/datasources/customers/truncate?name=purchases", kAdminToken);
  v1::ChangeDataSourceRequest request;
  request.set_name("purchases");
  request.set_action("truncate");
  google::api::HttpBody response;
  ASSERT_TRUE(stub_->ChangeDataSource(context.get(), request, &response).ok());
  EXPECT_EQ(LastJob().data_source(), "customers");
}

TEST_F(DataSourceFaceTest, TruncatesADataSourceOrItsQuarantine) {
  Post("?name=purchases", "{}");
  HttpAnswer answer = Change("/v0/datasources/purchases_quarantine/truncate", "");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr("\"kind\":\"truncate\""));
  Ended(LastJob());
  EXPECT_THAT(Jobs("/v0/jobs/" + LastJob().job_id()).body, HasSubstr("\"rows_affected\":1"));
  EXPECT_THAT(Quarantined(DataSource::kPurchases), IsEmpty());
  EXPECT_EQ(log_->LastPosition(), 0u);
  answer = Change("/v0/datasources/purchases/truncate", "");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr("\"datasource\":{\"id\":\"purchases\","));
  EXPECT_EQ(log_->LastPosition(), 1u);
  EXPECT_EQ(Change("/v0/datasources/nowhere/truncate", "").status, 404);
}

TEST_F(DataSourceFaceTest, RetriesMendedRowsOfAJsonBody) {
  Post("?name=customers", "{\"name\":\"a\"}{\"name\":\"b\"}");
  const std::vector<storage::QuarantinedRow> rows = Quarantined(DataSource::kCustomers);
  // What looks like a form parameter inside of a text is none.
  const std::string body = "{\"rows\":[{\"id\":" + std::to_string(rows[0].id) +
                           ",\"raw\":\"{\\\"customer_id\\\":\\\"x&token=y\\\"}\"}]}";
  const std::string token = NewTokenWith({"DATASOURCES:APPEND:customers"});
  HttpAnswer answer = Change("/v0/datasources/customers/quarantine:retry?token=" + token, body, "");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr("\"kind\":\"retry\""));
  EXPECT_EQ(Ended(LastJob()).successful_rows(), 1u);
  EXPECT_EQ(LoggedRows().customers.at(0).customer_id, "x&token=y");
  const std::string second = "{\"rows\":[{\"id\":" + std::to_string(rows[1].id) +
                             ",\"raw\":\"{\\\"customer_id\\\":\\\"z\\\"}\"}]}";
  answer = Change("/v0/datasources/customers/quarantine:retry", Gzip(second), token, "gzip");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(Ended(LastJob()).successful_rows(), 1u);
  EXPECT_THAT(Quarantined(DataSource::kCustomers), IsEmpty());
}

TEST_F(DataSourceFaceTest, RetriesTheRowsOfAnImport) {
  Post("?name=customers", "{\"name\":\"a\"}");
  Post("?name=customers", "{\"name\":\"b\"}");
  const std::string import_id = Quarantined(DataSource::kCustomers)[1].import_id;
  EXPECT_EQ(Change("/v0/datasources/customers/quarantine:retry", "import_id=" + import_id).status,
            200);
  EXPECT_EQ(Ended(LastJob()).quarantined_rows(), 1u);
  EXPECT_EQ(Change("/v0/datasources/customers/quarantine:retry", "").status, 200);
  EXPECT_EQ(Ended(LastJob()).quarantined_rows(), 2u);
}

TEST_F(DataSourceFaceTest, RefusesBadRetries) {
  const std::string path = "/v0/datasources/customers/quarantine:retry";
  for (const char* body : {"{\"rows\":", "{\"rows\":[{\"id\":\"x\"}]}", "[1]", "{\"row\":[]}"}) {
    const HttpAnswer answer = Change(path, body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_THAT(answer.body, HasSubstr("rows")) << body;
  }
  for (const char* body : {"perhaps", "rows=1", "import=x", "import_id=x&id=3"}) {
    const HttpAnswer answer = Change(path, body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_THAT(answer.body, HasSubstr("want a form with import_id")) << body;
  }
  EXPECT_EQ(Change(path, "{\"rows\":[{\"id\":0}]}").status, 400);
  EXPECT_EQ(Change(path + "?import_id=i", "{\"rows\":[{\"id\":1}]}").status, 400);
  EXPECT_EQ(Change("/v0/datasources/nowhere/quarantine:retry", "").status, 404);
  EXPECT_EQ(Change(path, "", NewTokenWith({"DATASOURCES:READ:customers"})).status, 403);
  EXPECT_EQ(Change(path, "", NewTokenWith({"DATASOURCES:APPEND:purchases"})).status, 403);
  EXPECT_THAT(board_->ListJobs(10), IsEmpty());
}

TEST_F(DataSourceFaceTest, WritesWhatIsDoneIntoTheAuditLog) {
  Post("?name=customers", "{}");
  const std::string append = NewTokenWith({"DATASOURCES:APPEND:customers"});
  Change("/v0/datasources/customers/delete", "delete_condition=active=1&dry_run=true");
  Change("/v0/datasources/customers/delete", "delete_condition=nonsense");
  Change("/v0/datasources/customers/truncate", "", append);
  // But for the token of this test.
  EXPECT_THAT(Audited(), SizeIs(1));
  Change("/v0/datasources/customers/delete", "delete_condition=active=1");
  Change("/v0/datasources/customers/truncate", "");
  Change("/v0/datasources/customers_quarantine/truncate", "");
  Change("/v0/datasources/customers/delete", "customer_id=c1");
  Change("/v0/datasources/customers/quarantine:retry", "", append);
  EXPECT_THAT(
      Audited(),
      ElementsAre(_, "admin rows.delete customers", "admin rows.truncate customers",
                  "admin rows.truncate customers_quarantine", "admin customer.erase job_erase",
                  "t1 quarantine.retry customers_quarantine"));
}

TEST_F(DataSourceFaceTest, ListsWhatTheTokenMaySee) {
  const HttpAnswer all = Describe("/v0/datasources?attrs=name");
  EXPECT_EQ(all.status, 200);
  EXPECT_EQ(all.body,
            "{\"datasources\":[{\"name\":\"customers\"},{\"name\":\"customers_quarantine\"},"
            "{\"name\":\"purchases\"},{\"name\":\"purchases_quarantine\"},"
            "{\"name\":\"customer_clv\"},{\"name\":\"customer_clv_quarantine\"}]}");
  const std::string purchases =
      "{\"datasources\":[{\"name\":\"purchases\"},{\"name\":\"purchases_quarantine\"}]}";
  for (const char* scope : {"DATASOURCES:READ:purchases", "DATASOURCES:APPEND:purchases"}) {
    EXPECT_EQ(Describe("/v0/datasources?attrs=name", NewTokenWith({scope})).body, purchases);
  }
  const HttpAnswer none = Describe("/v0/datasources", NewTokenWith({"PIPES:READ:*"}));
  EXPECT_EQ(none.status, 200);
  EXPECT_EQ(none.body, "{\"datasources\":[]}");
  EXPECT_EQ(Describe("/v0/datasources", "").status, 403);
}

TEST_F(DataSourceFaceTest, DescribesOneDataSource) {
  Post("?name=customers", "{}{}");
  Commit(1, [](storage::FoldTransaction& facts) {
    ASSERT_TRUE(facts.PutValue({.customer_id = "a", .described = true}).ok());
  });
  const HttpAnswer answer = Describe("/v0/datasources/customers");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, StartsWith("{\"id\":\"customers\",\"name\":\"customers\","));
  EXPECT_THAT(answer.body, HasSubstr("\"engine\":{\"engine\":\"ReplacingMergeTree\","
                                     "\"sorting_key\":\"customer_id\"}"));
  EXPECT_THAT(answer.body,
              HasSubstr("{\"name\":\"customer_id\",\"type\":\"String\",\"nullable\":false,"
                        "\"jsonpath\":\"$.customer_id\",\"default_value\":null}"));
  EXPECT_THAT(answer.body, HasSubstr("{\"name\":\"active\",\"type\":\"UInt8\",\"nullable\":false,"
                                     "\"jsonpath\":\"$.active\",\"default_value\":\"1\"}"));
  EXPECT_THAT(answer.body, HasSubstr("`signup_date` Nullable(DateTime), "));
  EXPECT_THAT(answer.body, HasSubstr("`active` UInt8 DEFAULT 1, "));
  EXPECT_THAT(answer.body, HasSubstr("\"statistics\":{\"bytes\":null,\"row_count\":1}"));
  EXPECT_THAT(answer.body, HasSubstr("\"used_by\":[\"clv_by_segment\"]"));
  EXPECT_THAT(Describe("/v0/datasources/customers_quarantine?attrs=statistics,engine").body,
              "{\"engine\":{\"engine\":\"MergeTree\",\"sorting_key\":\"insertion_date\"},"
              "\"statistics\":{\"bytes\":null,\"row_count\":2}}");
}

TEST_F(DataSourceFaceTest, TellsUnknownFromForbidden) {
  const std::string token = NewTokenWith({"DATASOURCES:READ:purchases"});
  const HttpAnswer unknown = Describe("/v0/datasources/nowhere", token);
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.body,
              StartsWith("{\"error\": \"Data Source \\\"nowhere\\\" does not exist\""));
  EXPECT_EQ(Describe("/v0/datasources/customers", token).status, 403);
  EXPECT_EQ(Describe("/v0/datasources/customers_quarantine", token).status, 403);
  EXPECT_EQ(Describe("/v0/datasources/purchases_quarantine", token).status, 200);
}

}  // namespace
}  // namespace clv::ingest
