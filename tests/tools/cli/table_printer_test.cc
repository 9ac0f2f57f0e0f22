#include "tools/cli/table_printer.h"

#include "gtest/gtest.h"

namespace clv::cli {
namespace {

TEST(TablePrinterTest, AlignsTextsLeftAndNumbersRight) {
  const Table table = {.columns = {{.name = "segment"}, {.name = "n", .is_number = true}},
                       .rows = {{"Premium", "5"}, {"B", "1234"}}};
  EXPECT_EQ(RenderTable(table),
            "segment     n\n"
            "-------  ----\n"
            "Premium     5\n"
            "B        1234\n");
}

TEST(TablePrinterTest, PrintsNullsAsADash) {
  const Table table = {.columns = {{.name = "a"}, {.name = "b"}}, .rows = {{std::nullopt, ""}}};
  EXPECT_EQ(RenderTable(table), "a  b\n-  -\n-\n");
}

TEST(TablePrinterTest, CountsCodePointsNotBytes) {
  const Table table = {.columns = {{.name = "name"}, {.name = "x"}},
                       .rows = {{"Zoé", "1"}, {"Müller", "2"}}};
  EXPECT_EQ(RenderTable(table), "name    x\n------  -\nZoé     1\nMüller  2\n");
}

TEST(TablePrinterTest, PrintsTheHeaderOfAnEmptyTable) {
  EXPECT_EQ(RenderTable({.columns = {{.name = "ab"}}, .rows = {}}), "ab\n--\n");
}

TEST(TablePrinterTest, NeverPrintsControlCharacters) {
  const Table table = {.columns = {{.name = "a"}}, .rows = {{"x\x1b[2J\ny\xc2\x9bz"}}};
  EXPECT_EQ(RenderTable(table), "a\n---------\nx?[2J?y?z\n");
}

}  // namespace
}  // namespace clv::cli
