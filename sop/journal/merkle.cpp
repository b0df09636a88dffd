#include "sop/journal/merkle.h"
