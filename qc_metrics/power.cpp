#include "qc_metrics/power.h"
