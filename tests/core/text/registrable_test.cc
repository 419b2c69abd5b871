#include "core/text/registrable.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "core/text/email.h"
#include "exact_text.h"

namespace core::text {
namespace {

std::string registrable(std::string_view domain) {
  Arena arena{4096};
  return std::string{registrable_domain(ExactText{normalise_domain(domain, arena)}.view())};
}

struct DomainCase {
  std::string_view domain, expected;
};

TEST(RegistrableDomain, AgreesWithThePublishedCases) {
  // test_psl.txt of publicsuffix.org (public domain), those of its cases whose suffixes are stable.
  constexpr DomainCase kCases[] = {
      {"COM", ""},
      {"example.COM", "example.com"},
      {"WwW.example.COM", "example.com"},
      {".com", ""},
      {".example.com", ""},
      {"example", ""},
      {"example.example", "example.example"},
      {"b.example.example", "example.example"},
      {"a.b.example.example", "example.example"},
      {"biz", ""},
      {"domain.biz", "domain.biz"},
      {"a.b.domain.biz", "domain.biz"},
      {"uk.com", ""},
      {"example.uk.com", "example.uk.com"},
      {"a.b.example.uk.com", "example.uk.com"},
      {"test.ac", "test.ac"},
      {"mm", ""},
      {"c.mm", ""},
      {"b.c.mm", "b.c.mm"},
      {"a.b.c.mm", "b.c.mm"},
      {"jp", ""},
      {"test.jp", "test.jp"},
      {"ac.jp", ""},
      {"test.ac.jp", "test.ac.jp"},
      {"kyoto.jp", ""},
      {"test.kyoto.jp", "test.kyoto.jp"},
      {"ide.kyoto.jp", ""},
      {"b.ide.kyoto.jp", "b.ide.kyoto.jp"},
      {"c.kobe.jp", ""},
      {"b.c.kobe.jp", "b.c.kobe.jp"},
      {"city.kobe.jp", "city.kobe.jp"},
      {"www.city.kobe.jp", "city.kobe.jp"},
      {"ck", ""},
      {"test.ck", ""},
      {"b.test.ck", "b.test.ck"},
      {"www.ck", "www.ck"},
      {"www.www.ck", "www.ck"},
      {"us", ""},
      {"test.us", "test.us"},
      {"ak.us", ""},
      {"test.ak.us", "test.ak.us"},
      {"k12.ak.us", ""},
      {"test.k12.ak.us", "test.k12.ak.us"},
      {"\u98DF\u72EE.com.cn", "xn--85x722f.com.cn"},
      {"\u98DF\u72EE.\u516C\u53F8.cn", "xn--85x722f.xn--55qx5d.cn"},
      {"www.\u98DF\u72EE.\u516C\u53F8.cn", "xn--85x722f.xn--55qx5d.cn"},
      {"shishi.\u516C\u53F8.cn", "shishi.xn--55qx5d.cn"},
      {"\u516C\u53F8.cn", ""},
      {"\u98DF\u72EE.\u4E2D\u56FD", "xn--85x722f.xn--fiqs8s"},
      {"\u4E2D\u56FD", ""},
      {"xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn"},
  };
  for (const DomainCase& c : kCases) EXPECT_EQ(registrable(c.domain), c.expected) << c.domain;
}

TEST(RegistrableDomain, WhatSignUpsBring) {
  constexpr DomainCase kCases[] = {
      {"", ""},
      {"mail.example.co.uk", "example.co.uk"},
      {"anna.github.io", "anna.github.io"},
      {"b\u00FCcher.example.de", "example.de"},
      {"[192.0.2.1]", ""},
      {"[IPv6:2001:db8::1]", ""},
      {"192.0.2.1", ""},
      {"2001:db8::1", ""},
      {"a..com", ""},
      {"example.com.", "example.com"},
  };
  for (const DomainCase& c : kCases) EXPECT_EQ(registrable(c.domain), c.expected) << c.domain;
}

TEST(RegistrableDomain, IsTheEndOfItsArgument) {
  constexpr std::string_view kDomain = "a.b.example.org";
  const std::string_view found = registrable_domain(kDomain);
  EXPECT_EQ(found, "example.org");
  EXPECT_EQ(found.data(), kDomain.data() + 4);
}

TEST(RegistrableDomain, LengthsAndRandomBytesHurtNobody) {
  EXPECT_EQ(registrable_domain(std::string(249, 'a') + ".com").size(), 253U);
  EXPECT_EQ(registrable_domain(std::string(250, 'a') + ".com"), "");
  EXPECT_EQ(registrable_domain(std::string_view{"a\0b.com", 7}), "");
  std::mt19937 random{1};
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::size_t i = random() % 40; i > 0; --i) {
      text += random() % 3 == 0 ? '.' : static_cast<char>(random());
    }
    const ExactText exact{text};
    const std::string_view found = registrable_domain(exact.view());
    EXPECT_TRUE(exact.view().ends_with(found));
  }
}

}  // namespace
}  // namespace core::text
