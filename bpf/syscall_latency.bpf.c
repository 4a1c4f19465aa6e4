// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * syscall_latency_ms: how long the system calls of target processes took; and the timers that threads sleep on, which serve the split
 * of requests. Both need a program at every system call of the machine: neither is attached unless it is wanted.
 *
 * A call over the threshold is told, unless it only waited for somebody else (epoll_wait, futex, reading from a socket ...): that is
 * what idle processes do all day. Everything that is not told goes into a tally for each process and call.
 */
#include "tally.bpf.h"

#define MAX_CALLING 32768
#define ANON_INODE_FS_MAGIC 0x09041934

#if defined(__TARGET_ARCH_arm64)
#define MACHINE 183
#else
#define MACHINE 62
#endif

/* enum llm_slo_sleep and enum llm_slo_waits by number of the system call. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 512);
	__type(key, __u32);
	__type(value, __u8);
} known_calls SEC(".maps");

struct calling {
	__u64 process_start_ns;
	__u64 since; /* 0: not inside a call */
	__u64 arg1;
	__u64 number;
};

/* By thread id; an entry stays until its thread ends: having one means being a target. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_CALLING);
	__type(key, __u32);
	__type(value, struct calling);
} calling SEC(".maps");

static __always_inline __u8 known_call(__u32 number)
{
	__u8 *known = bpf_map_lookup_elem(&known_calls, &number);

	return known ? *known : 0;
}

/* Two calls wait for the same timer when they would end at about the same time: event loops round up to milliseconds. */
#define SAME_TIMER_NS 2000000
#define ROUNDED_UP_NS 1000000

static __always_inline void tell_timer(struct llm_slo_thread *thread, __u64 end, struct llm_slo_clock *clock)
{
	struct llm_slo_timer record = {};

	if (end < thread->timer_since + TUNED(wait_threshold_ns))
		return;
	fill_current_owner(&record.header, (struct task_struct *)bpf_get_current_task());
	record.header.kind = LLM_SLO_TIMER;
	record.header.ts_ns = end;
	record.start_ns = thread->timer_since;
	record.clock = *clock;
	emit(&record, sizeof(record), LLM_SLO_TIMER);
}

/*
 * A thread's own timers. An event loop that is called away by a socket goes back to wait for the same timer with what is left of
 * its time, so a timer is known by when it is due, and told when a call comes back empty-handed. If the loop goes back to wait for
 * something else and the timer is over, the timer became due while the thread was awake: a busy loop serves it without another sleep.
 */
static __always_inline void timer_begins(struct pt_regs *regs, __u32 tid, __u8 sleep)
{
	struct llm_slo_thread *thread;
	__s64 apart;
	__u64 now, due;
	__s32 ms = 0;

	if (!sleep)
		return;
	thread = bpf_map_lookup_elem(&threads, &tid);
	if (!thread)
		return;
	if (sleep == LLM_SLO_SLEEP_MS_ARG3)
		ms = SYSCALL_ARG3(regs);
	else if (sleep == LLM_SLO_SLEEP_MS_ARG4)
		ms = SYSCALL_ARG4(regs);
	if (sleep != LLM_SLO_SLEEP_POINTER && ms == 0)
		return; /* only looks, does not sleep: the timer waited for is still the same */
	now = bpf_ktime_get_ns();
	thread->in_sleep_call = 1;
	due = sleep == LLM_SLO_SLEEP_POINTER ? ~0ULL : now + (__u64)ms * 1000000;
	apart = due - thread->timer_due;
	if (ms > 0 && thread->timer_since && apart <= SAME_TIMER_NS && apart >= -SAME_TIMER_NS)
		return;
	if (thread->timer_since && thread->woke_at && now + ROUNDED_UP_NS >= thread->timer_due)
		tell_timer(thread, thread->woke_at, &thread->woke_clock);
	thread->timer_since = ms < 0 ? 0 : now;
	thread->timer_due = due;
	thread->woke_at = 0;
}

static __always_inline void timer_ends(__u32 tid, long result)
{
	struct llm_slo_thread *thread = bpf_map_lookup_elem(&threads, &tid);
	__u64 now;

	if (!thread || !thread->in_sleep_call)
		return;
	thread->in_sleep_call = 0;
	if (!thread->timer_since)
		return;
	now = bpf_ktime_get_ns();
	read_clock(&thread->woke_clock, tid, now);
	thread->woke_at = now;
	if (result != 0)
		return;
	tell_timer(thread, now, &thread->woke_clock);
	thread->timer_since = 0;
}

/* False for what others fill: sockets, pipes, terminals, event descriptors. Asked of slow calls only. */
static __always_inline int is_file(struct task_struct *task, __u64 fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct inode *inode;
	struct file *file;
	struct file **files;
	__u32 type;

	if (!table || fd >= BPF_CORE_READ(table, max_fds))
		return 0;
	files = BPF_CORE_READ(table, fd);
	if (bpf_probe_read_kernel(&file, sizeof(file), files + fd) || !file)
		return 0;
	inode = BPF_CORE_READ(file, f_inode);
	type = BPF_CORE_READ(inode, i_mode) & 0170000;
	if (type != 0100000 && type != 0060000 && type != 0040000) /* regular file, block device, directory */
		return 0;
	return BPF_CORE_READ(inode, i_sb, s_magic) != ANON_INODE_FS_MAGIC;
}

static __always_inline void call_begins(struct pt_regs *regs, __u32 tid, __u32 number)
{
	struct calling *known = bpf_map_lookup_elem(&calling, &tid);
	struct task_struct *task;

	if (!known) {
		struct calling fresh = {};

		task = (struct task_struct *)bpf_get_current_task();
		if (!is_target(task))
			return;
		fresh.process_start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
		if (bpf_map_update_elem(&calling, &tid, &fresh, BPF_NOEXIST)) {
			count_untracked(LLM_SLO_SYSCALL);
			return;
		}
		known = bpf_map_lookup_elem(&calling, &tid);
		if (!known)
			return;
	}
	known->number = number;
	known->arg1 = SYSCALL_ARG1(regs);
	known->since = bpf_ktime_get_ns();
}

static __always_inline void call_ends(__u64 pid_tgid, long result)
{
	__u32 tid = pid_tgid;
	struct calling *known = bpf_map_lookup_elem(&calling, &tid);
	struct llm_slo_tally_key of = {};
	struct llm_slo_tally *tally;
	struct task_struct *task;
	__u64 since, now;
	__u32 waits;
	int slow;

	if (!known || !known->since) /* not a target, or begun before we came */
		return;
	now = bpf_ktime_get_ns();
	since = known->since;
	known->since = 0;
	slow = now - since >= TUNED(call_threshold_ns);
	task = (struct task_struct *)bpf_get_current_task();
	waits = known_call(known->number) & (LLM_SLO_WAITS | LLM_SLO_WAITS_IF_NO_FILE);
	if (waits == LLM_SLO_WAITS_IF_NO_FILE && (!slow || is_file(task, known->arg1)))
		waits = 0;
	if (slow && !waits) {
		struct llm_slo_syscall record = {};

		fill_current_owner(&record.header, task);
		record.header.kind = LLM_SLO_SYSCALL;
		record.header.ts_ns = now;
		record.start_ns = since;
		record.result = result;
		record.number = known->number;
		record.machine = MACHINE;
		emit(&record, sizeof(record), LLM_SLO_SYSCALL);
		return;
	}
	of.process_start_ns = known->process_start_ns;
	of.pid = pid_tgid >> 32;
	of.kind = LLM_SLO_SYSCALL;
	of.what = known->number | (waits ? LLM_SLO_CALL_WAITS : 0);
	of.where = MACHINE;
	tally = bpf_map_lookup_elem(&tallies, &of);
	if (!tally) {
		struct llm_slo_event owner = {};

		fill_current_owner(&owner, task);
		tally = new_tally(&owner, &of);
	}
	if (tally)
		count_in_tally(tally, now, now - since, 0);
}

/* A call that never comes back (exit_group, a thread that is killed inside) is told of nowhere. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_thread_exit, struct task_struct *task)
{
	__u32 tid = task->pid;

	bpf_map_delete_elem(&calling, &tid);
	return 0;
}

/*
 * A thread that is not the leader and calls exec gets the leader's id: its call goes on under it. And a program of another name may be
 * no target any more.
 */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_tid)
{
	__u32 tid = task->pid, old = old_tid;
	struct calling *known = bpf_map_lookup_elem(&calling, &old);
	int target = is_target(task);

	if (!known || (target && tid == old))
		return 0;
	if (target)
		bpf_map_update_elem(&calling, &tid, known, BPF_ANY);
	bpf_map_delete_elem(&calling, &old);
	return 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(on_sys_enter, struct pt_regs *regs, long id)
{
	__u32 tid = bpf_get_current_pid_tgid();

	if (config.wants & LLM_SLO_WANT_TIMERS)
		timer_begins(regs, tid, known_call(id) & LLM_SLO_SLEEP_MASK);
	if (config.wants & LLM_SLO_WANT_CALLS)
		call_begins(regs, tid, id);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long result)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();

	if (config.wants & LLM_SLO_WANT_TIMERS)
		timer_ends(pid_tgid, result);
	if (config.wants & LLM_SLO_WANT_CALLS)
		call_ends(pid_tgid, result);
	return 0;
}
