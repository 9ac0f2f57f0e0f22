#include "tests/bench/batch_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "clv/v1/ingest_service.pb.h"

namespace clv::bench {
namespace {

class BatchFileTest : public ::testing::Test {
 protected:
  BatchFileTest() { std::filesystem::create_directories(directory_); }
  ~BatchFileTest() override { std::filesystem::remove_all(directory_); }

  std::string Path(const std::string& name) const { return directory_ + "/" + name; }

  // So many rows p0, p1, ... as NDJSON; the path.
  std::string WriteRows(int rows, const std::string& more = "") const {
    std::ofstream file(Path("rows.ndjson"));
    for (int i = 0; i < rows; ++i) {
      file << R"({"purchase_id":"p)" << i << R"(","customer_id":"c","purchase_amount":-1.5,)"
           << R"("purchase_date":"1970-01-02 00:00:01")" << more << "}\n";
    }
    return Path("rows.ndjson");
  }

  std::vector<v1::PushPurchasesRequest> Encode(EncodeOptions options) const {
    options.output = Path("batches");
    const EncodedCounts counts = EncodeBatches(options);
    std::vector<v1::PushPurchasesRequest> messages;
    uint64_t rows = 0;
    BatchFile batches(options.output);
    while (const auto batch = batches.Next()) {
      v1::PushPurchasesRequest& message = messages.emplace_back();
      EXPECT_TRUE(message.ParseFromString(std::string(batch->message)));
      EXPECT_EQ(static_cast<uint32_t>(message.purchases_size()), batch->rows);
      EXPECT_EQ(message.batch_id(), messages.size() - 1);
      rows += batch->rows;
    }
    EXPECT_EQ(counts.batches, messages.size());
    EXPECT_EQ(counts.rows, rows);
    return messages;
  }

  const std::string directory_ = ::testing::TempDir() + "/batch_file_" +
                                 std::to_string(::testing::UnitTest::GetInstance()->random_seed()) +
                                 "_" + std::to_string(getpid());
};

TEST_F(BatchFileTest, EveryRowComesOnceInOrder) {
  const auto messages = Encode({.input = WriteRows(25), .batch_rows = 10});
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages[2].purchases_size(), 5);
  for (int i = 0; i < 25; ++i) {
    const v1::Purchase& purchase = messages[static_cast<size_t>(i / 10)].purchases(i % 10);
    EXPECT_EQ(purchase.purchase_id(), "p" + std::to_string(i));
    EXPECT_EQ(purchase.purchase_amount_micros(), -1'500'000);
    EXPECT_EQ(purchase.purchase_date().seconds(), 86'401);
    EXPECT_FALSE(purchase.has_created_at());
  }
  EXPECT_FALSE(messages[0].wait());
}

TEST_F(BatchFileTest, AFileOfManyChunksIsReadWhole) {
  const std::string name(900, 'n');
  const auto messages = Encode(
      {.input = WriteRows(20'000, R"(,"product_name":")" + name + "\""), .batch_rows = 10'000});
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[1].purchases(9'999).purchase_id(), "p19999");
  EXPECT_EQ(messages[1].purchases(0).product_name(), name);
}

TEST_F(BatchFileTest, CopiesHaveIdsOfTheirOwnAndEndAtTheLimit) {
  const auto messages = Encode({.input = WriteRows(4),
                                .batch_rows = 3,
                                .max_rows = 10,
                                .copies = 5,
                                .rename = "x",
                                .wait = true});
  ASSERT_EQ(messages.size(), 4u);
  EXPECT_EQ(messages[0].purchases(0).purchase_id(), "x0-p0");
  EXPECT_EQ(messages[1].purchases(1).purchase_id(), "x1-p0");
  EXPECT_EQ(messages[3].purchases(0).purchase_id(), "x2-p1");
  EXPECT_TRUE(messages[3].wait());
}

TEST_F(BatchFileTest, WhatIsNoFileOfBatchesIsToldSo) {
  const std::string rows = WriteRows(1);
  EXPECT_EXIT(
      {
        BatchFile batches(rows);
        while (batches.Next()) continue;
      },
      ::testing::ExitedWithCode(1), "is no file of batches");
  EXPECT_EXIT(BatchFile(Path("nothing")), ::testing::ExitedWithCode(1), "cannot open");
}

}  // namespace
}  // namespace clv::bench
