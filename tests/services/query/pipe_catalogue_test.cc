#include "services/query/pipe_catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/rpc/parameter_binding.h"
#include "services/query/descriptor_set.h"
#include "services/query/request_rules.h"

namespace clv::query {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const PipeCatalogue& Catalogue() {
  static const auto* const catalogue = new PipeCatalogue(DescriptorSet());
  return *catalogue;
}

std::vector<std::string> NamesReadableBy(const std::vector<std::string>& scopes) {
  std::vector<std::string> names;
  for (const PipeEntry* entry : Catalogue().ReadableBy({"x", scopes}))
    names.push_back(entry->name());
  return names;
}

const v1::PipeParameter& Parameter(const std::string& pipe, const std::string& name) {
  for (const v1::PipeParameter& parameter : Catalogue().Find(pipe)->pipe.parameters()) {
    if (parameter.name() == name) return parameter;
  }
  ADD_FAILURE() << pipe << " has no parameter " << name;
  return v1::PipeParameter::default_instance();
}

TEST(PipeCatalogueTest, HoldsReportsAndQuarantinesByName) {
  EXPECT_THAT(
      NamesReadableBy({"ADMIN"}),
      ElementsAre("clv_by_acquisition_source", "clv_by_segment", "clv_model_info", "clv_prediction",
                  "customer_clv_quarantine", "customer_retention", "customer_segmentation",
                  "customers_quarantine", "purchase_frequency_analysis", "purchases_quarantine",
                  "total_customer_value"));
  EXPECT_EQ(Catalogue().Find("nothing"), nullptr);
}

TEST(PipeCatalogueTest, ShowsWhatAScopeOpens) {
  EXPECT_THAT(NamesReadableBy({"PIPES:READ:clv_by_segment"}), ElementsAre("clv_by_segment"));
  EXPECT_EQ(NamesReadableBy({"PIPES:READ:*"}).size(), 8u);
  EXPECT_THAT(NamesReadableBy({"DATASOURCES:APPEND:purchases"}),
              ElementsAre("purchases_quarantine"));
  EXPECT_THAT(NamesReadableBy({"DATASOURCES:READ:customers"}), ElementsAre("customers_quarantine"));
  EXPECT_THAT(NamesReadableBy({"TOKENS"}), IsEmpty());
}

TEST(PipeCatalogueTest, ShowsWhatAScopeWithFixedParametersOpens) {
  const rpc::Caller caller{.name = "jwt",
                           .fixed_scopes = {{"PIPES:READ:clv_by_segment", {{"country", "UK"}}}}};
  const auto readable = Catalogue().ReadableBy(caller);
  ASSERT_EQ(readable.size(), 1u);
  EXPECT_EQ(readable[0]->name(), "clv_by_segment");
}

TEST(PipeCatalogueTest, EverythingHasADescription) {
  for (const PipeEntry& entry : Catalogue().entries()) {
    EXPECT_NE(entry.pipe.description(), "") << entry.name();
    for (const auto& parameter : entry.pipe.parameters())
      EXPECT_NE(parameter.description(), "") << entry.name() << " " << parameter.name();
    for (const RowShape& shape : entry.row_shapes) {
      for (const auto& column : shape.columns)
        EXPECT_NE(column.description(), "") << shape.name << " " << column.name();
    }
  }
}

TEST(PipeCatalogueTest, DescribesInTheWordsOfTheProtos) {
  EXPECT_EQ(Catalogue().Find("clv_by_segment")->pipe.description(),
            "Reports lifetime value by customer segment, by `total_revenue` descending, then "
            "segment.");
  EXPECT_EQ(Parameter("clv_prediction", "horizon_days").description(),
            "Days to look ahead, 1 to 3650. Default 365.");
  EXPECT_EQ(Catalogue().Find("clv_by_segment")->pipe.columns(0).description(),
            "Segment, or `(unknown)`.");
}

TEST(PipeCatalogueTest, TellsTypesDefaultsWordsAndRanges) {
  const v1::PipeParameter& periods = Parameter("customer_retention", "periods");
  EXPECT_EQ(periods.type(), "UInt32");
  EXPECT_EQ(periods.default_value(), "12");
  EXPECT_EQ(periods.minimum(), 0);
  EXPECT_EQ(periods.maximum(), 1000);
  const v1::PipeParameter& granularity = Parameter("customer_retention", "granularity");
  EXPECT_THAT(granularity.values(), ElementsAre("month", "week", "quarter", "year", "day"));
  EXPECT_EQ(granularity.default_value(), "month");
  EXPECT_FALSE(Parameter("clv_by_segment", "limit").has_default_value());
  EXPECT_EQ(Parameter("customers_quarantine", "limit").default_value(), "100");
}

TEST(PipeCatalogueTest, TheNameOfAQuarantineIsNoParameter) {
  for (const auto& parameter : Catalogue().Find("purchases_quarantine")->pipe.parameters())
    EXPECT_NE(parameter.name(), "data_source");
}

TEST(PipeCatalogueTest, EveryClosedSetOfWordsHasADefaultAmongThem) {
  for (const PipeEntry& entry : Catalogue().entries()) {
    for (const auto& parameter : entry.pipe.parameters()) {
      if (parameter.values_size() == 0) continue;
      EXPECT_THAT(parameter.values(), ::testing::Contains(parameter.default_value()))
          << entry.name() << " " << parameter.name();
    }
  }
}

TEST(PipeCatalogueTest, KnowsTheRowsOfEveryViewAndLevel) {
  const auto shapes = [](const std::string& pipe) {
    std::vector<std::string> names;
    for (const RowShape& shape : Catalogue().Find(pipe)->row_shapes) names.push_back(shape.name);
    return names;
  };
  EXPECT_THAT(shapes("purchase_frequency_analysis"),
              ElementsAre("FrequencyBucketRow", "IntervalBucketRow", "OrderNumberRow"));
  EXPECT_THAT(shapes("customer_segmentation"),
              ElementsAre("RfmCustomerRow", "RfmSegmentRow", "RfmCellRow"));
  EXPECT_THAT(shapes("clv_prediction"), ElementsAre("ClvPredictionRow"));
}

TEST(PipeCatalogueTest, TellsTheWordsOfAColumn) {
  for (const auto& column : Catalogue().Find("clv_prediction")->pipe.columns()) {
    if (column.name() != "confidence") continue;
    EXPECT_EQ(column.type(), "String");
    EXPECT_THAT(column.values(), ElementsAre("high", "medium", "low"));
  }
}

TEST(PipeCatalogueTest, HasEmptyDescriptionsWithoutComments) {
  const PipeCatalogue catalogue("\xff");
  ASSERT_EQ(catalogue.entries().size(), 11u);
  EXPECT_EQ(catalogue.entries()[0].pipe.description(), "");
  EXPECT_EQ(catalogue.entries()[0].pipe.columns(0).name(), "acquisition_source");
}

// The query that a request stands for, as texts of what its defaults decide.
template <typename Request>
auto QueryOf(const std::string& query) {
  const auto request = rpc::BindRequest<Request>(rpc::V0Parameters("/?" + query, ""));
  EXPECT_TRUE(request.ok()) << request.status();
  return *ToQuery(*request, RequestTime{});
}

// A query string that says every default of the endpoint.
std::string AllDefaults(const std::string& pipe) {
  std::string query;
  for (const auto& parameter : Catalogue().Find(pipe)->pipe.parameters()) {
    if (parameter.has_default_value())
      query += parameter.name() + "=" + parameter.default_value() + "&";
  }
  EXPECT_NE(query, "") << pipe;
  return query;
}

TEST(PipeCatalogueTest, DefaultsOfRetentionAreThoseOfTheRules) {
  using Request = v1::GetCustomerRetentionRequest;
  const auto silent = QueryOf<Request>("");
  const auto said = QueryOf<Request>(AllDefaults("customer_retention"));
  EXPECT_EQ(said.granularity, silent.granularity);
  EXPECT_EQ(said.cohort_by, silent.cohort_by);
  EXPECT_EQ(said.retention, silent.retention);
  EXPECT_EQ(said.periods, silent.periods);
  EXPECT_EQ(said.scope.range.limit, silent.scope.range.limit);
}

TEST(PipeCatalogueTest, DefaultsOfFrequencyAreThoseOfTheRules) {
  using Request = v1::GetPurchaseFrequencyAnalysisRequest;
  const auto silent = QueryOf<Request>("");
  const auto said = QueryOf<Request>(AllDefaults("purchase_frequency_analysis"));
  EXPECT_EQ(said.buckets, silent.buckets);
  EXPECT_EQ(said.scope.range.limit, silent.scope.range.limit);
}

TEST(PipeCatalogueTest, DefaultsOfPredictionAreThoseOfTheRules) {
  using Request = v1::GetClvPredictionRequest;
  const auto silent = QueryOf<Request>("");
  const auto said = QueryOf<Request>(AllDefaults("clv_prediction"));
  EXPECT_EQ(said.horizon_days, silent.horizon_days);
  EXPECT_EQ(said.discount_rate, silent.discount_rate);
  EXPECT_EQ(said.margin, silent.margin);
  EXPECT_EQ(said.model, silent.model);
  EXPECT_EQ(said.interval, silent.interval);
  EXPECT_EQ(said.min_p_alive, silent.min_p_alive);
  EXPECT_EQ(said.scope.range.limit, silent.scope.range.limit);
}

TEST(PipeCatalogueTest, DefaultsOfSegmentationAndValueAreThoseOfTheRules) {
  EXPECT_EQ(QueryOf<v1::GetCustomerSegmentationRequest>(AllDefaults("customer_segmentation"))
                .scope.range.limit,
            QueryOf<v1::GetCustomerSegmentationRequest>("").scope.range.limit);
  using Request = v1::GetTotalCustomerValueRequest;
  const auto silent = QueryOf<Request>("");
  const auto said = QueryOf<Request>(AllDefaults("total_customer_value"));
  EXPECT_EQ(said.sort, silent.sort);
  EXPECT_EQ(said.scope.range.limit, silent.scope.range.limit);
}

}  // namespace
}  // namespace clv::query
