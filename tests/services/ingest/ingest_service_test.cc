#include "services/ingest/ingest_service.h"

#include <gmock/gmock.h>

#include <future>
#include <string>
#include <thread>
#include <vector>

#include "services/ingest/typed_batch.h"
#include "tests/services/ingest/packed.h"
#include "tests/services/ingest/service_fixture.h"

namespace clv::ingest {
namespace {

using domain::DataSource;
using ::testing::HasSubstr;

class IngestServiceTest : public ServiceFixture {
 protected:
  static v1::WritePurchasesRequest TwoPurchases() {
    v1::WritePurchasesRequest request;
    v1::Purchase* good = request.add_purchases();
    good->set_purchase_id("p1");
    good->set_customer_id("c1");
    good->set_purchase_amount_micros(99'990'000);
    good->mutable_purchase_date()->set_seconds(1'673'878'800);
    good->mutable_purchase_date()->set_nanos(999);
    good->set_currency("eur");
    v1::Purchase* bad = request.add_purchases();
    bad->set_purchase_id("p2");
    bad->set_purchase_amount_micros(2'000'000'000'000'000);
    bad->mutable_purchase_date()->set_seconds(-1);
    return request;
  }
};

TEST_F(IngestServiceTest, WritesRowsAndQuarantinesBrokenOnes) {
  v1::WritePurchasesResponse response;
  ASSERT_TRUE(ingest_stub_->WritePurchases(Context().get(), TwoPurchases(), &response).ok());
  EXPECT_EQ(response.result().successful_rows(), 1u);
  EXPECT_EQ(response.result().quarantined_rows(), 1u);
  EXPECT_EQ(response.result().log_position(), 1u);
  EXPECT_FALSE(response.result().visible());
  ASSERT_EQ(response.result().errors_size(), 1);
  EXPECT_EQ(response.result().errors(0).row(), 1u);
  EXPECT_EQ(response.result().errors(0).field(), "customer_id");
  EXPECT_EQ(response.result().errors(0).description(), "customer_id: got nothing, want a value");
  const wire::LogRows rows = LoggedRows();
  ASSERT_EQ(rows.purchases.size(), 1u);
  EXPECT_EQ(rows.purchases[0], (domain::Purchase{.purchase_id = "p1",
                                                 .customer_id = "c1",
                                                 .order_id = "p1",
                                                 .purchase_amount_micros = 99'990'000,
                                                 .purchase_date = 1'673'878'800,
                                                 .currency = "EUR"}));
}

TEST_F(IngestServiceTest, ErrorsOfAmountsNameTheFieldOfTheMessage) {
  v1::WritePurchasesRequest purchases;
  purchases.add_purchases()->set_purchase_id("p");
  purchases.mutable_purchases(0)->set_customer_id("c");
  v1::WritePurchasesResponse of_purchases;
  ASSERT_TRUE(ingest_stub_->WritePurchases(Context().get(), purchases, &of_purchases).ok());
  EXPECT_EQ(of_purchases.result().errors(0).field(), "purchase_amount_micros");
  EXPECT_EQ(of_purchases.result().errors(0).description(),
            "purchase_amount: got nothing, want a value");
  v1::WriteCustomerClvsRequest clvs;
  clvs.add_customer_clvs()->set_customer_id("c");
  v1::WriteCustomerClvsResponse of_clvs;
  ASSERT_TRUE(ingest_stub_->WriteCustomerClvs(Context().get(), clvs, &of_clvs).ok());
  EXPECT_EQ(of_clvs.result().errors(0).field(), "total_spend_micros");
}

TEST_F(IngestServiceTest, KeepsBrokenMessagesInTheFormOfTheSeed) {
  v1::WritePurchasesResponse response;
  ASSERT_TRUE(ingest_stub_->WritePurchases(Context().get(), TwoPurchases(), &response).ok());
  const std::vector<storage::QuarantinedRow> rows = Quarantined(DataSource::kPurchases);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_THAT(rows[0].raw, HasSubstr(R"("purchase_id":"p2")"));
  EXPECT_THAT(rows[0].raw,
              HasSubstr(R"("purchase_amount":2000000000,"purchase_date":"1969-12-31 23:59:59")"));
  EXPECT_EQ(rows[0].columns[2].error,
            "purchase_amount: got '2000000000', want an amount between -1000000000 and 1000000000");
}

TEST_F(IngestServiceTest, RefusesEmptyAndOversizedBatches) {
  v1::WriteCustomersRequest request;
  v1::WriteCustomersResponse response;
  grpc::Status status = ingest_stub_->WriteCustomers(Context().get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "customers: got '0 rows', want 1 to 100000");
  for (int i = 0; i <= kMaxBatchRows; ++i) request.add_customers()->set_customer_id("c");
  status = ingest_stub_->WriteCustomers(Context().get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(log_->LastPosition(), 0u);
}

TEST_F(IngestServiceTest, OpensOnlyToTokensThatMayAppend) {
  v1::WriteCustomersRequest request;
  request.add_customers()->set_customer_id("c");
  v1::WriteCustomersResponse response;
  const auto code = [&](const std::string& token) {
    return ingest_stub_->WriteCustomers(Context(token).get(), request, &response).error_code();
  };
  EXPECT_EQ(code(""), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(code("wrong"), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(code(NewTokenWith({"DATASOURCES:APPEND:purchases"})),
            grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(log_->LastPosition(), 0u);
  EXPECT_EQ(code(NewTokenWith({"DATASOURCES:APPEND:customers"})), grpc::StatusCode::OK);
  EXPECT_EQ(code(NewTokenWith({"DATASOURCES:APPEND:*"})), grpc::StatusCode::OK);
}

TEST_F(IngestServiceTest, WaitsUntilRowsAreVisible) {
  v1::WriteCustomerClvsRequest request;
  v1::CustomerClv* clv = request.add_customer_clvs();
  clv->set_customer_id("c");
  clv->set_total_spend_micros(1);
  clv->set_purchase_count(1);
  for (auto* date : {clv->mutable_first_purchase_date(), clv->mutable_last_purchase_date(),
                     clv->mutable_updated_at()}) {
    date->set_seconds(5);
  }
  request.set_wait(true);
  auto answer = std::async(std::launch::async, [&] {
    v1::WriteCustomerClvsResponse response;
    EXPECT_TRUE(ingest_stub_->WriteCustomerClvs(Context().get(), request, &response).ok());
    return response.result();
  });
  EXPECT_EQ(answer.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  progress_.FoldThrough(1);
  EXPECT_TRUE(answer.get().visible());
}

TEST_F(IngestServiceTest, AWaitThatIsNotRewardedEndsBeforeTheDeadline) {
  v1::WriteCustomersRequest request;
  request.add_customers()->set_customer_id("c");
  request.set_wait(true);
  const auto context = Context();
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(600));
  v1::WriteCustomersResponse response;
  ASSERT_TRUE(ingest_stub_->WriteCustomers(context.get(), request, &response).ok());
  EXPECT_FALSE(response.result().visible());
  EXPECT_EQ(response.result().log_position(), 1u);
}

TEST_F(IngestServiceTest, WaitersDoNotHoldTheWorkers) {
  v1::WriteCustomersRequest request;
  request.add_customers()->set_customer_id("c");
  request.set_wait(true);
  std::vector<std::future<bool>> waiting;
  for (int i = 0; i < 8; ++i) {
    waiting.push_back(std::async(std::launch::async, [&] {
      v1::WriteCustomersResponse response;
      return ingest_stub_->WriteCustomers(Context().get(), request, &response).ok() &&
             response.result().visible();
    }));
  }
  while (log_->LastPosition() < 8) std::this_thread::yield();
  v1::WriteCustomersRequest other;
  other.add_customers()->set_customer_id("d");
  v1::WriteCustomersResponse response;
  EXPECT_TRUE(ingest_stub_->WriteCustomers(Context().get(), other, &response).ok());
  progress_.FoldThrough(100);
  for (auto& answer : waiting) EXPECT_TRUE(answer.get());
}

TEST_F(IngestServiceTest, StreamsBatchesThatAreDurableEach) {
  v1::StreamCustomersResponse response;
  const auto context = Context();
  const auto writer = ingest_stub_->StreamCustomers(context.get(), &response);
  for (int batch = 0; batch < 30; ++batch) {
    v1::StreamCustomersRequest request;
    request.add_customers()->set_customer_id(std::to_string(batch));
    request.add_customers();
    ASSERT_TRUE(writer->Write(request));
  }
  writer->WritesDone();
  ASSERT_TRUE(writer->Finish().ok());
  EXPECT_EQ(response.result().successful_rows(), 30u);
  EXPECT_EQ(response.result().quarantined_rows(), 30u);
  EXPECT_EQ(response.result().log_position(), 30u);
  ASSERT_EQ(response.result().errors_size(), 20);
  EXPECT_EQ(response.result().errors(19).row(), 39u);
  EXPECT_EQ(LoggedRows().customers.size(), 30u);
}

TEST_F(IngestServiceTest, AStreamWaitsAtItsEndWhenAnyBatchAskedForIt) {
  progress_.FoldThrough(10);
  v1::StreamPurchasesResponse response;
  const auto context = Context();
  const auto writer = ingest_stub_->StreamPurchases(context.get(), &response);
  v1::StreamPurchasesRequest request;
  request.mutable_purchases()->CopyFrom(TwoPurchases().purchases());
  request.set_wait(true);
  ASSERT_TRUE(writer->Write(request));
  request.set_wait(false);
  ASSERT_TRUE(writer->Write(request));
  writer->WritesDone();
  ASSERT_TRUE(writer->Finish().ok());
  EXPECT_TRUE(response.result().visible());
  EXPECT_EQ(response.result().log_position(), 2u);
}

TEST_F(IngestServiceTest, AStreamEndsAtABadBatchAndKeepsTheEarlierOnes) {
  v1::StreamCustomerClvsResponse response;
  const auto context = Context();
  const auto writer = ingest_stub_->StreamCustomerClvs(context.get(), &response);
  v1::StreamCustomerClvsRequest request;
  request.add_customer_clvs()->set_customer_id("c");
  ASSERT_TRUE(writer->Write(request));
  writer->Write(v1::StreamCustomerClvsRequest());
  writer->WritesDone();
  EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Quarantined(DataSource::kCustomerClv).size(), 1u);
}

TEST_F(IngestServiceTest, AStreamWithoutBatchesIsFine) {
  v1::StreamCustomersResponse response;
  const auto context = Context();
  const auto writer = ingest_stub_->StreamCustomers(context.get(), &response);
  writer->WritesDone();
  EXPECT_TRUE(writer->Finish().ok());
  EXPECT_EQ(response.result().successful_rows(), 0u);
}

TEST_F(IngestServiceTest, StreamsNeedATokenToo) {
  v1::StreamCustomersResponse response;
  const auto context = Context("wrong");
  const auto writer = ingest_stub_->StreamCustomers(context.get(), &response);
  writer->WritesDone();
  EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(IngestServiceTest, ASilentStreamIsEnded) {
  v1::StreamCustomersResponse response;
  const auto context = Context();
  const auto writer = ingest_stub_->StreamCustomers(context.get(), &response);
  v1::StreamCustomersRequest request;
  request.add_customers()->set_customer_id("c");
  ASSERT_TRUE(writer->Write(request));
  EXPECT_FALSE(writer->Finish().ok());
  EXPECT_EQ(LoggedRows().customers.size(), 1u);
}

TEST_F(IngestServiceTest, ACancelledStreamLeavesTheServerWell) {
  for (int i = 0; i < 20; ++i) {
    v1::StreamCustomersResponse response;
    const auto context = Context();
    const auto writer = ingest_stub_->StreamCustomers(context.get(), &response);
    v1::StreamCustomersRequest request;
    request.add_customers()->set_customer_id("c");
    writer->Write(request);
    context->TryCancel();
    EXPECT_FALSE(writer->Finish().ok());
  }
  EXPECT_EQ(Post("?name=customers", "{\"customer_id\":\"c\"}").status, 202);
}

TEST_F(IngestServiceTest, AnswersEventsWithTheDocumentedBody) {
  const HttpAnswer answer =
      Post("?name=customers&from=test", "{\"customer_id\":\"c1\"}{}\nnonsense\n");
  EXPECT_EQ(answer.status, 202);
  EXPECT_TRUE(answer.body.starts_with("{\"successful_rows\": 1, \"quarantined_rows\": 2, "));
  EXPECT_EQ(answer.headers.at("content-type"), "application/json; charset=UTF-8");
  EXPECT_EQ(answer.headers.count("x-clv-visible"), 0u);
  EXPECT_EQ(LoggedRows().customers.size(), 1u);
  EXPECT_EQ(Quarantined(DataSource::kCustomers).size(), 2u);
}

// What takes longer does: bodies that are large, or that may become so.
TEST_F(IngestServiceTest, AFewEventsWaitForNoWorker) {
  std::promise<void> end;
  const std::shared_future<void> ended = end.get_future().share();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(workers_.TrySubmit([ended] { ended.wait(); }));
  const std::string event = R"({"customer_id":"c1"})";
  EXPECT_EQ(Post("?name=customers", event).status, 202);
  EXPECT_EQ(LoggedRows().customers.size(), 1u);
  EXPECT_EQ(Post("?name=customers", event, "nobody").status, 403);

  std::string many;
  while (many.size() <= 4'096) many += event + "\n";
  const auto post = [&](const std::string& body, const std::string& encoding) {
    return std::async(std::launch::async, [this, body, encoding] {
      return Post("?name=customers", body, kAdminToken, encoding).status;
    });
  };
  auto large = post(many, "");
  auto packed = post(Gzip(event), "gzip");
  for (auto* late : {&large, &packed}) {
    EXPECT_EQ(late->wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  }
  end.set_value();
  EXPECT_EQ(large.get(), 202);
  EXPECT_EQ(packed.get(), 202);
}

TEST_F(IngestServiceTest, AnswersEvents200WhenTheyAreVisible) {
  progress_.FoldThrough(100);
  EXPECT_EQ(Post("?name=customers&wait=true", "{\"customer_id\":\"c1\"}").status, 200);
  EXPECT_EQ(Post("?name=customers&wait=false", "{\"customer_id\":\"c1\"}").status, 202);
  EXPECT_EQ(Post("?name=customers&wait=true", "{}").status, 200);
}

TEST_F(IngestServiceTest, SaysWhenEventsAreNotVisibleInTime) {
  const HttpAnswer answer = Post("?wait=true&name=customers", "{\"customer_id\":\"c1\"}",
                                 kAdminToken, "", std::chrono::milliseconds(600));
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.body, "{\"successful_rows\": 1, \"quarantined_rows\": 0}");
  EXPECT_EQ(answer.headers.at("x-clv-visible"), "false");
}

TEST_F(IngestServiceTest, RefusesBadEvents) {
  struct Case {
    std::string query, body, encoding;
    int status;
    std::string text;
  };
  const std::vector<Case> cases = {
      {"", "{}", "", 400, "'name' is missing"},
      {"?name=", "{}", "", 400, "'name' is missing"},
      {"?name=orders", "{}", "", 404, "Data Source \\\"orders\\\" does not exist"},
      {"?name=customers", "", "", 400, "empty"},
      {"?name=customers", " \n", "", 400, "empty"},
      {"?name=customers&format=csv", "{}", "", 400, "format: got 'csv'"},
      {"?name=customers", "{}", "br", 415, "Content-Encoding: got 'br'"},
      {"?name=customers", "{}", "gzip", 400, "malformed gzip"},
      {"?name=customers", std::string(11 << 20, ' '), "", 413, "want at most"},
      {"?name=customers", std::string(300'000, '1').replace(1, 0, "\n"), "", 202,
       "quarantined_rows"}};
  for (const Case& bad : cases) {
    const HttpAnswer answer = Post(bad.query, bad.body, kAdminToken, bad.encoding);
    EXPECT_EQ(answer.status, bad.status) << bad.query;
    EXPECT_THAT(answer.body, HasSubstr(bad.text));
    EXPECT_TRUE(answer.headers.at("content-type").starts_with("application/json"));
    EXPECT_EQ(answer.body.find("\"documentation\": ") != std::string::npos, bad.status != 202);
  }
  EXPECT_EQ(log_->LastPosition(), 0u);
}

TEST_F(IngestServiceTest, TakesTheFormatsOfEvents) {
  EXPECT_EQ(Post("?name=customers&format=json", "{\n\"customer_id\": \"c1\"\n}").status, 202);
  EXPECT_EQ(Post("?name=customers&format=ndjson", "[{\"customer_id\": \"c2\"}]").status, 202);
  EXPECT_EQ(LoggedRows().customers.size(), 2u);
}

TEST_F(IngestServiceTest, EventsNeedATokenForTheirDataSource) {
  EXPECT_EQ(Post("?name=customers", "{\"customer_id\":\"c\"}", "").status, 403);
  EXPECT_EQ(Post("?name=customers", "{\"customer_id\":\"c\"}", "wrong").status, 403);
  EXPECT_EQ(Post("?name=customers", "{\"customer_id\":\"c\"}",
                 NewTokenWith({"DATASOURCES:APPEND:purchases"}))
                .status,
            403);
  EXPECT_EQ(Post("?name=customers", "{\"customer_id\":\"c\"}",
                 NewTokenWith({"DATASOURCES:READ:customers"}))
                .status,
            403);
  EXPECT_EQ(log_->LastPosition(), 0u);
  const std::string token = NewTokenWith({"DATASOURCES:APPEND:customers"});
  EXPECT_EQ(Post("?name=customers&token=" + token, "{\"customer_id\":\"c\"}", "").status, 202);
}

TEST_F(IngestServiceTest, TellsClientsToRetryWhenIngestIsEnding) {
  queue_.Drain();
  const HttpAnswer answer = Post("?name=customers", "{\"customer_id\":\"c\"}");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers.at("retry-after"), "1");
}

class FullQueueTest : public IngestServiceTest {};

TEST_F(FullQueueTest, TellsClientsToRetryWhenTheQueueIsFull) {
  // A second service over a queue that is full as soon as anything waits in it; a log has one.
  queue_.Drain();
  WriteQueue small({.log = log_.get(), .clock = &SystemClock(), .max_rows = 1});
  storage::VisibilityWaiter visibility(nullptr);
  IngestService service(
      {.dispatch = dispatch_, .queue = &small, .visibility = &visibility, .clock = &SystemClock()});
  auto host = rpc::ServerHost::Start({.address = "127.0.0.1:0"}, {&service}).value();
  ingest_stub_ = v1::IngestService::NewStub(
      grpc::CreateChannel(host->address(), grpc::InsecureChannelCredentials()));
  std::promise<void> release;
  std::promise<void> holding;
  // The first answer holds the writing thread, the second write waits behind it.
  PreparedWrite first;
  ASSERT_TRUE(small
                  .Submit(first,
                          [&](const absl::StatusOr<storage::LogPosition>&) {
                            holding.set_value();
                            release.get_future().wait();
                          })
                  .ok());
  holding.get_future().wait();
  BatchBuilder builder({.received_at_seconds = 1'700'000'000});
  builder.AddText("x", "no", "no");
  ASSERT_TRUE(
      small.Submit(builder.Finish(), [](const absl::StatusOr<storage::LogPosition>&) {}).ok());
  const HttpAnswer answer = Post("?name=customers", "{\"customer_id\":\"c\"}");
  release.set_value();
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.headers.at("retry-after"), "1");
  host->Drain(std::chrono::seconds(1));
}

}  // namespace
}  // namespace clv::ingest
