// tests/fuzz/fuzz_target.h: what the fuzz targets share.
//
// Each NAME_fuzz.cc defines LLVMFuzzerTestOneInput. With CLV_FUZZ (clang) it is linked with
// libFuzzer; otherwise with replay_main.cc, which gives it every file of its corpus once.
#ifndef CLV_TESTS_FUZZ_FUZZ_TARGET_H_
#define CLV_TESTS_FUZZ_FUZZ_TARGET_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

// A finding: something that may never be so.
#define CLV_FUZZ_CHECK(condition)                                          \
  do {                                                                     \
    if (!(condition)) {                                                    \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                        \
    }                                                                      \
  } while (false)

namespace clv::fuzz {

inline std::string_view Text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace clv::fuzz

#endif  // CLV_TESTS_FUZZ_FUZZ_TARGET_H_
