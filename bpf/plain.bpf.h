/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Whom a socket belongs to, for kernels that do not tell where their structures have what (no BTF): nothing of a task or a sock can be
 * read then. Whoever makes a socket, or connects or sends with it, is remembered by the socket's cookie. Files that end in .plain.bpf.c
 * have nothing but this, packets, and tracepoints whose fields user space has looked up.
 */
#ifndef PLAIN_BPF_H
#define PLAIN_BPF_H

#include "packet.bpf.h"

/* Filled and emptied by socket_owner.plain. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u64); /* cookie */
	__type(value, struct llm_slo_event);
} socket_owners SEC(".maps");

/*
 * Whoever runs now, if it is a target: pid, thread, cgroup, and for want of anything better the name of the thread. Only in programs on
 * sockets, which run for whoever called.
 */
static __always_inline int fill_plain_owner(struct llm_slo_event *header)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid(), key;

	header->pid = pid_tgid >> 32;
	header->tid = pid_tgid;
	header->cgroup_id = bpf_get_current_cgroup_id();
	bpf_get_current_comm(header->comm, sizeof(header->comm));
	if (config.filter == 0)
		return 1;
	key = header->pid;
	if (config.filter & LLM_SLO_FILTER_PID && bpf_map_lookup_elem(&targets, &key))
		return 1;
	key = header->cgroup_id | (1ULL << 63);
	if (config.filter & LLM_SLO_FILTER_CGROUP && bpf_map_lookup_elem(&targets, &key))
		return 1;
	if (config.filter & LLM_SLO_FILTER_COMM) {
		for (int i = 0; i < 16; i++) {
			if (header->comm[i] != config.comm[i])
				return 0;
			if (header->comm[i] == 0)
				return 1;
		}
		return 1;
	}
	return 0;
}

/* 1 and the owner of the packet's socket; 0: it is nobody's whom we watch, or it is older than the probe. */
static __always_inline int find_plain_owner(struct __sk_buff *skb, struct llm_slo_event *header)
{
	__u64 cookie = bpf_get_socket_cookie(skb);
	struct llm_slo_event *owner = bpf_map_lookup_elem(&socket_owners, &cookie);

	if (!owner)
		return 0;
	*header = *owner;
	return 1;
}

#endif
