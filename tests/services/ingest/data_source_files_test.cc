// ImportFile and POST /v0/datasources on a real server over a real log.
#include <gmock/gmock.h>

#include <future>
#include <string>
#include <thread>
#include <vector>

#include "clv/v1/data_source_service.grpc.pb.h"
#include "common/storage/sqlite/job_store.h"
#include "services/ingest/data_source_service.h"
#include "tests/services/ingest/packed.h"
#include "tests/services/ingest/service_fixture.h"

namespace clv::ingest {
namespace {

using domain::DataSource;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

constexpr char kUuid[] = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

class DataSourceFilesTest : public ServiceFixture {
 protected:
  struct Upload {
    std::string query;
    std::vector<std::string> pieces;
    std::string token = kAdminToken;
    std::string content_type = "text/csv";
    std::string encoding = "";
    std::chrono::milliseconds deadline{30'000};
  };

  // POST /v0/datasources.
  HttpAnswer Send(const Upload& upload) {
    const auto context = Context(upload.token);
    context->set_deadline(std::chrono::system_clock::now() + upload.deadline);
    context->AddMetadata(rpc::kOriginalPathMetadata, "/v0/datasources" + upload.query);
    if (!upload.encoding.empty()) context->AddMetadata("content-encoding", upload.encoding);
    google::api::HttpBody response;
    const auto writer = stub_->AppendFile(context.get(), &response);
    for (const std::string& piece : upload.pieces) {
      v1::AppendFileRequest request;
      request.mutable_body()->set_content_type(upload.content_type);
      request.mutable_body()->set_data(piece);
      // After an early answer there is nobody to write to.
      if (!writer->Write(request)) break;
    }
    writer->WritesDone();
    const grpc::Status status = writer->Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    HttpAnswer answer{.body = response.data()};
    for (const auto& [name, value] : context->GetServerInitialMetadata()) {
      answer.headers[std::string(name.data(), name.size())] =
          std::string(value.data(), value.size());
    }
    answer.headers["content-type"] = response.content_type();
    answer.status = std::stoi(answer.headers[rpc::kHttpStatusMetadata]);
    return answer;
  }

  grpc::Status Import(const std::vector<v1::ImportFileRequest>& pieces,
                      v1::ImportFileResponse* response, const std::string& token = kAdminToken) {
    const auto context = Context(token);
    const auto writer = stub_->ImportFile(context.get(), response);
    for (const v1::ImportFileRequest& piece : pieces) {
      if (!writer->Write(piece)) break;
    }
    writer->WritesDone();
    return writer->Finish();
  }

  static v1::ImportFileRequest Piece(const std::string& data_source, const std::string& data) {
    v1::ImportFileRequest request;
    request.set_data_source(data_source);
    request.mutable_body()->set_data(data);
    return request;
  }

  std::vector<wire::LogRows> Records() {
    auto reader =
        storage::SqliteEventReader::Open({.path = directory_.path() + "/event_log.db"}).value();
    std::vector<wire::LogRows> records;
    const std::vector<storage::LoggedRecord> logged = reader->ReadAfter(0, 1'000'000).value();
    for (const storage::LoggedRecord& record : logged) {
      records.push_back(wire::DecodeLogRecord(record.payload).value());
    }
    return records;
  }

  std::unique_ptr<storage::SqliteJobStore> job_store_ =
      storage::SqliteJobStore::Open(data_.event_log()).value();
  std::unique_ptr<JobBoard> jobs_ =
      JobBoard::Open({.store = job_store_.get(), .clock = &SystemClock()}).value();
  DataSourceService data_sources_{{.dispatch = dispatch_,
                                   .queue = &queue_,
                                   .visibility = &visibility_,
                                   .jobs = jobs_.get(),
                                   .audit = &audit_,
                                   .clock = &SystemClock(),
                                   .erased = &erased_,
                                   .outcomes = &outcomes_,
                                   .file_idle_timeout = std::chrono::milliseconds(4'000),
                                   .max_files = 3}};
  std::unique_ptr<rpc::ServerHost> data_source_host_ =
      rpc::ServerHost::Start({.address = "127.0.0.1:0"}, {&data_sources_}).value();
  std::unique_ptr<v1::DataSourceService::Stub> stub_ = v1::DataSourceService::NewStub(
      grpc::CreateChannel(data_source_host_->address(), grpc::InsecureChannelCredentials()));
};

TEST_F(DataSourceFilesTest, AppendsACsvFileAndTellsWhatBecameOfIt) {
  progress_.FoldThrough(10);
  const HttpAnswer answer = Send({"?name=customers&mode=append&format=csv&from=ts-sdk",
                                  {"customer_id,na", "me\nc1,Ann\nc2", ",Bob\n"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body,
              MatchesRegex(std::string("\\{\"import_id\": \"") + kUuid +
                           "\", \"datasource\": \\{\"id\": \"customers\", \"name\": "
                           "\"customers\"\\}, \"quarantine_rows\": 0, \"invalid_lines\": 0, "
                           "\"successful_rows\": 2, \"quarantined_rows\": 0, \"error\": false\\}"));
  EXPECT_EQ(answer.headers.at("content-type"), "application/json; charset=UTF-8");
  EXPECT_EQ(answer.headers.count("x-clv-visible"), 0u);
  const wire::LogRows rows = LoggedRows();
  ASSERT_EQ(rows.customers.size(), 2u);
  EXPECT_EQ(rows.customers[1].name, "Bob");
}

TEST_F(DataSourceFilesTest, TellsBadRowsAndLines) {
  progress_.FoldThrough(10);
  struct Case {
    std::string lines, error;
  };
  const std::vector<Case> cases = {
      {"c1,7\nc2\n", "1 row in quarantine and 1 invalid line."},
      {"c1,7\nc1,8\nc2\nc3\nc4\n", "2 rows in quarantine and 3 invalid lines."},
      {"c1,7\n", "1 row in quarantine."},
      {"c2\n", "1 invalid line."}};
  for (const Case& c : cases) {
    const HttpAnswer answer = Send({"?name=customers", {"customer_id,active\nc,1\n" + c.lines}});
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(
        answer.body,
        HasSubstr("\"error\": \"There was an error with file contents: " + c.error + "\"}"));
  }
  EXPECT_THAT(Send({"?name=customers", {"customer_id,active\nc1,7\nc2\nc3,1\n"}}).body,
              HasSubstr("\"quarantine_rows\": 1, \"invalid_lines\": 1, \"successful_rows\": 1, "
                        "\"quarantined_rows\": 2,"));
}

TEST_F(DataSourceFilesTest, TakesNdjsonInAFormAsTheSdkSendsIt) {
  progress_.FoldThrough(10);
  const std::string form =
      "------x\r\nContent-Disposition: form-data; name=\"csv\"; filename=\"a.ndjson\"\r\n"
      "Content-Type: application/octet-stream\r\n\r\n{\"customer_id\":\"c1\"}\n"
      "{\"customer_id\":\"c2\"}\r\n------x--\r\n";
  const HttpAnswer answer = Send({.query = "?name=customers&mode=append&format=ndjson",
                                  .pieces = {form.substr(0, 50), form.substr(50)},
                                  .content_type = "multipart/form-data; boundary=----x"});
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr("\"successful_rows\": 2"));
}

TEST_F(DataSourceFilesTest, TakesPackedFiles) {
  progress_.FoldThrough(10);
  const std::string text = "customer_id\nc1\nc2\n";
  for (const auto& [body, encoding] : std::vector<std::pair<std::string, std::string>>{
           {Gzip(text), ""}, {Zstd(text), ""}, {Gzip(text), "gzip"}, {Zstd(text), "zstd"}}) {
    const HttpAnswer answer =
        Send({.query = "?name=customers", .pieces = {body}, .encoding = encoding});
    EXPECT_THAT(answer.body, HasSubstr("\"successful_rows\": 2")) << encoding;
  }
}

TEST_F(DataSourceFilesTest, TakesTheDialect) {
  progress_.FoldThrough(10);
  EXPECT_THAT(Send({"?name=customers&dialect_delimiter=%3A&dialect_new_line=%0D&"
                    "dialect_escapechar=%5C",
                    {"customer_id:name\rc1:a\\:b\r"}})
                  .body,
              HasSubstr("\"successful_rows\": 1"));
  EXPECT_EQ(LoggedRows().customers.at(0).name, "a:b");
}

TEST_F(DataSourceFilesTest, RefusesBadRequests) {
  struct Case {
    std::string query, body;
    int status;
    std::string text;
  };
  const std::vector<Case> cases = {
      {"", "customer_id\nc\n", 400, "name: got nothing, want a data source"},
      {"?name=orders", "x", 404, "Data Source \\\"orders\\\" does not exist"},
      {"?name=customers&mode=create", "x", 400, "mode: got 'create', want append or replace"},
      {"?name=customers&format=parquet", "x", 400, "format: got 'parquet', want csv or ndjson"},
      {"?name=customers&url=http%3A%2F%2Fx", "x", 400, "url: files are not fetched"},
      {"?name=customers&replace_condition=country%3D'DE'", "x", 400, "none without mode=replace"},
      {"?name=customers&mode=replace&replace_condition=shoe%3D1", "x", 400,
       "replace_condition: at byte"},
      {"?name=customers&dialect_delimiter=ab", "x", 400, "dialect_delimiter: got 'ab'"},
      {"?name=customers&dialect_delimiter=%22", "x", 400, "dialect_delimiter: got '\\\"'"},
      {"?name=customers&dialect_new_line=x", "x", 400, "dialect_new_line: got 'x'"},
      {"?name=customers&dialect_delimiter=%5C&dialect_escapechar=%5C", "x", 400,
       "want another character than the delimiter"},
      {"?name=customers", "", 400, "the file is empty"},
      {"?name=purchases", "purchase_id,customer_id\n", 400, "lacks the column purchase_amount"},
      {"?name=customers", Gzip("customer_id\nc\n").substr(0, 20), 400, "cannot be unpacked"},
      {"?name=customers", Gzip(std::string(40 << 20, '\n')), 413, "more than 200 times"}};
  for (const Case& bad : cases) {
    const HttpAnswer answer = Send({bad.query, {bad.body}});
    EXPECT_EQ(answer.status, bad.status) << bad.query;
    EXPECT_THAT(answer.body, HasSubstr(bad.text));
    EXPECT_THAT(answer.body, HasSubstr("\"documentation\": \"/#files\""));
  }
  EXPECT_EQ(Send({.query = "?name=customers", .pieces = {"x"}, .encoding = "br"}).status, 415);
  EXPECT_EQ(Send({"?name=customers", {}}).status, 400);
  EXPECT_EQ(log_->LastPosition(), 0u);
}

TEST_F(DataSourceFilesTest, NeedsATokenForTheDataSource) {
  const auto status_with = [&](const std::string& query, const std::string& token) {
    return Send({.query = query, .pieces = {"customer_id\nc\n"}, .token = token}).status;
  };
  for (const char* mode : {"append", "replace"}) {
    const std::string query = std::string("?name=customers&mode=") + mode;
    EXPECT_EQ(status_with(query, ""), 403);
    EXPECT_EQ(status_with(query, "wrong"), 403);
    EXPECT_EQ(status_with(query, NewTokenWith({"DATASOURCES:READ:customers"})), 403);
    EXPECT_EQ(status_with(query, NewTokenWith({"DATASOURCES:APPEND:purchases"})), 403);
  }
  EXPECT_EQ(log_->LastPosition(), 0u);
  progress_.FoldThrough(10);
  const std::string token = NewTokenWith({"DATASOURCES:APPEND:customers"});
  EXPECT_EQ(status_with("?name=customers&token=" + token, ""), 200);
  v1::ImportFileResponse response;
  EXPECT_EQ(Import({Piece("customers", "customer_id\nc\n")}, &response, "wrong").error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(Import({Piece("purchases", "x")}, &response, token).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(DataSourceFilesTest, SaysWhenRowsAreNotVisibleInTime) {
  const HttpAnswer answer = Send({.query = "?name=customers",
                                  .pieces = {"customer_id\nc1\n"},
                                  .deadline = std::chrono::milliseconds(1'000)});
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr("\"successful_rows\": 1"));
  EXPECT_EQ(answer.headers.at("x-clv-visible"), "false");
}

TEST_F(DataSourceFilesTest, ReplacesInOneRecordAndTellsWhatItRemoved) {
  progress_.FoldThrough(10);
  outcomes_.Set(2, {.rows = 2, .removed_rows = 7});
  v1::ImportFileRequest first = Piece("customers", "customer_id,country\nc1,DE\n");
  first.set_mode(v1::IMPORT_MODE_REPLACE);
  first.set_replace_condition("country = 'DE'");
  first.set_wait(true);
  v1::ImportFileResponse response;
  ASSERT_TRUE(Import({first, Piece("", "c2,DE\nc3,FR\n")}, &response).ok());
  EXPECT_TRUE(response.visible());
  EXPECT_EQ(response.job().kind(), v1::JOB_KIND_IMPORT);
  EXPECT_EQ(response.job().state(), v1::JOB_STATE_DONE);
  EXPECT_EQ(response.job().data_source(), "customers");
  EXPECT_EQ(response.job().progress(), 1.0);
  EXPECT_EQ(response.job().successful_rows(), 2u);
  EXPECT_EQ(response.job().quarantined_rows(), 1u);
  EXPECT_EQ(response.job().removed_rows(), 7u);
  EXPECT_EQ(response.job().folded_position(), 2u);
  EXPECT_TRUE(response.job().has_end_time());
  const std::vector<wire::LogRows> records = Records();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].load_id, response.job().job_id());
  EXPECT_TRUE(std::holds_alternative<wire::LoadCommit>(records[1].command));
}

TEST_F(DataSourceFilesTest, ReplacementsAreAuditedAndAppendsAreNot) {
  progress_.FoldThrough(10);
  EXPECT_EQ(Send({"?name=customers", {"customer_id\nc1\n"}}).status, 200);
  EXPECT_EQ(Send({"?name=customers&mode=replace", {""}}).status, 400);
  EXPECT_TRUE(tokens_->List(10, 0)->empty());
  EXPECT_EQ(Send({"?name=customers&mode=replace", {"customer_id\nc1\n"}}).status, 200);
  const std::vector<storage::AuditEntry> entries = tokens_->List(10, 0).value();
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].actor, "admin");
  EXPECT_EQ(entries[0].action, "rows.replace");
  EXPECT_EQ(entries[0].subject, "customers");
}

TEST_F(DataSourceFilesTest, AFileIsAJobWithItsImportId) {
  progress_.FoldThrough(10);
  const std::string body = Send({"?name=customers", {"customer_id\nc1\n,\n"}}).body;
  const v1::Job job = jobs_->ListJobs(1).at(0);
  EXPECT_THAT(body, HasSubstr("\"import_id\": \"" + job.job_id() + "\""));
  EXPECT_EQ(job.state(), v1::JOB_STATE_DONE);
  EXPECT_EQ(job.successful_rows(), 1u);
  EXPECT_EQ(job.quarantined_rows(), 1u);
}

TEST_F(DataSourceFilesTest, KeepsToTheLimitOnBytesAndRefusesNothing) {
  progress_.FoldThrough(10);
  // A second's worth at once, then two seconds' worth at the limit.
  const std::string token = NewToken({.name = "slow",
                                      .scopes = {"DATASOURCES:APPEND:customers"},
                                      .limits = {.bytes_per_second = 4'000}});
  std::string piece;
  while (piece.size() < 1'000) piece += "c" + std::to_string(piece.size()) + "\n";
  Upload upload{"?name=customers", {"customer_id\n"}, token};
  for (int i = 0; i < 12; ++i) upload.pieces.push_back(piece);
  const auto begin = std::chrono::steady_clock::now();
  const HttpAnswer answer = Send(upload);
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_GT(took, std::chrono::milliseconds(1'500));
}

TEST_F(DataSourceFilesTest, AFileThatIsHeldBackCanBeCancelled) {
  const std::string token = NewToken({.name = "slow",
                                      .scopes = {"DATASOURCES:APPEND:customers"},
                                      .limits = {.bytes_per_second = 10}});
  const auto context = Context(token);
  v1::ImportFileResponse response;
  const auto writer = stub_->ImportFile(context.get(), &response);
  ASSERT_TRUE(writer->Write(Piece("customers", "customer_id\n" + std::string(10'000, 'c') + "\n")));
  const auto job = [&] { return jobs_->ListJobs(1); };
  while (job().empty()) std::this_thread::yield();
  context->TryCancel();
  EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::CANCELLED);
  while (job().at(0).state() != v1::JOB_STATE_ERROR) std::this_thread::yield();
}

TEST_F(DataSourceFilesTest, ImportsWithAllFields) {
  v1::ImportFileRequest first = Piece("customers", Gzip("customer_id;name\nc1;a\\;b\n"));
  first.set_format(v1::FILE_FORMAT_CSV);
  first.set_delimiter(";");
  first.set_escape_character("\\");
  first.set_compression("gzip");
  v1::ImportFileResponse response;
  ASSERT_TRUE(Import({first}, &response).ok());
  EXPECT_EQ(response.job().successful_rows(), 1u);
  EXPECT_FALSE(response.visible());
  v1::ImportFileRequest json = Piece("customers", "{\"customer_id\":\"c2\"}\nnonsense\n7\n");
  json.set_format(v1::FILE_FORMAT_NDJSON);
  ASSERT_TRUE(Import({json}, &response).ok());
  EXPECT_EQ(response.job().successful_rows(), 1u);
  EXPECT_EQ(response.job().quarantined_rows(), 2u);
  EXPECT_EQ(response.invalid_lines(), 1u);
  EXPECT_EQ(LoggedRows().customers.at(0).name, "a;b");
}

TEST_F(DataSourceFilesTest, RefusesBadImports) {
  const auto refusal = [&](const std::function<void(v1::ImportFileRequest*)>& change) {
    v1::ImportFileRequest first = Piece("customers", "customer_id\nc\n");
    change(&first);
    v1::ImportFileResponse response;
    const grpc::Status status = Import({first}, &response);
    return std::to_string(status.error_code()) + " " + status.error_message();
  };
  using Request = v1::ImportFileRequest;
  EXPECT_THAT(refusal([](Request* r) { r->set_data_source("orders"); }),
              HasSubstr("5 data_source: got 'orders', want customers, purchases or customer_clv"));
  EXPECT_THAT(refusal([](Request* r) { r->set_mode(static_cast<v1::ImportMode>(9)); }),
              HasSubstr("3 mode: got an unknown mode"));
  EXPECT_THAT(refusal([](Request* r) { r->set_format(static_cast<v1::FileFormat>(9)); }),
              HasSubstr("3 format: got an unknown format"));
  EXPECT_THAT(refusal([](Request* r) { r->set_compression("br"); }),
              HasSubstr("3 compression: got 'br', want gzip, zstd or nothing"));
  EXPECT_THAT(refusal([](Request* r) { r->set_delimiter("ab"); }),
              HasSubstr("3 delimiter: got 'ab'"));
  EXPECT_THAT(refusal([](Request* r) { r->set_replace_condition("country = 'DE'"); }),
              HasSubstr("3 replace_condition: got a condition, want none without mode=replace"));
  EXPECT_THAT(refusal([](Request* r) { r->mutable_body()->set_data(std::string(9 << 20, 'x')); }),
              HasSubstr("3 body.data: got 9437184 bytes, want at most 8388608 in one message"));
  EXPECT_THAT(refusal([](Request* r) { r->mutable_body()->clear_data(); }),
              HasSubstr("3 the file is empty"));
  EXPECT_EQ(log_->LastPosition(), 0u);
}

TEST_F(DataSourceFilesTest, TellsTheRowsThatStayAfterAnError) {
  std::string form = "--x\r\nContent-Disposition: form-data; name=csv\r\n\r\ncustomer_id\n";
  for (int i = 0; i < 60'000; ++i) form += "c" + std::to_string(i) + "\n";
  const HttpAnswer answer = Send({.query = "?name=customers",
                                  .pieces = {form},
                                  .content_type = "multipart/form-data; boundary=x"});
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, MatchesRegex(".*before its closing boundary; [24]0000 rows before that "
                                        "are written, sending all again is harmless.*"));
}

TEST_F(DataSourceFilesTest, ACancelledCallIsNoEndOfAFile) {
  for (const bool replaces : {false, true}) {
    for (int i = 0; i < 20; ++i) {
      const auto context = Context();
      v1::ImportFileResponse response;
      const auto writer = stub_->ImportFile(context.get(), &response);
      v1::ImportFileRequest first = Piece("customers", "customer_id\nwhole\ncut");
      if (replaces) first.set_mode(v1::IMPORT_MODE_REPLACE);
      writer->Write(first);
      context->TryCancel();
      EXPECT_FALSE(writer->Finish().ok());
    }
  }
  // Both kinds still work, and nothing of the calls above comes after that.
  v1::ImportFileResponse response;
  grpc::Status status;
  do {
    status = Import({Piece("customers", "customer_id\nlast\n")}, &response);
  } while (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  ASSERT_TRUE(status.ok()) << status.error_message();
  for (const wire::LogRows& record : Records()) {
    EXPECT_FALSE(std::holds_alternative<wire::LoadCommit>(record.command));
    for (const domain::Customer& customer : record.customers) {
      EXPECT_NE(customer.customer_id, "cut");
    }
  }
}

TEST_F(DataSourceFilesTest, ASilentFileIsEndedAndItsReplacementForgotten) {
  const auto context = Context();
  v1::ImportFileResponse response;
  const auto writer = stub_->ImportFile(context.get(), &response);
  std::string text = "customer_id\n";
  for (int i = 0; i < 50'000; ++i) text += "c" + std::to_string(i) + "\n";
  v1::ImportFileRequest first = Piece("customers", text);
  first.set_mode(v1::IMPORT_MODE_REPLACE);
  ASSERT_TRUE(writer->Write(first));
  EXPECT_FALSE(writer->Finish().ok());
  ASSERT_GT(log_->LastPosition(), 0u);
  // The log is held for loads that are open.
  while (log_->FirstRetainedPosition() != 0) {
    ASSERT_TRUE(
        queue_
            .RunOnWriter([](storage::EventLog& log) { return log.TrimThrough(log.LastPosition()); })
            .ok());
  }
}

TEST_F(DataSourceFilesTest, RefusesMoreFilesThanMayBeLoadedAtOnce) {
  progress_.FoldThrough(1'000'000);
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientWriter<v1::ImportFileRequest>>> writers;
  std::vector<v1::ImportFileResponse> responses(3);
  for (v1::ImportFileResponse& response : responses) {
    contexts.push_back(Context());
    writers.push_back(stub_->ImportFile(contexts.back().get(), &response));
    ASSERT_TRUE(writers.back()->Write(Piece("customers", "customer_id\n")));
  }
  // A call runs from when the server sees it.
  while (jobs_->ListJobs(10).size() < 3) std::this_thread::yield();
  HttpAnswer answer = Send({"?name=customers", {"customer_id\nc\n"}});
  EXPECT_EQ(answer.status, 429);
  EXPECT_THAT(answer.body, HasSubstr("too many files are being loaded"));
  for (const auto& writer : writers) {
    writer->WritesDone();
    EXPECT_TRUE(writer->Finish().ok());
  }
  do {
    answer = Send({"?name=customers", {"customer_id\nc\n"}});
  } while (answer.status == 429);
  EXPECT_EQ(answer.status, 200);
}

TEST_F(DataSourceFilesTest, RowsOfErasedCustomersAreCountedOnly) {
  progress_.FoldThrough(10);
  erased_.Add(erased_.HashOf("gone"));
  const HttpAnswer answer = Send({"?name=customers", {"customer_id\nc1\ngone\n"}});
  EXPECT_THAT(answer.body, HasSubstr("\"quarantine_rows\": 1"));
  EXPECT_TRUE(Quarantined(DataSource::kCustomers).empty());
}

TEST_F(DataSourceFilesTest, TellsClientsToRetryWhenIngestIsEnding) {
  queue_.Drain();
  const HttpAnswer answer = Send({"?name=customers", {"customer_id\nc\n"}});
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers.at("retry-after"), "1");
}

TEST_F(DataSourceFilesTest, ManyFilesAtOnceAreAllWritten) {
  std::vector<std::future<int>> files;
  for (int file = 0; file < 3; ++file) {
    files.push_back(std::async(std::launch::async, [&, file] {
      std::vector<v1::ImportFileRequest> pieces = {Piece("customers", "customer_id\n")};
      for (int piece = 0; piece < 20; ++piece) {
        std::string text;
        for (int i = 0; i < 500; ++i) {
          text += std::to_string(file) + "-" + std::to_string(piece * 500 + i) + "\n";
        }
        pieces.push_back(Piece("", text));
      }
      v1::ImportFileResponse response;
      EXPECT_TRUE(Import(pieces, &response).ok());
      return static_cast<int>(response.job().successful_rows());
    }));
  }
  for (auto& file : files) EXPECT_EQ(file.get(), 10'000);
  EXPECT_EQ(LoggedRows().customers.size(), 30'000u);
}

}  // namespace
}  // namespace clv::ingest
