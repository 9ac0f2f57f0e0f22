#include "services/query/context_text.h"

#include <gtest/gtest.h>

namespace clv::query {
namespace {

v1::ReportContext Context() {
  v1::ReportContext context;
  context.mutable_as_of()->set_seconds(1687252500);
  context.set_reporting_currency("USD");
  context.set_folded_position(7);
  return context;
}

TEST(ContextTextTest, WritesTheContext) {
  EXPECT_EQ(
      ContextJson(Context()),
      R"({"as_of":"2023-06-20 09:15:00","reporting_currency":"USD","unconverted_purchases":0,"warnings":[],)"
      R"("folded_position":7})");
}

TEST(ContextTextTest, ShowsTheModelVersionWhereThereIsOne) {
  v1::ReportContext context = Context();
  context.set_model_version(0);
  EXPECT_TRUE(ContextJson(context).ends_with(R"("folded_position":7,"model_version":0})"));
}

TEST(ContextTextTest, AHeaderIsAscii) {
  v1::ReportContext context = Context();
  context.add_warnings("für");
  EXPECT_NE(ContextHeader(context).find(R"("f\u00fcr")"), std::string::npos);
  EXPECT_NE(ContextJson(context).find("\"für\""), std::string::npos);
}

TEST(ContextTextTest, AHeaderHasALimit) {
  v1::ReportContext context = Context();
  context.add_warnings("first");
  for (int i = 0; i < 10; ++i) context.add_warnings(std::string(1000, 'w'));
  const std::string header = ContextHeader(context);
  EXPECT_LE(header.size(), kMaxContextHeaderBytes);
  EXPECT_NE(header.find(R"("warnings":["first",)"), std::string::npos);
}

}  // namespace
}  // namespace clv::query
