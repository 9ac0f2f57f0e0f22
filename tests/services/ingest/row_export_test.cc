#include "services/ingest/row_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/services/ingest/data_source_fixture.h"

namespace clv::ingest {
namespace {

using domain::DataSource;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

domain::Purchase PurchaseOf(const std::string& customer_id, const std::string& purchase_id) {
  return {.purchase_id = purchase_id,
          .customer_id = customer_id,
          .order_id = purchase_id,
          .purchase_amount_micros = 19'990'000,
          .purchase_date = 1'672'531'200,
          .currency = "USD"};
}

class RowExportTest : public DataSourceFixture {
 protected:
  struct Exported {
    grpc::Status status;
    std::string text;
    std::string content_type;
    std::string folded_position;
    size_t pieces = 0;
  };

  Exported Export(const std::string& data_source, v1::FileFormat format = v1::FILE_FORMAT_NDJSON,
                  const std::string& token = kAdminToken) {
    const auto context = Context(token);
    v1::ExportRowsRequest request;
    request.set_data_source(data_source);
    request.set_format(format);
    const auto reader = stub_->ExportRows(context.get(), request);
    Exported exported;
    for (google::api::HttpBody piece; reader->Read(&piece); ++exported.pieces) {
      if (exported.pieces == 0) exported.content_type = piece.content_type();
      exported.text += piece.data();
    }
    exported.status = reader->Finish();
    const auto& metadata = context->GetServerInitialMetadata();
    if (const auto found = metadata.find("x-clv-folded-position"); found != metadata.end())
      exported.folded_position = std::string(found->second.data(), found->second.size());
    return exported;
  }

  void PutLargeCustomers() {
    Commit(1, [](storage::FoldTransaction& transaction) {
      for (int i = 0; i < 9'000; ++i) {
        ASSERT_TRUE(
            transaction
                .PutCustomer({.customer_id = absl::StrCat("c", i), .name = std::string(1'000, 'n')})
                .ok());
      }
    });
  }
};

TEST_F(RowExportTest, RowsAreWrittenAsTheyLoadAgain) {
  Commit(7, [](storage::FoldTransaction& transaction) {
    ASSERT_TRUE(transaction
                    .PutCustomer({.customer_id = "c1",
                                  .name = "Ada \"L.\", Countess",
                                  .email = "ada@example.com",
                                  .signup_date = 1'672'531'200,
                                  .active = false})
                    .ok());
    ASSERT_TRUE(transaction.PutCustomer({.customer_id = "c2", .name = "a\nb"}).ok());
    domain::Purchase refund = PurchaseOf("c1", "r1");
    refund.order_id = "p0";
    refund.purchase_amount_micros = -1;
    refund.product_name = "Çay";
    refund.created_at = 1'672'531'201;
    ASSERT_TRUE(transaction.PutPurchase(refund).ok());
    ASSERT_TRUE(transaction.PutPurchase(PurchaseOf("c1", "p1")).ok());
    ASSERT_TRUE(transaction
                    .PutImport({.customer_id = "c3",
                                .total_spend_micros = 1'000'000'000'000'500'000,
                                .purchase_count = 3,
                                .first_purchase_date = 0,
                                .last_purchase_date = 86'400,
                                .country = "UK",
                                .updated_at = 172'800})
                    .ok());
  });
  const Exported customers = Export("customers");
  EXPECT_TRUE(customers.status.ok()) << customers.status.error_message();
  EXPECT_EQ(customers.content_type, "application/x-ndjson");
  EXPECT_EQ(customers.folded_position, "7");
  EXPECT_EQ(customers.text,
            "{\"customer_id\":\"c1\",\"name\":\"Ada \\\"L.\\\", Countess\","
            "\"email\":\"ada@example.com\",\"signup_date\":\"2023-01-01 00:00:00\",\"active\":0}\n"
            "{\"customer_id\":\"c2\",\"name\":\"a\\nb\",\"active\":1}\n");
  EXPECT_EQ(Export("purchases").text,
            "{\"purchase_id\":\"p1\",\"customer_id\":\"c1\",\"purchase_amount\":19.99,"
            "\"purchase_date\":\"2023-01-01 00:00:00\",\"currency\":\"USD\"}\n"
            "{\"purchase_id\":\"r1\",\"customer_id\":\"c1\",\"purchase_amount\":-0.000001,"
            "\"purchase_date\":\"2023-01-01 00:00:00\",\"product_name\":\"Çay\","
            "\"currency\":\"USD\",\"created_at\":\"2023-01-01 00:00:01\",\"order_id\":\"p0\"}\n");
  EXPECT_EQ(Export("customer_clv").text,
            "{\"customer_id\":\"c3\",\"total_spend\":1000000000000.5,\"purchase_count\":3,"
            "\"first_purchase_date\":\"1970-01-01 00:00:00\","
            "\"last_purchase_date\":\"1970-01-02 00:00:00\",\"country\":\"UK\","
            "\"updated_at\":\"1970-01-03 00:00:00\"}\n");
  const Exported csv = Export("customers", v1::FILE_FORMAT_UNSPECIFIED);
  EXPECT_THAT(csv.content_type, HasSubstr("text/csv"));
  EXPECT_EQ(csv.text,
            "customer_id,name,email,signup_date,country,customer_segment,acquisition_source,active,"
            "created_at\n"
            "c1,\"Ada \"\"L.\"\", Countess\",ada@example.com,\"2023-01-01 00:00:00\",,,,0,\n"
            "c2,\"a\nb\",,,,,,1,\n");
  EXPECT_THAT(Audited(),
              ElementsAre("admin rows.export customers", "admin rows.export purchases",
                          "admin rows.export customer_clv", "admin rows.export customers"));
}

TEST_F(RowExportTest, AnEmptyDataSourceIsAHeaderOrNothing) {
  const Exported csv = Export("customer_clv", v1::FILE_FORMAT_CSV);
  EXPECT_TRUE(csv.status.ok());
  EXPECT_THAT(csv.text, HasSubstr("customer_id,total_spend,"));
  const Exported ndjson = Export("customer_clv");
  EXPECT_TRUE(ndjson.status.ok());
  EXPECT_EQ(ndjson.text, "");
  EXPECT_EQ(ndjson.content_type, "application/x-ndjson");
}

TEST_F(RowExportTest, EachRowComesOnceInOrderOverManyPieces) {
  std::vector<std::string> want;
  Commit(1, [&](storage::FoldTransaction& transaction) {
    for (int i = 0; i < 12'000; ++i) {
      const std::string customer_id = absl::StrCat("c", 100 + i / 800);
      const std::string purchase_id = absl::StrCat("p", 100'000 + i);
      ASSERT_TRUE(transaction.PutPurchase(PurchaseOf(customer_id, purchase_id)).ok());
      want.push_back(absl::StrCat("{\"purchase_id\":\"", purchase_id, "\",\"customer_id\":\"",
                                  customer_id, "\","));
    }
  });
  const Exported exported = Export("purchases");
  EXPECT_TRUE(exported.status.ok());
  EXPECT_GT(exported.pieces, 3u);
  const std::vector<std::string> lines = absl::StrSplit(exported.text, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), want.size());
  for (size_t i = 0; i < lines.size(); ++i) ASSERT_TRUE(lines[i].starts_with(want[i])) << lines[i];
}

TEST_F(RowExportTest, ACommitMeanwhileIsNotSeen) {
  Commit(1, [](storage::FoldTransaction& transaction) {
    for (int i = 0; i < 3'000; ++i) {
      ASSERT_TRUE(transaction.PutPurchase(PurchaseOf("c1", absl::StrCat("p", i))).ok());
    }
  });
  const auto rows = RowExport::Begin(facts_, {.data_source = DataSource::kPurchases,
                                              .format = ExportFormat::kNdjson,
                                              .piece_bytes = 1})
                        .value();
  std::string text = rows->Next().value();
  Commit(2, [](storage::FoldTransaction& transaction) {
    ASSERT_TRUE(transaction.RemovePurchase("c1", "p999").ok());
    ASSERT_TRUE(transaction.PutPurchase(PurchaseOf("c9", "new")).ok());
  });
  while (true) {
    const std::string next = rows->Next().value();
    if (next.empty()) break;
    text += next;
  }
  EXPECT_EQ(rows->folded_position(), 1u);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3'000);
  EXPECT_THAT(text, HasSubstr("\"p999\""));
  EXPECT_EQ(text.find("\"new\""), std::string::npos);
}

TEST_F(RowExportTest, ARefusedExportGivesAndRecordsNothing) {
  EXPECT_EQ(Export("nothing").status.error_code(), grpc::StatusCode::NOT_FOUND);
  const grpc::Status format = Export("customers", static_cast<v1::FileFormat>(9)).status;
  EXPECT_EQ(format.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(format.error_message(), HasSubstr("format: got 9, want FILE_FORMAT_CSV"));
  EXPECT_EQ(Export("customers", v1::FILE_FORMAT_CSV, "").status.error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  const std::string writer = NewToken(
      {.name = "writer", .scopes = {"DATASOURCES:APPEND:customers", "DATASOURCES:READ:purchases"}});
  const grpc::Status denied = Export("customers", v1::FILE_FORMAT_CSV, writer).status;
  EXPECT_EQ(denied.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(denied.error_message(), HasSubstr("DATASOURCES:READ:customers"));
  EXPECT_TRUE(Export("purchases", v1::FILE_FORMAT_CSV, writer).status.ok());
  std::vector<std::string> exports;
  for (const std::string& line : Audited()) {
    if (line.find("rows.export") != std::string::npos) exports.push_back(line);
  }
  EXPECT_THAT(exports, ElementsAre("writer rows.export purchases"));
}

TEST_F(RowExportTest, MoreThanSoManyAtOnceAreRefusedUntilOneEnds) {
  PutLargeCustomers();
  v1::ExportRowsRequest request;
  request.set_data_source("customers");
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<google::api::HttpBody>>> readers;
  for (int i = 0; i < 8; ++i) {
    contexts.push_back(Context());
    readers.push_back(stub_->ExportRows(contexts.back().get(), request));
    google::api::HttpBody piece;
    ASSERT_TRUE(readers.back()->Read(&piece));
  }
  EXPECT_EQ(Export("customers").status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  google::api::HttpBody piece;
  while (readers[0]->Read(&piece)) continue;
  EXPECT_TRUE(readers[0]->Finish().ok());
  EXPECT_TRUE(Export("customers").status.ok());
  for (size_t i = 1; i < readers.size(); ++i) {
    contexts[i]->TryCancel();
    EXPECT_FALSE(readers[i]->Finish().ok());
  }
}

TEST_F(RowExportTest, AClientThatTakesNothingIsCutOff) {
  PutLargeCustomers();
  idle_timeout_ = std::chrono::milliseconds(200);
  OpenServices();
  v1::ExportRowsRequest request;
  request.set_data_source("customers");
  const auto context = Context();
  const auto reader = stub_->ExportRows(context.get(), request);
  google::api::HttpBody piece;
  ASSERT_TRUE(reader->Read(&piece));
  std::this_thread::sleep_for(std::chrono::seconds(1));
  while (reader->Read(&piece)) continue;
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(RowExportTest, AClientThatTakesTooLongForAllIsToldSo) {
  PutLargeCustomers();
  max_export_time_ = std::chrono::milliseconds(300);
  OpenServices();
  v1::ExportRowsRequest request;
  request.set_data_source("customers");
  const auto context = Context();
  const auto reader = stub_->ExportRows(context.get(), request);
  google::api::HttpBody piece;
  ASSERT_TRUE(reader->Read(&piece));
  // What has no room on the way waits for the reader.
  std::this_thread::sleep_for(2 * max_export_time_);
  while (reader->Read(&piece)) continue;
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

}  // namespace
}  // namespace clv::ingest
