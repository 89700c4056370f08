# Finds words that make a native reader go back to the start of a sentence:
# awk -f words.awk FILE...
#
# What is read: the paragraphs of pages and Markdown, comments, and in C the strings. Not read: other
# code, headings, literal blocks and what stands in backquotes.

BEGIN {
    phrases["is told"] = phrases["be to say"] = phrases["what of it"]
    word = "[^[:alnum:]_]"
}

# Takes TEXT, which stands on the present line, into the paragraph in hand.
function add(text) {
    gsub(/`[^`]*`/, "`", text)
    gsub(/[[:blank:]]+/, " ", text)
    sub(/^ /, "", text)
    paragraph = paragraph " " text
    ends[++lines] = length(paragraph)
    numbers[lines] = FNR
}

function report(at, what,   i) {
    for (i = 1; i < lines && ends[i] < at; i++)
        ;
    print file ": line " numbers[i] ": " what
}

# A question may begin so.
function check_sentences(   rest, at, sentence, first) {
    rest = paragraph
    while (match(rest, /(^ *|[.!?][")]? +)(Who|Whoever|Where)[^[:alnum:]_]/)) {
        at += RSTART + RLENGTH - 1
        first = substr(rest, RSTART, RLENGTH)
        gsub(/[^[:alpha:]]/, "", first)
        sentence = substr(rest, RSTART + RLENGTH)
        if (sentence !~ /^[^.!?]*\?/)
            report(at - 1, "a sentence begins with " first)
        rest = sentence
    }
}

function check_phrases(   phrase, text, at, rest) {
    for (phrase in phrases) {
        text = " " tolower(paragraph) " "
        for (rest = 0; match(text, word phrase word); text = substr(text, at + 1)) {
            at = RSTART + RLENGTH - 1
            rest += at
            report(rest - 2, "\"" phrase "\"")
        }
    }
}

function end_paragraph() {
    if (paragraph ~ /[[:alpha:]]/) {
        check_sentences()
        check_phrases()
    }
    paragraph = ""
    lines = 0
}

FNR == 1 {
    end_paragraph()
    file = FILENAME
    is_comment = is_literal = is_indented = 0
    kind = file ~ /\.[ch]$/ ? "c" : file ~ /\.(md|scd)$/ ? "prose" : "hash"
}

kind == "hash" {
    if (match($0, /(^|[[:blank:]])#+([[:blank:]]|$)/)) {
        if (RSTART > 1)
            end_paragraph()
        text = substr($0, RSTART + RLENGTH)
        if (text == "")
            end_paragraph()
        add(text)
    } else
        end_paragraph()
}

kind == "prose" {
    if (/^[[:blank:]]*```/) {
        end_paragraph()
        is_literal = !is_literal
    } else if (is_literal || /^#/ || /^[[:blank:]]*$/)
        end_paragraph()
    else {
        text = $0
        if (/^[[:blank:]]*([-*+]|[0-9]*\.) / || /^\|/ || (/^\t/ && !is_indented))
            end_paragraph()
        sub(/^[[:blank:]]*([-*+]|[0-9]*\.) /, "", text)
        for (i = split(text, cells, /\|/); /^\|/ && i > 0; i--) {
            add(cells[i])
            end_paragraph()
        }
        if (!/^\|/)
            add(text)
    }
    is_indented = /^\t/
}

# A string that begins a line goes on with the one before.
kind == "c" {
    rest = $0
    if (!is_comment && rest !~ /^[[:blank:]]*"/)
        end_paragraph()
    while (rest != "") {
        if (is_comment) {
            at = index(rest, "*/")
            text = at ? substr(rest, 1, at - 1) : rest
            sub(/^[[:blank:]]*\*/, "", text)
            if (text ~ /^[[:blank:]]*$/)
                end_paragraph()
            add(text)
            if (!at)
                break
            end_paragraph()
            is_comment = 0
            rest = substr(rest, at + 2)
        } else if (match(rest, /"([^"\\]|\\.)*"|\/\*|\/\/.*/)) {
            text = substr(rest, RSTART, RLENGTH)
            rest = substr(rest, RSTART + RLENGTH)
            if (text == "/*") {
                end_paragraph()
                is_comment = 1
            } else {
                gsub(/^"|"$|^\/\//, "", text)
                gsub(/\\n/, "  ", text)
                if (RSTART > 1 && paragraph == "" || text ~ /^[[:blank:]]*$/)
                    end_paragraph()
                add(text)
            }
        } else
            break
    }
}

END { end_paragraph() }
