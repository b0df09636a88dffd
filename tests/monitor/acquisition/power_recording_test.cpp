#include "monitor/acquisition/power_recording.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "monitor/acquisition/power_log.h"
#include "monitor/acquisition/read_error.h"

namespace monitor::acquisition {
namespace {

// A meter that answers from a list; "!" hangs up, "?" does not answer.
class ScriptedLink : public PowerLink {
 public:
  explicit ScriptedLink(std::deque<std::string> powers) : powers_(std::move(powers)) {}

  void Send(std::string_view line) override {
    sent.emplace_back(line);
    if (line == "*IDN?") reply_ = name;
    if (line == "SENS:POW:UNIT W" && takes_watts) unit_ = "W";
    if (line == "SENS:POW:UNIT?") reply_ = unit_;
    if (line == "SYST:SENS:IDN?") reply_ = sensor;
    if (line.starts_with("SENS:CORR:WAV ")) wavelength_ = std::string(line.substr(14));
    if (line == "SENS:CORR:WAV?") reply_ = wavelength_;
    if (line != "MEAS:POW?") return;
    reply_ = powers_.empty() ? "!" : powers_.front();
    if (!powers_.empty()) powers_.pop_front();
  }
  std::string Receive(double) override {
    if (reply_ == "!") throw LinkError("the meter hung up");
    if (reply_ == "?") throw LinkError("the meter did not answer within 3000 ms");
    return reply_;
  }
  void Drain() override {}

  std::vector<std::string> sent;
  std::string name = "Maker,Model,1,2";
  std::string sensor = "S130C,12041712,12-Apr-2012,1,18,33";
  bool takes_watts = true;

 private:
  std::deque<std::string> powers_;
  std::string unit_ = "DBM";
  std::string wavelength_ = "635";
  std::string reply_;
};

// Time passes only when somebody waits.
RecordClock StoppedClock() {
  auto now = std::make_shared<double>(0.0);
  return {.now_s = [now] { return *now; }, .wait = [now](double until_s) { *now = until_s; }};
}

std::string Record(ScriptedLink& link, PowerRecordPlan plan) {
  plan.address = "scpi://meter:5025";
  plan.started_at = "2026-11-22T10:00:00.000Z";
  std::string text;
  (void)RecordPower(
      link, plan, StoppedClock(), [&](const std::string& part) { text += part; }, nullptr);
  return text;
}

TEST(PowerRecording, ReadsTheSeriesThatWasAskedFor) {
  ScriptedLink link({"1.0E-3", "1.1E-3", "+1.2E-3", "9E-4"});
  const PowerLog log = ReadPowerLog(
      Record(link, {.meter_wavelength_nm = 488.0, .duration_s = 2.0, .interval_s = 0.5}));
  EXPECT_EQ(log.format, "Etalon power record");
  EXPECT_EQ(log.mw_per_unit, 1000.0);
  ASSERT_EQ(log.rows.size(), 4U);
  EXPECT_EQ(log.rows[2].power, 1.2e-3);
  EXPECT_EQ(*log.rows[3].time_s, 1.5);
  EXPECT_EQ(std::get<double>(log.metadata.at("meter_wavelength_nm")), 488.0);
  EXPECT_EQ(log.acquired_at, "2026-11-22T10:00:00.000Z");
  EXPECT_TRUE(log.notes.empty());
}

TEST(PowerRecording, AWavelengthThatNobodyStatedIsTheMetersOwn) {
  ScriptedLink link({"1", "1"});
  const PowerLog log = ReadPowerLog(Record(link, {.duration_s = 2.0}));
  EXPECT_EQ(std::get<double>(log.metadata.at("meter_wavelength_nm")), 635.0);
  for (const std::string& line : link.sent) EXPECT_FALSE(line.starts_with("SENS:CORR:WAV "));
}

TEST(PowerRecording, AMeterOfThorlabsNamesItsSensorAndAnswersInWatts) {
  ScriptedLink link({"1", "1"});
  link.name = "Thorlabs,PM100D,P0001,2.4.0";
  const std::string record = Record(link, {.duration_s = 2.0});
  const PowerLog log = ReadPowerLog(record);
  EXPECT_EQ(std::get<std::string>(log.metadata.at("sensor_serial")), "12041712");
  EXPECT_NE(record.find("# sensor: S130C, calibrated 12-Apr-2012\n"), std::string::npos);
  EXPECT_EQ(log.rows.size(), 2U);
  ScriptedLink bare({"1", "1"});
  bare.name = "THORLABS,PM100D,P0001,2.4.0";
  bare.sensor = "no sensor";
  EXPECT_FALSE(ReadPowerLog(Record(bare, {.duration_s = 2.0})).metadata.contains("sensor_serial"));
}

TEST(PowerRecording, AMeterThatKeepsToDecibelsIsNotRecorded) {
  ScriptedLink link({"-3.0", "-3.0"});
  link.name = "Thorlabs,PM100D,P0001,2.4.0";
  link.takes_watts = false;
  EXPECT_THROW((void)Record(link, {.duration_s = 2.0}), LinkError);
}

TEST(PowerRecording, OtherMetersAreNotAskedForThingsOfThorlabs) {
  ScriptedLink link({"1"});
  (void)Record(link, {.duration_s = 1.0});
  for (const std::string& line : link.sent) {
    EXPECT_NE(line, "SYST:SENS:IDN?");
    EXPECT_FALSE(line.starts_with("SENS:POW:UNIT"));
  }
}

TEST(PowerRecording, AMeterThatHangsUpLeavesWhatItSaidAndTheReason) {
  for (const char* end : {"!", "?"}) {
    ScriptedLink link({"1", "1", "1", end});
    const PowerLog log = ReadPowerLog(Record(link, {.duration_s = 10.0}));
    EXPECT_EQ(log.rows.size(), 3U);
    ASSERT_EQ(log.notes.size(), 1U);
    EXPECT_EQ(log.notes[0].code, "too_few");
    EXPECT_NE(log.notes[0].text.find("after 3 of 10 readings"), std::string::npos);
  }
}

TEST(PowerRecording, GarbageIsRefusedAndOverRangeIsNoPower) {
  ScriptedLink link({"1", "ERR: -113", "1", "9.9E37", "1", "nan", "inf", "1"});
  const PowerLog log = ReadPowerLog(Record(link, {.duration_s = 8.0}));
  EXPECT_EQ(log.rows.size(), 4U);
  ASSERT_EQ(log.notes.size(), 2U);
  EXPECT_EQ(log.notes[0].code, "not_finite");
  EXPECT_NE(log.notes[0].text.find("3 reply or replies, the first 'ERR: -113'"), std::string::npos);
  EXPECT_EQ(log.notes[1].code, "saturated");
}

TEST(PowerRecording, FiveRefusedRepliesInARowEndIt) {
  ScriptedLink four({"1", "x", "x", "x", "x", "1", "1"});
  EXPECT_EQ(ReadPowerLog(Record(four, {.duration_s = 7.0})).rows.size(), 3U);
  ScriptedLink five({"1", "1", "x", "x", "x", "x", "x", "1", "1"});
  EXPECT_EQ(ReadPowerLog(Record(five, {.duration_s = 9.0})).rows.size(), 2U);
}

TEST(PowerRecording, ARecordWithoutReadingsSaysWhy) {
  ScriptedLink link({"!"});
  try {
    (void)ReadPowerLog(Record(link, {.duration_s = 3.0}));
    FAIL();
  } catch (const ReadError& error) {
    EXPECT_NE(std::string(error.what()).find("the meter hung up"), std::string::npos);
  }
}

TEST(PowerLink, AddressesThatNameNoMeterAreRefused) {
  EXPECT_TRUE(IsPowerMeterAddress("usbtmc:///dev/usbtmc0"));
  EXPECT_FALSE(IsPowerMeterAddress("logs/scpi.csv"));
  for (const char* address :
       {"scpi://", "scpi://host", "scpi://host:x", "scpi://:5025", "scpi://host:99999", "serial://",
        "usbtmc://", "http://host", "serial:///dev/null?baud=1", "usbtmc:///nowhere/usbtmc0"}) {
    EXPECT_THROW((void)ConnectPowerMeter(address, 0.2), LinkError) << address;
  }
}

}  // namespace
}  // namespace monitor::acquisition
