#include "sop/journal/canonical_json.h"
