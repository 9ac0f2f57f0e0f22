// services/query/projection/sorted_buckets.h: a sorted list whose versions share what did not
// change.
#ifndef CLV_SERVICES_QUERY_PROJECTION_SORTED_BUCKETS_H_
#define CLV_SERVICES_QUERY_PROJECTION_SORTED_BUCKETS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "services/query/projection/packed_bucket.h"
#include "services/query/projection/version_keeper.h"

namespace clv::query {

// Values with a `<`, and an `==` of all that they hold, packed (see FieldsOf); equal ones as often
// as they were added.
// Immutable: a change makes another list, at the cost of copying the buckets that it touches, and
// pointers to others near them; a copy shares all of them. Finding a value or a rank takes three
// binary searches.
template <typename Value>
class SortedBuckets {
 public:
  size_t size() const { return list_->size(); }

  // The value at a rank from 0; wants rank < size().
  Value At(size_t rank) const {
    const size_t n = list_->IndexOf(rank);
    const Node& node = *list_->children[n];
    rank -= list_->before[n];
    const size_t b = node.IndexOf(rank);
    return (*node.children[b])[rank - node.before[b]];
  }

  // Values for which `is_below`, which holds for all smaller ones too, holds.
  template <typename IsBelow>
  size_t CountWhile(const IsBelow& is_below) const {
    const size_t nodes = list_->CountFrontsWhile(is_below);
    if (nodes == 0) return 0;
    const Node& node = *list_->children[nodes - 1];
    const size_t b = node.CountFrontsWhile(is_below) - 1;
    return list_->before[nodes - 1] + node.before[b] + node.children[b]->CountWhile(is_below);
  }
  size_t CountBelow(const Value& value) const {
    return CountWhile([&](const Value& other) { return other < value; });
  }

  // Calls `visit(value)` in rising order.
  template <typename Visit>
  void ForEach(const Visit& visit) const {
    for (const Node* const node : list_->children) {
      for (const Bucket* const bucket : node->children) {
        for (size_t i = 0; i < bucket->size(); ++i) visit((*bucket)[i]);
      }
    }
  }

  // Calls `visit(value)` in rising order until it returns false, from the first value on for which
  // `is_below`, which holds for all smaller ones too, does not hold.
  template <typename IsBelow, typename Visit>
  void ForEachFrom(const IsBelow& is_below, const Visit& visit) const {
    size_t rank = CountWhile(is_below);
    if (rank == size()) return;
    size_t n = list_->IndexOf(rank);
    rank -= list_->before[n];
    size_t b = list_->children[n]->IndexOf(rank);
    for (size_t i = rank - list_->children[n]->before[b]; n < list_->children.size(); ++n, b = 0) {
      const Node& node = *list_->children[n];
      for (; b < node.children.size(); ++b, i = 0) {
        // Buckets lie all over memory.
        if (b + 2 < node.children.size()) __builtin_prefetch(node.children[b + 2]);
        if (b + 1 < node.children.size()) node.children[b + 1]->Prefetch();
        for (; i < node.children[b]->size(); ++i) {
          if (!visit((*node.children[b])[i])) return;
        }
      }
    }
  }

  // Calls `visit(value)` in falling order until it returns false.
  template <typename Visit>
  void ForEachFalling(const Visit& visit) const {
    for (auto node = list_->children.rbegin(); node != list_->children.rend(); ++node) {
      for (auto b = (*node)->children.rbegin(); b != (*node)->children.rend(); ++b) {
        for (size_t i = (*b)->size(); i > 0; --i) {
          if (!visit((**b)[i - 1])) return;
        }
      }
    }
  }

  std::vector<Value> All() const {
    std::vector<Value> all;
    all.reserve(size());
    ForEach([&](const Value& value) { all.push_back(value); });
    return all;
  }

  // The list without `removed` and with `added`; both sorted. What is in both cancels out, and what
  // is removed must be there. The second such list of a list and its copies copies all.
  SortedBuckets With(const std::vector<Value>& removed, const std::vector<Value>& added) const {
    std::vector<Value> gone;
    std::vector<Value> come;
    auto out = removed.begin();
    auto in = added.begin();
    while (out != removed.end() || in != added.end()) {
      if (in == added.end() || (out != removed.end() && *out < *in)) {
        gone.push_back(*out++);
      } else if (out == removed.end() || *in < *out) {
        come.push_back(*in++);
      } else if (*out == *in) {
        ++out;
        ++in;
      } else {
        // At the same place, but not the same.
        gone.push_back(*out++);
        come.push_back(*in++);
      }
    }
    if (gone.empty() && come.empty()) return *this;
    Successor next(*list_);
    next.Apply(EditsOf(*list_, gone, come), come);
    SortedBuckets changed;
    changed.list_ = next.Take();
    return changed;
  }

  // The lists made from this one are gone, and another one may share with it: see VersionKeeper.
  void Withdraw() const {
    if (!list_->of_buckets->has_successor()) return;
    list_->of_buckets->Withdraw(list_->Buckets());
    list_->of_nodes->Withdraw(list_->children);
  }

  // In memory, about.
  size_t bytes() const {
    size_t bytes = 0;
    for (const Node* const node : list_->children) {
      for (const Bucket* const bucket : node->children) bytes += bucket->bytes();
      bytes += node->children.size() * (sizeof(Value) + sizeof(size_t) + sizeof(Bucket*));
    }
    return bytes;
  }

 private:
  // Of values in a bucket, and of buckets in a node: up to twice as many.
  static constexpr size_t kTarget = 64;
  using Iterator = typename std::vector<Value>::const_iterator;
  using Values = std::vector<Value>;
  using Bucket = PackedBucket<Value>;

  // Buckets, or nodes of them; none is empty.
  template <typename Child>
  struct Level {
    std::vector<const Child*> children;
    std::vector<Value> fronts;         // the first value of each
    std::vector<size_t> before = {0};  // values before each, then all

    size_t size() const { return before.back(); }
    size_t count(size_t i) const { return before[i + 1] - before[i]; }
    // Wants rank < size().
    size_t IndexOf(size_t rank) const {
      return static_cast<size_t>(std::upper_bound(before.begin(), before.end(), rank) -
                                 before.begin()) -
             1;
    }
    // From the child after `from` on, or all.
    template <typename IsBelow>
    size_t CountFrontsWhile(const IsBelow& is_below, size_t from = 0) const {
      return static_cast<size_t>(
          std::partition_point(fronts.begin() + static_cast<std::ptrdiff_t>(from), fronts.end(),
                               is_below) -
          fronts.begin());
    }
    void Append(const Child* child, const Value& front, size_t count) {
      children.push_back(child);
      fronts.push_back(front);
      before.push_back(before.back() + count);
    }
    // Children from `begin` to before `end` of another level.
    void AppendFrom(const Level& other, size_t begin, size_t end) {
      const auto at = [](const auto& list, size_t i) {
        return list.begin() + static_cast<std::ptrdiff_t>(i);
      };
      children.insert(children.end(), at(other.children, begin), at(other.children, end));
      fronts.insert(fronts.end(), at(other.fronts, begin), at(other.fronts, end));
      const size_t shift = before.back() - other.before[begin];
      for (size_t i = begin; i < end; ++i) before.push_back(other.before[i + 1] + shift);
    }
    void Reserve(size_t count) {
      children.reserve(count);
      fronts.reserve(count);
      before.reserve(count + 1);
    }
    void RemoveLast() {
      children.pop_back();
      fronts.pop_back();
      before.pop_back();
    }
  };
  using Node = Level<Bucket>;

  struct List : Level<Node> {
    List() = default;
    List(const List&) = delete;
    List& operator=(const List&) = delete;
    ~List() {
      of_buckets->GiveUp(of_buckets->has_successor() ? std::vector<const Bucket*>() : Buckets());
      of_nodes->GiveUp(std::move(this->children));
    }

    std::vector<const Bucket*> Buckets() const {
      std::vector<const Bucket*> buckets;
      for (const Node* const node : this->children) {
        buckets.insert(buckets.end(), node->children.begin(), node->children.end());
      }
      return buckets;
    }

    const std::shared_ptr<VersionKeeper<Bucket>> of_buckets =
        std::make_shared<VersionKeeper<Bucket>>();
    const std::shared_ptr<VersionKeeper<Node>> of_nodes = std::make_shared<VersionKeeper<Node>>();
  };

  // What becomes of one bucket.
  struct Edit {
    size_t node = 0;
    size_t bucket = 0;
    const Bucket* values = nullptr;
    Iterator gone, gone_end, come, come_end;
  };

  // Of a list that has buckets, by place. No value is in both `gone` and `come`, which outlive
  // them.
  static std::vector<Edit> EditsOf(const List& list, const std::vector<Value>& gone,
                                   const std::vector<Value>& come) {
    std::vector<Edit> edits;
    auto out = gone.begin();
    auto in = come.begin();
    size_t n = 0;
    size_t b = 0;
    while (!list.children.empty() && (out != gone.end() || in != come.end())) {
      // A value belongs into the last bucket whose first one is not above it; but the one before
      // gives up what equals that.
      const auto is_before = [&](const Value& front) {
        return (in == come.end() || !(*in < front)) && (out == gone.end() || front < *out);
      };
      if (const size_t last = list.CountFrontsWhile(is_before, n + 1) - 1; last != n) {
        n = last;
        b = 0;
      }
      const Node& node = *list.children[n];
      b = node.CountFrontsWhile(is_before, b + 1) - 1;
      Edit edit{n, b, node.children[b], out, gone.end(), in, come.end()};
      const bool ends_node = b + 1 == node.children.size();
      if (!ends_node || n + 1 < list.children.size()) {
        // What is not below the first value of the next bucket belongs there; but of what equals
        // it, this bucket gives up its own.
        const Value& bound = ends_node ? list.fronts[n + 1] : node.fronts[b + 1];
        edit.come_end = std::lower_bound(in, come.end(), bound);
        edit.gone_end = std::lower_bound(out, gone.end(), bound);
        const auto equal_end = std::upper_bound(edit.gone_end, gone.end(), bound);
        if (edit.gone_end != equal_end) {
          edit.gone_end += std::min(equal_end - edit.gone_end, CountOf(*edit.values, bound));
        }
      }
      out = edit.gone_end;
      in = edit.come_end;
      if (edit.gone != out || edit.come != in) edits.push_back(edit);
      n += ends_node ? 1 : 0;
      b = ends_node ? 0 : b + 1;
    }
    return edits;
  }

  // Makes the list that follows another one.
  class Successor {
   public:
    explicit Successor(const List& list) : list_(list), shares_(list.of_buckets->Claim()) {}

    // `come`: what a list of nothing becomes.
    void Apply(const std::vector<Edit>& edits, const Values& come) {
      if (list_.children.empty()) {
        auto node = std::make_unique<Node>();
        AppendBucket(come, node.get());
        AppendNode(std::move(node));
        return;
      }
      for (size_t k = 0; k < kAhead; ++k) Fetch(edits, k);
      auto edit = edits.begin();
      next_->Reserve(list_.children.size() + kSomeMore);
      for (size_t n = 0; n < list_.children.size();) {
        const size_t edited = edit != edits.end() ? edit->node : list_.children.size();
        if (shares_ && n < edited) {
          next_->AppendFrom(list_, n, edited);
          is_last_node_own_ = false;
          n = edited;
        } else {
          edit = Rebuild(n, edits, edit);
          ++n;
        }
      }
    }

    std::shared_ptr<const List> Take() {
      // A list of nothing may have successors on several threads.
      if (shares_ && !list_.children.empty()) {
        list_.of_buckets->SucceededBy(next_->of_buckets, std::move(replaced_buckets_));
        list_.of_nodes->SucceededBy(next_->of_nodes, std::move(replaced_nodes_));
      }
      return std::move(next_);
    }

   private:
    using EditIterator = typename std::vector<Edit>::const_iterator;
    static constexpr size_t kAhead = 8;
    static constexpr size_t kSomeMore = 2;  // children that a level mostly gains at most

    // Buckets lie all over memory: the later ones are fetched while others are made.
    static void Fetch(const std::vector<Edit>& edits, size_t k) {
      if (k < edits.size()) __builtin_prefetch(edits[k].values);
      if (k < kAhead / 2 || k - kAhead / 2 >= edits.size()) return;
      edits[k - kAhead / 2].values->Prefetch();
    }

    // The node with the edits of its buckets; returns the first one after them.
    EditIterator Rebuild(size_t n, const std::vector<Edit>& edits, EditIterator edit) {
      const Node& old = *list_.children[n];
      auto node = std::make_unique<Node>();
      node->Reserve(old.children.size() + kSomeMore);
      for (size_t b = 0; b < old.children.size();) {
        const bool has_edit = edit != edits.end() && edit->node == n;
        const size_t edited = has_edit ? edit->bucket : old.children.size();
        if (b == edited) {
          Fetch(edits, static_cast<size_t>(edit - edits.begin()) + kAhead);
          if (shares_) replaced_buckets_.push_back(old.children[b]);
          AppendEdited(*edit, node.get());
          ++edit;
          ++b;
        } else if (shares_) {
          node->AppendFrom(old, b, edited);
          is_last_bucket_own_ = false;
          b = edited;
        } else {
          AppendOwn(AllOf(*old.children[b]), node.get());
          ++b;
        }
      }
      if (shares_) replaced_nodes_.push_back(&old);
      AppendNode(std::move(node));
      return edit;
    }

    // Mostly few come and go, and what comes fits, so that the rest is copied as it is.
    void AppendEdited(const Edit& edit, Node* node) {
      const Bucket& old = *edit.values;
      const size_t most = old.size() + static_cast<size_t>(edit.come_end - edit.come);
      const size_t least = most - static_cast<size_t>(edit.gone_end - edit.gone);
      if (least >= kTarget / 4 && most <= 2 * kTarget &&
          std::all_of(edit.come, edit.come_end,
                      [&](const Value& value) { return old.Fits(value); })) {
        typename Bucket::Maker maker(old, most);
        Merge(
            edit, [&](size_t begin, size_t end) { maker.Copy(begin, end); },
            [&](const Value& value) { maker.Put(value); });
        AppendOwn(new Bucket(maker.Take()), node);
        return;
      }
      Values merged;
      merged.reserve(most);
      Merge(
          edit, [&](size_t begin, size_t end) { old.AppendTo(&merged, begin, end); },
          [&](const Value& value) { merged.push_back(value); });
      AppendBucket(std::move(merged), node);
    }

    void AppendBucket(Values values, Node* node) {
      if (values.size() > 2 * kTarget) {
        const size_t parts = (values.size() + kTarget - 1) / kTarget;
        for (size_t p = 0; p < parts; ++p) {
          const size_t begin = values.size() * p / parts;
          const size_t end = values.size() * (p + 1) / parts;
          AppendOwn(absl::MakeConstSpan(values).subspan(begin, end - begin), node);
        }
        return;
      }
      // What has become few joins the bucket before, so that there are never many small ones.
      if (values.size() < kTarget / 4 && !node->children.empty() &&
          node->children.back()->size() + values.size() <= kTarget) {
        const Bucket* const last = node->children.back();
        Values joined = AllOf(*last);
        joined.insert(joined.end(), values.begin(), values.end());
        values = std::move(joined);
        if (is_last_bucket_own_) {
          delete last;
        } else {
          replaced_buckets_.push_back(last);
        }
        node->RemoveLast();
      }
      if (!values.empty()) AppendOwn(values, node);
    }
    void AppendOwn(absl::Span<const Value> values, Node* node) {
      AppendOwn(new Bucket(values), node);
    }
    void AppendOwn(const Bucket* bucket, Node* node) {
      node->Append(bucket, (*bucket)[0], bucket->size());
      is_last_bucket_own_ = true;
    }

    // Likewise of the nodes.
    void AppendNode(std::unique_ptr<Node> node) {
      const size_t children = node->children.size();
      if (children > 2 * kTarget) {
        const size_t parts = (children + kTarget - 1) / kTarget;
        for (size_t p = 0; p < parts; ++p) {
          auto part = std::make_unique<Node>();
          part->AppendFrom(*node, children * p / parts, children * (p + 1) / parts);
          AppendOwn(std::move(part));
        }
        return;
      }
      if (children < kTarget / 4 && !next_->children.empty() &&
          next_->children.back()->children.size() + children <= kTarget) {
        const Node* const last = next_->children.back();
        auto joined = std::make_unique<Node>(*last);
        joined->AppendFrom(*node, 0, children);
        node = std::move(joined);
        if (is_last_node_own_) {
          delete last;
        } else {
          replaced_nodes_.push_back(last);
        }
        next_->RemoveLast();
      }
      if (!node->children.empty()) AppendOwn(std::move(node));
    }
    void AppendOwn(std::unique_ptr<Node> node) {
      const Value front = node->fronts.front();
      const size_t count = node->size();
      next_->Append(node.release(), front, count);
      is_last_node_own_ = true;
    }

    const List& list_;
    const bool shares_;
    std::shared_ptr<List> next_ = std::make_shared<List>();
    bool is_last_bucket_own_ = false;  // of the node that is made
    bool is_last_node_own_ = false;    // of next_
    // Of the list, that next_ does not hold.
    std::vector<const Bucket*> replaced_buckets_;
    std::vector<const Node*> replaced_nodes_;
  };

  static std::ptrdiff_t CountOf(const Bucket& bucket, const Value& value) {
    const size_t begin = bucket.CountWhile([&](const Value& other) { return other < value; });
    const size_t end =
        bucket.CountWhile([&](const Value& other) { return !(value < other); }, begin);
    return static_cast<std::ptrdiff_t>(end - begin);
  }

  static Values AllOf(const Bucket& bucket) {
    Values values;
    values.reserve(bucket.size());
    bucket.AppendTo(&values, 0, bucket.size());
    return values;
  }

  // Calls `copy(begin, end)` for what stays of a bucket and `put(value)` for what comes, in order.
  template <typename Copy, typename Put>
  static void Merge(const Edit& edit, const Copy& copy, const Put& put) {
    const Bucket& bucket = *edit.values;
    auto gone = edit.gone;
    auto come = edit.come;
    size_t from = 0;
    while (gone != edit.gone_end || come != edit.come_end) {
      const bool comes = gone == edit.gone_end || (come != edit.come_end && *come < *gone);
      const Value& value = comes ? *come : *gone;
      const size_t place =
          bucket.CountWhile([&](const Value& other) { return other < value; }, from);
      copy(from, place);
      from = place;
      if (comes) {
        put(value);
        ++come;
      } else {
        if (from != bucket.size() && !(value < bucket[from])) ++from;
        ++gone;
      }
    }
    copy(from, bucket.size());
  }

  static const std::shared_ptr<const List>& Empty() {
    static const std::shared_ptr<const List> empty = std::make_shared<const List>();
    return empty;
  }

  std::shared_ptr<const List> list_ = Empty();
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_SORTED_BUCKETS_H_
