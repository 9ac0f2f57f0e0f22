#include "services/query/catalogue_face.h"

#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include "services/query/descriptor_set.h"

namespace clv::query {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The value behind a path of keys and indexes.
const google::protobuf::Value& At(const google::protobuf::Value& value,
                                  const std::vector<std::string>& path) {
  const google::protobuf::Value* found = &value;
  for (const std::string& key : path) {
    if (found->has_list_value()) {
      found = &found->list_value().values(std::stoi(key));
    } else {
      const auto& fields = found->struct_value().fields();
      const auto field = fields.find(key);
      EXPECT_NE(field, fields.end()) << "no key " << key;
      if (field == fields.end()) return google::protobuf::Value::default_instance();
      found = &field->second;
    }
  }
  return *found;
}

class CatalogueFaceTest : public ::testing::Test {
 protected:
  static const PipeCatalogue& Catalogue() {
    static const auto* const catalogue = new PipeCatalogue(DescriptorSet());
    return *catalogue;
  }

  static google::protobuf::Value Parse(const std::string& json) {
    google::protobuf::Value value;
    EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &value).ok()) << json;
    return value;
  }

  std::string List(const std::string& query = "") const {
    const rpc::V0Reply reply = face_.Answer(rpc::V0Parameters("/v0/pipes?" + query, ""), caller_);
    EXPECT_EQ(reply.http_status, 200);
    EXPECT_EQ(reply.content_type, "application/json; charset=UTF-8");
    return reply.body;
  }

  absl::StatusOr<rpc::V0Reply> Describe(const std::string& pipe,
                                        const std::string& query = "") const {
    return face_.Describe(pipe, rpc::V0Parameters("/v0/pipes/" + pipe + "?" + query, ""), caller_);
  }

  rpc::Caller caller_{"reader", {"PIPES:READ:clv_by_segment"}};
  CatalogueFace face_{Catalogue()};
};

TEST_F(CatalogueFaceTest, ListsWithTheKeysInTheirOrder) {
  EXPECT_EQ(
      List(),
      R"({"pipes":[{"id":"clv_by_segment","name":"clv_by_segment",)"
      R"("description":"Reports lifetime value by customer segment, by `total_revenue` descending, then segment.",)"
      R"("endpoint":"clv_by_segment_endpoint","created_at":"1970-01-01 00:00:00","updated_at":"1970-01-01 00:00:00",)"
      R"("parent":null,"nodes":[{"id":"clv_by_segment_endpoint","name":"endpoint",)"
      R"("sql":"-- clv.v1.QueryService.GetClvBySegment",)"
      R"("description":"Reports lifetime value by customer segment, by `total_revenue` descending, then segment.",)"
      R"("materialized":null,"cluster":null,"created_at":"1970-01-01 00:00:00","updated_at":"1970-01-01 00:00:00",)"
      R"("version":0,"project":null,"result":null,"ignore_sql_errors":false,"node_type":"endpoint"}],)"
      R"("url":"/v0/pipes/clv_by_segment.json","type":"endpoint"}]})");
}

TEST_F(CatalogueFaceTest, ListsOnlyTheKeysThatAreAskedForAndTheUrl) {
  EXPECT_EQ(List("attrs=id,name"), R"({"pipes":[{"id":"clv_by_segment","name":"clv_by_segment",)"
                                   R"("url":"/v0/pipes/clv_by_segment.json"}]})");
  EXPECT_EQ(
      List("attrs=type&attrs=%20parent%20,,nonsense"),
      R"({"pipes":[{"parent":null,"url":"/v0/pipes/clv_by_segment.json","type":"endpoint"}]})");
  EXPECT_EQ(List("attrs="), List());
}

TEST_F(CatalogueFaceTest, PicksTheKeysOfNodesAndTellsDependencies) {
  EXPECT_EQ(
      List("attrs=nodes&node_attrs=id&dependencies=true"),
      R"({"pipes":[{"nodes":[{"id":"clv_by_segment_endpoint",)"
      R"("dependencies":["customers","purchases","customer_clv"]}],"url":"/v0/pipes/clv_by_segment.json"}]})");
  EXPECT_THAT(List("dependencies=false"), Not(HasSubstr("dependencies")));
}

TEST_F(CatalogueFaceTest, ListsNothingToATokenThatMayReadNothing) {
  caller_ = {"keeper", {"TOKENS"}};
  EXPECT_EQ(List(), R"({"pipes":[]})");
  EXPECT_EQ(face_.List(caller_).pipes_size(), 0);
}

TEST_F(CatalogueFaceTest, ListsTypedPipesByName) {
  caller_ = {"admin", {"ADMIN"}};
  const v1::ListPipesResponse response = face_.List(caller_);
  ASSERT_EQ(response.pipes_size(), 11);
  EXPECT_EQ(response.pipes(0).name(), "clv_by_acquisition_source");
  EXPECT_EQ(response.pipes(10).name(), "total_customer_value");
  EXPECT_EQ(response.pipes(10).columns(10).type(), "Decimal(38, 6)");
}

TEST_F(CatalogueFaceTest, KnowsADescriptionFromData) {
  for (const char* pipe : {"clv_by_segment", "nothing", "openapi.json", "clv_by_segment.pipe", ""})
    EXPECT_TRUE(CatalogueFace::Describes(pipe)) << pipe;
  for (const char* pipe : {"clv_by_segment.json", "openapi.csv", "x.openapi.json", "a.pipe.csv"})
    EXPECT_FALSE(CatalogueFace::Describes(pipe)) << pipe;
}

TEST_F(CatalogueFaceTest, DescribesOneEndpoint) {
  const auto reply = Describe("clv_by_segment");
  ASSERT_TRUE(reply.ok()) << reply.status();
  const google::protobuf::Value pipe = Parse(reply->body);
  EXPECT_EQ(At(pipe, {"id"}).string_value(), "clv_by_segment");
  EXPECT_EQ(At(pipe, {"path"}).string_value(), "endpoints/clv_by_segment.pipe");
  EXPECT_TRUE(At(pipe, {"workspace_id"}).has_null_value());
  EXPECT_EQ(At(pipe, {"content"}).string_value(), Describe("clv_by_segment.pipe")->body);
  EXPECT_EQ(At(pipe, {"nodes", "0", "params", "0", "name"}).string_value(), "country");
  EXPECT_EQ(At(pipe, {"nodes", "0", "params", "0", "type"}).string_value(), "Array(String)");
  EXPECT_FALSE(At(pipe, {"nodes", "0", "params", "0", "required"}).bool_value());
  EXPECT_EQ(At(pipe, {"nodes", "0", "columns", "0", "name"}).string_value(), "customer_segment");
  EXPECT_EQ(At(pipe, {"nodes", "0", "columns", "0", "type"}).string_value(), "String");
}

TEST_F(CatalogueFaceTest, TellsDefaultsAndWordsOfParameters) {
  caller_ = {"admin", {"ADMIN"}};
  const std::string body = Describe("clv_prediction")->body;
  EXPECT_THAT(body, HasSubstr(R"("name":"limit","type":"UInt32")"));
  EXPECT_THAT(body, HasSubstr(R"("required":false,"default":50})"));
  EXPECT_THAT(body, HasSubstr(R"("required":false,"default":0.1})"));
  EXPECT_THAT(
      body,
      HasSubstr(
          R"("default":"auto","enum":["auto","bgnbd","mbgnbd","paretonbd","nbd","average"]})"));
}

TEST_F(CatalogueFaceTest, DescribesAQuarantine) {
  caller_ = {"writer", {"DATASOURCES:APPEND:customers"}};
  const google::protobuf::Value pipe =
      Parse(Describe("customers_quarantine", "dependencies=1")->body);
  EXPECT_EQ(At(pipe, {"nodes", "0", "columns", "1", "type"}).string_value(), "Array(String)");
  EXPECT_EQ(At(pipe, {"nodes", "0", "dependencies", "0"}).string_value(), "customers_quarantine");
}

TEST_F(CatalogueFaceTest, WritesAnEndpointAsAPipeFile) {
  const auto reply = Describe("clv_by_segment.pipe");
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->content_type, "text/plain; charset=UTF-8");
  EXPECT_EQ(reply->body,
            "DESCRIPTION >\n    Reports lifetime value by customer segment, by `total_revenue` "
            "descending, then segment.\n\nNODE endpoint\nSQL >\n    -- "
            "clv.v1.QueryService.GetClvBySegment\n\nTYPE endpoint\n");
}

TEST_F(CatalogueFaceTest, RefusesUnknownNamesAndClosedOnes) {
  for (const char* pipe : {"nothing", "nothing.pipe"}) {
    const absl::Status unknown = Describe(pipe).status();
    EXPECT_EQ(unknown.code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(unknown.message(), "Pipe 'nothing' not found");
  }
  const absl::Status closed = Describe("clv_prediction").status();
  EXPECT_EQ(closed.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(closed.message(), "the token lacks the scope: want PIPES:READ:clv_prediction");
  EXPECT_EQ(Describe("customers_quarantine").status().message(),
            "the token lacks the scope: want DATASOURCES:APPEND:customers or "
            "DATASOURCES:READ:customers");
}

TEST_F(CatalogueFaceTest, TheOpenApiDescriptionHoldsWhatTheTokenMayRead) {
  const std::string body = Describe("openapi.json")->body;
  EXPECT_THAT(body, HasSubstr("/v0/pipes/clv_by_segment.json"));
  EXPECT_THAT(body, Not(HasSubstr("clv_prediction")));
  caller_ = {"keeper", {"TOKENS"}};
  EXPECT_THAT(Describe("openapi.json")->body, HasSubstr(R"("paths":{})"));
}

}  // namespace
}  // namespace clv::query
