/* SPDX-License-Identifier: Apache-2.0 */
/* Names as they sound, roughly and in French: the same for what people write in several ways.
 */
#ifndef STORE_SOUND_H
#define STORE_SOUND_H

#include "proto/buf.h"

enum { SOUND_WORDS_MAX = 8, SOUND_BYTES_MAX = 256 };

/* Append the words of both texts as they sound, in alphabetical order and without spaces: first
 * name and name may be exchanged, a double name written in one word or two. Of a word the
 * consonants stay that are heard (Philippe and Filip, Mohammed and Mohamed), and that it begins
 * with a vowel. At most SOUND_WORDS_MAX words and SOUND_BYTES_MAX bytes. Errors of the buffer
 * stick there. */
void sound_names(struct str a, struct str b, struct buf *out);
/* The same with the words as fold_text writes them: what is left is the same but for capitals,
 * accents, punctuation and order. */
void sound_words(struct str a, struct str b, struct buf *out);

#endif
