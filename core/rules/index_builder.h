#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/rules/index.h"
#include "core/rules/program.h"

namespace core::rules {

enum class Indexing : std::uint8_t {
  kIfItHelps,  // not below kIndexedRulesMin rules, nor when most rules need be looked at anyway
  kAlways,     // for tests and benchmarks
  kNever,
};
/// Below this many rules testing each one is as fast (docs/performance.md, "Rules").
inline constexpr std::size_t kIndexedRulesMin = 16;

/// Builds the index of a program: chooses for each rule what it is filed under.
///
/// A condition is *covered* by keys when it cannot match unless one of them does. A test is covered
/// by the values it wants, or by itself as a shared test; `all` by what covers any one child; `any`
/// by what covers each child, together; `not` by itself. Of the covers of an `all` the one is taken
/// that costs least: a value that few rules want, rather than one that most of them do.
class IndexBuilder {
 public:
  /// `program` is complete but for its index and is borrowed for the time of the building.
  IndexBuilder(const Program& program, Indexing indexing)
      : program_(program), indexing_(indexing) {}

  Index build();

 private:
  enum class Family : std::uint8_t {
    kText,
    kNumber,
    kRange,    // `text` is the bytes of the range
    kNetwork,  // `text` is what lists::write_network() writes
    kFalse,
    kTrue,
    kStart,
    kEnd,
    kLiteral,  // a table of Index::Values
    kTest,     // a node, asked by itself
  };
  struct Key {
    Family family = Family::kTest;
    std::uint32_t place = 0;  // a subject; of kTest a node
    std::uint32_t table = 0;  // in table_uses_
    std::string text;
    double number = 0;
    std::uint32_t uses = 0;       // rules that could be filed under it
    std::uint32_t last_user = 0;  // the last of them, plus one
    std::vector<std::uint32_t> rules;
  };
  struct Cover {
    double cost = 0;  // ns a request, a guess; see kLookCost
    bool always = false;
    std::vector<std::uint32_t> keys;
  };

  void collect(std::uint32_t node, std::uint32_t rule);
  void collect_leaf(std::uint32_t node, std::uint32_t rule);
  void collect_literals(std::uint32_t node, std::uint32_t rule);
  void add_key(std::uint32_t node, std::uint32_t rule, Family family, std::string text,
               double number = 0);
  void add_test(std::uint32_t node, std::uint32_t rule);
  Cover choose(std::uint32_t node) const;
  Cover cover_of(std::uint32_t node) const;
  Cover look_always(std::uint32_t node) const;
  double test_cost(std::uint32_t node) const;
  double test_chance(std::uint32_t node) const;
  std::string canonical(std::uint32_t node) const;

  Run add_run(const std::vector<std::uint32_t>& rules);
  void lay_out(const std::vector<std::uint32_t>& always);
  void lay_out_values(std::uint32_t subject, const std::vector<std::uint32_t>& keys);
  void lay_out_readers();

  const Program& program_;
  Indexing indexing_;
  Index index_;
  std::vector<Key> keys_;
  std::unordered_map<std::string, std::uint32_t> key_places_;
  std::vector<std::vector<std::uint32_t>> node_keys_;                   // by node
  std::unordered_map<std::string, std::uint32_t> table_places_;         // of a family and subject
  std::vector<std::uint32_t> table_uses_;                               // uses of all its keys
  std::unordered_map<std::string, std::vector<std::string>> literals_;  // by expression
};

}  // namespace core::rules
