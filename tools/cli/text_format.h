// tools/cli/text_format.h: small pieces of text for people and for JSON.
//
// Pure and thread-safe.
#ifndef CLV_TOOLS_CLI_TEXT_FORMAT_H_
#define CLV_TOOLS_CLI_TEXT_FORMAT_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace clv::cli {

// 1234567 as "1,234,567".
std::string WithThousands(uint64_t number);

// 3355443 as "3.2 MB" (powers of 1024), below 1024 as "17 B".
std::string HumanBytes(uint64_t bytes);

// "0.4 s", "3 min 20 s", "2 h 5 min", "3 d 4 h". Negative values count as 0.
std::string HumanSeconds(double seconds);

// "1 row", "2 rows", "1,000 rows" for the noun "row".
std::string Counted(uint64_t number, std::string_view noun);

// Appends `text` as a JSON string with its quotes: quotes, backslashes and control characters
// escaped, all other bytes as they are.
void AppendJsonString(std::string& json, std::string_view text);

// Number of code points of UTF-8 text: about its width on a terminal.
size_t DisplayWidth(std::string_view text);

}  // namespace clv::cli

#endif  // CLV_TOOLS_CLI_TEXT_FORMAT_H_
