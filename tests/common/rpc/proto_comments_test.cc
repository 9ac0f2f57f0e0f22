#include "common/rpc/proto_comments.h"

#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

namespace clv::rpc {
namespace {

using google::protobuf::FileDescriptorSet;

// shop.proto: message Order { price, weight }, service Shop { Buy }.
FileDescriptorSet ShopFiles() {
  FileDescriptorSet set;
  auto* file = set.add_file();
  file->set_name("shop.proto");
  file->set_package("shop");
  auto* order = file->add_message_type();
  order->set_name("Order");
  for (const char* name : {"price", "weight"}) {
    auto* field = order->add_field();
    field->set_name(name);
    field->set_number(order->field_size());
    field->set_type(google::protobuf::FieldDescriptorProto::TYPE_STRING);
    field->set_label(google::protobuf::FieldDescriptorProto::LABEL_OPTIONAL);
  }
  auto* service = file->add_service();
  service->set_name("Shop");
  auto* buy = service->add_method();
  buy->set_name("Buy");
  buy->set_input_type(".shop.Order");
  buy->set_output_type(".shop.Order");
  return set;
}

void AddComment(const std::vector<int>& path, const std::string& comment, FileDescriptorSet* set) {
  auto* location = set->mutable_file(0)->mutable_source_code_info()->add_location();
  for (const int step : path) location->add_path(step);
  for (const int place : {0, 0, 0}) location->add_span(place);
  location->set_leading_comments(comment);
}

TEST(ProtoCommentsTest, FindsCommentsOfFieldsAndMethods) {
  FileDescriptorSet set = ShopFiles();
  AddComment({4, 0, 2, 1}, " In grams.\n", &set);
  AddComment({6, 0, 2, 0}, " Buys what is asked for,\n and tells\n\n what it was.\n", &set);
  const auto comments = ProtoComments::Parse(set.SerializeAsString());
  ASSERT_TRUE(comments.ok()) << comments.status();
  EXPECT_EQ(comments->OfField("shop.Order.weight"), "In grams.");
  EXPECT_EQ(comments->OfMethod("shop.Shop.Buy"), "Buys what is asked for, and tells what it was.");
}

TEST(ProtoCommentsTest, LeavesOutTheWordsForFieldBehavior) {
  for (const char* behavior : {"Required", "Optional", "Output only"}) {
    FileDescriptorSet set = ShopFiles();
    AddComment({4, 0, 2, 0}, std::string(" ") + behavior + ". In cents.\n", &set);
    EXPECT_EQ(ProtoComments::Parse(set.SerializeAsString())->OfField("shop.Order.price"),
              "In cents.");
  }
}

TEST(ProtoCommentsTest, HasNothingToSayOfTheUnknownAndTheUncommented) {
  const auto comments = ProtoComments::Parse(ShopFiles().SerializeAsString());
  ASSERT_TRUE(comments.ok());
  EXPECT_EQ(comments->OfField("shop.Order.price"), "");
  EXPECT_EQ(comments->OfField("shop.Order.colour"), "");
  EXPECT_EQ(comments->OfMethod("shop.Shop.Sell"), "");
}

TEST(ProtoCommentsTest, RefusesWhatIsNoDescriptorSet) {
  EXPECT_EQ(ProtoComments::Parse("\xff\xff").status().code(), absl::StatusCode::kInvalidArgument);
  FileDescriptorSet set = ShopFiles();
  set.mutable_file(0)->add_dependency("missing.proto");
  EXPECT_EQ(ProtoComments::Parse(set.SerializeAsString()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace clv::rpc
