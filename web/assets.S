/* SPDX-License-Identifier: Apache-2.0 */
/* The files that web/CMakeLists.txt made from web/pages, gzip'd, for web/assets. */
    .macro asset name file
    .balign 16
    .globl asset_\name
    .globl asset_\name\()_end
asset_\name:
    .incbin "\file"
asset_\name\()_end:
    .byte 0
    .endm

    .section .rodata
    asset index "index.html.gz"
    asset app_js "app.js.gz"
    asset picture_js "picture.js.gz"
    asset app_css "app.css.gz"
    asset icon "icon.svg.gz"
    .section .note.GNU-stack, "", %progbits
