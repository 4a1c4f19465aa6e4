// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * What processes that began or called exec meanwhile are made of: no probe of its own, but what tells the executable of one that was gone
 * before anyone could look into /proc, or that is another program by then. User space asks when it meets a process; the oldest make way.
 */
#include <linux/bpf.h>
#include "kernel.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define MOST_EXES 2048
#define NAME_BYTES 256 /* of one part of a path, with its end */
#define PARTS_BYTES 256 /* where the last part has to begin */
#define MOST_STEPS 32 /* parts of a path, and mounts on the way */
/* What is known of `x` holds for this one register: older verifiers learn from a comparison about the register it was made on. */
#define IN_ONE_REGISTER(x) asm volatile("" : "+r"(x))

struct exe_name {
	__u64 process_start_ns;
	__u64 since_ns;
	__u32 length; /* of the parts; 0: the path is longer than we follow */
	__u32 deleted; /* nothing has this name any more */
	char parts[PARTS_BYTES + NAME_BYTES]; /* from the last to the first, each with its end */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MOST_EXES);
	__type(key, __u32); /* pid */
	__type(value, struct exe_name);
} exe_names SEC(".maps");

/* Too long for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct exe_name);
} exe_scratch SEC(".maps");

/* Calls of exec so far. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} execs SEC(".maps");

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline struct mount *mount_of(struct vfsmount *mnt)
{
	return (struct mount *)((char *)mnt - bpf_core_field_offset(struct mount, mnt));
}

/* Walks from a file to the root of its mount namespace. Returns how many bytes of names there are; 0: there is no end in sight. */
static __always_inline __u32 read_parts(char *parts, struct file *file)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	struct mount *mount = mount_of(BPF_CORE_READ(file, f_path.mnt));
	__u64 length = 0;

	for (int i = 0; i < MOST_STEPS; i++) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
		const unsigned char *name = BPF_CORE_READ(dentry, d_name.name);
		struct mount *below;
		long bytes;

		if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
			below = BPF_CORE_READ(mount, mnt_parent);
			if (below == mount)
				return length;
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = below;
			continue;
		}
		if (parent == dentry)
			return length;
		IN_ONE_REGISTER(length);
		if (length >= PARTS_BYTES)
			return 0;
		bytes = bpf_probe_read_kernel_str(parts + length, NAME_BYTES, name);
		if (bytes <= 0)
			return 0;
		length += bytes;
		dentry = parent;
	}
	return 0;
}

static __always_inline void note(struct task_struct *task)
{
	__u32 zero = 0, pid = BPF_CORE_READ(task, tgid);
	struct exe_name *name = bpf_map_lookup_elem(&exe_scratch, &zero);
	struct file *file = BPF_CORE_READ(task, mm, exe_file);

	if (!name || !file)
		return;
	name->process_start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	name->since_ns = bpf_ktime_get_ns();
	name->deleted = BPF_CORE_READ(file, f_path.dentry, d_hash.pprev) == 0;
	name->length = read_parts(name->parts, file);
	bpf_map_update_elem(&exe_names, &pid, name, BPF_ANY);
}

/* Arguments: the task, which already is the new program; the pid it had; what was asked for. */
SEC("raw_tp/sched_process_exec")
int on_exec(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 zero = 0;
	__u64 *so_far = bpf_map_lookup_elem(&execs, &zero);

	if (so_far)
		__sync_fetch_and_add(so_far, 1);
	note((struct task_struct *)ctx->args[0]);
	return 0;
}

/* Arguments: the parent and the child. A thread is no process. */
SEC("raw_tp/sched_process_fork")
int on_fork(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *child = (struct task_struct *)ctx->args[1];

	if (BPF_CORE_READ(child, pid) == BPF_CORE_READ(child, tgid))
		note(child);
	return 0;
}
