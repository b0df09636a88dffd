#include "qc_metrics/psf.h"
