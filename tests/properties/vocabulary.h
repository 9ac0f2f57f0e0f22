// tests/properties/vocabulary.h: the texts of random histories and of the questions about them.
//
// Some differ in case only, hold commas, lie beyond ASCII, or look like the text for unknown.
#ifndef CLV_TESTS_PROPERTIES_VOCABULARY_H_
#define CLV_TESTS_PROPERTIES_VOCABULARY_H_

#include <string>
#include <vector>

namespace clv::properties {

inline const std::vector<std::string> kCountries = {"USA", "FRA", "Z\u00fcrich",
                                                    "usa", "a,b", "Korea, South"};
inline const std::vector<std::string> kSegments = {"Premium", "Basic", "premium", "(unknown)"};
inline const std::vector<std::string> kSources = {"Organic Search", "Ads", "Ads,Organic Search",
                                                  "E-Mail"};
inline const std::vector<std::string> kProducts = {"prod1", "prod2", "prod3", "\u00e4"};
inline const std::vector<std::string> kCategories = {"Books", "Toys", "books", "\u00c4pfel"};

}  // namespace clv::properties

#endif  // CLV_TESTS_PROPERTIES_VOCABULARY_H_
