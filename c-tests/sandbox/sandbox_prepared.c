/* The tests of the whole sandbox, with roots that are prepared. */
#define PREPARED true
#include "sandbox.c"
