#include "sop/fitness.h"
