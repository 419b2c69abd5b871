// Reading an event of Microsoft Entra: claims in an envelope.
//
// An event carries the same claims as the request of a user flow in four times the bytes: each
// attribute is an object with its type, and around them are ids that nobody here needs. The work is
// to get past those. As in read.cc, what comes is compared with what is expected before it is looked
// at: the members of the envelope against the documented order, attributes against the order of the
// last event, and the three members of a text attribute, as a machine writes them, against two
// constants. Whatever differs, in order, white space or spelling, is read the long way and means the
// same.
//
// Measured by benchmarks/instructions/measure (callgrind); docs/performance.md has the figures.
#include <cassert>
#include <cstring>
#include <utility>

#include "core/claims/envelope.h"
#include "core/claims/event.h"
#include "core/claims/reader.h"
#include "core/text/locale.h"
#include "core/text/text.h"

namespace core::claims {

using namespace envelope;

namespace {

/// Identities whose signInType is put into the words of user flows; a user has at most ten (a.4).
constexpr std::size_t kRespelledMax = 10;
constexpr std::string_view kEmailType = "email", kEmailTypeHere = "emailAddress";

using text::equals_ignore_case_ascii;

/// A language tag in the usual letter case. Null data() when the arena is full.
std::string_view recased(std::string_view tag, Arena& arena) noexcept {
  char* const room = arena.allocate(tag.size());
  if (room == nullptr) return {};
  text::recase_language_tag(tag, room);
  return {room, tag.size()};
}

}  // namespace

/// One reading of an event. Lives as long as the call.
class EventReader final : public Reader {
 public:
  EventReader(std::string_view body, const NameTable& names, const ReadLimits& limits, Arena& arena,
              Claims& claims, const EventNames& event_names, Event& event) noexcept
      : Reader(body, names, limits, arena, claims), ids_(event_names), event_(event) {}

  ReadOutcome run() noexcept { return outcome(read()); }

 private:
  bool read() noexcept;
  bool finish() noexcept;
  bool find_email() noexcept;
  bool respell_identities() noexcept;

  const char* object(const char* at, const Key* level, std::size_t depth) noexcept;
  [[gnu::noinline]] const char* find_key(const char* quote, const Key* level,
                                         const Key*& key) noexcept;
  const char* value(Role role, const char* at, std::size_t depth) noexcept;
  const char* skip(const char* at, std::size_t depth) noexcept;
  const char* text(const char* at, std::size_t depth, std::string_view& kept) noexcept;
  const char* nested(const char* at, const Key* level, std::size_t depth) noexcept;
  const char* identities(const char* at, std::size_t depth) noexcept;
  const char* user(const char* at, std::size_t depth) noexcept;
  const char* attributes(const char* at, std::size_t depth) noexcept;
  bool is_new_attribute(const Member& member, const char* quote) noexcept;
  const char* attribute(const Member& member, const char* at, std::size_t depth) noexcept;
  const char* typed_value(const Member& member, const char* at, std::size_t depth) noexcept;
  const char* attribute_value(const char* at, std::size_t depth) noexcept;
  bool join_list(std::string_view json) noexcept;

  /// The member behind a value, or null at the end of the object, whose `}` is then at `at`.
  bool next(const char*& at) noexcept {
    if (at + 1 < end_ && at[0] == ',' && at[1] == '"') [[likely]] {
      ++at;
      return true;
    }
    at = skip_white(at, end_);
    const unsigned char c = peek(at, end_);
    if (c == '}') return false;
    if (c != ',') return refuse(ReadError::kSyntax, at);
    at = skip_white(at + 1, end_);
    return true;
  }
  bool refused_already() const noexcept { return refusal_.error != ReadError::kNone; }

  void keep_context(NameId id, std::string_view name, std::string_view value) noexcept {
    if (id != kNoName && value.data() != nullptr) claims_[id] = {Kind::kString, name, value};
  }

  const EventNames& ids_;
  Event& event_;
  /// What was read for each of the roles that are texts.
  std::array<std::string_view, static_cast<std::size_t>(Role::kTextRoles)> texts_;
  std::string_view& text_of(Role role) noexcept { return texts_[static_cast<std::size_t>(role)]; }
  std::string_view object_id_, mail_, identity_email_, identities_;
  bool has_data_ = false;
  bool has_user_ = false;
  // The identity and the attribute being read.
  std::string_view sign_in_type_;
  const Member* member_ = nullptr;
  Attribute* attribute_ = nullptr;
  // Values of signInType that are `email`: where they begin.
  std::array<const char*, kRespelledMax> respelled_{};
  std::size_t respelled_count_ = 0;
};

bool EventReader::read() noexcept {
  const char* at = begin_;
  if (between(begin_, end_).starts_with("\xEF\xBB\xBF")) at += 3;
  at = skip_white(at, end_);
  if (at == end_) return refuse(ReadError::kEmpty, at);
  if (*at != '{') return read_not_object(at);
  at = object(at, kRoot, 0);
  if (at == nullptr) return false;
  at = skip_white(at, end_);
  if (at != end_) return refuse(ReadError::kSyntax, at);
  return finish();
}

/// Makes claims of what was found.
bool EventReader::finish() noexcept {
  const std::string_view type = text_of(Role::kType);
  if (!has_data_ || !type.starts_with(kEventPrefix)) return refuse(ReadError::kNotAnEvent, begin_);
  const std::string_view name = type.substr(kEventPrefix.size());
  const auto* known = std::find_if(std::begin(kEvents), std::end(kEvents),
                                   [&](const auto& event) { return event.first == name; });
  if (known == std::end(kEvents)) {
    known = std::find_if(std::begin(kEvents), std::end(kEvents), [&](const auto& event) {
      return equals_ignore_case_ascii(event.first, name);
    });
  }
  if (known == std::end(kEvents)) return refuse(ReadError::kUnknownEvent, begin_);
  event_.kind = known->second;

  if (event_.kind == EventKind::kAttributeCollectionStart) {
    // Defaults of the form that are empty are no values (protocol.md e.2).
    for (std::size_t i = 0; i < event_.attribute_count; ++i) {
      const NameId id = event_.attributes[i].id;
      if (id == kNoName) continue;
      if (std::as_const(claims_)[id].kind == Kind::kString && std::as_const(claims_)[id].value.empty()) {
        claims_[id].kind = Kind::kNull;
      }
    }
  }
  event_.tenant_id = text_of(Role::kTenant);
  event_.correlation_id = text_of(Role::kCorrelation);
  event_.client_ip = text_of(Role::kIp);
  if (const std::string_view app = text_of(Role::kAppId); app.data() != nullptr) {
    claims_[kClientId] = {Kind::kString, "client_id", app};
  }
  if (object_id_.data() != nullptr) claims_[kObjectId] = {Kind::kString, "objectId", object_id_};
  if (text_of(Role::kLocale).data() != nullptr) {
    const std::string_view locale = recased(text_of(Role::kLocale), arena_);
    if (locale.data() == nullptr) return refuse(ReadError::kTooLarge, begin_);
    claims_[kUiLocales] = {Kind::kString, "ui_locales", locale};
  }
  keep_context(ids_.correlation_id, "correlationId", event_.correlation_id);
  keep_context(ids_.client_ip, "clientIp", event_.client_ip);
  keep_context(ids_.market, "market", text_of(Role::kMarket));
  keep_context(ids_.tenant_id, "tenantId", event_.tenant_id);
  // Attributes by these names would be taken for what the envelope says.
  if (std::as_const(claims_)[kStep].kind != Kind::kAbsent) claims_[kStep].kind = Kind::kAbsent;
  return find_email() && respell_identities();
}

/// protocol.md e.2: the row of `email`.
bool EventReader::find_email() noexcept {
  const Kind kind = std::as_const(claims_)[kEmail].kind;
  if (!identity_email_.empty()) {
    claims_[kEmail].name = "email";
    claims_[kEmail].kind = Kind::kString;
    claims_[kEmail].value = identity_email_;
  } else if ((kind == Kind::kAbsent || kind == Kind::kNull) && !mail_.empty()) {
    claims_[kEmail] = {Kind::kString, "email", mail_};
  }
  return true;
}

bool EventReader::respell_identities() noexcept {
  if (identities_.data() == nullptr) return true;
  Claim& claim = claims_[kIdentities];
  claim = {Kind::kArray, "identities", identities_};
  if (respelled_count_ == 0) return true;
  const std::string_view json = identities_;
  const std::size_t size =
      json.size() + respelled_count_ * (kEmailTypeHere.size() - kEmailType.size());
  char* const room = arena_.allocate(size);
  if (room == nullptr) return refuse(ReadError::kTooLarge, json.data());
  char* to = room;
  const char* from = json.data();
  for (std::size_t i = 0; i < respelled_count_; ++i) {
    const auto before = static_cast<std::size_t>(respelled_[i] - from);
    std::memcpy(to, from, before);
    std::memcpy(to + before, kEmailTypeHere.data(), kEmailTypeHere.size());
    to += before + kEmailTypeHere.size();
    from = respelled_[i] + kEmailType.size();
  }
  std::memcpy(to, from, static_cast<std::size_t>(json.data() + json.size() - from));
  claim.value = {room, size};
  return true;
}

/// The byte behind the object whose bracket is at `at`; null when it is refused. `depth` objects and
/// arrays are around it.
const char* EventReader::object(const char* at, const Key* level, std::size_t depth) noexcept {
  if (depth >= limits_.depth_max) return stop(ReadError::kDepth, at);
  at = skip_white(at + 1, end_);
  if (peek(at, end_) == '}') return at + 1;
  std::uint32_t seen = 0;
  const Key* key = level;
  for (;;) {
    if (peek(at, end_) != '"') return stop(ReadError::kSyntax, at);
    const char* found = at + 1 + key->size;
    if (key->size != 0 && found <= end_ && same_bytes(at + 1, key->spelling.data(), key->size))
        [[likely]] {
      found = skip_white(found, end_);
    } else {
      found = find_key(at, level, key);
      if (found == nullptr) return nullptr;
    }
    if (key->role != Role::kSkip) {
      const std::uint32_t bit = std::uint32_t{1} << (key - level);
      if ((seen & bit) != 0) return stop(ReadError::kDuplicate, at);
      seen |= bit;
      at = key->role < Role::kTextRoles
               ? text(found, depth + 1, texts_[static_cast<std::size_t>(key->role)])
               : value(key->role, found, depth + 1);
    } else {
      at = skip(found, depth + 1);
    }
    if (at == nullptr) return nullptr;
    if (key->size != 0) ++key;
    if (!next(at)) return refused_already() ? nullptr : at + 1;
  }
}

/// The value of the member whose name's quotation mark is at `quote`, one that was not expected
/// here; null when it is refused. `key` becomes its own, or the end of the level.
const char* EventReader::find_key(const char* quote, const Key* level, const Key*& key) noexcept {
  const ScannedString scanned = scan_string(quote + 1, end_, refusal_);
  if (scanned.close == nullptr) return nullptr;
  std::string_view name = between(quote + 1, scanned.close);
  if (scanned.escaped) {
    name = unescape(name, arena_);
    if (name.data() == nullptr) return stop(ReadError::kTooLarge, quote);
  }
  const char* const colon = skip_white(scanned.close + 1, end_);
  if (peek(colon, end_) != ':') return stop(ReadError::kSyntax, colon);
  for (key = level; key->size != 0; ++key) {
    if (name == key->name() || (key->any_case && equals_ignore_case_ascii(name, key->name()))) {
      break;
    }
  }
  return skip_white(colon + 1, end_);
}

const char* EventReader::value(Role role, const char* at, std::size_t depth) noexcept {
  switch (role) {
    case Role::kData:
      has_data_ = peek(at, end_) == '{';
      return nested(at, kData, depth);
    case Role::kContext: return nested(at, kContext, depth);
    case Role::kSignUp: return nested(at, kSignUp, depth);
    case Role::kClient: return nested(at, kClient, depth);
    case Role::kClientApp: return nested(at, kClientApp, depth);
    case Role::kOtherApp: return nested(at, kOtherApp, depth);
    case Role::kUser: return peek(at, end_) == '{' ? user(at, depth) : skip(at, depth);
    case Role::kAttributes: return peek(at, end_) == '{' ? attributes(at, depth) : skip(at, depth);
    case Role::kIdentities: return peek(at, end_) == '[' ? identities(at, depth) : skip(at, depth);
    case Role::kSignInType: {
      const char* const behind = text(at, depth, sign_in_type_);
      if (behind != nullptr && sign_in_type_ == kEmailType && sign_in_type_.data() == at + 1 &&
          respelled_count_ < kRespelledMax) {
        respelled_[respelled_count_++] = at + 1;
      }
      return behind;
    }
    case Role::kIssuer: break;
    case Role::kValueType: {
      std::string_view type;
      const char* const behind = text(at, depth, type);
      attribute_->type = type_named(type);
      return behind;
    }
    case Role::kValue: return attribute_value(at, depth);
    default: break;
  }
  return skip(at, depth);
}

/// The byte behind a value that nobody needs.
inline const char* EventReader::skip(const char* at, std::size_t depth) noexcept {
  if (peek(at, end_) == '"') [[likely]] {
    const ScannedString string = scan_string(at + 1, end_, refusal_);
    return string.close == nullptr ? nullptr : string.close + 1;
  }
  return scan_value(at, end_, depth, limits_.depth_max, refusal_);
}

/// The byte behind a string, which `kept` becomes; anything else is passed over.
inline const char* EventReader::text(const char* at, std::size_t depth,
                                     std::string_view& kept) noexcept {
  if (peek(at, end_) != '"') return scan_value(at, end_, depth, limits_.depth_max, refusal_);
  const ScannedString string = scan_string(at + 1, end_, refusal_);
  if (string.close == nullptr) return nullptr;
  kept = between(at + 1, string.close);
  if (string.escaped) {
    kept = unescape(kept, arena_);
    if (kept.data() == nullptr) return stop(ReadError::kTooLarge, at);
  }
  return string.close + 1;
}

/// The byte behind an object, or behind what stands in its place: members may be null (d.1).
inline const char* EventReader::nested(const char* at, const Key* level,
                                       std::size_t depth) noexcept {
  return peek(at, end_) == '{' ? object(at, level, depth) : skip(at, depth);
}

const char* EventReader::identities(const char* at, std::size_t depth) noexcept {
  if (depth >= limits_.depth_max) return stop(ReadError::kDepth, at);
  const char* const begin = at;
  at = skip_white(at + 1, end_);
  bool more = peek(at, end_) != ']';
  while (more) {
    if (peek(at, end_) == '{') {
      sign_in_type_ = text_of(Role::kAssignedId) = {};
      at = object(at, kIdentity, depth + 1);
      if (identity_email_.empty() &&
          (sign_in_type_ == kEmailType || sign_in_type_.starts_with(kEmailTypeHere))) {
        identity_email_ = text_of(Role::kAssignedId);
      }
    } else {
      at = skip(at, depth + 1);
    }
    if (at == nullptr) return nullptr;
    at = skip_white(at, end_);
    const unsigned char c = peek(at, end_);
    if (c != ',' && c != ']') return stop(ReadError::kSyntax, at);
    more = c == ',';
    if (more) at = skip_white(at + 1, end_);
  }
  identities_ = between(begin, at + 1);
  return at + 1;
}

/// Members of `user` are claims of the same name, where an attribute is not.
const char* EventReader::user(const char* at, std::size_t depth) noexcept {
  if (depth >= limits_.depth_max) return stop(ReadError::kDepth, at);
  at = skip_white(at + 1, end_);
  if (peek(at, end_) == '}') return at + 1;
  NameId before = kClientId;  // no member of a user
  for (;;) {
    if (peek(at, end_) != '"') return stop(ReadError::kSyntax, at);
    Member member = guessed_member(at + 1, claims_.places_[before].event_follower);
    KeyWords words;
    if (member.value != nullptr) [[likely]] {
      words = key_words_padded(member.name);
    } else {
      member = scan_name(at, words);
      if (member.value == nullptr) return nullptr;
      if (member.place != kNoName) claims_.places_[before].event_follower = member.place;
    }
    if (member.place != kNoName) before = member.place;
    const bool known = member.id != kNoName;
    if (known && std::as_const(claims_)[member.id].kind != Kind::kAbsent) {
      if (event_.attribute_count == 0) return stop(ReadError::kDuplicate, at);
      member.id = kNoName;  // the attribute counts
    } else if (!known && !is_new(member.name, words, at)) {
      return nullptr;
    }
    if (member.name == "id") {
      at = text(member.value, depth + 1, object_id_);
    } else if (peek(member.value, end_) == '"') {
      std::string_view kept;
      at = text(member.value, depth + 1, kept);
      keep(member, Kind::kString, kept);
      if (member.name == "mail") mail_ = kept;
    } else {
      at = read_other_value(member);
    }
    if (at == nullptr) return nullptr;
    if (!next(at)) break;
  }
  has_user_ = true;
  return refused_already() ? nullptr : at + 1;
}

const char* EventReader::attributes(const char* at, std::size_t depth) noexcept {
  if (depth >= limits_.depth_max) return stop(ReadError::kDepth, at);
  at = skip_white(at + 1, end_);
  if (peek(at, end_) == '}') return at + 1;
  NameId before = kStep;  // no attribute
  for (;;) {
    if (peek(at, end_) != '"') return stop(ReadError::kSyntax, at);
    Member member = guessed_member(at + 1, claims_.places_[before].event_follower);
    if (member.value == nullptr) [[unlikely]] {
      KeyWords words;
      member = scan_name(at, words);
      if (member.value == nullptr) return nullptr;
      if (member.place != kNoName) claims_.places_[before].event_follower = member.place;
    }
    if (member.place != kNoName) before = member.place;
    if (!is_new_attribute(member, at)) return nullptr;
    if (event_.attribute_count == Event::kAttributesMax) return stop(ReadError::kMembers, at);
    Attribute& read = event_.attributes[event_.attribute_count++];
    read.name = member.name;
    read.id = member.id;
    read.type = AttributeType::kUnknown;
    read.list = false;
    attribute_ = &read;
    at = attribute(member, member.value, depth + 1);
    if (at == nullptr) return nullptr;
    if (!next(at)) return refused_already() ? nullptr : at + 1;
  }
}

/// False when it is refused, for having come before.
inline bool EventReader::is_new_attribute(const Member& member, const char* quote) noexcept {
  if (member.id == kNoName) return is_new(member.name, key_words_padded(member.name), quote);
  if (claims_.places_[member.id].claim.kind == Kind::kAbsent) return true;
  // A member of `user` with this name does not count.
  const auto* const end = event_.attributes.data() + event_.attribute_count;
  const bool twice = std::any_of(std::as_const(event_).attributes.data(), end,
                                 [&](const Attribute& other) { return other.id == member.id; });
  return !(twice || !has_user_) || refuse(ReadError::kDuplicate, quote);
}

/// The byte behind the object of an attribute.
inline const char* EventReader::attribute(const Member& member, const char* at,
                                          std::size_t depth) noexcept {
  const auto starts_with = [&](std::string_view head) noexcept {
    return at + head.size() <= end_ && same_bytes(at, head.data(), head.size());
  };
  const char* behind = nullptr;  // the value, where the head is one of the three
  if (depth >= limits_.depth_max) {
    // said below
  } else if (starts_with(kTextHead)) [[likely]] {
    const char* const begin = at + kTextHead.size();
    const char* const close = find_special(begin, end_);
    if (close < end_ && *close == '"') [[likely]] {
      keep(member, Kind::kString, between(begin, close));
      behind = close + 1;
    } else {
      std::string_view kept;
      behind = text(begin - 1, depth + 1, kept);
      if (behind == nullptr) return nullptr;
      keep(member, Kind::kString, kept);
    }
    attribute_->type = AttributeType::kString;
  } else if (starts_with(kBooleanHead)) {
    attribute_->type = AttributeType::kBoolean;
    behind = typed_value(member, at + kBooleanHead.size(), depth);
    if (behind == nullptr) return nullptr;
  } else if (starts_with(kIntegerHead)) {
    attribute_->type = AttributeType::kInteger;
    behind = typed_value(member, at + kIntegerHead.size(), depth);
    if (behind == nullptr) return nullptr;
  }
  if (behind != nullptr) {
    for (const std::string_view tail : {kBuiltInTail, kCustomTail}) {
      if (behind + tail.size() <= end_ && same_bytes(behind, tail.data(), tail.size())) [[likely]] {
        return behind + tail.size();
      }
    }
    attribute_->type = AttributeType::kUnknown;  // once more, the long way
    attribute_->list = false;
  }
  keep(member, Kind::kNull, "null");  // until there is a value
  if (peek(at, end_) != '{') return skip(at, depth);
  member_ = &member;
  return object(at, kAttribute, depth);
}

/// The byte behind the value of an attribute that is no text; null when it is refused.
const char* EventReader::typed_value(const Member& member, const char* at,
                                     std::size_t depth) noexcept {
  member_ = &member;
  keep(member, Kind::kNull, "null");
  return attribute_value(at, depth + 1);
}

/// The byte behind the `value` of an attribute.
const char* EventReader::attribute_value(const char* at, std::size_t depth) noexcept {
  const Member& member = *member_;
  if (peek(at, end_) == '"') {
    std::string_view kept;
    const char* const behind = text(at, depth, kept);
    if (behind != nullptr) keep(member, Kind::kString, kept);
    if (attribute_->type == AttributeType::kUnknown) attribute_->type = AttributeType::kString;
    return behind;
  }
  const char* const behind = scan_value(at, end_, depth, limits_.depth_max, refusal_);
  if (behind == nullptr) return nullptr;
  const std::string_view json = between(at, behind);
  AttributeType type = AttributeType::kUnknown;
  switch (*at) {
    case '[':
      type = AttributeType::kStrings;
      if (!join_list(json)) return nullptr;
      break;
    case '{': keep(member, Kind::kObject, json); break;
    case 'n': break;
    case 't':
    case 'f':
      type = AttributeType::kBoolean;
      keep(member, Kind::kBoolean, json);
      break;
    default:
      type = AttributeType::kInteger;
      keep(member, Kind::kNumber, json);
      break;
  }
  if (attribute_->type == AttributeType::kUnknown) attribute_->type = type;
  return behind;
}

/// An array of texts as one text with commas; what is no text in it stays an array (d.5).
bool EventReader::join_list(std::string_view json) noexcept {
  attribute_->list = true;
  char* const room = arena_.allocate(json.size());
  if (room == nullptr) return refuse(ReadError::kTooLarge, json.data());
  char* to = room;
  bool first = true;
  // The text is valid JSON already: only what is between the values has to be found.
  const char* at = skip_white(json.data() + 1, end_);
  while (*at != ']') {
    if (*at != '"') {
      keep(*member_, Kind::kArray, json);
      return true;
    }
    std::string_view item;
    at = text(at, 0, item);
    if (at == nullptr) return false;
    if (!first) *to++ = ',';
    first = false;
    if (!item.empty()) std::memcpy(to, item.data(), item.size());
    to += item.size();
    at = skip_white(at, end_);
    if (*at == ',') at = skip_white(at + 1, end_);
  }
  keep(*member_, Kind::kString, {room, static_cast<std::size_t>(to - room)});
  return true;
}

EventNames EventNames::of(const NameTable& names) noexcept {
  return {names.find("correlationId"), names.find("clientIp"), names.find("market"),
          names.find("tenantId")};
}

ReadOutcome read_event(std::string_view body, const NameTable& names, const ReadLimits& limits,
                       const EventNames& event_names, Arena& arena, Claims& claims, Event& event) {
  assert(claims.size() >= names.size());
  claims.clear();
  event.tenant_id = event.correlation_id = event.client_ip = {};
  event.attribute_count = 0;
  Reader::expect(names, claims);
  return EventReader(body, names, limits, arena, claims, event_names, event).run();
}

}  // namespace core::claims
