#include "monitor/acquisition/power_log.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

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

// What the Tool-Kit reads: names without units and, optionally, a row of units below them. It shows
// any of them as mW; the row of units is what counts.
TEST(PowerLog, ToolKitTextStatesItsUnitsInARowOfTheirOwn) {
  const PowerLog log = ReadPowerLog(
      "timestamp\twavelength\tsetting\tpower\ttemperature\n"
      "YYYY-MM-DD HH:MM:SS\tnm\t%\tW\tC\n"
      "2024-06-27 10:32:54.713\t488\t80\t0.00284\t24.5\n"
      "2024-06-27 10:32:55.747\t488\t80\t0.00285\t24.5\n");
  EXPECT_EQ(log.format, "QUAREP Tool-Kit text");
  EXPECT_EQ(log.mw_per_unit, 1000.0);
  ASSERT_EQ(log.rows.size(), 2U);
  EXPECT_EQ(log.rows[0].setting_percent, 80.0);
  EXPECT_EQ(log.rows[0].temperature_c, 24.5);
  EXPECT_NEAR(*log.rows[1].time_s, 1.034, 1e-6);
}

TEST(PowerLog, ToolKitTextWithoutUnitsStatesNone) {
  const PowerLog log = ReadPowerLog(
      "timestamp\twavelength\tsetting\tpower\n"
      "2024-06-27 10:32:54.713\t488\t80\t[2.84]\n"
      "2024-06-27 10:32:55.713\t488\t80\t2.85\n");
  EXPECT_EQ(log.format, "QUAREP Tool-Kit text");
  EXPECT_EQ(log.mw_per_unit, std::nullopt);
  ASSERT_EQ(log.rows.size(), 2U);
  EXPECT_EQ(log.rows[0].power, 2.84);
}

TEST(PowerLog, UnitsThatAreNoPowerAreNone) {
  for (const char* unit : {"dBm", "MW", "", "W/cm2", "V"}) {
    const std::string text = std::string("time (s);power (") + unit + ")\n0;1.5\n1;1.5\n";
    EXPECT_EQ(ReadPowerLog(text).mw_per_unit, std::nullopt) << unit;
  }
  EXPECT_EQ(ReadPowerLog("time (s);power (\xC2\xB5W)\n0;1.5\n1;2\n").mw_per_unit, 1e-3);
}

std::vector<double> TimesOf(const PowerLog& log) {
  std::vector<double> times;
  for (const PowerRow& row : log.rows) times.push_back(row.time_s.value_or(-1.0));
  return times;
}

TEST(PowerLog, DatesTellTheirOrderOrHaveNone) {
  const char* us =
      "date (MM/dd/yyyy),time,power (W)\n11/08/2024,10:00:00,1\n11/08/2024,10:00:01,1\n";
  EXPECT_EQ(ReadPowerLog(us).acquired_at, "2024-11-08T10:00:00.000");
  const char* days =
      "timestamp,power (W)\n12/11/2024 23:59:59,1\n13/11/2024 00:00:01,1\n";  // 13 is no month
  EXPECT_EQ(ReadPowerLog(days).acquired_at, "2024-11-12T23:59:59.000");
  EXPECT_EQ(TimesOf(ReadPowerLog(days)), (std::vector<double>{0.0, 2.0}));
  const char* either = "timestamp,power (W)\n11/08/2024 10:00:00,1\n11/08/2024 10:00:01,1\n";
  EXPECT_EQ(ReadPowerLog(either).acquired_at, std::nullopt);
  EXPECT_EQ(TimesOf(ReadPowerLog(either)), (std::vector<double>{0.0, 1.0}));
  const char* none = "timestamp,power (W)\n11/08/2024 23:59:59,1\n12/08/2024 00:00:01,1\n";
  EXPECT_FALSE(ReadPowerLog(none).timed);  // one day or a month apart: nothing tells
}

TEST(PowerLog, HalfDaysNextToAnUntoldOrderAreSaid) {
  const PowerLog log = ReadPowerLog(
      "timestamp,power (W)\n11/08/2024 11:59:59 AM,1\n11/08/2024 12:00:00 PM,1\n"
      "11/08/2024 12:00:01 p.m.,1\n");
  EXPECT_EQ(log.acquired_at, "2024-11-08T11:59:59.000");
  EXPECT_EQ(TimesOf(log), (std::vector<double>{0.0, 1.0, 2.0}));
  ASSERT_EQ(log.notes.size(), 1U);
  EXPECT_EQ(log.notes[0].code, "clock");
}

TEST(PowerLog, AClockWithoutADatePassesMidnight) {
  const PowerLog log = ReadPowerLog("time,power (W)\n23:59:59,1\n00:00:00,1\n00:00:01,1\n");
  EXPECT_TRUE(log.timed);
  EXPECT_EQ(log.acquired_at, std::nullopt);
  EXPECT_EQ(TimesOf(log), (std::vector<double>{0.0, 1.0, 2.0}));
}

TEST(PowerLog, TheEndOfSummerTimeIsTakenOutAndSaid) {
  const PowerLog log = ReadPowerLog(
      "timestamp,power (W)\n2024-10-27 02:59:30,1\n2024-10-27 02:00:00,1\n"
      "2024-10-27 02:00:30,1\n");
  EXPECT_EQ(TimesOf(log), (std::vector<double>{0.0, 30.0, 60.0}));
  ASSERT_EQ(log.notes.size(), 1U);
  EXPECT_EQ(log.notes[0].severity, qc_metrics::Severity::kWarning);
  const PowerLog wrong =
      ReadPowerLog("timestamp,power (W)\n2024-10-27 02:59:30,1\n2024-10-27 02:30:00,1\n");
  EXPECT_LT(*wrong.rows[1].time_s, 0.0);  // no hour: for the measurement to refuse
}

TEST(PowerLog, StampsOfASecondAreSpreadAndRepeatedRowsLeftOut) {
  const PowerLog log = ReadPowerLog(
      "timestamp;power (W)\n2024-10-20 02:00:00;1,0\n2024-10-20 02:00:00;1,1\n"
      "2024-10-20 02:00:01;1,2\n2024-10-20 02:00:01;1,2\n2024-10-20 02:00:02;1,3\n");
  ASSERT_EQ(log.rows.size(), 4U);
  EXPECT_EQ(TimesOf(log), (std::vector<double>{0.0, 0.5, 1.0, 2.0}));
  EXPECT_EQ(log.rows[1].power, 1.1);
  EXPECT_EQ(log.notes.size(), 2U);
}

TEST(PowerLog, ADecimalCommaBetweenCommasIsRefused) {
  EXPECT_THROW((void)ReadPowerLog("time_s,power_mw\n0,1,5\n1,1,5\n"), ReadError);
  EXPECT_EQ(ReadPowerLog("time_s\tpower_mw\n0\t1,5\n0,5\t1,5\n").rows[1].power, 1.5);
  EXPECT_THROW((void)ReadPowerLog("time_s\tpower_mw\n0\t1,500\n1\t1.5\n"), ReadError);
}

TEST(PowerLog, LinesAboveTheHeaderNameSensorAndWavelength) {
  const PowerLog log = ReadPowerLog(
      "\xEF\xBB\xBFThorlabs Optical Power Monitor\r\nSensor S/N:,210101\r\nWavelength: 561 nm\r\n"
      "Samples ,Date (MM/dd/yyyy) ,Time of day (hh:mm:ss) ,Power (W) ,Wavelength (nm) , \r\n"
      "1 ,11/08/2024 ,10:00:00.5 ,1.5E-3 ,561 , \r\n2 ,11/08/2024 ,10:00:01.5 ,1.5E-3 ,561 , \r\n");
  EXPECT_EQ(std::get<double>(log.metadata.at("meter_wavelength_nm")), 561.0);
  EXPECT_EQ(std::get<std::string>(log.metadata.at("sensor_serial")), "210101");
  EXPECT_FALSE(log.metadata.contains("line_nm"));
  EXPECT_EQ(log.rows[0].line_nm, std::nullopt);
}

TEST(PowerLog, ARecordTellsHowItEnded) {
  const PowerLog log = ReadPowerLog(
      "# Etalon power record 1\n# meter: Maker,Model,1,2\n# meter_wavelength_nm: 488\n"
      "# started: 2026-11-22T10:00:00.000Z\nelapsed[s],power[W]\n0.0,1e-3\n1.0,1e-3\n"
      "# refused: 1 reply, the first 'ERR' after 1.5 s\n# over range: 2 readings\n"
      "# ended early: the meter did not answer within 3 s, after 2 of 300 samples\n");
  EXPECT_EQ(log.format, "Etalon power record");
  EXPECT_EQ(log.acquired_at, "2026-11-22T10:00:00.000Z");
  EXPECT_EQ(std::get<double>(log.metadata.at("meter_wavelength_nm")), 488.0);
  ASSERT_EQ(log.notes.size(), 3U);
  EXPECT_EQ(log.notes[0].code, "not_finite");
  EXPECT_EQ(log.notes[1].code, "saturated");
  EXPECT_EQ(log.notes[2].code, "too_few");
}

TEST(PowerLog, TextIsNoLog) {
  EXPECT_THROW((void)ReadPowerLog("Dear colleague,\nsee below\n"), ReadError);
  EXPECT_THROW((void)ReadPowerLog(""), ReadError);
}

}  // namespace
}  // namespace monitor::acquisition
