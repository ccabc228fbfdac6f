/* The whole sandbox once more, with a root that is built before. */
#define PREPARED true
#include "sandbox.c"
