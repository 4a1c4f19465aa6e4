// SPDX-License-Identifier: Apache-2.0
/*
 * Runs a command and prints what the kernel's delay accounting says of it when it ends: how often it had to free memory before it got
 * some, and for how many nanoseconds. An instrument: taskstats, the accounts that getdelays shows. The command must not fork.
 *
 *     taskstats COMMAND [ARGUMENT ...]     ->  PID COUNT NANOSECONDS
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct message {
	struct nlmsghdr head;
	struct genlmsghdr generic;
	char attributes[4096];
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static struct nlattr *first(struct message *message)
{
	return (struct nlattr *)message->attributes;
}

static struct nlattr *next(struct nlattr *attribute)
{
	return (struct nlattr *)((char *)attribute + NLA_ALIGN(attribute->nla_len));
}

static void *value(struct nlattr *attribute)
{
	return (char *)attribute + NLA_HDRLEN;
}

static void send_one(int fd, int family, int command, int attribute, const void *data, int length)
{
	struct message message = {};
	struct nlattr *only = first(&message);

	message.head.nlmsg_type = family;
	message.head.nlmsg_flags = NLM_F_REQUEST;
	message.generic.cmd = command;
	message.generic.version = 1;
	only->nla_type = attribute;
	only->nla_len = NLA_HDRLEN + length;
	memcpy(value(only), data, length);
	message.head.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN) + NLA_ALIGN(only->nla_len);
	if (send(fd, &message, message.head.nlmsg_len, 0) < 0)
		die("send");
}

/* The attribute of one type among those that end at `end`, or NULL. */
static struct nlattr *find(struct nlattr *at, char *end, int type)
{
	for (; (char *)at + NLA_HDRLEN <= end && at->nla_len >= NLA_HDRLEN; at = next(at))
		if ((at->nla_type & NLA_TYPE_MASK) == type)
			return at;
	return NULL;
}

static int receive(int fd, struct message *message)
{
	int length = recv(fd, message, sizeof(*message), 0);

	if (length < 0 && errno == ENOBUFS)
		return 0; /* others end too; ours may still come */
	if (length < 0)
		die("recv");
	return length;
}

int main(int count, char **arguments)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	struct message message;
	struct nlattr *found;
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC), bytes = 4 << 20, length;
	char cpus[32];
	pid_t child;

	if (count < 2)
		return 2;
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		die("netlink");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	send_one(fd, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME, TASKSTATS_GENL_NAME,
		 sizeof(TASKSTATS_GENL_NAME));
	length = receive(fd, &message);
	found = find(first(&message), (char *)&message + length, CTRL_ATTR_FAMILY_ID);
	if (!found)
		die("this kernel has no taskstats");
	snprintf(cpus, sizeof(cpus), "0-%ld", sysconf(_SC_NPROCESSORS_CONF) - 1);
	send_one(fd, *(unsigned short *)value(found), TASKSTATS_CMD_GET, TASKSTATS_CMD_ATTR_REGISTER_CPUMASK, cpus,
		 strlen(cpus) + 1);
	child = fork();
	if (child == 0) {
		execvp(arguments[1], arguments + 1);
		_exit(127);
	}
	for (;;) {
		struct taskstats stats = {};
		struct nlattr *all, *one;

		length = receive(fd, &message);
		if (length < NLMSG_LENGTH(GENL_HDRLEN) || message.head.nlmsg_type == NLMSG_ERROR)
			continue;
		all = find(first(&message), (char *)&message + length, TASKSTATS_TYPE_AGGR_PID);
		one = all ? find(value(all), (char *)all + all->nla_len, TASKSTATS_TYPE_STATS) : NULL;
		if (!one)
			continue;
		length = one->nla_len - NLA_HDRLEN;
		memcpy(&stats, value(one), length < (int)sizeof(stats) ? length : (int)sizeof(stats));
		if ((pid_t)stats.ac_pid != child)
			continue;
		waitpid(child, NULL, 0);
		printf("%d %llu %llu\n", child, (unsigned long long)stats.freepages_count,
		       (unsigned long long)stats.freepages_delay_total);
		return 0;
	}
}
