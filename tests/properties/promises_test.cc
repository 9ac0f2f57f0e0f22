// Promises 2, 5, 8 and 9: nothing vanishes, totals add up, readers see whole customers, and the
// stated freshness is honest.

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "clv/v1/ingest_service.grpc.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/model/json_reader.h"
#include "tests/model/naive_model.h"
#include "tests/properties/histories.h"
#include "tests/properties/questions.h"
#include "tests/properties/suite_fixture.h"

namespace clv::properties {
namespace {

using ::testing::UnorderedElementsAreArray;

// What the quarantine of a data source lists: the raw texts.
std::vector<std::string> QuarantinedTexts(const RunningSuite& suite,
                                          const std::string& data_source) {
  const Reply reply =
      suite.Get("/v0/pipes/" + data_source + "_quarantine.json?limit=100000", suite.admin_token());
  EXPECT_EQ(reply.http_status, 200) << reply.body;
  const auto answer = model::ReadJson(reply.body);
  std::vector<std::string> texts;
  if (!answer.has_value() || answer->Find("data") == nullptr) return texts;
  for (const model::JsonValue& row : answer->Find("data")->items) {
    texts.push_back(row.Find("raw")->text);
    EXPECT_FALSE(row.Find("c__error")->items.empty()) << reply.body;
    for (const model::JsonValue& error : row.Find("c__error")->items) {
      EXPECT_FALSE(error.text.empty()) << reply.body;
    }
  }
  return texts;
}

TEST(AccountingTest, EveryRefusedRowIsInQuarantineWithItsReason) {
  for (int i = 0; i < Cases(5, 200); ++i) {
    const uint64_t seed = FirstSeed() + 1'000'000 + static_cast<uint64_t>(i);
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice(seed);
    const History history = RandomHistory(seed);
    model::NaiveModel model;
    RunningSuite suite;
    const std::vector<Batch> batches = SplitIntoBatches(history.rows, 30, &dice);
    suite.SendAll(batches, &dice, &model);
    std::map<std::string, std::vector<std::string>> refused;
    model::NaiveModel judge;
    for (const Batch& batch : batches) {
      for (const std::string& value : batch.values) {
        if (!judge.Send(batch.data_source, value, kNow).empty()) {
          refused[batch.data_source].push_back(value);
        }
      }
    }
    for (const char* data_source : {"customers", "purchases", "customer_clv"}) {
      EXPECT_THAT(QuarantinedTexts(suite, data_source),
                  UnorderedElementsAreArray(refused[data_source]));
    }
  }
}

TEST(TotalsTest, SumsOverEveryGroupingEqualTheGrandTotal) {
  for (int i = 0; i < Cases(10, 500); ++i) {
    const uint64_t seed = FirstSeed() + 1'100'000 + static_cast<uint64_t>(i);
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice(seed);
    const History history = RandomHistory(seed);
    model::NaiveModel model;
    RunningSuite suite;
    suite.SendAll(SplitIntoBatches(history.rows, 50, &dice), &dice, &model);
    std::multimap<std::string, std::string> filters;
    if (dice.OneIn(2)) filters.emplace("country", "USA,FRA");
    if (dice.OneIn(2)) filters.emplace("as_of", "2023-12-31 12:00:00");
    const auto with = [&](const std::string& name, const std::string& value) {
      auto parameters = filters;
      parameters.emplace(name, value);
      return parameters;
    };
    const model::Table each = suite.AskTable("total_customer_value", with("limit", "100000"));
    const __int128 revenue = SumOf(each, "total_spend");
    const __int128 orders = SumOf(each, "purchase_count");
    const auto customers = static_cast<__int128>(each.rows.size()) * 1'000'000;
    struct Grouping {
      model::Table table;
      std::string revenue_column;
    };
    const std::vector<Grouping> groupings = {
        {suite.AskTable("clv_by_segment", filters), "total_revenue"},
        {suite.AskTable("clv_by_acquisition_source", filters), "total_revenue"},
        {suite.AskTable("purchase_frequency_analysis", with("view", "orders")), "revenue"},
        {suite.AskTable("purchase_frequency_analysis", with("view", "recency")), "revenue"},
        {suite.AskTable("customer_segmentation", with("level", "summary")), "revenue"},
        {suite.AskTable("customer_segmentation", with("level", "matrix")), "revenue"},
        {suite.AskTable("customer_segmentation", with("limit", "100000")), "monetary"}};
    for (size_t n = 0; n < groupings.size(); ++n) {
      const auto& [table, revenue_column] = groupings[n];
      EXPECT_TRUE(SumOf(table, revenue_column) == revenue) << "grouping " << n;
      if (n + 1 < groupings.size()) {
        EXPECT_TRUE(SumOf(table, "customers") == customers) << "grouping " << n;
      }
      if (n < 4) {
        EXPECT_TRUE(SumOf(table, "orders") == orders) << "grouping " << n;
      }
    }
  }
}

std::string PurchaseJson(const std::string& id, const std::string& customer,
                         const std::string& amount, const std::string& order,
                         const std::string& more = "") {
  return R"({"purchase_id":")" + id + R"(","customer_id":")" + customer +
         R"(","purchase_amount":)" + amount + R"(,"purchase_date":"2023-05-01","order_id":")" +
         order + "\"" + more + "}\n";
}

TEST(RefusalTest, ARefusedRequestChangesNothing) {
  RunningSuite suite;
  suite.SendRow("customers", R"({"customer_id":"c1"})");
  const std::string reader = suite.MakeToken("reader", {"PIPES:READ:*"});
  const std::string purchases = suite.MakeToken("appender", {"DATASOURCES:APPEND:purchases"});
  const std::string row = PurchaseJson("p1", "c1", "1", "p1");
  const std::string log = suite.LogState();
  const std::string state = suite.State();
  struct Refused {
    std::string path, body, token;
    int http_status;
  };
  const std::vector<Refused> requests = {
      {"/v0/events?name=purchases", row, "", 403},
      {"/v0/events?name=purchases", row, "wrong", 403},
      {"/v0/events?name=purchases", row, reader, 403},
      {"/v0/events?name=customers", R"({"customer_id":"c2"})", purchases, 403},
      {"/v0/events?name=nothing", row, suite.admin_token(), 404},
      {"/v0/events", row, suite.admin_token(), 400},
      {"/v0/events?name=purchases", "", suite.admin_token(), 400},
      {"/v0/events?name=purchases", " \n ", suite.admin_token(), 400},
      {"/v0/events?name=purchases&format=xml", row, suite.admin_token(), 400}};
  for (const Refused& request : requests) {
    EXPECT_EQ(suite.Post(request.path, request.body, request.token).http_status,
              request.http_status)
        << request.path << " " << request.body;
  }
  EXPECT_EQ(suite.LogState(), log);
  EXPECT_EQ(suite.State(), state);
}

// Repeats `ask` on a thread of its own while the object lives.
class Asking {
 public:
  explicit Asking(std::function<void()> ask)
      : thread_([this, ask = std::move(ask)] {
          while (!ending_) {
            ask();
            ++answers_;
          }
        }) {}
  ~Asking() { End(); }
  int End() {
    ending_ = true;
    if (thread_.joinable()) thread_.join();
    return answers_;
  }

 private:
  std::atomic<bool> ending_ = false;
  std::atomic<int> answers_ = 0;
  std::thread thread_;
};

TEST(SnapshotTest, AReaderNeverSeesHalfOfACustomersBatch) {
  RunningSuite suite;
  // Each batch gives every customer one more order of 100 with a refund of 40.
  Asking reader([&] {
    const model::Table table = suite.AskTable("total_customer_value");
    for (size_t row = 0; row < table.rows.size(); ++row) {
      const __int128 orders = MicrosOf(table.At(row, "purchase_count").text());
      EXPECT_TRUE(MicrosOf(table.At(row, "total_spend").text()) == orders * 60);
      EXPECT_TRUE(MicrosOf(table.At(row, "refunded_amount").text()) == orders * 40);
      // Nor some customers of a batch without the others.
      EXPECT_EQ(table.At(row, "purchase_count").text(), table.At(0, "purchase_count").text());
    }
  });
  for (int batch = 0; batch < Cases(150, 2'000); ++batch) {
    std::string body;
    for (int customer = 0; customer < 8; ++customer) {
      const std::string id = "c" + std::to_string(customer);
      const std::string order = id + "-" + std::to_string(batch);
      body +=
          PurchaseJson(order + "a", id, "100", order) + PurchaseJson(order + "b", id, "-40", order);
    }
    ASSERT_EQ(suite.Send("purchases", body, batch % 16 == 15).successful_rows, 16);
  }
  EXPECT_GT(reader.End(), 0);
  suite.ExpectVerified();
}

TEST(SnapshotTest, TotalsStandWhilePurchasesMoveBetweenCustomers) {
  RunningSuite suite;
  std::string body;
  for (int i = 0; i < 60; ++i) {
    body += PurchaseJson("p" + std::to_string(i), "c" + std::to_string(i % 10), "7.5",
                         "p" + std::to_string(i));
    if (i < 10) {
      suite.SendRow("customers", R"({"customer_id":"c)" + std::to_string(i) +
                                     R"(","customer_segment":"s)" + std::to_string(i % 3) + "\"}");
    }
  }
  ASSERT_EQ(suite.Send("purchases", body, true).successful_rows, 60);
  const auto check = [&](const std::string& endpoint, const std::string& revenue,
                         const std::string& orders) {
    const model::Table table = suite.AskTable(endpoint);
    EXPECT_TRUE(SumOf(table, revenue) == MicrosOf("450")) << endpoint;
    EXPECT_TRUE(SumOf(table, orders) == MicrosOf("60")) << endpoint;
  };
  Asking values([&] { check("total_customer_value", "total_spend", "purchase_count"); });
  Asking groups([&] {
    check("clv_by_segment", "total_revenue", "orders");
    check("purchase_frequency_analysis", "revenue", "orders");
  });
  Dice dice(11);
  for (int i = 0; i < Cases(200, 2'000); ++i) {
    const std::string id = "p" + std::to_string(dice.Below(60));
    const std::string to = "c" + std::to_string(dice.Below(10));
    ASSERT_EQ(suite.Send("purchases", PurchaseJson(id, to, "7.5", id), i % 16 == 15).http_status,
              i % 16 == 15 ? 200 : 202);
  }
  EXPECT_GT(values.End(), 0);
  EXPECT_GT(groups.End(), 0);
}

TEST(SnapshotTest, VerificationAndRebuildingGoOnWhileRowsAreWritten) {
  RunningSuite suite;
  Dice dice(13);
  std::atomic<bool> ending = false;
  std::thread writer([&] {
    for (int i = 0; !ending; ++i) {
      const std::string id = "p" + std::to_string(dice.Below(80));
      const std::string customer = "c" + std::to_string(dice.Below(10));
      EXPECT_EQ(
          suite.Send("purchases", PurchaseJson(id, customer, std::to_string(i % 50), id), false)
              .successful_rows,
          1);
    }
  });
  for (int i = 0; i < Cases(5, 100); ++i) {
    suite.ExpectVerified();
    EXPECT_EQ(suite.Rebuild().state(), v1::JOB_STATE_DONE);
  }
  ending = true;
  writer.join();
  suite.WaitUntilFolded();
  suite.ExpectVerified();
}

// Last log position that an answer says it contains.
int64_t FoldedPosition(const std::string& body) {
  const auto answer = model::ReadJson(body);
  const model::JsonValue* context = answer.has_value() ? answer->Find("context") : nullptr;
  const model::JsonValue* position =
      context != nullptr ? context->Find("folded_position") : nullptr;
  return position != nullptr ? std::stoll(position->text) : -1;
}

TEST(FreshnessTest, AnAnswerAsFreshAsAPositionContainsItsRows) {
  RunningSuite suite;
  const auto stub = v1::IngestService::NewStub(suite.channel());
  for (int i = 0; i < Cases(60, 1'000); ++i) {
    v1::WritePurchasesRequest request;
    v1::Purchase* purchase = request.add_purchases();
    purchase->set_purchase_id("p" + std::to_string(i));
    purchase->set_customer_id("c" + std::to_string(i));
    purchase->set_purchase_amount_micros(1'000'000);
    purchase->mutable_purchase_date()->set_seconds(kNow - 1'000 + i);
    v1::WritePurchasesResponse response;
    grpc::ClientContext context;
    context.AddMetadata("authorization", suite.authorization());
    const grpc::Status status = stub->WritePurchases(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    const auto written = static_cast<int64_t>(response.result().log_position());
    ASSERT_GT(written, 0);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (bool is_fresh = false; !is_fresh;) {
      ASSERT_LT(std::chrono::steady_clock::now(), until) << "row " << i << " is never folded";
      const Reply reply =
          suite.Ask({"total_customer_value", {{"customer_id", "c" + std::to_string(i)}}});
      is_fresh = FoldedPosition(reply.body) >= written;
      const auto served = model::ReadServedTable(reply.body);
      const auto* table = std::get_if<model::Table>(&served);
      EXPECT_EQ(table != nullptr && table->rows.size() == 1, is_fresh)
          << "row " << i << ": " << reply.body;
    }
  }
}

TEST(FreshnessTest, ARowThatWasWaitedForIsInTheNextAnswer) {
  RunningSuite suite;
  for (int i = 0; i < Cases(60, 1'000); ++i) {
    const std::string n = std::to_string(i);
    suite.SendRow("purchases", PurchaseJson("p" + n, "c" + n, "1", "p" + n));
    EXPECT_EQ(suite.AskTable("clv_by_segment").At(0, "customers").text(), std::to_string(i + 1));
  }
}

TEST(FreshnessTest, AnswersNeverGoBackWhileRowsAreWritten) {
  RunningSuite suite;
  int64_t last = 0;
  Asking reader([&] {
    const int64_t position = FoldedPosition(suite.Ask({"clv_by_segment", {}}).body);
    EXPECT_GE(position, last);
    last = position;
  });
  for (int i = 0; i < Cases(100, 1'000); ++i) {
    const std::string n = std::to_string(i);
    ASSERT_EQ(suite.Send("purchases", PurchaseJson("p" + n, "c1", "1", "p" + n), i % 25 == 24)
                  .successful_rows,
              1);
  }
  EXPECT_GT(reader.End(), 0);
}

}  // namespace
}  // namespace clv::properties
