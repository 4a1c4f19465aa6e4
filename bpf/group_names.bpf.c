// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Names of control groups as they are made: no probe of its own, but what tells where a process lived whose group was gone before anyone
 * could look for its directory. User space asks when an event names a group it has not seen; the oldest names make way.
 */
#include <linux/bpf.h>
#include "kernel.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define MOST_GROUPS 512
#define PATH_BYTES 512

struct group_key {
	__u64 id;
	__u64 hierarchy; /* as /proc/PID/cgroup numbers it; 0: v2 */
};

struct group_name {
	char path[PATH_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MOST_GROUPS);
	__type(key, struct group_key);
	__type(value, struct group_name);
} group_names SEC(".maps");

/* Too long for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct group_name);
} group_scratch SEC(".maps");

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Arguments: the group, and its path below the root of its hierarchy. */
SEC("raw_tp/cgroup_mkdir")
int on_cgroup_mkdir(struct bpf_raw_tracepoint_args *ctx)
{
	struct cgroup *group = (struct cgroup *)ctx->args[0];
	struct group_key key = {
		.id = BPF_CORE_READ(group, kn, id),
		.hierarchy = BPF_CORE_READ(group, root, hierarchy_id),
	};
	__u32 zero = 0;
	struct group_name *name = bpf_map_lookup_elem(&group_scratch, &zero);

	/* The rest of a longer name before it stays behind its end. */
	if (name && bpf_probe_read_kernel_str(name->path, sizeof(name->path), (const char *)ctx->args[1]) > 0)
		bpf_map_update_elem(&group_names, &key, name, BPF_ANY);
	return 0;
}
