#include "qc_metrics/illumination.h"
