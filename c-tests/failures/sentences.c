/* Every sentence of the library, and what makes it say it: sentences.h. */
#define _GNU_SOURCE
#include "sentences_arguments.h"
#include "sentences_requests.h"
#include "sentences_steps.h"
#include "sentences_found.h"
#include "sentences_answers.h"
#include "sentences_cgroups.h"

/* A test for each line of the table; what is not declared here is a sentence without a situation. */
#define ONE(name, sentence) TEST(name) { (&situation_##name)(sentence); }
#include "sentences_table.h"
