/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What is remembered of DNS: queries without an answer, who asked them, and messages that come in pieces. */
#ifndef DNS_STATE_BPF_H
#define DNS_STATE_BPF_H

#include "packet.bpf.h"
#ifdef LLM_SLO_PLAIN
#include "plain.bpf.h"
#endif

#define DNS_PORT 53
#define DNS_HEADER 12
#define DNS_SERVERS 3
/* The header, the longest name, type and class, and the start of the record that holds the upper bits of the response code. */
#define DNS_HEAD (DNS_HEADER + LLM_SLO_DNS_NAME_LEN + 4 + 6)
#define DNS_TIMEOUT_NS (LLM_SLO_DNS_TIMEOUT_MS * 1000000ULL)
#define DNS_TYPE_OPT 41

struct dns_key {
	__u64 cookie;
	__u64 query_id;
};

/* Where the look at a message stands. */
struct dns_scan {
	__u64 bytes; /* of it that are in head */
	__u64 differs;
	__u32 left;
	__u32 length;
};

struct dns_query {
	struct llm_slo_dns record;
	__u8 servers[DNS_SERVERS][16]; /* that were asked */
	struct dns_scan scan;
	__u32 asked; /* how many; above DNS_SERVERS any may answer */
	__u8 unused[8]; /* so that the name in head is aligned */
	__u8 head[DNS_HEAD + 2]; /* start of the message that is being looked at */
};

_Static_assert((__builtin_offsetof(struct dns_query, head) + DNS_HEADER) % 8 == 0, "names are compared by eight bytes");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct dns_key);
	__type(value, struct dns_query);
} dns_pending SEC(".maps");

/* Zeroes, never written: what a new query starts from. There is no room for one on the stack, and scratch space can be interrupted. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct dns_query);
} dns_blank SEC(".maps");

/* Sockets that have asked, until they are closed. */
struct dns_asker {
	__u64 ns; /* last used */
	__u64 open; /* queries without an answer yet; too high where user space swept one out */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64); /* socket cookie */
	__type(value, struct dns_asker);
} dns_askers SEC(".maps");

/* What an unconnected socket was told to send to, until the packet has left: by socket and thread. */
struct dns_sending_key {
	__u64 cookie;
	__u64 tid;
};

struct dns_sending {
	__u8 server[16];
	__u64 ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct dns_sending_key);
	__type(value, struct dns_sending);
} dns_sending SEC(".maps");

/* The thread that runs now, as far as that can be known on a packet: 0, the same for all, where it cannot. */
static __always_inline __u32 this_thread(void)
{
#ifdef LLM_SLO_PLAIN
	return 0;
#else
	return BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), pid);
#endif
}

/* So that the bounds that are tested next are known of the very register that is used. */
#define IN_ONE_REGISTER(value) asm volatile("" : "+r"(value))

enum dns_how { DNS_EGRESS = 1, DNS_GATHERED = 2 };

#define DNS_PREFIX 2
#define DNS_GATHER (DNS_PREFIX + DNS_HEAD)

struct dns_stream_key {
	__u64 cookie;
	__u64 egress;
};

/* One direction of a TCP connection. */
struct dns_stream {
	struct llm_slo_event owner; /* egress: who opened it. pid 0: nobody we watch */
	__u64 ns; /* last used */
	__u32 next; /* sequence number expected */
	__u32 skip; /* bytes to come of a message that is known already */
	__u32 have; /* bytes gathered of the next one, its prefix included */
	__u8 unused[2]; /* so that head is aligned */
	__u8 prefix[DNS_PREFIX];
	__u8 head[2 * DNS_GATHER]; /* twice: the verifier adds the most that is there to the most that may come */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2048);
	__type(key, struct dns_stream_key);
	__type(value, struct dns_stream);
} dns_streams SEC(".maps");

static __always_inline struct dns_stream *find_stream(struct __sk_buff *skb, int how, struct dns_stream_key *key)
{
	key->cookie = bpf_get_socket_cookie(skb);
	key->egress = how & DNS_EGRESS;
	return bpf_map_lookup_elem(&dns_streams, key);
}

/* The start of a message that came in several TCP segments. */
static __always_inline const __u8 *gathered_head(struct __sk_buff *skb, int how)
{
	struct dns_stream_key key = {};
	struct dns_stream *stream = find_stream(skb, how, &key);

	return stream ? stream->head : 0;
}

static __always_inline void one_more(__u64 cookie)
{
	struct dns_asker *asker = bpf_map_lookup_elem(&dns_askers, &cookie), first = { .open = 1 };

	if (asker) {
		asker->ns = bpf_ktime_get_ns();
		__sync_fetch_and_add(&asker->open, 1);
		return;
	}
	first.ns = bpf_ktime_get_ns();
	bpf_map_update_elem(&dns_askers, &cookie, &first, BPF_NOEXIST); /* where it is full, a closed socket's query ends as a timeout */
}

static __always_inline void one_less(__u64 cookie)
{
	struct dns_asker *asker = bpf_map_lookup_elem(&dns_askers, &cookie);

	if (asker && asker->open)
		__sync_fetch_and_add(&asker->open, -1);
}

#endif
