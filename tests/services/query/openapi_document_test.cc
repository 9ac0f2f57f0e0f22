#include "services/query/openapi_document.h"

#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "services/query/descriptor_set.h"

namespace clv::query {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;

class OpenApiDocumentTest : public ::testing::Test {
 protected:
  OpenApiDocumentTest() : catalogue_(DescriptorSet()) {
    std::vector<const PipeEntry*> all;
    for (const PipeEntry& entry : catalogue_.entries()) all.push_back(&entry);
    const auto parsed = google::protobuf::util::JsonStringToMessage(OpenApiJson(all), &document_);
    EXPECT_TRUE(parsed.ok()) << parsed.ToString();
  }

  // The member below the keys; an empty value where there is none.
  static const Value& At(const Struct& object, const std::vector<std::string>& keys) {
    const Struct* inside = &object;
    const Value* found = &Value::default_instance();
    for (const std::string& key : keys) {
      const auto field = inside->fields().find(key);
      if (field == inside->fields().end()) return Value::default_instance();
      found = &field->second;
      inside = &found->struct_value();
    }
    return *found;
  }

  const Value& At(const std::vector<std::string>& keys) const { return At(document_, keys); }

  const Struct& Operation(const std::string& path, const std::string& method) const {
    return At({"paths", path, method}).struct_value();
  }

  void ForEachOperation(
      const std::function<void(const std::string& path, const Struct& operation)>& visit) const {
    for (const auto& [path, item] : At({"paths"}).struct_value().fields()) {
      for (const char* method : {"get", "post"}) {
        ASSERT_TRUE(item.struct_value().fields().contains(method)) << path;
        visit(path, item.struct_value().fields().at(method).struct_value());
      }
    }
  }

  static void ForEachReference(const Value& value,
                               const std::function<void(const std::string&)>& visit) {
    for (const auto& [key, member] : value.struct_value().fields()) {
      if (key == "$ref") visit(member.string_value());
      ForEachReference(member, visit);
    }
    for (const Value& element : value.list_value().values()) ForEachReference(element, visit);
  }

  const PipeCatalogue catalogue_;
  Struct document_;
};

TEST_F(OpenApiDocumentTest, IsOfVersion3WithTheVersionOfTheProgram) {
  EXPECT_EQ(At({"openapi"}).string_value(), "3.0.3");
  EXPECT_NE(At({"info", "title"}).string_value(), "");
  EXPECT_NE(At({"info", "version"}).string_value(), "");
}

TEST_F(OpenApiDocumentTest, HasEveryEndpointInEveryFormat) {
  for (const PipeEntry& entry : catalogue_.entries()) {
    for (const char* extension : {".json", ".csv", ".ndjson"}) {
      const std::string path = "/v0/pipes/" + entry.name() + extension;
      EXPECT_TRUE(At({"paths", path}).has_struct_value()) << path;
    }
  }
  EXPECT_EQ(At({"paths"}).struct_value().fields_size(), 33);
}

TEST_F(OpenApiDocumentTest, OperationIdsAreUnique) {
  std::set<std::string> seen;
  ForEachOperation([&](const std::string& path, const Struct& operation) {
    const std::string id = At(operation, {"operationId"}).string_value();
    EXPECT_NE(id, "") << path;
    EXPECT_TRUE(seen.insert(id).second) << id;
  });
  EXPECT_EQ(seen.size(), 66u);
}

TEST_F(OpenApiDocumentTest, EveryReferenceLeadsSomewhere) {
  Value root;
  *root.mutable_struct_value() = document_;
  int references = 0;
  ForEachReference(root, [&](const std::string& reference) {
    ++references;
    ASSERT_TRUE(reference.starts_with("#/components/")) << reference;
    const size_t slash = reference.find('/', 13);
    EXPECT_TRUE(At({"components", reference.substr(13, slash - 13), reference.substr(slash + 1)})
                    .has_struct_value())
        << reference;
  });
  EXPECT_GT(references, 500);
}

TEST_F(OpenApiDocumentTest, EveryOperationTellsItsErrors) {
  ForEachOperation([&](const std::string& path, const Struct& operation) {
    for (const char* status : {"200", "400", "403", "408", "415", "429", "503"})
      EXPECT_TRUE(At(operation, {"responses", status}).has_struct_value()) << path << status;
  });
  EXPECT_TRUE(
      At({"components", "schemas", "Error", "properties", "documentation"}).has_struct_value());
}

TEST_F(OpenApiDocumentTest, ATokenGoesIntoTheHeaderOrTheQuery) {
  EXPECT_EQ(At({"components", "securitySchemes", "bearer", "scheme"}).string_value(), "bearer");
  EXPECT_EQ(At({"components", "securitySchemes", "token", "in"}).string_value(), "query");
  EXPECT_EQ(At({"security"}).list_value().values_size(), 2);
}

TEST_F(OpenApiDocumentTest, ParametersHaveTypeWordsRangeDefaultAndDescription) {
  const auto schema = [&](const std::string& name, const std::string& key) {
    return At({"components", "parameters", name, "schema", key});
  };
  EXPECT_EQ(schema("customer_retention.granularity", "type").string_value(), "string");
  EXPECT_EQ(schema("customer_retention.granularity", "enum").list_value().values_size(), 5);
  EXPECT_EQ(schema("customer_retention.granularity", "default").string_value(), "month");
  EXPECT_EQ(schema("customer_retention.periods", "type").string_value(), "integer");
  EXPECT_EQ(schema("customer_retention.periods", "maximum").number_value(), 1000);
  EXPECT_EQ(schema("customer_retention.periods", "default").number_value(), 12);
  EXPECT_EQ(schema("clv_prediction.discount_rate", "default").number_value(), 0.1);
  EXPECT_EQ(schema("clv_by_segment.country", "type").string_value(), "array");
  EXPECT_EQ(schema("purchase_frequency_analysis.buckets", "default").list_value().values_size(), 6);
  EXPECT_NE(
      At({"components", "parameters", "clv_by_segment.country", "description"}).string_value(), "");
}

TEST_F(OpenApiDocumentTest, APostHasTheParametersAsAForm) {
  const std::string reference =
      At(Operation("/v0/pipes/clv_prediction.csv", "post"),
         {"requestBody", "content", "application/x-www-form-urlencoded", "schema", "$ref"})
          .string_value();
  EXPECT_EQ(reference, "#/components/schemas/clv_prediction_form");
  const Value& properties = At({"components", "schemas", "clv_prediction_form", "properties"});
  EXPECT_EQ(properties.struct_value().fields_size(),
            catalogue_.Find("clv_prediction")->pipe.parameters_size());
  EXPECT_FALSE(
      At(Operation("/v0/pipes/clv_prediction.csv", "get"), {"requestBody"}).has_struct_value());
}

TEST_F(OpenApiDocumentTest, RowsHaveTheSchemaOfTheirColumns) {
  const auto column = [&](const std::string& row, const std::string& name, const std::string& key) {
    return At({"components", "schemas", row, "properties", name, key});
  };
  EXPECT_EQ(column("ClvBySegmentRow", "total_revenue", "type").string_value(), "number");
  EXPECT_EQ(column("ClvBySegmentRow", "customers", "type").string_value(), "integer");
  EXPECT_TRUE(column("ClvBySegmentRow", "first_purchase_date", "nullable").bool_value());
  EXPECT_NE(column("ClvBySegmentRow", "first_purchase_date", "pattern").string_value(), "");
  EXPECT_EQ(column("CustomerRetentionRow", "cohort", "format").string_value(), "date");
  EXPECT_EQ(column("CustomerRetentionRow", "is_complete", "enum").list_value().values_size(), 2);
  EXPECT_EQ(column("ClvPredictionRow", "confidence", "enum").list_value().values_size(), 3);
  EXPECT_EQ(column("customers_quarantine_row", "c__error", "type").string_value(), "array");
  EXPECT_EQ(At({"components", "schemas", "ClvBySegmentRow", "required"}).list_value().values_size(),
            24);
}

TEST_F(OpenApiDocumentTest, AnswersHaveTheContentTypeOfTheirFormat) {
  const auto content = [&](const std::string& path, const std::string& type) {
    return At(Operation(path, "get"), {"responses", "200", "content", type, "schema"});
  };
  EXPECT_EQ(
      At(content("/v0/pipes/clv_by_segment.json", "application/json").struct_value(), {"$ref"})
          .string_value(),
      "#/components/schemas/clv_by_segment_table");
  EXPECT_EQ(At(content("/v0/pipes/clv_by_segment.ndjson", "application/x-ndjson").struct_value(),
               {"$ref"})
                .string_value(),
            "#/components/schemas/ClvBySegmentRow");
  EXPECT_TRUE(content("/v0/pipes/clv_by_segment.csv", "text/csv").has_struct_value());
}

TEST_F(OpenApiDocumentTest, AnEndpointWithViewsHasAnyOfTheirRows) {
  const Value& items = At({"components", "schemas", "customer_segmentation_table", "properties",
                           "data", "items", "anyOf"});
  EXPECT_EQ(items.list_value().values_size(), 3);
}

TEST_F(OpenApiDocumentTest, WithoutEndpointsItIsStillADocument) {
  Struct empty;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(OpenApiJson({}), &empty).ok());
  EXPECT_TRUE(At(empty, {"paths"}).has_struct_value());
}

}  // namespace
}  // namespace clv::query
