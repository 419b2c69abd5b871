#pragma once

#include <pugixml.hpp>

#include <cstddef>
#include <forward_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/mapping/reply_body.h"
#include "core/mapping/value_template.h"

namespace re2 {
class RE2;
}

namespace core::mapping {

/// An XPath 1.0 expression, compiled once a lane: pugixml does not promise that one can be evaluated
/// by two threads.
class Xpath {
 public:
  /// `error` and `offset` say why an expression is none.
  static bool compile(const std::string& expression, std::size_t lanes, Xpath& out,
                      std::string& error, std::size_t& offset);
  const pugi::xpath_query& query(std::size_t lane) const noexcept { return *lanes_[lane]; }
  const std::string& expression() const noexcept { return expression_; }

 private:
  std::string expression_;
  std::vector<std::unique_ptr<pugi::xpath_query>> lanes_;
};

/// An RE2 pattern over a reply's text with its named groups; one RE2 a lane, see rules::Pattern.
class GroupPattern {
 public:
  /// The reason in RE2's words, empty when it is a pattern.
  static std::string compile(const std::string& expression, std::size_t lanes, GroupPattern& out);
  GroupPattern() noexcept;
  GroupPattern(GroupPattern&&) noexcept;
  GroupPattern& operator=(GroupPattern&&) noexcept;
  ~GroupPattern();

  const std::vector<std::pair<std::string, int>>& names() const noexcept { return names_; }
  /// Whether it is found anywhere in `text`; its named groups, those that took part, are added.
  bool match(std::string_view text, std::size_t lane,
             std::vector<std::pair<std::string_view, std::string_view>>& groups) const;

 private:
  std::vector<std::pair<std::string, int>> names_;  // and the number of the group
  std::vector<std::unique_ptr<re2::RE2>> lanes_;
};

/// The values of one reply and of the claims that were kept for it. For one read().
class ReplyValues final : public Values {
 public:
  ReplyValues(const Reply& reply, ReplyBody& body, const Kept& kept,
              const std::vector<Xpath>& xpaths, std::size_t lane)
      : reply_(reply), body_(body), kept_(kept), xpaths_(xpaths), lane_(lane) {}

  Value get(const Place& place, bool& memory) override;

  // Each is kAbsent when there is no such value, or when the body cannot be read: then `why` says
  // so. A null is kAbsent. Arrays and objects have their kind and no text.
  Value header(std::string_view name) const noexcept;
  Value pointer(std::string_view pointer, Unresolved& why);
  Value xpath(std::size_t index, Unresolved& why);
  /// The whole body as a text, without white space at both ends.
  Value whole_text(Unresolved& why);

  /// For the next row.
  void begin_row() noexcept {
    groups_.clear();
    trouble_ = Unresolved::kNone;
  }
  /// Why the body could not be read for a place of this row; kNone when it could.
  Unresolved trouble() const noexcept { return trouble_; }

  /// The named groups that the row at hand has matched.
  std::vector<std::pair<std::string_view, std::string_view>>& groups() noexcept { return groups_; }
  std::size_t lane() const noexcept { return lane_; }

 private:
  std::string_view keep(std::string text) { return owned_.emplace_front(std::move(text)); }

  const Reply& reply_;
  ReplyBody& body_;
  const Kept& kept_;
  const std::vector<Xpath>& xpaths_;
  std::size_t lane_;
  Unresolved trouble_ = Unresolved::kNone;
  std::vector<std::pair<std::string_view, std::string_view>> groups_;
  std::forward_list<std::string> owned_;  // a deque allocates when it is made
};

/// A scalar of a JSON document; numbers as JSON text in `room`. Arrays and objects have no text.
Value value_of(simdjson::dom::element element, std::string& room);

}  // namespace core::mapping
