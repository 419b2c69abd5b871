#include "core/dialects/step.h"

#include <gtest/gtest.h>

#include <set>

namespace core::dialects {
namespace {

using rules::VerdictKind;

// protocol.md a.7, c.1 and e.3: every step, every verdict.
TEST(Legality, IsThatOfTheMomentWhateverTheCaller) {
  struct Case {
    Step step;
    Legality block, validation_error;
  };
  constexpr Legality kLegal = Legality::kLegal;
  constexpr Legality kBlock = Legality::kBlockInstead;
  constexpr Legality kNothing = Legality::kNothingToTell;
  constexpr Case kCases[] = {
      {Step::kUnknown, kLegal, kLegal},
      {Step::kPostFederationSignup, kLegal, kBlock},
      {Step::kPostAttributeCollection, kLegal, kLegal},
      {Step::kPreTokenIssuance, kNothing, kNothing},
      {Step::kAttributeCollectionStart, kLegal, kBlock},
      {Step::kAttributeCollectionSubmit, kLegal, kLegal},
      {Step::kTokenIssuanceStart, kNothing, kNothing},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(name(c.step));
    EXPECT_EQ(legality(c.step, VerdictKind::kContinue), kLegal);
    EXPECT_EQ(legality(c.step, VerdictKind::kBlock), c.block);
    EXPECT_EQ(legality(c.step, VerdictKind::kValidationError), c.validation_error);
  }
}

// protocol.md e.1
TEST(NameForRules, IsTheUserFlowsAtTheSameMoment) {
  EXPECT_EQ(name_for_rules(Step::kAttributeCollectionStart), "PostFederationSignup");
  EXPECT_EQ(name_for_rules(Step::kAttributeCollectionSubmit), "PostAttributeCollection");
  EXPECT_EQ(name_for_rules(Step::kTokenIssuanceStart), "PreTokenIssuance");
  EXPECT_EQ(name_for_rules(Step::kPostAttributeCollection), "PostAttributeCollection");
  EXPECT_EQ(name_for_rules(Step::kEmailOtpSend), "emailOtpSend");
}

TEST(StepsOf, HasEachStepInItsSlot) {
  for (const auto dialect : {config::DialectName::kB2cUserflow, config::DialectName::kB2bSignup}) {
    const std::span<const Step> steps = steps_of(dialect);
    for (std::size_t i = 0; i < steps.size(); ++i) EXPECT_EQ(slot(steps[i]), i) << name(steps[i]);
  }
}

TEST(StepNames, AreAllDifferent) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kStepCount; ++i) names.insert(name(static_cast<Step>(i)));
  EXPECT_EQ(names.size(), kStepCount);
}

}  // namespace
}  // namespace core::dialects
