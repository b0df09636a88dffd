#pragma once

#include <string>
#include <string_view>

#include "sop/schedule.h"

namespace sop {

/// The day after `after` on which the rule occurs, counted from `start` (DTSTART).
///
/// Takes the part of RFC 5545 that makes sense for checks that recur for ever by the day: FREQ of
/// DAILY, WEEKLY, MONTHLY or YEARLY with INTERVAL, BYDAY, BYMONTHDAY, BYMONTH, BYSETPOS and WKST.
/// COUNT, UNTIL and everything below a day are refused, as is a rule that never occurs.
/// Deviation  RFC 5545 leaves out a month without a 29th, 30th or 31st; a check is due on the last
///            day of such a month instead, so that "monthly" from 31 January is not two months.
/// Errors     std::invalid_argument, one sentence.
[[nodiscard]] Day NextOccurrence(const std::string& recurrence, Day start, Day after);

}  // namespace sop
