// Purchase messages read where they lie, against protobuf's own reading.
#include "common/wire/purchase_message.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "common/wire/record_codec.h"

namespace clv::wire {
namespace {

using domain::PurchaseColumn;
using domain::RawRow;
using domain::RawValue;

std::string BytesOf(const v1::Purchase& purchase) { return purchase.SerializeAsString(); }

// Nothing: refused.
std::optional<RawRow> Read(const std::string& bytes) {
  static PurchaseMessageReader reader;  // one for all: what it read before must not matter
  RawRow row;
  if (!reader.Read(bytes, &row)) return std::nullopt;
  return row;
}

// What protobuf makes of the same bytes, the object kept for the row's texts.
std::optional<RawRow> ReadByProtobuf(const std::string& bytes, v1::Purchase* purchase) {
  if (!purchase->ParseFromString(bytes)) return std::nullopt;
  return ToRawRow(*purchase);
}

bool IsReadAsByProtobuf(const std::string& bytes) {
  v1::Purchase purchase;
  return Read(bytes) == ReadByProtobuf(bytes, &purchase);
}

std::string AnyFieldText() {
  return *rc::gen::oneOf(
      rc::gen::just(std::string()),
      rc::gen::elementOf(std::vector<std::string>{"USD", "\xc3\xab", "\xed\xa0\x80", "\x80",
                                                  std::string(300, 'x'), std::string("\0x", 2)}),
      rc::gen::container<std::string>(rc::gen::inRange('a', 'z')));
}

int64_t AnyFieldNumber() {
  return *rc::gen::oneOf(
      rc::gen::arbitrary<int64_t>(),
      rc::gen::elementOf(std::vector<int64_t>{0, 127, 128, -1, std::numeric_limits<int64_t>::min(),
                                              std::numeric_limits<int64_t>::max()}));
}

bool AnyBool() { return *rc::gen::arbitrary<bool>(); }

v1::Purchase AnyMessage() {
  v1::Purchase purchase;
  purchase.set_purchase_id(AnyFieldText());
  purchase.set_customer_id(AnyFieldText());
  if (AnyBool()) purchase.set_purchase_amount_micros(AnyFieldNumber());
  if (AnyBool()) purchase.mutable_purchase_date()->set_seconds(AnyFieldNumber());
  if (AnyBool()) purchase.mutable_purchase_date()->set_nanos(*rc::gen::arbitrary<int>());
  purchase.set_product_id(AnyFieldText());
  purchase.set_product_name(AnyFieldText());
  purchase.set_product_category(AnyFieldText());
  purchase.set_payment_method(AnyFieldText());
  purchase.set_currency(AnyFieldText());
  if (AnyBool()) purchase.mutable_created_at()->set_seconds(AnyFieldNumber());
  purchase.set_order_id(AnyFieldText());
  return purchase;
}

v1::Purchase PlainMessage() {
  v1::Purchase purchase;
  purchase.set_purchase_id("p1");
  purchase.set_customer_id("c1");
  purchase.set_purchase_amount_micros(-12'500'000);
  purchase.mutable_purchase_date()->set_seconds(1'673'878'800);
  purchase.set_product_name("Crème brûlée");
  purchase.set_currency("usd");
  return purchase;
}

TEST(PurchaseMessageTest, ReadsTheFieldsOfARow) {
  const std::string bytes = BytesOf(PlainMessage());
  const std::optional<RawRow> row = Read(bytes);
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ((*row)[PurchaseColumn::kPurchaseId], RawValue::Text("p1"));
  EXPECT_EQ((*row)[PurchaseColumn::kCustomerId], RawValue::Text("c1"));
  EXPECT_EQ((*row)[PurchaseColumn::kPurchaseAmount], RawValue::Micros(-12'500'000));
  EXPECT_EQ((*row)[PurchaseColumn::kPurchaseDate], RawValue::Instant(1'673'878'800));
  EXPECT_EQ((*row)[PurchaseColumn::kProductName], RawValue::Text("Crème brûlée"));
  EXPECT_EQ((*row)[PurchaseColumn::kCurrency], RawValue::Text("usd"));
  EXPECT_EQ((*row)[PurchaseColumn::kProductId], RawValue());
  EXPECT_EQ((*row)[PurchaseColumn::kCreatedAt], RawValue());
}

TEST(PurchaseMessageTest, TextsOfWhatIsReadPlainlyLieInTheMessage) {
  const std::string bytes = BytesOf(PlainMessage());
  const std::optional<RawRow> row = Read(bytes);
  ASSERT_TRUE(row.has_value());
  const std::string_view id = (*row)[PurchaseColumn::kPurchaseId].text;
  EXPECT_GE(id.data(), bytes.data());
  EXPECT_LE(id.data() + id.size(), bytes.data() + bytes.size());
}

TEST(PurchaseMessageTest, AnEmptyMessageIsARowWithoutValues) {
  EXPECT_EQ(Read(""), std::optional<RawRow>(RawRow()));
}

TEST(PurchaseMessageTest, TheLastOfAFieldCountsAndInstantsAreMerged) {
  v1::Purchase first = PlainMessage();
  first.mutable_purchase_date()->set_nanos(5);
  v1::Purchase second;
  second.set_purchase_id("p2");
  second.mutable_purchase_date()->set_nanos(7);
  const std::string bytes = BytesOf(first) + BytesOf(second);
  const std::optional<RawRow> row = Read(bytes);
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ((*row)[PurchaseColumn::kPurchaseId], RawValue::Text("p2"));
  EXPECT_EQ((*row)[PurchaseColumn::kPurchaseDate], RawValue::Instant(1'673'878'800));
  EXPECT_TRUE(IsReadAsByProtobuf(bytes));
}

TEST(PurchaseMessageTest, WhatOtherSchemasWriteIsPassedOver) {
  const std::string row = BytesOf(PlainMessage());
  const std::vector<std::string> unknown = {
      std::string("\xa0\x06\x01"),          // field 100, a number
      std::string("\x0d\x01\x02\x03\x04"),  // purchase_id as fixed32
      std::string("\x0b\x0c"),              // purchase_id as a group
      std::string("\x8a\x00\x02p3", 5),     // purchase_id behind a tag of two bytes
      std::string("\x1a\x01x"),             // purchase_amount_micros as a text
      std::string("\x22\x03\x1a\x01x"),     // an instant with an unknown field
  };
  for (const std::string& field : unknown) {
    EXPECT_TRUE(Read(field + row).has_value());
    EXPECT_TRUE(IsReadAsByProtobuf(field + row));
    EXPECT_TRUE(IsReadAsByProtobuf(row + field));
  }
}

TEST(PurchaseMessageTest, RefusesWhatIsNoMessage) {
  const std::string row = BytesOf(PlainMessage());
  EXPECT_FALSE(Read(row.substr(0, row.size() - 1)).has_value());
  EXPECT_FALSE(Read(row + "\x0a").has_value());                       // a text without its length
  EXPECT_FALSE(Read(row + std::string("\x0a\x05p", 3)).has_value());  // longer than what is there
  EXPECT_FALSE(Read(row + "\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01").has_value());
  EXPECT_FALSE(Read(row + std::string("\x02\x00", 2)).has_value());  // a field of number 0
  EXPECT_FALSE(Read(row + "\x0c").has_value());                      // the end of no group
}

TEST(PurchaseMessageTest, RefusesTextsThatAreNotUtf8) {
  v1::Purchase purchase = PlainMessage();
  purchase.set_product_name("\xff");
  std::string bytes;
  // Serialising such a text is logged, and done.
  purchase.SerializePartialToString(&bytes);
  EXPECT_FALSE(Read(bytes).has_value());
}

RC_GTEST_PROP(PurchaseMessageTest, ReadsWhatProtobufReads, ()) {
  std::string bytes;
  AnyMessage().SerializePartialToString(&bytes);
  RC_ASSERT(IsReadAsByProtobuf(bytes));
}

RC_GTEST_PROP(PurchaseMessageTest, ReadsOrRefusesDamagedMessagesAsProtobufDoes, ()) {
  std::string bytes;
  AnyMessage().SerializePartialToString(&bytes);
  const int changes = *rc::gen::inRange(1, 4);
  for (int i = 0; i < changes && !bytes.empty(); ++i) {
    const size_t place = *rc::gen::inRange<size_t>(0, bytes.size());
    bytes[place] = *rc::gen::arbitrary<char>();
  }
  if (AnyBool()) bytes.resize(*rc::gen::inRange<size_t>(0, bytes.size() + 1));
  RC_ASSERT(IsReadAsByProtobuf(bytes));
}

}  // namespace
}  // namespace clv::wire
