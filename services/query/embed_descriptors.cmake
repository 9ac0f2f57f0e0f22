# Writes a C++ source that defines DescriptorSet() of the service SERVICE (default: query) as the bytes of INPUT:
#   cmake -DINPUT=... -DOUTPUT=... [-DSERVICE=...] -P embed_descriptors.cmake
if(NOT SERVICE)
  set(SERVICE query)
endif()
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" bytes "${hex}")
# In pieces: lines of a megabyte are hard on tools.
string(LENGTH "${bytes}" length)
set(literal "")
set(position 0)
while(position LESS length)
  string(SUBSTRING "${bytes}" ${position} 4000 piece)
  string(APPEND literal "\n    \"${piece}\"")
  math(EXPR position "${position} + 4000")
endwhile()
file(WRITE ${OUTPUT} "#include \"services/${SERVICE}/descriptor_set.h\"

namespace clv::${SERVICE} {
namespace {

constexpr char kBytes[] =${literal};

}  // namespace

std::string_view DescriptorSet() { return {kBytes, sizeof(kBytes) - 1}; }

}  // namespace clv::${SERVICE}
")
