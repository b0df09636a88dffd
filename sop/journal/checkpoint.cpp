#include "sop/journal/checkpoint.h"
