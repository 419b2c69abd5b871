#include "core/config/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <istream>
#include <streambuf>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/config/place.h"
#include "core/config/yaml_problems.h"
#include "core/text/text.h"

namespace core::config {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool is_quotation(char c) { return c == '"' || c == '\''; }

bool is_flow_mark(char c) { return std::string_view(",[]{}").find(c) != kNowhere; }

/// Thrown through yaml-cpp by our own event handler, once the reason has been reported.
struct Stop {};

/// Reads a text in place; std::istringstream would copy it.
class TextBuffer : public std::streambuf {
 public:
  explicit TextBuffer(std::string_view text) {
    char* const begin = const_cast<char*>(text.data());  // never written: there is no overflow()
    setg(begin, begin, begin + text.size());
  }
};

class Builder final : public YAML::EventHandler {
 public:
  Builder(std::uint32_t file, Diagnostics& diagnostics, Tree& tree)
      : file_(file), text_(diagnostics.text(file)), diagnostics_(diagnostics), tree_(tree) {}

  bool has_document() const noexcept { return documents_ != 0; }
  const Node* first() const noexcept { return tree_.nodes.empty() ? nullptr : &tree_.nodes[0]; }
  /// The quoted scalar read last, if it spans lines: a forgotten quotation mark ends there.
  const Node* last_quoted() const noexcept { return last_quoted_; }
  /// The byte behind the value read last.
  std::size_t last_end() const noexcept {
    return tree_.nodes.empty() ? 0 : std::min(tree_.nodes.back().end, text_.size());
  }
  /// Joins what was read to the tree, also after an error in the middle of the file: secrets are
  /// looked for in whatever there is.
  void finish() {
    close_open_scalar(text_.size());
    while (!stack_.empty()) {
      Node* const node = stack_.back().node;
      stack_.pop_back();
      if (stack_.empty()) break;
      Frame& frame = stack_.back();
      if (frame.node->kind == Node::Kind::kSequence) {
        frame.node->items.push_back(node);
      } else if (frame.key != nullptr) {
        frame.node->members.push_back({frame.key, node});
        frame.key = nullptr;
      }
    }
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ == 0) return;
    const std::size_t at = offset_of(mark);
    report(at, at + 3, "a configuration is one YAML document, this is a second one",
           "put it in a file of its own and name that in \"include\"");
    throw Stop{};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const std::size_t at = skip_properties(offset_of(mark));
    Node& node = make(Node::Kind::kNull, at, {}, anchor);
    node.end = at + null_length(at);
    if (node.end == at) {  // nothing is written: the mark is that of whatever comes next
      while (at_ > 0 && is_space(text_[at_ - 1])) --at_;
      if (at_ > 0) --at_;
      node.begin = at_;
      node.end = at_ + 1;
      node.mark = diagnostics_.mark_at(file_, at_);
      if (!stack_.empty() && stack_.back().key != nullptr) {
        node.begin = stack_.back().key->begin;
        node.end = stack_.back().key->end;
        node.mark = stack_.back().key->mark;
      }
    }
    attach(node);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const std::size_t at = offset_of(mark);
    close_open_scalar(at);
    std::size_t end = at + 1;
    while (end < text_.size() && !is_space(text_[end]) && !is_flow_mark(text_[end])) ++end;
    Node* const node = anchor < anchors_.size() ? anchors_[anchor] : nullptr;
    if (node == nullptr || !node->complete) {
      report(at, end, "an alias cannot stand inside of what it repeats", {});
      throw Stop{};
    }
    attach(*node);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const std::size_t at = skip_properties(offset_of(mark));
    Node& node = make(Node::Kind::kScalar, at, tag, anchor);
    node.value = value;
    check_value(value, at);
    node.quoted = tag == "!" || (at < text_.size() && is_quotation(text_[at]));
    if (at < text_.size() && is_quotation(text_[at])) {
      node.end = end_of_quoted(text_, at);
      if (node.end == kNowhere) {  // yaml-cpp takes the end of the file for the quotation mark
        report(at, at + 1, "this quotation mark is never closed", {});
        throw Stop{};
      }
      const std::string_view written = text_.substr(at, node.end - at);
      last_quoted_ = written.find('\n') != kNowhere ? &node : nullptr;
    } else if (!node.quoted && text_.substr(at, value.size()) == value) {
      node.end = at + value.size();
    } else {
      node.end = at + 1;
      open_scalar_ = &node;  // several lines: it ends where the next event begins
    }
    attach(node);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(Node::Kind::kSequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(Node::Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Node* node;
    Node* key = nullptr;  // kMap: read, its value not yet
    bool skip = false;    // the key is refused: so is its value
    std::unordered_map<std::string_view, const Node*> seen = {};
  };

  std::size_t offset_of(const YAML::Mark& mark) const {
    if (mark.pos < 0) return text_.size();
    return std::min(static_cast<std::size_t>(mark.pos), text_.size());
  }

  void report(std::size_t begin, std::size_t end, std::string message, std::string suggestion) {
    diagnostics_.error(diagnostics_.mark_at(file_, begin), end - begin, std::move(message),
                       std::move(suggestion));
  }

  /// An event's mark is that of the anchor or tag before the value; this is the value's.
  std::size_t skip_properties(std::size_t at) const {
    while (at < text_.size() && (text_[at] == '&' || text_[at] == '!')) {
      while (at < text_.size() && !is_space(text_[at]) && !is_flow_mark(text_[at])) ++at;
      while (at < text_.size() && is_space(text_[at])) ++at;
    }
    return at;
  }

  std::size_t null_length(std::size_t at) const {
    for (const std::string_view word : {"~", "null", "Null", "NULL"}) {
      if (text_.substr(at, word.size()) != word) continue;
      const std::size_t behind = at + word.size();
      if (behind == text_.size() || is_space(text_[behind]) || is_flow_mark(text_[behind])) {
        return word.size();
      }
    }
    return 0;
  }

  /// Escapes can write what the file itself may not hold.
  void check_value(std::string_view value, std::size_t at) {
    if (text::find_invalid_utf8(value) != value.size()) {  // yaml-cpp 0.7 writes them as one byte
      report(at, at + 1, "the escapes \\N and \\_ are not supported", "write \\u0085 or \\u00a0");
    } else if (value.find('\0') != kNowhere) {
      report(at, at + 1, "a text cannot hold a zero byte", {});
    }
  }

  void close_open_scalar(std::size_t next) {
    if (open_scalar_ == nullptr) return;
    std::size_t end = std::max(next, open_scalar_->begin + 1);
    while (end > open_scalar_->begin + 1 && is_space(text_[end - 1])) --end;
    open_scalar_->end = end;
    open_scalar_ = nullptr;
  }

  Node& make(Node::Kind kind, std::size_t at, std::string_view tag, YAML::anchor_t anchor) {
    close_open_scalar(at);
    at_ = at;
    Node& node = tree_.nodes.emplace_back();
    node.kind = kind;
    node.begin = at;
    node.end = at + 1;
    node.mark = diagnostics_.mark_at(file_, at);
    node.complete = kind == Node::Kind::kNull || kind == Node::Kind::kScalar;
    if (tag.size() > 1) {  // "?" plain, "!" quoted; anything longer was written
      report(at, at + 1, "YAML tags are not supported",
             "leave the tag out; a text in quotation marks is a string");
    }
    if (anchor != 0) {
      if (anchors_.size() <= anchor) anchors_.resize(anchor + 1, nullptr);
      anchors_[anchor] = &node;
    }
    if (tree_.nodes.size() > kNodesMax) {
      report(at, at + 1, "more than 1000000 values in one file", {});
      throw Stop{};
    }
    return node;
  }

  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    Node& node = make(kind, skip_properties(offset_of(mark)), tag, anchor);
    if (stack_.size() >= kDepthMax) {
      report(node.begin, node.begin + 1, "nested more than 64 levels deep", {});
      throw Stop{};
    }
    node.depth = 1;
    stack_.push_back({&node});
  }

  void close() {
    Node& node = *stack_.back().node;
    stack_.pop_back();
    node.complete = true;
    attach(node);
  }

  void attach(Node& child) {
    if (stack_.empty()) return;  // the root
    Frame& frame = stack_.back();
    Node& parent = *frame.node;
    if (parent.kind == Node::Kind::kSequence) {
      parent.items.push_back(&child);
    } else if (frame.key == nullptr) {
      frame.key = &child;
      frame.skip = !accept_key(frame, child);
      return;
    } else {
      if (!frame.skip) parent.members.push_back({frame.key, &child});
      frame.key = nullptr;
    }
    parent.weight = std::min(parent.weight + child.weight, kNodesMax + 1);
    parent.depth = std::max(parent.depth, child.depth + 1);
    if (parent.weight > kNodesMax) {
      report(child.begin, child.end, "aliases make more than 1000000 values of this file", {});
      throw Stop{};
    }
    if (stack_.size() - 1 + parent.depth > kDepthMax) {
      report(child.begin, child.end, "nested more than 64 levels deep", {});
      throw Stop{};
    }
  }

  bool accept_key(Frame& frame, const Node& key) {
    if (key.kind != Node::Kind::kScalar) {
      report(key.begin, key.end, "expected a name before the colon",
             key.kind == Node::Kind::kNull ? std::string{} : "a list or a map cannot be a key");
      return false;
    }
    if (!key.quoted && key.value == "<<") {
      report(key.begin, key.end, "merge keys are not supported",
             "write the keys out, or repeat a whole value with an alias");
      return false;
    }
    const auto [first, fresh] = frame.seen.try_emplace(key.value, &key);
    if (fresh) return true;
    report(key.begin, key.end, "\"" + key.value + "\" is written twice",
           "the first is in line " + std::to_string(first->second->mark.line));
    return false;
  }

  std::uint32_t file_;
  std::string_view text_;
  Diagnostics& diagnostics_;
  Tree& tree_;
  std::vector<Frame> stack_;
  std::vector<Node*> anchors_;
  std::size_t documents_ = 0;
  std::size_t at_ = 0;
  Node* open_scalar_ = nullptr;
  const Node* last_quoted_ = nullptr;
};

/// Finds what may be a password and hides it from the excerpts, whatever shape the file has: the
/// loader may not understand a file and still has to print lines of it.
class Secrets {
 public:
  Secrets(std::uint32_t file, Diagnostics& diagnostics) : file_(file), diagnostics_(diagnostics) {}

  void visit(Node& node, bool secret) {
    if (node.kind == Node::Kind::kScalar || node.kind == Node::Kind::kNull) {
      if (secret && !node.sensitive) hide(node);
      return;
    }
    // At most twice for each node, however often it is repeated.
    if (!seen_.emplace(&node, secret).second) {
      if (!secret || seen_[&node]) return;
      seen_[&node] = true;
    }
    node.sensitive = node.sensitive || secret;
    for (const Node* item : node.items) visit(own(item), secret);
    for (const Member& member : node.members) {
      const std::string& key = member.key->value;
      const bool word = key == "auth" && member.value->kind == Node::Kind::kScalar &&
                        !nearest(member.value->value, {"anonymous"}).empty();
      const bool below = key == "username" ? false
                         : word            ? secret
                                           : secret || key == "auth" || names_a_secret(key);
      visit(own(member.value), below);
      if (key == "state") hide_key_of(*member.value);
    }
  }

 private:
  /// The tree hands out const nodes; this one is being completed.
  static Node& own(const Node* node) { return const_cast<Node&>(*node); }

  /// `key` is a secret in `state` alone: in other places it names claims.
  void hide_key_of(const Node& state) {
    if (const Node* const key = state.find("key"); key != nullptr) visit(own(key), true);
  }

  void hide(Node& node) {
    node.sensitive = true;
    if (node.kind == Node::Kind::kNull) return;
    std::string_view rest = node.value;
    while (rest.starts_with("${env:") || rest.starts_with("${file:")) {
      const std::size_t close = rest.find('}');
      if (close == kNowhere) break;
      rest.remove_prefix(close + 1);
    }
    if (rest == "$") rest = {};  // of a reference that lacks its quotation marks
    if (!rest.empty()) diagnostics_.hide(file_, node.begin, node.end);
  }

  std::uint32_t file_;
  Diagnostics& diagnostics_;
  std::unordered_map<const Node*, bool> seen_;
};

}  // namespace

const Node* Node::find(std::string_view key) const noexcept {
  for (const Member& member : members) {
    if (member.key->value == key) return member.value;
  }
  return nullptr;
}

Tree parse_yaml(std::uint32_t file, Diagnostics& diagnostics) {
  Tree tree;
  if (!check_bytes(file, diagnostics)) return tree;
  Builder builder(file, diagnostics, tree);
  bool whole = false;
  try {
    TextBuffer buffer(diagnostics.text(file));
    std::istream in(&buffer);
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
    whole = true;
  } catch (const Stop&) {
  } catch (const YAML::Exception& exception) {
    report_syntax_error(exception, file, {builder.last_end(), builder.last_quoted()}, diagnostics);
  } catch (const std::exception&) {
    diagnostics.error({file, 1, 1}, 1, "the file cannot be parsed", {});
  }
  builder.finish();
  if (!tree.nodes.empty()) Secrets(file, diagnostics).visit(tree.nodes[0], false);
  if (whole && !builder.has_document()) {
    diagnostics.error({file, 1, 1}, 1, "there is nothing in this file",
                      "write at least listeners and connectors");
  } else if (whole) {
    tree.root = builder.first();
  }
  return tree;
}

}  // namespace core::config
