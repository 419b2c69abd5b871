#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/claims/name_table.h"
#include "core/config/backend.h"
#include "core/config/diagnostics.h"
#include "core/mapping/answer.h"
#include "core/mapping/question.h"
#include "core/rules/evaluation.h"

namespace core::mapping {

/// What a mapping may name. Borrowed for the time of the compilation.
struct Names {
  claims::NameTable& claims;
  const std::map<std::string, std::uint32_t, std::less<>>& messages;  // name -> index
  std::size_t lanes;  // workers that will read answers
  const rules::ValueTables* tables = nullptr;  // for the filter `map`; null: none
  bool free_names = false;  // see rules::Vocabulary
};

/// Memory in which replies are read, used again for the next one. It keeps no more than kKeptBytes of a
/// large one. Thread: one owner.
class ReplyRoom {
 public:
  static constexpr std::size_t kKeptBytes = 64 << 10;

  ReplyRoom();  // throws std::bad_alloc
  ~ReplyRoom();
  ReplyRoom(ReplyRoom&&) = delete;

 private:
  friend class Mapping;
  struct Json;
  std::unique_ptr<Json> json_;
};

/// One backend's mapping, compiled: how claims become a question and how an answer becomes a
/// decision. Pure: same arguments, same result. Immutable; any thread, but one thread a lane at a
/// time. Moves, does not copy.
class Mapping {
 public:
  Mapping(Mapping&&) noexcept;
  Mapping& operator=(Mapping&&) noexcept;
  ~Mapping();

  /// Makes the question from the claims as they are in `evaluation` and, for a backend that gets it,
  /// from the caller's `body`. Takes scratch memory of the evaluation's arena. `kept` becomes what
  /// read() needs of the claims. Anything but kNone: the backend cannot be asked, and `question` and
  /// `kept` are unspecified.
  [[nodiscard]] NotAsked ask(rules::Evaluation& evaluation, std::string_view body,
                             Question& question, Kept& kept) const;

  /// Makes `answer`, whatever it was before, what `reply` means; its memory is used again. `lane` selects
  /// the worker's own copy of shared matchers. An allocation that fails is thrown (std::bad_alloc), nothing
  /// else.
  void read(const Reply& reply, const Kept& kept, std::size_t lane, ReplyRoom& room, Answer& answer) const;
  [[nodiscard]] Answer read(const Reply& reply, const Kept& kept, std::size_t lane) const {
    ReplyRoom room;
    Answer answer;
    read(reply, kept, lane, room, answer);
    return answer;
  }

 private:
  friend Mapping compile_mapping(const config::Backend& backend, const Names& names,
                                 config::Diagnostics& diagnostics);
  struct Compiled;
  explicit Mapping(std::unique_ptr<const Compiled> compiled) noexcept;

  std::unique_ptr<const Compiled> compiled_;
};

/// Resolves the names in a backend's mapping and lays it out for use. Claims are interned into
/// `names.claims`, those that answers set as well. Mistakes go to `diagnostics`; the mapping is
/// usable only when there were none.
Mapping compile_mapping(const config::Backend& backend, const Names& names,
                        config::Diagnostics& diagnostics);

}  // namespace core::mapping
