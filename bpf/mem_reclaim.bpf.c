// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * mem_reclaim_latency_ms: how long a thread that wanted memory had to free some first, because the machine was short of it or because
 * its cgroup was at its limit. All of it happens in the context of the thread that waits. What kswapd frees costs nobody a wait.
 *
 * A pair may lie within another one: the outermost counts. A process that is killed meanwhile still comes to the end of its pair.
 */
#include "probe.bpf.h"

#define MAX_RECLAIMING 4096

struct reclaiming {
	__u64 since;
	__u32 depth;
	__u32 flags; /* enum llm_slo_reclaim_flag, of the outermost pair */
};

/* By thread id. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_RECLAIMING);
	__type(key, __u32);
	__type(value, struct reclaiming);
} reclaiming SEC(".maps");

static __always_inline int begin(__u32 flags)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u32 tid = bpf_get_current_pid_tgid();
	struct reclaiming *known = bpf_map_lookup_elem(&reclaiming, &tid);
	struct reclaiming fresh = { .since = bpf_ktime_get_ns(), .depth = 1, .flags = flags };
	struct llm_slo_thread *thread;

	if (known) {
		known->depth += 1;
		return 0;
	}
	if (!is_target(task))
		return 0;
	if (bpf_map_update_elem(&reclaiming, &tid, &fresh, BPF_NOEXIST)) {
		count_untracked(LLM_SLO_RECLAIM);
		return 0;
	}
	thread = bpf_map_lookup_elem(&threads, &tid);
	if (thread)
		thread->reclaim_since = fresh.since;
	return 0;
}

static __always_inline int end(__u64 pages)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct reclaiming *known = bpf_map_lookup_elem(&reclaiming, &tid);
	struct llm_slo_reclaim record = {};
	struct llm_slo_thread *thread;

	if (!known) /* not a target, or begun before we came */
		return 0;
	known->depth -= 1;
	if (known->depth)
		return 0;
	fill_current_owner(&record.header, (struct task_struct *)bpf_get_current_task());
	record.header.kind = LLM_SLO_RECLAIM;
	record.header.flags = known->flags;
	record.header.ts_ns = bpf_ktime_get_ns();
	record.start_ns = known->since;
	record.pages = pages;
	bpf_map_delete_elem(&reclaiming, &tid);
	thread = bpf_map_lookup_elem(&threads, &tid);
	if (thread && thread->reclaim_since) {
		thread->clock.reclaim_ns += record.header.ts_ns - thread->reclaim_since;
		thread->reclaim_since = 0;
	}
	emit(&record, sizeof(record), LLM_SLO_RECLAIM);
	return 0;
}

SEC("tp_btf/mm_vmscan_direct_reclaim_begin")
int BPF_PROG(on_direct_begin)
{
	return begin(0);
}

SEC("tp_btf/mm_vmscan_direct_reclaim_end")
int BPF_PROG(on_direct_end, unsigned long pages)
{
	return end(pages);
}

SEC("tp_btf/mm_vmscan_memcg_reclaim_begin")
int BPF_PROG(on_memcg_begin)
{
	return begin(LLM_SLO_RECLAIM_MEMCG);
}

SEC("tp_btf/mm_vmscan_memcg_reclaim_end")
int BPF_PROG(on_memcg_end, unsigned long pages)
{
	return end(pages);
}
