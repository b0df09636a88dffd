#include "sop/schedule.h"
