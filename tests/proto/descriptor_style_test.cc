// The style of the protos, checked on the descriptor set that is shipped (its path is in
// CLV_DESCRIPTOR_SET).
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "clv/v1/options.pb.h"
#include "google/api/annotations.pb.h"
#include "google/api/field_behavior.pb.h"

namespace clv {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorSet;
using google::protobuf::MethodDescriptor;

constexpr char kPackage[] = "clv.v1";
constexpr char kHttpBody[] = "google.api.HttpBody";

class DescriptorStyleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* path = std::getenv("CLV_DESCRIPTOR_SET");
    ASSERT_NE(path, nullptr) << "CLV_DESCRIPTOR_SET is not set";
    std::ifstream file(path, std::ios::binary);
    ASSERT_TRUE(set_.ParseFromIstream(&file)) << path;
    for (const auto& proto : set_.file()) {
      const FileDescriptor* built = pool_.BuildFile(proto);
      ASSERT_NE(built, nullptr) << proto.name();
      if (built->package() == kPackage) files_.push_back(built);
    }
    ASSERT_FALSE(files_.empty());
  }

  void ForEachMethod(const std::function<void(const MethodDescriptor&)>& visit) const {
    for (const FileDescriptor* file : files_) {
      for (int s = 0; s < file->service_count(); ++s) {
        for (int m = 0; m < file->service(s)->method_count(); ++m)
          visit(*file->service(s)->method(m));
      }
    }
  }

  void ForEachMessage(const std::function<void(const Descriptor&)>& visit) const {
    for (const FileDescriptor* file : files_) {
      for (int i = 0; i < file->message_type_count(); ++i) visit(*file->message_type(i));
    }
  }

  void ForEachField(const std::function<void(const FieldDescriptor&)>& visit) const {
    ForEachMessage([&](const Descriptor& message) {
      for (int i = 0; i < message.field_count(); ++i) visit(*message.field(i));
    });
  }

  void ForEachEnum(const std::function<void(const EnumDescriptor&)>& visit) const {
    for (const FileDescriptor* file : files_) {
      for (int i = 0; i < file->enum_type_count(); ++i) visit(*file->enum_type(i));
    }
  }

  template <typename Described>
  static bool HasComment(const Described& described) {
    google::protobuf::SourceLocation location;
    return described.GetSourceLocation(&location) && !location.leading_comments.empty();
  }

  FileDescriptorSet set_;
  DescriptorPool pool_;
  std::vector<const FileDescriptor*> files_;
};

// The pool's options know our extensions only through the generated code: read them from their
// bytes.
google::protobuf::MethodOptions OptionsOf(const MethodDescriptor& method) {
  google::protobuf::MethodOptions options;
  options.ParseFromString(method.options().SerializeAsString());
  return options;
}

google::protobuf::FieldOptions OptionsOf(const FieldDescriptor& field) {
  google::protobuf::FieldOptions options;
  options.ParseFromString(field.options().SerializeAsString());
  return options;
}

TEST_F(DescriptorStyleTest, HoldsTheFiveServices) {
  std::set<std::string> services;
  ForEachMethod([&](const MethodDescriptor& method) { services.insert(method.service()->name()); });
  EXPECT_EQ(services,
            (std::set<std::string>{"AdminService", "AggregationService", "DataSourceService",
                                   "IngestService", "QueryService"}));
}

// HTTP/1.1 and its JSON faces have no form for a method whose messages go both ways at once.
bool GoesBothWays(const MethodDescriptor& method) {
  return method.client_streaming() && method.server_streaming();
}

TEST_F(DescriptorStyleTest, EveryMethodThatHttpCanCarryHasAnHttpRule) {
  ForEachMethod([](const MethodDescriptor& method) {
    EXPECT_NE(OptionsOf(method).HasExtension(google::api::http), GoesBothWays(method))
        << method.full_name();
  });
}

TEST_F(DescriptorStyleTest, NoHttpRuleStandsTwice) {
  std::map<std::string, std::string> seen;
  const auto add = [&](const google::api::HttpRule& rule, const std::string& method) {
    const std::string key = rule.get() + "|" + rule.post() + "|" + rule.put() + "|" +
                            rule.delete_() + "|" + rule.patch();
    EXPECT_TRUE(seen.emplace(key, method).second)
        << key << " of " << method << " and " << seen[key];
  };
  ForEachMethod([&](const MethodDescriptor& method) {
    if (GoesBothWays(method)) return;
    const google::api::HttpRule rule = OptionsOf(method).GetExtension(google::api::http);
    add(rule, method.full_name());
    for (const auto& additional : rule.additional_bindings()) add(additional, method.full_name());
  });
}

TEST_F(DescriptorStyleTest, EveryMethodSaysWhoMayCallIt) {
  ForEachMethod([](const MethodDescriptor& method) {
    const auto options = OptionsOf(method);
    ASSERT_TRUE(options.HasExtension(v1::access)) << method.full_name();
    const v1::Access& access = options.GetExtension(v1::access);
    EXPECT_NE(access.public_(), access.any_of_size() > 0) << method.full_name();
  });
}

TEST_F(DescriptorStyleTest, AMethodThatAdmitsEveryTokenNamesNoOtherScope) {
  ForEachMethod([](const MethodDescriptor& method) {
    const v1::Access access = OptionsOf(method).GetExtension(v1::access);
    for (const std::string& scope : access.any_of()) {
      if (scope != "AUTHENTICATED") continue;
      EXPECT_EQ(access.any_of_size(), 1) << method.full_name();
    }
  });
}

TEST_F(DescriptorStyleTest, OnlyMethodsThatReadPipesApplyFixedParameters) {
  ForEachMethod([](const MethodDescriptor& method) {
    const v1::Access access = OptionsOf(method).GetExtension(v1::access);
    if (!access.applies_fixed_params() || method.name() == "QueryPipe") return;
    ASSERT_EQ(access.any_of_size(), 1) << method.full_name();
    EXPECT_TRUE(access.any_of(0).starts_with("PIPES:READ:")) << method.full_name();
  });
}

TEST_F(DescriptorStyleTest, EveryMethodAndServiceHasAComment) {
  ForEachMethod([](const MethodDescriptor& method) {
    EXPECT_TRUE(HasComment(method)) << method.full_name();
    EXPECT_TRUE(HasComment(*method.service())) << method.service()->full_name();
  });
}

TEST_F(DescriptorStyleTest, EveryMessageAndFieldHasAComment) {
  ForEachMessage(
      [](const Descriptor& message) { EXPECT_TRUE(HasComment(message)) << message.full_name(); });
  ForEachField(
      [](const FieldDescriptor& field) { EXPECT_TRUE(HasComment(field)) << field.full_name(); });
}

TEST_F(DescriptorStyleTest, EveryEnumValueHasAComment) {
  ForEachEnum([](const EnumDescriptor& type) {
    EXPECT_TRUE(HasComment(type)) << type.full_name();
    for (int i = 0; i < type.value_count(); ++i)
      EXPECT_TRUE(HasComment(*type.value(i))) << type.value(i)->full_name();
  });
}

TEST_F(DescriptorStyleTest, EveryEnumBeginsWithUnspecified) {
  ForEachEnum([](const EnumDescriptor& type) {
    EXPECT_EQ(type.value(0)->number(), 0) << type.full_name();
    EXPECT_TRUE(type.value(0)->name().ends_with("_UNSPECIFIED")) << type.full_name();
  });
}

TEST_F(DescriptorStyleTest, EveryFieldOfRequestsAndResponsesSaysItsBehavior) {
  ForEachField([](const FieldDescriptor& field) {
    const std::string& message = field.containing_type()->name();
    if (!message.ends_with("Request") && !message.ends_with("Response")) return;
    EXPECT_GT(OptionsOf(field).ExtensionSize(google::api::field_behavior), 0) << field.full_name();
  });
}

TEST_F(DescriptorStyleTest, ResponsesHoldOutputOnlyFields) {
  ForEachField([](const FieldDescriptor& field) {
    if (!field.containing_type()->name().ends_with("Response")) return;
    const auto options = OptionsOf(field);
    ASSERT_EQ(options.ExtensionSize(google::api::field_behavior), 1) << field.full_name();
    EXPECT_EQ(options.GetExtension(google::api::field_behavior, 0), google::api::OUTPUT_ONLY)
        << field.full_name();
  });
}

TEST_F(DescriptorStyleTest, RequestsAndResponsesAreNamedAfterTheirMethod) {
  ForEachMethod([](const MethodDescriptor& method) {
    // Two services may have methods of one name: then the service's name comes first.
    const std::string& input = method.input_type()->name();
    const std::string longer = method.service()->name() + method.name();
    const std::string name = input == longer + "Request" ? longer : method.name();
    EXPECT_EQ(input, name + "Request");
    if (method.output_type()->full_name() != kHttpBody) {
      EXPECT_EQ(method.output_type()->name(), name + "Response");
    }
  });
}

TEST_F(DescriptorStyleTest, NoResponseIsSharedByTwoMethods) {
  std::map<std::string, std::string> seen;
  ForEachMethod([&](const MethodDescriptor& method) {
    const std::string& response = method.output_type()->full_name();
    if (response == kHttpBody) return;
    EXPECT_TRUE(seen.emplace(response, method.full_name()).second) << response;
  });
}

}  // namespace
}  // namespace clv
