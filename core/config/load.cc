// load(): the files, in the order they are met; what they hold together; and what can only be said
// when all of it is known.
#include "core/config/load.h"

#include <algorithm>
#include <deque>
#include <exception>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "core/config/reader.h"
#include "core/config/schema.h"
#include "core/config/yaml_tree.h"
#include "core/text/locale.h"

namespace core::config {
namespace {

using schema::Key;

constexpr std::size_t kFilesMax = 256;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

/// "./a/../b.yaml" and "b.yaml" are one file; links are not followed, nothing here looks at a disk.
std::string normal(const std::string& path) {
  return std::filesystem::path(path).lexically_normal().string();
}

class Loader {
 public:
  Loader(Source& source, Diagnostics& diagnostics) : reader_(source, diagnostics) {}

  Config load(const std::string& path) {
    config_.fallback_locale = {"en", {}, false};
    config_.access_log.file = {"stdout", {}, false};
    auto read = reader_.source().read_file(path);
    if (!read) {
      reader_.diagnostics().error({}, 1, "cannot read " + path + ": " + read.error().why);
      return std::move(config_);
    }
    seen_[normal(path)] = {};
    under_way_.push_back(normal(path));
    main_ = reader_.diagnostics().add_file(path, without_mark(std::move(read).value()));
    read_document(main_);
    for (const Node* connectors : connectors_) {
      read_connectors(reader_, *connectors, *schema::kRoot.find("connectors"), config_);
    }
    finish();
    return std::move(config_);
  }

 private:
  static std::string without_mark(std::string text) {
    if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
    return text;
  }

  void read_document(std::uint32_t file) {
    Diagnostics& diagnostics = reader_.diagnostics();
    const Tree& tree = trees_.emplace_back(parse_yaml(file, diagnostics));
    if (tree.root == nullptr) {
      broken_ = true;
      return;
    }
    const Node& root = *tree.root;
    nodes_ += root.weight;
    if (nodes_ > kNodesMax) {
      broken_ = true;
      reader_.error(root, "the files together hold more than 1000000 values");
      return;
    }
    if (root.kind != Node::Kind::kMap) {
      broken_ = true;
      reader_.error(root, "expected the sections of a configuration, found " + reader_.found(root),
                    "write at least listeners and connectors");
      return;
    }
    const Fields fields(reader_, root, nullptr, schema::kRoot, false);
    for (const Member& member : root.members) {
      if (const Key* const key = schema::kRoot.find(member.key->value)) {
        read_section(*member.key, *member.value, *key);
      }
    }
    if (const Node* const include = root.find("include"); include != nullptr) {
      const Key& key = *schema::kRoot.find("include");
      for (const Node* item : reader_.items(*include, key)) read_include(*item, key);
    }
  }

  void read_section(const Node& named, const Node& node, const Key& key) {
    const std::string_view name = key.name;
    if (name == "include") return;
    if (name == "listeners") return read_listeners(reader_, node, key, config_);
    if (name == "lists") return read_lists(reader_, node, key, config_);
    if (name == "messages") return read_messages(reader_, node, key, config_);
    if (name == "tables") return read_tables(reader_, node, key, config_);
    if (name == "rule_groups") return read_rule_groups(reader_, node, key);
    if (name == "connectors") {  // when the rule groups of all files are known
      connectors_.push_back(&node);
      return;
    }
    if (name == "backends") return read_backends(reader_, node, key, config_);
    if (name == "approvals") return read_approvals(reader_, node, key, config_);
    if (name == "invitations") return read_invitations(reader_, node, key, config_);
    if (name == "velocity") return read_velocity(reader_, node, key, config_);
    if (name == "tests") return read_tests(reader_, node, key, config_);
    if (name == "events") return read_events(reader_, node, key, config_);
    if (name == "sinks") return read_sinks(reader_, node, key, config_);
    // What is left has one value, in whichever file.
    const auto [first, fresh] = once_.try_emplace(name, named.mark);
    if (!fresh) return report_twice(reader_, named, "section", first->second);
    if (name == "admin") {
      read_admin(reader_, node, named, key, config_);
    } else if (name == "limits") {
      read_limits(reader_, node, named, key, config_.limits);
    } else if (name == "access_log") {
      read_access_log(reader_, node, named, key, config_.access_log);
    } else if (name == "decision_cache") {
      read_decision_cache(reader_, node, named, key, config_);
    } else if (name == "capture") {
      read_capture(reader_, node, named, key, config_.capture);
    } else if (name == "state") {
      read_state(reader_, node, named, key, config_.state);
    } else if (name == "outbox") {
      read_outbox(reader_, node, named, key, config_.outbox);
    } else if (name == "pseudonyms") {
      read_pseudonyms(reader_, node, named, key, config_.pseudonyms);
    } else if (name == "audit") {
      read_audit(reader_, node, named, key, config_.audit);
    } else if (name == "process") {
      read_process(reader_, node, named, key, config_.process);
    } else if (name == "workers") {
      if (const auto workers = reader_.integer(node, key)) config_.workers = *workers;
    } else if (name == "lists_state") {
      std::optional<Text> directory = reader_.string(node, key);
      if (directory && directory->value.empty()) {
        reader_.error(node, "expected the name of a directory", "write lists_state: lists-state");
      } else if (directory) {
        directory->value =
            path_beside(reader_.diagnostics().path(directory->mark.file), directory->value);
        config_.lists_state = std::move(*directory);
      }
    } else if (name == "fallback_locale") {
      std::optional<Text> tag = reader_.string(node, key);
      if (tag && !text::is_language_tag(tag->value)) {
        reader_.error(node, Reader::quote(*tag) + " is no language tag", "as in en, sv or pt-BR");
      } else if (tag) {
        config_.fallback_locale = std::move(*tag);
      }
    }
  }

  void read_include(const Node& item, const Key& key) {
    Diagnostics& diagnostics = reader_.diagnostics();
    Key one = key;
    one.shape = schema::Shape::kString;
    const std::optional<Text> named = reader_.string(item, one);
    if (!named) return;
    if (named->value.empty() || named->value.find('\0') != std::string::npos) {
      reader_.error(item, "expected the name of a file", "write include: [connectors.yaml]");
      return;
    }
    const std::string path = path_beside(diagnostics.path(item.mark.file), named->value);
    const std::string known = normal(path);
    for (const std::string& open : under_way_) {
      if (open != known) continue;
      reader_.error(item, "this file includes itself",
                    under_way_.back() == known ? "" : "by way of " + under_way_.back());
      return;
    }
    const auto [first, fresh] = seen_.try_emplace(known, item.mark);
    if (!fresh) {
      reader_.error(item, "this file is included twice",
                    "the first time at " + std::string(diagnostics.path(first->second.file)) + ":" +
                        std::to_string(first->second.line) + ":" +
                        std::to_string(first->second.column));
      return;
    }
    if (seen_.size() > kFilesMax || under_way_.size() >= kDepthMax) {
      reader_.error(item, "more than 256 files, or includes more than 64 deep");
      return;
    }
    auto read = reader_.source().read_file(path);
    if (!read) {
      broken_ = true;
      reader_.error(item, "cannot read " + path + ": " + read.error().why);
      return;
    }
    under_way_.push_back(known);
    read_document(diagnostics.add_file(path, without_mark(std::move(read).value())));
    under_way_.pop_back();
  }

  /// What takes the whole configuration to say.
  void finish() {
    for (Message& message : config_.messages) {
      for (auto& [tag, text] : message.texts) {
        if (tag.value.empty()) tag.value = config_.fallback_locale.value;
      }
    }
    if (broken_) return;  // what seems to be missing may be in the part that could not be read
    warn_of_unused_rule_groups(reader_);
    check_events(reader_.diagnostics(), config_);
    bool exposed = false;
    for (const Listener& listener : config_.listeners) {
      exposed = exposed || !listener.address.loopback;
    }
    for (const Connector& connector : config_.connectors) {
      if (exposed) check_exposed(connector);
      for (const CallerCertificate& one : connector.certificates) check_certificate(one);
    }
    check_state();
    for (const Key& key : schema::kRoot.keys) {
      if (!key.required || has_section(key.name)) continue;
      reader_.diagnostics().error(
          {main_, 1, 1}, 1, "the key \"" + std::string(key.name) + "\" is missing",
          "write " + std::string(key.name) + ": " + std::string(key.example));
    }
  }

  /// Approvals keep people's claims: somewhere, and not for everybody to read. Events wait in it.
  void check_state() {
    Diagnostics& diagnostics = reader_.diagnostics();
    if (!config_.sinks.empty() && config_.state.kind == State::Kind::kNone && !has_section("state")) {
      const Sink& first = config_.sinks.front();
      diagnostics.error(first.name.mark, first.name.value.size(),
                        "events on their way to a sink are kept in a state, and there is none",
                        "write state: { sqlite: state.db }, or state: memory to lose them with the process");
    }
    if (!config_.invitations.empty() && config_.state.kind == State::Kind::kNone && !has_section("state")) {
      const Invitation& first = config_.invitations.front();
      diagnostics.error(first.mark, first.name.value.size(), "invitations are kept in a state, and there is none",
                        "write state: { sqlite: state.db }");
    }
    check_sharing();
    if (config_.approvals.empty()) return;
    const Approval& first = config_.approvals.front();
    if (config_.state.kind == State::Kind::kNone && !has_section("state")) {
      diagnostics.error(first.mark, first.name.value.size(), "approvals are kept in a state, and there is none",
                        "write state: { sqlite: state.db, key: \"${env:STATE_KEY}\" }");
    } else if (config_.state.kind == State::Kind::kSqlite && config_.state.keys.empty()) {
      diagnostics.error(config_.state.mark, 5, "approvals keep claims, encrypted: a key is missing",
                        "write key: \"${env:STATE_KEY}\", as from openssl rand -base64 32");
    }
  }

  /// What machines share they share through a Redis.
  void check_sharing() {
    if (config_.state.kind == State::Kind::kRedis) return;
    constexpr const char* kWrite = "write state: { redis: \"rediss://redis.internal\", key: \"${env:STATE_KEY}\" }";
    if (config_.outbox.lease_mark.line != 0) {
      reader_.diagnostics().error(config_.outbox.lease_mark, 5,
                                  "machines take turns in delivering what is in a Redis, and there is none", kWrite);
    }
    for (const VelocityLimit& limit : config_.velocity) {
      if (!limit.shared.value_or(false)) continue;
      reader_.diagnostics().error(limit.shared_mark, 6, "machines count together in a Redis, and there is none", kWrite);
    }
    if (config_.decision_cache_redis) {
      reader_.diagnostics().error(config_.decision_cache_redis_mark, 5,
                                  "decisions are shared through the state's Redis, and there is none", kWrite);
    }
  }

  void check_exposed(const Connector& connector) {
    Diagnostics& diagnostics = reader_.diagnostics();
    if (!connector.has_auth) {
      diagnostics.error(connector.mark, connector.name.value.size(),
                        "this connector is open to everybody who reaches a listener",
                        "write auth: { basic: ... }, or auth: anonymous if that is meant");
    }
    for (const Credential& credential : connector.basic) {
      if (credential.password.secret) continue;
      diagnostics.warning(credential.password.mark, 1, "a password is written in the file",
                          "write password: \"${env:NAME}\" or \"${file:PATH}\"");
    }
    const auto warn = [&](const Text& text) {
      if (text.secret) return;
      diagnostics.warning(text.mark, 1, "a secret is written in the file",
                          "write \"${env:NAME}\" or \"${file:PATH}\"");
    };
    for (const Text& token : connector.bearer) warn(token);
    if (connector.api_key) std::for_each(connector.api_key->values.begin(), connector.api_key->values.end(), warn);
  }

  /// A certificate that connectors want has to be asked for, and somebody has to vouch for it.
  void check_certificate(const CallerCertificate& certificate) {
    bool asked = false, vouched = true;
    for (const Listener& listener : config_.listeners) {
      if (!listener.tls ||
          listener.tls->client_certificate == ListenerTls::ClientCertificate::kNotAsked) {
        continue;
      }
      asked = true;
      vouched = vouched && !listener.tls->client_ca.value.empty();
    }
    if (!asked) {
      reader_.diagnostics().error(certificate.mark, 1, "no listener asks callers for certificates",
                                  "write client_certificate: required in the listener's tls");
    } else if (!vouched && !certificate.sha256 &&
               certificate.authority == CallerCertificate::kListener) {
      reader_.diagnostics().error(certificate.mark, 1,
                                  "anybody can make a certificate that fits",
                                  "write sha256: or ca: as well, or client_ca: in the listener's tls");
    }
  }

  /// True when a file has the section or, reported as unknown, one whose name is nearly it.
  bool has_section(std::string_view name) const {
    for (const Tree& tree : trees_) {
      for (const Member& member : tree.root->members) {
        const std::string& written = member.key->value;
        if (written == name) {
          // An empty map of connectors is as good as none.
          return name != "connectors" || member.value->kind != Node::Kind::kMap ||
                 !member.value->members.empty();
        }
        if (schema::kRoot.find(written) == nullptr && nearest(written, {name}) == name) return true;
      }
    }
    return false;
  }

  Reader reader_;
  Config config_;
  std::deque<Tree> trees_;  // one a file, in the order they were read
  std::vector<const Node*> connectors_;
  std::map<std::string_view, Mark> once_;
  std::map<std::string, Mark> seen_;    // files, and where they are included
  std::vector<std::string> under_way_;  // from the main file to the one being read
  std::uint32_t main_ = 0;
  std::size_t nodes_ = 0;
  bool broken_ = false;  // a file could not be read or parsed
};

}  // namespace

std::string path_beside(std::string_view from, std::string_view named) {
  const std::size_t slash = from.rfind('/');
  if (named.starts_with('/') || slash == std::string_view::npos) return std::string(named);
  return std::string(from.substr(0, slash + 1)).append(named);
}

Config load(const std::string& path, Source& source, Diagnostics& diagnostics) {
  try {
    return Loader(source, diagnostics).load(path);
  } catch (const std::exception& exception) {  // of the allocator, or of a Source
    diagnostics.error({}, 1, "cannot load " + path + ": " + exception.what());
    return {};
  }
}

}  // namespace core::config
