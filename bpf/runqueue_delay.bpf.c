// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * runqueue_delay_ms and cfs_throttled_ms: how long a thread could run and did not, and why. Also keeps the thread clocks that
 * other probes stamp into their records.
 *
 * The tasks are the tracepoint's own arguments, so their fields are loaded directly: a helper's call for each would be most of the cost.
 *
 * One program at sched_switch, no wake-up hook: the scheduler's own sched_info already holds the wait of the task that is
 * switched in. Since 6.18 a throttled task says so itself when it is switched out; run_delay includes that time, so it is taken out.
 */
#include "probe.bpf.h"

static __always_inline struct llm_slo_thread *thread_of(struct task_struct *task, __u32 tid)
{
	struct llm_slo_thread *thread = bpf_map_lookup_elem(&threads, &tid);
	struct llm_slo_thread fresh = {};

	/* Its entry has been taken out: what a thread does while it ends is nobody's wait. */
	if (thread || (task->flags & PF_EXITING))
		return thread;
	fresh.tgid = task->tgid;
	fresh.cgroup_id = owner_cgroup_id(task, task_cgroup_id(task));
	fresh.process_start_ns = task->group_leader->start_boottime;
	fresh.told_delay = task->sched_info.run_delay;
	fresh.summed_since = bpf_ktime_get_ns();
	BPF_CORE_READ_STR_INTO(&fresh.comm, task, group_leader, comm);
	if (bpf_map_update_elem(&threads, &tid, &fresh, BPF_NOEXIST))
		count_untracked(LLM_SLO_WAIT_SUM);
	return bpf_map_lookup_elem(&threads, &tid);
}

static __always_inline void tell_wait(struct task_struct *task, __u32 kind, __u64 start, __u64 end)
{
	struct llm_slo_wait record = {};

	fill_owner(&record.header, task);
	record.header.netns = 0;
	record.header.kind = kind;
	record.header.ts_ns = end;
	record.start_ns = start;
	emit(&record, sizeof(record), kind);
}

static __always_inline __u32 small_bucket(__u64 ns)
{
	__u64 bound = 1024;
	__u32 i = 0;

	for (; i < LLM_SLO_SMALL_BUCKETS - 1 && ns >= bound; i++)
		bound <<= 2;
	return i;
}

static __always_inline void tell_sum(struct task_struct *task, struct llm_slo_thread *thread, __u64 now)
{
	struct llm_slo_wait_sum record = {};

	thread->summed_since = now;
	if (!thread->small_runq_count && !thread->small_throttled_count)
		return;
	fill_owner(&record.header, task);
	record.header.netns = 0;
	record.header.kind = LLM_SLO_WAIT_SUM;
	record.header.ts_ns = now;
	record.runq_ns = thread->small_runq_ns;
	record.throttled_ns = thread->small_throttled_ns;
	record.runq_count = thread->small_runq_count;
	record.throttled_count = thread->small_throttled_count;
	__builtin_memcpy(record.runq_counts, thread->small_runq_counts, sizeof(record.runq_counts));
	__builtin_memset(thread->small_runq_counts, 0, sizeof(thread->small_runq_counts));
	thread->small_runq_ns = thread->small_throttled_ns = 0;
	thread->small_runq_count = thread->small_throttled_count = 0;
	emit(&record, sizeof(record), LLM_SLO_WAIT_SUM);
}

static __always_inline void switched_out(struct task_struct *task, __u32 tid, __u64 now)
{
	int throttled = bpf_core_field_exists(task->throttled) ? task->throttled : 0;
	struct llm_slo_thread *thread;

	/* Where nobody asks how long it ran, what is not throttled leaves nothing to remember: half of the cost of a switch. */
	if (!throttled && !(config.wants & LLM_SLO_WANT_CLOCKS))
		return;
	if (!is_target(task))
		return;
	thread = thread_of(task, tid);
	if (!thread)
		return;
	if (thread->on_since && now > thread->on_since)
		thread->clock.run_ns += now - thread->on_since;
	thread->on_since = 0;
	thread->off_since = now;
	thread->throttled = throttled;
}

static __always_inline void switched_in(struct task_struct *task, __u32 tid, __u64 now)
{
	struct llm_slo_thread *thread;
	__u64 delay, queued, clock, wait = 0, throttled = 0;

	if (!is_target(task))
		return;
	thread = thread_of(task, tid);
	if (!thread)
		return;

	delay = task->sched_info.run_delay;
	queued = task->sched_info.last_queued;
	clock = task->se.cfs_rq->rq->clock;
	if (queued && clock > queued)
		delay += clock - queued;
	if (delay > thread->told_delay)
		wait = delay - thread->told_delay;
	thread->told_delay = delay;

	if (thread->throttled && thread->off_since && now > thread->off_since) {
		throttled = now - thread->off_since;
		if (throttled > wait)
			throttled = wait;
		wait -= throttled;
		thread->clock.throttled_ns += throttled;
		if (throttled && throttled >= TUNED(wait_threshold_ns)) {
			tell_wait(task, LLM_SLO_THROTTLED, thread->off_since, thread->off_since + throttled);
		} else if (throttled) {
			thread->small_throttled_ns += throttled;
			thread->small_throttled_count += 1;
		}
	}
	thread->clock.runq_ns += wait;
	if (wait && wait >= TUNED(wait_threshold_ns)) {
		tell_wait(task, LLM_SLO_RUNQ, now - wait, now);
	} else if (wait) {
		thread->small_runq_ns += wait;
		thread->small_runq_count += 1;
		thread->small_runq_counts[small_bucket(wait)] += 1;
	}
	thread->throttled = 0;
	thread->on_since = now;
	if (now - thread->summed_since >= config.sum_period_ns)
		tell_sum(task, thread, now);
}

/*
 * A thread that ends leaves its last sum behind. This program and the next stand before the one at sched_switch because they are
 * attached in this order: no thread is entered into the table before its end is heard of.
 */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_sched_process_exit, struct task_struct *task)
{
	__u32 tid = BPF_CORE_READ(task, pid);
	struct llm_slo_thread *thread = bpf_map_lookup_elem(&threads, &tid);

	if (!thread)
		return 0;
	tell_sum(task, thread, bpf_ktime_get_ns());
	bpf_map_delete_elem(&threads, &tid);
	return 0;
}

/* When a thread that is not the leader calls exec, it becomes the leader: its id changes, and the old one is used again. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_sched_process_exec, struct task_struct *task, int old_tid)
{
	__u32 tid = BPF_CORE_READ(task, pid), old = old_tid;
	struct llm_slo_thread *thread = bpf_map_lookup_elem(&threads, &old);

	if (!thread)
		return 0;
	if (tid != old) {
		bpf_map_update_elem(&threads, &tid, thread, BPF_ANY);
		bpf_map_delete_elem(&threads, &old);
		thread = bpf_map_lookup_elem(&threads, &tid);
		if (!thread)
			return 0;
	}
	BPF_CORE_READ_STR_INTO(&thread->comm, task, comm);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_sched_switch, _Bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u64 now = bpf_ktime_get_ns();
	__u32 prev_tid = prev->pid, next_tid = next->pid;

	if (prev_tid)
		switched_out(prev, prev_tid, now);
	if (next_tid)
		switched_in(next, next_tid, now);
	return 0;
}
