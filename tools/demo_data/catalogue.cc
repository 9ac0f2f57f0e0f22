#include "tools/demo_data/catalogue.h"

#include <array>
#include <utility>
#include <vector>

namespace clv::demo_data {
namespace {

constexpr std::string_view kSources[kSourceCount] = {
    "Organic Search", "Paid Search", "Social Media", "Email Campaign",
    "Referral",       "Direct",      "Affiliate"};

constexpr Segment kSegments[] = {
    {.name = "Premium",
     .weight = 0.15,
     .behaviour = {1.6, 45, 0.9, 18, 6.0, 4.0, 60},
     .source_weights = {0.25, 0.10, 0.08, 0.17, 0.25, 0.13, 0.02}},
    {.name = "Standard",
     .weight = 0.50,
     .behaviour = {1.1, 60, 0.9, 12, 6.25, 3.74, 26},
     .source_weights = {0.30, 0.18, 0.16, 0.10, 0.10, 0.12, 0.04}},
    {.name = "Basic",
     .weight = 0.25,
     .behaviour = {0.8, 75, 0.8, 6, 5.0, 3.5, 17},
     .source_weights = {0.22, 0.24, 0.26, 0.05, 0.05, 0.08, 0.10}},
    {.name = "Business",
     .weight = 0.10,
     .behaviour = {2.0, 60, 0.6, 16, 4.0, 3.2, 130},
     .source_weights = {0.28, 0.12, 0.03, 0.12, 0.22, 0.22, 0.01}},
};

constexpr Country kCountries[] = {
    {"USA",
     0.36,
     "USD",
     {"James", "Mary", "Robert", "Jennifer", "Michael", "Linda", "David", "Emily"},
     {"Smith", "Johnson", "Williams", "Brown", "Garcia", "Miller", "Davis", "O'Connor"}},
    {"United Kingdom",
     0.14,
     "GBP",
     {"Oliver", "Amelia", "Harry", "Isla", "George", "Olivia", "Jack", "Poppy"},
     {"Taylor", "Evans", "Wilson", "Thomas", "Roberts", "Walker", "Wright", "Hughes"}},
    {"Germany",
     0.12,
     "EUR",
     {"Jürgen", "Anna", "Lukas", "Sophie", "Björn", "Käthe", "Felix", "Lena"},
     {"Müller", "Schmidt", "Schäfer", "Fischer", "Weber", "Groß", "Wagner", "Köhler"}},
    {"France",
     0.08,
     "EUR",
     {"Léa", "Hugo", "Chloé", "Louis", "François", "Camille", "Jules", "Hélène"},
     {"Martin", "Bernard", "Lefèvre", "Petit", "Durand", "Leroy", "Moreau", "Gérard"}},
    {"Canada",
     0.06,
     "CAD",
     {"Liam", "Emma", "Noah", "Charlotte", "William", "Zoé", "Benjamin", "Mia"},
     {"Tremblay", "Roy", "Gagnon", "Campbell", "MacDonald", "Wong", "Singh", "Côté"}},
    {"Spain",
     0.05,
     "EUR",
     {"María", "José", "Lucía", "Antonio", "Sofía", "Javier", "Carmen", "Íñigo"},
     {"García", "Fernández", "González", "López", "Martínez", "Sánchez", "Pérez", "Núñez"}},
    {"Italy",
     0.05,
     "EUR",
     {"Giulia", "Marco", "Francesca", "Luca", "Chiara", "Matteo", "Elena", "Niccolò"},
     {"Rossi", "Russo", "Ferrari", "Esposito", "Bianchi", "Romano", "Colombo", "D'Angelo"}},
    {"Australia",
     0.04,
     "AUD",
     {"Jack", "Matilda", "Cooper", "Ruby", "Lachlan", "Chloe", "Ethan", "Grace"},
     {"Jones", "Williams", "Nguyen", "Kelly", "Harris", "Ryan", "White", "Anderson"}},
    {"Netherlands",
     0.04,
     "EUR",
     {"Daan", "Sanne", "Bram", "Fleur", "Sem", "Lotte", "Jeroen", "Anouk"},
     {"de Jong", "Jansen", "de Vries", "van den Berg", "Bakker", "Visser", "Smit", "Meijer"}},
    {"Sweden",
     0.03,
     "SEK",
     {"Åsa", "Erik", "Märta", "Lars", "Elin", "Göran", "Karin", "Nils"},
     {"Andersson", "Johansson", "Lindström", "Nilsson", "Öberg", "Larsson", "Åberg", "Svensson"}},
    {"Brazil",
     0.02,
     "BRL",
     {"João", "Ana", "Gabriel", "Beatriz", "Mateus", "Júlia", "Rafael", "Conceição"},
     {"Silva", "Santos", "Oliveira", "Souza", "Araújo", "Gonçalves", "Lima", "Costa"}},
    {"Japan",
     0.01,
     "JPY",
     {"Haruto", "Yui", "Sota", "Aoi", "Ren", "Hina", "Yuto", "Sakura"},
     {"Sato", "Suzuki", "Takahashi", "Tanaka", "Watanabe", "Ito", "Yamamoto", "Nakamura"}},
};

constexpr std::string_view kPaymentMethods[] = {"Credit Card", "PayPal",        "Debit Card",
                                                "Apple Pay",   "Bank Transfer", "Gift Card"};
constexpr double kPaymentMethodWeights[] = {0.46, 0.22, 0.14, 0.09, 0.06, 0.03};

struct Category {
  std::string_view name;
  std::string_view products[kProductsPerCategory];
};

constexpr Category kCategories[kCategoryCount] = {
    {"Electronics",
     {"Wireless Headphones", "27\" Monitor", "Smart Speaker", "Action Camera", "Power Bank",
      "Mechanical Keyboard", "Tablet", "USB-C Dock"}},
    {"Home & Kitchen",
     {"Espresso Maker", "Chef's Knife", "Desk Lamp, Brass", "Cast Iron Pan", "Air Purifier",
      "Linen Bedding", "Stand Mixer", "Storage Basket"}},
    {"Fashion",
     {"Wool Sweater", "Running Jacket", "Leather Belt", "Linen Shirt", "Denim Jeans", "Silk Scarf",
      "Ankle Boots", "Canvas Backpack"}},
    {"Beauty",
     {"Face Serum", "Shampoo Bar", "Perfume", "Body Lotion", "Lip Balm Set", "Hair Dryer",
      "Sun Cream", "Beard Oil"}},
    {"Sports",
     {"Yoga Mat", "Trail Shoes", "Dumbbell Set", "Cycling Helmet", "Swim Goggles", "Tennis Racket",
      "Camping Tent", "Climbing Rope"}},
    {"Books",
     {"Cook Book", "Crime Novel", "Travel Guide", "Art Print Album", "Science Reader",
      "Children's Story", "Language Course", "History Atlas"}},
    {"Toys",
     {"Wooden Train", "Building Bricks", "Puzzle, 1000 Pieces", "Board Game", "Plush Bear",
      "Remote Control Car", "Doll House", "Science Kit"}},
    {"Grocery",
     {"Coffee Beans", "Olive Oil", "Dark Chocolate", "Green Tea", "Granola", "Spice Box",
      "Honey Jar", "Pasta Box"}},
    {"Garden",
     {"Hedge Trimmer", "Raised Bed", "Herb Seeds", "Watering Can", "Fire Bowl", "Bird House",
      "Solar Lights", "Compost Bin"}},
    {"Subscription",
     {"Streaming Subscription", "Fitness Subscription", "News Subscription", "Meal Subscription",
      "Music Subscription", "Cloud Storage", "Coffee Subscription", "Design Suite"}},
};

struct Tier {
  std::string_view name;
  int64_t below_cents;
};
constexpr Tier kTiers[] = {{"Basic", 1500},    {"Classic", 3000}, {"Plus", 6000},
                           {"Premium", 12000}, {"Pro", 25000},    {"Signature", INT64_MAX}};
constexpr size_t kTierCount = std::size(kTiers);

std::vector<Product> MakeProducts() {
  constexpr int kFirstProduct = 1001;
  std::vector<Product> products;
  for (const Category& category : kCategories) {
    for (const std::string_view name : category.products) {
      for (const Tier& tier : kTiers) {
        products.push_back({.id = "prod" + std::to_string(kFirstProduct + products.size()),
                            .name = std::string(name).append(" ").append(tier.name),
                            .category = category.name});
      }
    }
  }
  return products;
}

template <typename T, size_t n>
constexpr std::array<double, n> WeightsOf(const T (&items)[n]) {
  std::array<double, n> weights{};
  for (size_t i = 0; i < n; ++i) {
    weights[i] = items[i].weight;
  }
  return weights;
}

constexpr auto kSegmentWeights = WeightsOf(kSegments);
constexpr auto kCountryWeights = WeightsOf(kCountries);

// The letters outside ASCII that the names above use.
constexpr std::pair<std::string_view, std::string_view> kFoldedLetters[] = {
    {"ä", "ae"}, {"ö", "oe"}, {"ü", "ue"}, {"ß", "ss"}, {"é", "e"}, {"è", "e"}, {"ô", "o"},
    {"ç", "c"},  {"í", "i"},  {"á", "a"},  {"ó", "o"},  {"ú", "u"}, {"ñ", "n"}, {"ò", "o"},
    {"å", "a"},  {"Å", "a"},  {"Ö", "oe"}, {"ã", "a"},  {"Í", "i"}};

}  // namespace

std::span<const Segment> Segments() { return kSegments; }
std::span<const std::string_view> Sources() { return kSources; }
std::span<const Country> Countries() { return kCountries; }
std::span<const std::string_view> PaymentMethods() { return kPaymentMethods; }
std::span<const double> SegmentWeights() { return kSegmentWeights; }
std::span<const double> CountryWeights() { return kCountryWeights; }
std::span<const double> PaymentMethodWeights() { return kPaymentMethodWeights; }

const Product& ProductAt(size_t category, size_t position, int64_t amount_cents) {
  static const std::vector<Product>& products = *new std::vector<Product>(MakeProducts());
  size_t tier = 0;
  while (amount_cents >= kTiers[tier].below_cents) {
    ++tier;
  }
  return products[(category * kProductsPerCategory + position) * kTierCount + tier];
}

std::string EmailPart(std::string_view name) {
  std::string part;
  while (!name.empty()) {
    size_t length = 1;
    const char c = name.front();
    if (c >= 'a' && c <= 'z') {
      part += c;
    } else if (c >= 'A' && c <= 'Z') {
      part += static_cast<char>(c - 'A' + 'a');
    } else {
      for (const auto& [letter, folded] : kFoldedLetters) {
        if (name.starts_with(letter)) {
          part += folded;
          length = letter.size();
          break;
        }
      }
    }
    name.remove_prefix(length);
  }
  return part;
}

}  // namespace clv::demo_data
