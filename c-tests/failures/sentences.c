/* Every sentence of the library, and a situation that makes the library say it: sentences.h. */
#define _GNU_SOURCE
#include "sentences_arguments.h"
#include "sentences_requests.h"
#include "sentences_steps.h"
#include "sentences_found.h"
#include "sentences_answers.h"
#include "sentences_cgroups.h"
#include "sentences_roots.h"

/* One test for each line of the table. A name that is not declared here is a sentence without a situation. */
#define ONE(name, sentence) TEST(name) { (&situation_##name)(sentence); }
#include "sentences_table.h"
