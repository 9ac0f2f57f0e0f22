#include "services/ingest/data_source_handlers.h"

#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/services/ingest/data_source_fixture.h"

namespace clv::ingest {
namespace {

using domain::DataSource;
using storage::FoldTransaction;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class DataSourceHandlersTest : public DataSourceFixture {
 protected:
  std::vector<std::string> Listed(const std::string& token) {
    v1::ListDataSourcesResponse response;
    EXPECT_TRUE(stub_->ListDataSources(Context(token).get(), {}, &response).ok());
    std::vector<std::string> names;
    for (const v1::DataSource& listed : response.data_sources()) names.push_back(listed.name());
    return names;
  }

  grpc::Status Get(const std::string& name, v1::DataSource* data_source,
                   const std::string& token = kAdminToken) {
    v1::GetDataSourceRequest request;
    request.set_data_source(name);
    v1::GetDataSourceResponse response;
    const grpc::Status status = stub_->GetDataSource(Context(token).get(), request, &response);
    *data_source = response.data_source();
    return status;
  }

  grpc::Status Count(const std::string& name, v1::CountQuarantinedRowsResponse* response,
                     const std::string& token = kAdminToken) {
    v1::CountQuarantinedRowsRequest request;
    request.set_data_source(name);
    return stub_->CountQuarantinedRows(Context(token).get(), request, response);
  }
};

TEST_F(DataSourceHandlersTest, ListsDataSourcesAndQuarantinesByScope) {
  EXPECT_THAT(Listed(kAdminToken),
              ElementsAre("customers", "customers_quarantine", "purchases", "purchases_quarantine",
                          "customer_clv", "customer_clv_quarantine"));
  EXPECT_THAT(Listed(NewTokenWith({"DATASOURCES:APPEND:customer_clv"})),
              ElementsAre("customer_clv", "customer_clv_quarantine"));
  EXPECT_THAT(Listed(NewTokenWith({"TOKENS"})), IsEmpty());
}

TEST_F(DataSourceHandlersTest, DescribesColumnsAndCountsRows) {
  Post("?name=purchases", "{}{}{}");
  Commit(1, [](FoldTransaction& facts) {
    ASSERT_TRUE(facts
                    .PutValue({.customer_id = "c",
                               .imported = true,
                               .summary = {.visible_rows = 1, .unconverted_rows = 2}})
                    .ok());
  });
  v1::DataSource purchases;
  ASSERT_TRUE(Get("purchases", &purchases).ok());
  EXPECT_EQ(purchases.key(), "purchase_id");
  EXPECT_EQ(purchases.row_count(), 3u);
  EXPECT_EQ(purchases.quarantined_rows(), 3u);
  EXPECT_THAT(purchases.used_by(), ElementsAre("clv_by_segment"));
  ASSERT_EQ(purchases.columns_size(), 11);
  EXPECT_EQ(purchases.columns(2).name(), "purchase_amount");
  EXPECT_EQ(purchases.columns(2).type(), "Decimal(38, 6)");
  EXPECT_FALSE(purchases.columns(2).nullable());
  EXPECT_EQ(purchases.columns(4).type(), "Nullable(String)");
  EXPECT_TRUE(purchases.columns(4).nullable());
  v1::DataSource imports;
  ASSERT_TRUE(Get("customer_clv", &imports).ok());
  EXPECT_EQ(imports.row_count(), 1u);
  EXPECT_EQ(imports.quarantined_rows(), 0u);
  v1::DataSource quarantine;
  ASSERT_TRUE(Get("purchases_quarantine", &quarantine).ok());
  EXPECT_EQ(quarantine.key(), "");
  EXPECT_EQ(quarantine.row_count(), 3u);
  EXPECT_EQ(quarantine.columns_size(), 3 + 11 + 3);
  EXPECT_THAT(quarantine.used_by(), ElementsAre("purchases_quarantine"));
}

TEST_F(DataSourceHandlersTest, TellsUnknownFromForbidden) {
  v1::DataSource data_source;
  EXPECT_EQ(Get("orders", &data_source).error_code(), grpc::StatusCode::NOT_FOUND);
  const std::string token = NewTokenWith({"DATASOURCES:READ:purchases"});
  EXPECT_EQ(Get("customers", &data_source, token).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_TRUE(Get("purchases", &data_source, token).ok());
}

TEST_F(DataSourceHandlersTest, CountsAreOfTheLastCommit) {
  const DataSourceCatalogue catalogue({.facts = &facts_, .log = log_.get()});
  EXPECT_EQ(catalogue.Describe({DataSource::kCustomers, false}).row_count(), 0u);
  Commit(1, [](FoldTransaction& facts) {
    ASSERT_TRUE(facts.PutValue({.customer_id = "c", .described = true}).ok());
  });
  EXPECT_EQ(catalogue.Describe({DataSource::kCustomers, false}).row_count(), 1u);
}

TEST_F(DataSourceHandlersTest, WithoutAStoreThereAreNoRows) {
  storage::SqliteClvReader nothing(directory_.path() + "/nothing.db");
  const DataSourceCatalogue catalogue({.facts = &nothing, .log = log_.get()});
  EXPECT_EQ(catalogue.Describe({DataSource::kPurchases, false}).row_count(), 0u);
}

TEST_F(DataSourceHandlersTest, CountsQuarantinedRowsByReason) {
  Post("?name=purchases",
       R"({"purchase_id":"p","customer_id":"c","purchase_amount":"1, want 2","purchase_date":0}
          {"purchase_id":"p","customer_id":"c","purchase_amount":"x","purchase_date":0}
          {"purchase_id":"p","purchase_amount":"y","purchase_date":0}
          [1]
          {"a":})");
  v1::CountQuarantinedRowsResponse response;
  ASSERT_TRUE(Count("purchases", &response).ok());
  EXPECT_EQ(response.total_rows(), 5u);
  ASSERT_EQ(response.reasons_size(), 4);
  EXPECT_EQ(response.reasons(0).column(), "purchase_amount");
  EXPECT_EQ(response.reasons(0).reason().find("got"), std::string::npos);
  EXPECT_EQ(response.reasons(0).rows(), 3u);
  EXPECT_GT(response.reasons(0).last_insertion_date().seconds(), 1'600'000'000);
  EXPECT_EQ(response.reasons(1).column(), "");
  EXPECT_EQ(response.reasons(3).column(), "customer_id");
  EXPECT_EQ(response.reasons(3).reason(), "a value");
  ASSERT_TRUE(Count("customers", &response).ok());
  EXPECT_EQ(response.total_rows(), 0u);
  EXPECT_EQ(response.reasons_size(), 0);
}

TEST_F(DataSourceHandlersTest, CountsOfTheQuarantineNeedARightToIt) {
  v1::CountQuarantinedRowsResponse response;
  EXPECT_EQ(Count("orders", &response).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_TRUE(Count("customers", &response, NewTokenWith({"DATASOURCES:APPEND:customers"})).ok());
  EXPECT_TRUE(Count("customers", &response, NewTokenWith({"DATASOURCES:READ:*"})).ok());
  EXPECT_EQ(Count("customers", &response, NewTokenWith({"PIPES:READ:*"})).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(DataSourceHandlersTest, TheStatusTellsWhyRowsWereRefusedSinceTheStart) {
  Post("?name=customers", "{}{}{\"customer_id\":\"c\",\"active\":7}[]");
  ASSERT_TRUE(
      queue_
          .RunOnWriter([](storage::EventLog& log) {
            return log
                .Append({{.tombstone = storage::Tombstone{"hash", 5}, .refused_erased_rows = 3}})
                .status();
          })
          .ok());
  v1::GetStatusResponse status;
  ASSERT_TRUE(jobs_stub_->GetStatus(Context().get(), {}, &status).ok());
  const v1::IngestStatus& ingest = status.ingest();
  EXPECT_EQ(ingest.erased_customers(), 1u);
  EXPECT_EQ(ingest.refused_erased_rows(), 3u);
  ASSERT_EQ(ingest.quarantine_size(), 3);
  const auto& reasons = ingest.quarantine(0).reasons();
  ASSERT_EQ(reasons.size(), 3);
  EXPECT_EQ(reasons[0].column(), "customer_id");
  EXPECT_EQ(reasons[0].rows(), 2u);
  EXPECT_EQ(reasons[1].column(), "");
  EXPECT_EQ(reasons[2].column(), "active");
  EXPECT_EQ(reasons[2].reason(), "0, 1, true or false");
  EXPECT_EQ(ingest.quarantine(1).reasons_size(), 0);
}

}  // namespace
}  // namespace clv::ingest
