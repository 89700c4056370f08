# Writes the completion of one tool from its page:
# awk -v shell=bash|zsh|fish -f generate.awk values man/TOOL.1.scd
#
# The options and their values come from OPTIONS, the operands from SYNOPSIS, the verbs from VERBS.
# The first sentence about an option or a verb is its description. With shell=sentences these are
# printed, one a line behind its name and a tab.

# ---- reading

# The TEXT of a page without its markup: `\*` is a star, a lone one is not.
function plain(text,   out, at, c, before) {
    for (at = 1; at <= length(text); at++) {
        c = substr(text, at, 1)
        if (c == "\\")
            out = out substr(text, ++at, 1)
        else if (c == "_" && before ~ /[[:alnum:]]/ && substr(text, at + 1, 1) ~ /[[:alnum:]]/)
            out = out c
        else if (c != "*" && c != "_")
            out = out c
        before = c
    }
    return out
}

function first_sentence(text) {
    text = plain(text)
    if (match(text, /\.( |$)/))
        text = substr(text, 1, RSTART - 1)
    return text
}

# Cuts a description that fills more than a line, where it can after a clause.
function shorten(text,   at, cut) {
    if (length(text) <= 72)
        return text
    for (at = cut = 68; at > 30 && substr(text, at, 1) !~ /[,;:]/; at--)
        ;
    if (at > 30)
        return substr(text, 1, at - 1)
    while (substr(text, cut, 1) != " ")
        cut--
    return substr(text, 1, cut - 1) " ..."
}

FNR == NR {
    if (NF > 2 && !/^#/) {
        kinds[$1, $2] = $3
        for (i = 4; i <= NF; i++)
            kinds[$1, $2] = kinds[$1, $2] " " $i
    }
    next
}

FNR == 1 { tool = substr($0, 1, index($0, "(") - 1) }
/^# / { section = substr($0, 3); entry = ""; next }
/^$/ { entry = ""; next }

section == "SYNOPSIS" {
    sub(/\+\+$/, "")
    line = plain($0)
    if (index(line, tool " ") == 1)
        synopsis[++usages] = substr(line, length(tool) + 2)
    next
}

section == "OPTIONS" && /^\*-/ { add_option($0); next }
(section == "VERBS" || section == "DESCRIPTION") && /^\*[a-z]+\*/ { add_verbs($0); next }
/^\t/ && entry { texts[entry] = texts[entry] (texts[entry] ? " " : "") substr($0, 2) }
!/^\t/ { entry = "" }

# LINE is `*-m*, *--mode* _MODE_`.
function add_option(line,   form) {
    entry = "option " ++options
    forms[options] = ""
    while (match(line, /\*--?[[:alnum:]-]+\*/)) {
        form = substr(line, RSTART + 1, RLENGTH - 2)
        forms[options] = forms[options] (forms[options] ? " " : "") form
        option_of[form] = options
        line = substr(line, RSTART + RLENGTH)
    }
    line = plain(line)
    gsub(/^ +| +$/, "", line)
    values[options] = line ~ /^\[/ ? "" : line
}

# LINE is `*run* [...]`, or `*add* _V_, *sub* _V_`.
function add_verbs(line,   verb) {
    entry = section " " line
    while (match(line, /^\*[a-z]+\*/)) {
        verb = substr(line, 2, RLENGTH - 2)
        headings[section, ++heading_count[section]] = verb
        entry_of[section, verb] = entry
        if (!match(line, /, \*[a-z]+\*/))
            break
        line = substr(line, RSTART + 2)
    }
}

# ---- understanding

# What completes the value or operand WORD; "" if nothing does.
function kind_of(word) {
    if ((word, tool) in kinds)
        return kinds[word, tool]
    return (word, "*") in kinds ? kinds[word, "*"] : ""
}

# Whether it may be given several times.
function is_repeated(option,   long) {
    long = forms[option]
    sub(/.* /, "", long)
    if (texts["option " option] ~ /several times|repeat/)
        return 1
    for (i = 1; i <= usages; i++)
        if (index(synopsis[i], "[" long " " values[option] "]..."))
            return 1
    return 0
}

# Reads the line TEXT of the synopsis: NAMES gets the names of its operands, their number is
# returned; MODE is the first option that it requires.
function read_usage(text, names,   count, words, group, total, i) {
    mode = ""
    sub(/ *\[?-- COMMAND.*/, "", text)
    sub(/ *[<>].*/, "", text)
    gsub(/\[OPTION\](\.\.\.)?/, "", text)
    while (match(text, /\[[^][]*\](\.\.\.)?/)) {
        group = substr(text, RSTART, RLENGTH)
        gsub(/[][]/, "", group)
        if (group !~ /^[[:upper:]]+(\.\.\.)?$/)
            group = ""
        text = substr(text, 1, RSTART - 1) group substr(text, RSTART + RLENGTH)
    }
    total = split(text, words, " ")
    for (i = 1; i <= total; i++) {
        if (words[i] ~ /^-/) {
            mode = mode ? mode : words[i]
            if (values[option_of[words[i]]] != "")
                i++
        } else
            names[++count] = words[i] ~ /^[a-z]/ ? "VERB" : words[i]
    }
    return count + 0
}

# What completes the operands, in order, with tabs between: the last stands for all that follow.
function operands_of(names, count,   i, text, name) {
    for (i = 1; i <= count; i++) {
        name = names[i]
        sub(/\.\.\.$/, "", name)
        text = text name " " kind_of(name) "\t"
    }
    return names[count] ~ /\.\.\.$/ ? text : text " \t"
}

END {
    if (shell == "sentences") {
        for (i = 1; i <= options; i++)
            print forms[i] "\t" first_sentence(texts["option " i])
        exit
    }

    for (i = 1; i <= usages; i++)
        if (synopsis[i] ~ /-- COMMAND/)
            has_command = 1
    usual = operands_of(names, read_usage(synopsis[1], names))
    is_prefix = names[1] == "COMMAND"
    for (i = 2; i <= usages; i++) {
        split("", names)
        other = operands_of(names, read_usage(synopsis[i], names))
        if (mode && has_other_kinds(usual, other))
            modes[mode] = other
    }
    if (usual ~ /^VERB |\tVERB /)
        find_verbs()

    if (shell == "bash")
        write_bash()
    else if (shell == "zsh")
        write_zsh()
    else
        write_fish()
}

# Verbs are what has a text in VERBS; in a page without that section, in DESCRIPTION.
function find_verbs(   i, where, verb, text) {
    where = heading_count["VERBS"] ? "VERBS" : "DESCRIPTION"
    for (i = 1; i <= heading_count[where]; i++) {
        verb = headings[where, i]
        text = texts[entry_of[where, verb]]
        if (text) {
            verbs[++verb_count] = verb
            verb_texts[verb_count] = shorten(first_sentence(text))
            verb_list = verb_list (verb_count > 1 ? " " : "") verb
        }
    }
}

# Whether operands that both lines have are completed by different things.
function has_other_kinds(one, other,   i, a, b, ones, others, count) {
    count = split(one, ones, "\t")
    if (split(other, others, "\t") < count)
        count = split(other, others, "\t")
    for (i = 1; i < count; i++) {
        a = substr(ones[i], index(ones[i], " ") + 1)
        b = substr(others[i], index(others[i], " ") + 1)
        if (a && b && a != b)
            return 1
    }
    return 0
}

function text_of_option(i) { return shorten(first_sentence(texts["option " i])) }

# TEXT in single quotes.
function quote(text, escaped) {
    gsub(/'/, escaped, text)
    return "'" text "'"
}

# ---- bash

function bash_kind(kind) {
    if (kind == "@verb")
        kind = verb_list
    gsub(/ /, ",", kind)
    return kind == "" ? "@nothing" : kind
}

function bash_operands(operands,   i, list, count, text) {
    if (is_prefix)
        return "@program @file"
    count = split(operands, list, "\t") - 1
    for (i = 1; i <= count; i++)
        text = text (i > 1 ? " " : "") bash_kind(substr(list[i], index(list[i], " ") + 1))
    return text
}

function write_bash(   i, mode) {
    print "# bash completion for " tool "(1)"
    print ". \"$(dirname \"${BASH_SOURCE[0]}\")/_ipcbox\"\n"
    print "_" tool "() {"
    print "    local operands='" bash_operands(usual) "'"
    for (mode in modes)
        print "    if _ipcbox_has " mode "; then operands='" bash_operands(modes[mode]) "'; fi"
    print "    _ipcbox_complete \"$operands" (has_command ? " -- command" : "") "\" '"
    for (i = 1; i <= options; i++)
        print "        " forms[i] (values[i] ? " " bash_kind(kind_of(values[i])) : "") \
            (i == options ? "'" : "")
    print "}\n\ncomplete -F _" tool " " tool
}

# ---- zsh

function zsh_quote(text) { return quote(text, "'\\''") }

# TEXT as a part of a specification, where a colon ends it.
function zsh_escape(text) {
    gsub(/\\/, "&&", text)
    gsub(/:/, "\\:", text)
    return text
}

function zsh_action(kind) {
    if (kind == "")
        return " "
    if (kind == "@verb")
        return "{_describe verb verbs}"
    if (kind == "@file")
        return "_files"
    if (kind ~ /^@/)
        return "_ipcbox " substr(kind, 2)
    return "(" zsh_escape(kind) ")"
}

function zsh_option(i,   list, count, text, tail, repeated) {
    text = zsh_escape(text_of_option(i))
    gsub(/[][]/, "\\\\&", text)
    text = "[" text "]"
    if (values[i])
        text = text ":" zsh_escape(values[i]) ":" zsh_action(kind_of(values[i]))
    repeated = is_repeated(i) ? "*" : ""
    count = split(forms[i], list, " ")
    if (count == 1)
        return zsh_quote(repeated list[1] (values[i] ? "=" : "") text)
    tail = values[i] ? list[1] "+," list[2] "=" : list[1] "," list[2]
    return (repeated ? "\\*" : zsh_quote("(" forms[i] ")")) "{" tail "}" zsh_quote(text)
}

# The operands as an array that expands to the specifications.
function zsh_operands(operands,   i, list, count, name, kind, text) {
    count = split(operands, list, "\t") - 1
    for (i = 1; i <= count; i++) {
        name = substr(list[i], 1, index(list[i], " ") - 1)
        kind = substr(list[i], index(list[i], " ") + 1)
        if (i < count || name)
            text = text " " zsh_quote((i < count ? i : "*") ":" name ":" zsh_action(kind))
    }
    return "(" substr(text, 2) ")"
}

function write_zsh(   i, mode, rest) {
    print "#compdef " tool "\n"
    if (verb_count) {
        print "local -a verbs=("
        for (i = 1; i <= verb_count; i++)
            print "    " zsh_quote(verbs[i] ":" zsh_escape(verb_texts[i]))
        print ")"
    }
    if (is_prefix) {
        print "local -a operands=('*::COMMAND:_normal')"
    } else {
        print "local -a operands=" zsh_operands(usual)
        for (mode in modes)
            print "(( words[(I)" mode "] )) && operands=" zsh_operands(modes[mode])
    }
    if (has_command && !is_prefix) {
        print "(( words[(I)--] > 0 && words[(I)--] < CURRENT )) &&"
        print "    operands=(${operands:#\\**} '*:::COMMAND:_normal')"
    } else if (has_command) {
        print "(( words[(I)--] > 0 && words[(I)--] < CURRENT )) && operands=('*:::COMMAND:_normal')"
    }
    print "\n_arguments -s -S" (is_prefix ? " -A '-*'" : "") " \\"
    for (i = 1; i <= options; i++)
        print "    " zsh_option(i) " \\"
    print "    $operands"
}

# ---- fish

function fish_quote(text) {
    gsub(/\\/, "&&", text)
    return quote(text, "\\'")
}

function fish_words(kind) {
    if (kind == "@verb")
        return fish_quote(verb_list)
    return fish_quote(kind ~ /^@/ ? "(__ipcbox_" substr(kind, 2) ")" : kind)
}

function fish_condition(mode,   list, count, i, text) {
    count = split(forms[option_of[mode]], list, " ")
    for (i = 1; i <= count; i++)
        text = text (list[i] ~ /^--/ ? " " substr(list[i], 3) : " -s " substr(list[i], 2))
    return "__fish_contains_opt" text
}

# Each operand's completion once; the place of a word is not looked at.
function fish_operands(operands, condition,   i, list, count, kind, seen) {
    count = split(operands, list, "\t") - 1
    if (operands !~ / @/)
        print "complete -c " tool " -f" fish_when(condition)
    for (i = 1; i <= count; i++) {
        kind = substr(list[i], index(list[i], " ") + 1)
        if (kind == "@verb" && i == 1) {
            fish_verbs(condition " not __fish_seen_subcommand_from $verbs")
            condition = condition " __fish_seen_subcommand_from $verbs; and"
        } else if (kind == "@verb" && !seen[kind]++) {
            fish_verbs(condition)
        } else if (kind && kind != "@file" && !seen[kind]++)
            print "complete -c " tool " -f" fish_when(condition) " -a " fish_words(kind)
    }
}

function fish_verbs(condition,   i) {
    for (i = 1; i <= verb_count; i++)
        print "complete -c " tool " -f" fish_when(condition) " -a " verbs[i] \
            " -d " fish_quote(verb_texts[i])
}

# CONDITION without what joins it to a next one.
function fish_when(condition) {
    sub(/; and$/, "", condition)
    sub(/^ /, "", condition)
    return condition ? " -n \"" condition "\"" : ""
}

function write_fish(   i, mode, condition, text, kind, list, count, j) {
    print "source (status dirname)/_ipcbox.fish\n"
    if (verb_count)
        print "set -l verbs " verb_list
    condition = has_command ? " not __ipcbox_has_command; and" : ""
    if (is_prefix)
        print "complete -c " tool " -f" fish_when(condition) " -a '(__fish_complete_subcommand)'"
    for (mode in modes) {
        fish_operands(modes[mode], condition " " fish_condition(mode) "; and")
        condition = condition " not " fish_condition(mode) "; and"
    }
    if (!is_prefix)
        fish_operands(usual, condition)
    if (has_command)
        print "complete -c " tool " -f -n __ipcbox_has_command -a '(__ipcbox_command)'"

    print ""
    for (i = 1; i <= options; i++) {
        text = "complete -c " tool
        count = split(forms[i], list, " ")
        for (j = 1; j <= count; j++)
            text = text (list[j] ~ /^--/ ? " -l " substr(list[j], 3) : " -s " substr(list[j], 2))
        kind = kind_of(values[i])
        if (values[i])
            text = text (kind == "@file" ? " -r -F" : " -x" (kind ? " -a " fish_words(kind) : ""))
        print text " -d " fish_quote(text_of_option(i))
    }
}
