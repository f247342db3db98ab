/* A real process that looks and behaves as the environment tells it to.
 *
 *   ZOO_DETACH   setsid: leave the session, the parent goes; wreck: so that the leader is gone, too
 *   ZOO_TTY      take this terminal as controlling terminal, and as standard input and output
 *   ZOO_PIDFILE  write the pid there when ready
 *   ZOO_EXEC     execute this: path and arguments, separated by the unit separator (0x1f)
 *   ZOO_RUN      start this as a child, likewise, with ZOO_RUN_PIDFILE, ZOO_RUN_DO, ZOO_RUN_DETACH
 *   ZOO_COMM     call yourself so
 *   ZOO_DO       burn, burst (0.6 s of it), write, ignore-term, ignore-hup, stop, adopt, respawn, bomb, vfork (state D)
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static const char *take(const char *name) {
    const char *value = getenv(name);
    char *copy = value ? strdup(value) : NULL;
    unsetenv(name);
    return copy;
}

static void say_pid(const char *path) {
    char temporary[4096];
    if (!path) return;
    snprintf(temporary, sizeof temporary, "%s.new", path);
    FILE *file = fopen(temporary, "w");
    if (!file) _exit(90);
    fprintf(file, "%d", getpid());
    fclose(file);
    rename(temporary, path);
}

static void execute(const char *line) {
    char *words[64], *rest = strdup(line);
    int count = 0;
    for (char *word; count < 63 && (word = strsep(&rest, "\x1f"));) words[count++] = word;
    words[count] = NULL;
    execv(words[0], words + 1);
    _exit(91);
}

static void detach(const char *how) {
    if (!how) return;
    if (fork()) _exit(0);
    setsid();
    if (!strcmp(how, "wreck") && fork()) _exit(0);
}

static void take_terminal(const char *path) {
    if (!path) return;
    int terminal = open(path, O_RDWR);
    if (terminal < 0) _exit(92);
    for (int fd = 0; fd < 3; fd++) dup2(terminal, fd);
    if (terminal > 2) close(terminal);
}

static void respawn(int number) {
    (void)number;
    if (!fork()) return; /* the child goes on, the one that was told to end ends */
    _exit(0);
}

static void behave(const char *what) {
    if (!what) return;
    if (!strcmp(what, "ignore-term")) signal(SIGTERM, SIG_IGN);
    if (!strcmp(what, "ignore-hup")) signal(SIGHUP, SIG_IGN);
    if (!strcmp(what, "stop")) raise(SIGSTOP);
    if (!strcmp(what, "adopt")) {
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        signal(SIGCHLD, SIG_IGN);
    }
    if (!strcmp(what, "respawn")) signal(SIGTERM, respawn);
    if (!strcmp(what, "vfork") && !vfork()) { pause(); _exit(0); }
    if (!strcmp(what, "bomb"))
        for (int i = 0; i < 499; i++)
            if (!fork()) { signal(SIGTERM, SIG_IGN); break; }
    if (!strcmp(what, "burn")) for (;;) { }
    if (!strcmp(what, "burst")) while (clock() < CLOCKS_PER_SEC * 6 / 10) { }
    if (!strcmp(what, "write"))
        for (int null = open("/dev/null", O_WRONLY);; usleep(10000)) {
            char block[4096] = {0};
            if (write(null, block, sizeof block) < 0) _exit(93);
        }
}

int main(void) {
    const char *pidfile, *line, *child_pidfile, *comm, *what;
    detach(take("ZOO_DETACH"));
    take_terminal(take("ZOO_TTY"));
    if ((line = take("ZOO_EXEC"))) execute(line);
    pidfile = take("ZOO_PIDFILE");
    child_pidfile = take("ZOO_RUN_PIDFILE");
    comm = take("ZOO_COMM");
    what = take("ZOO_DO");
    line = take("ZOO_RUN");
    if (comm) prctl(PR_SET_NAME, comm, 0, 0, 0);
    if (what && !strcmp(what, "adopt")) behave(what);
    if (line && !fork()) {
        if (child_pidfile) setenv("ZOO_PIDFILE", child_pidfile, 1);
        const char *does = take("ZOO_RUN_DO"), *how = take("ZOO_RUN_DETACH");
        if (does) setenv("ZOO_DO", does, 1);
        if (how) setenv("ZOO_DETACH", how, 1);
        execute(line);
    }
    int before = what && (!strncmp(what, "ignore", 6) || !strcmp(what, "respawn"));
    if (before) behave(what);
    say_pid(pidfile);
    if (what && !before && strcmp(what, "adopt")) behave(what);
    for (;;) pause();
}
