/* What the Rust runtime asks of an unwinder, for a library in which nothing unwinds: a panic aborts. Without these the
 * library would need libgcc_s.so.1, which Alpine does not install and a container may not have, and the archive in a static
 * program libgcc_eh.a. tools/cargo-build links them in; nobody outside sees them. */

struct context;
typedef int step(struct context *, void *);

/* The end of the stack: a message of a panic comes without a backtrace. */
int _Unwind_Backtrace(step *each, void *argument)
{
    (void)each, (void)argument;
    return 5;
}

unsigned long _Unwind_GetIP(struct context *context)
{
    (void)context;
    return 0;
}

unsigned long _Unwind_GetIPInfo(struct context *context, int *before)
{
    (void)context;
    *before = 0;
    return 0;
}

unsigned long _Unwind_GetCFA(struct context *context)
{
    (void)context;
    return 0;
}

void *_Unwind_FindEnclosingFunction(void *address)
{
    (void)address;
    return 0;
}

/* What only an unwinder would come to, that there is not. */
#define NEVER(name)          \
    void name(void)          \
    {                        \
        __builtin_trap();    \
    }
NEVER(_Unwind_Resume)
NEVER(_Unwind_RaiseException)
NEVER(_Unwind_DeleteException)
NEVER(_Unwind_GetDataRelBase)
NEVER(_Unwind_GetTextRelBase)
NEVER(_Unwind_GetRegionStart)
NEVER(_Unwind_GetLanguageSpecificData)
NEVER(_Unwind_SetGR)
NEVER(_Unwind_SetIP)
