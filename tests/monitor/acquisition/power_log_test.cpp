#include "monitor/acquisition/power_log.h"

#include <gtest/gtest.h>

#include "monitor/acquisition/read_error.h"

namespace monitor::acquisition {
namespace {

TEST(PowerLog, SmartLpmRowsMayLackTheTemperature) {
  const PowerLog log = ReadPowerLog(
      "timestamp\twavelength[nm]\tsetting[%]\tpower[mW]\ttemperature[C]\r\n"
      "2024-11-08 17:27:32.678\t488\t30\t2.5e-05\t\r\n"
      "2024-11-08 17:27:33.679\t488\t30\t4.5e-05\t\r\n");
  EXPECT_EQ(log.format, "SmartLPM CSV");
  ASSERT_EQ(log.rows.size(), 2U);
  EXPECT_TRUE(log.timed);
  EXPECT_NEAR(*log.rows[1].time_s, 1.001, 1e-6);
  EXPECT_EQ(log.mw_per_unit, 1.0);
  EXPECT_EQ(std::get<double>(log.metadata.at("line_nm")), 488.0);
  EXPECT_EQ(log.rows[0].temperature_c, std::nullopt);
  EXPECT_EQ(log.acquired_at, "2024-11-08T17:27:32.678");
}

TEST(PowerLog, ThorlabsBlanksUsDatesAndWatts) {
  const PowerLog log = ReadPowerLog(
      "Thorlabs Optical Power Monitor\r\nSerial,P1\r\n"
      "Samples ,Date (MM/dd/yyyy) ,Time of day (hh:mm:ss) ,Power (W) , \r\n"
      "1 ,11/08/2024 ,11:59:59.500 AM ,1.5E-003 , \r\n"
      "2 ,11/08/2024 ,12:00:00.500 PM ,1.6E-003 , \r\n");
  EXPECT_EQ(log.format, "Thorlabs OPM CSV");
  EXPECT_EQ(log.mw_per_unit, 1000.0);
  ASSERT_EQ(log.rows.size(), 2U);
  EXPECT_NEAR(*log.rows[1].time_s, 1.0, 1e-6);
}

TEST(PowerLog, WithoutAUnitThereIsNone) {
  const PowerLog log = ReadPowerLog("time_s;power\n0;1.5\n1;1.5\n");
  EXPECT_EQ(log.mw_per_unit, std::nullopt);
  EXPECT_EQ(log.rows.size(), 2U);
}

TEST(PowerLog, ARowThatIsStillWrittenIsLeftOut) {
  EXPECT_EQ(ReadPowerLog("time_s,power_mw\n0,1.5\n1,1.5\n2").rows.size(), 2U);
}

TEST(PowerLog, ARowWithoutANumberIsNamed) {
  try {
    (void)ReadPowerLog("time_s,power_mw\n0,1.5\n1,overload\n2,1.5\n");
    FAIL();
  } catch (const ReadError& error) {
    EXPECT_NE(std::string(error.what()).find("row 3"), std::string::npos) << error.what();
  }
}

TEST(PowerLog, TextIsNoLog) {
  EXPECT_THROW((void)ReadPowerLog("Dear colleague,\nsee below\n"), ReadError);
  EXPECT_THROW((void)ReadPowerLog(""), ReadError);
}

}  // namespace
}  // namespace monitor::acquisition
