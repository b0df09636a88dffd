#include "qc_metrics/catalogue.h"
