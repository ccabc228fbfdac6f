/* What the Rust runtime asks of an unwinder, for a library in which nothing unwinds: a panic aborts. Without these the
 * library would need libgcc_s.so.1, which Alpine does not install and a container may not have, and the archive in a static
 * program libgcc_eh.a. tools/cargo-build links them in; nobody outside sees them. */

struct context;

unsigned long _Unwind_GetIPInfo(struct context *context, int *before)
{
    (void)context;
    *before = 0;
    return 0;
}

/* What only an unwinder would come to, that there is not. */
#define NEVER(name)          \
    void name(void)          \
    {                        \
        __builtin_trap();    \
    }
NEVER(_Unwind_Resume)
NEVER(_Unwind_GetDataRelBase)
NEVER(_Unwind_GetTextRelBase)
NEVER(_Unwind_GetRegionStart)
NEVER(_Unwind_GetLanguageSpecificData)
NEVER(_Unwind_SetGR)
NEVER(_Unwind_SetIP)
