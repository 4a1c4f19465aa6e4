/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* So many of a kind are told one by one in a period, whoever they are of. */
#ifndef BUDGET_BPF_H
#define BUDGET_BPF_H

#include "probe.bpf.h"

struct budget {
	__u64 period;
	__u64 told;
};

/* Whether one more may be told in this period. Two CPUs at the turn of a period may let a few too many through. */
static __always_inline int within_budget(struct budget *budget, __u64 period, __u32 most)
{
	if (!budget)
		return 0;
	if (budget->period != period) {
		budget->period = period;
		budget->told = 0;
	}
	if (budget->told >= most)
		return 0;
	__sync_fetch_and_add(&budget->told, 1); /* its old value is not asked for: that takes Linux 5.12 */
	return 1;
}

#endif
