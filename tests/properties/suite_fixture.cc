#include "tests/properties/suite_fixture.h"

#include <chrono>
#include <cstdlib>
#include <optional>
#include <thread>
#include <utility>
#include <variant>

#include "clv/v1/admin_service.grpc.pb.h"
#include "clv/v1/aggregation_service.grpc.pb.h"
#include "clv/v1/ingest_service.grpc.pb.h"
#include "clv/v1/query_service.grpc.pb.h"
#include "common/rpc/v0_reply.h"
#include "common/storage/sqlite/fold_progress.h"
#include "gtest/gtest.h"
#include "tests/common/storage/raw_sqlite.h"
#include "tests/model/json_reader.h"

namespace clv::properties {
namespace {

// Ends the process when the suite cannot be made: there is nothing to test then.
template <typename T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) {
    std::fprintf(stderr, "the suite does not start: %s\n", value.status().ToString().c_str());
    std::abort();
  }
  return *std::move(value);
}

void Prepare(grpc::ClientContext* context, const std::string& path, const std::string& token) {
  context->AddMetadata(rpc::kOriginalPathMetadata, path);
  if (!token.empty()) context->AddMetadata("authorization", "Bearer " + token);
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
}

Reply ReplyOf(const grpc::Status& status, const grpc::ClientContext& context,
              const google::api::HttpBody& body) {
  if (!status.ok()) return {0, status.error_message()};
  const auto& metadata = context.GetServerInitialMetadata();
  const auto found = metadata.find(rpc::kHttpStatusMetadata);
  const int http_status =
      found == metadata.end()
          ? 0
          : std::atoi(std::string(found->second.data(), found->second.size()).c_str());
  return {http_status, body.data()};
}

int64_t IntegerAt(const std::optional<model::JsonValue>& object, const std::string& name) {
  const model::JsonValue* value = object.has_value() ? object->Find(name) : nullptr;
  return value == nullptr ? -1 : std::strtoll(value->text.c_str(), nullptr, 10);
}

}  // namespace

RunningSuite::RunningSuite(const std::string& reporting_currency)
    : reporting_currency_(reporting_currency) {
  Start();
}

RunningSuite::~RunningSuite() { Stop(); }

void RunningSuite::Start() {
  authenticator_ = std::make_unique<rpc::Authenticator>(rpc::Authenticator::Options{});
  workers_ = std::make_unique<rpc::WorkerPool>(rpc::WorkerPool::Options{});
  const rpc::Dispatcher::Options dispatch{.authenticator = authenticator_.get(),
                                          .workers = workers_.get()};
  ingest_ = Must(ingest::IngestRole::Start({.directory = data_,
                                            .log_retention = "all",
                                            .dispatch = dispatch,
                                            .clock = &clock_,
                                            .appended = &appended_,
                                            .folded = &folded_}));
  authenticator_->Open(ingest_->admin_token(), &ingest_->tokens());
  aggregation_ =
      Must(aggregation::AggregationRole::Start({.directory = data_,
                                                .reporting_currency = reporting_currency_,
                                                .dispatch = dispatch,
                                                .clock = &clock_,
                                                .appended = &appended_,
                                                .folded = &folded_}));
  query_ = std::make_unique<query::QueryRole>(query::QueryRole::Options{
      .directory = data_, .dispatch = dispatch, .clock = &clock_, .folded = &folded_});
  std::vector<grpc::Service*> services = ingest_->services();
  services.push_back(aggregation_->service());
  services.push_back(query_->service());
  host_ = Must(rpc::ServerHost::Start({.address = "", .reflection = false}, services));
  ingest_->Connect(channel(), channel());
}

void RunningSuite::Stop() {
  host_.reset();
  workers_.reset();
  query_.reset();
  aggregation_.reset();
  ingest_.reset();
  authenticator_.reset();
}

void RunningSuite::Restart() {
  Stop();
  Start();
}

Reply RunningSuite::Post(const std::string& path, const std::string& body,
                         const std::string& token) const {
  grpc::ClientContext context;
  Prepare(&context, path, token);
  v1::AppendEventsRequest request;
  request.mutable_body()->set_content_type("application/x-www-form-urlencoded");
  request.mutable_body()->set_data(body);
  google::api::HttpBody response;
  const grpc::Status status =
      v1::IngestService::NewStub(channel())->AppendEvents(&context, request, &response);
  return ReplyOf(status, context, response);
}

Reply RunningSuite::Get(const std::string& path, const std::string& token) const {
  grpc::ClientContext context;
  Prepare(&context, path, token);
  v1::QueryPipeRequest request;
  const std::string name = path.substr(path.rfind('/', path.find('?')) + 1);
  request.set_pipe(name.substr(0, name.find('?')));
  google::api::HttpBody response;
  const grpc::Status status =
      v1::QueryService::NewStub(channel())->QueryPipe(&context, request, &response);
  return ReplyOf(status, context, response);
}

SendResult RunningSuite::Send(const std::string& data_source, const std::string& body,
                              bool wait) const {
  const Reply reply =
      Post("/v0/events?name=" + data_source + (wait ? "&wait=true" : ""), body, admin_token());
  const auto counts = model::ReadJson(reply.body);
  EXPECT_TRUE(counts.has_value()) << reply.body;
  return {reply.http_status, IntegerAt(counts, "successful_rows"),
          IntegerAt(counts, "quarantined_rows")};
}

void RunningSuite::SendRow(const std::string& data_source, const std::string& json) const {
  const SendResult result = Send(data_source, json, true);
  EXPECT_EQ(result.http_status, 200) << json;
  EXPECT_EQ(result.successful_rows, 1) << json;
}

void RunningSuite::SendAll(const std::vector<Batch>& batches, Dice* dice,
                           model::NaiveModel* model) {
  for (size_t i = 0; i < batches.size(); ++i) {
    const Batch& batch = batches[i];
    clock_.Advance(dice->Below(3));
    int64_t accepted = 0;
    for (const std::string& value : batch.values) {
      if (model->Send(batch.data_source, value, clock_.NowSeconds()).empty()) ++accepted;
    }
    const bool wait = dice->OneIn(10);
    const SendResult result = Send(batch.data_source, BodyOf(batch, dice), wait);
    EXPECT_EQ(result.http_status, wait ? 200 : 202);
    EXPECT_EQ(result.successful_rows, accepted) << BodyOf(batch, dice);
    EXPECT_EQ(result.quarantined_rows, static_cast<int64_t>(batch.values.size()) - accepted);
  }
  WaitUntilFolded();
}

void RunningSuite::WaitUntilFolded() const {
  const std::string last =
      storage::ReadRawSql(data_.event_log(), "SELECT last_position FROM log_state");
  // Polls: a racing worker that a test has added tells nobody.
  storage::SqliteFoldProgress progress({.path = data_.clv(), .folded = nullptr});
  EXPECT_TRUE(progress.WaitUntilFolded(std::stoull(last), std::chrono::seconds(60)));
}

Reply RunningSuite::Ask(const Question& question) const {
  return Get("/v0/pipes/" + question.endpoint + ".json?" + question.QueryString(), admin_token());
}

model::Table RunningSuite::AskTable(
    const std::string& endpoint, const std::multimap<std::string, std::string>& parameters) const {
  const Reply reply = Ask({endpoint, parameters});
  EXPECT_EQ(reply.http_status, 200) << reply.body;
  auto table = model::ReadServedTable(reply.body);
  if (const auto* wrong = std::get_if<std::string>(&table)) {
    ADD_FAILURE() << endpoint << ": " << *wrong;
    return {};
  }
  return std::get<model::Table>(std::move(table));
}

v1::Job RunningSuite::Verify(bool from_log) const {
  v1::StartVerifyRequest request;
  request.set_from_log(from_log);
  v1::StartVerifyResponse started;
  grpc::ClientContext context;
  context.AddMetadata("authorization", authorization());
  const grpc::Status status =
      v1::AggregationService::NewStub(channel())->StartVerify(&context, request, &started);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return status.ok() ? WaitForJob(started.job()) : v1::Job();
}

v1::Job RunningSuite::Rebuild() const {
  v1::StartRebuildResponse started;
  grpc::ClientContext context;
  context.AddMetadata("authorization", authorization());
  const grpc::Status status =
      v1::AggregationService::NewStub(channel())->StartRebuild(&context, {}, &started);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return status.ok() ? WaitForJob(started.job()) : v1::Job();
}

v1::Job RunningSuite::WaitForJob(v1::Job job) const {
  const auto stub = v1::AggregationService::NewStub(channel());
  v1::GetJobRequest request;
  request.set_job_id(job.job_id());
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!job.has_end_time() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    grpc::ClientContext context;
    context.AddMetadata("authorization", authorization());
    v1::GetJobResponse found;
    const grpc::Status status = stub->GetJob(&context, request, &found);
    EXPECT_TRUE(status.ok()) << status.error_message();
    job = found.job();
  }
  EXPECT_TRUE(job.has_end_time()) << job.job_id() << " does not end";
  return job;
}

void RunningSuite::ExpectVerified() const {
  const v1::Job job = Verify(true);
  EXPECT_EQ(job.state(), v1::JOB_STATE_DONE) << job.error();
  EXPECT_EQ(job.difference_count(), 0u) << job.DebugString();
}

std::string RunningSuite::MakeToken(const std::string& name,
                                    const std::vector<std::string>& scopes) const {
  v1::CreateTokenRequest request;
  request.set_name(name);
  for (const std::string& scope : scopes) request.add_scopes(scope);
  v1::CreateTokenResponse response;
  grpc::ClientContext context;
  context.AddMetadata("authorization", authorization());
  const grpc::Status status =
      v1::AdminService::NewStub(channel())->CreateToken(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response.secret();
}

std::string RunningSuite::State() const {
  std::string state;
  for (const char* rows :
       {"* FROM customers", "* FROM purchases ORDER BY customer_id, purchase_id",
        "* FROM customer_clv_imports",
        "customer_id, country, customer_segment, acquisition_source, described, imported, "
        "signup_date, purchase_count, total_spend_micros, refunded_micros, first_purchase_date, "
        "last_purchase_date, repeat_order_days, visible_rows, unconverted_rows, "
        "last_activity_date, gross_micros FROM customer_clv ORDER BY customer_id"}) {
    state += storage::DumpClvSql(data_.clv(), "SELECT " + std::string(rows)) + "--\n";
  }
  return state;
}

std::string RunningSuite::LogState() const {
  std::string state;
  for (const char* rows : {"position, row_count, hex(payload) FROM log_records", "* FROM log_state",
                           "* FROM quarantine_state"}) {
    state += storage::DumpRawSql(data_.event_log(), "SELECT " + std::string(rows)) + "--\n";
  }
  return state;
}

std::string Difference(const RunningSuite& suite, const model::NaiveModel& model,
                       const Question& question, int64_t now) {
  const Reply reply = suite.Ask(question);
  const auto expected = model.Query(question.endpoint, question.parameters, now);
  if (const auto* error = std::get_if<model::Error>(&expected)) {
    if (reply.http_status != 400) {
      return "status " + std::to_string(reply.http_status) + " where " + error->parameter +
             " is wrong: " + reply.body;
    }
    return reply.body.find(error->parameter) != std::string::npos
               ? ""
               : "the error does not name " + error->parameter + ": " + reply.body;
  }
  if (reply.http_status != 200) {
    return "status " + std::to_string(reply.http_status) + ": " + reply.body;
  }
  const auto served = model::ReadServedTable(reply.body);
  if (const auto* wrong = std::get_if<std::string>(&served)) return *wrong;
  return Compare(std::get<model::Table>(expected), std::get<model::Table>(served));
}

__int128 MicrosOf(const std::string& decimal) {
  __int128 micros = 0;
  int decimals = -1;
  for (const char c : decimal) {
    if (c == '.') decimals = 0;
    if (c < '0' || c > '9') continue;
    micros = micros * 10 + (c - '0');
    if (decimals >= 0) ++decimals;
  }
  for (int i = std::max(decimals, 0); i < 6; ++i) micros *= 10;
  return decimal.front() == '-' ? -micros : micros;
}

__int128 SumOf(const model::Table& table, const std::string& column) {
  __int128 sum = 0;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    const model::Cell cell = table.At(row, column);
    if (!cell.is_null()) sum += MicrosOf(cell.text());
  }
  return sum;
}

int Cases(int usual, int thorough) {
  const char* value = std::getenv("CLV_TEST_LONG");
  return value != nullptr && std::string(value) == "1" ? thorough : usual;
}

uint64_t FirstSeed() {
  const char* value = std::getenv("CLV_TEST_SEED");
  return value != nullptr ? std::strtoull(value, nullptr, 10) : 1;
}

}  // namespace clv::properties
