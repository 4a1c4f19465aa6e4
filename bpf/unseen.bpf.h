/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What processes are seen to use and no probe can look into: counted, so that a diagnosis can say so. */
#ifndef UNSEEN_BPF_H
#define UNSEEN_BPF_H

#include "packet.bpf.h"

#define MAX_UNSEEN 4096
#define QUIC_PORT 443

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_UNSEEN);
	__type(key, struct llm_slo_unseen_key);
	__type(value, struct llm_slo_unseen);
} unseen SEC(".maps");

static __always_inline void note_unseen(struct task_struct *task, __u32 what)
{
	struct llm_slo_unseen_key key = { .pid = BPF_CORE_READ(task, tgid), .what = what };
	struct llm_slo_unseen *known = bpf_map_lookup_elem(&unseen, &key), fresh = {};

	if (known) {
		known->count += 1;
		return;
	}
	if (!is_target(task))
		return;
	fresh.count = 1;
	fresh.process_start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	BPF_CORE_READ_STR_INTO(&fresh.comm, task, group_leader, comm);
	if (bpf_map_update_elem(&unseen, &key, &fresh, BPF_ANY))
		count_untracked(LLM_SLO_EXCHANGE);
}

#endif
