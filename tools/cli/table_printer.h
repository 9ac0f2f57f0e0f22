// tools/cli/table_printer.h: aligned text tables.
#ifndef CLV_TOOLS_CLI_TABLE_PRINTER_H_
#define CLV_TOOLS_CLI_TABLE_PRINTER_H_

#include <optional>
#include <string>
#include <vector>

namespace clv::cli {

struct TableColumn {
  std::string name;
  bool is_number = false;  // aligned to the right
};

// Rows have one cell for each column; an absent cell is a null.
struct Table {
  std::vector<TableColumn> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;
};

// A header line, a line of dashes, the rows; two spaces between columns, none at the end of a line,
// a null as "-". Control characters are printed as "?", so that data cannot steer the terminal.
// Widths count code points.
std::string RenderTable(const Table& table);

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_TABLE_PRINTER_H_
