// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Fills a ring with given records, run on demand with BPF_PROG_TEST_RUN. Compiled by the benchmark, with RING_BYTES: it is no probe
 * and is not part of the tool. Needs bpf_loop (Linux 5.17).
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define MAX_RECORDS 4096
#define MAX_RECORD_BYTES 1024

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_BYTES);
} events SEC(".maps");

struct record {
	__u32 size;
	__u32 unused;
	__u8 bytes[MAX_RECORD_BYTES];
};

/* What is written, in turn. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_RECORDS);
	__type(key, __u32);
	__type(value, struct record);
} records SEC(".maps");

/* Given and given back by one run. */
struct order {
	__u64 count; /* records to write */
	__u64 next;  /* place of the first one in `records`; left at the place after the last */
	__u64 kinds; /* how many places of `records` are in use */
	__u64 lost;  /* out: the ring was full */
};

static long write_one(__u64 index, struct order *order)
{
	__u32 key = order->next;
	struct record *record = bpf_map_lookup_elem(&records, &key);
	__u32 size;

	if (!record)
		return 1;
	size = record->size;
	if (size > MAX_RECORD_BYTES)
		return 1;
	if (bpf_ringbuf_output(&events, record->bytes, size, BPF_RB_NO_WAKEUP))
		order->lost++;
	order->next = order->next + 1 < order->kinds ? order->next + 1 : 0;
	return 0;
}

SEC("syscall")
int fill(struct order *given)
{
	struct order order = { .count = given->count, .next = given->next, .kinds = given->kinds };

	bpf_loop(order.count, write_one, &order, 0);
	given->next = order.next;
	given->lost = order.lost;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
