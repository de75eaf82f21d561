/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogues that msgfmt made from io/po, as bytes for io/say. */
    .macro catalogue name
    .balign 4
    .globl catalogue_\name
    .globl catalogue_\name\()_end
catalogue_\name:
    .incbin "\name\().mo"
catalogue_\name\()_end:
    .byte 0
    .endm

    .section .rodata
    catalogue fr
    catalogue en
    catalogue nl
    catalogue de
    .section .note.GNU-stack, "", %progbits
