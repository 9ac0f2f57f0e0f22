// What is refused at start, and where descriptors come from.
#include "services/gateway/rule_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "google/protobuf/descriptor.pb.h"
#include "tests/services/gateway/test_api.pb.h"
#include "tests/services/gateway/transcoder_fixture.h"

namespace clv::gateway {
namespace {

using ::testing::AllOf;
using testing::AllServices;
using testing::Encode;
using ::testing::HasSubstr;
using testing::MakeTranscoder;

std::string DescriptorSet() {
  std::ifstream file(CLV_TEST_API_SET, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

absl::Status StartWith(const char* service) {
  testing::Everything::descriptor();
  TranscoderOptions options;
  options.services = {std::string("clv.gateway.testing.") + service};
  return Transcoder::Create(ServiceRegistry::FromGeneratedPool(), options).status();
}

TEST(RuleSetTest, NamesAnUnknownService) {
  EXPECT_EQ(StartWith("Nope"), absl::NotFoundError("unknown service \"clv.gateway.testing.Nope\""));
}

TEST(RuleSetTest, WithoutServicesThereAreNoRules) {
  const auto transcoder = Transcoder::Create(ServiceRegistry::FromGeneratedPool(), {});
  ASSERT_TRUE(transcoder.ok());
  EXPECT_TRUE(transcoder->rules().empty());
}

TEST(RuleSetTest, RefusesAVariableThatNamesNoField) {
  EXPECT_THAT(StartWith("BadVariableService").message(),
              AllOf(HasSubstr("BadVariableService.Get (GET /v1/bad/{nothing})"),
                    HasSubstr("Could not find field \"nothing\"")));
}

TEST(RuleSetTest, RefusesAVariableThatTakesNoText) {
  EXPECT_THAT(StartWith("MessageVariableService").message(), HasSubstr("\"inner\""));
}

TEST(RuleSetTest, RefusesATemplateThatDoesNotParse) {
  EXPECT_THAT(StartWith("BadTemplateService").message(),
              AllOf(HasSubstr("BadTemplateService.Get"), HasSubstr("'}' expected")));
}

TEST(RuleSetTest, RefusesABodyThatNamesNoField) {
  EXPECT_THAT(StartWith("BadBodyService").message(), HasSubstr("\"nothing\""));
}

TEST(RuleSetTest, RefusesAResponseBodyThatIsNoMessage) {
  EXPECT_THAT(StartWith("BadResponseBodyService").message(),
              HasSubstr("response_body \"name\" is not a single message field"));
}

TEST(RuleSetTest, RefusesTwoRulesOfTheSameShapeAndNamesBoth) {
  const absl::Status status = StartWith("SameShapeService");
  EXPECT_TRUE(absl::IsAlreadyExists(status));
  EXPECT_THAT(status.message(), AllOf(HasSubstr("SameShapeService.First (GET /v1/same/{name})"),
                                      HasSubstr("SameShapeService.Second (GET /v1/same/{count})")));
}

TEST(RuleSetTest, DoesNotServeWhatIsNotNamed) {
  TranscoderOptions options;
  options.services = {"clv.gateway.testing.BodyService"};
  EXPECT_EQ(Encode(MakeTranscoder(options), "GET", "/v1/echo/a"), "no match");
}

TEST(RuleSetTest, MapsUnannotatedMethodsOnlyWhereAsked) {
  TranscoderOptions options;
  options.services = {"clv.gateway.testing.UnannotatedService", "clv.gateway.testing.EchoService"};
  const char* path = "/clv.gateway.testing.UnannotatedService/Echo";
  EXPECT_EQ(Encode(MakeTranscoder(options), "POST", path, "{}"), "no match");
  options.auto_mapping = true;
  const Transcoder transcoder = MakeTranscoder(options);
  EXPECT_EQ(Encode(transcoder, "POST", path, R"({"name":"n"})"), R"(name: "n")");
  EXPECT_EQ(Encode(transcoder, "POST", "/clv.gateway.testing.EchoService/Echo", "{}"), "no match");
}

TEST(ServiceRegistryTest, ServesADescriptorSetWithoutItsGeneratedCode) {
  const Transcoder transcoder =
      Transcoder::Create(ServiceRegistry::FromFileDescriptorSet(DescriptorSet()).value(),
                         AllServices())
          .value();
  EXPECT_EQ(Encode(transcoder, "GET", "/v1/echo/a?i32=1"), R"(i32: 1 text: "a")");
  EXPECT_TRUE(transcoder.StatusJson("").ok());
}

TEST(ServiceRegistryTest, TakesFilesInAnyOrder) {
  google::protobuf::FileDescriptorSet set;
  ASSERT_TRUE(set.ParseFromString(DescriptorSet()));
  std::reverse(set.mutable_file()->pointer_begin(), set.mutable_file()->pointer_end());
  EXPECT_TRUE(ServiceRegistry::FromFileDescriptorSet(set.SerializeAsString()).ok());
}

TEST(ServiceRegistryTest, NamesAMissingImport) {
  google::protobuf::FileDescriptorSet set;
  ASSERT_TRUE(set.ParseFromString(DescriptorSet()));
  set.mutable_file()->DeleteSubrange(0, 1);
  EXPECT_THAT(ServiceRegistry::FromFileDescriptorSet(set.SerializeAsString()).status().message(),
              HasSubstr("which is not in the set"));
}

TEST(ServiceRegistryTest, RefusesAFileThatImportsItself) {
  google::protobuf::FileDescriptorSet set;
  auto* file = set.add_file();
  file->set_name("a.proto");
  file->add_dependency("a.proto");
  EXPECT_THAT(ServiceRegistry::FromFileDescriptorSet(set.SerializeAsString()).status().message(),
              HasSubstr("a.proto imports itself"));
}

TEST(ServiceRegistryTest, RefusesWhatIsNoDescriptorSet) {
  EXPECT_FALSE(ServiceRegistry::FromFileDescriptorSet("nonsense").ok());
  EXPECT_FALSE(ServiceRegistry::FromFileDescriptorSet("").ok());
}

}  // namespace
}  // namespace clv::gateway
