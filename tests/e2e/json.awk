# SPDX-License-Identifier: Apache-2.0
# Read JSON values, one after the other; print each scalar as PATH=VALUE (a.b.0.c=…) and each list
# as PATH.length=N. A value over several lines is fine. What is not JSON ends with status 1.

function bad(what) {
    printf "json.awk: %s at character %d: %s\n", what, at, substr(text, at, 40) > "/dev/stderr"
    failed = 1
    exit 1
}

function blank() {
    while (at <= length(text) && index(" \t\r\n", substr(text, at, 1)))
        at++
}

function string(    out, c) {
    out = ""
    for (at++; ; at++) {
        c = substr(text, at, 1)
        if (c == "")
            bad("open string")
        if (c == "\"")
            break
        if (c == "\\") {
            at++
            c = substr(text, at, 1)
            if (!index("\"\\/bfnrtu", c))
                bad("unknown escape")
            if (c == "u" && substr(text, at + 1, 4) !~ /^[0-9a-fA-F][0-9a-fA-F][0-9a-fA-F][0-9a-fA-F]$/)
                bad("unknown escape")
            c = c == "n" ? "\n" : c == "t" ? "\t" : c == "u" ? "\\u" : c
        } else if (c < " ") {
            bad("raw control character")
        }
        out = out c
    }
    at++
    return out
}

function members(path, close_mark, list,    n, key) {
    n = 0
    at++
    blank()
    if (substr(text, at, 1) == close_mark) {
        at++
    } else {
        while (1) {
            blank()
            if (list) {
                key = n
            } else {
                if (substr(text, at, 1) != "\"")
                    bad("no key")
                key = string()
                blank()
                if (substr(text, at, 1) != ":")
                    bad("no colon")
                at++
            }
            value(path == "" ? key : path "." key)
            n++
            blank()
            at++
            if (substr(text, at - 1, 1) == close_mark)
                break
            if (substr(text, at - 1, 1) != ",")
                bad("no comma")
        }
    }
    if (list)
        print (path == "" ? "" : path ".") "length=" n
}

function value(path,    c, word) {
    blank()
    c = substr(text, at, 1)
    if (c == "{") {
        members(path, "}", 0)
    } else if (c == "[") {
        members(path, "]", 1)
    } else if (c == "\"") {
        word = string()
        print path "=" word
    } else if (match(substr(text, at, 40), /^(true|false|null|-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?)/)) {
        print path "=" substr(text, at, RLENGTH)
        at += RLENGTH
    } else {
        bad("no value")
    }
}

{ text = text $0 "\n" }

END {
    if (failed)
        exit 1
    at = 1
    blank()
    if (at > length(text))
        bad("nothing")
    while (at <= length(text)) {
        value("")
        blank()
    }
}
