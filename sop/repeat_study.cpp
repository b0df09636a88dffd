#include "sop/repeat_study.h"
