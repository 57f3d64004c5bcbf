#include "domain/removal_brake.h"

#include "base/macro.h"

static const char *const reason_names[REMOVAL_REASON_MAX] = {
    [REMOVAL_TOO_MANY] = "tooMany",
    [REMOVAL_CLOCK_JUMP] = "clockJump",
};

const char *removal_reason_name(enum removal_reason reason)
{
	return reason < REMOVAL_REASON_MAX ? reason_names[reason] : "";
}

int64_t removal_brake_enough_members(int64_t removals)
{
	return removals > INT64_MAX / REMOVAL_BRAKE_PART ? INT64_MAX : removals * REMOVAL_BRAKE_PART;
}

bool removal_brake_holds(int64_t removals, int64_t members)
{
	return removals > REMOVAL_BRAKE_FEW && members < removal_brake_enough_members(removals);
}
