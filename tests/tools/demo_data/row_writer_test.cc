#include "tools/demo_data/row_writer.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "simdjson.h"

namespace clv::demo_data {
namespace {

constexpr ShopOptions kSmall{.customers = 200};

struct Texts {
  std::string customers;
  std::string purchases;
};

ByteSink AppendTo(std::string& text) {
  return [&text](std::string_view bytes) {
    text.append(bytes);
    return absl::OkStatus();
  };
}

Texts Render(const ShopOptions& options, RowFormat format) {
  const absl::StatusOr<Shop> shop = Shop::Create(options);
  EXPECT_TRUE(shop.ok()) << shop.status();
  Texts texts;
  RowWriter customers(format, AppendTo(texts.customers));
  for (size_t i = 0; i < shop->customers().size(); ++i) {
    EXPECT_TRUE(customers.Write(DescribeCustomer(*shop, i)).ok());
  }
  EXPECT_TRUE(customers.Finish().ok());
  RowWriter purchases(format, AppendTo(texts.purchases));
  EXPECT_TRUE(ForEachPurchase(*shop, [&purchases](const PurchaseRow& row) {
                return purchases.Write(row);
              }).ok());
  EXPECT_TRUE(purchases.Finish().ok());
  EXPECT_EQ(purchases.bytes(), static_cast<int64_t>(texts.purchases.size()));
  return texts;
}

std::vector<std::string> LinesOf(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    EXPECT_NE(end, std::string_view::npos);
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

// FNV-1a.
uint64_t Checksum(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }
  return hash;
}

// Number of fields of a CSV line, quoted ones counted as one.
int CsvFields(std::string_view line) {
  int fields = 1;
  bool quoted = false;
  for (const char c : line) {
    quoted = quoted != (c == '"');
    fields += c == ',' && !quoted ? 1 : 0;
  }
  EXPECT_FALSE(quoted);
  return fields;
}

TEST(RowWriterTest, EveryNdjsonLineIsAnObjectWithItsRequiredFields) {
  ShopOptions options = kSmall;
  options.multi_item_orders = true;
  const Texts texts = Render(options, RowFormat::kNdjson);
  simdjson::dom::parser parser;
  for (const std::string& line : LinesOf(texts.customers)) {
    const simdjson::dom::element row = parser.parse(line);
    EXPECT_TRUE(row["customer_id"].is_string());
    EXPECT_TRUE(row["signup_date"].is_string());
    EXPECT_TRUE(row["active"].is_int64());
  }
  for (const std::string& line : LinesOf(texts.purchases)) {
    const simdjson::dom::element row = parser.parse(line);
    for (const char* field :
         {"purchase_id", "customer_id", "product_id", "product_name", "product_category",
          "purchase_date", "payment_method", "currency", "created_at"}) {
      EXPECT_TRUE(row[field].is_string()) << field;
    }
    EXPECT_TRUE(row["purchase_amount"].is_double());
  }
}

TEST(RowWriterTest, EscapesQuotesInJson) {
  const Texts texts = Render({.customers = 500}, RowFormat::kNdjson);
  EXPECT_NE(texts.purchases.find(R"("product_name":"27\" Monitor )"), std::string::npos);
}

TEST(RowWriterTest, CsvHasTheHeaderAndEveryColumnInEachRow) {
  const Texts texts = Render({.customers = 500}, RowFormat::kCsv);
  const std::vector<std::string> customers = LinesOf(texts.customers);
  const std::vector<std::string> purchases = LinesOf(texts.purchases);
  EXPECT_EQ(customers[0],
            "customer_id,name,email,signup_date,country,customer_segment,acquisition_source,active,"
            "created_at");
  EXPECT_EQ(purchases[0],
            "purchase_id,customer_id,product_id,product_name,product_category,purchase_amount,"
            "purchase_date,payment_method,currency,created_at,order_id");
  EXPECT_TRUE(std::all_of(customers.begin(), customers.end(),
                          [](const std::string& line) { return CsvFields(line) == 9; }));
  EXPECT_TRUE(std::all_of(purchases.begin(), purchases.end(),
                          [](const std::string& line) { return CsvFields(line) == 11; }));
}

TEST(RowWriterTest, BothFormatsHaveTheSameRows) {
  EXPECT_EQ(LinesOf(Render(kSmall, RowFormat::kNdjson).purchases).size() + 1,
            LinesOf(Render(kSmall, RowFormat::kCsv).purchases).size());
}

TEST(RowWriterTest, WritesAmountsWithTwoDecimals) {
  std::string text;
  RowWriter writer(RowFormat::kCsv, AppendTo(text));
  PurchaseRow row;
  row.product = &ProductAt(0, 0, 1);
  for (const int64_t cents : {int64_t{5}, int64_t{-110}, int64_t{123'456}}) {
    row.amount_cents = cents;
    ASSERT_TRUE(writer.Write(row).ok());
  }
  ASSERT_TRUE(writer.Finish().ok());
  EXPECT_NE(text.find(",0.05,"), std::string::npos);
  EXPECT_NE(text.find(",-1.10,"), std::string::npos);
  EXPECT_NE(text.find(",1234.56,"), std::string::npos);
}

TEST(RowWriterTest, ReturnsTheSinksError) {
  RowWriter writer(RowFormat::kNdjson,
                   [](std::string_view) { return absl::UnavailableError("disk full"); });
  EXPECT_EQ(writer.Finish(), absl::UnavailableError("disk full"));
}

TEST(RowWriterTest, TheSameSeedGivesTheSameBytes) {
  const Texts once = Render(kSmall, RowFormat::kNdjson);
  const Texts again = Render(kSmall, RowFormat::kNdjson);
  EXPECT_EQ(once.customers, again.customers);
  EXPECT_EQ(once.purchases, again.purchases);
  ShopOptions other = kSmall;
  other.seed = 2;
  EXPECT_NE(Render(other, RowFormat::kNdjson).purchases, once.purchases);
}

// The bytes of a small shop, as on every machine. Whoever changes the shop on purpose changes
// these.
TEST(RowWriterTest, TheBytesAreThoseOfEveryMachine) {
  const Texts texts = Render(kSmall, RowFormat::kNdjson);
  EXPECT_EQ(Checksum(texts.customers), 9429363709435273046u);
  EXPECT_EQ(Checksum(texts.purchases), 690676337550701555u);
}

}  // namespace
}  // namespace clv::demo_data
