#include "tools/cli/table_printer.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "tools/cli/text_format.h"

namespace clv::cli {
namespace {

constexpr std::string_view kGap = "  ";

std::string CellText(const std::optional<std::string>& cell) {
  std::string text = cell.value_or("-");
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  // U+0080..U+009F, of which some begin a terminal's command.
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '\xc2' && static_cast<unsigned char>(text[i + 1]) < 0xa0) {
      text.replace(i, 2, "?");
    }
  }
  return text;
}

void AppendLine(std::string& out, const Table& table, const std::vector<size_t>& widths,
                const std::vector<std::string>& cells) {
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::string padding(widths[i] - DisplayWidth(cells[i]), ' ');
    out.append(i == 0 ? "" : kGap);
    out.append(table.columns[i].is_number ? padding + cells[i] : cells[i] + padding);
  }
  out.erase(out.find_last_not_of(' ') + 1);
  out += '\n';
}

}  // namespace

std::string RenderTable(const Table& table) {
  std::vector<std::vector<std::string>> lines;
  std::vector<std::string> header;
  for (const TableColumn& column : table.columns) {
    header.push_back(CellText(column.name));
  }
  lines.push_back(header);
  for (const auto& row : table.rows) {
    std::vector<std::string>& line = lines.emplace_back();
    std::transform(row.begin(), row.end(), std::back_inserter(line), CellText);
  }
  std::vector<size_t> widths(table.columns.size());
  for (const std::vector<std::string>& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth(line[i]));
    }
  }
  std::vector<std::string> rule;
  for (const size_t width : widths) {
    rule.emplace_back(width, '-');
  }
  lines.insert(lines.begin() + 1, rule);
  std::string out;
  for (const std::vector<std::string>& line : lines) {
    AppendLine(out, table, widths, line);
  }
  return out;
}

}  // namespace clv::cli
