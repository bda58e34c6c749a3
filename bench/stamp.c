/* The child of every measurement: tells the time of its first instruction, and obeys.
 *
 *     stamp FIFO exit             tell, and end
 *     stamp FIFO term             tell, wait for TERM, tell, and end
 *     stamp FIFO exec PROGRAM...  tell, and become PROGRAM
 *
 * With no arguments it takes the first two words from STAMP_FIFO and STAMP_MODE.
 *
 * No library, no loader, no start-up code: what is measured is who starts it. A record is two
 * 64-bit numbers: what happened (1 started, 2 heard TERM, 3 is about to exec), and when, by
 * CLOCK_MONOTONIC in nanoseconds. It is shorter than PIPE_BUF, so records of many processes do not
 * mix. A PROGRAM gets TERM when whoever started it is gone.
 */

typedef unsigned long word;

#if defined(__x86_64__)
enum { WRITE = 1, OPEN = 2, RT_SIGPROCMASK = 14, EXECVE = 59, EXIT = 60,
       RT_SIGTIMEDWAIT = 128, PRCTL = 157, CLOCK_GETTIME = 228 };
__asm__(".globl _start\n_start:\n mov %rsp, %rdi\n and $-16, %rsp\n call begin\n");

static long ask(word number, word a, word b, word c, word d)
{
    register word r10 __asm__("r10") = d;
    long answer;
    __asm__ volatile("syscall" : "=a"(answer)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                     : "rcx", "r11", "memory");
    return answer;
}
static long open_for_writing(const char *path) { return ask(OPEN, (word)path, 1 | 02000000, 0, 0); }

#elif defined(__aarch64__)
enum { OPENAT = 56, WRITE = 64, EXIT = 93, CLOCK_GETTIME = 113, RT_SIGPROCMASK = 135,
       RT_SIGTIMEDWAIT = 137, PRCTL = 167, EXECVE = 221 };
__asm__(".globl _start\n_start:\n mov x0, sp\n bl begin\n");

static long ask(word number, word a, word b, word c, word d)
{
    register word x8 __asm__("x8") = number;
    register word x0 __asm__("x0") = a;
    register word x1 __asm__("x1") = b;
    register word x2 __asm__("x2") = c;
    register word x3 __asm__("x3") = d;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return (long)x0;
}
static long open_for_writing(const char *path)
{
    return ask(OPENAT, (word)-100, (word)path, 1 | 02000000, 0);
}
#else
#error "one block of system call numbers is all that a new machine needs"
#endif

enum { STARTED = 1, HEARD_TERM = 2, ABOUT_TO_EXEC = 3 };
enum { TERM = 15, PARENT_DEATH_SIGNAL = 1 };

static void leave(word status)
{
    for (;;)
        ask(EXIT, status, 0, 0, 0);
}

static word now(void)
{
    long time[2];
    ask(CLOCK_GETTIME, 1, (word)time, 0, 0);
    return (word)time[0] * 1000000000UL + (word)time[1];
}

static void tell(long fifo, word what, word when)
{
    word record[2];
    record[0] = what;
    record[1] = when;
    if (ask(WRITE, (word)fifo, (word)record, sizeof record, 0) != sizeof record)
        leave(101);
}

static const char *variable(char **environment, const char *name)
{
    for (; *environment; environment++) {
        const char *entry = *environment, *wanted = name;
        while (*wanted && *entry == *wanted)
            entry++, wanted++;
        if (!*wanted && *entry == '=')
            return entry + 1;
    }
    return 0;
}

__attribute__((used)) void begin(word *stack)
{
    word started = now();
    word count = stack[0], mask = 1UL << (TERM - 1);
    char **arguments = (char **)(stack + 1);
    char **environment = arguments + count + 1;
    const char *path = count > 2 ? arguments[1] : variable(environment, "STAMP_FIFO");
    const char *mode = count > 2 ? arguments[2] : variable(environment, "STAMP_MODE");
    long fifo;

    if (!path || !mode || (fifo = open_for_writing(path)) < 0)
        leave(100);
    if (mode[0] == 't') {
        ask(RT_SIGPROCMASK, 0, (word)&mask, 0, sizeof mask);
        tell(fifo, STARTED, started);
        while (ask(RT_SIGTIMEDWAIT, (word)&mask, 0, 0, sizeof mask) != TERM)
            ;
        tell(fifo, HEARD_TERM, now());
    } else if (mode[0] == 'e' && mode[1] == 'x' && mode[2] == 'e') {
        ask(PRCTL, PARENT_DEATH_SIGNAL, TERM, 0, 0);
        tell(fifo, ABOUT_TO_EXEC, now());
        ask(EXECVE, (word)arguments[3], (word)(arguments + 3), (word)environment, 0);
        leave(127);
    } else {
        tell(fifo, STARTED, started);
    }
    leave(0);
}
