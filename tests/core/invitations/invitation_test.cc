#include "core/invitations/invitation.h"

#include <gtest/gtest.h>

#include <set>

#include "core/invitations/code.h"

namespace core::invitations {
namespace {

TEST(Codes, AreSixteenSignsOfEightyBits) {
  const std::uint8_t zeros[kCodeRandomBytes] = {};
  EXPECT_EQ(code_of(zeros), "0000-0000-0000-0000");
  std::uint8_t ones[kCodeRandomBytes];
  std::fill(std::begin(ones), std::end(ones), 0xff);
  EXPECT_EQ(code_of(ones), "ZZZZ-ZZZZ-ZZZZ-ZZZZ");
  const std::uint8_t counting[kCodeRandomBytes] = {0x00, 0x44, 0x32, 0x14, 0xc7,
                                                   0x42, 0x54, 0xb6, 0x35, 0xcf};
  EXPECT_EQ(code_of(counting), "0123-4567-89AB-CDEF");
  // Each bit is in the code.
  std::set<std::string> codes;
  for (std::size_t bit = 0; bit < 8 * kCodeRandomBytes; ++bit) {
    std::uint8_t one[kCodeRandomBytes] = {};
    one[bit / 8] = static_cast<std::uint8_t>(1U << bit % 8);
    codes.insert(code_of(one));
  }
  EXPECT_EQ(codes.size(), 80u);
}

TEST(Codes, AreReadHoweverTheyAreTyped) {
  const std::string code = "0123456789ABCDEF";
  for (const char* const typed :
       {"0123-4567-89AB-CDEF", "0123456789abcdef", " oL23 4567\t89ab-cdEf ", "OI23_4567_89AB_CDEF",
        "0123\xE2\x80\x93"
        "4567\xE2\x80\x91"
        "89AB\xC2\xA0"
        "CDEF"}) {
    EXPECT_EQ(normal_code(typed), code) << typed;
  }
  for (const char* const typed : {"", "0123", "0123-4567-89AB-CDEF-0", "0123-4567-89AB-CDE!",
                                  "U123-4567-89AB-CDEF", "0123-4567-89AB-CDE\xE2\x80"}) {
    EXPECT_EQ(normal_code(typed), std::nullopt) << typed;
  }
  EXPECT_EQ(normal_code(std::string(1000, ' ')), std::nullopt);
}

TEST(Codes, AreKeptHashedAndPeopleByThem) {
  // SHA-256 of the text, as sha256sum prints it, its first half.
  EXPECT_EQ(code_hash("abc"), "ba7816bf8f01cfea414140de5dae2223");
  EXPECT_EQ(code_mark("A", "person", "x").size(), 32u);
  EXPECT_EQ(code_mark("A", "person", "x"), code_mark("A", "person", "x"));
  EXPECT_NE(code_mark("A", "person", "x"), code_mark("B", "person", "x"));
  EXPECT_NE(code_mark("A", "person", "x"), code_mark("A", "address", "x"));
}

TEST(Invitations, GoThroughTheirRecord) {
  Invitation invitation;
  invitation.uses = 7;
  invitation.created_s = 1'795'000'000;
  invitation.expires_s = 1'795'100'000;
  invitation.revoked_s = 1'795'050'000;
  invitation.by = "anna";
  invitation.revoked_by = "bert";
  invitation.revoked_why = "it was in a newspaper";
  invitation.domain = "acme.example";
  invitation.address = "aa";
  invitation.note = "for the fair: \"spring\"";
  invitation.redeemed = {"01", "02"};
  const std::string record = to_record(invitation);
  const std::optional<Invitation> again = of_record(record);
  ASSERT_TRUE(again);
  EXPECT_EQ(to_record(*again), record);
  EXPECT_EQ(again->uses, 7u);
  EXPECT_EQ(again->note, invitation.note);
  EXPECT_EQ(again->by, "anna");
  EXPECT_EQ(again->revoked_s, invitation.revoked_s);
  EXPECT_EQ(again->revoked_by, "bert");
  EXPECT_EQ(again->revoked_why, invitation.revoked_why);
  EXPECT_EQ(again->redeemed, invitation.redeemed);
  for (std::size_t size = 0; size < record.size(); ++size) {
    // Whole lines of those who have redeemed it may be missing, nothing else.
    const auto cut = of_record(std::string_view(record).substr(0, size));
    if (cut) {
      EXPECT_LT(cut->redeemed.size(), 2u);
    }
  }
  EXPECT_FALSE(of_record("2\n1 0 0 0\n\n\n\n\n\n\n"));
  EXPECT_FALSE(of_record("1\n1 0 0 0 0\n\n\n\n\n\n\n"));
  EXPECT_FALSE(of_record("1\n-1 0 0 0\n\n\n\n\n\n\n"));
}

TEST(Invitations, AreRedeemedAsOftenAsTheySayAndByOneOnlyOnce) {
  Invitation invitation;
  invitation.uses = 2;
  EXPECT_EQ(redeem(invitation, {.mark = "a"}, 1), Outcome::kRedeemed);
  EXPECT_EQ(redeem(invitation, {.mark = "a"}, 2), Outcome::kAgain);
  EXPECT_EQ(redeem(invitation, {.mark = "b"}, 3), Outcome::kRedeemed);
  EXPECT_EQ(redeem(invitation, {.mark = "c"}, 4), Outcome::kUsedUp);
  EXPECT_EQ(redeem(invitation, {.mark = "a"}, 5), Outcome::kAgain);
  EXPECT_EQ(invitation.redeemed.size(), 2u);
}

TEST(Invitations, EndWithTheirTimeAndWhenTheyAreRevoked) {
  Invitation invitation;
  invitation.expires_s = 100;
  invitation.uses = 9;
  EXPECT_EQ(redeem(invitation, {.mark = "a"}, 99), Outcome::kRedeemed);
  EXPECT_EQ(redeem(invitation, {.mark = "b"}, 100), Outcome::kExpired);
  EXPECT_EQ(redeem(invitation, {.mark = "a"}, 101), Outcome::kAgain) << "the caller repeats it";
  EXPECT_TRUE(revoke(invitation, "anna", "it was\nseen", 98));
  EXPECT_EQ(invitation.revoked_why, "it was seen");
  EXPECT_FALSE(revoke(invitation, "bert", "again", 99)) << "the first one counts";
  EXPECT_EQ(invitation.revoked_by, "anna");
  EXPECT_EQ(redeem(invitation, {.mark = "c"}, 99), Outcome::kUnknown);
}

TEST(Invitations, AreForgottenBehindTheirEnd) {
  Invitation invitation;
  EXPECT_EQ(forgotten_s(invitation, 50), 0) << "it has none";
  invitation.expires_s = 100;
  EXPECT_EQ(forgotten_s(invitation, 50), 150);
  invitation.revoked_s = 40;
  EXPECT_EQ(forgotten_s(invitation, 50), 90);
  invitation.revoked_s = 140;
  EXPECT_EQ(forgotten_s(invitation, 50), 150) << "to revoke what has expired keeps it no longer";
  invitation.expires_s = 0;
  EXPECT_EQ(forgotten_s(invitation, 50), 190);
}

TEST(Invitations, SayWhatHasBecomeOfThem) {
  Invitation invitation;
  invitation.expires_s = 100;
  EXPECT_EQ(state_at(invitation, 99), State::kOpen);
  EXPECT_EQ(state_at(invitation, 100), State::kExpired);
  invitation.redeemed = {"a"};
  EXPECT_EQ(state_at(invitation, 99), State::kUsedUp);
  EXPECT_EQ(state_at(invitation, 100), State::kUsedUp);
  invitation.revoked_s = 50;
  EXPECT_EQ(state_at(invitation, 99), State::kRevoked);
  for (std::size_t i = 0; i < kStateCount; ++i) {
    EXPECT_EQ(state_of(name(static_cast<State>(i))), static_cast<State>(i));
  }
  EXPECT_EQ(state_of("lost"), std::nullopt);
}

TEST(Invitations, AreForWhomTheyAreFor) {
  Invitation invitation;
  invitation.uses = 9;
  invitation.domain = "acme.example";
  EXPECT_EQ(redeem(invitation, {.mark = "a", .domain = "acme.example"}, 1), Outcome::kRedeemed);
  EXPECT_EQ(redeem(invitation, {.mark = "b", .domain = "mail.acme.example"}, 1), Outcome::kRedeemed);
  EXPECT_EQ(redeem(invitation, {.mark = "c", .domain = "notacme.example"}, 1), Outcome::kElsewhere);
  EXPECT_EQ(redeem(invitation, {.mark = "d"}, 1), Outcome::kElsewhere);
  invitation.domain.clear();
  invitation.address = "mark";
  EXPECT_EQ(redeem(invitation, {.mark = "e", .address = "other"}, 1), Outcome::kElsewhere);
  EXPECT_EQ(redeem(invitation, {.mark = "f", .address = "mark"}, 1), Outcome::kRedeemed);
  EXPECT_EQ(redeem(invitation, {.mark = "g"}, 1), Outcome::kElsewhere);
}

}  // namespace
}  // namespace core::invitations
