#include "services/query/projection/projection_builder.h"

#include <algorithm>
#include <bit>

#include "absl/strings/str_cat.h"
#include "common/base/instant.h"
#include "common/base/status_macros.h"
#include "services/query/projection/chunk_scan.h"
#include "services/query/projection/repeat_spend.h"

namespace clv::query {
namespace {

// Orders wait until their blocks are packed, so that a block is packed once for many customers.
constexpr size_t kMostPendingBlocks = 1'024;

// Customers that are worth what a lot costs.
constexpr size_t kLeastLot = 32;

std::string AttributeKey(const domain::CustomerAttributes& attributes) {
  return absl::StrCat(attributes.country, absl::string_view("\0", 1), attributes.customer_segment,
                      absl::string_view("\0", 1), attributes.acquisition_source);
}

std::shared_ptr<IdTable> TableFor(const ProjectionVersion& version, size_t capacity) {
  auto table = std::make_shared<IdTable>(capacity);
  for (uint32_t number = 0; number < version.customers; ++number) {
    table->Add(version.IdOf(number), number);
  }
  return table;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const ProjectionVersion>> ProjectionBuilder::Advance(
    storage::ProjectionReading& reading) {
  CLV_ASSIGN_OR_RETURN(const std::optional<storage::ScoringState> scoring, reading.Scoring());
  if (version_ != nullptr && version_->last_change == reading.last_change() &&
      version_->folded_position == reading.folded_position() &&
      version_->reporting_currency == reading.reporting_currency() &&
      version_->scoring == scoring && (version_->serving != nullptr) == scoring.has_value()) {
    return version_;
  }
  absl::Status status = absl::OutOfRangeError("");
  if (version_ != nullptr && version_->reporting_currency == reading.reporting_currency()) {
    status = Catch(reading);
  }
  if (absl::IsOutOfRange(status)) status = Load(reading);
  if (status.ok()) status = Finish(reading);
  if (!status.ok()) {
    version_.reset();
    DropNext();
    return status;
  }
  return Settle(true);
}

absl::Status ProjectionBuilder::Foresee(storage::ProjectionReading& fold) {
  if (version_ == nullptr || version_->reporting_currency != fold.reporting_currency()) {
    return absl::AbortedError("there is no version that the fold goes on from");
  }
  absl::Status status = Catch(fold, /*in_lots=*/true);
  if (status.ok()) status = Finish(fold);
  if (!status.ok()) DropNext();
  return status;
}

std::shared_ptr<const ProjectionVersion> ProjectionBuilder::Settle(bool is_committed) {
  if (is_committed) {
    version_ = std::move(next_);
  } else {
    DropNext();
  }
  return version_;
}

void ProjectionBuilder::DropNext() {
  pending_.clear();
  population_.reset();
  next_.reset();
  if (version_ != nullptr) version_->Withdraw();
}

bool ProjectionBuilder::Adopt(ProjectionBase base, const storage::ProjectionReading& reading) {
  const ProjectionVersion& kept = *base.version;
  if (kept.store_id != reading.store_id() || kept.last_change > reading.last_change() ||
      kept.folded_position > reading.folded_position() ||
      kept.reporting_currency != reading.reporting_currency()) {
    return false;
  }
  texts_ = std::move(base.texts);
  ids_ = std::move(base.ids);
  for (uint32_t set = 0; set < kept.attribute_sets; ++set) {
    attribute_sets_.emplace(AttributeKey(texts_->attribute_sets[set]), set);
  }
  for (uint32_t n = 1; n < kept.categories; ++n) categories_.emplace(texts_->categories[n], n);
  windows_ = std::make_shared<WindowKeeper>();
  base.version->window_keeper = windows_;
  version_ = std::move(base.version);
  return true;
}

void ProjectionBuilder::BeginNext() {
  next_ = std::make_shared<ProjectionVersion>();
  if (version_ == nullptr) {
    texts_ = std::make_shared<ProjectionTexts>();
    texts_->categories.Append("");
    ids_ = std::make_shared<IdTable>(kChunkCustomers);
    windows_ = std::make_shared<WindowKeeper>();
    attribute_sets_.clear();
    categories_.clear();
  } else {
    next_->chunks = version_->chunks.Successor();
    next_->customers = version_->customers;
    next_->scoring = version_->scoring;
    next_->serving = version_->serving;
    next_->horizon_seconds = version_->horizon_seconds;
  }
  pending_.clear();
  changed_.clear();
  finished_ = 0;
  population_.emplace(version_.get());
}

absl::Status ProjectionBuilder::Load(storage::ProjectionReading& reading) {
  ++loads_;
  version_.reset();
  BeginNext();
  return reading.ScanFrom(
      0,
      [&](storage::CustomerInStore facts) {
        storage::ProjectCustomer(std::move(facts), &projected_);
        Put(projected_);
        return absl::OkStatus();
      },
      [](std::string_view /*customer_id*/) { return absl::OkStatus(); });
}

absl::Status ProjectionBuilder::Catch(storage::ProjectionReading& reading, bool in_lots) {
  BeginNext();
  size_t waiting = 0;
  const auto put_waiting = [&] { return PutWaiting(reading, std::exchange(waiting, 0)); };
  const auto end_lot = [&]() -> absl::Status {
    const size_t lot = changed_.size() - finished_ + waiting;
    // Large ones of many: each costs something of its own.
    if (!in_lots || lot < std::max(kLeastLot, finished_ / 2)) return absl::OkStatus();
    CLV_RETURN_IF_ERROR(put_waiting());
    ScoreChanged(SortLot());
    return IndexLot();
  };
  CLV_ASSIGN_OR_RETURN(const bool are_known,
                       reading.VisitChangedAfter(
                           version_->last_change,
                           [&](storage::ProjectedCustomer& customer) {
                             Put(customer);
                             return end_lot();
                           },
                           [&](storage::OrdersChange& change) -> absl::Status {
                             std::swap(waiting_[waiting++], change);
                             if (waiting == waiting_.size()) CLV_RETURN_IF_ERROR(put_waiting());
                             return end_lot();
                           },
                           [&](std::string_view id) {
                             if (const auto number = NumberOf(id)) Remove(*number);
                             return absl::OkStatus();
                           }));
  return are_known ? put_waiting() : ApplyScanned(reading);
}

absl::Status ProjectionBuilder::PutWaiting(storage::ProjectionReading& reading, size_t count) {
  FetchWaiting(count);
  for (size_t k = 0; k < count; ++k) {
    if (PutChange(waiting_[k])) continue;
    const std::string& id = waiting_[k].value.customer_id;
    CLV_ASSIGN_OR_RETURN(const bool is_there, reading.Find(id, [&](storage::CustomerInStore facts) {
      storage::ProjectCustomer(std::move(facts), &projected_);
      Put(projected_);
      return absl::OkStatus();
    }));
    if (is_there) continue;
    if (const auto number = NumberOf(id)) Remove(*number);
  }
  return absl::OkStatus();
}

// Customers of a change lie all over memory: one after the other, waiting for it is most of what
// they cost.
void ProjectionBuilder::FetchWaiting(size_t count) const {
  const auto for_each = [&](const auto& fetch) {
    for (size_t k = 0; k < count; ++k) fetch(std::string_view(waiting_[k].value.customer_id));
  };
  const auto for_each_guess = [&](const auto& fetch) {
    for_each([&](std::string_view id) {
      const auto number = ids_->Guess(id);
      if (number && *number < next_->customers) {
        fetch(next_->ChunkOf(*number), *number % kChunkCustomers);
      }
    });
  };
  for_each([&](std::string_view id) { ids_->Prefetch(id); });
  for_each_guess([](const CustomerChunk& chunk, size_t i) { chunk.PrefetchFacts(i); });
  for_each_guess([](const CustomerChunk& chunk, size_t i) {
    if (chunk.profiles != nullptr) chunk.profiles->PrefetchPlace(i);
    if (const auto& block = chunk.orders[i / kBlockCustomers]) block->PrefetchPlaces();
  });
  for_each_guess([](const CustomerChunk& chunk, size_t i) {
    if (chunk.profiles != nullptr) chunk.profiles->PrefetchId(i);
    if (const auto& block = chunk.orders[i / kBlockCustomers]) block->Prefetch(i % kBlockCustomers);
  });
}

absl::Status ProjectionBuilder::ApplyScanned(storage::ProjectionReading& reading) {
  uint32_t known_before = 0;
  for (size_t c = 0; c < version_->chunks.size(); ++c) {
    const CustomerChunk& chunk = version_->chunks[c];
    known_before += static_cast<uint32_t>(std::popcount(chunk.known.bits()));
  }
  uint32_t still_there = 0;
  const auto count = [&](std::string_view id) {
    if (version_->Find(id)) ++still_there;
  };
  CLV_RETURN_IF_ERROR(reading.ScanFrom(
      version_->folded_position,
      [&](storage::CustomerInStore facts) {
        count(facts.value.customer_id);
        storage::ProjectCustomer(std::move(facts), &projected_);
        Put(projected_);
        return absl::OkStatus();
      },
      [&](std::string_view id) {
        count(id);
        return absl::OkStatus();
      }));
  if (still_there < known_before) {
    // They may have been erased: their ids are not to stay in memory either.
    return absl::OutOfRangeError("customers have vanished");
  }
  return absl::OkStatus();
}

absl::Status ProjectionBuilder::ScoreCustomers(storage::ProjectionReading& reading,
                                               absl::Span<const uint32_t> changed) {
  CLV_ASSIGN_OR_RETURN(const std::optional<storage::ScoringState> scoring, reading.Scoring());
  const bool is_same = next_->scoring == scoring;
  if (!is_same || (scoring && next_->serving == nullptr)) {
    next_->serving.reset();
    next_->scoring = scoring;
    if (scoring) {
      CLV_ASSIGN_OR_RETURN(std::optional<domain::ServingFit> fit,
                           reading.FindFit(scoring->model_version));
      if (!fit) return absl::DataLossError("the fit of the last scoring is not stored");
      next_->serving = std::make_shared<const Serving>(*std::move(fit), scoring->day);
    }
  }
  if (is_same) {
    ScoreChanged(changed);
    return absl::OkStatus();
  }
  if (next_->serving == nullptr) return absl::OkStatus();
  const Serving& serving = *next_->serving;
  std::vector<CustomerChunk*> chunks(next_->chunks.size());
  for (size_t c = 0; c < chunks.size(); ++c) chunks[c] = &Open(c);
  struct Nothing {};
  return ScanChunks(chunks.size(), {.is_heavy = true}, Nothing{},
                    [&](size_t c, Nothing&) {
                      for (size_t i = 0; i < next_->SizeOf(c); ++i) {
                        chunks[c]->predicted_bound[i] =
                            BoundOf(PredictedClvOf(serving, *chunks[c], i));
                      }
                    })
      .status();
}

void ProjectionBuilder::ScoreChanged(absl::Span<const uint32_t> changed) {
  if (next_->serving == nullptr) return;
  for (const uint32_t number : changed) {
    CustomerChunk& chunk = Open(number / kChunkCustomers);
    const size_t i = number % kChunkCustomers;
    chunk.predicted_bound[i] = BoundOf(PredictedClvOf(*next_->serving, chunk, i));
  }
}

void ProjectionBuilder::ShareTexts() {
  next_->attribute_sets = static_cast<uint32_t>(texts_->attribute_sets.size());
  next_->categories = static_cast<uint32_t>(texts_->categories.size());
  next_->texts = texts_;
  next_->ids = ids_;
}

absl::Span<const uint32_t> ProjectionBuilder::SortLot() {
  const auto begin = changed_.begin() + static_cast<std::ptrdiff_t>(finished_);
  std::sort(begin, changed_.end());
  changed_.erase(std::unique(begin, changed_.end()), changed_.end());
  return absl::MakeConstSpan(changed_).subspan(finished_);
}

absl::Status ProjectionBuilder::IndexLot() {
  PackOrders();
  ShareTexts();
  const absl::Span<const uint32_t> lot = SortLot();
  const auto end_of_finished = changed_.begin() + static_cast<std::ptrdiff_t>(finished_);
  if (std::any_of(lot.begin(), lot.end(), [&](uint32_t number) {
        return std::binary_search(changed_.begin(), end_of_finished, number);
      })) {
    return absl::AbortedError("a customer comes twice");
  }
  population_->Add(*next_, lot);
  std::inplace_merge(changed_.begin(), end_of_finished, changed_.end());
  finished_ = changed_.size();
  return absl::OkStatus();
}

absl::Status ProjectionBuilder::Finish(storage::ProjectionReading& reading) {
  next_->serial = ++last_serial_;
  next_->store_id = reading.store_id();
  next_->folded_position = reading.folded_position();
  next_->last_change = reading.last_change();
  next_->reporting_currency = reading.reporting_currency();
  next_->horizon_seconds = reading.horizon_seconds();
  CLV_RETURN_IF_ERROR(ScoreCustomers(reading, SortLot()));
  CLV_RETURN_IF_ERROR(IndexLot());
  next_->population = population_->Finish(*next_, changed_);
  population_.reset();
  next_->window_keeper = windows_;
  if (version_ != nullptr) next_->windows = windows_->Follow(*version_, *next_, changed_);
  next_->chunks.Seal();
  return absl::OkStatus();
}

std::optional<uint32_t> ProjectionBuilder::NumberOf(std::string_view customer_id) const {
  return ids_->Find(customer_id, next_->customers,
                    [&](uint32_t number) { return next_->IdOf(number) == customer_id; });
}

uint32_t ProjectionBuilder::GiveNumber(std::string_view customer_id, uint32_t signup) {
  const uint32_t number = next_->customers;
  if (number % kChunkCustomers == 0) {
    next_->chunks.Append(std::make_unique<CustomerChunk>());
  }
  CustomerChunk& chunk = Open(number / kChunkCustomers);
  const size_t i = number % kChunkCustomers;
  auto profiles = chunk.profiles != nullptr ? std::make_shared<CustomerProfiles>(*chunk.profiles)
                                            : std::make_shared<CustomerProfiles>();
  profiles->AppendId(i, customer_id);
  profiles->signup[i] = signup;
  chunk.profiles = std::move(profiles);
  if (number == ids_->capacity()) ids_ = TableFor(*next_, size_t{number} + number / 2);
  ids_->Add(customer_id, number);
  ++next_->customers;
  return number;
}

uint32_t ProjectionBuilder::AttributeSetOf(const domain::CustomerAttributes& attributes) {
  const auto [entry, is_new] = attribute_sets_.try_emplace(AttributeKey(attributes), 0);
  if (is_new) entry->second = static_cast<uint32_t>(texts_->attribute_sets.Append(attributes));
  return entry->second;
}

uint32_t ProjectionBuilder::CategoryOf(std::string_view text) {
  if (text.empty()) return 0;
  const auto [entry, is_new] = categories_.try_emplace(std::string(text), 0);
  if (is_new) entry->second = static_cast<uint32_t>(texts_->categories.Append(std::string(text)));
  return entry->second;
}

void ProjectionBuilder::Put(storage::ProjectedCustomer& customer) {
  const std::optional<uint32_t> known = NumberOf(customer.value.customer_id);
  const uint32_t number = known ? *known
                                : GiveNumber(customer.value.customer_id,
                                             storage::ToInstant(customer.value.signup_date));
  CustomerChunk& chunk = Open(number / kChunkCustomers);
  const size_t i = number % kChunkCustomers;
  PutColumns(customer, chunk, i);
  PutOrderColumns(customer.orders, customer.rare.imported ? &*customer.rare.imported : nullptr,
                  chunk, i);
  chunk.rare.Put(i, customer.rare);
  PutOrders(number, std::move(customer.orders));
}

bool ProjectionBuilder::PutChange(const storage::OrdersChange& change) {
  const std::optional<uint32_t> known = NumberOf(change.value.customer_id);
  if (!known) return false;
  const size_t i = *known % kChunkCustomers;
  const CustomerChunk& before = next_->chunks[*known / kChunkCustomers];
  if (!before.known[i] || before.rare.ImportedOf(i) != nullptr) return false;
  std::vector<ProjectedOrder> orders;
  if (const OrderBlock* const block = before.orders[i / kBlockCustomers].get(); block != nullptr) {
    orders = block->OrdersOf(i % kBlockCustomers);
  }
  storage::RareFacts rare = before.rare.Of(i);
  const std::vector<OrderRow> rows_before = rare.rows;
  if (!ApplyChange(change, &orders, &rare.rows)) return false;
  CustomerChunk& chunk = Open(*known / kChunkCustomers);
  PutSummary(change.value, change.distinct_products, change.favorite_category, chunk, i);
  PutOrderColumns(orders, nullptr, chunk, i);
  if (rare.rows != rows_before) chunk.rare.Put(i, rare);
  PutOrders(*known, std::move(orders));
  return true;
}

void ProjectionBuilder::PutOrderColumns(const std::vector<ProjectedOrder>& orders,
                                        const ImportedRecord* imported, CustomerChunk& chunk,
                                        size_t i) {
  RepeatSpend spend(imported);
  for (const ProjectedOrder& order : orders) {
    if (order.qualifies) spend.Add(order.date, order.value_micros);
  }
  spend.Store(i, &chunk.state);
}

void ProjectionBuilder::Remove(uint32_t number) {
  CustomerChunk& chunk = Open(number / kChunkCustomers);
  const size_t i = number % kChunkCustomers;
  PutColumns({}, chunk, i);
  chunk.known.Set(i, false);
  chunk.rare.Put(i, {});
  PutOrders(number, {});
}

void ProjectionBuilder::PutColumns(const storage::ProjectedCustomer& customer, CustomerChunk& chunk,
                                   size_t i) {
  chunk.state.imported.Set(i, customer.rare.imported.has_value());
  chunk.known.Set(i, true);
  chunk.described.Set(i, customer.value.described);
  chunk.attributes.Set(i, AttributeSetOf(customer.value.attributes));
  PutSignup(storage::ToInstant(customer.value.signup_date), chunk, i);
  PutSummary(customer.value, customer.distinct_products, customer.favorite_category, chunk, i);
}

void ProjectionBuilder::PutSignup(uint32_t signup, CustomerChunk& chunk, size_t i) {
  if (chunk.Signup(i) == signup) return;
  auto profiles = std::make_shared<CustomerProfiles>(*chunk.profiles);
  profiles->signup[i] = signup;
  chunk.profiles = std::move(profiles);
}

void ProjectionBuilder::PutSummary(const storage::CustomerValue& value, uint64_t distinct_products,
                                   std::string_view favorite_category, CustomerChunk& chunk,
                                   size_t i) {
  const domain::CustomerSummary& summary = value.summary;
  StateColumns& state = chunk.state;
  state.spend_micros.Set(i, summary.total_spend_micros);
  state.refunded_micros.Set(i, summary.refunded_micros);
  state.purchase_count.Set(i, summary.purchase_count);
  state.repeat_order_days.Set(i, summary.repeat_order_days);
  state.first[i] = storage::ToInstant(summary.first_purchase_date.value_or(0));
  state.last[i] = storage::ToInstant(summary.last_purchase_date.value_or(0));
  state.has_rows.Set(i, summary.visible_rows > 0);
  chunk.updated_at[i] = storage::ToInstant(value.updated_at);
  chunk.SetLastActivity(i, storage::ToInstant(summary.last_activity_date));
  chunk.distinct_products.Set(i, static_cast<uint32_t>(distinct_products));
  chunk.favorite_category.Set(i, CategoryOf(favorite_category));
}

void ProjectionBuilder::PutOrders(uint32_t number, std::vector<ProjectedOrder> orders) {
  changed_.push_back(number);
  pending_[number / kBlockCustomers].emplace_back(number % kBlockCustomers, std::move(orders));
  if (pending_.size() >= kMostPendingBlocks) PackOrders();
}

void ProjectionBuilder::PackOrders() {
  for (auto& [block, changes] : pending_) {
    CustomerChunk& chunk = Open(block / kChunkBlocks);
    std::shared_ptr<const OrderBlock>& packed = chunk.orders[block % kChunkBlocks];
    if (packed != nullptr) {
      packed = std::make_shared<const OrderBlock>(packed->With(changes));
      continue;
    }
    OrderBlock::Orders orders;
    for (auto& [i, of_customer] : changes) orders[i] = std::move(of_customer);
    packed = std::make_shared<const OrderBlock>(orders);
  }
  pending_.clear();
}

}  // namespace clv::query
