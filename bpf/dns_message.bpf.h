/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * One DNS message, however it came: a query is remembered by the socket and its id, an answer ends it. An answer counts only when it
 * comes from a server that was asked and repeats the question, as resolvers have it.
 *
 * Addresses are those the socket knows: behind address translation (a service's address, a container's 127.0.0.11) the packet that
 * leaves bears another one than the answer that arrives.
 */
#ifndef DNS_MESSAGE_BPF_H
#define DNS_MESSAGE_BPF_H

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

/* Tells how a query ended, unless somebody else just did: the ring gets it if it was still there to be deleted. */
static __always_inline void tell_query(struct dns_key *key, struct dns_query *query, __u64 ts_ns, __u16 rcode, __u16 flags)
{
	struct llm_slo_dns *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);

	one_less(key->cookie);
	if (!record) {
		if (!bpf_map_delete_elem(&dns_pending, key))
			count_drop(LLM_SLO_DNS);
		return;
	}
	__builtin_memcpy(record, &query->record, sizeof(*record));
	record->header.ts_ns = ts_ns;
	record->header.flags |= flags;
	record->rcode = rcode;
	read_clock(&record->end_clock, record->header.pid, ts_ns);
	if (bpf_map_delete_elem(&dns_pending, key))
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
	else
		bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

/* Puts the start of the message where it can be looked at byte by byte. */
static __always_inline void load_head(struct __sk_buff *skb, __u32 at, __u32 length, int how, struct dns_query *query)
{
	__u64 bytes = length > DNS_HEAD ? DNS_HEAD : length;

	query->scan.bytes = 0;
	if (how & DNS_GATHERED) {
		const __u8 *head = gathered_head(skb, how);

		if (!head)
			return;
		__builtin_memcpy(query->head, head, DNS_HEAD);
	} else {
		IN_ONE_REGISTER(bytes);
		if (bytes > DNS_HEAD)
			return;
		IN_ONE_REGISTER(bytes);
		if (bytes < DNS_HEADER || bpf_skb_load_bytes(skb, at, query->head, bytes))
			return;
	}
	query->scan.bytes = bytes;
}

/*
 * The loops below keep what they know in the map, not in registers: the verifier forgets it there, and looks at each round once instead of
 * once for every way to come to it.
 */
static __always_inline void read_question(struct dns_query *query)
{
	struct llm_slo_dns *record = &query->record;
	volatile struct dns_scan *scan = &query->scan;
	__u64 length;

	scan->left = 0;
	scan->length = 0;
	for (__u32 i = 0; i < LLM_SLO_DNS_NAME_LEN; i++) {
		__u8 byte = query->head[DNS_HEADER + i];

		if (DNS_HEADER + i >= scan->bytes)
			break;
		if (scan->left)
			scan->left -= 1;
		else if (byte == 0 || byte > 63)
			break; /* the root, or no label */
		else
			scan->left = byte;
		record->name[i] = byte;
		scan->length = i + 1;
	}
	length = scan->length;
	record->name_len = length;
	IN_ONE_REGISTER(length);
	if (length < LLM_SLO_DNS_NAME_LEN && DNS_HEADER + length + 3 <= scan->bytes)
		record->query_type = (query->head[DNS_HEADER + length + 1] << 8) | query->head[DNS_HEADER + length + 2];
}

#define EACH_BYTE 0x0101010101010101ULL

/* Letters of names mean the same in either case; a length byte is no letter. Eight at a time. */
static __always_inline __u64 lower(__u64 bytes)
{
	__u64 low = bytes & (0x7f * EACH_BYTE);
	__u64 from_a = low + (0x80 - 'A') * EACH_BYTE, beyond_z = low + (0x7f - 'Z') * EACH_BYTE;

	return bytes | ((~bytes & (from_a ^ beyond_z) & (0x80 * EACH_BYTE)) >> 2);
}

/* 1 when the message repeats the question, as far as both are here. */
static __always_inline int same_question(struct dns_query *query)
{
	struct llm_slo_dns *record = &query->record;
	const __u64 *said = (const __u64 *)&query->head[DNS_HEADER], *asked = (const __u64 *)record->name;
	volatile struct dns_scan *scan = &query->scan;
	__u64 length = record->name_len;

	scan->differs = 0;
	scan->length = length;
	for (__u32 i = 0; i < LLM_SLO_DNS_NAME_LEN / 8; i++) {
		__u64 left = scan->length - 8 * i;

		if (8 * i >= scan->length)
			break;
		scan->differs |= (lower(said[i]) ^ lower(asked[i])) << (left < 8 ? 64 - 8 * left : 0);
	}
	if (scan->differs || DNS_HEADER + length > scan->bytes)
		return 0;
	IN_ONE_REGISTER(length);
	if (length >= LLM_SLO_DNS_NAME_LEN || DNS_HEADER + length + 3 > scan->bytes)
		return 1;
	return query->head[DNS_HEADER + length] == 0 &&
	       record->query_type == ((query->head[DNS_HEADER + length + 1] << 8) | query->head[DNS_HEADER + length + 2]);
}

static __always_inline int same_address(const __u8 *a, const __u8 *b)
{
	const __u64 *x = (const __u64 *)a, *y = (const __u64 *)b;

	return x[0] == y[0] && x[1] == y[1];
}

static __always_inline void add_server(struct dns_query *query, const __u8 *server)
{
	query->record.packets += 1;
	for (__u32 i = 0; i < DNS_SERVERS; i++) {
		if (i == query->asked) {
			__builtin_memcpy(query->servers[i], server, 16);
			break;
		}
		if (same_address(query->servers[i], server))
			return;
	}
	query->asked += 1;
}

static __always_inline int was_asked(struct dns_query *query, const __u8 *server)
{
	if (query->asked > DNS_SERVERS)
		return 1;
	for (__u32 i = 0; i < DNS_SERVERS; i++)
		if (i < query->asked && same_address(query->servers[i], server))
			return 1;
	return 0;
}

/* Where the socket sends to, in place of where its packet goes. */
static __always_inline void server_asked(struct __sk_buff *skb, struct llm_slo_tuple *tuple)
{
	struct bpf_sock *sk = skb->sk;
	struct dns_sending_key key = {};
	struct dns_sending *sending;

	tuple->dst_port = DNS_PORT;
	if (sk && sk->dst_port) {
		if (sk->family == AF_INET) {
			*(__u32 *)&tuple->dst[12] = sk->dst_ip4;
		} else {
			*(__u32 *)&tuple->dst[0] = sk->dst_ip6[0];
			*(__u32 *)&tuple->dst[4] = sk->dst_ip6[1];
			*(__u32 *)&tuple->dst[8] = sk->dst_ip6[2];
			*(__u32 *)&tuple->dst[12] = sk->dst_ip6[3];
		}
		return;
	}
	key.cookie = bpf_get_socket_cookie(skb);
	key.tid = this_thread();
	sending = bpf_map_lookup_elem(&dns_sending, &key);
	if (!sending)
		return;
	__builtin_memcpy(tuple->dst, sending->server, 16);
	bpf_map_delete_elem(&dns_sending, &key);
}

/* Datagrams leave in their sender's context; what TCP sends may leave in anybody's, so its owner was remembered. 0: not watched. */
static __always_inline int find_owner(struct __sk_buff *skb, struct packet *p, struct llm_slo_event *owner)
{
#ifdef LLM_SLO_PLAIN
	return find_plain_owner(skb, owner) || !config.filter;
#else
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	if (p->tuple.protocol == IPPROTO_TCP) {
		struct dns_stream_key key = {};
		struct dns_stream *stream = find_stream(skb, DNS_EGRESS, &key);

		if (!stream || !stream->owner.pid)
			return 0;
		*owner = stream->owner;
		return 1;
	}
	if (!is_target(task))
		return 0;
	fill_owner(owner, task);
	return 1;
#endif
}

static __always_inline int on_query(struct __sk_buff *skb, struct packet *p, __u32 at, __u32 length, int how, struct dns_key *key)
{
	struct dns_query *query = bpf_map_lookup_elem(&dns_pending, key);
	struct llm_slo_event owner = {};
	__u64 now = bpf_ktime_get_ns();
	__u32 zero = 0;

	if (!find_owner(skb, p, &owner))
		return 1;
	server_asked(skb, &p->tuple);
	if (query) {
		__u64 due = query->record.start.ns + DNS_TIMEOUT_NS;

		load_head(skb, at, length, how, query);
		if (now < due && same_question(query)) {
			add_server(query, p->tuple.dst); /* sent again: the clock runs from the first */
			return 1;
		}
		tell_query(key, query, now < due ? now : due, 0, LLM_SLO_DNS_NO_ANSWER | (now < due ? LLM_SLO_DNS_ABANDONED : 0));
	}
	query = bpf_map_lookup_elem(&dns_blank, &zero);
	if (!query || bpf_map_update_elem(&dns_pending, key, query, BPF_NOEXIST)) {
		count_untracked(LLM_SLO_DNS);
		return 1;
	}
	query = bpf_map_lookup_elem(&dns_pending, key);
	if (!query)
		return 1;
	one_more(key->cookie);
	load_head(skb, at, length, how, query);
	read_question(query);
	add_server(query, p->tuple.dst);
	query->record.header = owner;
	query->record.header.kind = LLM_SLO_DNS;
	query->record.header.flags = p->tuple.protocol == IPPROTO_TCP ? LLM_SLO_DNS_TCP : 0;
	query->record.tuple = p->tuple;
	query->record.cookie = key->cookie;
	query->record.query_id = key->query_id;
	stamp(&query->record.start, query->record.header.pid, now);
	return 1;
}

/* The lower four bits are in the header; an error that needs more is told in an OPT record, which then comes first. */
static __always_inline __u16 response_code(struct dns_query *query)
{
	__u64 at = query->record.name_len;
	const __u8 *opt;

	IN_ONE_REGISTER(at);
	if (query->record.answers || query->head[8] || query->head[9] || at >= LLM_SLO_DNS_NAME_LEN)
		return query->head[3] & 0x0f;
	opt = &query->head[DNS_HEADER + at + 5];
	if (DNS_HEADER + at + 5 + 6 > query->scan.bytes || opt[0] || opt[1] || opt[2] != DNS_TYPE_OPT)
		return query->head[3] & 0x0f;
	return (opt[5] << 4) | (query->head[3] & 0x0f);
}

static __always_inline int on_answer(struct __sk_buff *skb, struct packet *p, __u32 at, __u32 length, int how, struct dns_key *key)
{
	struct dns_query *query = bpf_map_lookup_elem(&dns_pending, key);
	__u64 now = bpf_ktime_get_ns(), due;
	__u16 rcode = 0, flags = 0;

	if (!query || !query->record.start.ns || !was_asked(query, p->tuple.src))
		return 1;
	due = query->record.start.ns + DNS_TIMEOUT_NS;
	load_head(skb, at, length, how, query);
	if (now >= due) {
		flags = LLM_SLO_DNS_NO_ANSWER;
		now = due;
	} else if (query->scan.bytes < DNS_HEADER || ((query->head[4] || query->head[5]) && !same_question(query))) {
		return 1; /* a server that did not understand may leave the question out */
	} else {
		__builtin_memcpy(query->record.tuple.dst, p->tuple.src, 16); /* of several that were asked, the one that answered */
		query->record.answers = (query->head[6] << 8) | query->head[7];
		rcode = response_code(query);
		flags = query->head[2] & 0x02 ? LLM_SLO_DNS_TRUNCATED : 0;
	}
	tell_query(key, query, now, rcode, flags);
	return 1;
}

/* A function that is checked apart from its callers, for which the kernel must have BTF. */
#ifdef LLM_SLO_PLAIN
#define CHECKED_APART static __attribute__((noinline))
#else
#define CHECKED_APART __attribute__((noinline))
#endif

/*
 * Looks at one message of `length` bytes: at offset `at` of the packet, or gathered. Returns 0 when it can be none. A function of its
 * own to the verifier, which then looks at it once, however many messages a packet may hold.
 */
CHECKED_APART int dns_message(struct __sk_buff *skb, __u32 at, __u32 length, int how)
{
	struct packet p = {};
	struct dns_key key = {};
	__u8 head[4] = {};

	if (length < DNS_HEADER || !read_packet(skb, &p))
		return 0;
	if (how & DNS_GATHERED) {
		const __u8 *gathered = gathered_head(skb, how);

		if (!gathered)
			return 0;
		__builtin_memcpy(head, gathered, 4);
	} else if (bpf_skb_load_bytes(skb, at, head, 4)) {
		return 0;
	}
	if (!(how & DNS_EGRESS) != !!(head[2] & 0x80))
		return 0;
	key.cookie = bpf_get_socket_cookie(skb);
	key.query_id = (head[0] << 8) | head[1];
	return how & DNS_EGRESS ? on_query(skb, &p, at, length, how, &key) : on_answer(skb, &p, at, length, how, &key);
}

#endif
