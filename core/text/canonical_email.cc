// One mailbox, one address.
//
// Whoever may sign up once signs up as anna+1@, anna+2@ ... where the provider delivers all of them
// to anna@. What a provider does with an address is known only from what it says, so the table has
// what providers document and nothing that is only observed: a person who is taken for another one
// cannot sign up, which is worse than one who signs up twice. Where no page says that a provider
// shares its names between domains, the domains stay apart.
//
// Not in the table on purpose: dots at Yahoo and Outlook.com (they count), Proton's dots, hyphens
// and underscores (ignored, by no page of its documentation), domains that companies host with
// these providers (their administrators decide; Exchange Online can switch tags off).

#include "core/text/canonical_email.h"

#include <cstring>

#include "core/text/code_points.h"
#include "core/text/email.h"

namespace core::text {
namespace {

/// A provider's domain and what does not count before its '@'.
struct Provider {
  std::string_view domain;
  std::string_view canonical;  // the domain that stands for it
  char tag = 0;                // from the first of these on the local part is a tag; 0: no tags
  bool dots = true;            // false: dots do not count
  bool subdomains = false;     // tag@name.domain is name@domain
};

constexpr Provider kProviders[] = {
    // Dots: support.google.com/mail/answer/7436150. Tags: support.google.com/mail/answer/22370.
    // One name at both domains: support.google.com/mail/answer/10313.
    {"gmail.com", "gmail.com", '+', false},
    {"googlemail.com", "gmail.com", '+', false},
    // Tags since 2013: support.microsoft.com, "Add or remove an email alias in Outlook.com", and
    // learn.microsoft.com, "Plus addressing in Exchange Online", which Outlook.com runs on. A name
    // at one domain is not the same name at another.
    {"outlook.com", "outlook.com", '+'},
    {"hotmail.com", "hotmail.com", '+'},
    {"hotmail.co.uk", "hotmail.co.uk", '+'},
    {"hotmail.de", "hotmail.de", '+'},
    {"hotmail.es", "hotmail.es", '+'},
    {"hotmail.fr", "hotmail.fr", '+'},
    {"hotmail.it", "hotmail.it", '+'},
    {"live.com", "live.com", '+'},
    {"msn.com", "msn.com", '+'},
    // One mailbox at all three: support.apple.com/102510 (formerly HT201771), "If you have an
    // @mac.com or @me.com email address". Tags work but no page of Apple's says so: they are kept.
    {"icloud.com", "icloud.com"},
    {"me.com", "icloud.com"},
    {"mac.com", "icloud.com"},
    // Disposable addresses "nickname-keyword@yahoo.com": help.yahoo.com, SLN28338. A hyphen is in
    // no other Yahoo address, so what stands before it names one person.
    {"yahoo.com", "yahoo.com", '-'},
    {"yahoo.ca", "yahoo.ca", '-'},
    {"yahoo.co.in", "yahoo.co.in", '-'},
    {"yahoo.co.uk", "yahoo.co.uk", '-'},
    {"yahoo.com.au", "yahoo.com.au", '-'},
    {"yahoo.com.br", "yahoo.com.br", '-'},
    {"yahoo.de", "yahoo.de", '-'},
    {"yahoo.es", "yahoo.es", '-'},
    {"yahoo.fr", "yahoo.fr", '-'},
    {"yahoo.in", "yahoo.in", '-'},
    {"yahoo.it", "yahoo.it", '-'},
    {"yahoo.se", "yahoo.se", '-'},
    {"ymail.com", "ymail.com", '-'},
    {"rocketmail.com", "rocketmail.com", '-'},
    // Tags, and tag@name.fastmail.com for name+tag@fastmail.com: fastmail.help, "Plus addressing
    // and subdomain addressing". The two domains have names of their own.
    {"fastmail.com", "fastmail.com", '+', true, true},
    {"fastmail.fm", "fastmail.fm", '+', true, true},
    // Tags: proton.me/support/addresses-and-aliases. The same page gives the short @pm.me form and
    // the older domains to whoever has the name at the first.
    {"proton.me", "proton.me", '+'},
    {"protonmail.com", "proton.me", '+'},
    {"protonmail.ch", "proton.me", '+'},
    {"pm.me", "proton.me", '+'},
    // "Each mailbox on Yandex Mail has aliases in" these domains: yandex.com/support/domain,
    // "Mailbox aliases (synonyms)".
    {"yandex.ru", "yandex.ru"},
    {"ya.ru", "yandex.ru"},
    {"yandex.by", "yandex.ru"},
    {"yandex.com", "yandex.ru"},
    {"yandex.kz", "yandex.ru"},
    {"yandex.ua", "yandex.ru"},
};

const Provider* find_provider(std::string_view domain) noexcept {
  for (const Provider& provider : kProviders) {
    if (provider.domain == domain) return &provider;
  }
  return nullptr;
}

/// "name.fastmail.com" cut into the name and its provider.
struct Owned {
  std::string_view name;
  const Provider* provider = nullptr;
};
Owned find_owner(std::string_view domain) noexcept {
  const std::size_t dot = domain.find('.');
  if (dot == 0 || dot == std::string_view::npos) return {};
  const Provider* const provider = find_provider(domain.substr(dot + 1));
  if (provider == nullptr || !provider->subdomains) return {};
  return {domain.substr(0, dot), provider};
}

/// The local part without its tag, unless nothing were left of it.
std::string_view without_tag(std::string_view local, char tag) noexcept {
  const std::size_t at = tag == 0 ? std::string_view::npos : local.find(tag);
  return at == 0 || at == std::string_view::npos ? local : local.substr(0, at);
}

/// True when no mailbox has this name: with white space or another '@' in it, what is cut off could
/// leave another address.
bool is_broken(std::string_view local) noexcept {
  const char* at = local.data();
  const char* const end = at + local.size();
  while (at != end) {
    const CodePoint point = decode(at, end);
    if (is_white_space(point.value) || point.value == U'@' || point.value == U'"') return true;
    at += point.size;
  }
  return false;
}

}  // namespace

std::string_view canonical_email(std::string_view email, Arena& arena) noexcept {
  const std::string_view normal = normalise_email(email, arena);
  const EmailParts parts = split_email(normal);
  if (parts.local.empty() || parts.domain.empty()) return {};
  if (parts.local.front() == '"') {
    // Its letter case may count: only the domain takes its form.
    const EmailParts typed = split_email(email);
    const std::size_t quote = typed.local.find('"');
    if (quote == std::string_view::npos) return normal;
    const std::string_view local = typed.local.substr(quote);
    char* const to = arena.allocate(local.size() + 1 + parts.domain.size());
    if (to == nullptr) return {};
    std::memcpy(to, local.data(), local.size());
    to[local.size()] = '@';
    std::memcpy(to + local.size() + 1, parts.domain.data(), parts.domain.size());
    return {to, local.size() + 1 + parts.domain.size()};
  }

  std::string_view local = parts.local;
  const Provider* provider = find_provider(parts.domain);
  if (is_broken(local)) return normal;
  if (provider == nullptr) {
    const Owned owned = find_owner(parts.domain);
    if (owned.provider == nullptr) return normal;
    provider = owned.provider;
    local = owned.name;
  } else {
    local = without_tag(local, provider->tag);
  }
  const std::string_view domain = provider->canonical;
  const bool dotted = !provider->dots && local.find('.') != std::string_view::npos;
  if (!dotted && local.data() == normal.data() && local.size() == parts.local.size() &&
      domain == parts.domain) {
    return normal;
  }
  const std::size_t worst = local.size() + 1 + domain.size();
  char* const begin = arena.allocate(worst);
  if (begin == nullptr) return {};
  char* to = begin;
  for (const char c : local) {
    if (c != '.' || !dotted) *to++ = c;
  }
  if (to == begin) {  // nothing but dots
    arena.give_back(worst);
    return normal;
  }
  *to++ = '@';
  std::memcpy(to, domain.data(), domain.size());
  to += domain.size();
  const auto size = static_cast<std::size_t>(to - begin);
  arena.give_back(worst - size);
  return {begin, size};
}

}  // namespace core::text
