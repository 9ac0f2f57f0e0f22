#include "tests/common/storage/raw_sqlite.h"

#include <sqlite3.h>

#include "gtest/gtest.h"

namespace clv::storage {
namespace {

int AppendRow(void* text, int columns, char** values, char**) {
  auto* out = static_cast<std::string*>(text);
  for (int i = 0; i < columns; ++i) {
    if (i > 0) out->push_back('|');
    out->append(values[i] != nullptr ? values[i] : "");
  }
  out->push_back('\n');
  return 0;
}

}  // namespace

std::string DumpRawSql(const std::string& path, const std::string& sql) {
  std::string text;
  sqlite3* db = nullptr;
  EXPECT_EQ(sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr), SQLITE_OK) << path;
  sqlite3_busy_timeout(db, 5'000);
  char* error = nullptr;
  EXPECT_EQ(sqlite3_exec(db, sql.c_str(), AppendRow, &text, &error), SQLITE_OK)
      << (error != nullptr ? error : "");
  sqlite3_free(error);
  sqlite3_close_v2(db);
  return text;
}

void RunRawSql(const std::string& path, const std::string& sql) { DumpRawSql(path, sql); }

std::string ReadRawSql(const std::string& path, const std::string& sql) {
  const std::string rows = DumpRawSql(path, sql);
  return rows.substr(0, rows.find('\n'));
}

}  // namespace clv::storage
