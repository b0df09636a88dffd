#include "monitor/acquisition/length_unit.h"

#include <gtest/gtest.h>

namespace monitor::acquisition {
namespace {

TEST(LengthUnit, KnowsTheMicrometreInEveryEncoding) {
  for (const char* unit : {"um", "micron", "\xC2\xB5m", "\xCE\xBCm", "\xB5m", "\\u00B5m"}) {
    EXPECT_EQ(MicrometresPer(unit), 1.0) << unit;
  }
  EXPECT_EQ(MicrometresPer("nm"), 1e-3);
  EXPECT_EQ(MicrometresPer("pixel"), std::nullopt);
  EXPECT_EQ(MicrometresPer(""), std::nullopt);
}

TEST(LengthUnit, NumbersAreWholeTexts) {
  EXPECT_EQ(FiniteNumber(" 1.5e-3 "), 1.5e-3);
  EXPECT_EQ(FiniteNumber("+2"), 2.0);
  for (const char* text : {"", "1,5", "1.5um", "nan", "inf", "1e999", "0x10"}) {
    EXPECT_EQ(FiniteNumber(text), std::nullopt) << text;
  }
  EXPECT_EQ(PositiveNumber("0"), std::nullopt);
}

}  // namespace
}  // namespace monitor::acquisition
