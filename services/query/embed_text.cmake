# Writes a C++ source that defines clv::query::WebPageText() as the text of INPUT: cmake -DINPUT=... -DOUTPUT=... -P embed_text.cmake
file(READ ${INPUT} text)
file(WRITE ${OUTPUT} "#include \"services/query/web_page.h\"\n\nnamespace clv::query {\n\nstd::string_view WebPageText() {\n  return R\"clvpage(${text})clvpage\";\n}\n\n}  // namespace clv::query\n")
