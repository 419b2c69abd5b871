#include "core/lists/compiled.h"

#include <cstring>
#include <new>
#include <optional>
#include <utility>

#include "core/lists/checksum.h"

namespace core::lists {
namespace {

constexpr std::uint32_t kByteOrder = 0x0a0b0c0d;
constexpr std::uint32_t kByteOrderOther = 0x0d0c0b0a;
constexpr std::string_view kProbe = "claimgate@list.example";
constexpr std::uint64_t kEntryBytesLimit = std::uint64_t{1} << 32;  // far above any normal form

struct Header {
  char magic[8];
  std::uint32_t byte_order, version, match, header_bytes;
  std::uint64_t seed, entries, buckets, shortest, longest, label_counts;
  std::int64_t built_at_s;
  std::uint64_t left_out, probe, buckets_checksum, zero[2], header_checksum;
};
static_assert(sizeof(Header) == kCompiledHeaderBytes);

std::uint64_t header_checksum(const Header& header) noexcept {
  return checksum({reinterpret_cast<const char*>(&header), offsetof(Header, header_checksum)});
}

std::string_view as_text(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

CompiledError refused(const char* wrong, const char* instead) {
  return {std::string(wrong) + "; " + instead};
}

constexpr const char* kBuildAnew = "build it anew with `claimgate list build`";
constexpr const char* kCopyAgain = "copy it again, or build it anew with `claimgate list build`";

/// What is wrong with the header alone; nothing when it is sound.
std::optional<CompiledError> wrong_with(const Header& header) {
  if (header.byte_order == kByteOrderOther) {
    return refused("this compiled list comes from a machine of the other byte order",
                   "build it on this one with `claimgate list build`");
  }
  if (header.byte_order == kByteOrder && header.version > kCompiledVersion) {
    return refused("this compiled list was built by a later release of claimgate", kBuildAnew);
  }
  if (header.byte_order == kByteOrder && header.version < kCompiledVersion) {
    return refused("this compiled list was built by an earlier release of claimgate", kBuildAnew);
  }
  if (header.byte_order != kByteOrder || header_checksum(header) != header.header_checksum) {
    return refused("the header of this compiled list is damaged", kCopyAgain);
  }
  if (header.match > static_cast<std::uint32_t>(Match::kNetwork) ||
      header.header_bytes != kCompiledHeaderBytes || header.longest > kEntryBytesLimit ||
      Hasher{header.seed}(kProbe).mark != header.probe) {
    return refused("this compiled list was built by another release of claimgate", kBuildAnew);
  }
  return std::nullopt;
}

/// `contents` at an address where buckets may lie, and their owner.
std::shared_ptr<const void> aligned_copy(std::string_view& contents) {
  constexpr std::align_val_t kAlign{Set::kBucketBytes};
  auto* const raw = static_cast<char*>(::operator new(contents.size(), kAlign));
  std::memcpy(raw, contents.data(), contents.size());
  contents = {raw, contents.size()};
  return {raw, [](const void* bytes) { ::operator delete(const_cast<void*>(bytes), kAlign); }};
}

}  // namespace

std::string_view name(Match match) noexcept {
  switch (match) {
    case Match::kExact:
      return "exact";
    case Match::kEmail:
      return "email";
    case Match::kDomain:
      return "domain";
    case Match::kNetwork:
      return "network";
  }
  return "";
}

std::string compiled_header(const List& list, std::int64_t built_at_s) {
  Header header{};
  std::memcpy(header.magic, kCompiledMagic.data(), sizeof header.magic);
  header.byte_order = kByteOrder;
  header.version = kCompiledVersion;
  header.match = static_cast<std::uint32_t>(list.match());
  header.header_bytes = kCompiledHeaderBytes;
  header.seed = list.seed();
  header.entries = list.size();
  header.buckets = list.set().bytes() / Set::kBucketBytes;
  header.shortest = list.shortest();
  header.longest = list.longest();
  header.label_counts = list.label_counts();
  header.built_at_s = built_at_s;
  header.left_out = list.bad_count();
  header.probe = Hasher{list.seed()}(kProbe).mark;
  header.buckets_checksum = checksum(as_text(list.set().bucket_bytes()));
  header.header_checksum = header_checksum(header);
  return {reinterpret_cast<const char*>(&header), sizeof header};
}

Result<Compiled, CompiledError> open_compiled(std::string_view contents,
                                              std::shared_ptr<const void> owner) {
  if (!is_compiled(contents)) {
    return refused("this is no compiled list: it does not begin like one", kBuildAnew);
  }
  if (contents.size() < sizeof(Header)) {
    return refused("this compiled list is cut off", kCopyAgain);
  }
  Header header;
  std::memcpy(&header, contents.data(), sizeof header);
  if (std::optional<CompiledError> wrong = wrong_with(header)) return std::move(*wrong);
  const std::size_t bucket_bytes = contents.size() - sizeof header;
  if (bucket_bytes % Set::kBucketBytes != 0 || header.buckets != bucket_bytes / Set::kBucketBytes) {
    return bucket_bytes / Set::kBucketBytes < header.buckets
               ? refused("this compiled list is cut off", kCopyAgain)
               : refused("this compiled list has something behind its end", kCopyAgain);
  }
  if (reinterpret_cast<std::uintptr_t>(contents.data()) % Set::kBucketBytes != 0) {
    owner = aligned_copy(contents);
  }
  const std::string_view buckets = contents.substr(sizeof header);
  if (checksum(buckets) != header.buckets_checksum) {
    return refused("this compiled list is damaged: its checksum is another", kCopyAgain);
  }
  std::optional<Set> set =
      Set::over(std::as_bytes(std::span(buckets)), header.entries, header.seed, std::move(owner));
  if (!set) return refused("this compiled list contradicts itself", kBuildAnew);
  Compiled compiled{
      List::from({std::move(*set), header.seed, header.shortest, header.longest,
                  header.label_counts, static_cast<Match>(header.match), header.left_out}),
      header.built_at_s};
  return compiled;
}

Result<List, CompiledError> read_list(std::string_view contents, std::shared_ptr<const void> owner,
                                      Match match, std::uint64_t seed) {
  if (is_compiled(contents)) {
    auto compiled = open_compiled(contents, std::move(owner));
    if (!compiled) return std::move(compiled).error();
    List list = std::move(compiled).value().list;
    if (list.match() == match) return list;
    const std::string built(name(list.match()));
    return CompiledError{"this list was built for match: " + built +
                         " and is used with match: " + std::string(name(match)) +
                         "; write match: " + built + ", or build it anew"};
  }
  List list = List::parse(contents, match, seed);
  if (list.complete()) return list;
  return CompiledError{list.bad_lines().empty() ? "no memory for it"
                                                : list.bad_lines().front().message};
}

}  // namespace core::lists
