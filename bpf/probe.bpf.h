/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What every probe shares: the ring, the drop counters, the target filter, the thread clocks, and the one way to begin and
 * submit a record. Each object declares these maps; the loader makes all of them the same map.
 */
#ifndef PROBE_BPF_H
#define PROBE_BPF_H

#include <linux/bpf.h>
#include "kernel.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "llm_slo_event.h"

#define RING_BYTES (4 * 1024 * 1024)
#define MAX_THREADS 32768
#define MAX_TARGETS 4096
#define MAX_PROBES 32

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_BYTES);
} events SEC(".maps");

/* Records lost because the ring was full, by kind. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LLM_SLO_KINDS);
	__type(key, __u32);
	__type(value, __u64);
} drops SEC(".maps");

/* What was not followed because the table for it was full, by the kind of record it would have become. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LLM_SLO_KINDS);
	__type(key, __u32);
	__type(value, __u64);
} untracked SEC(".maps");

/* Thread groups chosen by pid, and cgroup v2 ids, when the filter says so. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_TARGETS);
	__type(key, __u64);
	__type(value, __u8);
} targets SEC(".maps");

/* By thread id. Filled by runqueue_delay, which also takes threads out that have ended; without it no record has a clock. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_THREADS);
	__type(key, __u32);
	__type(value, struct llm_slo_thread);
} threads SEC(".maps");

/* One entry; written by user space before anything is attached. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct llm_slo_tuning);
} tuning SEC(".maps");

/* By probe; used only where the kernel's own statistics may not be. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MAX_PROBES);
	__type(key, __u32);
	__type(value, struct llm_slo_timed);
} timed SEC(".maps");

const volatile struct llm_slo_config config = {};

/* A threshold as it stands now. */
#define TUNED(field)                                                                     \
	({                                                                               \
		__u32 zero_ = 0;                                                         \
		struct llm_slo_tuning *tuning_ = bpf_map_lookup_elem(&tuning, &zero_);   \
		tuning_ ? tuning_->field : config.tuning.field;                          \
	})

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define NO_CLOCK (~0ULL)

/* When a run begins that is to be timed; 0: it is not. Where `config.timed` is 0 the verifier takes all of this out. */
static __always_inline __u64 timed_begin(void)
{
	__u32 place = config.timed - 1;
	struct llm_slo_timed *cost;

	if (!config.timed)
		return 0;
	cost = bpf_map_lookup_elem(&timed, &place);
	if (!cost)
		return 0;
	cost->runs += 1;
	return cost->runs % LLM_SLO_TIMED_EVERY ? 0 : bpf_ktime_get_ns();
}

static __always_inline void timed_end(__u64 since)
{
	__u32 place = config.timed - 1;
	struct llm_slo_timed *cost;

	if (!config.timed || !since)
		return;
	cost = bpf_map_lookup_elem(&timed, &place);
	if (!cost)
		return;
	cost->sampled += 1;
	cost->ns += bpf_ktime_get_ns() - since;
}

/* As libbpf's, with a clock around the body. */
#undef BPF_PROG
#define BPF_PROG(name, args...)                                                              \
	name(unsigned long long *ctx);                                                       \
	static __always_inline typeof(name(0)) ____##name(unsigned long long *ctx, ##args);  \
	typeof(name(0)) name(unsigned long long *ctx)                                        \
	{                                                                                    \
		__u64 since_ = timed_begin();                                                \
		typeof(name(0)) result_;                                                     \
                                                                                             \
		_Pragma("GCC diagnostic push")                                               \
		_Pragma("GCC diagnostic ignored \"-Wint-conversion\"")                       \
		result_ = ____##name(___bpf_ctx_cast(args));                                 \
		_Pragma("GCC diagnostic pop")                                                \
		timed_end(since_);                                                           \
		return result_;                                                              \
	}                                                                                    \
	static __always_inline typeof(name(0)) ____##name(unsigned long long *ctx, ##args)

/* The same for a program whose context is a struct. */
#define CONTEXT_PROG(name, type, context)                                \
	name(type *context);                                             \
	static __always_inline int ____##name(type *context);            \
	int name(type *context)                                          \
	{                                                                \
		__u64 since_ = timed_begin();                            \
		int result_ = ____##name(context);                       \
                                                                         \
		timed_end(since_);                                       \
		return result_;                                          \
	}                                                                \
	static __always_inline int ____##name(type *context)

static __always_inline __u64 task_cgroup_id(struct task_struct *task)
{
	return BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
}

/* Of a controller's hierarchy. */
static __always_inline __u64 controller_cgroup_id(struct css_set *groups, __u32 controller)
{
	struct cgroup_subsys_state *css = 0, **all = __builtin_preserve_access_index(&groups->subsys[0]);

	bpf_probe_read_kernel(&css, sizeof(css), all + controller);
	return BPF_CORE_READ(css, cgroup, kn, id);
}

/* The first id of every hierarchy, 1, is its root's. */
#define RETURN_V1(groups, want, controller, which)                                                                  \
	if ((config.wants & (want)) && bpf_core_enum_value_exists(enum cgroup_subsys_id, controller)) {             \
		__u64 v1_ = controller_cgroup_id(groups, bpf_core_enum_value(enum cgroup_subsys_id, controller));   \
		if (v1_ > 1)                                                                                        \
			return v1_ | LLM_SLO_CGROUP_V1 | (which);                                                   \
	}

/*
 * The group a record names: that of v2, `id`; where that is the root, the one of the first v1 hierarchy that has a group for it. Runtimes on
 * v1 machines put containers there.
 */
static __always_inline __u64 owner_cgroup_id(struct task_struct *task, __u64 id)
{
	struct css_set *groups;

	if (id > 1 || !(config.wants & (LLM_SLO_WANT_V1_PIDS | LLM_SLO_WANT_V1_MEMORY | LLM_SLO_WANT_V1_CPU)))
		return id;
	groups = BPF_CORE_READ(task, cgroups);
	RETURN_V1(groups, LLM_SLO_WANT_V1_PIDS, pids_cgrp_id, LLM_SLO_CGROUP_PIDS);
	RETURN_V1(groups, LLM_SLO_WANT_V1_MEMORY, memory_cgrp_id, LLM_SLO_CGROUP_MEMORY);
	RETURN_V1(groups, LLM_SLO_WANT_V1_CPU, cpu_cgrp_id, LLM_SLO_CGROUP_CPU);
	return id;
}

static __always_inline int is_target(struct task_struct *task)
{
	if (config.filter == 0)
		return 1;
	if (config.filter & LLM_SLO_FILTER_PID) {
		__u64 key = (__u32)BPF_CORE_READ(task, tgid);

		if (bpf_map_lookup_elem(&targets, &key))
			return 1;
	}
	if (config.filter & LLM_SLO_FILTER_CGROUP) {
		/* Ids of cgroups and of processes cannot meet: the top bit marks a cgroup. */
		__u64 key = task_cgroup_id(task) | (1ULL << 63);

		if (bpf_map_lookup_elem(&targets, &key))
			return 1;
	}
	if (config.filter & LLM_SLO_FILTER_COMM) {
		char comm[16] = {};
		int same = 1;

		BPF_CORE_READ_STR_INTO(&comm, task, group_leader, comm);
		for (int i = 0; i < 16; i++) {
			if (comm[i] != config.comm[i]) {
				same = 0;
				break;
			}
			if (comm[i] == 0)
				break;
		}
		if (same)
			return 1;
	}
	return 0;
}

/* Fills the owner of a header. Only in process context: elsewhere `current` is whoever happened to run. */
static __always_inline void fill_owner(struct llm_slo_event *header, struct task_struct *task)
{
	header->pid = BPF_CORE_READ(task, tgid);
	header->tid = BPF_CORE_READ(task, pid);
	header->cgroup_id = owner_cgroup_id(task, task_cgroup_id(task));
	header->process_start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	header->netns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	BPF_CORE_READ_STR_INTO(&header->comm, task, group_leader, comm);
}

/*
 * The same of whoever is current, quicker, and without a network namespace: for what has nothing to do with a network. In process
 * context only, and only in tracing programs.
 */
static __always_inline void fill_current_owner(struct llm_slo_event *header, struct task_struct *task)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);

	header->pid = pid_tgid >> 32;
	header->tid = pid_tgid;
	header->cgroup_id = owner_cgroup_id(task, bpf_get_current_cgroup_id());
	header->process_start_ns = BPF_CORE_READ(leader, start_boottime);
	BPF_CORE_READ_STR_INTO(&header->comm, leader, comm);
}

static __always_inline void count_drop(__u32 kind)
{
	__u64 *lost = bpf_map_lookup_elem(&drops, &kind);

	if (lost)
		*lost += 1;
}

/* A table was full. Tables are plain hashes whose entries are deleted when what they follow is over: none is thrown out unseen. */
static __always_inline void count_untracked(__u32 kind)
{
	__u64 *lost = bpf_map_lookup_elem(&untracked, &kind);

	if (lost)
		*lost += 1;
}

/* Copies a finished record into the ring, or counts its loss. No wake-up: the reader comes by on its own timer. */
static __always_inline void emit(void *record, __u64 size, __u32 kind)
{
	if (bpf_ringbuf_output(&events, record, size, BPF_RB_NO_WAKEUP))
		count_drop(kind);
}

/* Reads thread `tid`'s clock as it stands at `now`, from any context. */
static __always_inline void read_clock(struct llm_slo_clock *out, __u32 tid, __u64 now)
{
	struct llm_slo_thread *thread = config.wants & LLM_SLO_WANT_CLOCKS ? bpf_map_lookup_elem(&threads, &tid) : 0;

	if (!thread) {
		out->run_ns = NO_CLOCK;
		return;
	}
	*out = thread->clock;
	if (thread->on_since && now > thread->on_since)
		out->run_ns += now - thread->on_since;
	else if (thread->throttled && now > thread->off_since)
		out->throttled_ns += now - thread->off_since;
	if (thread->reclaim_since && now > thread->reclaim_since)
		out->reclaim_ns += now - thread->reclaim_since;
}

static __always_inline void stamp(struct llm_slo_stamp *out, __u32 tid, __u64 now)
{
	out->ns = now;
	read_clock(&out->clock, tid, now);
}

#endif
