#include "sop/decision.h"
