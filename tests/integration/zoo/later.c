/* Preloaded: people's time and the time since boot are LATER_SECONDS ahead, as if so long had passed.
 *
 * libfaketime gives CLOCK_BOOTTIME the seconds since 1970; the kernel's time namespaces move the
 * start of a process along with the clock, so that nobody ages in them.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    long failed = syscall(SYS_clock_gettime, clock, now);
    const char *later = getenv("LATER_SECONDS");
    if (!failed && later && (clock == CLOCK_BOOTTIME || clock == CLOCK_REALTIME))
        now->tv_sec += atol(later);
    return (int)failed;
}
