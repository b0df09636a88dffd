#include "monitor/report/number_text.h"

#include <gtest/gtest.h>

namespace monitor::report {
namespace {

TEST(ValueText, ShowsUToTwoDigitsAndTheValueToTheSamePlace) {
  EXPECT_EQ(ValueText(0.24713, 0.00612), "0.2471 ± 0.0061");
  EXPECT_EQ(ValueText(13.6, 3.6), "13.6 ± 3.6");
  EXPECT_EQ(ValueText(1234.5, 120.0), "1230 ± 120");
  EXPECT_EQ(ValueText(5.0, 0.5), "5.00 ± 0.50");
}

TEST(ValueText, RoundsUBeforeItCountsItsDigits) {
  EXPECT_EQ(ValueText(0.5, 0.0996), "0.50 ± 0.10");
  EXPECT_EQ(ValueText(25.0, 9.96), "25 ± 10");
}

TEST(ValueText, WritesATrueMinus) { EXPECT_EQ(ValueText(-1.8, 0.4), "\u22121.80 ± 0.40"); }

TEST(ValueText, UsesAPowerOfTenOnlyWherePlainDigitsWouldNotBeRead) {
  EXPECT_EQ(ValueText(2.4e-5, 3e-6), "(2.40 ± 0.30) × 10⁻⁵");
  EXPECT_EQ(ValueText(0.00025, 3e-6), "0.0002500 ± 0.0000030");
}

TEST(ValueText, WithoutUShowsFourDigits) { EXPECT_EQ(ValueText(0.184145, std::nullopt), "0.1841"); }

TEST(NumberText, CountsAreExact) {
  EXPECT_EQ(NumberText(0.0), "0");
  EXPECT_EQ(NumberText(-0.0), "0");
  EXPECT_EQ(NumberText(40.0), "40");
  EXPECT_EQ(ValueText(488.0, std::nullopt), "488");
}

TEST(NumberText, LargeNumbers) {
  EXPECT_EQ(NumberText(123456.0), "123456");
  EXPECT_EQ(NumberText(3.2e9), "3.200 × 10⁹");
}

TEST(NominalText, MakesUpNoDigits) {
  EXPECT_EQ(NominalText(1.4), "1.4");
  EXPECT_EQ(NominalText(0.1024), "0.1024");
  EXPECT_EQ(NominalText(-0.5), "\u22120.5");
  EXPECT_EQ(NominalText(65535.0), "65535");
  EXPECT_EQ(NominalText(2.5e-6), "2.500 × 10⁻⁶");
}

TEST(TickText, HasTheDecimalsOfTheStep) {
  EXPECT_EQ(TickText(15.2, 0.2), "15.2");
  EXPECT_EQ(TickText(15.0, 0.2), "15.0");
  EXPECT_EQ(TickText(1.2025, 0.0005), "1.2025");
  EXPECT_EQ(TickText(-0.1, 0.1), "\u22120.1");
  EXPECT_EQ(TickText(1e-17, 0.1), "0");  // what is left of -0.1 + 0.1
  EXPECT_EQ(TickText(20000.0, 5000.0), "20000");
  EXPECT_EQ(TickText(3e-5, 1e-5), "3.000 × 10⁻⁵");
}

TEST(UnitText, ReadsUcumForPeople) {
  EXPECT_EQ(UnitText("um"), "µm");
  EXPECT_EQ(UnitText("1"), "");
  EXPECT_EQ(UnitText("mW"), "mW");
  EXPECT_EQ(UnitText("1/um2"), "µm⁻²");
}

}  // namespace
}  // namespace monitor::report
