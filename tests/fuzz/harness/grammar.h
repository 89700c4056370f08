/* grammar: a text against a pattern of regcomp(3): what a parser accepts, said in another way */
#ifndef GRAMMAR_H
#define GRAMMAR_H

#include <assert.h>
#include <regex.h>
#include <stdbool.h>

struct grammar {
    const char *pattern;
    bool is_compiled;
    regex_t compiled;
};

enum { GRAMMAR_GROUPS = 5 };

/* Whether all of TEXT fits the extended pattern; then GROUPS are its groups. */
static inline bool grammar_fits(struct grammar *grammar, const char *text,
                                regmatch_t groups[GRAMMAR_GROUPS])
{
    if (!grammar->is_compiled)
        assert(regcomp(&grammar->compiled, grammar->pattern, REG_EXTENDED) == 0);
    grammar->is_compiled = true;
    return regexec(&grammar->compiled, text, GRAMMAR_GROUPS, groups, 0) == 0;
}

#endif
