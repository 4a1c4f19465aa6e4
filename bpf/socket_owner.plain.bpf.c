// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Who makes, connects and uses sockets: no probe of its own, but what the others that end in .plain ask. See plain.bpf.h. */
#include "plain.bpf.h"

static __always_inline int own(__u64 cookie)
{
	struct llm_slo_event header = {};

	if (!fill_plain_owner(&header))
		bpf_map_delete_elem(&socket_owners, &cookie); /* handed over to somebody whom nobody watches */
	else if (bpf_map_update_elem(&socket_owners, &cookie, &header, BPF_ANY))
		count_untracked(LLM_SLO_EXCHANGE);
	return 1;
}

SEC("cgroup/sock_create")
int CONTEXT_PROG(owner_create, struct bpf_sock, ctx)
{
	return own(bpf_get_socket_cookie(ctx));
}

/* A socket that was made by one process and is used by another; also one that is older than the probe. */
SEC("cgroup/connect4")
int CONTEXT_PROG(owner_connect4, struct bpf_sock_addr, ctx)
{
	return own(bpf_get_socket_cookie(ctx));
}

SEC("cgroup/connect6")
int CONTEXT_PROG(owner_connect6, struct bpf_sock_addr, ctx)
{
	return own(bpf_get_socket_cookie(ctx));
}

SEC("cgroup/sendmsg4")
int CONTEXT_PROG(owner_sendmsg4, struct bpf_sock_addr, ctx)
{
	return own(bpf_get_socket_cookie(ctx));
}

SEC("cgroup/sendmsg6")
int CONTEXT_PROG(owner_sendmsg6, struct bpf_sock_addr, ctx)
{
	return own(bpf_get_socket_cookie(ctx));
}

SEC("cgroup/sock_release")
int CONTEXT_PROG(owner_release, struct bpf_sock, ctx)
{
	__u64 cookie = bpf_get_socket_cookie(ctx);

	bpf_map_delete_elem(&socket_owners, &cookie);
	return 1;
}
