/* fuzz: what the fuzz targets share: an input that is taken apart, piece by piece
 *
 * A target defines LLVMFuzzerTestOneInput and asserts what has to hold of any input. */
#ifndef FUZZ_H
#define FUZZ_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *at;
    size_t left;
};

/* The next byte, 0 at the end. */
static inline unsigned input_byte(struct input *input)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->at++;
}

/* All that is left as a string, up to its first NUL; the caller's to free. Its end is that of the
 * memory, so that reading further is found. */
static inline char *input_text(struct input *input)
{
    size_t length = input->left ? strnlen((const char *)input->at, input->left) : 0;
    char *text = malloc(length + 1);
    assert(text);
    if (length > 0)
        memcpy(text, input->at, length);
    text[length] = '\0';
    return text;
}

#endif
